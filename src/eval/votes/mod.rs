//! What people say about pictures: the paper's Acc and ChosenRate, and how far raters agree.
//!
//! A rater sees the pictures of all modes about one sample, blind and shuffled, and says which shows
//! the right outcome best, that several do so equally (a tie), or that none does. Acc is the share of
//! pictures that were judged causally right, ChosenRate the share of comparisons in which a mode was
//! chosen; a tie chooses nobody, as "none" does.
//!
//! Source: *Image Content Generation with Causal Reasoning* (arXiv 2312.07132), the human evaluation.

mod agreement;

pub use agreement::{fleiss_kappa, krippendorff_alpha};

use crate::pipeline::GuidanceMode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The normal distribution's 97.5 % quantile.
const Z: f64 = 1.959_963_984_540_054;

/// What a rater said about the pictures of one sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vote {
    /// Who voted.
    pub rater: String,
    /// The sample.
    pub sample: String,
    /// VQAI's category; empty where it is not known.
    #[serde(default)]
    pub category: String,
    /// Whether the sample was shown to this rater for the second time.
    #[serde(default)]
    pub repeat: bool,
    /// The modes whose pictures were compared.
    pub modes: Vec<GuidanceMode>,
    /// What was chosen.
    pub choice: Choice,
    /// The modes whose pictures show what had to happen.
    pub right: Vec<GuidanceMode>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// What a rater chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The picture of the question-guided mode.
    Question,
    /// Of the answer-guided one.
    Answer,
    /// Of the latent-guided one.
    Latent,
    /// Of the one guided by both.
    Both,
    /// None of them.
    None,
    /// Several, equally.
    Tie,
}

impl From<GuidanceMode> for Choice {
    fn from(mode: GuidanceMode) -> Self {
        match mode {
            GuidanceMode::Question => Self::Question,
            GuidanceMode::Answer => Self::Answer,
            GuidanceMode::Latent => Self::Latent,
            GuidanceMode::Both => Self::Both,
        }
    }
}

/// A share with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How many.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Rate {
    /// A share; none of nothing.
    ///
    /// Source of the interval: Wilson, *Probable Inference, the Law of Succession, and Statistical
    /// Inference*, 1927.
    pub fn new(count: usize, of: usize) -> Option<Self> {
        if of == 0 {
            return None;
        }
        let (n, share) = (of as f64, count as f64 / of as f64);
        let middle = share + Z * Z / (2.0 * n);
        let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        Some(Self {
            count,
            of,
            low: ((middle - half) / scale).max(0.0),
            high: ((middle + half) / scale).min(1.0),
        })
    }

    /// The share itself.
    pub fn share(&self) -> f64 {
        self.count as f64 / self.of as f64
    }
}

/// The paper's two numbers of a mode.
#[derive(Clone, Debug, PartialEq)]
pub struct ModeVotes {
    /// The mode.
    pub mode: GuidanceMode,
    /// Acc: share of its pictures that were judged causally right.
    pub acc: Option<Rate>,
    /// ChosenRate: share of comparisons in which it was chosen.
    pub chosen: Option<Rate>,
}

/// The votes of a category.
#[derive(Clone, Debug, PartialEq)]
pub struct CategoryVotes {
    /// Its name; none for all votes.
    pub category: Option<String>,
    /// Votes, repeats left out.
    pub votes: usize,
    /// A row per mode, in the usual order.
    pub modes: Vec<ModeVotes>,
    /// Share of votes for none of the pictures.
    pub none: Option<Rate>,
    /// Share of ties.
    pub tie: Option<Rate>,
}

/// The paper's Acc and ChosenRate of a mode; it has none for both.
///
/// Source: *Image Content Generation with Causal Reasoning* (arXiv 2312.07132), the table of the human
/// evaluation.
pub fn paper_votes(mode: GuidanceMode) -> Option<(f64, f64)> {
    match mode {
        GuidanceMode::Question => Some((0.1695, 0.1601)),
        GuidanceMode::Answer => Some((0.1852, 0.2310)),
        GuidanceMode::Latent => Some((0.3239, 0.5135)),
        GuidanceMode::Both => None,
    }
}

/// What all votes say.
#[derive(Clone, Debug, PartialEq)]
pub struct VoteReport {
    /// All votes first, then every category by name.
    pub categories: Vec<CategoryVotes>,
    /// Raters.
    pub raters: usize,
    /// Fleiss' kappa of the choices; none without samples that all raters voted on.
    pub kappa: Option<f64>,
    /// Krippendorff's alpha of the choices; none without a sample with two raters.
    pub alpha: Option<f64>,
    /// Share of repeats with the same choice as the first time.
    pub consistency: Option<Rate>,
    /// Median seconds of a vote.
    pub median_seconds: Option<f64>,
}

impl VoteReport {
    /// Sums up votes. Repeats count for consistency only.
    pub fn of(votes: &[Vote]) -> Self {
        let first: Vec<&Vote> = votes.iter().filter(|vote| !vote.repeat).collect();
        let names: BTreeSet<&str> = first.iter().map(|vote| vote.category.as_str()).collect();
        let mut categories = vec![CategoryVotes::of(None, &first)];
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            let own = first.iter().filter(|vote| vote.category == name);
            let own: Vec<&Vote> = own.copied().collect();
            categories.push(CategoryVotes::of(Some(name), &own));
        }
        let raters: BTreeSet<&str> = first.iter().map(|vote| vote.rater.as_str()).collect();
        let mut by_sample: BTreeMap<&str, Vec<Choice>> = BTreeMap::new();
        for vote in &first {
            by_sample.entry(&vote.sample).or_default().push(vote.choice);
        }
        let units: Vec<Vec<Choice>> = by_sample.into_values().collect();
        let complete = units.iter().filter(|unit| unit.len() == raters.len());
        let complete: Vec<Vec<Choice>> = complete.cloned().collect();
        Self {
            categories,
            raters: raters.len(),
            kappa: fleiss_kappa(&complete),
            alpha: krippendorff_alpha(&units),
            consistency: consistency(votes),
            median_seconds: median(first.iter().map(|vote| vote.seconds).collect()),
        }
    }
}

impl CategoryVotes {
    fn of(category: Option<&str>, votes: &[&Vote]) -> Self {
        let count = |choice: Choice| votes.iter().filter(|vote| vote.choice == choice).count();
        let seen = |mode: GuidanceMode| {
            let votes = votes.iter().filter(move |vote| vote.modes.contains(&mode));
            votes.copied()
        };
        let modes = GuidanceMode::ALL.into_iter();
        let modes = modes.filter(|mode| seen(*mode).next().is_some());
        let modes = modes.map(|mode| {
            let right = seen(mode).filter(|vote| vote.right.contains(&mode)).count();
            let compared = seen(mode).count();
            ModeVotes {
                mode,
                acc: Rate::new(right, compared),
                chosen: Rate::new(count(mode.into()), compared),
            }
        });
        Self {
            category: category.map(str::to_owned),
            votes: votes.len(),
            modes: modes.collect(),
            none: Rate::new(count(Choice::None), votes.len()),
            tie: Rate::new(count(Choice::Tie), votes.len()),
        }
    }
}

/// How often a rater chose the same when a sample came again.
fn consistency(votes: &[Vote]) -> Option<Rate> {
    let first = votes.iter().filter(|vote| !vote.repeat);
    let first: BTreeMap<(&str, &str), Choice> = first
        .map(|vote| ((vote.rater.as_str(), vote.sample.as_str()), vote.choice))
        .collect();
    let (mut same, mut all) = (0, 0);
    for again in votes.iter().filter(|vote| vote.repeat) {
        if let Some(choice) = first.get(&(again.rater.as_str(), again.sample.as_str())) {
            all += 1;
            same += usize::from(*choice == again.choice);
        }
    }
    Rate::new(same, all)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some((values.get(middle - 1)? + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use GuidanceMode::{Answer, Latent, Question};

    fn vote(rater: &str, sample: &str, choice: Choice, right: &[GuidanceMode]) -> Vote {
        Vote {
            rater: rater.to_owned(),
            sample: sample.to_owned(),
            category: match sample {
                "a" => "more entities".to_owned(),
                _ => "emotion variation".to_owned(),
            },
            repeat: false,
            modes: vec![Question, Answer, Latent],
            choice,
            right: right.to_vec(),
            seconds: 4.0,
        }
    }

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 5e-5, "{value} is not {expected}");
    }

    #[test]
    fn wilson_intervals_are_those_of_the_formula() {
        // 8 of 10, worked out by hand: (0.8 + 0.19207 ± 1.96 sqrt(0.016 + 0.0096036)) / 1.38415.
        let rate = Rate::new(8, 10).expect("of ten");
        near(rate.share(), 0.8);
        near(rate.low, 0.490_16);
        near(rate.high, 0.943_31);
        let none = Rate::new(0, 10).expect("of ten");
        assert_eq!(none.low, 0.0);
        near(none.high, 0.277_53);
        assert_eq!(Rate::new(0, 0), None);
    }

    #[test]
    fn rates_by_hand() {
        let mut again = vote("ann", "a", Choice::Tie, &[]);
        again.repeat = true;
        let votes = [
            vote("ann", "a", Choice::Latent, &[Latent, Answer]),
            vote("ann", "b", Choice::None, &[]),
            vote("bob", "a", Choice::Latent, &[Latent]),
            vote("bob", "b", Choice::Tie, &[Question, Latent]),
            again,
        ];
        let report = VoteReport::of(&votes);
        assert_eq!(report.raters, 2);
        let all = &report.categories[0];
        assert_eq!((all.votes, all.modes.len()), (4, 3), "a repeat is no vote");
        let counts = |mode: &ModeVotes| {
            let rate = |rate: Option<Rate>| rate.map(|rate| (rate.count, rate.of));
            (mode.mode, rate(mode.acc), rate(mode.chosen))
        };
        let rows: Vec<_> = all.modes.iter().map(counts).collect();
        assert_eq!(
            rows,
            [
                (Question, Some((1, 4)), Some((0, 4))),
                (Answer, Some((1, 4)), Some((0, 4))),
                (Latent, Some((3, 4)), Some((2, 4))),
            ]
        );
        let share = |rate: Option<Rate>| rate.map(|rate| rate.share());
        assert_eq!((share(all.none), share(all.tie)), (Some(0.25), Some(0.25)));
        assert_eq!(share(report.consistency), Some(0.0));
        let names: Vec<_> = report
            .categories
            .iter()
            .map(|c| c.category.as_deref())
            .collect();
        assert_eq!(
            names,
            [None, Some("emotion variation"), Some("more entities")]
        );
        let more = &report.categories[2];
        assert_eq!(share(more.modes[2].chosen), Some(1.0));
        assert_eq!(report.median_seconds, Some(4.0));
        // One sample agreed, one did not: P = 1/2, Pe = 1/4 + 1/16 + 1/16, (1/2 - 3/8) / (5/8).
        near(report.kappa.expect("two raters"), 0.2);
        let nobody = VoteReport::of(&[]);
        assert_eq!((nobody.kappa, nobody.alpha), (None, None));
        assert_eq!(nobody.median_seconds, None);
    }

    #[test]
    fn medians_lie_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
