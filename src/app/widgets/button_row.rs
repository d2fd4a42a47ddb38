//! A few buttons side by side, all of one size, in the middle of what there is.

use crate::app::theme::space;
use eframe::egui;
use egui::{Ui, Vec2, vec2};

/// Width of a button, where there is room.
const WIDTH: f32 = 168.0;
const HEIGHT: f32 = 34.0;
/// In less than this, words do not fit into buttons side by side.
const LEAST: f32 = 150.0;

/// Height of so many buttons in a room of this width.
pub fn button_row_height(count: usize, room: f32) -> f32 {
    let count = count.max(1) as f32;
    match is_stacked(count, room) {
        true => HEIGHT * count + space::S * (count - 1.0),
        false => HEIGHT,
    }
}

fn is_stacked(count: f32, room: f32) -> bool {
    count > 1.0 && (room - space::S * (count - 1.0)) / count < LEAST
}

/// Makes room for `count` buttons in a row, or one below the other where it is narrow; `add` draws them
/// at the size it is given.
pub fn button_row<R>(ui: &mut Ui, count: usize, add: impl FnOnce(&mut Ui, Vec2) -> R) -> R {
    let (room, count) = (ui.available_width(), count.max(1) as f32);
    if is_stacked(count, room) {
        let column = ui.vertical_centered(|ui| {
            ui.spacing_mut().item_spacing.y = space::S;
            add(ui, vec2(WIDTH.min(room), HEIGHT))
        });
        return column.inner;
    }
    let gaps = space::S * (count - 1.0);
    let width = WIDTH.min((room - gaps) / count).max(0.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        ui.add_space(((room - gaps - width * count) / 2.0).max(0.0));
        add(ui, vec2(width, HEIGHT))
    })
    .inner
}
