//! Questions about scenes, drawn for a split.
//!
//! Scenes are drawn until the wanted case of the wanted rule is the one that happens; all pairs of
//! rule and case are equally frequent. The held-out pairs of rule and scene occur in the
//! compositional split only, and it holds nothing else. The reasoning split has questions of its own.

use super::draw::Draw;
use super::reasoning;
use super::rules::{Rule, rules};
use super::scene::{Actor, PerSlot, Scene, Slot};
use super::world::{Attribute, Kind, Value, World};
use serde::{Deserialize, Serialize};

/// How many scenes are drawn for one sample before the pair of rule and case is passed over.
const MOST_TRIES: usize = 40_000;
/// The same when it is found out which pairs the compositional split can have.
const PROBE_TRIES: usize = 6_000;

/// A part of the data with a purpose of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// For training.
    Train,
    /// For watching a training run.
    Val,
    /// For the numbers that are reported.
    Test,
    /// Combinations that training never shows.
    Compositional,
    /// Questions that take more than one rule; training never asks any.
    Reasoning,
}

impl Split {
    /// All, in order.
    pub const ALL: [Self; 5] = [
        Self::Train,
        Self::Val,
        Self::Test,
        Self::Compositional,
        Self::Reasoning,
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
            Self::Compositional => "compositional",
            Self::Reasoning => "reasoning",
        }
    }

    /// Samples in the reference's split; in the reasoning split, which it does not have, as many as in
    /// the compositional one.
    pub fn usual_size(self) -> usize {
        let name = match self {
            Self::Reasoning => Self::Compositional.name(),
            split => split.name(),
        };
        let rule = World::get().splits.get(name);
        rule.map_or(0, |rule| rule.size)
    }

    /// The seed of this split in the data set of seed `seed`: that of the reference for 1, and never
    /// one that another split uses.
    fn seed(self, seed: u64) -> u64 {
        /// More than the largest seed of a split in the world's description.
        const STRIDE: u64 = 1000;
        /// The seed of the split that the world's description does not have.
        const REASONING: u64 = 5;
        let rule = World::get().splits.get(self.name());
        let own = rule.map_or(REASONING, |rule| rule.seed);
        seed.wrapping_sub(1).wrapping_mul(STRIDE).wrapping_add(own)
    }
}

/// A question about a scene, with everything that is known about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The rule that is asked about.
    pub rule: String,
    /// Which of its cases happens.
    pub case: usize,
    /// VQAI's category.
    pub category: String,
    /// One wording of the question.
    pub question: String,
    /// The answer sentence.
    pub answer: String,
    /// The causal chain.
    pub chain: Vec<String>,
    /// The scene before.
    pub before: Scene,
    /// The scene after.
    pub after: Scene,
}

/// The samples of a split, without end; the first ones are the same however many are taken.
///
/// Seed 1 gives the splits that toon-tiny was trained and measured with.
pub fn samples(split: Split, seed: u64) -> Box<dyn Iterator<Item = Sample>> {
    let seed = split.seed(seed);
    match split {
        Split::Reasoning => Box::new(reasoning::samples(seed)),
        Split::Compositional => Box::new(of_rules(seed, true)),
        _ => Box::new(of_rules(seed, false)),
    }
}

/// Questions about single rules, in held-out scenes or in all others.
fn of_rules(seed: u64, held_out: bool) -> impl Iterator<Item = Sample> {
    let mut draw = Draw::new(seed);
    let mut probe = Draw::new(0);
    let mut pairs: Vec<(&Rule, usize)> = Vec::new();
    for rule in rules() {
        for case in 0..rule.cases.len() {
            let possible = !held_out
                || rule.has_held_out_scenes()
                    && sample(&mut probe, rule, case, true, PROBE_TRIES).is_some();
            if possible {
                pairs.push((rule, case));
            }
        }
    }
    let mut next = pairs.len();
    std::iter::from_fn(move || {
        loop {
            if next == pairs.len() {
                draw.shuffle(&mut pairs);
                next = 0;
            }
            let &(rule, case) = pairs.get(next)?;
            next += 1;
            let found = sample(&mut draw, rule, case, held_out, MOST_TRIES);
            if found.is_some() {
                return found;
            }
            tracing::debug!("no scene was found for {} case {case}", rule.id);
        }
    })
}

fn sample(
    draw: &mut Draw,
    rule: &Rule,
    wanted: usize,
    held_out: bool,
    tries: usize,
) -> Option<Sample> {
    for _ in 0..tries {
        let before = scene(draw);
        if !rule.when.holds(&before) || rule.is_held_out(&before) != held_out {
            continue;
        }
        let Some(outcome) = rule.outcome(&before) else {
            continue;
        };
        if outcome.index != wanted {
            continue;
        }
        let question = rule.questions.get(draw.below(rule.questions.len()))?;
        return Some(Sample {
            rule: rule.id.clone(),
            case: wanted,
            category: outcome.case.category.clone(),
            question: question.clone(),
            answer: outcome.case.answer.clone(),
            chain: outcome.case.chain.clone(),
            after: outcome.after,
            before,
        });
    }
    None
}

/// A scene, as likely as the world's description says. The order of the draws is the reference's.
pub(super) fn scene(draw: &mut Draw) -> Scene {
    let world = World::get();
    let place = word(draw, "place", "");
    let tint = word(draw, "tint", &place);
    let flip = matches!(value(draw, "flip", &place), Some(Value::Flag(true)));
    let mut scene = Scene {
        sky: word(draw, "sky", &place),
        lamp: word(draw, "lamp", &place),
        tree: word(draw, "tree", &place),
        place,
        tint,
        flip,
        slots: PerSlot::default(),
        jitter: PerSlot::default(),
    };
    let cast = &world.cast;
    let number = |draw: &mut Draw, numbers: &super::world::Numbers| {
        let index = draw.weighted(&numbers.weights);
        numbers.values.get(index).copied().unwrap_or(0)
    };
    let characters = number(draw, &cast.characters);
    let props = number(draw, &cast.props).min(cast.max.saturating_sub(characters));
    let all: Vec<_> = world.of_kind(Kind::Character).collect();
    let allowed: Vec<_> = world
        .of_kind(Kind::Prop)
        .filter(|(_, entity)| entity.limits.holds(&scene))
        .collect();
    let mut names = draw.sample(&all, characters);
    names.extend(draw.sample(&allowed, props));
    for (slot, (name, entity)) in draw.sample(&Slot::ALL, names.len()).into_iter().zip(names) {
        let state = draw.weighted(&entity.weights);
        *scene.slots.at_mut(slot) = Some(Actor {
            entity: name.clone(),
            state: entity.states.get(state).cloned().unwrap_or_default(),
        });
    }
    for slot in Slot::ALL {
        let (x, y) = (draw.between(world.jitter.x), draw.between(world.jitter.y));
        *scene.jitter.at_mut(slot) = [x, y];
    }
    scene
}

fn word(draw: &mut Draw, name: &str, place: &str) -> String {
    match value(draw, name, place) {
        Some(Value::Word(word)) => word,
        _ => String::new(),
    }
}

fn value(draw: &mut Draw, name: &str, place: &str) -> Option<Value> {
    let (values, weights) = match World::get().attributes.get(name)? {
        Attribute::Everywhere { values, weights } => (values, weights),
        Attribute::ByPlace {
            values,
            weights_by_place,
        } => (values, weights_by_place.get(place)?),
    };
    values.get(draw.weighted(weights)).cloned()
}
