//! What a bundle can do with the networks it has.
//!
//! Sentences reach the editor in one of two ways: through a T5 and the latent translation, as LGD
//! does it, or through CLIP's text tower, as a plain InstructPix2Pix does it. The latent has only the
//! first way.

use super::{Bundle, Component, EditRequest, GuidanceMode, Problem};

/// What is there to draw with.
#[derive(Clone, Debug)]
pub struct Abilities {
    bundle: String,
    /// BLIP-2: sees the frame, makes the latent, writes answers.
    pub language: bool,
    /// The latent translation.
    pub adapter: bool,
    /// A T5 that reads sentences: one of its own, or BLIP-2's.
    pub sentences: bool,
    /// CLIP's text tower with its tokenizer.
    pub clip: bool,
    editor: bool,
}

impl Abilities {
    /// The abilities of a bundle, by the networks it has.
    pub fn of(bundle: &Bundle) -> Self {
        let has = |component| bundle.has_network(component);
        let tokenizer =
            bundle.has("tokenizer/tokenizer.json") || bundle.has("tokenizer/vocab.json");
        let language = has(Component::Blip2);
        Self {
            bundle: bundle.manifest.name.clone(),
            language,
            adapter: has(Component::Adapter),
            sentences: (language || has(Component::SentenceEncoder))
                && bundle.has("blip2/tokenizer.json"),
            clip: has(Component::TextEncoder) && tokenizer,
            editor: has(Component::Unet) && has(Component::Vae),
        }
    }

    /// Whether sentences reach the editor through CLIP.
    pub fn reads_by_clip(&self) -> bool {
        self.clip && !(self.adapter && self.sentences)
    }

    /// Why a mode cannot run; nothing when it can.
    pub fn missing_for(&self, mode: GuidanceMode) -> Option<String> {
        if !self.editor {
            return Some("The bundle has no UNet or no VAE to draw with.".to_owned());
        }
        let sentences = self.reads_by_clip() || (self.adapter && self.sentences);
        match mode {
            GuidanceMode::Question | GuidanceMode::Answer => (!sentences).then(|| {
                "The bundle has neither a T5 with a latent translation nor a CLIP text encoder to \
                 read sentences with."
                    .to_owned()
            }),
            GuidanceMode::Latent | GuidanceMode::Both => match (self.language, self.adapter) {
                (true, true) => None,
                (false, _) => {
                    Some("The bundle has no BLIP-2, whose latent this mode draws from.".to_owned())
                }
                (true, false) => Some(
                    "The bundle has no latent translation; a plain InstructPix2Pix cannot read \
                     the latent."
                        .to_owned(),
                ),
            },
        }
    }

    /// Modes that cannot run, with the reason.
    pub fn unavailable_modes(&self) -> Vec<(GuidanceMode, String)> {
        let modes = GuidanceMode::ALL.into_iter();
        modes
            .filter_map(|mode| Some((mode, self.missing_for(mode)?)))
            .collect()
    }

    /// Refuses what cannot be drawn with this bundle.
    ///
    /// # Errors
    /// When a leg's mode cannot run, or an answer would have to be written and nobody can.
    pub fn check(&self, request: &EditRequest) -> Result<(), Problem> {
        for (_, leg) in request.legs() {
            if let Some(reason) = self.missing_for(leg.mode) {
                return Err(Problem::new(format!(
                    "{} cannot draw in mode {}. {reason}",
                    self.bundle,
                    leg.mode.name()
                ))
                .hint(self.other_modes()));
            }
            if leg.mode.needs_answer() && leg.answer.is_none() && !self.language {
                return Err(Problem::new(format!(
                    "{} has no language model that could write an answer.",
                    self.bundle
                ))
                .hint("Write the answer yourself (--answer), or choose another bundle."));
            }
        }
        Ok(())
    }

    fn other_modes(&self) -> String {
        let possible = GuidanceMode::ALL.into_iter();
        let possible: Vec<&str> = possible
            .filter(|mode| self.missing_for(*mode).is_none())
            .map(GuidanceMode::name)
            .collect();
        match possible.is_empty() {
            true => "Choose another bundle.".to_owned(),
            false => format!(
                "Choose one of its modes ({}), or another bundle.",
                possible.join(", ")
            ),
        }
    }
}
