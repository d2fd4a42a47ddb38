//! Writing an answer token by token: greedy, beam search, and sampling in both.
//!
//! Follows the rules of transformers' `generate` for encoder-decoder models (version 4.46), so that
//! a fixed setting gives the same tokens and scores. Randomness comes from a generator the caller
//! seeds: the same seed writes the same answer on every device.

mod beams;
mod choice;

pub use choice::{AnswerRng, Sampling};

use super::t5::{T5Cache, T5Writer};
use crate::nn::cancel;
use candle_core::{Result, Tensor};
pub(crate) use choice::log_softmax;
use choice::{draw, filter, highest};
use serde::{Deserialize, Serialize};

/// How an answer is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerationSettings {
    /// Answers followed at the same time; 1 is greedy. Usual: 1 to 8.
    pub num_beams: usize,
    /// Most tokens an answer may have, the end token included.
    pub max_new_tokens: usize,
    /// The end token is forbidden while the answer, start token included, is shorter than this.
    pub min_length: usize,
    /// An answer scores `log_prob / length^length_penalty`. Above 0 favours long answers, below 0
    /// short ones.
    pub length_penalty: f64,
    /// Draws tokens at random instead of taking the likeliest.
    pub sampling: Option<Sampling>,
}

impl Default for GenerationSettings {
    fn default() -> Self {
        Self::greedy(24)
    }
}

impl GenerationSettings {
    /// The likeliest token at every step.
    pub fn greedy(max_new_tokens: usize) -> Self {
        Self::beams(1, max_new_tokens)
    }

    /// Deterministic beam search with neutral length.
    pub fn beams(num_beams: usize, max_new_tokens: usize) -> Self {
        Self {
            num_beams,
            max_new_tokens,
            min_length: 1,
            length_penalty: 1.0,
            sampling: None,
        }
    }

    /// As in the paper's code: five sampled beams that favour very short answers.
    pub fn paper() -> Self {
        Self {
            length_penalty: -1.0,
            sampling: Some(Sampling::default()),
            ..Self::beams(5, 77)
        }
    }

    fn validate(&self, vocabulary: usize) -> Result<()> {
        if self.num_beams == 0 || 2 * self.num_beams > vocabulary {
            candle_core::bail!(
                "{} beams cannot be followed with a vocabulary of {vocabulary} tokens",
                self.num_beams
            );
        }
        if let Some(sampling) = &self.sampling
            && !(sampling.temperature > 0.0 && sampling.top_p > 0.0)
        {
            candle_core::bail!("temperature and top_p of a sampled answer must be above 0");
        }
        Ok(())
    }
}

/// One written answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// Token ids from the start token to the end token, which is absent where the answer was cut.
    pub ids: Vec<u32>,
    /// Sum of the log probabilities of its tokens, after the sampling filters.
    pub log_prob: f64,
    /// `log_prob / length^length_penalty`; the best answer has the highest.
    pub score: f64,
}

/// Writes after `encoder_hidden_states` (B, S, D) under `encoder_mask` (B, S).
///
/// Returns the answers of each of the B samples, best first: one when greedy, `num_beams` when
/// searching. `rng` is only used when sampling.
///
/// # Errors
/// On unusable settings or shapes, or when cancelled.
pub fn generate(
    writer: &T5Writer,
    encoder_hidden_states: &Tensor,
    encoder_mask: Option<&Tensor>,
    settings: &GenerationSettings,
    rng: &mut AnswerRng,
) -> Result<Vec<Vec<Hypothesis>>> {
    settings.validate(writer.config().vocab_size)?;
    let cache = writer.start(encoder_hidden_states, encoder_mask)?;
    let samples = encoder_hidden_states.dim(0)?;
    if settings.num_beams == 1 {
        single(writer, cache, samples, settings, rng)
    } else {
        beams::beam_search(writer, cache, samples, settings, rng)
    }
}

/// Puts sequences of different lengths side by side, (B, L), filled with `pad`.
///
/// # Errors
/// Only when the device refuses.
pub fn pad_sequences(
    sequences: &[&[u32]],
    pad: u32,
    device: &candle_core::Device,
) -> Result<Tensor> {
    let length = sequences.iter().map(|s| s.len()).max().unwrap_or(0);
    let ids: Vec<u32> = sequences
        .iter()
        .flat_map(|s| s.iter().copied().chain(std::iter::repeat(pad)).take(length))
        .collect();
    Tensor::from_vec(ids, (sequences.len(), length), device)
}

/// One answer per sample, without beams.
fn single(
    writer: &T5Writer,
    mut cache: T5Cache,
    samples: usize,
    settings: &GenerationSettings,
    rng: &mut AnswerRng,
) -> Result<Vec<Vec<Hypothesis>>> {
    let (pad, eos) = (writer.config().pad_token_id, writer.config().eos_token_id);
    let mut answers = vec![(vec![writer.config().start_token_id()], 0.0); samples];
    let mut done = vec![false; samples];
    for _ in 0..settings.max_new_tokens {
        cancel::checkpoint()?;
        let last: Vec<u32> = last_tokens(answers.iter().map(|(ids, _)| ids), pad);
        let scores = next_scores(
            writer,
            &last,
            &mut cache,
            answers.iter().map(|a| &a.0),
            settings,
            1,
        )?;
        for (((ids, log_prob), row), done) in answers.iter_mut().zip(&scores).zip(&mut done) {
            if *done {
                ids.push(pad); // keeps the rows equally long; removed below
                continue;
            }
            let candidates: Vec<f64> = row.iter().map(|&s| f64::from(s)).collect();
            let picked = if settings.sampling.is_some() {
                draw(&candidates, 1, rng)
            } else {
                highest(&candidates, 1)
            };
            let Some(&token) = picked.first() else {
                continue;
            };
            ids.push(token as u32);
            *log_prob += candidates.get(token).copied().unwrap_or_default();
            *done = token as u32 == eos;
        }
        if done.iter().all(|&done| done) {
            break;
        }
    }
    let finish = |(mut ids, log_prob): (Vec<u32>, f64)| {
        if let Some(end) = ids.iter().skip(1).position(|&id| id == eos) {
            ids.truncate(end + 2);
        }
        let score = score(log_prob, ids.len() - 1, settings.length_penalty);
        vec![Hypothesis {
            ids,
            log_prob,
            score,
        }]
    };
    Ok(answers.into_iter().map(finish).collect())
}

fn score(log_prob: f64, generated: usize, length_penalty: f64) -> f64 {
    log_prob / (generated.max(1) as f64).powf(length_penalty)
}

fn last_tokens<'a>(rows: impl Iterator<Item = &'a Vec<u32>>, pad: u32) -> Vec<u32> {
    rows.map(|ids| ids.last().copied().unwrap_or(pad)).collect()
}

/// Log probabilities of the next token of every row, filtered by the settings.
fn next_scores<'a>(
    writer: &T5Writer,
    last: &[u32],
    cache: &mut T5Cache,
    rows: impl Iterator<Item = &'a Vec<u32>>,
    settings: &GenerationSettings,
    keep_at_least: usize,
) -> Result<Vec<Vec<f32>>> {
    let logits = writer.step(last, cache)?;
    let mut scores = logits.to_vec2::<f32>()?;
    let eos = writer.config().eos_token_id as usize;
    for (row, ids) in scores.iter_mut().zip(rows) {
        log_softmax(row);
        if ids.len() < settings.min_length
            && let Some(end) = row.get_mut(eos)
        {
            *end = f32::NEG_INFINITY;
        }
        if let Some(sampling) = &settings.sampling {
            filter(row, sampling, keep_at_least);
        }
    }
    Ok(scores)
}
