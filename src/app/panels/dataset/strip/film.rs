//! The frames in a row. Only those on screen are laid out, and only their thumbnails are made.

use super::Cx;
use crate::app::state::{Action, OpenStrip, StripAction};
use crate::app::theme::{CARD_RADIUS, CONTROL_RADIUS, space};
use crate::app::widgets::{RowTextures, fit, offset_to_row, paint_picture, words_in};
use eframe::egui;
use egui::{
    Button, CornerRadius, Direction, Layout, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind,
    Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

/// Height of a picture.
const PICTURE: f32 = 78.0;
/// Height of the buttons below it.
const BUTTONS: f32 = 24.0;
/// Height of the whole row, with its scroll bar.
pub const HEIGHT: f32 = PICTURE + BUTTONS + 30.0;
/// A frame is at least this wide, so that its buttons have room.
const LEAST: f32 = 118.0;
/// Frames beyond the screen whose thumbnails are made in advance.
const AHEAD: usize = 12;

/// View state of the row.
#[derive(Default)]
pub struct Film {
    viewport: (f32, f32),
    /// The cursor of the last frame: where it has moved since, it is brought into view.
    cursor: Option<usize>,
    textures: RowTextures<usize>,
}

impl Film {
    /// Draws the row.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, strip: &OpenStrip, actions: &mut Vec<Action>) {
        let width = width(strip);
        let step = width + space::S;
        let mut area = ScrollArea::horizontal().id_salt("film").auto_shrink(false);
        if self.cursor.replace(strip.cursor) != Some(strip.cursor)
            && let Some(offset) = offset_to_row(strip.cursor, step, self.viewport)
        {
            area = area.horizontal_scroll_offset(offset);
        }
        // A wheel turns the row as well.
        ui.style_mut().always_scroll_the_only_direction = true;
        let count = strip.frames.len();
        let mut seen = 0..0;
        let output = area.show_viewport(ui, |ui, viewport| {
            ui.set_width(step * count as f32);
            ui.set_height(PICTURE + BUTTONS);
            let first = (viewport.min.x / step).floor().max(0.0) as usize;
            let last = ((viewport.max.x / step).ceil().max(0.0) as usize).min(count);
            seen = first..last;
            for frame in seen.clone() {
                let corner = ui.max_rect().min + vec2(step * frame as f32, 0.0);
                let rect = Rect::from_min_size(corner, vec2(width, PICTURE + BUTTONS));
                self.frame_ui(ui, cx, (strip, frame), rect, actions);
            }
        });
        self.viewport = (output.state.clamped_offset().x, output.inner_rect.width());
        let visible: Vec<usize> = seen.clone().collect();
        self.textures.keep(&visible);
        let wanted = seen.start..(seen.end + AHEAD).min(count);
        let wanted: Vec<usize> = wanted
            .filter(|frame| strip.thumb(*frame).is_none())
            .collect();
        if !wanted.is_empty() {
            actions.push(StripAction::Want(wanted).into());
        }
    }

    fn frame_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        (strip, frame): (&OpenStrip, usize),
        rect: Rect,
        actions: &mut Vec<Action>,
    ) {
        let well = Rect::from_min_size(rect.min, vec2(rect.width(), PICTURE));
        let id = ui.scope_id().with(("frame", frame));
        let response = ui.interact(well, id, Sense::click());
        let radius = CornerRadius::same(CARD_RADIUS - 5);
        ui.painter().rect_filled(well, radius, cx.tokens.well);
        match strip.thumb(frame) {
            Some(Ok(thumb)) => {
                if let Some(texture) = self.textures.texture(ui.ctx(), frame, &thumb.picture) {
                    let size = vec2(thumb.size.0 as f32, thumb.size.1 as f32);
                    paint_picture(ui.painter(), &texture, fit(size, well), CARD_RADIUS - 6);
                }
            }
            Some(Err(problem)) => {
                ui.painter().rect_filled(well, radius, cx.tokens.error_soft);
                let message = &cx.message(problem);
                words_in(ui, well.shrink(6.0), message, 11.5, 4, cx.tokens.error);
            }
            None => {}
        }
        let picked = strip.before == Some(frame) || strip.after == Some(frame);
        let chosen = strip.cursor == frame;
        let line = match (chosen, picked || response.hovered()) {
            (true, _) => Some(Stroke::new(2.5, cx.tokens.accent)),
            (false, true) => Some(Stroke::new(1.5, cx.tokens.accent)),
            (false, false) => None,
        };
        if let Some(line) = line {
            ui.painter()
                .rect_stroke(well, radius, line, StrokeKind::Inside);
        }
        number_ui(ui, cx, well, frame);
        let number = ("number", (frame + 1).into());
        let label = cx.text("strip-frame", std::slice::from_ref(&number));
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, chosen, &label));
        if response
            .on_hover_cursor(egui::CursorIcon::PointingHand)
            .clicked()
        {
            actions.push(StripAction::Select(frame).into());
        }
        let half = (rect.width() - space::XS) / 2.0;
        for (side, name, label, taken, action) in [
            (
                0.0,
                "dataset-before",
                "strip-frame-before",
                strip.before == Some(frame),
                StripAction::Before(Some(frame)),
            ),
            (
                1.0,
                "dataset-after",
                "strip-frame-after",
                strip.after == Some(frame),
                StripAction::After(Some(frame)),
            ),
        ] {
            let left = rect.left() + side * (half + space::XS);
            let place =
                Rect::from_min_size(pos2(left, well.bottom() + 3.0), vec2(half, BUTTONS - 4.0));
            let layout = Layout::centered_and_justified(Direction::LeftToRight);
            let builder = UiBuilder::new()
                .max_rect(place)
                .layout(layout)
                .id_salt((frame, name));
            let mut child = ui.new_child(builder);
            child.spacing_mut().button_padding = vec2(2.0, 0.0);
            let button = Button::selectable(taken, RichText::new(cx.tr(name)).size(11.5))
                .frame_when_inactive(true)
                .corner_radius(CornerRadius::same(CONTROL_RADIUS - 3));
            let button = child.add(button);
            let number = ("number", (frame + 1).into());
            if button.accessible_name(cx.text(label, &[number])).clicked() {
                actions.push(action.into());
            }
        }
    }
}

/// The number of a frame in a corner of its picture.
fn number_ui(ui: &Ui, cx: &Cx<'_>, well: Rect, frame: usize) {
    let font = egui::FontId::proportional(11.0);
    let number = (frame + 1).to_string();
    let galley = ui.painter().layout_no_wrap(number, font, cx.tokens.text);
    let size = galley.size() + vec2(8.0, 2.0);
    let place = Rect::from_min_size(well.left_bottom() + vec2(4.0, -4.0 - size.y), size);
    let fill = cx.tokens.card.gamma_multiply(0.85);
    ui.painter().rect_filled(place, 4, fill);
    ui.painter()
        .galley(place.min + vec2(4.0, 1.0), galley, cx.tokens.text);
}

/// How wide a frame is, by the shape of the first one that is known.
fn width(strip: &OpenStrip) -> f32 {
    let known = (0..strip.frames.len().min(64)).find_map(|frame| strip.thumb(frame)?.as_ref().ok());
    let shape = known.map_or(1.6, |thumb| {
        thumb.size.0 as f32 / thumb.size.1.max(1) as f32
    });
    (PICTURE * shape).clamp(LEAST, 2.2 * PICTURE).round()
}
