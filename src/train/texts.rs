//! Records as the networks read them: questions, sentences for the editor, and answers.

use super::config::Bridge;
use super::loss::IGNORED;
use crate::dataset::Record;
use crate::dataset::text::{NO_ANSWER, PreparedText, for_training};
use crate::models::TextTokenizer;
use crate::models::tokenizer::{Encoded, TokenizerError};
use crate::pipeline::Manifest;
use candle_core::{Device, Tensor};

/// How the networks read texts.
pub(super) struct TextRules {
    pub tokenizer: TextTokenizer,
    pub manifest: Manifest,
    /// Whether questions are cleaned as the original does it.
    pub clean: bool,
}

/// The answers of a batch as ids.
pub(super) struct Answers {
    /// (B, A), -100 for padding.
    pub labels: Tensor,
    /// (B, A), 1 for tokens.
    pub mask: Tensor,
    /// (B).
    pub weights: Tensor,
}

impl TextRules {
    fn padded(&self, text: &str, length: usize) -> candle_core::Result<Encoded> {
        let encoded = self.tokenizer.encode_padded(text, length);
        encoded.map_err(candle_core::Error::wrap)
    }

    /// Most tokens of a sentence for the editor.
    fn sentence_length(&self) -> usize {
        let rules = &self.manifest.text;
        rules.sent_max_length.unwrap_or(rules.max_length)
    }

    /// What BLIP-2 is asked about a record.
    pub fn question(&self, record: &Record) -> candle_core::Result<Encoded> {
        let rules = &self.manifest.text;
        let asked = rules.asked(&self.prepare(record).text_input);
        self.padded(&asked, rules.max_length)
    }

    /// What the editor reads about a record; the empty text where the latent tells it all.
    pub fn sentence(
        &self,
        record: Option<&Record>,
        bridge: Bridge,
    ) -> candle_core::Result<Encoded> {
        let sentence = match (bridge, record) {
            (Bridge::Both | Bridge::Answer, Some(record)) => &record.sent,
            (Bridge::Question, Some(record)) => &record.question,
            _ => &self.manifest.text.null_text,
        };
        self.padded(sentence, self.sentence_length())
    }

    pub fn answers(&self, records: &[&Record]) -> candle_core::Result<Answers> {
        let prepared: Vec<PreparedText> = records.iter().map(|r| self.prepare(r)).collect();
        let length = self.sentence_length();
        let answers = prepared
            .iter()
            .map(|prepared| self.tokenizer.encode(&prepared.answer, Some(length)));
        let answers: Vec<Encoded> = answers
            .collect::<Result<_, TokenizerError>>()
            .map_err(candle_core::Error::wrap)?;
        let longest = answers.iter().map(|a| a.ids.len()).max().unwrap_or(1);
        let longest = longest.max(1);
        let (mut labels, mut mask) = (Vec::new(), Vec::new());
        for answer in &answers {
            let room = longest - answer.ids.len();
            labels.extend(answer.ids.iter().map(|id| i64::from(*id)));
            labels.extend(std::iter::repeat_n(IGNORED, room));
            mask.extend(std::iter::repeat_n(1u32, answer.ids.len()));
            mask.extend(std::iter::repeat_n(0u32, room));
        }
        let shape = (records.len(), longest);
        let weights: Vec<f32> = prepared.iter().map(|p| p.loss_weight).collect();
        Ok(Answers {
            labels: Tensor::from_vec(labels, shape, &Device::Cpu)?,
            mask: Tensor::from_vec(mask, shape, &Device::Cpu)?,
            weights: Tensor::new(weights, &Device::Cpu)?,
        })
    }

    fn prepare(&self, record: &Record) -> PreparedText {
        let cleaned = for_training(&record.question, &record.sent);
        if self.clean {
            return cleaned;
        }
        PreparedText {
            text_input: record.question.clone(),
            answer: match record.sent.as_str() {
                "" => NO_ANSWER.to_owned(),
                sent => sent.to_owned(),
            },
            ..cleaned
        }
    }
}
