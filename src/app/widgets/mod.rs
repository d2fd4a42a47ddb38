//! Small parts that several panels use. They draw and report; they know nothing of the state.

mod badge;
mod button_row;
mod combo;
mod composing;
mod dialog;
mod field;
mod focus;
mod grid;
mod icon;
mod in_view;
pub mod look;
mod numbers;
mod panes;
mod picture;
mod rows;
mod segmented;
mod tick;
mod wheel;

pub use badge::{Tone, badge};
pub use button_row::{button_row, button_row_height};
pub use combo::combo;
pub use composing::{composed, watch_composing};
pub use dialog::{closing_dialog, dialog, dialog_body, dialog_foot};
pub use field::line_field;
pub use focus::{FocusRing, follow_focus, follow_focus_in};
pub use grid::cells;
pub use icon::{Icon, icon_button, paint_icon};
pub use in_view::in_view;
pub use numbers::{accent_slider, number_row, seed_field};
pub use panes::{left_pane, main_pane, right_pane};
pub use picture::{Art, Pictures, Slot, fit, paint_picture};
pub use rows::{RowTextures, offset_to_row, words_in};
pub use segmented::{Choice, segmented, toggles};
pub use tick::tick;
pub use wheel::Wheel;

use super::theme::{self, CARD_RADIUS, CONTROL_RADIUS, Tokens, space};
use eframe::egui;
use egui::{
    Atom, Button, CornerRadius, Frame, InnerResponse, Margin, Response, RichText, Stroke, Ui, Vec2,
};

/// A rounded surface for things that belong together.
pub fn card<R>(ui: &mut Ui, tokens: &Tokens, add: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    Frame::new()
        .fill(tokens.card)
        .stroke(Stroke::new(1.0, tokens.card_border))
        .corner_radius(CornerRadius::same(CARD_RADIUS))
        .inner_margin(Margin::same(space::M as i8))
        .show(ui, add)
}

/// A sunken surface as wide as there is room, for what was found or will be written.
pub fn well<R>(ui: &mut Ui, tokens: &Tokens, add: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    Frame::new()
        .fill(tokens.well)
        .corner_radius(CornerRadius::same(CONTROL_RADIUS))
        .inner_margin(Margin::same(space::M as i8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        })
}

/// The title of a card.
pub fn title(ui: &mut Ui, text: &str) -> Response {
    ui.label(RichText::new(text).text_style(theme::title_style()))
}

/// Text that steps back.
pub fn hint(ui: &mut Ui, tokens: &Tokens, text: impl Into<String>) -> Response {
    ui.label(RichText::new(text).small().color(tokens.text_weak))
}

/// A thin line that fills from the left.
pub fn fill_line(ui: &mut Ui, tokens: &Tokens, fraction: f32) {
    let size = egui::vec2(ui.available_width(), 3.0);
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    let radius = CornerRadius::same(2);
    ui.painter().rect_filled(rect, radius, tokens.well);
    let width = rect.width() * fraction.clamp(0.0, 1.0);
    let done = egui::Rect::from_min_size(rect.min, egui::vec2(width, rect.height()));
    ui.painter().rect_filled(done, radius, tokens.accent);
}

/// The surface of a text field.
pub fn field_frame(tokens: &Tokens, focused: bool) -> Frame {
    let line = if focused {
        tokens.accent
    } else {
        tokens.field_border
    };
    Frame::new()
        .fill(tokens.field)
        .stroke(Stroke::new(1.0, line))
        .corner_radius(CornerRadius::same(CONTROL_RADIUS))
        .inner_margin(Margin::symmetric(9, 6))
}

/// Height of the words of `primary_button`, in points.
pub const PRIMARY_TEXT: f32 = 15.5;

/// The one button a page is about.
pub fn primary_button(
    ui: &mut Ui,
    tokens: &Tokens,
    text: &str,
    keys: &str,
    size: Vec2,
    enabled: bool,
) -> Response {
    ui.scope(|ui| {
        let visuals = ui.visuals_mut();
        visuals.weak_text_color = Some(tokens.on_accent);
        let widgets = &mut visuals.widgets;
        for (widget, fill) in [
            (&mut widgets.inactive, tokens.accent),
            (&mut widgets.hovered, tokens.accent_hover),
            (&mut widgets.active, tokens.accent_active),
        ] {
            widget.weak_bg_fill = fill;
            widget.bg_fill = fill;
            widget.fg_stroke = Stroke::new(1.0, tokens.on_accent);
        }
        let text = RichText::new(text).size(PRIMARY_TEXT);
        // Beside its keys the text stands at the left, else in the middle, however wide the button is.
        let button = match keys {
            "" => Button::new((Atom::grow(), text, Atom::grow())),
            keys => Button::new(text).right_text(RichText::new(keys).small().weak()),
        };
        let button = button
            .corner_radius(CornerRadius::same(CONTROL_RADIUS + 2))
            .truncate()
            .min_size(size);
        ui.add_enabled(enabled, button)
    })
    .inner
}

/// A line that is a button: quiet until the pointer is on it. Its words begin where those of labels do.
pub fn quiet_line(ui: &mut Ui, tokens: &Tokens, text: &str) -> Response {
    let beyond = -ui.spacing().button_padding.x as i8;
    let line = Frame::new().outer_margin(Margin::symmetric(beyond, 0));
    let line = line.show(ui, |ui| {
        let button = Button::new(RichText::new(text).size(13.0).color(tokens.accent))
            .frame_when_inactive(false)
            .right_text("")
            .wrap()
            .min_size(egui::vec2(ui.available_width(), 24.0));
        ui.add(button)
    });
    line.inner.accessible_name(text)
}
