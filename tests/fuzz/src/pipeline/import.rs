//! The importer's files, and a plan made from names and shapes alone.

#[path = "../../../../src/pipeline/import/assemble.rs"]
mod assemble;
#[path = "../../../../src/pipeline/import/bag.rs"]
mod bag;
#[path = "../../../../src/pipeline/import/configs/mod.rs"]
mod configs;
#[path = "../../../../src/pipeline/import/folder.rs"]
mod folder;
#[path = "../../../../src/pipeline/import/names/mod.rs"]
mod names;
#[path = "../../../../src/pipeline/import/outlook.rs"]
mod outlook;
#[path = "../../../../src/pipeline/import/plan.rs"]
mod plan;
#[path = "../../../../src/pipeline/import/recognise.rs"]
mod recognise;

pub use plan::{
    LeftOver, MissingPart, ModeOutlook, Part, PlannedFile, PlannedTensor, Recognised,
    RecognisedComponent, TensorOperation, TensorPlace, WeightFileRef, WeightKind,
};
pub use recognise::recognise;

use crate::nn::StoredDtype;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// As in the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecogniseSettings {
    pub blip2_side: Option<usize>,
    pub variant: Option<String>,
}

mod read {
    use crate::nn::LoadError;
    use crate::pipeline::Problem;

    pub(super) fn weight_problem(error: &LoadError) -> Problem {
        Problem::new(error.message())
    }
}

/// Recognises what the lines of a text name: a tensor's name and its shape, `name 3 4 5`. An empty
/// line begins another file.
pub fn recognise_lines(text: &str) {
    let mut plan = Recognised::default();
    let mut bags = Vec::new();
    for (file, lines) in text.split("\n\n").take(4).enumerate() {
        let mut tensors = BTreeMap::new();
        for line in lines.lines().take(64) {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default().to_owned();
            let dims = words.filter_map(|word| word.parse::<u32>().ok()).take(5);
            let stored = bag::Stored {
                place: TensorPlace {
                    file,
                    name: name.clone(),
                },
                dims: dims.map(|dim| dim as usize % 5000).collect(),
                dtype: StoredDtype::F16,
            };
            tensors.insert(name, stored);
        }
        bags.push(bag::Bag::of(Path::new("fuzzed"), tensors));
        plan.weight_files.push(WeightFileRef {
            path: PathBuf::from("fuzzed"),
            bytes: 0,
            format: String::new(),
        });
    }
    let settings = RecogniseSettings {
        blip2_side: Some(364),
        variant: None,
    };
    if let Ok(plan) = recognise::planned(plan, bags, &[], &settings) {
        for component in &plan.components {
            let mut names: Vec<_> = component.tensors.iter().map(|t| &t.name).collect();
            names.dedup();
            assert_eq!(names.len(), component.tensors.len(), "a name comes twice");
        }
    }
}
