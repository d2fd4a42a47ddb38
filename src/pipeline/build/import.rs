//! Recipes from original weights: every tensor from where it was found, in the wanted number format.

use super::disk;
use super::recipe::{Fill, Recipe, RecipeTensor, Values, WeightPlan};
use super::template::Template;
use super::{ImportSpec, StoredAs};
use crate::nn::StoredDtype;
use crate::pipeline::import::{
    OpenedFiles, Part, PlannedTensor, Recognised, RecognisedComponent, not_finite,
};
use crate::pipeline::{EditError, GuidanceMode, Manifest, Problem};
use half::{bf16, f16};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// Longest small file that is taken over; tokenizers are the largest, a few megabytes.
const MAX_SMALL_BYTES: u64 = 64 << 20;

/// The components a bundle gets: of what was found, those that are wanted.
///
/// # Errors
/// When a wanted part was not found, or no mode becomes possible.
pub(super) fn chosen<'a>(
    plan: &'a Recognised,
    spec: &ImportSpec,
) -> Result<Vec<&'a RecognisedComponent>, Problem> {
    let found = plan.chosen(spec.weights);
    let Some(wanted) = &spec.parts else {
        if plan.modes.iter().all(|mode| !mode.is_possible()) {
            return Err(nothing_possible(plan));
        }
        return Ok(found);
    };
    let folder = |component: &RecognisedComponent| component.folder();
    for part in wanted {
        if !found.iter().any(|component| folder(component) == *part) {
            let mut known: Vec<String> = found.iter().map(|component| folder(component)).collect();
            known.dedup();
            return Err(
                Problem::new(format!("There is no part \"{part}\" in what was found."))
                    .hint(format!("Found are: {}.", known.join(", "))),
            );
        }
    }
    let components = found.into_iter();
    Ok(components
        .filter(|component| wanted.contains(&folder(component)))
        .collect())
}

fn nothing_possible(plan: &Recognised) -> Problem {
    let missing: Vec<String> = plan
        .missing
        .iter()
        .map(|missing| {
            format!(
                "{} It is usually found in {}.",
                missing.what, missing.usual_source
            )
        })
        .collect();
    Problem::new("What was found is not enough to draw with.").hint(format!(
        "{}\nGive all their places at once, or name the parts to convert with --parts.",
        missing.join("\n")
    ))
}

/// The recipe of a bundle that holds the chosen components.
///
/// # Errors
/// When a file has gone, or numbers cannot be had in the wanted format.
pub(super) fn recipe(plan: &Recognised, spec: &ImportSpec) -> Result<Recipe, Problem> {
    let components = chosen(plan, spec)?;
    let mut recipe = Recipe {
        manifest: manifest(plan, spec, &components),
        files: BTreeMap::new(),
        weights: Vec::new(),
    };
    if spec.in_place {
        recipe.manifest.links = links(&components, &mut recipe.files)?;
        return Ok(recipe);
    }
    let files = Arc::new(plan.open()?);
    let origins = plan.weight_files.iter().map(|file| origin(&file.path));
    let origins: Vec<String> = origins.collect::<Result<_, _>>()?;
    for component in components {
        take_small_files(component, &mut recipe.files)?;
        if let Some(stem) = component.part.stem() {
            recipe.weights.push(WeightPlan {
                folder: component.folder(),
                stem,
                tensors: component
                    .tensors
                    .iter()
                    .map(|tensor| recipe_tensor(tensor, spec.stored_as, &origins))
                    .collect(),
                values: Box::new(Original {
                    files: files.clone(),
                    tensors: component
                        .tensors
                        .iter()
                        .map(|tensor| (tensor.name.clone(), tensor.clone()))
                        .collect(),
                }),
            });
        }
    }
    Ok(recipe)
}

/// Bytes of the weights in the number format that is wanted.
pub(super) fn weight_bytes(components: &[&RecognisedComponent], stored_as: StoredAs) -> u64 {
    let tensors = components.iter().flat_map(|component| &component.tensors);
    tensors
        .map(|tensor| recipe_tensor(tensor, stored_as, &[]).bytes())
        .sum()
}

/// Configs and tokenizers of a component.
fn take_small_files(
    component: &RecognisedComponent,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), Problem> {
    let folder = component.folder();
    for file in &component.files {
        let unreadable = |e: std::io::Error| {
            Problem::new(format!(
                "A file of the {} cannot be read: {e}.",
                component.part.title()
            ))
            .hint("Check that it is still there, and its permissions.")
            .file(&file.source)
        };
        if file.bytes > MAX_SMALL_BYTES {
            return Err(Problem::new(format!(
                "{} is too large for what it is named after: {}.",
                file.name,
                disk::size(file.bytes)
            ))
            .hint("The file may be damaged. Get it again.")
            .file(&file.source));
        }
        let bytes = std::fs::read(&file.source).map_err(unreadable)?;
        files.insert(format!("{folder}/{}", file.name), bytes);
    }
    if let Some(config) = &component.config {
        let name = match component.part {
            Part::Scheduler => "scheduler_config.json",
            _ => "config.json",
        };
        files.insert(format!("{folder}/{name}"), disk::json(config));
    }
    Ok(())
}

/// Folders that are used where they are. Small files whose place is not such a folder are taken over.
fn links(
    components: &[&RecognisedComponent],
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<BTreeMap<String, PathBuf>, Problem> {
    let mut links = BTreeMap::new();
    for component in components {
        let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let folder = component.folder();
        match component.part.stem() {
            Some(stem) => {
                if !is_published_folder(component, stem) {
                    return Err(Problem::new(format!(
                        "The {} cannot be used in place: it is not in the published layout.",
                        component.part.title()
                    ))
                    .hint("Leave out --in-place, so that it is converted.")
                    .file(&component.origin));
                }
                links.insert(folder, whole(&component.origin));
            }
            None if !links.contains_key(&folder) => take_small_files(component, files)?,
            // A tokenizer that lies beside linked weights is there already; another one is not.
            None => {
                let linked = links.get(&folder);
                let beside = component.files.iter().all(|file| {
                    linked.is_some_and(|linked| whole(&file.source).parent() == Some(linked))
                });
                if !beside {
                    return Err(Problem::new(format!(
                        "{} lies in another folder than the weights it belongs to.",
                        component.part.title()
                    ))
                    .hint("Leave out --in-place, so that both are copied.")
                    .file(&component.origin));
                }
            }
        }
    }
    Ok(links)
}

/// Whether a component is a folder that the program can read as it is: published names, and every
/// tensor as it is stored.
fn is_published_folder(component: &RecognisedComponent, stem: &str) -> bool {
    use crate::pipeline::import::TensorOperation::Copy;
    let named = |name: &str| component.origin.join(name).is_file();
    component.origin.is_dir()
        && named("config.json")
        && (named(&format!("{stem}.safetensors"))
            || named(&format!("{stem}.safetensors.index.json")))
        && component.tensors.iter().all(|tensor| {
            let same = |place: &crate::pipeline::import::TensorPlace| place.name == tensor.name;
            tensor.operation == Copy && tensor.sources.iter().all(same)
        })
}

/// The description that fits what is there.
fn manifest(plan: &Recognised, spec: &ImportSpec, components: &[&RecognisedComponent]) -> Manifest {
    let config = |part: Part| {
        let own = |c: &&&RecognisedComponent| c.part == part && !c.second_editor;
        components.iter().find(own).and_then(|c| c.config.as_ref())
    };
    let number = |config: Option<&Value>, path: &str| {
        let value = config.and_then(|config| config.pointer(path)?.as_u64());
        value.and_then(|n| usize::try_from(n).ok())
    };
    let tensor = |part: Part, name: &str| {
        let own = components.iter().filter(|c| c.part == part);
        own.flat_map(|c| &c.tensors).find(|t| t.name == name)
    };
    let context = number(config(Part::Unet), "/cross_attention_dim").unwrap_or(768);
    let blip2 = config(Part::Blip2);
    let translation = tensor(Part::Adapter, "mlp.weight").and_then(|t| t.dims.get(1).copied());
    let width = number(blip2, "/text_config/d_model").or(translation);
    let template = match width {
        Some(width) => {
            let queries = number(blip2, "/num_query_tokens").unwrap_or(0);
            Template::lgd(width, context, queries)
        }
        None => Template::instruct_pix2pix(context),
    };
    let name = spec
        .name
        .clone()
        .unwrap_or_else(|| match spec.to.file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            None => plan.suggested_name.clone(),
        });
    let mut layouts: Vec<&str> = components.iter().map(|c| c.layout.as_str()).collect();
    layouts.sort_unstable();
    layouts.dedup();
    let description = format!("Made from: {}.", layouts.join(", "));
    let mut manifest = template.manifest(name, description, plan.resolution.max(16));
    manifest.licence = plan.licence.clone();
    // The first mode that becomes possible, the paper's own before the others.
    let best = [
        GuidanceMode::Latent,
        GuidanceMode::Question,
        GuidanceMode::Answer,
    ];
    let possible = |wanted: &GuidanceMode| {
        let modes = plan.modes.iter();
        modes.clone().any(|m| m.mode == *wanted && m.is_possible())
    };
    if let Some(mode) = best.into_iter().find(possible) {
        manifest.defaults.mode = mode;
    }
    if !components.iter().any(|c| c.part == Part::Adapter) {
        manifest.defaults.image_scale = Template::instruct_pix2pix(context).image_scale();
    }
    manifest
}

/// What tells a file from another one of the same name.
fn origin(path: &Path) -> Result<String, Problem> {
    let about = std::fs::metadata(path).map_err(|e| {
        Problem::new(format!("A weight file cannot be read: {e}."))
            .hint("It was there a moment ago. Bring it back and import again.")
            .file(path)
    })?;
    let changed = about.modified().ok();
    let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(format!(
        "{} {} {}",
        path.display(),
        about.len(),
        changed.map_or(0, |since| since.as_nanos())
    ))
}

fn recipe_tensor(tensor: &PlannedTensor, stored_as: StoredAs, origins: &[String]) -> RecipeTensor {
    let places = tensor.sources.iter().map(|place| {
        let file = origins.get(place.file).map_or("", String::as_str);
        format!("{file} {}", place.name)
    });
    let is_float = matches!(
        tensor.dtype,
        StoredDtype::F64 | StoredDtype::F32 | StoredDtype::F16 | StoredDtype::BF16
    );
    RecipeTensor {
        name: tensor.name.clone(),
        dims: tensor.dims.clone(),
        dtype: match stored_as {
            _ if !is_float => tensor.dtype,
            StoredAs::AsStored => tensor.dtype,
            StoredAs::F32 => StoredDtype::F32,
            StoredAs::F16 => StoredDtype::F16,
            StoredAs::Bf16 => StoredDtype::BF16,
        },
        origin: format!(
            "{:?} {}",
            tensor.operation,
            places.collect::<Vec<_>>().join(" + ")
        ),
    }
}

/// Numbers of original files.
struct Original {
    files: Arc<OpenedFiles>,
    tensors: BTreeMap<String, PlannedTensor>,
}

impl Values for Original {
    fn open(&self, tensor: &RecipeTensor) -> Result<Fill<'_>, EditError> {
        let planned = self.tensors.get(&tensor.name).ok_or_else(|| {
            Problem::new(format!("{} is not in the plan of the import.", tensor.name))
        })?;
        let stored = self.files.bytes(planned)?;
        let (from, to) = (planned.dtype, tensor.dtype);
        let name = tensor.name.clone();
        let (old, new) = (from.bitsize() / 8, to.bitsize() / 8);
        Ok(Box::new(move |range, out| {
            let source = range.start / new * old..range.end / new * old;
            let bytes = stored.get(source).unwrap_or_default();
            converted(bytes, from, to, out);
            match (not_finite(bytes, from), not_finite(out, to)) {
                (0, 0) => Ok(()),
                (0, _) => Err(Problem::new(format!(
                    "{name} has numbers beyond the range of {to:?}."
                ))
                .hint("Choose bf16 or f32 as the number format.")),
                _ => Err(
                    Problem::new(format!("{name} has numbers that are not finite.")).hint(
                        "The original is damaged, or its training went astray. Get it again.",
                    ),
                ),
            }
        }))
    }
}

/// Little-endian numbers in another format, by way of f32; the same bytes in the same format.
fn converted(bytes: &[u8], from: StoredDtype, to: StoredDtype, out: &mut [u8]) {
    fn each<const OLD: usize, const NEW: usize>(
        bytes: &[u8],
        out: &mut [u8],
        convert: impl Fn([u8; OLD]) -> [u8; NEW],
    ) {
        for (old, new) in bytes.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
            *new = convert(*old);
        }
    }
    fn from_f32<const OLD: usize>(
        bytes: &[u8],
        to: StoredDtype,
        out: &mut [u8],
        read: impl Fn([u8; OLD]) -> f32,
    ) {
        match to {
            StoredDtype::F16 => each(bytes, out, |b| f16::from_f32(read(b)).to_le_bytes()),
            StoredDtype::BF16 => each(bytes, out, |b| bf16::from_f32(read(b)).to_le_bytes()),
            _ => each(bytes, out, |b| read(b).to_le_bytes()),
        }
    }
    match from {
        same if same == to => out.copy_from_slice(bytes),
        StoredDtype::F64 => from_f32(bytes, to, out, |b| f64::from_le_bytes(b) as f32),
        StoredDtype::F16 => from_f32(bytes, to, out, |b| f16::from_le_bytes(b).to_f32()),
        StoredDtype::BF16 => from_f32(bytes, to, out, |b| bf16::from_le_bytes(b).to_f32()),
        _ => from_f32(bytes, to, out, f32::from_le_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_value_in_every_format_that_can_hold_it() {
        let numbers = [0.0_f32, 1.0, -2.5, 0.15625, 1024.0];
        let f32s: Vec<u8> = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
        for half in [StoredDtype::F16, StoredDtype::BF16] {
            let (mut narrow, mut wide) = (vec![0; numbers.len() * 2], vec![0; f32s.len()]);
            converted(&f32s, StoredDtype::F32, half, &mut narrow);
            converted(&narrow, half, StoredDtype::F32, &mut wide);
            assert_eq!(wide, f32s, "{half:?}");
        }
    }
}
