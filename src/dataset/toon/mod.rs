//! The toon world: a small drawn world in which every effect follows from a written rule.
//!
//! A [`Scene`] says where we are and who stands where. A [`Rule`] has a condition, questions that
//! state a cause, and cases with their effects, so the right outcome of every question is known
//! exactly. [`Renderer`] draws a scene, [`samples`] draws questions about scenes for a split,
//! [`write_dataset`] makes a VQAI data set of them, and [`CausalCheck`] says which outcome a
//! generated picture shows. The world is data: `assets/toon/world.json`, `rules.json` and `parts/`.

mod causal;
mod classes;
mod condition;
mod draw;
mod parts;
mod reasoning;
mod render;
mod rules;
mod sample;
mod scene;
mod telling;
mod world;
mod write;

pub use causal::{CausalCheck, Verdict};
pub use classes::scene_classes;
pub use condition::{Condition, StatePattern};
pub use render::Renderer;
pub use rules::{Case, Effects, Outcome, Rule, outcomes, rules};
pub use sample::{Sample, Split, samples};
pub use scene::{Actor, PerSlot, Scene, Slot};
pub use telling::Telling;
pub use write::{ToonDataset, Written, write_dataset};
