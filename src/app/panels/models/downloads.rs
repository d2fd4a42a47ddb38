//! Downloads that are not finished, above the bundles.

use super::{Cx, hub, words};
use crate::app::state::{Action, Download, DownloadState, HubAction};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Tone, badge, fill_line, hint};
use crate::job::hub::DownloadStage;
use eframe::egui;
use egui::{Align, Button, CornerRadius, Frame, Label, Layout, Margin, RichText, Stroke, Ui, vec2};

/// Draws one card per download.
pub fn downloads_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    for download in &cx.state.library.hub.downloads {
        Frame::new()
            .fill(cx.tokens.card)
            .stroke(Stroke::new(1.0, cx.tokens.card_border))
            .corner_radius(CornerRadius::same(CARD_RADIUS))
            .inner_margin(Margin::symmetric(space::L as i8, space::M as i8))
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = space::XS;
                card_ui(ui, cx, download, actions);
            });
    }
}

fn card_ui(ui: &mut Ui, cx: &Cx<'_>, download: &Download, actions: &mut Vec<Action>) {
    let repo = download.spec.repo.as_str();
    ui.horizontal(|ui| {
        ui.set_height(28.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            buttons_ui(ui, cx, download, actions);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.add(Label::new(RichText::new(repo).size(15.0)).truncate());
                let (tone, word) = match &download.state {
                    DownloadState::Running => (Tone::Accent, "download-running"),
                    DownloadState::Pausing => (Tone::Quiet, "download-pausing"),
                    DownloadState::Paused => (Tone::Quiet, "download-paused"),
                    DownloadState::Failed(_) => (Tone::Error, "download-failed"),
                };
                badge(ui, cx.tokens, tone, &cx.tr(word));
                if let Some(revision) = hub::shown_revision(&download.spec.revision) {
                    badge(ui, cx.tokens, Tone::Quiet, revision);
                }
            });
        });
    });
    let all = download.spec.bytes();
    fill_line(ui, cx.tokens, download.arrived as f32 / all.max(1) as f32);
    match &download.state {
        DownloadState::Failed(problem) => {
            let words = RichText::new(&problem.message)
                .small()
                .color(cx.tokens.error);
            ui.add(Label::new(words).wrap().selectable(true));
            if let Some(what_to_do) = &problem.hint {
                hint(ui, cx.tokens, what_to_do);
            }
        }
        _ => {
            hint(ui, cx.tokens, going_text(cx, download));
            if let Some(progress) = &download.progress {
                let words = RichText::new(&progress.file).small();
                let words = words.color(cx.tokens.text_weak);
                let (done, all) = progress.file_bytes;
                let values = [
                    ("done", words::size(cx, done).into()),
                    ("all", words::size(cx, all).into()),
                ];
                ui.add(Label::new(words).truncate())
                    .on_hover_text(cx.text("models-progress", &values));
            }
        }
    }
}

/// How far it is, how fast, how long still; or what it waits for.
fn going_text(cx: &Cx<'_>, download: &Download) -> String {
    let all = download.spec.bytes();
    let Some(progress) = &download.progress else {
        return words::progress(cx, (download.arrived, all), None);
    };
    let so_far = words::progress(cx, progress.bytes, progress.seconds_left);
    match progress.stage {
        DownloadStage::Receiving if progress.speed > 0.0 => {
            let speed = words::size(cx, progress.speed as u64);
            let speed = cx.text("download-speed", &[("size", speed.into())]);
            let (done, files) = progress.files;
            let values = [("done", done.into()), ("all", files.into())];
            let files = cx.text("download-files", &values);
            format!("{so_far}  ·  {speed}  ·  {files}")
        }
        DownloadStage::Receiving => so_far,
        DownloadStage::Checking => cx.tr("download-checking").into_owned(),
        DownloadStage::Waiting(seconds) => {
            let seconds = usize::try_from(seconds).unwrap_or(usize::MAX);
            cx.text("download-waiting", &[("seconds", seconds.into())])
        }
    }
}

fn buttons_ui(ui: &mut Ui, cx: &Cx<'_>, download: &Download, actions: &mut Vec<Action>) {
    let key = download.spec.key();
    let repo = download.spec.repo.as_str();
    let buttons: &[(&'static str, &'static str, HubAction)] = if download.is_running() {
        &[(
            "download-pause",
            "download-pause-tip",
            HubAction::Pause(key),
        )]
    } else {
        &[
            (
                "download-discard",
                "download-discard-tip",
                HubAction::Discard(key.clone()),
            ),
            (
                "download-continue",
                "download-continue-tip",
                HubAction::Resume(key),
            ),
        ]
    };
    for (label, tip, action) in buttons {
        let enabled = download.state != DownloadState::Pausing;
        let button = Button::new(cx.tr(label)).min_size(vec2(0.0, 28.0));
        let response = ui.add_enabled(enabled, button).on_hover_text(cx.tr(tip));
        let name = format!("{} {repo}", cx.tr(label));
        if response.accessible_name(name).clicked() {
            actions.push(Action::Hub(action.clone()));
        }
    }
}
