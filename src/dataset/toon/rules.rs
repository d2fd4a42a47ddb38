//! `rules.json`: what happens when something happens.

use super::condition::Condition;
use super::parts;
use super::scene::{Actor, Scene};
use super::world::World;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A cause: when it can be asked about, how it is asked, and what it leads to.
#[derive(Debug, Deserialize)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// When it applies.
    pub when: Condition,
    /// Wordings of the question; they state the cause and never the effect.
    pub questions: Vec<String>,
    /// The first case that holds is what happens.
    pub cases: Vec<Case>,
}

/// One way a rule can end.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// One of VQAI's five categories.
    pub category: String,
    /// When this is what happens.
    pub when: Condition,
    /// What changes.
    pub effects: Effects,
    /// The answer sentence.
    pub answer: String,
    /// The causal chain, two to four sentences.
    pub chain: Vec<String>,
}

/// What changes in a scene. The order of the parts does not matter.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Effects {
    scene: SceneChange,
    remove: Vec<String>,
    state: BTreeMap<String, String>,
    everybody: Option<String>,
    sleepers: Option<String>,
    add: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SceneChange {
    sky: Option<String>,
    lamp: Option<String>,
    tree: Option<String>,
}

impl Effects {
    /// The scene after them.
    pub fn apply(&self, scene: &Scene) -> Scene {
        let world = World::get();
        let mut after = scene.clone();
        for (value, change) in [
            (&mut after.sky, &self.scene.sky),
            (&mut after.lamp, &self.scene.lamp),
            (&mut after.tree, &self.scene.tree),
        ] {
            if let Some(change) = change {
                value.clone_from(change);
            }
        }
        for slot in after.slots.iter_mut() {
            let Some(actor) = slot else { continue };
            if self.remove.contains(&actor.entity) {
                *slot = None;
                continue;
            }
            let new = match &self.sleepers {
                Some(state) if actor.state == "asleep" => Some(state),
                _ => None,
            };
            let everybody = self.everybody.as_ref();
            let new = new.or(everybody.filter(|_| world.is_character(&actor.entity)));
            if let Some(state) = self.state.get(&actor.entity).or(new) {
                actor.state.clone_from(state);
            }
        }
        for (entity, state) in &self.add {
            let order = world.free_slot_order.iter();
            let free = order.copied().find(|slot| after.slots.at(*slot).is_none());
            if let Some(slot) = free {
                *after.slots.at_mut(slot) = Some(Actor {
                    entity: entity.clone(),
                    state: state.clone(),
                });
            }
        }
        after
    }
}

/// What a rule leads to in a scene.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// Which of the rule's cases happens.
    pub index: usize,
    /// The case.
    pub case: &'a Case,
    /// The scene after it.
    pub after: Scene,
}

impl Rule {
    /// What happens, or `None` when the rule does not apply or nothing would change.
    pub fn outcome(&self, scene: &Scene) -> Option<Outcome<'_>> {
        if !self.when.holds(scene) {
            return None;
        }
        let mut cases = self.cases.iter().enumerate();
        let (index, case) = cases.find(|(_, case)| case.when.holds(scene))?;
        let after = case.effects.apply(scene);
        (after != *scene).then_some(Outcome { index, case, after })
    }

    /// Whether training never shows this rule in such a scene.
    pub fn is_held_out(&self, scene: &Scene) -> bool {
        let mut held_out = World::get().held_out.iter();
        held_out.any(|entry| entry.rule == self.id && entry.when.holds(scene))
    }

    /// Whether there are scenes in which training never shows it.
    pub(super) fn has_held_out_scenes(&self) -> bool {
        World::get().held_out.iter().any(|e| e.rule == self.id)
    }
}

/// All rules, in the order of the file.
pub fn rules() -> &'static [Rule] {
    #[derive(Deserialize)]
    struct File {
        rules: Vec<Rule>,
    }
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        let file: File = serde_json::from_str(parts::RULES)
            .expect("the rules are part of the program and tested");
        file.rules
    });
    &RULES
}

/// Every distinct thing that can come out of a scene: that nothing happens, first, and the effect of
/// each rule that applies.
pub fn outcomes(scene: &Scene) -> Vec<Scene> {
    let mut found = vec![scene.clone()];
    for rule in rules() {
        if let Some(outcome) = rule.outcome(scene)
            && !found.contains(&outcome.after)
        {
            found.push(outcome.after);
        }
    }
    found
}
