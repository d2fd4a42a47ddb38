//! The buttons of a run, by how it stands.

use super::Cx;
use crate::app::state::{Action, TrainAction};
use crate::app::theme::space;
use crate::app::widgets::card;
use crate::job::training::{Control, Group, RunCard, RunState};
use eframe::egui;
use egui::{Button, Label, RichText, Ui, vec2};

/// A button: text, tooltip, what it does, and why it cannot.
type Offer = (
    &'static str,
    &'static str,
    TrainAction,
    Option<&'static str>,
);

/// Draws the buttons, and the question that one of them asks.
pub fn controls_ui(ui: &mut Ui, cx: &Cx<'_>, card: &RunCard, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::S, space::XS);
        for (label, tip, action, blocked) in offers(cx, card) {
            let button = Button::new(cx.tr(label)).min_size(vec2(0.0, 28.0));
            let button = ui.add_enabled(blocked.is_none(), button);
            let button = button.on_hover_text(cx.tr(tip));
            let why = blocked.map(|id| cx.tr(id)).unwrap_or_default();
            if button.on_disabled_hover_text(why).clicked() {
                actions.push(Action::Train(action));
            }
        }
    });
    if cx.state.train.confirming.as_ref() == Some(&card.folder) {
        ui.add_space(space::XS);
        sure_ui(ui, cx, actions);
    }
}

fn offers(cx: &Cx<'_>, card: &RunCard) -> Vec<Offer> {
    let folder = || card.folder.clone();
    let control = |control| TrainAction::Control(folder(), control);
    let mut offers: Vec<Offer> = Vec::new();
    let mut offer = |label, tip, action, blocked| offers.push((label, tip, action, blocked));
    match card.state {
        RunState::Training | RunState::Paused => {
            match card.state {
                RunState::Paused => offer(
                    "train-continue",
                    "train-continue-tip",
                    control(Control::Continue),
                    None,
                ),
                _ => offer(
                    "train-pause",
                    "train-pause-tip",
                    control(Control::Pause),
                    None,
                ),
            }
            offer(
                "train-stop",
                "train-stop-tip",
                control(Control::StopAndKeep),
                None,
            );
            let config = card.config.as_ref().ok();
            let pinned = config.is_some_and(|config| !config.sample.questions.is_empty());
            let blocked = (!pinned).then_some("train-sample-none");
            offer(
                "train-sample",
                "train-sample-tip",
                control(Control::SampleNow),
                blocked,
            );
            offer(
                "train-save",
                "train-save-tip",
                control(Control::SaveNow),
                None,
            );
        }
        RunState::Starting => {
            offer(
                "train-stop",
                "train-stop-tip",
                control(Control::StopAndKeep),
                None,
            );
        }
        RunState::Waiting => offer(
            "train-unqueue",
            "train-unqueue-tip",
            TrainAction::Unqueue(folder()),
            None,
        ),
        RunState::Stopped | RunState::Failed | RunState::Killed => offer(
            "train-resume",
            "train-resume-tip",
            TrainAction::Resume(folder()),
            None,
        ),
        RunState::Finished => {}
    }
    if !card.state.is_live() && card.state != RunState::Waiting {
        let history = cx.state.train.histories.get(&card.folder);
        let saved = history.is_some_and(|history| history.saved.is_some());
        let (label, blocked) = match (&cx.state.train.promoting, saved) {
            (Some(_), _) => ("train-promoting", Some("train-promoting")),
            (None, false) => ("train-promote", Some("train-no-checkpoint")),
            (None, true) => ("train-promote", None),
        };
        offer(
            label,
            "train-promote-tip",
            TrainAction::Promote(folder()),
            blocked,
        );
        let config = card.config.as_ref().ok();
        if config.is_some_and(|config| config.model.train.contains(&Group::Lora)) {
            let action = TrainAction::ExportLora(folder());
            offer(
                "train-export-lora",
                "train-export-lora-tip",
                action,
                blocked,
            );
        }
    }
    offer(
        "train-reuse",
        "train-reuse-tip",
        TrainAction::Reuse(folder()),
        None,
    );
    offer(
        "train-discard",
        "train-discard-tip",
        TrainAction::AskDiscard(folder()),
        None,
    );
    offers
}

fn sure_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        let words = RichText::new(cx.tr("train-discard-sure")).color(cx.tokens.warning);
        ui.add(Label::new(words).wrap());
        ui.horizontal(|ui| {
            for (label, yes) in [("train-discard-no", false), ("train-discard-yes", true)] {
                if ui.button(cx.tr(label)).clicked() {
                    actions.push(Action::Train(TrainAction::Discard(yes)));
                }
            }
        });
    });
}
