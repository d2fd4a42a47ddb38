//! Heat maps on screen: their textures, and the legend that says what a colour means.

use crate::app::theme::Tokens;
use crate::app::widgets::hint;
use crate::job::{Attention, HeatMap, heat_colour};
use eframe::egui;
use egui::{
    Color32, ColorImage, CornerRadius, Rect, Sense, TextureHandle, TextureOptions, Ui, vec2,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Width of the legend's bar.
const LEGEND: f32 = 110.0;

/// Textures by place; each is uploaded only when its stamp changed.
#[derive(Default)]
pub struct Heats {
    kept: HashMap<usize, ((u64, usize), TextureHandle)>,
}

impl Heats {
    /// The texture of `map` at a place; `stamp` tells one map from another.
    pub fn texture(
        &mut self,
        ctx: &egui::Context,
        place: usize,
        stamp: (u64, usize),
        map: &HeatMap,
        top: f32,
    ) -> TextureHandle {
        if let Some((known, texture)) = self.kept.get(&place)
            && *known == stamp
        {
            return texture.clone();
        }
        let bytes: Vec<u8> = map.colours(top).into_iter().flatten().collect();
        let image = ColorImage::from_rgba_unmultiplied([map.width, map.height], &bytes);
        let texture = match self.kept.remove(&place) {
            Some((_, mut texture)) => {
                texture.set(image, TextureOptions::LINEAR);
                texture
            }
            None => ctx.load_texture(format!("heat {place}"), image, TextureOptions::LINEAR),
        };
        self.kept.insert(place, (stamp, texture.clone()));
        texture
    }
}

/// The attention at one time, worked out once: a map and a share of the whole per unit.
#[derive(Default)]
pub struct Moments {
    of: Option<(Arc<Attention>, usize, bool)>,
    /// One per unit of the leg.
    pub maps: Vec<HeatMap>,
    /// The share of the attention that each unit takes, 0..=1.
    pub shares: Vec<f32>,
    /// Another number for other maps.
    pub version: u64,
}

impl Moments {
    /// Moves to a step, or to the mean of its leg.
    pub fn seek(&mut self, attention: &Arc<Attention>, step: usize, mean: bool) {
        let there = self.of.as_ref().is_some_and(|(known, at, was_mean)| {
            Arc::ptr_eq(known, attention) && (*at, *was_mean) == (step, mean)
        });
        if there {
            return;
        }
        let [_, height, width] = attention.shape;
        let units = attention.leg_at(step).map_or(&[][..], |leg| &leg.units);
        let map = |unit| HeatMap {
            width,
            height,
            values: attention.map(unit, step, mean),
        };
        self.maps = units.iter().map(map).collect();
        let share = |map: &HeatMap| map.values.iter().sum::<f32>() / (width * height).max(1) as f32;
        self.shares = self.maps.iter().map(share).collect();
        self.version += 1;
        self.of = Some((attention.clone(), step, mean));
    }
}

/// A bar of colours between two numbers.
pub fn legend_ui(ui: &mut Ui, tokens: &Tokens, low: &str, high: &str, tip: &str) {
    hint(ui, tokens, low);
    let (bar, response) = ui.allocate_exact_size(vec2(LEGEND, 10.0), Sense::hover());
    response.on_hover_text(tip);
    const PARTS: usize = 44;
    let width = bar.width() / PARTS as f32;
    for part in 0..PARTS {
        let [r, g, b] = heat_colour((part as f32 + 0.5) / PARTS as f32);
        let left = bar.left() + part as f32 * width;
        let place =
            Rect::from_min_size(egui::pos2(left, bar.top()), vec2(width + 0.5, bar.height()));
        ui.painter()
            .rect_filled(place, CornerRadius::ZERO, Color32::from_rgb(r, g, b));
    }
    hint(ui, tokens, high);
}
