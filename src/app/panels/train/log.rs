//! What a run said, the newest below.

use super::{Cx, words::whole};
use crate::app::panels::ask::message_ui;
use crate::job::training::{Event, RunCard};
use eframe::egui;
use egui::{Label, RichText, ScrollArea, Ui};

/// Draws the log.
pub fn log_ui(ui: &mut Ui, cx: &Cx<'_>, card: &RunCard) {
    let history = cx.state.train.histories.get(&card.folder);
    let lines = history
        .map(|history| history.lines.as_slice())
        .unwrap_or_default();
    if lines.is_empty() {
        let room = ui.available_rect_before_wrap();
        let (heading, hint) = (cx.tr("train-log-empty"), cx.tr("train-log-empty-hint"));
        message_ui(ui, cx, room, &cx.art.mouse, &heading, &hint);
        return;
    }
    let row = ui.text_style_height(&egui::TextStyle::Body);
    ScrollArea::vertical()
        .id_salt("train-log")
        .auto_shrink(false)
        .stick_to_bottom(true)
        .show_rows(ui, row, lines.len(), |ui, rows| {
            for event in lines.get(rows).unwrap_or_default() {
                line_ui(ui, cx, event);
            }
        });
}

fn line_ui(ui: &mut Ui, cx: &Cx<'_>, event: &Event) {
    let tokens = cx.tokens;
    let step = |id, step: u64| cx.text(id, &[("step", whole(step).into())]);
    let (words, colour) = match event {
        Event::Started {
            step,
            steps,
            parameters,
            samples,
            ..
        } => {
            let values = [
                ("step", whole(*step).into()),
                ("steps", whole(*steps).into()),
                ("samples", (*samples).into()),
                ("parameters", (*parameters).into()),
            ];
            (cx.text("train-log-started", &values), tokens.text)
        }
        Event::Broken { record, reason } => {
            let values = [
                ("record", record.as_str().into()),
                ("reason", cx.words(reason).into_owned().into()),
            ];
            (cx.text("train-log-broken", &values), tokens.warning)
        }
        Event::Warning { text } => (text.replace('\n', " "), tokens.warning),
        Event::Saved { step: after, .. } => (step("train-log-saved", *after), tokens.text_weak),
        Event::Sampled { step: after, .. } => (step("train-log-sampled", *after), tokens.text_weak),
        Event::Paused { step: after } => (step("train-log-paused", *after), tokens.text),
        Event::Continued { step: after } => (step("train-log-continued", *after), tokens.text),
        Event::Stopped { step: after } => (step("train-log-stopped", *after), tokens.text),
        Event::Discarded => (cx.tr("train-log-discarded").into_owned(), tokens.text),
        Event::Finished { step: after } => (step("train-log-finished", *after), tokens.success),
        Event::Failed { step, message, .. } => {
            let values = [
                ("step", whole(*step).into()),
                ("message", cx.words(message).into_owned().into()),
            ];
            (cx.text("train-log-failed", &values), tokens.error)
        }
        // Steps are curves.
        Event::Step(_) => return,
    };
    let line = Label::new(RichText::new(&words).color(colour));
    ui.add(line.truncate().selectable(true))
        .on_hover_text(words);
}
