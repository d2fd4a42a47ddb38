//! A run: how it stands, its buttons, and one of three views of it.

use super::{Cx, controls, curves, log, wall, words};
use crate::app::state::Action;
use crate::app::theme::space;
use crate::app::widgets::{Choice, Wheel, badge, fill_line, hint, segmented};
use crate::job::training::{RunCard, RunState};
use eframe::egui;
use egui::{Align, CornerRadius, Frame, Label, Layout, Margin, RichText, Ui};

/// What is shown of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum View {
    #[default]
    Curves,
    Wall,
    Log,
}

/// The view state.
#[derive(Default)]
pub struct RunView {
    view: View,
    curves: curves::CurvesView,
}

impl RunView {
    /// Draws a run.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, card: &RunCard, actions: &mut Vec<Action>) {
        head_ui(ui, cx, card);
        ui.add_space(space::S);
        controls::controls_ui(ui, cx, card, actions);
        if let Some(problem) = &card.problem {
            ui.add_space(space::S);
            problem_ui(ui, cx, &cx.problem(problem));
        }
        ui.add_space(space::M);
        let choices = [
            (View::Curves, "train-view-curves", "train-view-curves-tip"),
            (View::Wall, "train-view-wall", "train-view-wall-tip"),
            (View::Log, "train-view-log", "train-view-log-tip"),
        ];
        let choices = choices.map(|(view, text, tip)| Choice::new(view, cx.tr(text), cx.tr(tip)));
        segmented(ui, cx.tokens, 330.0, &mut self.view, &choices);
        ui.add_space(space::S);
        match self.view {
            View::Curves => self.curves.ui(ui, cx, card, actions),
            View::Wall => wall::wall_ui(ui, cx, card, actions),
            View::Log => log::log_ui(ui, cx, card),
        }
    }
}

fn head_ui(ui: &mut Ui, cx: &Cx<'_>, card: &RunCard) {
    ui.horizontal(|ui| {
        ui.heading(&card.name);
        let (tone, text, tip) = words::state(card.state);
        badge(ui, cx.tokens, tone, &cx.tr(text)).on_hover_text(cx.tr(tip));
        if card.state == RunState::Starting {
            ui.add(Wheel::new().size(14.0));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let path = card.folder.display().to_string();
            let words = RichText::new(&path).small().color(cx.tokens.text_weak);
            ui.add(Label::new(words).truncate().selectable(true))
                .on_hover_text(path);
        });
    });
    let mut facts = vec![words::steps(cx, card)];
    if let Some(loss) = card.loss {
        let loss = words::loss(loss.into());
        facts.push(cx.text("train-loss-is", &[("loss", loss.into())]));
    }
    if card.state == RunState::Training {
        facts.extend(words::pace(cx, card));
    }
    if let Ok(config) = &card.config {
        facts.push(cx.tr(words::preset(config.preset).0).into_owned());
        facts.push(words::bundle(cx, &config.model.bundle));
    }
    facts.push(words::devices(cx, &card.devices));
    hint(ui, cx.tokens, facts.join("  ·  "));
    fill_line(ui, cx.tokens, card.share());
}

fn problem_ui(ui: &mut Ui, cx: &Cx<'_>, text: &str) {
    Frame::new()
        .fill(cx.tokens.error_soft)
        .corner_radius(CornerRadius::same(10))
        .inner_margin(Margin::same(space::M as i8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            let words = RichText::new(text).color(cx.tokens.error);
            ui.add(Label::new(words).wrap().selectable(true));
        });
}
