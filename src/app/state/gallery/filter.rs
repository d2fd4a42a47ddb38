//! Which of the kept runs are shown: words, mode, bundle, date, star.

use crate::job::{GuidanceMode, RunEntry};

/// How far back runs are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    /// All of them.
    #[default]
    Always,
    /// The last 24 hours.
    Day,
    /// The last seven days.
    Week,
    /// The last thirty days.
    Month,
}

impl Period {
    /// All periods, in the order they are shown.
    pub const ALL: [Self; 4] = [Self::Always, Self::Day, Self::Week, Self::Month];

    /// The earliest time that belongs to it, in seconds since 1970.
    pub fn since(self, now: i64) -> i64 {
        const DAY: i64 = 24 * 60 * 60;
        match self {
            Self::Always => i64::MIN,
            Self::Day => now - DAY,
            Self::Week => now - 7 * DAY,
            Self::Month => now - 30 * DAY,
        }
    }
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Words that have to be in the question or in an answer, all of them.
    pub words: String,
    /// A mode that has to be among the columns.
    pub mode: Option<GuidanceMode>,
    /// The bundle, by name.
    pub bundle: Option<String>,
    /// How far back.
    pub period: Period,
    /// When that period began, in seconds since 1970; set together with it.
    pub since: i64,
    /// Whether only starred runs are shown.
    pub starred: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            words: String::new(),
            mode: None,
            bundle: None,
            period: Period::Always,
            since: i64::MIN,
            starred: false,
        }
    }
}

impl Filter {
    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a run is shown. `answers` are the written ones, as far as they are known.
    pub fn shows(&self, run: &RunEntry, answers: &[String]) -> bool {
        (!self.starred || run.starred)
            && run.created >= self.since
            && self.mode.is_none_or(|mode| run.modes.contains(&mode))
            && self
                .bundle
                .as_ref()
                .is_none_or(|bundle| *bundle == run.bundle)
            && self.has_words(run, answers)
    }

    fn has_words(&self, run: &RunEntry, answers: &[String]) -> bool {
        let words = self.words.to_lowercase();
        let mut words = words.split_whitespace().peekable();
        if words.peek().is_none() {
            return true;
        }
        let given = run
            .columns
            .iter()
            .filter_map(|column| column.answer.as_ref());
        let text: Vec<String> = std::iter::once(&run.question)
            .chain(given)
            .chain(answers)
            .map(|text| text.to_lowercase())
            .collect();
        words.all(|word| text.iter().any(|text| text.contains(word)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::*;

    #[test]
    fn every_word_has_to_be_somewhere() {
        let run = entry(1);
        let answers = ["The cat eats the fish.".to_owned()];
        let shows = |words: &str| {
            let filter = Filter {
                words: words.to_owned(),
                ..Filter::default()
            };
            filter.shows(&run, &answers)
        };
        assert!(shows("") && shows("  "));
        assert!(shows("HUNGRY cat"), "words of the question in any order");
        assert!(
            shows("hungry fish"),
            "one of the question, one of an answer"
        );
        assert!(!shows("hungry dog"));
    }

    #[test]
    fn filters_hold_together() {
        let run = RunEntry {
            starred: true,
            ..entry(1)
        };
        let all = Filter {
            mode: Some(GuidanceMode::Latent),
            bundle: Some("toon-tiny".to_owned()),
            period: Period::Week,
            since: Period::Week.since(run.created + 60),
            starred: true,
            ..Filter::default()
        };
        assert!(all.shows(&run, &[]) && !all.is_empty() && Filter::default().is_empty());
        for other in [
            Filter {
                mode: Some(GuidanceMode::Both),
                ..all.clone()
            },
            Filter {
                bundle: Some("other".to_owned()),
                ..all.clone()
            },
            Filter {
                since: run.created + 1,
                ..all.clone()
            },
        ] {
            assert!(!other.shows(&run, &[]), "{other:?}");
        }
        assert!(!all.shows(&entry(1), &[]), "no star");
    }
}
