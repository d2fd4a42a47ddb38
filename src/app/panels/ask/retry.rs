//! The ways on where a column did not come to its end.

use super::Cx;
use crate::app::panels::queue::interrupted_text;
use crate::app::panels::remedy::remedy_ui;
use crate::app::state::{Action, Column};
use crate::app::theme::space;
use crate::app::widgets::button_row;
use crate::job::Problem;
use eframe::egui;
use egui::{Button, Label, RichText, Ui, Vec2};

/// How far a column came before the program ended, and the way on.
pub(super) fn interrupted_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    column: &Column,
    index: usize,
    actions: &mut Vec<Action>,
) {
    ui.horizontal(|ui| {
        let again = ui
            .button(cx.tr("answer-again"))
            .on_hover_text(cx.tr("answer-again-tip"));
        if again.clicked() {
            actions.push(Action::Retry(index));
        }
        let text = RichText::new(interrupted_text(cx, column)).color(cx.tokens.warning);
        ui.add(Label::new(text).truncate());
    });
}

/// The ways on from a failure. A way out that is taken draws the column again.
pub(super) fn failed_foot_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    problem: &Problem,
    index: usize,
    actions: &mut Vec<Action>,
) {
    ui.add_space(space::XS);
    button_row(ui, ways_on(problem), |ui, size| {
        let cured = remedy_ui(ui, cx, problem, size, actions);
        if again_button(ui, cx, size) || cured {
            actions.push(Action::Retry(index));
        }
    });
}

/// Trying again, and the problem's own way out.
pub(super) fn ways_on(problem: &Problem) -> usize {
    1 + usize::from(problem.remedy.is_some())
}

pub(super) fn retry_ui(ui: &mut Ui, cx: &Cx<'_>, index: usize, actions: &mut Vec<Action>) {
    ui.add_space(space::XS);
    button_row(ui, 1, |ui, size| {
        if again_button(ui, cx, size) {
            actions.push(Action::Retry(index));
        }
    });
}

fn again_button(ui: &mut Ui, cx: &Cx<'_>, size: Vec2) -> bool {
    let button = Button::new(cx.tr("answer-retry").into_owned());
    let button = button.truncate().min_size(size);
    let button = ui.add(button).on_hover_text(cx.tr("answer-retry-tip"));
    button.clicked()
}
