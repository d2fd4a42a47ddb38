//! Beam search: several answers followed at the same time.

use super::choice::{AnswerRng, draw, highest};
use super::{GenerationSettings, Hypothesis, T5Cache, T5Writer, last_tokens, next_scores, score};
use crate::nn::cancel;
use candle_core::Result;

/// An answer that is still being written.
#[derive(Clone, Debug)]
struct Running {
    ids: Vec<u32>,
    log_prob: f64,
}

/// The beams of one sample.
#[derive(Clone, Debug)]
struct Search {
    running: Vec<Running>,
    finished: Finished,
    done: bool,
}

/// `num_beams` answers per sample, best first.
pub(super) fn beam_search(
    writer: &T5Writer,
    mut cache: T5Cache,
    samples: usize,
    settings: &GenerationSettings,
    rng: &mut AnswerRng,
) -> Result<Vec<Vec<Hypothesis>>> {
    let (pad, eos) = (writer.config().pad_token_id, writer.config().eos_token_id);
    let beams = settings.num_beams;
    let running = (0..beams)
        .map(|beam| Running {
            ids: vec![writer.config().start_token_id()],
            // All beams start equal: only the first may speak in the first step.
            log_prob: if beam == 0 { 0.0 } else { -1e9 },
        })
        .collect();
    let search = Search {
        running,
        finished: Finished::new(beams, settings.length_penalty),
        done: false,
    };
    let mut searches = vec![search; samples];
    for _ in 0..settings.max_new_tokens {
        cancel::checkpoint()?;
        let rows = || searches.iter().flat_map(|s| &s.running).map(|r| &r.ids);
        let last = last_tokens(rows(), pad);
        let scores = next_scores(writer, &last, &mut cache, rows(), settings, 2)?;
        let mut order: Vec<u32> = Vec::with_capacity(last.len());
        for ((i, search), scores) in searches.iter_mut().enumerate().zip(scores.chunks(beams)) {
            let chosen = search.advance(scores, eos, pad, settings, rng);
            order.extend(chosen.iter().map(|beam| (i * beams + beam) as u32));
        }
        if searches.iter().all(|search| search.done) {
            break;
        }
        cache.reorder(&order)?;
    }
    Ok(searches.into_iter().map(Search::into_best_first).collect())
}

impl Search {
    /// Moves every beam one token on; returns which beam each of them continues.
    fn advance(
        &mut self,
        scores: &[Vec<f32>],
        eos: u32,
        pad: u32,
        settings: &GenerationSettings,
        rng: &mut AnswerRng,
    ) -> Vec<usize> {
        let beams = settings.num_beams;
        if self.done {
            for beam in &mut self.running {
                beam.ids.push(pad);
            }
            return (0..beams).collect();
        }
        // 1. Candidates: every token of every beam. Twice as many as beams, because at most half
        //    of them can be ends.
        let vocabulary = scores.first().map_or(1, Vec::len).max(1);
        let totals: Vec<f64> = self
            .running
            .iter()
            .zip(scores)
            .flat_map(|(beam, row)| row.iter().map(|&s| beam.log_prob + f64::from(s)))
            .collect();
        let mut picked = if settings.sampling.is_some() {
            draw(&totals, 2 * beams, rng)
        } else {
            highest(&totals, 2 * beams)
        };
        let total = |index: usize| totals.get(index).copied().unwrap_or(f64::NEG_INFINITY);
        picked.sort_by(|&a, &b| total(b).total_cmp(&total(a)));
        // 2. Ends are set aside, the best others go on.
        let generated = self.running.first().map_or(0, |beam| beam.ids.len());
        let (mut next, mut chosen) = (Vec::with_capacity(beams), Vec::with_capacity(beams));
        for (rank, &index) in picked.iter().enumerate() {
            let (beam, token) = (index / vocabulary, (index % vocabulary) as u32);
            let Some(source) = self.running.get(beam) else {
                continue;
            };
            if token == eos {
                if rank < beams {
                    let ids = source.ids.iter().copied().chain([eos]).collect();
                    self.finished.add(ids, total(index), generated);
                }
                continue;
            }
            next.push(Running {
                ids: source.ids.iter().copied().chain([token]).collect(),
                log_prob: total(index),
            });
            chosen.push(beam);
            if next.len() == beams {
                break;
            }
        }
        // 3. Done when no running beam could still beat the finished ones.
        let best = picked.first().map_or(f64::NEG_INFINITY, |&i| total(i));
        self.done = self.finished.is_done(best, generated);
        self.running = next;
        chosen
    }

    fn into_best_first(mut self) -> Vec<Hypothesis> {
        if !self.done {
            for beam in self.running {
                let generated = beam.ids.len().saturating_sub(1);
                self.finished.add(beam.ids, beam.log_prob, generated);
            }
        }
        let mut hypotheses = self.finished.kept;
        hypotheses.sort_by(|a, b| a.score.total_cmp(&b.score));
        hypotheses.reverse();
        hypotheses
    }
}

/// The best finished answers of one sample.
#[derive(Clone, Debug)]
struct Finished {
    kept: Vec<Hypothesis>,
    room: usize,
    length_penalty: f64,
}

impl Finished {
    fn new(room: usize, length_penalty: f64) -> Self {
        Self {
            kept: Vec::with_capacity(room + 1),
            room,
            length_penalty,
        }
    }

    fn worst(&self) -> f64 {
        self.kept
            .iter()
            .map(|h| h.score)
            .fold(f64::INFINITY, f64::min)
    }

    /// `generated` counts tokens without the start token.
    fn add(&mut self, ids: Vec<u32>, log_prob: f64, generated: usize) {
        let score = score(log_prob, generated, self.length_penalty);
        if self.kept.len() >= self.room && score <= self.worst() {
            return;
        }
        self.kept.push(Hypothesis {
            ids,
            log_prob,
            score,
        });
        if self.kept.len() > self.room {
            let worst = self.worst();
            if let Some(index) = self.kept.iter().position(|h| h.score == worst) {
                self.kept.remove(index);
            }
        }
    }

    fn is_done(&self, best_log_prob: f64, generated: usize) -> bool {
        self.kept.len() >= self.room
            && self.worst() >= score(best_log_prob, generated, self.length_penalty)
    }
}
