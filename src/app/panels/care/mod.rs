//! What the program shows about itself: its log, how it ended the last time, the debug package, what
//! this machine can run, and settings of a file.

mod doctor;
mod exchange;
mod last_end;
mod log;
mod package;

pub use doctor::doctor_ui;
pub use exchange::exchange_ui;
pub use last_end::last_end_ui;
pub use log::LogPage;
pub use package::package_ui;

use super::Cx;
use super::models::size;
use super::when::{ago, now};
use crate::app::state::Action;
use crate::app::widgets::{dialog, dialog_body, dialog_foot};
use eframe::egui::{Context, Ui};

/// Id, width in points, and heading of a dialog.
struct About<'a>(&'static str, f32, &'a str);

/// Draws a dialog: heading, `body` that scrolls where it has to, and `foot` with the buttons. True when it
/// is to be closed.
fn framed(
    ctx: &Context,
    cx: &Cx<'_>,
    About(id, width, heading): About<'_>,
    actions: &mut Vec<Action>,
    body: impl FnOnce(&mut Ui, &mut Vec<Action>),
    foot: impl FnOnce(&mut Ui, &mut Vec<Action>),
) -> bool {
    let shown = dialog(ctx, cx.tokens, id, width, |ui| {
        ui.heading(heading);
        dialog_body(ui, |ui| body(ui, actions));
        dialog_foot(ui, |ui| foot(ui, actions));
    });
    shown.should_close()
}
