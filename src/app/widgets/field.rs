//! A text field of one line.

use super::{composed, field_frame};
use crate::app::theme::Tokens;
use eframe::egui;
use egui::{Id, Response, TextEdit, Ui};

/// Draws a field called `name`, which shows `empty` while nothing is in it.
pub fn line_field(
    ui: &mut Ui,
    tokens: &Tokens,
    name: &str,
    empty: &str,
    text: &mut String,
    width: f32,
) -> Response {
    let id = Id::unique(name);
    let focused = ui.memory(|memory| memory.has_focus(id));
    composed(ui, id, usize::MAX, text, |ui, text, _| {
        let field = TextEdit::singleline(text)
            .id(id)
            .hint_text(empty)
            .desired_width(width)
            .frame(field_frame(tokens, focused));
        ui.add(field).accessible_name(name)
    })
}
