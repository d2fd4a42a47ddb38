//! Learning to see: what stands where in the frame, read off by two linear layers.
//!
//! The answer's loss alone tells an image encoder that never saw anything very little about where to look.
//! In data of the drawn world the scene of every frame is known, so one layer reads it from the image
//! tokens and one from what the queries of the Q-Former found. Both exist while they are trained and are
//! in no bundle. Source: the auxiliary loss of the drawn world's reference scripts.

use super::loss::cross_entropy_per_sample;
use super::networks::fresh_linear;
use crate::dataset::toon::scene_classes;
use crate::models::Blip2Config;
use crate::nn::Linear;
use candle_core::{DType, Device, Result, Tensor, Var};
use std::collections::BTreeMap;

/// What the names of their parameters begin with.
pub(super) const HEADS: &str = "heads.";

/// The layers.
pub struct SceneHeads {
    /// From the image tokens, (1 + P) D_image to all classes.
    image: Linear,
    /// From the queries, Q D_query to all classes.
    queries: Linear,
    sizes: Vec<usize>,
}

impl SceneHeads {
    /// New ones that start from `seed`, and their parameters by name.
    ///
    /// # Errors
    /// When the device has no room.
    pub fn fresh(
        config: &Blip2Config,
        seed: u64,
        device: &Device,
    ) -> Result<(Self, BTreeMap<String, Var>)> {
        let sizes = scene_classes();
        let classes = sizes.iter().sum();
        let image = &config.vision_config;
        let side = image.image_size / image.patch_size.max(1);
        let of_image = (1 + side * side) * image.hidden_size;
        let of_queries = config.num_query_tokens * config.qformer_config.hidden_size;
        let mut parameters = BTreeMap::new();
        let mut fresh = |name: &str, inputs: usize| -> Result<Linear> {
            let prefix = format!("{HEADS}{name}.");
            let (linear, vars) = fresh_linear(&prefix, inputs, classes, seed, device)?;
            parameters.extend(vars);
            Ok(linear)
        };
        let heads = Self {
            image: fresh("image", of_image)?,
            queries: fresh("queries", of_queries)?,
            sizes,
        };
        Ok((heads, parameters))
    }

    /// The mean over the parts of a scene of both layers' cross-entropies, added. A scalar.
    ///
    /// - `embeds`: (B, 1 + P, D_image); `queries`: (B, Q, D_query)
    /// - `classes`: (B, parts), -100 where a record does not say
    ///
    /// # Errors
    /// On shapes that do not fit.
    pub fn loss(&self, embeds: &Tensor, queries: &Tensor, classes: &Tensor) -> Result<Tensor> {
        let known = classes.ge(0i64)?.to_dtype(DType::F32)?.mean(0)?; // (parts)
        let known = known.to_vec1::<f32>()?;
        let mut total = Tensor::zeros((), DType::F32, embeds.device())?;
        for (head, seen) in [(&self.image, embeds), (&self.queries, queries)] {
            let logits = head.forward(&seen.to_dtype(DType::F32)?.flatten_from(1)?)?; // (B, classes)
            let mut first = 0;
            for (part, (&size, &known)) in self.sizes.iter().zip(&known).enumerate() {
                let logits = logits.narrow(1, first, size)?.unsqueeze(1)?.contiguous()?;
                let labels = classes.narrow(1, part, 1)?.contiguous()?;
                first += size;
                if known > 0.0 {
                    let loss = cross_entropy_per_sample(&logits, &labels)?.mean_all()?;
                    total = (total + (loss / f64::from(known))?)?;
                }
            }
        }
        total / self.sizes.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_knows_nothing_is_as_good_as_a_guess_and_unknown_scenes_do_not_count()
    -> Result<()> {
        let config = Blip2Config::tiny();
        let (heads, parameters) = SceneHeads::fresh(&config, 1, &Device::Cpu)?;
        assert_eq!(parameters.len(), 4);
        assert!(parameters.keys().all(|name| name.starts_with(HEADS)));
        for var in parameters.values() {
            var.set(&var.zeros_like()?)?;
        }
        let image = &config.vision_config;
        let side = image.image_size / image.patch_size;
        let embeds = Tensor::ones(
            (2, 1 + side * side, image.hidden_size),
            DType::F32,
            &Device::Cpu,
        )?;
        let width = config.qformer_config.hidden_size;
        let queries = Tensor::ones(
            (2, config.num_query_tokens, width),
            DType::F32,
            &Device::Cpu,
        )?;
        let parts = heads.sizes.len();
        let guess: f64 = heads.sizes.iter().map(|size| (*size as f64).ln()).sum();
        let guess = 2.0 * guess / parts as f64;
        let told = Tensor::zeros((2, parts), DType::I64, &Device::Cpu)?;
        let silent = Tensor::full(super::super::loss::IGNORED, (1, parts), &Device::Cpu)?;
        let half = Tensor::cat(&[&told.narrow(0, 0, 1)?, &silent], 0)?;
        for classes in [told, half] {
            let loss = heads
                .loss(&embeds, &queries, &classes)?
                .to_scalar::<f32>()?;
            assert!(
                (f64::from(loss) - guess).abs() < 1e-4,
                "{loss} is not {guess}"
            );
        }
        let none = Tensor::full(super::super::loss::IGNORED, (2, parts), &Device::Cpu)?;
        assert_eq!(
            heads.loss(&embeds, &queries, &none)?.to_scalar::<f32>()?,
            0.0
        );
        Ok(())
    }
}
