//! What is in a scene as class numbers, for networks that learn to see it.

use super::scene::{Scene, Slot};
use super::world::{Attribute, World};
use std::sync::LazyLock;

/// The attributes of a scene that are told; its colours and offsets are not, no rule asks for them.
const TOLD: [&str; 4] = ["place", "sky", "lamp", "tree"];

/// The classes of each part of a scene.
struct Classes {
    /// The values of each attribute in [`TOLD`].
    attributes: Vec<Vec<&'static str>>,
    /// Entity and state of what can stand in a slot; class 0 is nobody.
    actors: Vec<(&'static str, &'static str)>,
}

static CLASSES: LazyLock<Classes> = LazyLock::new(|| {
    let world = World::get();
    let attributes = TOLD.map(|name| {
        let attribute = world.attributes.get(name).into_iter();
        attribute.flat_map(Attribute::words).collect()
    });
    let entities = world.entities.iter();
    let actors = entities.flat_map(|(name, entity)| {
        let states = entity.states.iter();
        states.map(|state| (name.as_str(), state.as_str()))
    });
    Classes {
        attributes: attributes.to_vec(),
        actors: actors.collect(),
    }
});

/// How many classes each part of a scene has: place, sky, lamp, tree, then the slots from left to right.
pub fn scene_classes() -> Vec<usize> {
    let attributes = CLASSES.attributes.iter().map(Vec::len);
    let slots = Slot::ALL.iter().map(|_| CLASSES.actors.len() + 1);
    attributes.chain(slots).collect()
}

impl Scene {
    /// The class of each part, in the order of [`scene_classes`]; none when the world does not know one.
    pub fn classes(&self) -> Option<Vec<usize>> {
        let told = TOLD.iter().zip(&CLASSES.attributes);
        let attributes = told.map(|(name, values)| {
            let value = self.attribute(name)?;
            values.iter().position(|known| *known == value)
        });
        let slots = self.slots.iter().map(|slot| match slot {
            None => Some(0),
            Some(actor) => {
                let wanted = (actor.entity.as_str(), actor.state.as_str());
                let found = CLASSES.actors.iter().position(|known| *known == wanted)?;
                Some(found + 1)
            }
        });
        attributes.chain(slots).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Split, samples};
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_scene_has_classes_and_other_scenes_have_others() {
        let sizes = scene_classes();
        assert_eq!(sizes.len(), TOLD.len() + Slot::ALL.len());
        assert!(sizes.iter().all(|size| *size > 1), "{sizes:?}");
        let mut seen = HashSet::new();
        for sample in samples(Split::Train, 1).take(200) {
            let (before, after) = (sample.before.classes(), sample.after.classes());
            let (before, after) = (before.expect("known"), after.expect("known"));
            for (class, size) in before.iter().zip(&sizes) {
                assert!(class < size);
            }
            // What happened is told, unless only a colour or a place in the slot changed.
            if sample.before.slots != sample.after.slots || sample.before.sky != sample.after.sky {
                assert_ne!(before, after);
            }
            seen.insert(before);
        }
        assert!(seen.len() > 100);
        let mut strange = samples(Split::Train, 1).next().expect("one").before;
        strange.sky = "hail".to_owned();
        assert_eq!(strange.classes(), None);
    }
}
