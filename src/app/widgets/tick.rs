//! A box that is ticked or not. Its outline is seen without a tick too, where egui's own is a pale square.

use crate::app::theme::Tokens;
use eframe::egui;
use egui::{Response, RichText, Stroke, Ui, WidgetText};

/// Draws the box and its label; a click on either ticks it.
pub fn tick(
    ui: &mut Ui,
    tokens: &Tokens,
    ticked: &mut bool,
    label: impl Into<RichText>,
) -> Response {
    let label = WidgetText::from(label.into().color(tokens.text));
    let (fill, line) = match *ticked {
        true => (tokens.accent, tokens.accent),
        false => (tokens.field, tokens.field_border),
    };
    // Without a child of its own, so that a row of them wraps.
    let before = ui.visuals().widgets.clone();
    let widgets = &mut ui.visuals_mut().widgets;
    for (widget, line) in [
        (&mut widgets.inactive, line),
        (&mut widgets.hovered, tokens.accent_hover),
        (&mut widgets.active, tokens.accent_active),
    ] {
        widget.bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, line);
        widget.fg_stroke = Stroke::new(2.0, tokens.on_accent);
    }
    let response = ui.checkbox(ticked, label);
    ui.visuals_mut().widgets = before;
    response
}
