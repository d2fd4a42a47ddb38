//! The way in: the welcome, the tour over the real controls, and the Help page.

mod help;
mod keys;
mod tour;
mod welcome;

pub use help::HelpPage;
pub use tour::{follow_stop, keys as tour_keys, tour_ui};
pub use welcome::welcome_ui;

use super::Cx;
use crate::app::state::Stop;
use eframe::egui::Rect;

/// Where the controls of the tour are in this frame.
#[derive(Debug, Default)]
pub struct Spots([Option<Rect>; Stop::ALL.len()]);

impl Spots {
    /// Forgets all; a frame begins.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Notes where a control is.
    pub fn note(&mut self, stop: Stop, rect: Rect) {
        if let Some(place) = self.0.get_mut(stop.place()) {
            *place = Some(rect);
        }
    }

    fn of(&self, stop: Stop) -> Option<Rect> {
        self.0.get(stop.place()).copied().flatten()
    }
}
