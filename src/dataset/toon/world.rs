//! `world.json`: what there is, how it is drawn, how often it occurs.

use super::condition::Condition;
use super::parts;
use super::scene::{PerSlot, Slot};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The description of the world.
#[derive(Debug, Deserialize)]
pub(super) struct World {
    pub canvas: Canvas,
    pub parts: BTreeMap<String, Part>,
    pub attributes: BTreeMap<String, Attribute>,
    /// In the order of the file, which draws depend on.
    #[serde(deserialize_with = "in_order")]
    pub entities: Vec<(String, Entity)>,
    pub slots: PerSlot<[i32; 2]>,
    pub free_slot_order: Vec<Slot>,
    pub draw_order: Vec<Slot>,
    pub jitter: Jitter,
    pub cast: Cast,
    pub layers: Vec<Layer>,
    pub splits: BTreeMap<String, SplitRule>,
    pub held_out: Vec<HeldOut>,
}

/// Size of the canvas in units.
#[derive(Debug, Deserialize)]
pub(super) struct Canvas {
    pub width: u32,
    pub height: u32,
}

/// A drawing; `anchor` is the point that is placed.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    pub anchor: [i32; 2],
}

/// A value of an attribute: only `flip` is not a word.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Value {
    Word(String),
    Flag(bool),
}

/// An attribute of scenes and how often its values occur.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Attribute {
    Everywhere {
        values: Vec<Value>,
        weights: Vec<f64>,
    },
    ByPlace {
        values: Vec<Value>,
        weights_by_place: BTreeMap<String, Vec<f64>>,
    },
}

impl Attribute {
    /// The values it can have, without those that are no words.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let (Self::Everywhere { values, .. } | Self::ByPlace { values, .. }) = self;
        values.iter().filter_map(|value| match value {
            Value::Word(word) => Some(word.as_str()),
            Value::Flag(_) => None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Character,
    Prop,
}

/// A character or a prop with its states.
#[derive(Debug, Deserialize)]
pub(super) struct Entity {
    pub kind: Kind,
    pub states: Vec<String>,
    pub weights: Vec<f64>,
    /// Where it may be when a scene is drawn.
    #[serde(default)]
    pub limits: Condition,
}

/// Ends of the jitter, both included.
#[derive(Debug, Deserialize)]
pub(super) struct Jitter {
    pub x: [i32; 2],
    pub y: [i32; 2],
}

/// How many characters and props a scene has.
#[derive(Debug, Deserialize)]
pub(super) struct Cast {
    pub characters: Numbers,
    pub props: Numbers,
    pub max: usize,
}

/// Numbers and how often they occur.
#[derive(Debug, Deserialize)]
pub(super) struct Numbers {
    pub values: Vec<usize>,
    pub weights: Vec<f64>,
}

/// One layer of a picture, painted over those before it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Layer {
    /// The drawings of everything that stands in a slot.
    EachEntity { each_entity: Vec<SubLayer> },
    /// One drawing.
    Part {
        part: String,
        #[serde(default)]
        when: Box<Condition>,
        at: [i32; 2],
        at_flipped: Option<[i32; 2]>,
    },
}

#[derive(Debug, Deserialize)]
pub(super) struct SubLayer {
    pub part: String,
    pub offset: [i32; 2],
}

/// Seed and usual size of a split.
#[derive(Debug, Deserialize)]
pub(super) struct SplitRule {
    pub seed: u64,
    pub size: usize,
}

/// A rule and scenes that training never shows together.
#[derive(Debug, Deserialize)]
pub(super) struct HeldOut {
    pub rule: String,
    pub when: Condition,
}

impl World {
    /// The one world of the program.
    pub fn get() -> &'static Self {
        static WORLD: LazyLock<World> = LazyLock::new(|| {
            serde_json::from_str(parts::WORLD).expect("the world is part of the program and tested")
        });
        &WORLD
    }

    pub fn entity(&self, name: &str) -> Option<&Entity> {
        let (_, entity) = self.entities.iter().find(|(known, _)| known == name)?;
        Some(entity)
    }

    pub fn is_character(&self, entity: &str) -> bool {
        self.entity(entity)
            .is_some_and(|entity| entity.kind == Kind::Character)
    }

    /// Names of all characters or all props, in order.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&String, &Entity)> {
        let entities = self.entities.iter().map(|(name, entity)| (name, entity));
        entities.filter(move |(_, entity)| entity.kind == kind)
    }
}

/// A map of JSON as a list, in the order of the file.
fn in_order<'de, D: Deserializer<'de>>(json: D) -> Result<Vec<(String, Entity)>, D::Error> {
    let map = serde_json::Map::deserialize(json)?;
    map.into_iter()
        .map(|(name, value)| {
            let entity = serde_json::from_value(value).map_err(serde::de::Error::custom)?;
            Ok((name, entity))
        })
        .collect()
}
