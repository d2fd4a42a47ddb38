//! A word on a small coloured ground, which says what something is.

use crate::app::theme::Tokens;
use eframe::egui;
use egui::{Color32, CornerRadius, FontId, Response, Sense, StrokeKind, Ui, WidgetInfo, vec2};

/// What a badge is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A plain fact.
    Quiet,
    /// What is in use.
    Accent,
    /// Something worth knowing.
    Warning,
    /// Something wrong.
    Error,
}

/// Shows a badge.
pub fn badge(ui: &mut Ui, tokens: &Tokens, tone: Tone, text: &str) -> Response {
    let (ground, colour) = match tone {
        Tone::Quiet => (Color32::TRANSPARENT, tokens.text_weak),
        Tone::Accent => (tokens.accent_soft, tokens.on_accent_soft),
        Tone::Warning => (tokens.warning_soft, tokens.warning),
        Tone::Error => (tokens.error_soft, tokens.error),
    };
    let font = FontId::proportional(11.5);
    let words = ui.painter().layout_no_wrap(text.to_owned(), font, colour);
    let (rect, response) = ui.allocate_exact_size(words.size() + vec2(14.0, 5.0), Sense::hover());
    let radius = CornerRadius::same(9);
    ui.painter().rect_filled(rect, radius, ground);
    if tone == Tone::Quiet {
        let line = egui::Stroke::new(1.0, tokens.field_border);
        ui.painter()
            .rect_stroke(rect, radius, line, StrokeKind::Inside);
    }
    let place = rect.center() - words.size() / 2.0;
    ui.painter().galley(place, words, colour);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, text));
    response
}
