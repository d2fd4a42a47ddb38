//! The Evaluate page: what is evaluated on the left, the numbers on the right.

mod form;
mod going;
mod results;
mod table;

use super::Cx;
use super::ask::message_ui;
use super::models::{strip, time_left, trouble_ui};
use crate::app::state::{Action, EvaluateAction};
use crate::app::theme::space;
use crate::app::widgets::{left_pane, main_pane};
use crate::job::FolderUse;
use eframe::egui;
use egui::Ui;

/// The drafts and view states of the page.
#[derive(Default)]
pub struct EvaluatePage {
    form: form::FormPanel,
}

impl EvaluatePage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let width = ui.available_width();
        left_pane(
            "evaluate-left",
            (width * 0.29).clamp(330.0, 460.0),
            space::L,
        )
        .show(ui, |ui| self.form.ui(ui, cx, actions));
        main_pane(space::L).show(ui, |ui| results::results_ui(ui, cx, actions));
    }
}

/// The action of a folder dropped onto the page: it is the data set.
pub fn dropped(ctx: &egui::Context, cx: &crate::app::state::AppState) -> Vec<Action> {
    let files = ctx.input_mut(|input| std::mem::take(&mut input.raw.dropped_files));
    let mut paths = files.iter().map(|file| file.path().to_owned());
    match paths.find(|path| path.is_absolute()) {
        Some(path) => {
            let mut draft = cx.evaluate.draft.clone();
            draft.dataset = path;
            vec![act(EvaluateAction::Edit(Box::new(draft)))]
        }
        None => Vec::new(),
    }
}

fn act(action: EvaluateAction) -> Action {
    Action::Evaluate(action)
}

fn pick(what_for: FolderUse) -> Action {
    act(EvaluateAction::Pick(what_for))
}
