//! Where the keyboard is: a ring around the control that has the focus, and lists that scroll to it.

use crate::app::theme::{CONTROL_RADIUS, Tokens};
use eframe::egui;
use egui::{Context, CornerRadius, Id, Key, Rect, Stroke, StrokeKind, Ui};

/// Knows whether the person is on the keyboard now. Who points needs no ring.
#[derive(Default)]
pub struct FocusRing {
    by_keyboard: bool,
}

impl FocusRing {
    /// Draws the ring; after everything else of the frame.
    pub fn ui(&mut self, ctx: &Context, tokens: &Tokens) {
        const KEYS: [Key; 5] = [
            Key::Tab,
            Key::ArrowUp,
            Key::ArrowDown,
            Key::ArrowLeft,
            Key::ArrowRight,
        ];
        ctx.input(|input| {
            if input.pointer.any_pressed() {
                self.by_keyboard = false;
            } else if KEYS.iter().any(|key| input.key_pressed(*key)) {
                self.by_keyboard = true;
            }
        });
        let focused = ctx.memory(|memory| memory.focused());
        let focused = focused.filter(|_| self.by_keyboard);
        let Some(response) = focused.and_then(|id| ctx.read_response(id)) else {
            return;
        };
        // With a gap, so that it stands out around what has the accent's colour itself.
        let room = response.interact_rect.expand(5.0);
        ctx.layer_painter(response.layer_id)
            .with_clip_rect(room)
            .rect_stroke(
                response.rect.expand(2.0),
                CornerRadius::same(CONTROL_RADIUS + 2),
                Stroke::new(2.0, tokens.accent),
                StrokeKind::Outside,
            );
    }
}

/// Frames in which a list goes after the focus: it may scroll smoothly, or stand inside another list
/// that scrolls as well.
const FRAMES: u8 = 30;

/// Scrolls to the control that has got the focus by the keyboard, where this list holds it. Called
/// inside a vertical scroll area, before its content is drawn.
pub fn follow_focus(ui: &Ui) {
    let (top, across) = (ui.min_rect().top(), ui.clip_rect().x_range());
    follow_focus_in(ui, Rect::from_x_y_ranges(across, top..=f32::INFINITY));
}

/// The same in a scroll area whose content takes this place.
pub fn follow_focus_in(ui: &Ui, content: Rect) {
    let ctx = ui.ctx();
    let key = ui.scope_id().with("followed");
    let focused = ctx.memory(|memory| memory.focused());
    let known = ctx.data(|data| data.get_temp::<(Option<Id>, u8)>(key));
    let frames = match known {
        Some((followed, frames)) if followed == focused => frames,
        _ => FRAMES,
    };
    if frames == 0 {
        return;
    }
    ctx.data_mut(|data| data.insert_temp(key, (focused, frames - 1)));
    let Some(response) = focused.and_then(|id| ctx.read_response(id)) else {
        return;
    };
    let inside = response.layer_id == ui.layer_id() && content.contains(response.rect.center());
    if inside && !ui.clip_rect().contains_rect(response.rect) {
        ui.scroll_to_rect(response.rect.expand(8.0), None);
    }
}
