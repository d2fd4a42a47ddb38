//! A few icons drawn with lines, so that they follow colour, size and theme.

use eframe::egui;
use egui::{
    Button, Color32, CornerRadius, Painter, Pos2, Rect, Response, Shape, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// A speech bubble with a question mark.
    Ask,
    /// Four pictures.
    Gallery,
    /// A tick in a box.
    Vote,
    /// Three bars on a line.
    Evaluate,
    /// A falling curve over two axes.
    Train,
    /// Two pictures, one after the other.
    Dataset,
    /// A box seen from a corner.
    Models,
    /// A star.
    Star,
    /// Three sliders.
    Settings,
    /// A circled i.
    About,
    /// A die.
    Dice,
    /// A cross.
    Close,
    /// A triangle to the right.
    Play,
    /// Two bars.
    Pause,
    /// An arrow up.
    Up,
    /// An arrow down.
    Down,
    /// An arrow that goes round.
    Again,
    /// Bars, each after the other.
    Times,
}

/// Paints an icon into a square.
pub fn paint_icon(painter: &Painter, icon: Icon, rect: Rect, colour: Color32) {
    let at = |x: f32, y: f32| -> Pos2 {
        pos2(
            rect.left() + rect.width() * x / 24.0,
            rect.top() + rect.height() * y / 24.0,
        )
    };
    let unit = rect.width() / 24.0;
    let stroke = Stroke::new((1.8 * unit).max(1.2), colour);
    let dot = |x, y, radius: f32| painter.circle_filled(at(x, y), radius * unit, colour);
    match icon {
        Icon::Ask => {
            let bubble = Rect::from_min_max(at(2.5, 3.0), at(21.5, 17.5));
            let radius = CornerRadius::same((5.0 * unit) as u8);
            painter.rect_stroke(bubble, radius, stroke, StrokeKind::Middle);
            painter.line(vec![at(7.0, 17.5), at(7.0, 21.5), at(11.5, 17.5)], stroke);
            painter.line(
                vec![
                    at(9.8, 8.2),
                    at(10.6, 6.9),
                    at(12.0, 6.5),
                    at(13.5, 7.0),
                    at(14.1, 8.3),
                    at(13.5, 9.6),
                    at(12.2, 10.5),
                    at(12.0, 11.8),
                ],
                stroke,
            );
            dot(12.0, 14.3, 1.1);
        }
        Icon::Gallery => {
            for (x, y) in [(3.0, 3.5), (13.5, 3.5), (3.0, 14.0), (13.5, 14.0)] {
                let picture = Rect::from_min_max(at(x, y), at(x + 7.5, y + 7.0));
                let radius = CornerRadius::same((1.8 * unit) as u8);
                painter.rect_stroke(picture, radius, stroke, StrokeKind::Middle);
            }
        }
        Icon::Vote => {
            let paper = Rect::from_min_max(at(3.5, 3.5), at(20.5, 20.5));
            let radius = CornerRadius::same((4.0 * unit) as u8);
            painter.rect_stroke(paper, radius, stroke, StrokeKind::Middle);
            painter.line(vec![at(7.5, 12.5), at(10.8, 15.8), at(16.8, 8.5)], stroke);
        }
        Icon::Evaluate => {
            painter.line_segment([at(3.0, 20.5), at(21.0, 20.5)], stroke);
            for (left, top) in [(4.5, 13.0), (10.0, 4.0), (15.5, 9.0)] {
                let bar = Rect::from_min_max(at(left, top), at(left + 4.0, 20.5));
                painter.rect_stroke(bar, CornerRadius::same(1), stroke, StrokeKind::Middle);
            }
        }
        Icon::Train => {
            painter.line(vec![at(3.5, 3.0), at(3.5, 20.5), at(21.0, 20.5)], stroke);
            let curve = [
                (7.0, 4.5),
                (8.2, 9.2),
                (10.0, 12.8),
                (12.8, 15.2),
                (16.2, 16.4),
                (20.5, 16.9),
            ];
            painter.line(curve.map(|(x, y)| at(x, y)).to_vec(), stroke);
        }
        Icon::Dataset => {
            let radius = CornerRadius::same((2.0 * unit) as u8);
            let after = Rect::from_min_max(at(8.5, 9.0), at(21.5, 20.5));
            painter.rect_stroke(after, radius, stroke, StrokeKind::Middle);
            let before = [
                at(5.0, 15.0),
                at(2.5, 15.0),
                at(2.5, 3.5),
                at(15.5, 3.5),
                at(15.5, 5.5),
            ];
            painter.line(before.to_vec(), stroke);
            painter.line(
                vec![
                    at(10.5, 18.0),
                    at(13.5, 13.8),
                    at(16.0, 16.2),
                    at(17.4, 14.6),
                    at(19.5, 18.0),
                ],
                stroke,
            );
        }
        Icon::Models => {
            let rim = [
                (12.0, 2.6),
                (20.4, 7.2),
                (20.4, 16.8),
                (12.0, 21.4),
                (3.6, 16.8),
                (3.6, 7.2),
            ];
            let rim = rim.map(|(x, y)| at(x, y)).to_vec();
            painter.add(Shape::closed_line(rim, stroke));
            painter.line(vec![at(3.6, 7.2), at(12.0, 11.9), at(20.4, 7.2)], stroke);
            painter.line_segment([at(12.0, 11.9), at(12.0, 21.4)], stroke);
        }
        Icon::Star => {
            // Two shapes, because the painter fills convex ones: five spikes around a pentagon.
            let corner = |i: i32, radius: f32| {
                let angle = (i as f32 * 36.0 - 90.0).to_radians();
                at(12.0 + radius * angle.cos(), 12.5 + radius * angle.sin())
            };
            for spike in [0, 2, 4, 6, 8] {
                let points = vec![
                    corner(spike - 1, 4.4),
                    corner(spike, 10.5),
                    corner(spike + 1, 4.4),
                ];
                painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
            }
            let middle = [1, 3, 5, 7, 9].map(|i| corner(i, 4.6)).to_vec();
            painter.add(Shape::convex_polygon(middle, colour, Stroke::NONE));
        }
        Icon::Settings => {
            for (y, knob) in [(6.0, 15.5), (12.0, 8.5), (18.0, 13.5)] {
                painter.line_segment([at(3.0, y), at(21.0, y)], stroke);
                dot(knob, y, 2.7);
            }
        }
        Icon::About => {
            painter.circle_stroke(at(12.0, 12.0), 9.5 * unit, stroke);
            painter.line_segment([at(12.0, 11.0), at(12.0, 17.0)], stroke);
            dot(12.0, 7.6, 1.3);
        }
        Icon::Dice => {
            let die = Rect::from_min_max(at(3.5, 3.5), at(20.5, 20.5));
            let radius = CornerRadius::same((4.0 * unit) as u8);
            painter.rect_stroke(die, radius, stroke, StrokeKind::Middle);
            for (x, y) in [
                (8.0, 8.0),
                (16.0, 8.0),
                (12.0, 12.0),
                (8.0, 16.0),
                (16.0, 16.0),
            ] {
                dot(x, y, 1.7);
            }
        }
        Icon::Play => {
            let corners = vec![at(7.0, 4.5), at(19.5, 12.0), at(7.0, 19.5)];
            painter.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
        }
        Icon::Pause => {
            for left in [6.0, 14.0] {
                let bar = Rect::from_min_max(at(left, 5.0), at(left + 4.0, 19.0));
                painter.rect_filled(bar, CornerRadius::same(1), colour);
            }
        }
        Icon::Up => {
            painter.line(vec![at(6.0, 11.0), at(12.0, 5.0), at(18.0, 11.0)], stroke);
            painter.line_segment([at(12.0, 5.0), at(12.0, 19.5)], stroke);
        }
        Icon::Down => {
            painter.line(vec![at(6.0, 13.0), at(12.0, 19.0), at(18.0, 13.0)], stroke);
            painter.line_segment([at(12.0, 4.5), at(12.0, 19.0)], stroke);
        }
        Icon::Again => {
            // Three quarters of a circle, and a head at its end.
            let arc = (0..=18).map(|i| {
                let angle = (-30.0 - 15.0 * i as f32).to_radians();
                at(12.0 + 7.5 * angle.cos(), 12.5 + 7.5 * angle.sin())
            });
            painter.line(arc.collect(), stroke);
            painter.line(vec![at(19.5, 3.5), at(19.0, 9.0), at(13.5, 8.5)], stroke);
        }
        Icon::Times => {
            for (left, right, y) in [(3.0, 10.0, 5.5), (8.0, 17.0, 12.0), (14.0, 21.0, 18.5)] {
                let bar = Rect::from_min_max(at(left, y - 2.2), at(right, y + 2.2));
                painter.rect_filled(bar, CornerRadius::same(1), colour);
            }
        }
        Icon::Close => {
            painter.line_segment([at(6.0, 6.0), at(18.0, 18.0)], stroke);
            painter.line_segment([at(18.0, 6.0), at(6.0, 18.0)], stroke);
        }
    }
}

/// A square button with an icon; `label` is what it is called.
pub fn icon_button(ui: &mut Ui, icon: Icon, label: &str, side: f32) -> Response {
    let response = ui.add(Button::new("").min_size(vec2(side, side)));
    let colour = ui.style().interact(&response).fg_stroke.color;
    let rect = Rect::from_center_size(response.rect.center(), vec2(0.58, 0.58) * side);
    paint_icon(ui.painter(), icon, rect, colour);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), label));
    response.on_hover_text(label)
}
