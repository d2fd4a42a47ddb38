//! Asking a drawn picture back: what the bundle's own vision-language model says about it.
//!
//! A model that was taught to answer yes or no (BLIP-2 with a Flan-T5) is asked a check question, and
//! the probability of "yes" against "no" is read from its decoder's first token. A model whose
//! vocabulary lacks these words cannot be asked so. It can be asked what it was taught: the causal
//! question, once about the frame and once about the picture. A model that expects "The mouse eats
//! the cheese" in the frame, and no longer in the picture, has seen that the cheese is gone. One that
//! still expects it says nothing: most causes would have the same effect a second time.
//!
//! Measured with toon-tiny on 120 drawn scenes of the toon world's test split (f32): it says yes to 37
//! of the true outcomes, to none of the pictures that show no change, and to one that shows what another
//! cause leads to; it never decides the rest. So its yes is worth something and its silence nothing.

use super::lgd::failed;
use super::{EditError, LgdPipeline, Problem};
use crate::models::generation::log_softmax;
use crate::models::tokenizer::TokenizerError;
use crate::models::{AnswerRng, GenerationSettings, Latent, T5Writer};
use candle_core::{DType, Tensor};
use image::RgbImage;
use serde::{Deserialize, Serialize};

/// Words that count as each answer.
const YES: [&str; 2] = ["yes", "Yes"];
const NO: [&str; 2] = ["no", "No"];

/// How a bundle's model can be asked about a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// It knows yes and no.
    YesNo,
    /// It only knows the questions it was trained on.
    SameQuestion,
}

/// What the model says about a picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Judgement {
    /// It was asked for yes or no.
    YesNo {
        /// Probability of yes against no, 0..=1.
        yes: f64,
        /// Probability that it says one of the two at all, 0..=1; small where it was never taught to.
        said: f64,
    },
    /// It was asked the same question about the frame and about the picture.
    SameQuestion {
        /// Probability of the expected answer about the frame, 0..=1.
        before: f64,
        /// The same about the picture.
        after: f64,
    },
}

/// What a judgement comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The model holds the picture for right.
    Yes,
    /// It does not.
    No,
    /// What it says tells neither.
    Open,
}

impl Verdict {
    /// The word on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Open => "undecided",
        }
    }
}

/// A settled expectation is yes from this score on; the same below one minus it is no.
const SURE: f64 = 0.75;
/// What the model did not expect in the frame with at least this probability cannot be settled.
const EXPECTED: f64 = 0.05;
/// A model that says yes or no at all with less than this probability was not asked in its language.
const SAID: f64 = 0.2;

impl Judgement {
    /// What it comes to.
    pub fn verdict(self) -> Verdict {
        let score = self.score();
        let (open, yes, no) = match self {
            Self::YesNo { said, .. } => (said < SAID, score >= 0.5, score < 0.5),
            Self::SameQuestion { before, .. } => {
                (before < EXPECTED, score >= SURE, score <= 1.0 - SURE)
            }
        };
        match (open, yes, no) {
            (false, true, _) => Verdict::Yes,
            (false, false, true) => Verdict::No,
            _ => Verdict::Open,
        }
    }

    /// Whether the model holds the picture for right, and how sure that is, 0..=1: the probability of
    /// yes, or how much of its expectation the picture has settled.
    pub fn score(self) -> f64 {
        match self {
            Self::YesNo { yes, .. } => yes,
            Self::SameQuestion { before, after } => {
                let both = before + after;
                if both > 0.0 { before / both } else { 0.5 }
            }
        }
    }
}

/// A check of a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What the model was asked.
    pub question: String,
    /// What it said.
    pub judgement: Judgement,
    /// What it would answer about the picture, in its own words.
    #[serde(default)]
    pub says: String,
}

type Result<T> = std::result::Result<T, EditError>;

impl LgdPipeline {
    /// How the bundle's model can be asked about a picture; none without one.
    pub fn check_kind(&self) -> Option<CheckKind> {
        if !self.abilities.language {
            return None;
        }
        let knows = !self.single(&YES).is_empty() && !self.single(&NO).is_empty();
        Some(match knows {
            true => CheckKind::YesNo,
            false => CheckKind::SameQuestion,
        })
    }

    /// Asks the model about a `picture` that was drawn from `frame`. `expected` is the answer that
    /// should have come true; without one, it is what the model answers about the frame.
    ///
    /// # Errors
    /// [`EditError::Cancelled`], when the bundle has no language model, or memory runs short.
    pub fn check(
        &self,
        frame: &RgbImage,
        picture: &RgbImage,
        question: &str,
        expected: Option<&str>,
    ) -> Result<Check> {
        self.parts.eyes.get()?; // or say that there is nobody to ask
        // Everything is read before anything is written: a plan may hold one network at a time.
        let about_picture = self.latent_about(picture, question)?;
        let about_frame = match self.check_kind() {
            Some(CheckKind::YesNo) => None,
            _ => Some(self.latent_about(frame, question)?),
        };
        let writer = self.parts.writer.get()?;
        let says = self.says(&about_picture, &writer)?;
        let judgement = match &about_frame {
            None => self.yes_or_no(&about_picture, &writer)?,
            Some(about_frame) => {
                let expected = match expected {
                    Some(expected) => expected.to_owned(),
                    None => self.says(about_frame, &writer)?,
                };
                let probability = |latent| self.probability(latent, &writer, &expected);
                Judgement::SameQuestion {
                    before: probability(about_frame)?,
                    after: probability(&about_picture)?,
                }
            }
        };
        Ok(Check {
            question: question.to_owned(),
            judgement,
            says,
        })
    }

    /// The encoder's states over `[queries ; question]`.
    fn latent_about(&self, picture: &RgbImage, question: &str) -> Result<Latent> {
        let queries = self.read_image(&self.language_view(picture))?;
        self.reader(Some(&queries)).asked_latent(question)
    }

    /// What the model answers, likeliest word by word.
    fn says(&self, latent: &Latent, writer: &T5Writer) -> Result<String> {
        let settings = GenerationSettings::greedy(self.manifest.defaults.answer_max_tokens);
        let mut rng = AnswerRng::from_seed(0);
        let written = latent
            .answers(writer, &settings, &mut rng)
            .map_err(failed)?;
        let best = written.first().and_then(|found| found.first());
        let ids = best.map_or(&[][..], |best| &best.ids);
        let text = self.tokenizer.decode(ids).map_err(unsplit)?;
        Ok(text.trim().to_owned())
    }

    fn yes_or_no(&self, latent: &Latent, writer: &T5Writer) -> Result<Judgement> {
        let first = self.next_log_probs(latent, writer, &[])?;
        let sum = |words: &[&str]| -> f64 {
            let ids = self.single(words);
            let known = ids.iter().filter_map(|id| first.last()?.get(*id as usize));
            known.map(|log_prob| f64::from(*log_prob).exp()).sum()
        };
        let (yes, no) = (sum(&YES), sum(&NO));
        let said = yes + no;
        Ok(Judgement::YesNo {
            yes: if said > 0.0 { yes / said } else { 0.5 },
            said,
        })
    }

    /// The probability of a whole answer, the end included, 0..=1.
    fn probability(&self, latent: &Latent, writer: &T5Writer, answer: &str) -> Result<f64> {
        let ids = self.tokenizer.encode(answer, None).map_err(unsplit)?.ids;
        let log_probs = self.next_log_probs(latent, writer, &ids)?;
        let tokens = log_probs.iter().zip(&ids);
        let known = tokens.filter_map(|(row, id)| row.get(*id as usize));
        Ok(known
            .map(|log_prob| f64::from(*log_prob))
            .sum::<f64>()
            .exp())
    }

    /// Log probabilities of the token at each position of an answer and after it, given what comes
    /// before.
    fn next_log_probs(
        &self,
        latent: &Latent,
        writer: &T5Writer,
        answer: &[u32],
    ) -> Result<Vec<Vec<f32>>> {
        let work = || -> candle_core::Result<Vec<Vec<f32>>> {
            let start = [writer.config().start_token_id()];
            let before: Vec<u32> = start.iter().chain(answer).copied().collect();
            let ids = Tensor::new(before.as_slice(), &self.device)?.unsqueeze(0)?;
            let Latent {
                hidden_states,
                attention_mask,
            } = latent;
            let logits = writer.logits(&ids, None, hidden_states, Some(attention_mask))?;
            let logits = logits.squeeze(0)?.to_dtype(DType::F32)?; // (L, vocabulary)
            let mut rows = logits.to_vec2::<f32>()?;
            for row in &mut rows {
                log_softmax(row);
            }
            Ok(rows)
        };
        work().map_err(failed)
    }

    /// The ids of those words that are one token each.
    fn single(&self, words: &[&str]) -> Vec<u32> {
        let ids = words.iter().filter_map(|word| {
            let encoded = self.tokenizer.encode(word, None).ok()?;
            // The word and the end.
            match encoded.ids.as_slice() {
                [id, end] if *end == self.parts.end_of_answer => Some(*id),
                _ => None,
            }
        });
        ids.collect()
    }
}

fn unsplit(error: TokenizerError) -> Problem {
    Problem::new(error.to_string()).hint("Write it in other words.")
}

impl CheckKind {
    /// A check question to begin with: about the written answer where there is one, else about the
    /// question.
    pub fn question(self, asked: &str, answer: Option<&str>) -> String {
        let (asked, answer) = (asked.trim(), answer.map(str::trim));
        match (self, answer.filter(|answer| !answer.is_empty())) {
            (Self::SameQuestion, _) => asked.to_owned(),
            (Self::YesNo, Some(answer)) => {
                format!(
                    "Question: Does this picture show that {}? Answer yes or no. Answer:",
                    clause(answer)
                )
            }
            (Self::YesNo, None) => format!(
                "Question: Could this picture be the answer to \u{201c}{asked}\u{201d}? Answer yes or no. Answer:"
            ),
        }
    }
}

/// A sentence within another one: without its full stop, and small at its begin unless it begins with
/// a name.
fn clause(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches(['.', '!', ' ']);
    let begins = [
        "The ",
        "A ",
        "An ",
        "It ",
        "There ",
        "Everybody ",
        "Somebody ",
    ];
    match begins.iter().any(|word| sentence.starts_with(word)) {
        true => {
            let (first, rest) = sentence.split_at(1);
            first.to_lowercase() + rest
        }
        false => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_question_is_made_of_what_was_asked() {
        let asked = "What happens if the mouse gets hungry?";
        let question = CheckKind::YesNo.question(asked, Some("The mouse eats the cheese."));
        assert!(
            question.contains("show that the mouse eats the cheese? Answer"),
            "{question}"
        );
        let question = CheckKind::YesNo.question(asked, Some("Tom sleeps"));
        assert!(question.contains("that Tom sleeps?"), "{question}");
        let question = CheckKind::YesNo.question(asked, None);
        assert!(question.contains(asked), "{question}");
        assert_eq!(CheckKind::SameQuestion.question(asked, Some("x")), asked);
    }

    #[test]
    fn the_score_says_how_much_of_the_expectation_is_settled() {
        let score = |before, after| Judgement::SameQuestion { before, after }.score();
        assert_eq!(
            (score(0.9, 0.1), score(0.5, 0.5), score(0.0, 0.0)),
            (0.9, 0.5, 0.5)
        );
        let yes = Judgement::YesNo {
            yes: 0.8,
            said: 0.9,
        };
        assert_eq!((yes.score(), yes.verdict()), (0.8, Verdict::Yes));
        let same = |before, after| Judgement::SameQuestion { before, after }.verdict();
        assert_eq!(same(0.9, 0.1), Verdict::Yes);
        assert_eq!(
            (same(0.1, 0.9), same(0.9, 0.8)),
            (Verdict::No, Verdict::Open)
        );
        assert_eq!(same(0.01, 0.0), Verdict::Open, "it was never expected");
        let unsaid = Judgement::YesNo {
            yes: 0.9,
            said: 0.01,
        };
        assert_eq!(unsaid.verdict(), Verdict::Open);
    }
}
