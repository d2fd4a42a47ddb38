//! What is wrong with the texts on screen: cut off where nothing scrolls, drawn over each other, wider
//! than the button they stand on. Measured on the glyphs that are painted, not on what a layout meant.

use eframe::egui;
use egui::Rect;
use egui::accesskit::Role;
use egui::epaint::{ClippedShape, Shape};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT as _;
use std::ops::Range;

/// Points that anti-aliasing and rounding may take.
const SLACK: f32 = 1.0;
/// Points by which a scroll bar may be away from the edge of what it scrolls.
const BAR: f32 = 16.0;

/// One row of a text as it is painted.
#[derive(Debug)]
pub struct Row {
    /// The whole text.
    pub text: String,
    /// Around its glyphs, in points.
    pub ink: Rect,
    /// What is painted of it.
    clip: Rect,
    /// Whether the text ends in "…" because there was no room.
    pub elided: bool,
    /// Whether this is the last of several rows, and one word alone.
    pub orphan: bool,
    /// Its place in the order of painting.
    order: usize,
}

/// What hides everything that was painted below it before.
struct Cover {
    rect: Rect,
    order: usize,
}

#[derive(Default)]
struct Painted {
    rows: Vec<Row>,
    covers: Vec<Cover>,
}

/// The rows of text that can be seen, at least in part.
pub fn rows_on_screen<S>(window: &Harness<'_, S>) -> Vec<Row> {
    seen(window).rows
}

fn seen<S>(window: &Harness<'_, S>) -> Painted {
    let screen = window.ctx.content_rect();
    let mut painted = Painted::default();
    for ClippedShape {
        clip_rect, shape, ..
    } in &window.output().shapes
    {
        painted.take(shape, *clip_rect, screen);
    }
    let Painted { rows, covers } = &mut painted;
    rows.retain(|row| {
        let shown = row.ink.intersect(row.clip).shrink(SLACK / 2.0);
        shown.is_positive() && !hides(covers, row.order..usize::MAX, shown)
    });
    painted
}

/// Whether something that was painted in this part of the order hides a place.
fn hides(covers: &[Cover], orders: Range<usize>, place: Rect) -> bool {
    let mut later = covers.iter().filter(|cover| orders.contains(&cover.order));
    later.any(|cover| cover.rect.contains_rect(place))
}

impl Painted {
    fn take(&mut self, shape: &Shape, clip: Rect, screen: Rect) {
        let order = self.rows.len() + self.covers.len();
        match shape {
            Shape::Vec(shapes) => {
                for shape in shapes {
                    self.take(shape, clip, screen);
                }
            }
            Shape::Rect(rect) => {
                let place = rect.rect.intersect(clip);
                // Below the backdrop of a dialog nothing is read.
                let backdrop = place.contains_rect(screen) && rect.fill.a() > 0;
                if rect.fill.is_opaque() || backdrop {
                    self.covers.push(Cover { rect: place, order });
                }
            }
            Shape::Mesh(mesh) => {
                let rect = mesh.calc_bounds().intersect(clip);
                self.covers.push(Cover { rect, order });
            }
            Shape::Text(text) if text.angle == 0.0 => {
                let galley = &text.galley;
                let offset = text.pos.to_vec2();
                let widest = galley.rect.width();
                for (index, row) in galley.rows.iter().enumerate() {
                    let ink = row
                        .visuals
                        .mesh_bounds
                        .translate(offset + row.pos.to_vec2());
                    if !ink.is_positive() {
                        continue;
                    }
                    let last = index > 0 && index + 1 == galley.rows.len();
                    let short = row.size.x < 0.2 * widest;
                    let words = row.text();
                    self.rows.push(Row {
                        text: galley.text().to_owned(),
                        ink,
                        clip: clip.intersect(screen),
                        elided: galley.elided,
                        orphan: last && short && !words.trim().contains(' '),
                        order: self.rows.len() + self.covers.len(),
                    });
                }
            }
            _ => {}
        }
    }
}

/// Everything that is wrong with the texts on screen, a line each.
pub fn complaints<S>(window: &Harness<'_, S>) -> Vec<String> {
    let Painted { rows, covers } = seen(window);
    let nodes = Nodes::of(window);
    let mut found = Vec::new();
    for row in &rows {
        if let Some(cut) = nodes.cut(row) {
            found.push(format!("cut off at the {cut}: {}", describe(row)));
        }
        if let Some(button) = nodes.leaves_button(row) {
            found.push(format!("leaves its button {button:?}: {}", describe(row)));
        }
    }
    for (index, row) in rows.iter().enumerate() {
        for other in &rows[index + 1..] {
            if collide(&covers, row, other) {
                let (row, other) = (describe(row), describe(other));
                found.push(format!("drawn over each other: {row} and {other}"));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn describe(row: &Row) -> String {
    let mut text: String = row.text.chars().take(60).collect();
    text = text.replace('\n', " / ");
    let Rect { min, max } = row.ink;
    format!(
        "{text:?} at {:.0}, {:.0} to {:.0}, {:.0}",
        min.x, min.y, max.x, max.y
    )
}

/// Whether the glyphs of two texts lie over each other, the first one painted below.
fn collide(covers: &[Cover], a: &Row, b: &Row) -> bool {
    let shown = |row: &Row| row.ink.intersect(row.clip);
    let both = shown(a).intersect(shown(b));
    both.width() > 2.0 * SLACK
        && both.height() > 2.0 * SLACK
        && !hides(covers, a.order..b.order, both)
}

/// What the accessibility tree says about places.
struct Nodes {
    fields: Vec<Rect>,
    buttons: Vec<(String, Rect)>,
    bars: Vec<Rect>,
}

impl Nodes {
    fn of<S>(window: &Harness<'_, S>) -> Self {
        let mut nodes = Self {
            fields: Vec::new(),
            buttons: Vec::new(),
            bars: Vec::new(),
        };
        for node in window.root().children_recursive() {
            match node.accesskit_node().role() {
                Role::TextInput | Role::MultilineTextInput | Role::SpinButton => {
                    nodes.fields.push(node.rect());
                }
                Role::Button => {
                    let name = node.accesskit_node().label().unwrap_or_default();
                    nodes.buttons.push((name, node.rect()));
                }
                Role::ScrollBar => nodes.bars.push(node.rect()),
                _ => {}
            }
        }
        nodes
    }

    /// The side at which a row is cut off for good.
    fn cut(&self, row: &Row) -> Option<&'static str> {
        let Row { ink, clip, .. } = row;
        let middle = ink.center();
        // What is longer than a field moves with the cursor.
        let in_field = |field: &Rect| field.expand(2.0).contains(clip.clamp(middle));
        if self.fields.iter().any(in_field) {
            return None;
        }
        let (across, along) = (self.scrolls_across(row), self.scrolls_along(row));
        if !across && ink.left() < clip.left() - SLACK {
            Some("left")
        } else if !across && ink.right() > clip.right() + SLACK {
            Some("right")
        } else if !along && ink.top() < clip.top() - SLACK {
            Some("top")
        } else if !along && ink.bottom() > clip.bottom() + SLACK {
            Some("bottom")
        } else {
            None
        }
    }

    /// Whether the edges that cut a row off are those of something that scrolls to the sides.
    fn scrolls_across(&self, Row { ink, clip, .. }: &Row) -> bool {
        let mut bars = self.bars.iter().filter(|bar| bar.width() > bar.height());
        bars.any(|bar| {
            let same = |a: f32, b: f32| (a - b).abs() <= BAR;
            let edge = same(bar.right(), clip.right()) || same(bar.left(), clip.left());
            edge && bar.bottom() >= ink.center().y
        })
    }

    /// The same up and down.
    fn scrolls_along(&self, Row { ink, clip, .. }: &Row) -> bool {
        let mut bars = self.bars.iter().filter(|bar| bar.width() <= bar.height());
        bars.any(|bar| {
            let same = |a: f32, b: f32| (a - b).abs() <= BAR;
            let edge = same(bar.bottom(), clip.bottom()) || same(bar.top(), clip.top());
            edge && bar.right() >= ink.center().x
        })
    }

    /// The button that has this text and is smaller.
    fn leaves_button(&self, row: &Row) -> Option<Rect> {
        let shown = row.ink.intersect(row.clip);
        let mut own = self
            .buttons
            .iter()
            .filter(|(name, button)| *name == row.text && button.contains(row.ink.center()));
        let (_, button) = own.next()?;
        let leaves = !button.expand(SLACK).contains_rect(shown);
        leaves.then_some(*button)
    }
}
