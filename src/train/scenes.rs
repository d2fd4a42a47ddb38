//! What records of the drawn world say of their scenes.

use super::loss::IGNORED;
use crate::dataset::Record;
use crate::dataset::toon::{Scene, scene_classes};
use candle_core::{Device, Tensor};
use serde::Deserialize as _;

/// The classes of the frames' scenes, (B, parts), -100 where a record does not say.
pub(super) fn scenes(records: &[&Record]) -> candle_core::Result<Tensor> {
    let parts = scene_classes().len();
    let classes = records.iter().flat_map(|record| {
        let classes = scene_of(record, Moment::Before).and_then(|scene| scene.classes());
        let known = classes.map(|classes| classes.into_iter().map(|class| class as i64).collect());
        known.unwrap_or_else(|| vec![IGNORED; parts])
    });
    Tensor::from_vec(classes.collect(), (records.len(), parts), &Device::Cpu)
}

/// Which frame of a record.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Before,
    After,
}

/// The scene of a frame, where a record says it.
pub(super) fn scene_of(record: &Record, moment: Moment) -> Option<Scene> {
    let field = match moment {
        Moment::Before => "scene_before",
        Moment::After => "scene_after",
    };
    Scene::deserialize(record.other.get(field)?).ok()
}

/// Whether a frame of the record shows one of these states.
pub(super) fn shows(record: &Record, states: &[String]) -> bool {
    let scenes = [Moment::Before, Moment::After].map(|moment| scene_of(record, moment));
    let mut scenes = scenes.iter().flatten();
    scenes.any(|scene| states.iter().any(|state| scene.shows(state)))
}
