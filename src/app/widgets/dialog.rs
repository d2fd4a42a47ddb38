//! A dialog in the middle of the window. Whatever the size of the window and of the interface, its
//! heading and its buttons stay in view; what is between them scrolls where it has to.

use super::focus::follow_focus;
use crate::app::theme::{Tokens, space};
use eframe::egui;
use egui::{Align, Context, Frame, Id, Layout, Modal, ModalResponse, ScrollArea, Ui, vec2};

/// Height of the row of buttons at the end, with the gap above it.
const FOOT: f32 = 34.0 + space::M;

/// Draws a dialog `width` points wide, or as wide as the window lets it be.
pub fn dialog<R>(
    ctx: &Context,
    tokens: &Tokens,
    id: &'static str,
    width: f32,
    add: impl FnOnce(&mut Ui) -> R,
) -> ModalResponse<R> {
    let frame = Frame::window(&ctx.global_style());
    let room = ctx.content_rect().width() - 2.0 * space::L - frame.total_margin().sum().x;
    Modal::new(Id::unique(id))
        .backdrop_color(tokens.backdrop)
        .frame(frame)
        .show(ctx, |ui| {
            ui.set_width(width.min(room));
            add(ui)
        })
}

/// The part of a dialog between its heading and its buttons.
pub fn dialog_body(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let above = ui.cursor().top() - ui.min_rect().top();
    let margin = Frame::window(ui.style()).total_margin().sum().y;
    let whole = ui.ctx().content_rect().height() - 2.0 * space::L - margin;
    let room = whole - above - FOOT;
    ScrollArea::vertical()
        .id_salt("dialog-body")
        .max_height(room)
        // What is centred has room for what it was before; this may grow at once.
        .min_scrolled_height(room)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            follow_focus(ui);
            add(ui);
        });
}

/// The buttons at the end of a dialog, from the right.
pub fn dialog_foot<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.add_space(space::S);
    // In the middle of whatever height is left they would keep the height that the dialog had before the
    // window or the interface changed.
    let row = vec2(ui.available_width(), ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), add)
        .inner
}

/// A dialog with nothing to decide: a heading, if it has one, and `close` as its only button. True when
/// it is to be closed.
pub fn closing_dialog(
    ctx: &Context,
    tokens: &Tokens,
    id: &'static str,
    width: f32,
    (heading, close): (Option<&str>, &str),
    body: impl FnOnce(&mut Ui),
) -> bool {
    let dialog = dialog(ctx, tokens, id, width, |ui| {
        if let Some(heading) = heading {
            ui.heading(heading);
        }
        dialog_body(ui, body);
        dialog_foot(ui, |ui| ui.button(close).clicked())
    });
    dialog.inner || dialog.should_close()
}
