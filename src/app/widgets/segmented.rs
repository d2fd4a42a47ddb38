//! A row of choices of which one is taken.

use crate::app::theme::{CONTROL_RADIUS, Tokens};
use eframe::egui;
use egui::{Button, CornerRadius, Rect, RichText, Sense, Stroke, Ui, UiBuilder, pos2, vec2};

/// One choice.
pub struct Choice<T> {
    /// What is chosen.
    pub value: T,
    /// Its text.
    pub label: String,
    /// What it means.
    pub tip: String,
    /// Why it cannot be chosen now.
    pub unavailable: Option<String>,
}

impl<T> Choice<T> {
    /// A choice that can be taken.
    pub fn new(value: T, label: impl Into<String>, tip: impl Into<String>) -> Self {
        Self {
            value,
            label: label.into(),
            tip: tip.into(),
            unavailable: None,
        }
    }
}

/// Shows the choices as equal parts of `width`; the taken one stands out.
pub fn segmented<T: Copy + PartialEq>(
    ui: &mut Ui,
    tokens: &Tokens,
    width: f32,
    value: &mut T,
    choices: &[Choice<T>],
) {
    if let Some(clicked) = toggles(ui, tokens, width, &[*value], choices) {
        *value = clicked;
    }
}

/// The same with any number of taken choices; returns the one that was clicked.
pub fn toggles<T: Copy + PartialEq>(
    ui: &mut Ui,
    tokens: &Tokens,
    width: f32,
    taken: &[T],
    choices: &[Choice<T>],
) -> Option<T> {
    const INSET: f32 = 3.0;
    const HEIGHT: f32 = 34.0;
    let (place, _) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::hover());
    let radius = CornerRadius::same(CONTROL_RADIUS + 1);
    ui.painter().rect_filled(place, radius, tokens.control);
    let inner = place.shrink(INSET);
    let part = inner.width() / choices.len().max(1) as f32;
    // A child of its own: it takes no more room than the place above.
    let mut child = ui.new_child(UiBuilder::new().max_rect(place));
    let ui = &mut child;
    let visuals = ui.visuals_mut();
    visuals.selection.bg_fill = tokens.accent;
    visuals.selection.stroke = Stroke::new(1.0, tokens.on_accent);
    ui.spacing_mut().button_padding = vec2(4.0, 4.0);
    let mut clicked = None;
    for (index, choice) in choices.iter().enumerate() {
        let left = inner.left() + part * index as f32;
        let place = Rect::from_min_size(pos2(left, inner.top()), vec2(part, inner.height()));
        let rect = place.shrink2(vec2(1.0, 0.0)); // neighbours that are both taken stay apart
        let taken = taken.contains(&choice.value);
        let text = RichText::new(&choice.label).size(13.5);
        let button = Button::selectable(taken, text)
            .corner_radius(CornerRadius::same(CONTROL_RADIUS - 1))
            .min_size(rect.size());
        let mut response = ui
            .add_enabled_ui(choice.unavailable.is_none(), |ui| ui.place(rect, button))
            .inner
            .on_disabled_hover_text(choice.unavailable.as_deref().unwrap_or_default());
        if !choice.tip.is_empty() {
            response = response.on_hover_text(&choice.tip);
        }
        if response.clicked() {
            clicked = Some(choice.value);
        }
    }
    clicked
}
