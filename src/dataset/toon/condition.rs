//! Conditions: when a layer is painted, a rule applies, or a pair is held out.

use super::scene::Scene;
use super::world::World;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Which states fit: `"*"` any, `"!asleep"` any but this, one state, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum StatePattern {
    /// One state, `*` or `!state`.
    One(String),
    /// Any of these.
    Any(Vec<String>),
}

impl StatePattern {
    /// Whether `state` fits.
    pub fn fits(&self, state: &str) -> bool {
        match self {
            Self::One(pattern) if pattern == "*" => true,
            Self::One(pattern) => match pattern.strip_prefix('!') {
                Some(excluded) => state != excluded,
                None => state == pattern,
            },
            Self::Any(states) => states.iter().any(|known| known == state),
        }
    }
}

/// Something that holds in a scene or does not. An empty condition always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// Allowed places; none allows all.
    pub place: Option<Vec<String>>,
    /// Allowed wall colours.
    pub tint: Option<Vec<String>>,
    /// Allowed skies.
    pub sky: Option<Vec<String>>,
    /// Allowed lamps.
    pub lamp: Option<Vec<String>>,
    /// Allowed trees.
    pub tree: Option<Vec<String>>,
    /// Entities that have to be there, with their states.
    pub has: BTreeMap<String, StatePattern>,
    /// Entities that may not be there.
    pub lacks: Vec<String>,
    /// Whether a slot has to be free, or has to be none.
    pub free_slot: Option<bool>,
    /// No character is in this state.
    pub nobody: Option<String>,
    /// At least one character is.
    pub somebody: Option<StatePattern>,
}

impl Condition {
    /// Whether every entry is met.
    pub fn holds(&self, scene: &Scene) -> bool {
        let attributes = [
            (&self.place, &scene.place),
            (&self.tint, &scene.tint),
            (&self.sky, &scene.sky),
            (&self.lamp, &scene.lamp),
            (&self.tree, &scene.tree),
        ];
        let characters = || {
            let characters = scene
                .cast()
                .filter(|a| World::get().is_character(&a.entity));
            characters.map(|actor| actor.state.as_str())
        };
        let present = |(entity, pattern): (&String, &StatePattern)| {
            let state = scene.state_of(entity);
            state.is_some_and(|state| pattern.fits(state))
        };
        attributes.into_iter().all(|(allowed, value)| {
            let allowed = allowed.as_ref();
            allowed.is_none_or(|allowed| allowed.contains(value))
        }) && self.has.iter().all(present)
            && !self.lacks.iter().any(|e| scene.state_of(e).is_some())
            && self
                .free_slot
                .is_none_or(|free| scene.slots.iter().any(Option::is_none) == free)
            && self
                .nobody
                .as_ref()
                .is_none_or(|state| !characters().any(|found| found == state))
            && self
                .somebody
                .as_ref()
                .is_none_or(|pattern| characters().any(|found| pattern.fits(found)))
    }
}
