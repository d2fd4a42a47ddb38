//! Where to stand in a page that is larger than its window.

use eframe::egui;
use egui::{Rect, Ui, Vec2, vec2};

/// What has to be in view of a place, at least, for something to stand in the middle of that.
const ENOUGH: Vec2 = vec2(280.0, 160.0);

/// The part of a place that is in view; all of it where that is too little to stand in. In a window that
/// is smaller than its page, the middle of the page is often out of sight.
pub fn in_view(ui: &Ui, place: Rect) -> Rect {
    let seen = place.intersect(ui.clip_rect());
    let enough = ENOUGH.min(place.size());
    match seen.width() >= enough.x && seen.height() >= enough.y {
        true => seen,
        false => place,
    }
}
