//! The views: where they are, what is painted into them and over them.

use super::Look;
use super::compare::{Compare, LookState, Shade, WipeLine};
use super::input;
use super::loupe::Reading;
use super::painter::{LookPainter, view_px};
use super::scene::Scene;
use super::viewport::Room;
use crate::app::theme::{CONTROL_RADIUS, space};
use eframe::egui;
use egui::{
    Align2, Color32, CornerRadius, FontId, Id, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, vec2,
};

/// One of the views of a comparison.
pub(super) struct View {
    pub rect: Rect,
    pub room: Room,
    pub response: Response,
}

impl View {
    /// A place on screen in pixels from the view's corner.
    pub fn in_pixels(&self, ui: &Ui, at: Pos2) -> [f64; 2] {
        let pixels_per_point = f64::from(ui.ctx().pixels_per_point());
        let corner = [self.rect.min.x, self.rect.min.y];
        let at = [at.x, at.y].map(|points| f64::from(points) * pixels_per_point);
        // The view begins at a whole pixel.
        [0, 1].map(|axis| at[axis] - (f64::from(corner[axis]) * pixels_per_point).round())
    }

    fn on_screen(&self, ui: &Ui, [x, y]: [f64; 2]) -> Pos2 {
        let pixels_per_point = ui.ctx().pixels_per_point();
        let corner = self.rect.min.to_vec2() * pixels_per_point;
        (corner.round() + vec2(x as f32, y as f32)).to_pos2() / pixels_per_point
    }
}

impl Look<'_> {
    /// Draws the comparison into `rect` and follows pointer and keys.
    ///
    /// The wheel or a pinch zooms around the pointer, a drag pans, a double click fits; in a flip
    /// A is shown while the pointer is held down. With the pointer on it or the focus in it, `0`
    /// or `F` fits, `1` is 1:1, `+` and `-` zoom, `L` is the loupe and `A` shows A while held;
    /// arrows pan once it has the focus.
    ///
    /// Several comparisons on one page need a `push_id` each.
    pub fn view_ui(
        &self,
        ui: &mut Ui,
        painter: &mut LookPainter,
        state: &mut LookState,
        rect: Rect,
    ) {
        let id = ui.scope_id().with("look");
        let views: Vec<View> = parts(rect, state.compare)
            .into_iter()
            .enumerate()
            .map(|(index, rect)| self.view(ui, id.with(index), rect))
            .collect();
        state.held = false;
        for view in &views {
            state.room = view.room;
            input::pointer(ui, state, view);
            input::keys(ui, state, view);
        }
        let label = self.texts.get("look-wipe-position");
        let line = input::drag_line(ui, id.with("line"), state, rect, &label);

        let pointed = views.iter().find_map(|view| pointed(ui, state, view));
        for ((index, view), shade) in views.iter().enumerate().zip(state.shades()) {
            let placement = state.viewport.place(view.room);
            let scene = Scene::new(view.room, placement, self.b.dimensions().into(), shade);
            let pictures = [self.a, self.b];
            painter.paint(ui, id.with(("paint", index)), view.rect, scene, pictures);
            if let Some((_, place)) = pointed
                && !view.response.contains_pointer()
            {
                cross(ui, view, placement.view_at(place));
            }
            let whole = view.room.picture.map(f64::from);
            let picture = Rect::from_two_pos(
                view.on_screen(ui, placement.view_at([0.0, 0.0])),
                view.on_screen(ui, placement.view_at(whole)),
            );
            self.names(ui, view.rect.intersect(picture), shade);
            self.describe(ui, state, view);
        }
        if let Some(line) = line {
            let ends = input::wipe_line(state, rect);
            let hot = line.hovered() || line.dragged();
            let bright = Stroke::new(if hot { 2.0 } else { 1.0 }, Color32::WHITE);
            for stroke in [Stroke::new(3.0, Color32::from_black_alpha(110)), bright] {
                let painter = ui.painter_at(rect);
                painter.line_segment([ends.min, ends.max], stroke);
            }
        }
        if state.loupe
            && let Some((at, place)) = pointed
            && let Some(reading) = Reading::at(self.a, self.b, place)
        {
            self.loupe_ui(ui, rect, at, reading);
        }
    }

    fn view(&self, ui: &Ui, id: Id, rect: Rect) -> View {
        let room = Room {
            view: view_px(rect, ui.ctx().pixels_per_point()),
            picture: self.a.dimensions().into(),
        };
        let response = ui.interact(rect, id, Sense::click_and_drag());
        View {
            rect,
            room,
            response,
        }
    }

    /// The names of the pictures in the corners where they are; `rect` is what is seen of them.
    fn names(&self, ui: &Ui, rect: Rect, shade: Shade) {
        match shade {
            Shade::A => corner_label(ui, rect, Align2::LEFT_TOP, self.a_name),
            Shade::B => corner_label(ui, rect, Align2::LEFT_TOP, self.b_name),
            Shade::Wipe { line, .. } => {
                let other = match line {
                    WipeLine::Vertical => Align2::RIGHT_TOP,
                    WipeLine::Horizontal => Align2::LEFT_BOTTOM,
                };
                corner_label(ui, rect, Align2::LEFT_TOP, self.a_name);
                corner_label(ui, rect, other, self.b_name);
            }
            Shade::Blend { .. } | Shade::Difference { .. } => {}
        }
    }

    /// Says in words what the view shows, and rings it when it has the focus.
    fn describe(&self, ui: &Ui, state: &LookState, view: &View) {
        let zoom = 100.0 * state.viewport.scale(view.room);
        let compare = self.texts.get(state.compare.label());
        let values = [
            ("a", self.a_name.into()),
            ("b", self.b_name.into()),
            ("compare", compare.into_owned().into()),
            ("zoom", format!("{zoom:.0}").into()),
        ];
        let label = self.texts.with("look-view", &values);
        let response = &view.response;
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
        if response.has_focus() {
            let radius = CornerRadius::same(CONTROL_RADIUS);
            let stroke = Stroke::new(2.0, self.tokens.accent);
            ui.painter()
                .rect_stroke(view.rect, radius, stroke, StrokeKind::Inside);
        }
    }
}

/// The rectangles of the views.
fn parts(rect: Rect, compare: Compare) -> Vec<Rect> {
    if compare != Compare::SideBySide {
        return vec![rect];
    }
    let (left, right) = rect.split_left_right_at_fraction(0.5);
    let half_gap = space::XS / 2.0;
    vec![
        left.with_max_x(left.right() - half_gap),
        right.with_min_x(right.left() + half_gap),
    ]
}

/// The pointer and the place of A under it.
fn pointed(ui: &Ui, state: &LookState, view: &View) -> Option<(Pos2, [f64; 2])> {
    let at = ui.ctx().pointer_hover_pos()?;
    view.response.contains_pointer().then(|| {
        let placement = state.viewport.place(view.room);
        (at, placement.picture_at(view.in_pixels(ui, at)))
    })
}

/// Marks the place in one view that the pointer has in the other.
fn cross(ui: &Ui, view: &View, at: [f64; 2]) {
    let middle = view.on_screen(ui, at);
    let painter = ui.painter_at(view.rect);
    for (width, colour) in [(3.0, Color32::from_black_alpha(110)), (1.0, Color32::WHITE)] {
        for arm in [vec2(8.0, 0.0), vec2(0.0, 8.0)] {
            painter.line_segment([middle - arm, middle + arm], Stroke::new(width, colour));
        }
    }
}

/// A small label on a picture: light on dark, whatever the picture and the theme are.
fn corner_label(ui: &Ui, rect: Rect, corner: Align2, text: &str) {
    let painter = ui.painter_at(rect);
    let font = FontId::proportional(11.5);
    let galley = painter.layout_no_wrap(text.to_owned(), font, Color32::WHITE);
    let size = galley.size() + vec2(16.0, 7.0);
    let room = rect.shrink(space::S);
    if room.width() < size.x || room.height() < size.y {
        return;
    }
    let place = corner.align_size_within_rect(size, room);
    let fill = Color32::from_black_alpha(150);
    painter.rect_filled(place, CornerRadius::same(11), fill);
    let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), place);
    painter.galley(at.min, galley, Color32::WHITE);
}
