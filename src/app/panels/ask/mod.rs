//! The Ask page: the frame and the question on the left, the answer in the middle, the numbers on
//! the right.

mod back;
mod closer;
mod column;
mod columns;
mod drawing;
mod explain;
mod finished;
mod frame;
mod grid;
mod messages;
mod pair;
mod progress;
mod question;
mod retry;
mod story;
mod target;
mod timeline;
mod times;

pub use closer::compare_ui;
pub use columns::{mode_colour, mode_texts};
pub use frame::{drop_overlay_ui, dropped};
pub use grid::grid_setup_ui;
pub use messages::{failed_ui, message_above, message_next_ui, message_ui, problem_ui};
pub use progress::{seconds_text, stage_text, time_left};
pub use story::story_ui;

use super::Cx;
use crate::app::state::{Action, Stop};
use crate::app::theme::space;
use eframe::egui;
use egui::{CentralPanel, Frame, Margin, Panel, Ui};

/// The drafts and view states of the page.
#[derive(Default)]
pub struct AskPage {
    frame: frame::FramePanel,
    question: question::QuestionPanel,
    columns: columns::ColumnsPanel,
}

impl AskPage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let mut form = cx.state.form.clone();
        let mut wanted = Vec::new();
        let width = ui.available_width();
        let margin = |left, right| Margin {
            left,
            right,
            top: space::L as i8,
            bottom: space::M as i8,
        };

        Panel::left("ask-left")
            .resizable(false)
            .show_separator_line(false)
            .exact_size((width * 0.27).clamp(312.0, 460.0))
            .frame(Frame::new().inner_margin(margin(space::L as i8, 0)))
            .show(ui, |ui| {
                let height = ui.available_height();
                let top = ui.cursor().min;
                self.frame.ui(ui, cx, height, &mut wanted);
                let bottom = ui.cursor().top() - ui.spacing().item_spacing.y;
                let corner = egui::pos2(ui.max_rect().right(), bottom);
                cx.spot(Stop::Frame, egui::Rect::from_min_max(top, corner));
                ui.add_space(space::XS);
                self.question.ui(ui, cx, &mut form, &mut wanted);
            });
        Panel::right("ask-right")
            .resizable(false)
            .show_separator_line(false)
            .exact_size((width * 0.22).clamp(256.0, 330.0))
            .frame(Frame::new().inner_margin(margin(0, space::L as i8)))
            .show(ui, |ui| drawing::drawing_ui(ui, cx, &mut form, &mut wanted));
        CentralPanel::default()
            .frame(Frame::new().inner_margin(margin(space::L as i8, space::L as i8)))
            .show(ui, |ui| self.columns.ui(ui, cx, &mut form, &mut wanted));

        // The edit comes before what was clicked, so that a click sees the newest form.
        if form != cx.state.form {
            actions.push(Action::EditForm(Box::new(form)));
        }
        actions.append(&mut wanted);
    }
}
