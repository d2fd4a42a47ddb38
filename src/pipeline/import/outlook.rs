//! What a plan makes possible, what it lacks, and what a person should know.

use super::super::GuidanceMode;
use super::{MissingPart, ModeOutlook, Part, Recognised, RecognisedComponent, WeightKind};
use serde_json::Value;

/// Fills in everything that follows from the components.
pub(super) fn complete(plan: &mut Recognised) {
    let (mut missing, mut warnings) = (Vec::new(), Vec::new());
    incomplete(plan, &mut missing);
    unusual(plan, &mut warnings);
    plan.modes = modes(plan, &missing);
    for mode in &plan.modes {
        for part in &mode.missing {
            if !missing.iter().any(|m| m.part == *part) {
                missing.push(whole(*part));
            }
        }
    }
    missing.sort_by_key(|m| m.part);
    plan.missing = missing;
    plan.warnings.append(&mut warnings);
    plan.resolution = resolution(plan);
    plan.licence = licence(plan);
}

fn plain(plan: &Recognised, part: Part) -> Option<&RecognisedComponent> {
    plan.component(part, WeightKind::Plain)
}

fn whole(part: Part) -> MissingPart {
    MissingPart {
        part,
        what: format!("There is no {} among the files.", part.title()),
        usual_source: part.usual_source().to_owned(),
    }
}

/// Parts that are there, but not whole.
fn incomplete(plan: &Recognised, missing: &mut Vec<MissingPart>) {
    let mut lacks = |part: Part, what: &str, usual_source: &str| {
        missing.push(MissingPart {
            part,
            what: what.to_owned(),
            usual_source: usual_source.to_owned(),
        });
    };
    if let Some(blip2) = plain(plan, Part::Blip2) {
        let has = |prefix: &str| blip2.tensors.iter().any(|t| t.name.starts_with(prefix));
        if !has("vision_model.encoder.") {
            let from = "eva_vit_g.pth of LAVIS, or Salesforce/blip2-flan-t5-xl on Hugging Face";
            lacks(Part::Blip2, "BLIP-2 has no image encoder.", from);
        }
        if !has("qformer.") || !has("query_tokens") || !has("language_projection.") {
            let from = "blip2_pretrained_flant5xl.pth of LAVIS, or Salesforce/blip2-flan-t5-xl on \
                        Hugging Face";
            lacks(Part::Blip2, "BLIP-2 has no Q-Former.", from);
        }
        if !has("language_model.decoder.") || !has("language_model.encoder.") {
            let from = "google/flan-t5-xl or google/flan-t5-xxl on Hugging Face";
            lacks(
                Part::Blip2,
                "BLIP-2 has no language model of its kind (Flan-T5).",
                from,
            );
        }
    }
    let has_file = |part: Part, name: &str| {
        plain(plan, part).is_some_and(|c| c.files.iter().any(|file| file.name == name))
    };
    let tokenizer = Part::Blip2Tokenizer;
    if plain(plan, tokenizer).is_some() && !has_file(tokenizer, "tokenizer.json") {
        let what = "BLIP-2's tokenizer has no tokenizer.json.";
        lacks(tokenizer, what, tokenizer.usual_source());
    }
}

/// What the parts of a mode are, whole; a part named in `broken` counts as missing.
fn modes(plan: &Recognised, broken: &[MissingPart]) -> Vec<ModeOutlook> {
    let has = |part: Part| plain(plan, part).is_some() && !broken.iter().any(|m| m.part == part);
    let has_second = |part: Part| {
        let mut components = plan.components.iter();
        components.any(|c| c.part == part && c.second_editor) || has(part)
    };
    let lacking = |parts: &[Part]| -> Vec<Part> {
        let missing = parts.iter().copied().filter(|part| !has(*part));
        missing.collect()
    };
    let with_adapter = lacking(&[
        Part::Blip2,
        Part::Blip2Tokenizer,
        Part::Unet,
        Part::Vae,
        Part::Adapter,
    ]);
    // Sentences reach the editor through T5 and the adapter, or through CLIP.
    let by_t5 = if has(Part::SentenceEncoder) {
        lacking(&[Part::Blip2Tokenizer, Part::Unet, Part::Vae, Part::Adapter])
    } else {
        with_adapter.clone()
    };
    let clip = [
        Part::Unet,
        Part::Vae,
        Part::TextEncoder,
        Part::ClipTokenizer,
    ];
    let by_clip: Vec<Part> = clip.into_iter().filter(|part| !has_second(*part)).collect();
    let sentence = if has(Part::Adapter) || by_t5.len() < by_clip.len() {
        if by_clip.is_empty() { by_clip } else { by_t5 }
    } else {
        by_clip
    };
    let modes = GuidanceMode::ALL.into_iter();
    modes
        .map(|mode| {
            let mut missing = match mode {
                GuidanceMode::Question => sentence.clone(),
                GuidanceMode::Answer => {
                    let writer = lacking(&[Part::Blip2, Part::Blip2Tokenizer]);
                    [sentence.clone(), writer].concat()
                }
                GuidanceMode::Latent | GuidanceMode::Both => with_adapter.clone(),
            };
            missing.sort();
            missing.dedup();
            ModeOutlook { mode, missing }
        })
        .collect()
}

/// What is there but may not be what was meant.
fn unusual(plan: &Recognised, warnings: &mut Vec<String>) {
    for component in &plan.components {
        warnings.extend(
            component
                .assumed
                .iter()
                .map(|assumed| format!("No file says so, therefore this is assumed: {assumed}.")),
        );
    }
    let unets = plan
        .components
        .iter()
        .filter(|c| c.part == Part::Unet && c.kind == WeightKind::Plain);
    for unet in unets {
        let channels = unet.config.as_ref().and_then(|c| c.get("in_channels"));
        match channels.and_then(Value::as_u64) {
            Some(8) | None => {}
            Some(4) => warnings.push(
                "The UNet is one for text to image: it does not see the frame. Choose an \
                 InstructPix2Pix one."
                    .to_owned(),
            ),
            Some(n) => warnings.push(format!(
                "The UNet takes {n} channels instead of 8. Choose an InstructPix2Pix one."
            )),
        }
    }
    let width = |part: Part, tensor: &str, axis: usize| {
        let tensors = &plain(plan, part)?.tensors;
        let tensor = tensors.iter().find(|t| t.name == tensor)?;
        tensor.dims.get(axis).copied()
    };
    let adapter = width(Part::Adapter, "mlp.weight", 1);
    let language = width(Part::Blip2, "language_model.shared.weight", 1);
    if let (Some(adapter), Some(language)) = (adapter, language)
        && adapter != language
    {
        warnings.push(format!(
            "The latent translation was trained for a language model of width {adapter}, and this \
             one has width {language}. Take the BLIP-2 it was trained with."
        ));
    }
}

/// Side of the square the editor works at.
fn resolution(plan: &Recognised) -> usize {
    let config = |part| plain(plan, part).and_then(|c| c.config.as_ref());
    let cells = config(Part::Unet).and_then(|c| c.get("sample_size")?.as_u64());
    let levels =
        config(Part::Vae).and_then(|c| c.get("block_out_channels")?.as_array().map(Vec::len));
    let factor = 1_usize << levels.unwrap_or(4).clamp(1, 8).saturating_sub(1);
    usize::try_from(cells.unwrap_or(64))
        .unwrap_or(64)
        .clamp(1, 1024)
        * factor
}

fn licence(plan: &Recognised) -> Option<String> {
    let mut licences: Vec<&str> = plan
        .components
        .iter()
        .filter_map(|c| c.licence.as_deref())
        .collect();
    licences.sort_unstable();
    licences.dedup();
    (!licences.is_empty()).then(|| licences.join(", "))
}
