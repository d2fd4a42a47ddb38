//! From a scene to a picture.

use super::parts;
use super::scene::Scene;
use super::world::{Layer, World};
use image::{Rgb, RgbImage};
use resvg::{tiny_skia, usvg};

/// Composes scenes as SVG and rasterises them.
#[derive(Debug)]
pub struct Renderer {
    options: usvg::Options<'static>,
}

impl Default for Renderer {
    fn default() -> Self {
        Self::new()
    }
}

impl Renderer {
    /// Smallest and largest side of a picture, in pixels.
    pub const SIZES: std::ops::RangeInclusive<u32> = 16..=4096;

    /// Ready at once: the drawings are part of the program.
    pub fn new() -> Self {
        Self {
            options: usvg::Options::default(),
        }
    }

    /// A scene as one SVG document of `size` x `size` pixels.
    pub fn svg(&self, scene: &Scene, size: u32) -> String {
        let world = World::get();
        let mut drawings = Vec::new();
        for layer in &world.layers {
            match layer {
                Layer::EachEntity { each_entity } => {
                    for &slot in &world.draw_order {
                        let Some(actor) = scene.slots.at(slot) else {
                            continue;
                        };
                        let ([x, y], [dx, dy]) = (world.slots.at(slot), scene.jitter.at(slot));
                        for sub in each_entity {
                            let name = sub
                                .part
                                .replace("{entity}", &actor.entity)
                                .replace("{state}", &actor.state);
                            let [ox, oy] = sub.offset;
                            drawings.push(placed(&name, [x + dx + ox, y + dy + oy]));
                        }
                    }
                }
                Layer::Part {
                    part,
                    when,
                    at,
                    at_flipped,
                } if when.holds(scene) => {
                    let flipped = at_flipped.filter(|_| scene.flip);
                    drawings.push(placed(&filled(part, scene), flipped.unwrap_or(*at)));
                }
                Layer::Part { .. } => {}
            }
        }
        let (width, height) = (world.canvas.width, world.canvas.height);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{size}\" height=\"{size}\" \
             viewBox=\"0 0 {width} {height}\">{}</svg>",
            drawings.concat()
        )
    }

    /// A scene as a picture of `size` x `size` pixels, brought into [`Renderer::SIZES`].
    pub fn render(&self, scene: &Scene, size: u32) -> RgbImage {
        let size = size.clamp(*Self::SIZES.start(), *Self::SIZES.end());
        let tree = usvg::Tree::from_str(&self.svg(scene, size), &self.options)
            .expect("every drawing is part of the program and a test renders it");
        let mut canvas =
            tiny_skia::Pixmap::new(size, size).expect("the size is neither 0 nor huge");
        resvg::render(
            &tree,
            tiny_skia::Transform::identity(),
            &mut canvas.as_mut(),
        );
        let mut picture = RgbImage::new(size, size);
        for (pixel, drawn) in picture.pixels_mut().zip(canvas.pixels()) {
            let colour = drawn.demultiply();
            *pixel = Rgb([colour.red(), colour.green(), colour.blue()]);
        }
        picture
    }
}

/// `window_{sky}` to `window_rain`.
fn filled(template: &str, scene: &Scene) -> String {
    let mut name = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (attribute, after) = after.split_once('}').unwrap_or((after, ""));
        name.push_str(before);
        name.push_str(scene.attribute(attribute).unwrap_or_default());
        rest = after;
    }
    name.push_str(rest);
    name
}

/// A drawing with its anchor at (x, y); nothing when there is no such drawing (a lamp in a state that
/// somebody made up).
fn placed(name: &str, [x, y]: [i32; 2]) -> String {
    let (Some(part), Some(drawing)) = (World::get().parts.get(name), parts::drawing(name)) else {
        return String::new();
    };
    let [ax, ay] = part.anchor;
    let (x, y) = (x - ax, y - ay);
    format!("<g transform=\"translate({x} {y})\">{drawing}</g>")
}
