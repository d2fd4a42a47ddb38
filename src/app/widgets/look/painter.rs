//! Chooses what paints a view: the graphics device, or the CPU where there is none.

use super::gpu::{LookCallback, LookResources, corner_px};
use super::histogram::Histogram;
use super::reference;
use super::scene::Scene;
use eframe::{egui, egui_wgpu};
use egui::{Color32, ColorImage, Id, Rect, TextureHandle, TextureOptions, Ui, pos2, vec2};
use egui_wgpu::{Callback, RenderState};
use image::RgbImage;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// Pictures up to this many pixels get their histogram at once: a few milliseconds.
const QUICK_PIXELS: u32 = 1 << 20;

/// Paints views and keeps what was computed for their pictures.
#[derive(Default)]
pub struct LookPainter {
    /// The longest side of a texture; none without a device.
    max_side: Option<u32>,
    composed: HashMap<Id, Composed>,
    histograms: Vec<(Weak<RgbImage>, Arc<Histogram>)>,
}

/// A view that the CPU painted.
struct Composed {
    scene: Scene,
    a: Arc<RgbImage>,
    b: Arc<RgbImage>,
    texture: TextureHandle,
}

impl LookPainter {
    /// Prepares the device; without one the CPU paints.
    pub fn new(render_state: Option<&RenderState>) -> Self {
        let max_side = render_state.map(|state| {
            let resources = LookResources::new(&state.device, state.target_format);
            let mut renderer = state.renderer.write();
            renderer.callback_resources.insert(resources);
            state.device.limits().max_texture_dimension_2d
        });
        Self {
            max_side,
            ..Self::default()
        }
    }

    /// Paints a scene, made for a view of [`view_px`] pixels, into a rectangle.
    pub fn paint(
        &mut self,
        ui: &Ui,
        id: Id,
        rect: Rect,
        scene: Scene,
        [a, b]: [&Arc<RgbImage>; 2],
    ) {
        let empty = |sides: [u32; 2]| sides.contains(&0);
        if empty(scene.view) || [a, b].iter().any(|p| empty(p.dimensions().into())) {
            return;
        }
        let fits = |max: u32| [a, b].iter().all(|p| p.width().max(p.height()) <= max);
        if self.max_side.is_some_and(fits) {
            let callback = LookCallback::new(rect, scene, a.clone(), b.clone());
            let shape = Callback::new_paint_callback(rect, callback);
            ui.painter().add(shape);
        } else {
            self.paint_composed(ui, id, rect, scene, [a, b]);
        }
    }

    fn paint_composed(
        &mut self,
        ui: &Ui,
        id: Id,
        rect: Rect,
        scene: Scene,
        [a, b]: [&Arc<RgbImage>; 2],
    ) {
        let known = self.composed.get(&id).filter(|known| {
            known.scene == scene && Arc::ptr_eq(&known.a, a) && Arc::ptr_eq(&known.b, b)
        });
        let texture = match known {
            Some(known) => known.texture.clone(),
            None => {
                let shown = reference::compose(&scene, a, b);
                let size = scene.view.map(|side| side as usize);
                let image = ColorImage::from_rgba_unmultiplied(size, shown.as_raw());
                let texture = ui
                    .ctx()
                    .load_texture("look", image, TextureOptions::NEAREST);
                let composed = Composed {
                    scene,
                    a: a.clone(),
                    b: b.clone(),
                    texture: texture.clone(),
                };
                self.composed.insert(id, composed);
                texture
            }
        };
        let ppp = ui.ctx().pixels_per_point();
        let [left, top] = corner_px(rect, ppp).map(|px| px as f32 / ppp);
        let [width, height] = scene.view.map(|px| px as f32 / ppp);
        let place = Rect::from_min_size(pos2(left, top), vec2(width, height));
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter()
            .image(texture.id(), place, whole, Color32::WHITE);
    }

    /// The histogram of a picture, counted when it is first asked for. None for a large picture
    /// until [`Self::give_histogram`] brought it.
    pub fn histogram(&mut self, picture: &Arc<RgbImage>) -> Option<Arc<Histogram>> {
        let known = self
            .histograms
            .iter()
            .find(|(known, _)| known.as_ptr() == Arc::as_ptr(picture));
        if let Some((_, histogram)) = known {
            return Some(histogram.clone());
        }
        let (width, height) = picture.dimensions();
        if width.saturating_mul(height) > QUICK_PIXELS {
            return None;
        }
        let histogram = Arc::new(Histogram::of(picture));
        self.give_histogram(picture, histogram.clone());
        Some(histogram)
    }

    /// Takes in a histogram that was counted elsewhere.
    pub fn give_histogram(&mut self, picture: &Arc<RgbImage>, histogram: Arc<Histogram>) {
        self.histograms
            .retain(|(known, _)| known.strong_count() > 0);
        self.histograms.push((Arc::downgrade(picture), histogram));
    }
}

/// Width and height of a rectangle in screen pixels, as egui rounds them.
pub fn view_px(rect: Rect, pixels_per_point: f32) -> [u32; 2] {
    let begin = corner_px(rect, pixels_per_point);
    let end = [rect.max.x, rect.max.y].map(|points| (points * pixels_per_point).round() as i32);
    [0, 1].map(|axis| (end[axis] - begin[axis]).max(0) as u32)
}
