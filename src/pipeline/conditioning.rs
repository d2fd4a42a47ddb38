//! From a frame and a question to the context of the cross-attention (DESIGN section 3).
//!
//! `[mlp(latent_mlp(latent)) ; mlp(T5(text))]`, where the part a mode does not use is the T5
//! encoding of the null text. Source: LGD, section 4.2, and the authors' `DiffusionWrapper`.

use super::{AnswerDecoding, EditRequest, GuidanceMode, Manifest, Problem, WrittenAnswer};
use crate::models::{
    AnswerRng, Blip2, GenerationSettings, Latent, LatentTranslator, TextTokenizer, tokenizer::stack,
};
use candle_core::{Device, Tensor};

/// What the editor is steered by.
pub struct Conditioning {
    /// (1, L, C): the context of the guided branch.
    pub context: Tensor,
    /// (1, L', C): the context of the two unguided branches.
    pub null_context: Tensor,
    /// The answer, in the modes that have one.
    pub answer: Option<WrittenAnswer>,
    /// Things the user should know (the question was cut, …).
    pub notices: Vec<String>,
}

/// The parts that turn words into context.
pub(super) struct Reader<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) tokenizer: &'a TextTokenizer,
    pub(super) blip2: &'a Blip2,
    pub(super) translator: &'a LatentTranslator,
    pub(super) device: &'a Device,
}

impl Reader<'_> {
    /// Whether `request` needs the vision tower to look at the frame.
    pub(super) fn needs_image(request: &EditRequest) -> bool {
        match request.mode {
            GuidanceMode::Question => false,
            GuidanceMode::Answer => request.answer.is_none(),
            GuidanceMode::Latent | GuidanceMode::Both => true,
        }
    }

    /// Builds both contexts. `queries` (1, Q, D) is there when [`Reader::needs_image`] says so;
    /// `on_answer` hears the answer as soon as it is written.
    pub(super) fn condition(
        &self,
        request: &EditRequest,
        queries: Option<&Tensor>,
        on_answer: &mut dyn FnMut(&WrittenAnswer),
    ) -> std::result::Result<Conditioning, super::EditError> {
        let mut notices = Vec::new();
        let latent = match queries {
            Some(queries) => Some(self.latent(queries, &request.question, &mut notices)?),
            None => None,
        };
        let answer = match (request.mode.needs_answer(), &request.answer, &latent) {
            (false, ..) => None,
            (true, Some(text), _) => Some(WrittenAnswer {
                text: text.trim().to_owned(),
                score: None,
                given: true,
            }),
            (true, None, Some(latent)) => Some(self.write_answer(latent, request)?),
            (true, None, None) => {
                return Err(Problem::new("The answer cannot be written without the frame.").into());
            }
        };
        if let Some(answer) = &answer {
            on_answer(answer);
        }
        let null = self.sentence(&self.manifest.text.null_text, None)?;
        let hidden = || {
            latent
                .as_ref()
                .map_or(&null, |latent| &latent.hidden_states)
        };
        let answer_text = answer.as_ref().map_or("", |answer| answer.text.as_str());
        let context = match request.mode {
            GuidanceMode::Question => {
                let sentence =
                    self.sentence(&request.question, Some(("question", &mut notices)))?;
                self.translator.context(&null, &sentence)
            }
            GuidanceMode::Answer => {
                let sentence = self.sentence(answer_text, Some(("answer", &mut notices)))?;
                self.translator.context(&null, &sentence)
            }
            GuidanceMode::Latent => self.translator.context(hidden(), &null),
            GuidanceMode::Both => {
                let sentence = self.sentence(answer_text, Some(("answer", &mut notices)))?;
                self.translator.context(hidden(), &sentence)
            }
        };
        Ok(Conditioning {
            context: context.map_err(super::lgd::failed)?,
            null_context: self
                .translator
                .context(&null, &null)
                .map_err(super::lgd::failed)?,
            answer,
            notices,
        })
    }

    /// The encoder's states over `[queries ; question]`, LGD's latent.
    fn latent(
        &self,
        queries: &Tensor,
        question: &str,
        notices: &mut Vec<String>,
    ) -> std::result::Result<Latent, super::EditError> {
        let rules = &self.manifest.text;
        let asked = rules.question_template.replace("{question}", question);
        let (ids, mask) = self.tokens(&asked, rules.max_length, Some(("question", notices)))?;
        let mask = rules.question_attention_mask.then_some(&mask);
        self.blip2
            .encode(queries, &ids, mask)
            .map_err(super::lgd::failed)
    }

    /// T5 states (1, L, D) of a text on its own.
    fn sentence(
        &self,
        text: &str,
        cut: Option<(&str, &mut Vec<String>)>,
    ) -> std::result::Result<Tensor, super::EditError> {
        let rules = &self.manifest.text;
        let length = rules.sent_max_length.unwrap_or(rules.max_length);
        let (ids, mask) = self.tokens(text, length, cut)?;
        let mask = rules.sent_attention_mask.then_some(&mask);
        self.blip2
            .encode_text(&ids, mask)
            .map_err(super::lgd::failed)
    }

    /// Ids and mask, (1, `length`); notes when the text had to be cut.
    fn tokens(
        &self,
        text: &str,
        length: usize,
        cut: Option<(&str, &mut Vec<String>)>,
    ) -> std::result::Result<(Tensor, Tensor), super::EditError> {
        let encoded = self
            .tokenizer
            .encode_padded(text, length)
            .map_err(|e| Problem::new(e.to_string()).hint("Write it in other words."))?;
        if let Some((what, notices)) = cut
            && encoded.cut > 0
        {
            let notice = format!(
                "The {what} is {} tokens long; the model reads the first {length}.",
                length + encoded.cut
            );
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        }
        stack(&[encoded], self.device).map_err(super::lgd::failed)
    }

    fn write_answer(
        &self,
        latent: &Latent,
        request: &EditRequest,
    ) -> std::result::Result<WrittenAnswer, super::EditError> {
        let wanted = &request.answer_settings;
        let settings = match wanted.decoding {
            AnswerDecoding::Greedy => GenerationSettings::greedy(wanted.max_tokens),
            AnswerDecoding::Beams => GenerationSettings::beams(wanted.beams, wanted.max_tokens),
            AnswerDecoding::Paper => GenerationSettings::paper(),
        };
        let mut rng = AnswerRng::from_seed(wanted.seed);
        let written = self
            .blip2
            .generate(latent, &settings, &mut rng)
            .map_err(super::lgd::failed)?;
        let best = written
            .first()
            .and_then(|beams| beams.first())
            .ok_or_else(|| {
                Problem::new("The model wrote no answer.").hint("Write one yourself.")
            })?;
        let text = self
            .tokenizer
            .decode(&best.ids)
            .map_err(|e| Problem::new(e.to_string()).hint("Write the answer yourself."))?;
        Ok(WrittenAnswer {
            text: text.trim().to_owned(),
            score: Some(best.score),
            given: false,
        })
    }
}
