//! From bags of tensors to components: every tensor under its published name, configs, files.

use super::bag::{Bag, Stored};
use super::configs;
use super::names::{Fate, Naming, Target};
use super::{
    LeftOver, Part, PlannedFile, PlannedTensor, RecognisedComponent, TensorOperation, WeightKind,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Which component: the first editor's before the second's, the averages after the plain weights.
type Key = (bool, Part, bool);

/// Components as they grow, and what was noticed on the way.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    drafts: BTreeMap<Key, Draft>,
    pub left_over: Vec<LeftOver>,
    pub warnings: Vec<String>,
}

/// A component that is still being filled.
#[derive(Debug, Default)]
struct Draft {
    origin: PathBuf,
    layout: String,
    config: Option<Value>,
    sources: BTreeMap<String, (TensorOperation, BTreeMap<usize, Stored>)>,
    files: Vec<PlannedFile>,
    licence: Option<String>,
}

impl Assembly {
    fn draft(&mut self, bag: &Bag, part: Part, kind: WeightKind) -> &mut Draft {
        let key = (bag.second_editor, part, kind == WeightKind::Ema);
        self.drafts.entry(key).or_insert_with(|| Draft {
            origin: bag.origin.clone(),
            layout: bag.naming.title(bag.has_adapter()).to_owned(),
            licence: bag.licence.clone(),
            ..Draft::default()
        })
    }

    /// Takes all tensors of a bag, and its config where it is one part by itself.
    pub fn take(&mut self, bag: &Bag) {
        let mut doubled = BTreeSet::new();
        let mut unknown = Vec::new();
        for (name, fate) in bag.naming.fates(bag.tensors.keys().map(String::as_str)) {
            let Some(stored) = bag.tensors.get(name) else {
                continue;
            };
            match fate {
                Fate::Into(target) => {
                    if !self.place(bag, target.clone(), stored) {
                        doubled.insert(target.part);
                    }
                }
                Fate::Left(reason) => self.leave(stored, reason, true),
                Fate::Unknown => {
                    unknown.push(name);
                    self.leave(stored, "not known", false);
                }
            }
        }
        for part in doubled {
            let first = self.draft(bag, part, WeightKind::Plain).origin.clone();
            self.warnings.push(format!(
                "The {} is there twice. The one in {} is used, the one in {} is not.",
                part.title(),
                first.display(),
                bag.origin.display()
            ));
        }
        if let Some(example) = unknown.first() {
            let count = match unknown.len() {
                1 => "1 tensor is not known and is".to_owned(),
                n => format!("{n} tensors are not known and are"),
            };
            self.warnings.push(format!(
                "{count} left out: {example}, for one, in {}.",
                bag.origin.display()
            ));
        }
        if let (Some(part), Some(config)) = (bag.part(), &bag.config) {
            let draft = self.draft(bag, part, WeightKind::Plain);
            if draft.config.is_none() && draft.origin == bag.origin {
                draft.config = Some(config.clone());
            }
        }
    }

    /// Puts a stored tensor where it goes; `false` when another one is there already.
    fn place(&mut self, bag: &Bag, target: Target, stored: &Stored) -> bool {
        let draft = self.draft(bag, target.part, target.kind);
        let (_, sources) = draft
            .sources
            .entry(target.name)
            .or_insert_with(|| (target.operation, BTreeMap::new()));
        if sources.contains_key(&target.order) {
            return false;
        }
        sources.insert(target.order, stored.clone());
        true
    }

    fn leave(&mut self, stored: &Stored, reason: &str, expected: bool) {
        self.left_over.push(LeftOver {
            place: stored.place.clone(),
            reason: reason.to_owned(),
            expected,
        });
    }

    /// Gives BLIP-2 parts that lie in files of their own a language model: a whole T5 among the bags.
    pub fn lend_language_model(&mut self, bags: &[Bag]) {
        let Some(blip2) = self.drafts.get(&(false, Part::Blip2, false)) else {
            return;
        };
        if blip2
            .sources
            .keys()
            .any(|name| name.starts_with("language_model."))
        {
            return;
        }
        let whole = |bag: &&Bag| {
            bag.naming == Naming::Published(Part::SentenceEncoder)
                && bag
                    .tensors
                    .keys()
                    .any(|name| name.starts_with("decoder.block."))
        };
        let Some(bag) = bags.iter().find(whole) else {
            return;
        };
        for (name, stored) in &bag.tensors {
            if name.ends_with("embed_tokens.weight") {
                continue;
            }
            let target = Target {
                part: Part::Blip2,
                kind: WeightKind::Plain,
                name: format!("language_model.{name}"),
                operation: TensorOperation::Copy,
                order: 0,
            };
            self.place(bag, target, stored);
            // It is needed after all.
            self.left_over.retain(|left| left.place != stored.place);
        }
    }

    /// Adds to every average what was not averaged: parts of it are only trained beside the rest.
    pub fn complete_averages(&mut self) {
        let averaged: Vec<Key> = self.drafts.keys().filter(|key| key.2).copied().collect();
        for key @ (second_editor, part, _) in averaged {
            let plain = self.drafts.get(&(second_editor, part, false));
            let plain = plain.map(|draft| draft.sources.clone()).unwrap_or_default();
            if let Some(draft) = self.drafts.get_mut(&key) {
                for (name, sources) in plain {
                    draft.sources.entry(name).or_insert(sources);
                }
            }
        }
    }

    /// Whether a part of the first editor has any tensors or files.
    pub fn has(&self, part: Part) -> bool {
        self.drafts.contains_key(&(false, part, false))
    }

    /// Adds files to a part, unless it has some from elsewhere.
    pub fn take_files(&mut self, bag: &Bag, part: Part, files: Vec<PlannedFile>) {
        let draft = self.draft(bag, part, WeightKind::Plain);
        if draft.files.is_empty() {
            draft.files = files;
        }
    }

    /// The noise schedule of Stable Diffusion 1.x, for checkpoints, which do not bring a file of it.
    pub fn assume_scheduler(&mut self, bag: &Bag) {
        let draft = self.draft(bag, Part::Scheduler, WeightKind::Plain);
        draft.layout = "the published settings".to_owned();
        draft.config = Some(json!({
            "_class_name": "EulerAncestralDiscreteScheduler",
            "beta_end": 0.012,
            "beta_schedule": "scaled_linear",
            "beta_start": 0.00085,
            "num_train_timesteps": 1000,
            "prediction_type": "epsilon",
            "timestep_spacing": "linspace",
        }));
    }

    /// The finished components. `loose` are configs found without weights, `blip2_side` the pictures
    /// BLIP-2 shall see.
    pub fn components(
        self,
        loose: &[(Part, Value)],
        blip2_side: Option<usize>,
    ) -> Vec<RecognisedComponent> {
        let drafts = self.drafts.into_iter();
        drafts
            .map(|((second_editor, part, ema), draft)| {
                let kind = if ema {
                    WeightKind::Ema
                } else {
                    WeightKind::Plain
                };
                draft.component(part, kind, second_editor, loose, blip2_side)
            })
            .collect()
    }
}

impl Draft {
    fn component(
        self,
        part: Part,
        kind: WeightKind,
        second_editor: bool,
        loose: &[(Part, Value)],
        blip2_side: Option<usize>,
    ) -> RecognisedComponent {
        let mut tensors: Vec<PlannedTensor> = self
            .sources
            .into_iter()
            .filter_map(|(name, (operation, sources))| planned(name, operation, sources))
            .collect();
        let loose = loose.iter().find(|(of, _)| *of == part);
        let given = self
            .config
            .or_else(|| loose.map(|(_, config)| config.clone()));
        let (mut config, mut assumed) = (given, Vec::new());
        if config.is_none()
            && let Some(inferred) = configs::infer(part, &tensors)
        {
            config = Some(inferred.config);
            assumed = inferred.assumed;
        }
        if part == Part::Blip2
            && let Some(side) = blip2_side
        {
            resize_positions(&mut tensors, config.as_mut(), side);
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for tensor in &tensors {
            *counts.entry(format!("{:?}", tensor.dtype)).or_default() += 1;
        }
        let mut dtypes: Vec<String> = counts.keys().cloned().collect();
        dtypes.sort_by_key(|dtype| std::cmp::Reverse(counts.get(dtype)));
        let of_files: u64 = self.files.iter().map(|file| file.bytes).sum();
        RecognisedComponent {
            part,
            kind,
            second_editor,
            architecture: configs::architecture(part, config.as_ref(), &tensors),
            origin: self.origin,
            layout: self.layout,
            config,
            assumed,
            dtypes,
            parameters: tensors.iter().map(PlannedTensor::parameters).sum(),
            bytes: tensors.iter().map(PlannedTensor::bytes).sum::<u64>() + of_files,
            tensors,
            files: self.files,
            licence: self.licence,
        }
    }
}

/// One tensor from its sources; nothing when they do not make one.
fn planned(
    name: String,
    mut operation: TensorOperation,
    sources: BTreeMap<usize, Stored>,
) -> Option<PlannedTensor> {
    let first = sources.values().next()?;
    let (dtype, mut dims) = (first.dtype, first.dims.clone());
    match operation {
        TensorOperation::Squeeze if dims.len() == 4 && dims.ends_with(&[1, 1]) => dims.truncate(2),
        TensorOperation::Squeeze => operation = TensorOperation::Copy, // stored as a matrix already
        TensorOperation::QueryValueBias => {
            let alike = sources.len() == 2
                && sources.values().all(|s| s.dims == dims && s.dtype == dtype)
                && dims.len() == 1;
            if !alike {
                return None;
            }
            dims = dims.iter().map(|width| 3 * width).collect();
        }
        _ => {}
    }
    Some(PlannedTensor {
        name,
        dims,
        dtype,
        sources: sources.into_values().map(|s| s.place).collect(),
        operation,
    })
}

/// Plans BLIP-2's position table for pictures of `side` pixels, when the stored one is for others.
fn resize_positions(tensors: &mut [PlannedTensor], config: Option<&mut Value>, side: usize) {
    let dims = |name: &str| {
        let tensor = tensors.iter().find(|tensor| tensor.name == name);
        tensor.map(|tensor| tensor.dims.clone()).unwrap_or_default()
    };
    let patch = dims("vision_model.embeddings.patch_embedding.weight");
    let Some(to) = patch.get(2).filter(|&&p| p > 0).map(|patch| side / patch) else {
        return;
    };
    let table = "vision_model.embeddings.position_embedding";
    let Some(table) = tensors.iter_mut().find(|tensor| tensor.name == table) else {
        return;
    };
    if let [1, positions, width] = table.dims[..] {
        let from = positions.saturating_sub(1).isqrt();
        if from > 0 && from * from + 1 == positions && from != to && to > 0 {
            table.operation = TensorOperation::ResizePositions { from, to };
            table.dims = vec![1, to * to + 1, width];
            if let Some(vision) = config.and_then(|c| c.get_mut("vision_config")) {
                vision["image_size"] = json!(side);
            }
        }
    }
}
