//! The Vote page: a poll is set up, then one comparison after the other, then what all votes say.

mod ballot;
mod results;
mod setup;

use super::Cx;
use super::ask::message_ui;
use super::models::trouble_ui;
use crate::app::state::{Action, VoteAction};
use crate::app::theme::space;
use crate::app::widgets::main_pane;
use eframe::egui;
use egui::Ui;

/// The drafts and view states of the page.
#[derive(Default)]
pub struct VotePage {
    setup: setup::SetupPanel,
}

impl VotePage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        main_pane(space::L).show(ui, |ui| {
            let voting = &cx.state.voting;
            match (&voting.open, &voting.report) {
                (Some(_), Some(report)) => results::results_ui(ui, cx, report, actions),
                (Some(open), None) if !voting.opening => {
                    ballot::ballot_ui(ui, cx, open, actions);
                }
                _ => self.setup.ui(ui, cx, actions),
            }
        });
    }
}

fn act(action: VoteAction) -> Action {
    Action::Vote(action)
}
