//! Says that something is going on: a wheel that turns, or three dots where things stand still.

use crate::app::theme;
use eframe::egui;
use egui::{Rect, Response, Role, Sense, Spinner, Ui, Widget, WidgetInfo, vec2};

/// The wheel.
#[derive(Default)]
pub struct Wheel {
    side: Option<f32>,
}

impl Wheel {
    /// A wheel as high as a control.
    pub fn new() -> Self {
        Self::default()
    }

    /// A wheel with this side, in points.
    pub fn size(self, side: f32) -> Self {
        Self { side: Some(side) }
    }

    /// Draws it there.
    pub fn paint_at(&self, ui: &Ui, rect: Rect) {
        if !theme::stands_still(ui.ctx()) {
            Spinner::new().paint_at(ui, rect);
            return;
        }
        let radius = rect.width().min(rect.height()) * 0.1;
        let colour = ui.visuals().strong_text_color();
        for step in [-1.0, 0.0, 1.0] {
            let at = rect.center() + vec2(step * radius * 3.4, 0.0);
            ui.painter().circle_filled(at, radius, colour);
        }
    }
}

impl Widget for Wheel {
    fn ui(self, ui: &mut Ui) -> Response {
        let side = self.side.unwrap_or(ui.style().spacing.interact_size.y);
        let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
        response.widget_info(|| WidgetInfo::new(Role::ProgressIndicator));
        self.paint_at(ui, rect);
        response
    }
}
