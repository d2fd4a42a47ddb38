//! How similar two pictures on screen are; measured elsewhere, remembered here.

use super::{AppState, Effect, Ticket};
use crate::job::{FileTask, JobId, JobSpec, Problem, Similarity};
use image::RgbImage;
use std::sync::Arc;

/// Pairs that are remembered.
const KEPT: usize = 16;

/// What is known about CLIP's opinion of two pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Likeness {
    /// Not asked yet, or on its way.
    #[default]
    Pending,
    /// The cosine of the embeddings.
    Known(f64),
    /// The bundle has no CLIP.
    NoJudge,
    /// CLIP could not be asked.
    Failed(Problem),
}

/// Two pictures, and what was measured, once it was.
#[derive(Clone, Debug)]
struct Pair {
    a: Arc<RgbImage>,
    b: Arc<RgbImage>,
    measured: Option<Similarity>,
    likeness: Option<f64>,
}

impl Pair {
    fn is(&self, a: &Arc<RgbImage>, b: &Arc<RgbImage>) -> bool {
        Arc::ptr_eq(&self.a, a) && Arc::ptr_eq(&self.b, b)
    }
}

/// The pairs that were measured, and how it stands with the judge.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pairs: Vec<Pair>,
    judge: Judge,
}

/// CLIP is asked about one pair at a time: scrubbing must not leave a queue behind.
#[derive(Debug, Default)]
enum Judge {
    #[default]
    Free,
    Asked(Option<JobId>),
    Missing,
    Failed(Problem),
}

impl Measured {
    fn pair(&mut self, a: &Arc<RgbImage>, b: &Arc<RgbImage>) -> Option<&mut Pair> {
        self.pairs.iter_mut().find(|pair| pair.is(a, b))
    }

    /// Another bundle may have another judge.
    pub(super) fn forget_judge(&mut self) {
        *self = Self::default();
    }

    pub(super) fn submitted(&mut self, job: JobId) {
        if let Judge::Asked(asked) = &mut self.judge {
            *asked = Some(job);
        }
    }

    pub(super) fn on_likened(&mut self, a: &Arc<RgbImage>, b: &Arc<RgbImage>, cosine: Option<f64>) {
        match cosine {
            None => self.judge = Judge::Missing,
            Some(_) => {
                if let Some(pair) = self.pair(a, b) {
                    pair.likeness = cosine;
                }
            }
        }
    }

    /// A job ended, with a problem if it failed; whether it was one that asked CLIP.
    pub(super) fn ended(&mut self, job: JobId, problem: Option<&Problem>) -> bool {
        if !matches!(self.judge, Judge::Asked(Some(asked)) if asked == job) {
            return false;
        }
        self.judge = match problem {
            Some(problem) => Judge::Failed(problem.clone()),
            None => Judge::Free,
        };
        true
    }
}

impl AppState {
    /// What was measured of two pictures: nothing asked, still measuring, or the numbers.
    pub fn similarity_of(
        &self,
        a: &Arc<RgbImage>,
        b: &Arc<RgbImage>,
    ) -> Option<Option<Similarity>> {
        let pair = self.similar.pairs.iter().find(|pair| pair.is(a, b))?;
        Some(pair.measured)
    }

    /// What CLIP says of two pictures.
    pub fn likeness_of(&self, a: &Arc<RgbImage>, b: &Arc<RgbImage>) -> Likeness {
        let pair = self.similar.pairs.iter().find(|pair| pair.is(a, b));
        match (pair.and_then(|pair| pair.likeness), &self.similar.judge) {
            (Some(cosine), _) => Likeness::Known(cosine),
            (None, Judge::Missing) => Likeness::NoJudge,
            (None, Judge::Failed(problem)) => Likeness::Failed(problem.clone()),
            (None, Judge::Free | Judge::Asked(_)) => Likeness::Pending,
        }
    }

    /// Whether something about two pictures is neither known nor on its way.
    pub fn should_measure(&self, a: &Arc<RgbImage>, b: &Arc<RgbImage>) -> bool {
        let free = matches!(self.similar.judge, Judge::Free);
        self.similarity_of(a, b).is_none() || free && self.likeness_of(a, b) == Likeness::Pending
    }

    pub(super) fn measure(&mut self, a: Arc<RgbImage>, b: Arc<RgbImage>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.similarity_of(&a, &b).is_none() {
            if self.similar.pairs.len() >= KEPT {
                self.similar.pairs.remove(0);
            }
            self.similar.pairs.push(Pair {
                a: a.clone(),
                b: b.clone(),
                measured: None,
                likeness: None,
            });
            effects.push(Effect::Files(FileTask::Measure(a.clone(), b.clone())));
        }
        let free = matches!(self.similar.judge, Judge::Free);
        if free && self.likeness_of(&a, &b) == Likeness::Pending {
            self.similar.judge = Judge::Asked(None);
            let bundle = self.bundle_source.clone();
            effects.push(Effect::Submit(
                Ticket::Likeness,
                JobSpec::Liken { bundle, a, b },
            ));
        }
        effects
    }

    pub(super) fn on_measured(
        &mut self,
        a: &Arc<RgbImage>,
        b: &Arc<RgbImage>,
        measured: Similarity,
    ) {
        if let Some(pair) = self.similar.pair(a, b) {
            pair.measured = Some(measured);
        }
    }
}
