//! How similar two pictures on screen are; measured elsewhere, remembered here.

use super::{AppState, Effect};
use crate::job::{FileTask, Similarity};
use image::RgbImage;
use std::sync::Arc;

/// Pairs that are remembered.
const KEPT: usize = 16;

/// Two pictures, and what was measured, once it was.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    a: Arc<RgbImage>,
    b: Arc<RgbImage>,
    measured: Option<Similarity>,
}

impl Pair {
    fn is(&self, a: &Arc<RgbImage>, b: &Arc<RgbImage>) -> bool {
        Arc::ptr_eq(&self.a, a) && Arc::ptr_eq(&self.b, b)
    }
}

impl AppState {
    /// What was measured of two pictures: nothing asked, still measuring, or the numbers.
    pub fn similarity_of(
        &self,
        a: &Arc<RgbImage>,
        b: &Arc<RgbImage>,
    ) -> Option<Option<Similarity>> {
        let pair = self.pairs.iter().find(|pair| pair.is(a, b))?;
        Some(pair.measured)
    }

    pub(super) fn measure(&mut self, a: Arc<RgbImage>, b: Arc<RgbImage>) -> Vec<Effect> {
        if self.similarity_of(&a, &b).is_some() {
            return Vec::new();
        }
        if self.pairs.len() >= KEPT {
            self.pairs.remove(0);
        }
        self.pairs.push(Pair {
            a: a.clone(),
            b: b.clone(),
            measured: None,
        });
        vec![Effect::Files(FileTask::Measure(a, b))]
    }

    pub(super) fn on_measured(
        &mut self,
        a: &Arc<RgbImage>,
        b: &Arc<RgbImage>,
        measured: Similarity,
    ) {
        if let Some(pair) = self.pairs.iter_mut().find(|pair| pair.is(a, b)) {
            pair.measured = Some(measured);
        }
    }
}
