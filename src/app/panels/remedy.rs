//! The way out that a failure offers at a press.

use super::Cx;
use crate::app::state::Action;
use crate::app::widgets::primary_button;
use crate::job::{Problem, Remedy};
use eframe::egui;
use egui::{Ui, Vec2};

/// Draws the way out of a problem, where it has one. True when it was taken.
pub fn remedy_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    problem: &Problem,
    size: Vec2,
    actions: &mut Vec<Action>,
) -> bool {
    let Some(Remedy::UseCpu) = problem.remedy else {
        return false;
    };
    let label = cx.tr("remedy-cpu");
    let button = primary_button(ui, cx.tokens, &label, "", size, true);
    let button = button.accessible_name(label.as_ref());
    let taken = button.on_hover_text(cx.tr("remedy-cpu-tip")).clicked();
    if taken {
        actions.push(Action::UseCpu);
    }
    taken
}
