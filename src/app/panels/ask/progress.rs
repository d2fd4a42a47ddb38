//! How far a column is, in words and as a bar.

use super::Cx;
use crate::app::state::Progress;
use crate::app::widgets::hint;
use crate::job::Stage;
use eframe::egui;
use egui::{Align, CornerRadius, Layout, ProgressBar, RichText, Ui};

/// What is going on, how far it is, and how long it will take; nothing goes on in a column that
/// waits.
pub fn progress_ui(ui: &mut Ui, cx: &Cx<'_>, progress: Option<&Progress>) {
    let (stage, left, fraction) = match progress {
        None if cx.state.queue.held => (cx.tr("stage-held").into_owned(), None, 0.0),
        None => (cx.tr("stage-queued").into_owned(), None, 0.0),
        Some(progress) => (
            stage_text(cx, progress),
            time_left(cx, progress),
            progress.fraction(),
        ),
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new(stage).size(15.0));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(left) = left {
                hint(ui, cx.tokens, left);
            }
        });
    });
    let bar = ProgressBar::new(fraction)
        .desired_height(8.0)
        .corner_radius(CornerRadius::same(4))
        .fill(cx.tokens.accent);
    ui.add(bar).accessible_name(cx.tr("progress-label"));
}

/// How long it will take, once that can be told.
pub fn time_left(cx: &Cx<'_>, progress: &Progress) -> Option<String> {
    let seconds = progress.seconds_left.filter(|_| !progress.cancelling)?;
    Some(seconds_text(cx, seconds))
}

/// A time that is left, in words.
pub fn seconds_text(cx: &Cx<'_>, seconds: f64) -> String {
    if seconds < 0.5 {
        return cx.tr("stage-nearly-done").into_owned();
    }
    let seconds = if seconds < 9.5 {
        format!("{seconds:.1}")
    } else {
        format!("{seconds:.0}")
    };
    cx.text("stage-seconds-left", &[("seconds", seconds.into())])
}

/// What is going on.
pub fn stage_text(cx: &Cx<'_>, progress: &Progress) -> String {
    if progress.cancelling {
        return cx.tr("stage-cancelling").into_owned();
    }
    match progress.stage {
        Stage::Loading => cx.tr("stage-loading").into_owned(),
        Stage::ReadingFrame => cx.tr("stage-reading").into_owned(),
        Stage::Thinking => cx.tr("stage-thinking").into_owned(),
        Stage::Drawing if progress.step == 0 => cx.tr("stage-drawing-start").into_owned(),
        Stage::Drawing => cx.text(
            "stage-drawing",
            &[
                ("step", progress.step.into()),
                ("steps", progress.steps.into()),
            ],
        ),
        Stage::Finishing => cx.tr("stage-finishing").into_owned(),
    }
}
