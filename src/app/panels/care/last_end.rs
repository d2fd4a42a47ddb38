//! The program did not end properly the last time: what is known, and what can be done.

use super::{About, Cx, ago, framed, now};
use crate::app::state::{Action, CareAction, Dialog, LastEnd};
use crate::app::theme::space;
use crate::app::widgets::{hint, primary_button, well};
use eframe::egui;
use egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

const WIDTH: f32 = 600.0;
/// Height of the report.
const REPORT: f32 = 240.0;

/// Draws the dialog.
pub fn last_end_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let Some(last) = &cx.state.care.last_end else {
        actions.push(Action::CloseDialog);
        return;
    };
    let about = About("last-end", WIDTH, &cx.tr("last-end-title"));
    let body = |ui: &mut Ui, _: &mut Vec<Action>| body_ui(ui, cx, last);
    let foot = |ui: &mut Ui, actions: &mut Vec<Action>| {
        // Four of them are more than a row of a very large interface.
        let rows = Layout::right_to_left(Align::Center).with_main_wrap(true);
        ui.with_layout(rows, |ui| buttons_ui(ui, cx, last, actions));
    };
    if framed(ctx, cx, about, actions, body, foot) {
        actions.push(Action::CloseDialog);
    }
}

fn body_ui(ui: &mut Ui, cx: &Cx<'_>, last: &LastEnd) {
    ui.add_space(space::XS);
    let started = [("when", ago(cx, last.end.started, now()).into())];
    ui.label(match last.end.opened {
        true => cx.text("last-end-open", &started),
        false => cx.text("last-end-start", &started),
    });
    ui.label(cx.tr("last-end-kept"));
    ui.add_space(space::S);
    match (&last.end.report, &last.report) {
        (None, _) => {
            hint(ui, cx.tokens, cx.tr("last-end-killed"));
        }
        (Some(_), None) => {
            hint(ui, cx.tokens, cx.tr("last-end-reading"));
        }
        (Some(_), Some(Err(problem))) => {
            let words = RichText::new(cx.problem(problem)).color(cx.tokens.warning);
            ui.add(Label::new(words).wrap().selectable(true));
        }
        (Some(_), Some(Ok(report))) => {
            let about = [("message", report.message.as_str().into())];
            ui.add(Label::new(cx.text("last-end-report", &about)).wrap());
            if last.open {
                report_ui(ui, cx, &report.to_string());
            }
        }
    }
}

fn report_ui(ui: &mut Ui, cx: &Cx<'_>, report: &str) {
    ui.add_space(space::S);
    well(ui, cx.tokens, |ui| {
        ScrollArea::both()
            .id_salt("report")
            .max_height(REPORT)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                let text = RichText::new(report).monospace().size(12.0);
                ui.add(Label::new(text).extend().selectable(true));
            });
    });
}

fn buttons_ui(ui: &mut Ui, cx: &Cx<'_>, last: &LastEnd, actions: &mut Vec<Action>) {
    let label = cx.tr("last-end-dismiss");
    let size = vec2(0.0, 30.0);
    if primary_button(ui, cx.tokens, &label, "", size, true).clicked() {
        actions.push(CareAction::DismissEnd.into());
    }
    let safe = ui.button(cx.tr("last-end-safe"));
    if safe.on_hover_text(cx.tr("last-end-safe-tip")).clicked() {
        actions.push(CareAction::Restart { safe: true }.into());
    }
    let package = ui.button(cx.tr("command-package"));
    if package
        .on_hover_text(cx.tr("command-package-tip"))
        .clicked()
    {
        actions.push(Action::ShowDialog(Dialog::Package));
    }
    if matches!(last.report, Some(Ok(_))) {
        let label = if last.open {
            "last-end-hide"
        } else {
            "last-end-see"
        };
        if ui.button(cx.tr(label)).clicked() {
            actions.push(CareAction::ShowReport(!last.open).into());
        }
    }
}
