//! What a bundle can do with the networks it has.
//!
//! Sentences reach the editor in one of two ways: through a T5 and the latent translation, as LGD
//! does it, or through CLIP's text tower, as a plain InstructPix2Pix does it. The latent has only the
//! first way. A bundle may have a second editor of the plain kind, which then draws from sentences.

use super::{Bundle, Component, EditRequest, GuidanceMode, Problem};

/// Which of a bundle's editors draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhichEditor {
    /// The one in `unet/`.
    First,
    /// A plain InstructPix2Pix in `ip2p/`: it draws from sentences, as the baselines of the paper do.
    Second,
}

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
    /// A whole second editor.
    pub second_editor: bool,
    editor: bool,
}

impl Abilities {
    /// The abilities of a bundle, by the networks it has.
    pub fn of(bundle: &Bundle) -> Self {
        let has = |component| bundle.has_network(component);
        let tokenizer = Self::has_tokenizer(bundle, "tokenizer");
        let second_words = has(Component::SecondTextEncoder) || has(Component::TextEncoder);
        let second_tokenizer = Self::has_tokenizer(bundle, "ip2p/tokenizer") || tokenizer;
        let language = has(Component::Blip2);
        Self {
            bundle: bundle.manifest.name.clone(),
            language,
            adapter: has(Component::Adapter),
            sentences: (language || has(Component::SentenceEncoder))
                && bundle.has("blip2/tokenizer.json"),
            clip: has(Component::TextEncoder) && tokenizer,
            second_editor: has(Component::SecondUnet)
                && (has(Component::SecondVae) || has(Component::Vae))
                && second_words
                && second_tokenizer,
            editor: has(Component::Unet) && has(Component::Vae),
        }
    }

    /// Whether a folder of the bundle holds a tokenizer.
    pub(super) fn has_tokenizer(bundle: &Bundle, folder: &str) -> bool {
        let has = |file: &str| bundle.has(&format!("{folder}/{file}"));
        has("tokenizer.json") || has("vocab.json")
    }

    /// The editor that draws in a mode.
    pub fn editor_of(&self, mode: GuidanceMode) -> WhichEditor {
        match mode {
            GuidanceMode::Question | GuidanceMode::Answer if self.second_editor => {
                WhichEditor::Second
            }
            _ => WhichEditor::First,
        }
    }

    /// Whether CLIP reads the sentence of a mode.
    pub(super) fn is_read_by_clip(&self, mode: GuidanceMode) -> bool {
        match self.editor_of(mode) {
            WhichEditor::Second => true,
            WhichEditor::First => self.reads_by_clip(),
        }
    }

    /// Whether the T5 that reads is needed for a request: for its latent, for its sentence, or because
    /// an answer is to be written.
    pub(super) fn needs_encoder(&self, request: &EditRequest) -> bool {
        let writes = request.mode.needs_answer() && request.answer.is_none();
        writes || !self.is_read_by_clip(request.mode)
    }

    /// Whether sentences reach the first editor through CLIP.
    pub fn reads_by_clip(&self) -> bool {
        self.clip && !(self.adapter && self.sentences)
    }

    /// Why a mode cannot run; nothing when it can.
    pub fn missing_for(&self, mode: GuidanceMode) -> Option<String> {
        if !self.editor {
            return Some("The bundle has no UNet or no VAE to draw with.".to_owned());
        }
        let sentences =
            self.second_editor || self.reads_by_clip() || (self.adapter && self.sentences);
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
    /// When a leg's mode cannot run, an answer would have to be written and nobody can, or a branch goes
    /// from one editor to the other.
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
        let editor = self.editor_of(request.mode);
        let mut legs = request.legs().into_iter();
        match legs.find(|(_, leg)| self.editor_of(leg.mode) != editor) {
            None => Ok(()),
            Some((_, other)) => Err(Problem::new(format!(
                "{} draws in the modes {} and {} with two editors, and one cannot go on where the other stopped.",
                self.bundle,
                other.mode.name(),
                request.mode.name()
            ))
            .hint("Branch to a mode of the same editor, or draw the other mode from the start.")),
        }
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
