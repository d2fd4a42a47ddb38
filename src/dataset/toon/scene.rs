//! A scene: the record that one picture is drawn from.

use super::world::{Attribute, World};
use serde::{Deserialize, Serialize};

/// Attributes that say how something in the scene is; the others say where it is.
const CHANGING: [&str; 3] = ["sky", "lamp", "tree"];

/// Where something can stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Slot {
    /// Left.
    L,
    /// In the centre, in front of the others.
    C,
    /// Right.
    R,
}

impl Slot {
    /// All, in the order of the world's description.
    pub const ALL: [Self; 3] = [Self::L, Self::C, Self::R];
}

/// One value for each slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", deny_unknown_fields)]
pub struct PerSlot<T> {
    /// Left.
    pub l: T,
    /// Centre.
    pub c: T,
    /// Right.
    pub r: T,
}

impl<T> PerSlot<T> {
    /// The value of one slot.
    pub fn at(&self, slot: Slot) -> &T {
        match slot {
            Slot::L => &self.l,
            Slot::C => &self.c,
            Slot::R => &self.r,
        }
    }

    /// The value of one slot, to change it.
    pub fn at_mut(&mut self, slot: Slot) -> &mut T {
        match slot {
            Slot::L => &mut self.l,
            Slot::C => &mut self.c,
            Slot::R => &mut self.r,
        }
    }

    /// All values, left to right.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        [&self.l, &self.c, &self.r].into_iter()
    }

    /// All values, left to right, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        [&mut self.l, &mut self.c, &mut self.r].into_iter()
    }
}

/// What stands in a slot, and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// A character or a prop.
    pub entity: String,
    /// `happy`, `asleep`, `whole`, …
    pub state: String,
}

/// One moment of the toon world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// `room`, `garden` or `beach`.
    pub place: String,
    /// Colour of the walls, in rooms.
    pub tint: String,
    /// Whether lamp, picture and tree are on the other side.
    pub flip: bool,
    /// `day`, `night`, `rain` or `snow`; in a room it is what the window shows.
    pub sky: String,
    /// `none`, `off` or `on`, in rooms.
    pub lamp: String,
    /// `none`, `green`, `apples`, `bare` or `fallen`, in gardens.
    pub tree: String,
    /// Who and what is there.
    pub slots: PerSlot<Option<Actor>>,
    /// Offsets from the slots in whole units, (x, y).
    pub jitter: PerSlot<[i32; 2]>,
}

impl Scene {
    /// The text attribute of that name; `flip` is none.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        Some(match name {
            "place" => &self.place,
            "tint" => &self.tint,
            "sky" => &self.sky,
            "lamp" => &self.lamp,
            "tree" => &self.tree,
            _ => return None,
        })
    }

    /// Everything that is there, left to right.
    pub fn cast(&self) -> impl Iterator<Item = &Actor> {
        self.slots.iter().flatten()
    }

    /// Whether somebody or something is in this state, or sky, lamp or tree are: `asleep`, `rain`, …
    pub fn shows(&self, state: &str) -> bool {
        self.cast().any(|actor| actor.state == state)
            || CHANGING
                .iter()
                .any(|name| self.attribute(name) == Some(state))
    }

    /// Whether a scene can show this state.
    pub fn can_show(state: &str) -> bool {
        let mut known = CHANGING.iter().flat_map(|name| Self::values_of(name));
        Self::knows_state(state) || known.any(|known| known == state)
    }

    /// The values that an attribute of scenes can have; those of `flip` are none.
    pub(super) fn values_of(attribute: &str) -> impl Iterator<Item = &'static str> {
        let attribute = World::get().attributes.get(attribute);
        attribute.into_iter().flat_map(Attribute::words)
    }

    /// Whether pictures tell it of a thing or of the sky: `asleep`, `rain`, …
    pub fn can_tell(state: &str) -> bool {
        Self::knows_state(state) || Self::values_of("sky").any(|sky| sky == state)
    }

    /// Whether anything can be in this state.
    fn knows_state(state: &str) -> bool {
        let mut entities = World::get().entities.iter();
        entities.any(|(_, entity)| entity.states.iter().any(|known| known == state))
    }

    /// How an entity is, if it is there.
    pub fn state_of(&self, entity: &str) -> Option<&str> {
        let actor = self.cast().find(|actor| actor.entity == entity)?;
        Some(&actor.state)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Split, samples};
    use super::*;

    #[test]
    fn scenes_show_states_of_things_and_their_own() {
        let mut scenes = samples(Split::Train, 1).map(|sample| sample.before);
        let sleepy = scenes.find(|scene| scene.cast().any(|actor| actor.state == "asleep"));
        assert!(sleepy.is_some_and(|scene| scene.shows("asleep")));
        let rainy = scenes.find(|scene| scene.sky == "rain");
        assert!(rainy.is_some_and(|scene| scene.shows("rain") && !scene.shows("day")));
        for state in ["asleep", "rain", "fallen", "on"] {
            assert!(Scene::can_show(state), "{state}");
        }
        // A room is where something is, not how it is.
        for state in ["room", "mint", "made up", ""] {
            assert!(!Scene::can_show(state), "{state}");
        }
        assert!(Scene::can_tell("asleep") && Scene::can_tell("rain"));
        assert!(!Scene::can_tell("fallen") && !Scene::can_tell("made up"));
    }
}
