//! The Train page: runs and devices on the left; the form of a new run, or the run that is selected,
//! beside them.

mod controls;
mod curves;
mod data;
mod devices;
mod forecast;
mod form;
mod log;
mod plan;
mod run;
mod runs;
mod wall;
mod words;

pub use devices::name as device_name;

use super::Cx;
use crate::app::state::{Action, TrainAction};
use crate::app::theme::space;
use crate::app::widgets::{left_pane, main_pane};
use eframe::egui;
use egui::Ui;

/// The view states of the page.
#[derive(Default)]
pub struct TrainPage {
    form: form::FormView,
    run: run::RunView,
}

impl TrainPage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        left_pane(
            "train-left",
            (ui.available_width() * 0.26).clamp(280.0, 400.0),
            space::L,
        )
        .show(ui, |ui| runs::runs_ui(ui, cx, actions));
        main_pane(space::L).show(ui, |ui| match cx.state.train.shown() {
            Some(card) => self.run.ui(ui, cx, card, actions),
            None => self.form.ui(ui, cx, actions),
        });
    }
}

/// The actions of files dropped onto the page: a folder is looked through.
pub fn dropped(ctx: &egui::Context) -> Vec<Action> {
    let files = ctx.input_mut(|input| std::mem::take(&mut input.raw.dropped_files));
    let mut paths = files.iter().map(|file| file.path().to_owned());
    let folder = paths.find(|path| path.is_absolute());
    let examine = folder.map(|folder| Action::Train(TrainAction::Examine(folder)));
    examine.into_iter().collect()
}
