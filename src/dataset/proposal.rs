//! Which of the five categories a pair may belong to, judged by what its question and answer say and
//! by where its two pictures differ. A proposal for annotators, never more: every weight is written
//! here by hand, and its accuracy is measured on labelled pairs (`tests/suite/proposals.rs`). The words
//! come first; the pictures add what is clear to see.

use super::editing::CATEGORIES;
use image::{RgbImage, imageops};

/// Side of the small pictures that are compared, in pixels.
const SIDE: u32 = 32;
/// Steps of 255 from which on a pixel has changed.
const CHANGED: i32 = 24;
/// How sure a proposal has to be before it contradicts a person.
pub const SURE: f32 = 0.6;

/// A picture in small, from which changes are measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Small(Box<[u8]>);

impl Small {
    /// A picture of any size in small.
    pub fn of(picture: &RgbImage) -> Self {
        Self(imageops::thumbnail(picture, SIDE, SIDE).into_raw().into())
    }

    /// Brightness of a pixel, 0..=765.
    fn light(&self, x: usize, y: usize) -> i32 {
        let at = 3 * (y * SIDE as usize + x);
        let channels = self.0.get(at..at + 3).unwrap_or_default();
        channels.iter().map(|channel| i32::from(*channel)).sum()
    }
}

/// Where two pictures differ.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PictureChange {
    /// Share of the picture that changed, 0..1.
    pub share: f32,
    /// How much more there is to see in the changed part afterwards: the base-2 logarithm of the
    /// strength of its edges after to before.
    pub detail: f32,
}

impl PictureChange {
    /// Compares the picture before with the picture after.
    pub fn between(before: &Small, after: &Small) -> Self {
        let side = SIDE as usize;
        let pixels = before.0.chunks_exact(3).zip(after.0.chunks_exact(3));
        let differs = |(a, b): (&[u8], &[u8])| {
            let mut channels = a.iter().zip(b);
            channels.any(|(a, b)| (i32::from(*a) - i32::from(*b)).abs() > CHANGED)
        };
        let changed: Vec<bool> = pixels.map(differs).collect();
        let count = changed.iter().filter(|changed| **changed).count();
        let edges = |picture: &Small| {
            let mut sum = 1.0_f32; // of a flat part there is no logarithm
            for (at, _) in changed.iter().enumerate().filter(|(_, changed)| **changed) {
                let (x, y) = (at % side, at / side);
                let here = picture.light(x, y);
                for (x, y) in [(x + 1, y), (x, y + 1)] {
                    if x < side && y < side {
                        sum += (picture.light(x, y) - here).abs() as f32;
                    }
                }
            }
            sum
        };
        Self {
            share: count as f32 / (side * side) as f32,
            detail: (edges(after) / edges(before)).log2(),
        }
    }
}

/// A category that a pair may belong to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proposal {
    /// One of [`CATEGORIES`].
    pub category: &'static str,
    /// How sure it is, 0..1.
    pub confidence: f32,
}

/// Beginnings of words that speak for a category, in the order of [`CATEGORIES`].
const CUES: [&[&str]; 5] = [
    &[
        "sky", "night", "morning", "rain", "snow", "storm", "weather", "cloud", "sunset",
        "sunrise", "daylight", "moon", "dark", "bright", "light", "lamp", "white", "season",
        "winter", "sunny", "dawn", "evening",
    ],
    &[
        "appear", "arriv", "come", "comes", "bring", "join", "new", "another", "more", "puts",
        "lays", "built", "build", "grab", "jumps", "pops",
    ],
    &[
        "disappear",
        "leave",
        "leaving",
        "gone",
        "vanish",
        "eat",
        "steal",
        "remov",
        "away",
        "flies",
        "empty",
        "without",
        "runs",
        "takes",
        "carries",
        "fewer",
        "back",
    ],
    &[
        "turn", "become", "open", "close", "break", "broken", "shut", "moves", "put", "use",
        "throw", "cut", "trap", "wet", "burn", "melt", "grow", "hatch", "sprout", "bloom", "burst",
        "lose", "fall",
    ],
    &[
        "feel", "happy", "sad", "angr", "scare", "fear", "smil", "cr", "laugh", "scream", "afraid",
        "joy", "mad", "glad", "delight", "pain", "surpris", "fright", "mood", "express", "asleep",
        "sleepers", "tired", "wake", "sweat", "yawn",
    ],
];

/// How much a cue in the question counts, and one in the answer, which says what is seen.
const QUESTION_CUE: f32 = 0.4;
const ANSWER_CUE: f32 = 1.6;

/// From this share of changed pixels on, the scenery changes, and this much it counts.
const WIDE: f32 = 0.3;
const SCENERY: f32 = 1.0;
/// From twice as much to see on (or half as much), something has come (or gone), and this much it
/// counts for that and against things that merely change.
const DOUBLED: f32 = 1.0;
const CAME: f32 = 1.0;
const MERELY: f32 = 0.5;

/// Proposes a category; without pictures by the words alone.
pub fn propose(question: &str, answer: &str, change: Option<PictureChange>) -> Proposal {
    let mut scores = words_speak(question, answer);
    if let Some(change) = change {
        for (score, seen) in scores.iter_mut().zip(pictures_speak(change)) {
            *score += seen;
        }
    }
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = scores.iter().map(|score| (score - most).exp()).sum();
    let best = scores.iter().position(|score| *score == most).unwrap_or(3);
    Proposal {
        category: CATEGORIES.get(best).copied().unwrap_or(CATEGORIES[3]),
        confidence: 1.0 / sum,
    }
}

/// What question and answer say for each category.
fn words_speak(question: &str, answer: &str) -> [f32; 5] {
    // Where nothing else speaks, things merely change.
    let mut scores = [0.0, 0.0, 0.0, 0.5, 0.0];
    for (text, weight) in [(question, QUESTION_CUE), (answer, ANSWER_CUE)] {
        let text = text.to_lowercase();
        let words: Vec<&str> = text
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        for (score, cues) in scores.iter_mut().zip(CUES) {
            let spoken = |cue: &&str| match cue.len() {
                // Two letters begin too many words.
                0..=2 => words
                    .iter()
                    .any(|word| ["cry", "cries", "crying"].contains(word)),
                _ => words.iter().any(|word| word.starts_with(cue)),
            };
            let count = cues.iter().filter(|cue| spoken(cue)).count();
            *score += weight * (count as f32).min(2.0);
        }
    }
    scores
}

/// What the difference of the pictures says for each category: only what is clear to see. Weaker
/// differences mislead more often than the words alone.
fn pictures_speak(PictureChange { share, detail }: PictureChange) -> [f32; 5] {
    let detail = detail.clamp(-2.5, 2.5);
    let beyond = |value: f32, threshold: f32| (value - threshold).max(0.0);
    [
        SCENERY * beyond(share, WIDE),
        CAME * beyond(detail, DOUBLED),
        CAME * beyond(-detail, DOUBLED),
        -MERELY * beyond(detail.abs(), DOUBLED),
        0.0,
    ]
}
