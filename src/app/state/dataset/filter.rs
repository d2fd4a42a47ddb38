//! Which pairs are shown, and in which order.

use crate::job::datasets::{Pair, ReviewState};
use serde::{Deserialize, Serialize};

/// A category that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CategoryChoice {
    /// Pairs without one.
    None,
    /// This one.
    Is(String),
}

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairFilter {
    /// Words that have to be in name, question, answer or chain, all of them.
    pub words: String,
    /// The split, by name.
    pub split: Option<String>,
    /// The category.
    pub category: Option<CategoryChoice>,
    /// What the reviews come to.
    pub state: Option<ReviewState>,
    /// Whether there is an answer.
    pub answered: Option<bool>,
}

/// The order of the pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PairOrder {
    /// As they stand in the lists.
    #[default]
    List,
    /// By name.
    Name,
    /// By category.
    Category,
    /// What is not reviewed first.
    Review,
}

impl PairOrder {
    /// All orders, as they are offered.
    pub const ALL: [Self; 4] = [Self::List, Self::Name, Self::Category, Self::Review];
}

impl PairFilter {
    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The places of the pairs that are shown to this annotator, in order.
    pub fn apply(&self, pairs: &[Pair], order: PairOrder, me: &str) -> Vec<usize> {
        let words = self.words.to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        let shows = |pair: &Pair| {
            self.split
                .as_ref()
                .is_none_or(|split| *split == pair.place.split)
                && self
                    .answered
                    .is_none_or(|yes| yes != pair.answer.trim().is_empty())
                && self
                    .state
                    .is_none_or(|state| state == pair.review_state(me))
                && self.shows_category(pair)
                && pair.has_words(words.iter().copied())
        };
        let pairs_in = pairs.iter().enumerate();
        let mut shown: Vec<usize> = pairs_in
            .filter_map(|(index, pair)| shows(pair).then_some(index))
            .collect();
        let of = |index: &usize| pairs.get(*index);
        match order {
            PairOrder::List => {}
            PairOrder::Name => shown.sort_by_key(|index| of(index).map(|pair| &pair.place.name)),
            PairOrder::Category => {
                // Those without one come first: there is something to do.
                shown.sort_by_key(|index| of(index).map(|pair| pair.category.as_ref()));
            }
            PairOrder::Review => {
                shown.sort_by_key(|index| of(index).map(|pair| pair.review_state(me)));
            }
        }
        shown
    }

    fn shows_category(&self, pair: &Pair) -> bool {
        match &self.category {
            None => true,
            Some(CategoryChoice::None) => pair.category.is_none(),
            Some(CategoryChoice::Is(name)) => pair.category.as_ref() == Some(name),
        }
    }
}
