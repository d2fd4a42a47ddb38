//! One pair of frames with everything written about it, and what an edit of it is.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// VQAI's five categories, in the order of the paper.
pub const CATEGORIES: [&str; 5] = [
    "scenery variation",
    "more entities",
    "fewer entities",
    "entities variation",
    "emotion variation",
];

/// What a reviewer thinks of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It can be used.
    Accepted,
    /// It cannot.
    Rejected,
}

/// One person's word on a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who.
    pub annotator: String,
    /// What they think.
    pub verdict: Verdict,
}

/// What the reviews of a pair come to, for one annotator: what others think is hidden until one has
/// said what one thinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReviewState {
    /// Nobody has looked.
    Open,
    /// Others have; this annotator has not.
    Waiting,
    /// Only this annotator has.
    Once,
    /// Two or more agree that it can be used.
    Accepted,
    /// Two or more agree that it cannot.
    Rejected,
    /// They disagree.
    Disputed,
}

impl ReviewState {
    /// All states, in the order they are shown.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::Waiting,
        Self::Once,
        Self::Accepted,
        Self::Rejected,
        Self::Disputed,
    ];

    /// What some reviews come to for this annotator.
    pub fn of(reviews: &[Review], annotator: &str) -> Self {
        let accepts = |review: &Review| review.verdict == Verdict::Accepted;
        if reviews.is_empty() {
            return Self::Open;
        }
        if !reviews.iter().any(|review| review.annotator == annotator) {
            return Self::Waiting;
        }
        match reviews {
            [_] => Self::Once,
            all if all.iter().all(accepts) => Self::Accepted,
            all if !all.iter().any(accepts) => Self::Rejected,
            _ => Self::Disputed,
        }
    }
}

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The split, for example `train`.
    pub split: String,
    /// Its number in the list, from 0.
    pub index: usize,
    /// The name it had when it was read.
    pub name: String,
}

/// What can be edited about a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// The causal question.
    Question,
    /// The answer sentence.
    Answer,
    /// The causal chain, one step a line.
    Chain,
    /// The category.
    Category,
    /// What reviewers think.
    Reviews,
    /// The picture before.
    Before,
    /// The picture after.
    After,
    /// Why it is not used; a record with that is left out of training and evaluation.
    Excluded,
}

impl Field {
    /// Its key in a record.
    pub fn key(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Answer => "sent",
            Self::Chain => "chain",
            Self::Category => "category",
            Self::Reviews => "reviews",
            Self::Before => "image1_name",
            Self::After => "image2_name",
            Self::Excluded => "excluded",
        }
    }
}

/// One edit: a field, what it was and what it is now. Nothing means that the record has no such key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Whose.
    pub place: Place,
    /// Which.
    pub field: Field,
    /// Before.
    pub before: Option<Value>,
    /// Now.
    pub after: Option<Value>,
    /// For a category: what the file of categories said when the folder was read. It holds again when
    /// the record has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<String>,
}

/// A pair of frames as annotators see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Where it stands.
    pub place: Place,
    /// Picture of the frame before, inside the folder of pictures.
    pub before: String,
    /// Picture of the frame after.
    pub after: String,
    /// The question; empty where nobody wrote one.
    pub question: String,
    /// The answer sentence; empty where nobody wrote one.
    pub answer: String,
    /// The causal chain.
    pub chain: Vec<String>,
    /// The category, as far as it is known.
    pub category: Option<String>,
    /// What reviewers think.
    pub reviews: Vec<Review>,
    /// The category in the file of categories.
    pub listed: Option<String>,
    /// Pictures that are not there.
    pub missing: Vec<String>,
    /// The fields that the record itself has, as they are written there.
    own: Vec<(Field, Value)>,
    /// What search looks through, in small letters.
    haystack: String,
}

impl Pair {
    /// The pair of a record; `listed` is its category in the file of categories.
    ///
    /// # Errors
    /// What is wrong with the record, in plain words.
    pub fn of(
        split: &str,
        index: usize,
        record: &Value,
        listed: Option<&str>,
    ) -> Result<Self, String> {
        let record = record.as_object().ok_or("it is no record")?;
        let needed = |key: &str| match record.get(key).and_then(Value::as_str) {
            Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
            _ => Err(format!("it has no {key}")),
        };
        let mut pair = Self {
            place: Place {
                split: split.to_owned(),
                index,
                name: needed("sample_name")?,
            },
            before: needed("image1_name")?,
            after: needed("image2_name")?,
            question: text(record, Field::Question),
            answer: text(record, Field::Answer),
            chain: lines(record.get(Field::Chain.key())),
            category: None,
            listed: listed.map(str::to_owned),
            reviews: reviews(record.get(Field::Reviews.key())),
            missing: Vec::new(),
            own: Vec::new(),
            haystack: String::new(),
        };
        let own = text(record, Field::Category);
        let own = Some(own).filter(|category| !category.is_empty());
        pair.category = own.or_else(|| listed.map(str::to_owned));
        for field in [
            Field::Question,
            Field::Answer,
            Field::Chain,
            Field::Category,
            Field::Reviews,
            Field::Excluded,
        ] {
            if let Some(value) = record.get(field.key()) {
                pair.own.push((field, value.clone()));
            }
        }
        pair.index_words();
        Ok(pair)
    }

    /// The value of a field as the record holds it; none where the record has no such key.
    pub fn value(&self, field: Field) -> Option<Value> {
        match field {
            Field::Before => Some(json!(self.before)),
            Field::After => Some(json!(self.after)),
            _ => {
                let found = self.own.iter().find(|(known, _)| *known == field);
                found.map(|(_, value)| value.clone())
            }
        }
    }

    /// The reviews with another word of this person, or without theirs; what this version does not
    /// understand in them stays.
    pub fn reviewed(&self, annotator: &str, verdict: Option<Verdict>) -> Option<Value> {
        let known = match self.value(Field::Reviews) {
            Some(Value::Array(known)) => known,
            _ => Vec::new(),
        };
        let others = known
            .into_iter()
            .filter(|review| review["annotator"] != annotator);
        let mine = verdict.map(|verdict| {
            json!(Review {
                annotator: annotator.to_owned(),
                verdict,
            })
        });
        let all: Vec<Value> = others.chain(mine).collect();
        (!all.is_empty()).then_some(Value::Array(all))
    }

    /// Why it is not used, when it is not.
    pub fn excluded(&self) -> Option<&str> {
        let found = self.own.iter().find(|(known, _)| *known == Field::Excluded);
        let reason = found.and_then(|(_, value)| value.as_str());
        reason.filter(|reason| !reason.is_empty())
    }

    /// What a person said.
    pub fn verdict_of(&self, annotator: &str) -> Option<Verdict> {
        let mut reviews = self.reviews.iter();
        let mine = reviews.find(|review| review.annotator == annotator);
        mine.map(|review| review.verdict)
    }

    /// Gives a field another value.
    pub fn set(&mut self, field: Field, value: Option<&Value>) {
        self.own.retain(|(known, _)| *known != field);
        self.own.extend(value.map(|value| (field, value.clone())));
        let words = || value.and_then(Value::as_str).unwrap_or_default().to_owned();
        match field {
            Field::Question => self.question = words(),
            Field::Answer => self.answer = words(),
            Field::Chain => self.chain = lines(value),
            Field::Category => {
                let own = Some(words()).filter(|word| !word.is_empty());
                let known = |_: &Value| own.clone();
                self.category = value.map_or_else(|| self.listed.clone(), known);
            }
            Field::Reviews => self.reviews = reviews(value),
            Field::Before => self.before = words(),
            Field::After => self.after = words(),
            Field::Excluded => {}
        }
        self.index_words();
    }

    /// The edit that gives a field another value.
    pub fn change(&self, field: Field, after: Option<Value>) -> Change {
        Change {
            place: self.place.clone(),
            field,
            before: self.value(field),
            after,
            listed: self.listed.clone().filter(|_| field == Field::Category),
        }
    }

    /// What the reviews come to for this annotator.
    pub fn review_state(&self, annotator: &str) -> ReviewState {
        ReviewState::of(&self.reviews, annotator)
    }

    /// Whether every word, in small letters, is somewhere in what is written about it.
    pub fn has_words<'a>(&self, mut words: impl Iterator<Item = &'a str>) -> bool {
        words.all(|word| self.haystack.contains(word))
    }

    fn index_words(&mut self) {
        let parts = [
            &self.place.name,
            &self.question,
            &self.answer,
            &self.before,
            &self.after,
        ];
        let mut all = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
        for part in parts.into_iter().chain(&self.chain) {
            all.push_str(&part.to_lowercase());
            all.push('\n');
        }
        self.haystack = all;
    }
}

fn text(record: &Map<String, Value>, field: Field) -> String {
    let value = record.get(field.key()).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

/// The steps of a chain, also of one that is written as a single text.
fn lines(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => text.lines().map(str::to_owned).collect(),
        Some(Value::Array(steps)) => {
            let texts = steps.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn reviews(value: Option<&Value>) -> Vec<Review> {
    let values = value.and_then(Value::as_array);
    let read = |value: &Value| Review::deserialize(value).ok();
    values.into_iter().flatten().filter_map(read).collect()
}
