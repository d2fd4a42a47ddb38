//! Causal accuracy: does a generated picture show what had to happen?
//!
//! The picture is compared with the renderings of all outcomes that are possible in its scene, on the
//! pixels where these renderings differ. It counts as right when the true outcome is the nearest.

use super::render::Renderer;
use super::rules::outcomes;
use super::scene::Scene;
use image::RgbImage;

/// Renderings differ at a pixel when one of its colours differs by more than this, of 255.
const DIFFERS: u8 = 12;

/// What a picture of a scene can show.
#[derive(Debug)]
pub struct CausalCheck {
    /// The true outcome first, then the others in the order of the rules.
    outcomes: Vec<(Scene, RgbImage)>,
    /// The pixels where the renderings differ.
    differs: Vec<bool>,
    /// Which of the outcomes is that nothing happens.
    unchanged: Option<usize>,
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The true outcome is the nearest.
    pub right: bool,
    /// The nearest is that nothing happens.
    pub unchanged: bool,
    /// Mean squared error to the nearest outcome, where outcomes differ, of 255².
    pub error: f64,
}

impl CausalCheck {
    /// For pictures of `size` x `size` pixels of what follows from `before`; `after` is right.
    pub fn new(renderer: &Renderer, before: &Scene, after: &Scene, size: u32) -> Self {
        let others = outcomes(before).into_iter().filter(|scene| scene != after);
        let outcomes: Vec<(Scene, RgbImage)> = std::iter::once(after.clone())
            .chain(others)
            .map(|scene| {
                let picture = renderer.render(&scene, size);
                (scene, picture)
            })
            .collect();
        let pixels = (size as usize).pow(2);
        let differs = (0..pixels).map(|pixel| {
            (0..3).any(|colour| {
                let value = |picture: &RgbImage| picture.as_raw().get(pixel * 3 + colour).copied();
                let values = outcomes.iter().filter_map(|(_, picture)| value(picture));
                let (low, high) = values.fold((u8::MAX, u8::MIN), |(low, high), value| {
                    (low.min(value), high.max(value))
                });
                high.saturating_sub(low) > DIFFERS
            })
        });
        Self {
            differs: differs.collect(),
            unchanged: outcomes.iter().position(|(scene, _)| scene == before),
            outcomes,
        }
    }

    /// How many outcomes there are; a guess is right once in so many times.
    pub fn count(&self) -> usize {
        self.outcomes.len()
    }

    /// What `picture` shows; `None` when it has another size.
    pub fn judge(&self, picture: &RgbImage) -> Option<Verdict> {
        let mut nearest: Option<(usize, f64)> = None;
        for (index, (_, outcome)) in self.outcomes.iter().enumerate() {
            if outcome.dimensions() != picture.dimensions() {
                return None;
            }
            let error = self.error(picture, outcome);
            if nearest.is_none_or(|(_, least)| error < least) {
                nearest = Some((index, error));
            }
        }
        let (index, error) = nearest?;
        Some(Verdict {
            right: index == 0,
            unchanged: Some(index) == self.unchanged,
            error,
        })
    }

    fn error(&self, a: &RgbImage, b: &RgbImage) -> f64 {
        let pixels = a.as_raw().chunks_exact(3).zip(b.as_raw().chunks_exact(3));
        let (mut sum, mut count) = (0u64, 0u64);
        for ((a, b), _) in pixels.zip(&self.differs).filter(|(_, differs)| **differs) {
            let squares = a
                .iter()
                .zip(b)
                .map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2));
            sum += squares.sum::<u64>();
            count += 3;
        }
        sum as f64 / count.max(1) as f64
    }
}
