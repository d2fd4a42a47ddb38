//! The way out that a failure offers at a press.

use super::Cx;
use crate::app::state::Action;
use crate::job::{Problem, Remedy};
use eframe::egui;
use egui::{Button, Ui, vec2};

/// Draws the way out of a problem, where it has one. True when it was taken.
pub fn remedy_ui(ui: &mut Ui, cx: &Cx<'_>, problem: &Problem, actions: &mut Vec<Action>) -> bool {
    let Some(Remedy::UseCpu) = problem.remedy else {
        return false;
    };
    let button = Button::new(cx.tr("remedy-cpu")).min_size(vec2(140.0, 34.0));
    let taken = ui
        .add(button)
        .on_hover_text(cx.tr("remedy-cpu-tip"))
        .clicked();
    if taken {
        actions.push(Action::UseCpu);
    }
    taken
}
