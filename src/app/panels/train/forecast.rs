//! What a run will cost, and the buttons that find out and start it.

use super::{Cx, words};
use crate::app::panels::compute::precision_texts;
use crate::app::panels::models::size;
use crate::app::state::{Action, TrainAction, TrainBlocked, Trial};
use crate::app::texts::number;
use crate::app::theme::space;
use crate::app::widgets::{Wheel, card, hint, primary_button, title};
use crate::job::training::Tried;
use eframe::egui;
use egui::{Align, Button, Label, Layout, RichText, Ui, vec2};

/// Draws the card.
pub fn forecast_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            title(ui, &cx.tr("train-cost"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                buttons_ui(ui, cx, actions);
            });
        });
        ui.add_space(space::XS);
        let train = &cx.state.train;
        match &train.trial {
            Trial::Running => {
                ui.horizontal(|ui| {
                    ui.add(Wheel::new().size(16.0));
                    hint(ui, cx.tokens, cx.tr("train-trying"));
                });
            }
            Trial::Done(Err(problem)) => {
                let words = RichText::new(cx.problem(problem)).color(cx.tokens.error);
                ui.add(Label::new(words).wrap().selectable(true));
            }
            Trial::Done(Ok(tried)) => {
                if train.tried().is_none() {
                    let words = RichText::new(cx.tr("train-cost-old")).small();
                    ui.label(words.color(cx.tokens.warning));
                }
                tried_ui(ui, cx, tried);
            }
            Trial::None => {
                hint(ui, cx.tokens, cx.tr("train-cost-unknown"));
            }
        }
        if let Some(TrainBlocked::Settings(problems)) = train.try_blocked() {
            let words = RichText::new(cx.words(&problems)).color(cx.tokens.error);
            ui.add(Label::new(words).wrap());
        }
    });
}

fn buttons_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let train = &cx.state.train;
    let blocked = train.start_blocked();
    let (label, tip) = match train.device_is_busy() {
        true => ("train-queue", "train-queue-tip"),
        false => ("train-start", "train-start-tip"),
    };
    let size = vec2(120.0, 34.0);
    let start = primary_button(ui, cx.tokens, &cx.tr(label), "", size, blocked.is_none());
    let start = start.on_hover_text(cx.tr(tip));
    let start = start.on_disabled_hover_text(blocked.map(|b| reason(cx, &b)).unwrap_or_default());
    if start.accessible_name(cx.tr(label)).clicked() {
        actions.push(Action::Train(TrainAction::Start));
    }
    if matches!(train.trial, Trial::Running) {
        let stop = Button::new(cx.tr("train-try-stop")).min_size(vec2(0.0, 32.0));
        let stop = ui.add(stop).on_hover_text(cx.tr("train-try-stop-tip"));
        if stop.clicked() {
            actions.push(Action::Train(TrainAction::StopTrying));
        }
        return;
    }
    let blocked = train.try_blocked();
    let button = Button::new(cx.tr("train-try")).min_size(vec2(0.0, 32.0));
    let button = ui.add_enabled(blocked.is_none(), button);
    let button = button.on_hover_text(cx.tr("train-try-tip"));
    let why = blocked.map(|b| reason(cx, &b)).unwrap_or_default();
    if button.on_disabled_hover_text(why).clicked() {
        actions.push(Action::Train(TrainAction::Try));
    }
}

fn reason(cx: &Cx<'_>, blocked: &TrainBlocked) -> String {
    let id = match blocked {
        TrainBlocked::NoData => "train-blocked-no-data",
        TrainBlocked::Examining => "train-blocked-examining",
        TrainBlocked::BadData => "train-blocked-bad-data",
        TrainBlocked::Settings(problems) => return cx.words(problems).into_owned(),
        TrainBlocked::Trying => "train-blocked-trying",
        TrainBlocked::Untried => "train-blocked-untried",
    };
    cx.tr(id).into_owned()
}

fn tried_ui(ui: &mut Ui, cx: &Cx<'_>, tried: &Tried) {
    let found = &tried.forecast;
    let mib = |mib: u64| size(cx, mib << 20);
    let mut facts = Vec::new();
    if let Some(peak) = found.peak_mib {
        let peak = mib(peak);
        let words = match found.free_mib {
            Some(free) => cx.text(
                "train-cost-memory-of",
                &[("peak", peak.into()), ("free", mib(free).into())],
            ),
            None => peak,
        };
        facts.push(("train-cost-memory", words));
    }
    let pace = format!("{:.3}", found.seconds_per_step);
    let pace = cx.unit("unit-seconds", pace);
    facts.push(("train-cost-pace", pace));
    facts.push(("train-cost-time", words::span(cx, found.seconds)));
    let checkpoints = size(cx, found.checkpoint_bytes);
    let checkpoints = match tried.disk_free {
        Some(free) => cx.text(
            "train-cost-disk-of",
            &[
                ("size", checkpoints.into()),
                ("free", size(cx, free).into()),
            ],
        ),
        None => checkpoints,
    };
    facts.push(("train-cost-disk", checkpoints));
    let precision = cx.tr(precision_texts(found.precision).0).into_owned();
    facts.push(("train-cost-precision", precision));
    facts.push(("train-cost-numbers", number(found.parameters as u64)));
    facts.push(("train-cost-samples", number(found.samples as u64)));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::XL, space::XS);
        for (label, value) in facts {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                hint(ui, cx.tokens, cx.tr(label));
                ui.label(value);
            });
        }
    });
}
