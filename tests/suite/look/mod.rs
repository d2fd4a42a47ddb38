//! The comparison of two pictures: every pixel of the graphics device against the CPU, and the
//! views by accessible label. Only the former needs a graphics adapter.

mod pixels;
mod screen;
mod views;

use image::{Rgb, RgbImage};
use std::sync::Arc;

/// A picture without any order, so that a wrong pixel cannot hide.
fn noise(width: u32, height: u32, seed: u32) -> Arc<RgbImage> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let picture = RgbImage::from_fn(width, height, |_, _| {
        Rgb([(); 3].map(|()| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    });
    Arc::new(picture)
}
