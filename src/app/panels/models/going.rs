//! What is on its way, above the bundles: downloads and imports.

use super::{Cx, hub, trouble_ui, words};
use crate::app::state::{
    Action, Download, DownloadState, HubAction, ImportAction, ImportStep, Importing,
};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Tone, badge, fill_line, hint};
use crate::job::hub::DownloadStage;
use crate::job::{BuildStage, Problem};
use eframe::egui;
use egui::{Align, Button, CornerRadius, Frame, Label, Layout, Margin, RichText, Stroke, Ui, vec2};
use std::borrow::Cow;

/// One thing on its way.
struct Going<'a> {
    /// What it is called.
    name: &'a str,
    /// What it does, as a badge.
    doing: (Tone, &'static str),
    /// A fact beside it.
    fact: Option<&'a str>,
    /// How much of it is done, 0..=1.
    share: f32,
    /// How far it is, in words.
    words: String,
    /// The file at hand.
    file: &'a str,
    /// Why it does not go on by itself.
    trouble: Option<&'a Problem>,
    /// Whether its buttons can be pressed.
    enabled: bool,
    /// Text, tooltip and action of each button, from right to left.
    buttons: Vec<(&'static str, &'static str, Action)>,
}

/// Draws one card per download and import.
pub fn going_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let library = &cx.state.library;
    for download in &library.hub.downloads {
        card_ui(ui, cx, downloading(cx, download), actions);
    }
    for importing in &library.import.going {
        let name = importing.name();
        card_ui(ui, cx, imported(cx, importing, &name), actions);
    }
}

fn card_ui(ui: &mut Ui, cx: &Cx<'_>, going: Going<'_>, actions: &mut Vec<Action>) {
    Frame::new()
        .fill(cx.tokens.card)
        .stroke(Stroke::new(1.0, cx.tokens.card_border))
        .corner_radius(CornerRadius::same(CARD_RADIUS))
        .inner_margin(Margin::symmetric(space::L as i8, space::M as i8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = space::XS;
            head_ui(ui, cx, &going, actions);
            fill_line(ui, cx.tokens, going.share);
            if !going.words.is_empty() {
                hint(ui, cx.tokens, going.words);
            }
            if let Some(problem) = going.trouble {
                ui.add_space(space::XS);
                trouble_ui(ui, cx, problem);
                return;
            }
            if !going.file.is_empty() {
                let words = RichText::new(going.file).small();
                let words = words.color(cx.tokens.text_weak);
                ui.add(Label::new(words).truncate())
                    .on_hover_text(going.file);
            }
        });
}

fn head_ui(ui: &mut Ui, cx: &Cx<'_>, going: &Going<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.set_height(28.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            for (label, tip, action) in &going.buttons {
                let button = Button::new(cx.tr(label)).min_size(vec2(0.0, 28.0));
                let response = ui.add_enabled(going.enabled, button);
                let name = format!("{} {}", cx.tr(label), going.name);
                let response = response.on_hover_text(cx.tr(tip)).accessible_name(name);
                if response.clicked() {
                    actions.push(action.clone());
                }
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.add(Label::new(RichText::new(going.name).size(15.0)).truncate());
                let (tone, word) = going.doing;
                badge(ui, cx.tokens, tone, &cx.tr(word));
                if let Some(fact) = going.fact {
                    badge(ui, cx.tokens, Tone::Quiet, fact);
                }
            });
        });
    });
}

fn share((done, all): (u64, u64)) -> f32 {
    done as f32 / all.max(1) as f32
}

fn downloading<'a>(cx: &Cx<'_>, download: &'a Download) -> Going<'a> {
    let key = download.spec.key();
    let action = |action| Action::Hub(action);
    let buttons = if download.is_running() {
        vec![(
            "download-pause",
            "download-pause-tip",
            action(HubAction::Pause(key)),
        )]
    } else {
        vec![
            (
                "download-discard",
                "download-discard-tip",
                action(HubAction::Discard(key.clone())),
            ),
            (
                "download-continue",
                "download-continue-tip",
                action(HubAction::Resume(key)),
            ),
        ]
    };
    let file = download
        .progress
        .as_ref()
        .map(|progress| progress.file.as_str());
    Going {
        name: download.spec.repo.as_str(),
        doing: match &download.state {
            DownloadState::Running => (Tone::Accent, "download-running"),
            DownloadState::Pausing => (Tone::Quiet, "download-pausing"),
            DownloadState::Paused => (Tone::Quiet, "download-paused"),
            DownloadState::Failed(_) => (Tone::Error, "download-failed"),
        },
        fact: hub::shown_revision(&download.spec.revision),
        share: share((download.arrived, download.spec.bytes())),
        words: download_words(cx, download),
        file: file.unwrap_or_default(),
        trouble: match &download.state {
            DownloadState::Failed(problem) => Some(problem),
            _ => None,
        },
        enabled: download.state != DownloadState::Pausing,
        buttons,
    }
}

/// How far it is, how fast, how long still; or what it waits for.
fn download_words(cx: &Cx<'_>, download: &Download) -> String {
    let all = download.spec.bytes();
    let Some(progress) = &download.progress else {
        return words::progress(cx, (download.arrived, all), None);
    };
    if !download.is_running() {
        return words::progress(cx, progress.bytes, None);
    }
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

fn imported<'a>(cx: &Cx<'_>, importing: &'a Importing, name: &'a str) -> Going<'a> {
    let to = importing.spec.to.clone();
    let action = |action| Action::Import(action);
    let buttons = if importing.is_running() {
        vec![(
            "import-stop",
            "import-stop-tip",
            action(ImportAction::Stop(to)),
        )]
    } else {
        vec![
            (
                "import-discard",
                "import-discard-tip",
                action(ImportAction::Discard(to.clone())),
            ),
            (
                "import-continue",
                "import-continue-tip",
                action(ImportAction::Continue(to)),
            ),
        ]
    };
    let progress = importing.progress.as_ref();
    let words = match progress {
        Some(progress) => {
            let bytes = (progress.bytes_done, progress.bytes_total);
            let left = progress.seconds_left.filter(|_| importing.is_running());
            let so_far = words::progress(cx, bytes, left);
            format!("{}  ·  {so_far}", stage(cx, progress.stage))
        }
        None if importing.is_running() => cx.tr("import-waiting").into_owned(),
        None if matches!(importing.state, ImportStep::Failed(_)) => String::new(),
        None => cx.tr("import-continue-tip").into_owned(),
    };
    Going {
        name,
        doing: match &importing.state {
            ImportStep::Asked | ImportStep::Running(_) => (Tone::Accent, "import-running"),
            ImportStep::Stopping(_) => (Tone::Quiet, "import-stopping"),
            ImportStep::Stopped => (Tone::Quiet, "import-stopped"),
            ImportStep::Failed(_) => (Tone::Error, "import-failed"),
        },
        fact: None,
        share: progress.map_or(0.0, |p| share((p.bytes_done, p.bytes_total))),
        words,
        file: progress.map_or("", |progress| progress.file.as_str()),
        trouble: match &importing.state {
            ImportStep::Failed(problem) => Some(problem),
            _ => None,
        },
        enabled: matches!(
            importing.state,
            ImportStep::Running(_) | ImportStep::Stopped | ImportStep::Failed(_)
        ),
        buttons,
    }
}

/// What an import is doing.
fn stage<'a>(cx: &'a Cx<'_>, stage: BuildStage) -> Cow<'a, str> {
    cx.tr(match stage {
        BuildStage::Reading => "import-stage-reading",
        BuildStage::Checking => "import-stage-checking",
        BuildStage::Writing => "import-stage-writing",
    })
}
