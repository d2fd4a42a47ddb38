//! The form of a new run: what is learnt from and what learns on the left, how on the right, what it
//! will cost below.

use super::{Cx, data, forecast, plan};
use crate::app::state::{Action, TrainAction};
use crate::app::theme::space;
use crate::app::widgets::{follow_focus, title};
use eframe::egui;
use egui::{Align, Button, Frame, Layout, Panel, ScrollArea, Ui};

/// What the form remembers of its fields.
#[derive(Default)]
pub struct FormView {
    /// The data folder as it is being typed.
    typed: Option<String>,
}

impl FormView {
    /// Draws the form.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        head_ui(ui, cx, actions);
        ui.add_space(space::S);
        Panel::bottom("train-forecast")
            .resizable(false)
            .show_separator_line(false)
            .frame(Frame::new())
            .show(ui, |ui| {
                ui.add_space(space::M);
                forecast::forecast_ui(ui, cx, actions);
            });
        let mut draft = cx.state.train.draft.clone();
        ScrollArea::vertical()
            .id_salt("train-form")
            .auto_shrink(false)
            .show(ui, |ui| {
                follow_focus(ui);
                let gap = space::M;
                let width = ((ui.available_width() - gap) / 2.0).floor();
                ui.horizontal_top(|ui| {
                    ui.spacing_mut().item_spacing.x = gap;
                    ui.allocate_ui_with_layout(
                        egui::vec2(width, 0.0),
                        Layout::top_down(Align::Min),
                        |ui| data::what_ui(ui, cx, &mut draft, &mut self.typed, actions),
                    );
                    ui.allocate_ui_with_layout(
                        egui::vec2(width, 0.0),
                        Layout::top_down(Align::Min),
                        |ui| plan::how_ui(ui, cx, &mut draft),
                    );
                });
            });
        if draft != cx.state.train.draft {
            actions.push(Action::Train(TrainAction::Edit(Box::new(draft))));
        }
    }
}

fn head_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        title(ui, &cx.tr("train-form"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (back, forward) = cx.state.train.undo_possible();
            for (possible, label, tip, action) in [
                (forward, "train-redo", "train-redo-tip", TrainAction::Redo),
                (back, "train-undo", "train-undo-tip", TrainAction::Undo),
            ] {
                let button = ui.add_enabled(possible, Button::new(cx.tr(label)));
                let button = button.on_disabled_hover_text(cx.tr("train-undo-none"));
                if button.on_hover_text(cx.tr(tip)).clicked() {
                    actions.push(Action::Train(action));
                }
            }
        });
    });
}
