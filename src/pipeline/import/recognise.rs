//! Looks at folders and files and says what they hold.

use super::super::Problem;
use super::assemble::Assembly;
use super::bag::Bag;
use super::names::Naming;
use super::{Part, PlannedFile, RecogniseSettings, Recognised, folder, outlook};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Pictures that LGD shows BLIP-2, in pixels: its checkpoint was trained with these.
const LGD_BLIP2_SIDE: usize = 364;
/// Pictures that BLIP-2 was published for.
const PUBLISHED_BLIP2_SIDE: usize = 224;

/// Files of a tokenizer.
const TOKENIZER: [&str; 7] = [
    "added_tokens.json",
    "merges.txt",
    "special_tokens_map.json",
    "spiece.model",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
];

/// Says what folders and files of other programs hold and how a bundle is made of it.
///
/// Folders may be transformers or diffusers models, pipelines, repositories of a Hugging Face cache or
/// bundles; files may be checkpoints of any kind or shard indexes. Several paths complete each other:
/// what comes first wins. Only headers and small descriptions are read, which takes well under a
/// second for the largest models.
///
/// # Errors
/// When a path is missing, a file in it is damaged or harmful, or nothing is recognised.
pub fn recognise(paths: &[PathBuf], settings: &RecogniseSettings) -> Result<Recognised, Problem> {
    let mut plan = Recognised {
        looked_at: paths.to_vec(),
        ..Recognised::default()
    };
    let (mut bags, mut loose) = (Vec::new(), Vec::new());
    for path in paths {
        for found in folder::models(path, settings)? {
            let mut bag = Bag::open(&found.origin, &found.weights, &mut plan.weight_files)?;
            bag.files = found.files;
            bag.second_editor = found.second_editor;
            bag.licence = bag.licence.take().or(found.licence);
            match (bag.tensors.is_empty(), found.config) {
                (true, Some(config)) => loose.extend(part_of(&config).map(|part| (part, config))),
                (_, config) => bag.config = config,
            }
            bags.push(bag);
        }
    }
    plan.suggested_name = suggested_name(paths);
    planned(plan, bags, &loose, settings)
}

/// The plan for bags of tensors; `loose` are configs found without weights.
pub(super) fn planned(
    mut plan: Recognised,
    mut bags: Vec<Bag>,
    loose: &[(Part, Value)],
    settings: &RecogniseSettings,
) -> Result<Recognised, Problem> {
    mark_second_editor(&mut bags);
    let mut assembly = Assembly::default();
    for bag in &bags {
        assembly.take(bag);
    }
    assembly.lend_language_model(&bags);
    for bag in &bags {
        take_files(&mut assembly, bag);
    }
    let has_unet = |bag: &&Bag| {
        !bag.second_editor
            && (bag.part() == Some(Part::Unet) || bag.naming == Naming::LatentDiffusion)
    };
    if assembly.has(Part::Unet)
        && !assembly.has(Part::Scheduler)
        && let Some(bag) = bags.iter().find(has_unet)
    {
        assembly.assume_scheduler(bag);
    }
    let lgd_side = assembly.has(Part::Adapter).then_some(LGD_BLIP2_SIDE);
    let side = settings
        .blip2_side
        .or(lgd_side.filter(|_| is_published_vit(&bags)));
    plan.left_over = std::mem::take(&mut assembly.left_over);
    plan.warnings = std::mem::take(&mut assembly.warnings);
    plan.components = assembly.components(loose, side);
    if plan.components.is_empty() {
        return Err(nothing(&plan));
    }
    outlook::complete(&mut plan);
    Ok(plan)
}

fn nothing(plan: &Recognised) -> Problem {
    let message = match plan.weight_files.len() {
        0 => "There are no weights in what was chosen.",
        _ => "The weights in what was chosen belong to no part of a bundle.",
    };
    let problem = Problem::new(message).hint(
        "Choose a transformers or diffusers folder, a checkpoint of InstructPix2Pix or LGD, or \
         BLIP-2 weights of LAVIS.",
    );
    match &plan.looked_at[..] {
        [path, ..] => problem.file(path),
        [] => problem,
    }
}

/// LGD's editor comes first; another one beside it is plain InstructPix2Pix, with the parts that lie
/// in the same pipeline folder.
fn mark_second_editor(bags: &mut [Bag]) {
    if !bags.iter().any(Bag::has_adapter) {
        return;
    }
    let is_other_unet = |bag: &Bag| {
        !bag.has_adapter()
            && (bag.part() == Some(Part::Unet) || bag.naming == Naming::LatentDiffusion)
    };
    let folders: Vec<PathBuf> = bags
        .iter()
        .filter(|bag| is_other_unet(bag))
        .filter_map(|bag| bag.origin.parent().map(Path::to_path_buf))
        .collect();
    for bag in bags {
        let beside = bag
            .origin
            .parent()
            .is_some_and(|p| folders.iter().any(|f| f == p));
        let editor = !matches!(
            bag.part(),
            Some(Part::Blip2 | Part::Adapter | Part::SentenceEncoder | Part::Clip)
        );
        if is_other_unet(bag) || beside && editor && !bag.has_adapter() && bag.origin.is_dir() {
            bag.second_editor = true;
        }
    }
}

/// The part a config describes.
fn part_of(config: &Value) -> Option<Part> {
    let text = |key: &str| config.get(key).and_then(Value::as_str);
    match (text("model_type"), text("_class_name")) {
        (Some("blip-2"), _) => Some(Part::Blip2),
        (Some("t5"), _) => Some(Part::SentenceEncoder),
        (Some("clip_text_model"), _) => Some(Part::TextEncoder),
        (Some("clip"), _) => Some(Part::Clip),
        (_, Some("UNet2DConditionModel")) => Some(Part::Unet),
        (_, Some("AutoencoderKL")) => Some(Part::Vae),
        _ => None,
    }
}

fn take_files(assembly: &mut Assembly, bag: &Bag) {
    let part = bag.part().or_else(|| bag.config.as_ref().and_then(part_of));
    let (mut tokenizer, mut others, mut scheduler) = (Vec::new(), Vec::new(), Vec::new());
    for file in &bag.files {
        let name = file.name.as_str();
        if TOKENIZER.contains(&name) {
            tokenizer.push(file.clone());
        } else if name == "scheduler_config.json" {
            scheduler.push(file.clone());
        } else {
            others.push(file.clone());
        }
    }
    if !scheduler.is_empty() {
        assembly.take_files(bag, Part::Scheduler, scheduler);
    }
    match part {
        Some(Part::Clip) => {
            others.append(&mut tokenizer);
            assembly.take_files(bag, Part::Clip, others);
        }
        Some(Part::Blip2) if !others.is_empty() => {
            assembly.take_files(bag, Part::Blip2, others);
        }
        _ => {}
    }
    if tokenizer.is_empty() {
        return;
    }
    let of = match part {
        Some(Part::Blip2 | Part::SentenceEncoder) => Some(Part::Blip2Tokenizer),
        Some(Part::TextEncoder) => Some(Part::ClipTokenizer),
        _ => tokenizer_of(&tokenizer),
    };
    if let Some(of) = of {
        assembly.take_files(bag, of, tokenizer);
    }
}

/// Whose tokenizer it is: CLIP's is byte pair encoding, T5's is a unigram model.
fn tokenizer_of(files: &[PlannedFile]) -> Option<Part> {
    let named = |name: &str| files.iter().find(|file| file.name == name);
    if named("merges.txt").is_some() {
        return Some(Part::ClipTokenizer);
    }
    if named("spiece.model").is_some() {
        return Some(Part::Blip2Tokenizer);
    }
    let json = folder::json(&named("tokenizer.json")?.source).ok()?;
    match json.get("model")?.get("type")?.as_str()? {
        "BPE" => Some(Part::ClipTokenizer),
        _ => Some(Part::Blip2Tokenizer),
    }
}

/// Whether BLIP-2's stored positions are those of the published picture size.
fn is_published_vit(bags: &[Bag]) -> bool {
    let find = |ending: &str| {
        let mut tensors = bags.iter().flat_map(|bag| &bag.tensors);
        let found = tensors.find(|(name, _)| name.ends_with(ending));
        found.map(|(_, stored)| &stored.dims)
    };
    let positions =
        find("pos_embed").or_else(|| find("vision_model.embeddings.position_embedding"));
    let patch = find("patch_embed.proj.weight")
        .or_else(|| find("vision_model.embeddings.patch_embedding.weight"));
    let side = |positions: &Vec<usize>, patch: &Vec<usize>| {
        Some(positions.get(1)?.saturating_sub(1).isqrt() * patch.get(2)?)
    };
    positions.zip(patch).and_then(|(p, q)| side(p, q)) == Some(PUBLISHED_BLIP2_SIDE)
}

/// The name of the folder or file, or of the repository in a Hugging Face cache.
fn suggested_name(paths: &[PathBuf]) -> String {
    let Some(path) = paths.first() else {
        return String::new();
    };
    let named = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
    let repository = path.ancestors().filter_map(named).find_map(|name| {
        let rest = name.strip_prefix("models--")?;
        Some(rest.rsplit("--").next()?.to_owned())
    });
    let own = if path.is_dir() {
        named(path)
    } else {
        path.file_stem().map(|n| n.to_string_lossy().into_owned())
    };
    repository.or(own).unwrap_or_default()
}
