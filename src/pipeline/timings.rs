//! Where the time of a run's job went, as measured spans.

use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Most spans that are told apart. A run of 50 steps in four columns has some 300; what comes after
/// these is added up, so that no run fills a file with them.
const MOST: usize = 4000;
/// Gaps shorter than this, in seconds, are not worth a span.
const SHORTEST_GAP: f64 = 0.0005;

/// What time was spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// In the queue, before the worker took the job up.
    Waiting,
    /// Reading weights.
    Loading,
    /// Looking at the frame.
    Reading,
    /// The language model.
    Thinking,
    /// A denoising step of the UNet, all columns of it together.
    Step,
    /// Making the picture of a step.
    Preview,
    /// Decoding a finished picture.
    Decoding,
    /// Nothing of the above: keeping steps, telling the window, planning memory.
    Idle,
}

impl Work {
    /// All kinds, in the order of a run.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Loading,
        Self::Reading,
        Self::Thinking,
        Self::Step,
        Self::Preview,
        Self::Decoding,
        Self::Idle,
    ];

    /// The word in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Loading => "loading",
            Self::Reading => "reading",
            Self::Thinking => "thinking",
            Self::Step => "step",
            Self::Preview => "preview",
            Self::Decoding => "decoding",
            Self::Idle => "idle",
        }
    }
}

/// A piece of work as the pipeline reports it, on the clock of this process.
#[derive(Clone, Debug)]
pub struct Spent {
    /// What it was.
    pub work: Work,
    /// When it began.
    pub from: Instant,
    /// When it ended.
    pub to: Instant,
    /// Which denoising step it was or belonged to, from 1.
    pub step: Option<usize>,
    /// The columns it was for; empty where it was for all.
    pub columns: Vec<usize>,
}

impl Spent {
    /// Work for all columns.
    pub fn on(work: Work, from: Instant, to: Instant) -> Self {
        Self {
            work,
            from,
            to,
            step: None,
            columns: Vec::new(),
        }
    }
}

/// A measured span.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// What the time was spent on.
    pub work: Work,
    /// Seconds from the submission of the job to its begin.
    pub start: f64,
    /// How many seconds it took.
    pub seconds: f64,
    /// Which denoising step, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// Columns of the job, from 0; empty where it was for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<usize>,
    /// How many spans were added up to this one, because there were too many to tell apart.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub parts: usize,
}

fn one() -> usize {
    1
}

fn is_one(parts: &usize) -> bool {
    *parts == 1
}

/// The spans of one job, from its submission to its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timings {
    /// Device and dtype, for example "cpu f32".
    pub device: String,
    /// What the job's columns are called: mode and seed.
    pub columns: Vec<String>,
    /// Seconds from the submission to the end.
    pub seconds: f64,
    /// By their start; they do not overlap.
    pub spans: Vec<Span>,
}

impl Timings {
    /// Adds a span. When there are too many to tell apart, its time goes to a span that stands for
    /// all later ones of its kind.
    pub fn push(&mut self, span: Span) {
        self.seconds = self.seconds.max(span.start + span.seconds);
        if self.spans.len() >= MOST {
            let same = |known: &&mut Span| known.work == span.work && known.parts > 1;
            if let Some(sum) = self.spans.iter_mut().rev().find(same) {
                sum.seconds += span.seconds;
                sum.parts += 1;
                return;
            }
            let last = |known: &&mut Span| known.work == span.work;
            if let Some(last) = self.spans.iter_mut().rev().find(last) {
                last.seconds += span.seconds;
                last.parts += 1;
                (last.step, last.columns) = (None, Vec::new());
                return;
            }
        }
        self.spans.push(span);
    }

    /// The same with a span for every gap, up to its end after so many seconds.
    pub fn filled(mut self, seconds: f64) -> Self {
        self.seconds = self.seconds.max(seconds);
        self.spans.sort_by(|a, b| a.start.total_cmp(&b.start));
        let mut gaps = Vec::new();
        let mut end = 0.0;
        // Sums say nothing about when; the time after them is not looked at.
        let whole = self.spans.iter().all(|span| span.parts == 1);
        let starts = self.spans.iter().map(|span| (span.start, span.seconds));
        for (start, length) in starts.chain(whole.then_some((self.seconds, 0.0))) {
            if start - end > SHORTEST_GAP {
                gaps.push(Span {
                    work: Work::Idle,
                    start: end,
                    seconds: start - end,
                    step: None,
                    columns: Vec::new(),
                    parts: 1,
                });
            }
            end = f64::max(end, start + length);
        }
        for gap in gaps {
            self.push(gap);
        }
        self.spans.sort_by(|a, b| a.start.total_cmp(&b.start));
        self
    }

    /// Seconds that a kind of work took in all.
    pub fn total(&self, work: Work) -> f64 {
        let own = self.spans.iter().filter(|span| span.work == work);
        own.map(|span| span.seconds).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(work: Work, start: f64, seconds: f64) -> Span {
        Span {
            work,
            start,
            seconds,
            step: None,
            columns: Vec::new(),
            parts: 1,
        }
    }

    #[test]
    fn gaps_become_idle_time_and_everything_adds_up() {
        let mut timings = Timings::default();
        timings.push(span(Work::Reading, 0.5, 0.25));
        timings.push(span(Work::Step, 0.75, 0.25));
        timings.push(span(Work::Step, 1.1, 0.4));
        let timings = timings.filled(2.0);
        assert_eq!(timings.seconds, 2.0);
        let works: Vec<Work> = timings.spans.iter().map(|span| span.work).collect();
        use Work::{Idle, Reading, Step};
        assert_eq!(works, [Idle, Reading, Step, Idle, Step, Idle]);
        let sum: f64 = Work::ALL.iter().map(|work| timings.total(*work)).sum();
        assert!((sum - 2.0).abs() < 1e-9, "{sum}");
        assert!((timings.total(Step) - 0.65).abs() < 1e-9);
    }

    #[test]
    fn a_run_of_any_length_has_a_bounded_record_and_loses_no_time() {
        let mut timings = Timings::default();
        for step in 0..3 * MOST {
            let start = step as f64;
            timings.push(span(Work::Step, start, 0.5));
            timings.push(span(Work::Preview, start + 0.5, 0.25));
        }
        let timings = timings.filled(3.0 * MOST as f64);
        assert!(timings.spans.len() <= MOST + 8, "{}", timings.spans.len());
        assert_eq!(timings.total(Work::Step), 1.5 * MOST as f64);
        assert_eq!(timings.total(Work::Preview), 0.75 * MOST as f64);
    }
}
