//! Rows for numbers: label and value on one line, a slider below.

use crate::app::theme::Tokens;
use eframe::egui;
use egui::{Align, DragValue, Layout, Response, Slider, Stroke, Ui, emath::Numeric};
use std::ops::RangeInclusive;

/// A number with a slider over its usual range; typing may leave that range up to `limits`.
#[expect(
    clippy::too_many_arguments,
    reason = "one row of a form, called by name order"
)]
pub fn number_row<N: Numeric>(
    ui: &mut Ui,
    tokens: &Tokens,
    label: &str,
    tip: &str,
    value: &mut N,
    usual: RangeInclusive<N>,
    limits: RangeInclusive<N>,
    decimals: usize,
) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.horizontal(|ui| {
            ui.label(label).on_hover_text(tip);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let field = DragValue::new(value)
                    .range(limits)
                    .speed(if decimals == 0 { 0.2 } else { 0.02 })
                    .max_decimals(decimals)
                    .min_size(egui::vec2(58.0, 24.0));
                ui.add(field).accessible_name(label).on_hover_text(tip);
            });
        });
        ui.spacing_mut().slider_width = ui.available_width();
        let slider = Slider::new(value, usual)
            .show_value(false)
            .clamping(egui::SliderClamping::Never);
        accent_slider(ui, tokens, slider)
            .accessible_name(label)
            .on_hover_text(tip);
    });
}

/// A slider in the colours of the theme.
pub fn accent_slider(ui: &mut Ui, tokens: &Tokens, slider: Slider<'_>) -> Response {
    ui.scope(|ui| {
        let visuals = ui.visuals_mut();
        visuals.selection.bg_fill = tokens.accent;
        visuals.widgets.inactive.bg_fill = tokens.control;
        for widget in [
            &mut visuals.widgets.inactive,
            &mut visuals.widgets.hovered,
            &mut visuals.widgets.active,
        ] {
            widget.fg_stroke = Stroke::new(2.0, tokens.accent);
        }
        ui.spacing_mut().interact_size.y = 18.0;
        ui.add(slider)
    })
    .inner
}

/// A seed as a number that can be typed or dragged.
pub fn seed_field(ui: &mut Ui, label: &str, tip: &str, seed: &mut u64, width: f32) {
    let field = DragValue::new(seed)
        .range(0..=u64::from(u32::MAX))
        .speed(1.0)
        .min_size(egui::vec2(width, 28.0));
    ui.add(field).accessible_name(label).on_hover_text(tip);
}
