//! What pointer and keys do to a view.

use super::compare::{Compare, LookState, WipeLine};
use super::view::View;
use eframe::egui;
use egui::{CursorIcon, EventFilter, Id, Key, Modifiers, Pos2, Rect, Response, Sense, Ui};

/// Wheel points that zoom by a factor of e.
const WHEEL_POINTS: f32 = 240.0;
/// Half the width of the band in which the line of a wipe can be taken, in points.
const GRIP: f32 = 7.0;
/// Part of the view that an arrow key moves.
const ARROW_PART: f64 = 0.1;

/// Takes wheel, pinch, drag, double click and hold.
pub(super) fn pointer(ui: &Ui, state: &mut LookState, view: &View) {
    let response = &view.response;
    if response.contains_pointer()
        && let Some(at) = response.ctx.pointer_hover_pos()
    {
        let factor = ui.input_mut(|input| {
            let wheel = std::mem::take(&mut input.smooth_scroll_delta);
            input.zoom_delta() * (wheel.y / WHEEL_POINTS).exp()
        });
        if factor != 1.0 {
            let at = view.in_pixels(ui, at);
            state.viewport.zoom_by(view.room, f64::from(factor), at);
        }
    }
    if response.dragged() {
        let by = response.drag_delta() * ui.ctx().pixels_per_point();
        state
            .viewport
            .pan(view.room, [f64::from(by.x), f64::from(by.y)]);
    }
    if response.double_clicked() {
        state.viewport.fit();
    }
    state.held |= response.is_pointer_button_down_on();
}

/// Takes the keys of a view that is under the pointer or has the focus.
pub(super) fn keys(ui: &Ui, state: &mut LookState, view: &View) {
    let focused = view.response.has_focus();
    if ui.ctx().text_edit_focused() || !(focused || view.response.contains_pointer()) {
        return;
    }
    let pressed = |keys: &[Key]| {
        ui.input_mut(|input| {
            let mut pressed = keys.iter();
            pressed.any(|key| input.consume_key(Modifiers::NONE, *key))
        })
    };
    if pressed(&[Key::Num0, Key::F]) {
        state.viewport.fit();
    }
    if pressed(&[Key::Num1]) {
        state.viewport.one_to_one();
    }
    if pressed(&[Key::Plus, Key::Equals]) {
        state.viewport.step(view.room, true);
    }
    if pressed(&[Key::Minus]) {
        state.viewport.step(view.room, false);
    }
    if pressed(&[Key::L]) {
        state.loupe = !state.loupe;
    }
    state.held |= ui.input(|input| input.key_down(Key::A) && input.modifiers.is_none());
    if focused {
        let filter = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(view.response.id, filter));
        for (key, x, y) in [
            (Key::ArrowLeft, 1.0, 0.0),
            (Key::ArrowRight, -1.0, 0.0),
            (Key::ArrowUp, 0.0, 1.0),
            (Key::ArrowDown, 0.0, -1.0),
        ] {
            if pressed(&[key]) {
                let [width, height] = view.room.view.map(|side| f64::from(side) * ARROW_PART);
                state.viewport.pan(view.room, [x * width, y * height]);
            }
        }
    }
}

/// The line of a wipe across a view, as a rectangle without width.
pub(super) fn wipe_line(state: &LookState, rect: Rect) -> Rect {
    let at = |range: egui::Rangef| range.min + state.wipe_position * range.span();
    match state.wipe_line {
        WipeLine::Vertical => {
            let x = at(rect.x_range());
            Rect::from_x_y_ranges(x..=x, rect.y_range())
        }
        WipeLine::Horizontal => {
            let y = at(rect.y_range());
            Rect::from_x_y_ranges(rect.x_range(), y..=y)
        }
    }
}

/// Lets the line of a wipe be dragged; none where there is no line.
pub(super) fn drag_line(
    ui: &Ui,
    id: Id,
    state: &mut LookState,
    rect: Rect,
    label: &str,
) -> Option<Response> {
    if state.compare != Compare::Wipe {
        return None;
    }
    let grip = wipe_line(state, rect).expand(GRIP).intersect(rect);
    // A drag alone takes no place in the order of the Tab key; the slider of the controls does.
    let response = ui.interact(grip, id, Sense::DRAG);
    if let Some(pointer) = response.interact_pointer_pos() {
        state.wipe_position = part_of(state.wipe_line, rect, pointer);
    }
    let value = f64::from(state.wipe_position);
    response.widget_info(|| egui::WidgetInfo::slider(true, value, label));
    let cursor = match state.wipe_line {
        WipeLine::Vertical => CursorIcon::ResizeHorizontal,
        WipeLine::Horizontal => CursorIcon::ResizeVertical,
    };
    Some(response.on_hover_and_drag_cursor(cursor))
}

fn part_of(line: WipeLine, rect: Rect, pointer: Pos2) -> f32 {
    let part = match line {
        WipeLine::Vertical => (pointer.x - rect.left()) / rect.width(),
        WipeLine::Horizontal => (pointer.y - rect.top()) / rect.height(),
    };
    if part.is_finite() {
        part.clamp(0.0, 1.0)
    } else {
        0.5
    }
}
