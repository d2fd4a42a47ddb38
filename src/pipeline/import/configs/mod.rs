//! Published `config.json` files, read off the shapes of tensors.
//!
//! Shapes tell almost everything. What they do not tell, the number of attention heads above all, is
//! taken from the published models of the same widths; where there is none, it is a guess that is
//! named in [`Inferred::assumed`].

mod blip2;
mod clip;
mod t5;
mod unet;
mod vae;

use super::{Part, PlannedTensor};
use serde_json::Value;
use std::collections::BTreeMap;

/// A config with what had to be assumed.
#[derive(Clone, Debug, Default)]
pub(super) struct Inferred {
    pub config: Value,
    /// Settings that no shape tells and no published model of these sizes has.
    pub assumed: Vec<String>,
}

/// The config of a part; nothing when a tensor that every such network has is missing, or for parts
/// without one.
pub(super) fn infer(part: Part, tensors: &[PlannedTensor]) -> Option<Inferred> {
    let shapes = Shapes::of(tensors);
    match part {
        Part::Unet => unet::infer(&shapes),
        Part::Vae => vae::infer(&shapes),
        Part::TextEncoder => clip::infer_text(&shapes),
        Part::Clip => clip::infer(&shapes),
        Part::SentenceEncoder => t5::infer(&shapes, "", "gelu_new"),
        Part::Blip2 => blip2::infer(&shapes),
        Part::Adapter | Part::Blip2Tokenizer | Part::ClipTokenizer | Part::Scheduler => None,
    }
}

/// What a person calls a network of these sizes.
pub(super) fn architecture(
    part: Part,
    config: Option<&Value>,
    tensors: &[PlannedTensor],
) -> String {
    let shapes = Shapes::of(tensors);
    let named = match (part, config) {
        (Part::Unet, Some(config)) => unet::architecture(config),
        (Part::Vae, Some(config)) => vae::architecture(config),
        (Part::TextEncoder, Some(config)) => clip::text_architecture(config),
        (Part::Clip, Some(config)) => clip::architecture(config),
        (Part::SentenceEncoder, Some(config)) => t5::architecture(config),
        (Part::Blip2, Some(config)) => blip2::architecture(config),
        (Part::Adapter, _) => adapter(&shapes),
        _ => None,
    };
    named.unwrap_or_else(|| part.title().to_owned())
}

fn adapter(shapes: &Shapes<'_>) -> Option<String> {
    let (to, from) = (shapes.dim("mlp.weight", 0)?, shapes.dim("mlp.weight", 1)?);
    Some(format!("from width {from} to {to}"))
}

/// Shapes by name.
pub(super) struct Shapes<'a>(BTreeMap<&'a str, &'a [usize]>);

impl<'a> Shapes<'a> {
    fn of(tensors: &'a [PlannedTensor]) -> Self {
        let shapes = tensors.iter().map(|t| (t.name.as_str(), t.dims.as_slice()));
        Self(shapes.collect())
    }

    /// The size of a tensor along an axis.
    fn dim(&self, name: &str, axis: usize) -> Option<usize> {
        self.0.get(name)?.get(axis).copied()
    }

    fn rank(&self, name: &str) -> Option<usize> {
        self.0.get(name).map(|dims| dims.len())
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether any tensor lies below a prefix.
    fn any(&self, prefix: &str) -> bool {
        let mut from = self.0.range(prefix..);
        from.next()
            .is_some_and(|(name, _)| name.starts_with(prefix))
    }

    /// How many blocks `PREFIX0.`, `PREFIX1.`, … there are.
    fn count(&self, prefix: &str) -> usize {
        (0..1000)
            .take_while(|i| self.any(&format!("{prefix}{i}.")))
            .count()
    }
}

/// Attention heads of a width, where published models have heads of `head` numbers.
fn heads(width: usize, head: usize, what: &str, assumed: &mut Vec<String>) -> usize {
    if width.is_multiple_of(head) && width >= 4 * head {
        return width / head;
    }
    let heads = [4, 3, 2].into_iter().find(|n| width.is_multiple_of(*n));
    let heads = heads.unwrap_or(1);
    assumed.push(format!("{what}: {heads} attention heads"));
    heads
}

/// A size in a config.
fn size(config: &Value, key: &str) -> Option<usize> {
    usize::try_from(config.get(key)?.as_u64()?).ok()
}
