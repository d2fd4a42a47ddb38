//! The pixels under the pointer, enlarged, with their numbers.

use super::Look;
use crate::app::theme::{CONTROL_RADIUS, space};
use eframe::egui;
use egui::{
    Align2, Color32, CornerRadius, FontId, Mesh, Pos2, Rect, Sense, Shape, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, vec2,
};
use image::RgbImage;

/// Pixels from the middle of an enlarged square to its edge.
const REACH: i64 = 5;
/// Side of an enlarged pixel, in points.
const CELL: f32 = 9.0;
/// Side of an enlarged square, in points.
const SQUARE: f32 = (2 * REACH + 1) as f32 * CELL;
/// Height of a line of numbers, in points.
const LINE: f32 = 17.0;
/// Size of the whole loupe, in points.
const SIZE: Vec2 = vec2(
    2.0 * SQUARE + 3.0 * space::S,
    SQUARE + 4.0 * LINE + 3.0 * space::S,
);

/// The values at one place of A, and of B lying over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Column and row in A.
    pub a_at: [u32; 2],
    /// Red, green and blue there.
    pub a: [u8; 3],
    /// Column and row in B.
    pub b_at: [u32; 2],
    /// Red, green and blue there.
    pub b: [u8; 3],
}

impl Reading {
    /// Reads at a place in pixels of A, whole numbers being the corners of pixels; none outside.
    pub fn at(a: &RgbImage, b: &RgbImage, place: [f64; 2]) -> Option<Self> {
        let sides = [a.width(), a.height()].map(f64::from);
        let part = [0, 1].map(|axis| place[axis] / sides[axis]);
        if !part.iter().all(|part| (0.0..1.0).contains(part)) {
            return None;
        }
        let pixel = |picture: &RgbImage| {
            let sides = [picture.width(), picture.height()];
            let at = [0, 1].map(|axis| {
                let place = part[axis] * f64::from(sides[axis]);
                (place as u32).min(sides[axis].saturating_sub(1))
            });
            let value = picture.get_pixel_checked(at[0], at[1])?.0;
            Some((at, value))
        };
        let ((a_at, a), (b_at, b)) = (pixel(a)?, pixel(b)?);
        Some(Self { a_at, a, b_at, b })
    }

    /// `B − A` per channel.
    pub fn difference(&self) -> [i16; 3] {
        [0, 1, 2].map(|channel| i16::from(self.b[channel]) - i16::from(self.a[channel]))
    }
}

fn numbers<T: std::fmt::Display>(values: [T; 3]) -> String {
    values.map(|value| format!("{value:>4}")).concat()
}

impl Look<'_> {
    /// Draws the loupe into the corner of `rect` that is farthest from the pointer.
    pub(super) fn loupe_ui(&self, ui: &Ui, rect: Rect, pointer: Pos2, reading: Reading) {
        let room = rect.shrink(space::S);
        let right = pointer.x < room.center().x;
        let below = pointer.y < room.center().y;
        let corner = match (right, below) {
            (false, false) => Align2::LEFT_TOP,
            (true, false) => Align2::RIGHT_TOP,
            (false, true) => Align2::LEFT_BOTTOM,
            (true, true) => Align2::RIGHT_BOTTOM,
        };
        let place = corner.align_size_within_rect(SIZE, room);
        let painter = ui.painter_at(rect);
        let radius = CornerRadius::same(CONTROL_RADIUS);
        painter.rect_filled(place, radius, self.tokens.panel);
        let border = Stroke::new(1.0, self.tokens.card_border);
        painter.rect_stroke(place, radius, border, StrokeKind::Inside);

        let mut left = place.min + Vec2::splat(space::S);
        for (picture, at) in [(self.a, reading.a_at), (self.b, reading.b_at)] {
            let square = Rect::from_min_size(left, Vec2::splat(SQUARE));
            painter.rect_filled(square, CornerRadius::ZERO, self.tokens.well);
            painter.add(Shape::mesh(enlarged(picture, at, square.min)));
            let middle = Rect::from_center_size(square.center(), Vec2::splat(CELL));
            for (grown, colour) in [(1.0, Color32::BLACK), (0.0, Color32::WHITE)] {
                let stroke = Stroke::new(1.0, colour);
                let frame = middle.expand(grown);
                painter.rect_stroke(frame, CornerRadius::ZERO, stroke, StrokeKind::Outside);
            }
            left.x += SQUARE + space::S;
        }

        let lines = self.loupe_lines(reading);
        let mut at = place.min + vec2(space::S, SQUARE + 2.0 * space::S);
        for (name, value) in &lines {
            let font = FontId::proportional(12.0);
            painter.text(at, Align2::LEFT_TOP, name, font, self.tokens.text_weak);
            let end = Pos2::new(place.right() - space::S, at.y);
            let font = FontId::monospace(12.0);
            painter.text(end, Align2::RIGHT_TOP, value, font, self.tokens.text);
            at.y += LINE;
        }
        let label = lines.map(|(name, value)| format!("{name} {value}"));
        let label = label.join("\n");
        let response = ui.interact(place, ui.scope_id().with("look-loupe"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Status, true, &label));
    }

    fn loupe_lines(&self, reading: Reading) -> [(String, String); 4] {
        let [x, y] = reading.a_at;
        let difference = reading.difference().map(|value| {
            // A true minus sign has the width of a plus.
            format!("{value:+}").replace('-', "−").replace("+0", "0")
        });
        [
            (
                self.texts.get("look-loupe-place").into_owned(),
                format!("{x}, {y}"),
            ),
            (self.a_name.to_owned(), numbers(reading.a)),
            (self.b_name.to_owned(), numbers(reading.b)),
            (
                self.texts.get("look-loupe-difference").into_owned(),
                numbers(difference),
            ),
        ]
    }
}

/// The pixels around `at` as squares of [`CELL`] points.
fn enlarged(picture: &RgbImage, at: [u32; 2], corner: Pos2) -> Mesh {
    let mut mesh = Mesh::default();
    for (row, y) in (-REACH..=REACH).enumerate() {
        for (column, x) in (-REACH..=REACH).enumerate() {
            let place = [i64::from(at[0]) + x, i64::from(at[1]) + y].map(u32::try_from);
            if let [Ok(x), Ok(y)] = place
                && let Some(pixel) = picture.get_pixel_checked(x, y)
            {
                let [red, green, blue] = pixel.0;
                let corner = corner + vec2(column as f32, row as f32) * CELL;
                let cell = Rect::from_min_size(corner, Vec2::splat(CELL));
                mesh.add_colored_rect(cell, Color32::from_rgb(red, green, blue));
            }
        }
    }
    mesh
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn a_reading_is_of_the_same_place_in_both() {
        let a = RgbImage::from_fn(10, 6, |x, y| Rgb([x as u8, y as u8, 200]));
        let b = RgbImage::from_fn(20, 12, |x, y| Rgb([x as u8, y as u8, 10]));
        let reading = Reading::at(&a, &b, [9.6, 2.4]).expect("on the picture");
        assert_eq!((reading.a_at, reading.a), ([9, 2], [9, 2, 200]));
        assert_eq!((reading.b_at, reading.b), ([19, 4], [19, 4, 10]));
        assert_eq!(reading.difference(), [10, 2, -190]);
    }

    #[test]
    fn beside_the_picture_there_is_nothing_to_read() {
        let a = RgbImage::new(4, 4);
        for place in [[-0.1, 0.0], [0.0, 4.0], [f64::NAN, 0.0]] {
            assert_eq!(Reading::at(&a, &a, place), None);
        }
        assert_eq!(Reading::at(&a, &RgbImage::new(0, 0), [0.0, 0.0]), None);
    }
}
