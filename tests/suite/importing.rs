//! Folders and files as people have them, and what the importer makes of them.

use crate::checkpoints_made::{Pickle, stored};
use crate::golden::{TestResult, root};
use candle_core::{DType, Device, Tensor};
use lgd_studio::models::eva_vit::resize_positions;
use lgd_studio::nn::WeightFile;
use lgd_studio::pipeline::import::{
    Part, RecogniseSettings, Recognised, RecognisedComponent, TensorOperation, WeightKind,
    recognise,
};
use lgd_studio::pipeline::{GuidanceMode, Problem};
use safetensors::tensor::TensorView;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn look(paths: &[&Path]) -> Result<Recognised, Problem> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    recognise(&paths, &RecogniseSettings::default())
}

fn plain(plan: &Recognised, part: Part) -> TestResult<&RecognisedComponent> {
    let found = plan.component(part, WeightKind::Plain);
    found.ok_or_else(|| format!("no {part:?}").into())
}

fn possible(plan: &Recognised) -> Vec<GuidanceMode> {
    let possible = plan.modes.iter().filter(|mode| mode.is_possible());
    possible.map(|mode| mode.mode).collect()
}

/// Stored tensors by name, to be written again in another layout.
type Named<'a> = BTreeMap<String, TensorView<'a>>;

fn tensors(file: &WeightFile) -> TestResult<BTreeMap<String, (Vec<u8>, &str)>> {
    let mut all = BTreeMap::new();
    for name in file.tensors().keys() {
        all.insert(
            name.clone(),
            (file.bytes(name)?.into_owned(), name.as_str()),
        );
    }
    Ok(all)
}

/// Writes some tensors of `file` as safetensors, under the names that `rename` gives them.
fn write_some(file: &WeightFile, to: &Path, rename: impl Fn(&str) -> Option<String>) -> TestResult {
    let all = tensors(file)?;
    let mut views = Named::new();
    for (name, (bytes, _)) in &all {
        if let Some(renamed) = rename(name) {
            let tensor = &file.tensors()[name];
            let view = TensorView::new(tensor.dtype(), tensor.dims().to_vec(), bytes)?;
            views.insert(renamed, view);
        }
    }
    assert!(!views.is_empty());
    Ok(fs::write(to, safetensors::serialize(views, None)?)?)
}

/// The same as a PyTorch zip.
fn write_pickled(file: &WeightFile, to: &Path, keep: impl Fn(&str) -> bool) -> TestResult {
    let all = tensors(file)?;
    let mut pickle = Pickle::new(2).op(b"}(");
    let mut members = Vec::new();
    for (i, (name, (bytes, _))) in all.iter().filter(|(name, _)| keep(name)).enumerate() {
        let dims: Vec<i64> = file.tensors()[name]
            .dims()
            .iter()
            .map(|&d| d as i64)
            .collect();
        let mut strides = vec![1; dims.len()];
        for axis in (1..dims.len()).rev() {
            strides[axis - 1] = strides[axis] * dims[axis];
        }
        let count = dims.iter().product();
        pickle = pickle
            .text(name)
            .tensor(&i.to_string(), count, 0, &dims, &strides);
        members.push((format!("archive/data/{i}"), bytes.as_slice()));
    }
    let pickle = pickle.op(b"u.").0;
    let mut all: Vec<(&str, &[u8])> = vec![("archive/data.pkl", &pickle)];
    all.extend(members.iter().map(|(name, bytes)| (name.as_str(), *bytes)));
    Ok(fs::write(to, stored(&all)?)?)
}

/// The component's tensors are those of the file, to the last bit.
fn assert_tensors(plan: &Recognised, component: &RecognisedComponent, file: &Path) -> TestResult {
    let (opened, file) = (plan.open()?, WeightFile::open(file)?);
    let names: Vec<&String> = component.tensors.iter().map(|t| &t.name).collect();
    assert_eq!(names, file.tensors().keys().collect::<Vec<_>>());
    for tensor in &component.tensors {
        assert_eq!(
            tensor.dims,
            file.tensors()[&tensor.name].dims(),
            "{}",
            tensor.name
        );
        assert_eq!(
            opened.bytes(tensor)?,
            file.bytes(&tensor.name)?,
            "{}",
            tensor.name
        );
    }
    Ok(())
}

#[test]
fn a_diffusers_pipeline_is_taken_as_it_is() -> TestResult {
    let folder = root()?.join("ip2p/pipeline");
    let plan = look(&[&folder])?;
    for (part, file) in [
        (Part::Unet, "unet/diffusion_pytorch_model.safetensors"),
        (Part::Vae, "vae/diffusion_pytorch_model.safetensors"),
        (Part::TextEncoder, "text_encoder/model.safetensors"),
    ] {
        let component = plain(&plan, part)?;
        assert!(
            component.assumed.is_empty() && component.config.is_some(),
            "{part:?}"
        );
        assert_eq!(component.layout.split(' ').nth(1), Some("folder"));
        assert!(
            component
                .tensors
                .iter()
                .all(|t| t.operation == TensorOperation::Copy)
        );
        let published = WeightFile::open(&folder.join(file))?;
        let index = |name: &&String| name.ends_with("position_ids");
        let count = published
            .tensors()
            .keys()
            .filter(|name| !index(name))
            .count();
        assert_eq!(component.tensors.len(), count, "{part:?}");
    }
    let scheduler = plain(&plan, Part::Scheduler)?;
    assert_eq!(scheduler.files[0].name, "scheduler_config.json");
    assert!(plain(&plan, Part::ClipTokenizer)?.files.len() >= 2);
    // CLIP alone reads questions; nothing writes answers or makes latents.
    assert_eq!(possible(&plan), [GuidanceMode::Question]);
    let missing: Vec<Part> = plan.missing.iter().map(|m| m.part).collect();
    assert_eq!(missing, [Part::Blip2, Part::Blip2Tokenizer, Part::Adapter]);
    assert_eq!(plan.suggested_name, "pipeline");
    Ok(())
}

#[test]
fn shards_variants_and_pickles_hold_the_same_network() -> TestResult {
    let golden = root()?.join("ip2p/pipeline/text_encoder");
    let weights = golden.join("model.safetensors");
    let file = WeightFile::open(&weights)?;
    let kept = |name: &str| !name.ends_with("position_ids");
    let first = |name: &str| name.contains("embeddings");
    let make = |name: &str| -> TestResult<tempfile::TempDir> {
        let folder = tempfile::tempdir()?;
        fs::copy(
            golden.join("config.json"),
            folder.path().join("config.json"),
        )?;
        fs::write(
            folder.path().join("README.md"),
            "---\ntags: x\nlicense: mit\n---\n# Card\n",
        )?;
        println!("{name}");
        Ok(folder)
    };
    let index = |ending: &str| {
        let half = |name: &str| match first(name) {
            true => format!("half-1.{ending}"),
            false => format!("half-2.{ending}"),
        };
        let map: BTreeMap<&String, String> = file
            .tensors()
            .keys()
            .filter(|n| kept(n))
            .map(|n| (n, half(n)))
            .collect();
        json!({ "metadata": {}, "weight_map": map }).to_string()
    };
    let shards = make("shards")?;
    let at = |name: &str| shards.path().join(name);
    write_some(&file, &at("half-1.safetensors"), |n| {
        (kept(n) && first(n)).then(|| n.into())
    })?;
    write_some(&file, &at("half-2.safetensors"), |n| {
        (kept(n) && !first(n)).then(|| n.into())
    })?;
    fs::write(at("model.safetensors.index.json"), index("safetensors"))?;
    let variant = make("variant")?;
    fs::copy(&weights, variant.path().join("model.fp16.safetensors"))?;
    let pickle = make("pickle")?;
    write_pickled(&file, &pickle.path().join("pytorch_model.bin"), kept)?;
    let pickles = make("pickled shards")?;
    let at = |name: &str| pickles.path().join(name);
    write_pickled(&file, &at("half-1.bin"), |n| kept(n) && first(n))?;
    write_pickled(&file, &at("half-2.bin"), |n| kept(n) && !first(n))?;
    fs::write(at("pytorch_model.bin.index.json"), index("bin"))?;
    for folder in [&shards, &variant, &pickle, &pickles] {
        let plan = look(&[folder.path()])?;
        let component = plain(&plan, Part::TextEncoder)?;
        let opened = plan.open()?;
        let count = file.tensors().keys().filter(|name| kept(name)).count();
        assert_eq!(component.tensors.len(), count);
        for tensor in &component.tensors {
            assert_eq!(
                opened.bytes(tensor)?,
                file.bytes(&tensor.name)?,
                "{}",
                tensor.name
            );
        }
        assert_eq!(plan.licence.as_deref(), Some("mit"));
    }
    // An index by itself is a choice too, and a missing shard is named.
    let plan = look(&[&at("pytorch_model.bin.index.json")])?;
    assert_eq!(plan.weight_files.len(), 2);
    fs::remove_file(at("half-2.bin"))?;
    let problem = look(&[pickles.path()])
        .err()
        .ok_or("a shard may be missing")?;
    assert!(
        problem
            .file
            .is_some_and(|file| file.ends_with("half-2.bin"))
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn links_stay_in_the_folder_or_in_the_hub_s_repository() -> TestResult {
    let golden = root()?.join("ip2p/pipeline/text_encoder");
    let folder = tempfile::tempdir()?;
    let hostile = folder.path().join("hostile");
    fs::create_dir(&hostile)?;
    fs::copy(golden.join("config.json"), hostile.join("config.json"))?;
    std::os::unix::fs::symlink(
        golden.join("model.safetensors"),
        hostile.join("model.safetensors"),
    )?;
    let problem = look(&[&hostile])
        .err()
        .ok_or("a link out of the folder was followed")?;
    assert!(
        problem.message.contains("leads out of the folder"),
        "{problem}"
    );
    assert!(problem.hint.is_some() && problem.file.is_some());
    // The hub's cache is made of links, all into its own repository.
    let repository = folder.path().join("models--someone--clip-text");
    let snapshot = repository.join("snapshots/abc");
    fs::create_dir_all(&snapshot)?;
    fs::create_dir_all(repository.join("blobs"))?;
    fs::create_dir_all(repository.join("refs"))?;
    fs::write(repository.join("refs/main"), "abc")?;
    for file in ["config.json", "model.safetensors"] {
        fs::copy(golden.join(file), repository.join("blobs").join(file))?;
        std::os::unix::fs::symlink(Path::new("../../blobs").join(file), snapshot.join(file))?;
    }
    for path in [&repository, &snapshot] {
        let plan = look(&[path])?;
        assert_eq!(plan.suggested_name, "clip-text");
        plain(&plan, Part::TextEncoder)?;
    }
    fs::remove_file(snapshot.join("model.safetensors"))?;
    std::os::unix::fs::symlink(
        golden.join("model.safetensors"),
        snapshot.join("model.safetensors"),
    )?;
    assert!(look(&[&repository]).is_err());
    Ok(())
}

/// LAVIS's three downloads make one BLIP-2: EVA, the Q-Former, and Flan-T5 from elsewhere.
#[test]
fn lavis_s_files_make_one_blip2() -> TestResult {
    let golden = root()?.join("ckpt");
    let original = WeightFile::open(&golden.join("lgd_tiny.ckpt"))?;
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let below =
        |prefix: &'static str| move |name: &str| name.strip_prefix(prefix).map(str::to_owned);
    let blip2 = below("blip2_stage_model.");
    write_some(
        &original,
        &at("eva_vit_g.pth"),
        below("blip2_stage_model.visual_encoder."),
    )?;
    write_some(&original, &at("blip2_pretrained.pth"), |name| {
        let name = blip2(name)?;
        let frozen = name.starts_with("visual_encoder.") || name.starts_with("t5_model.");
        (!frozen).then_some(name)
    })?;
    fs::create_dir(at("flan-t5"))?;
    let t5 = at("flan-t5").join("model.safetensors");
    write_some(&original, &t5, below("blip2_stage_model.t5_model."))?;
    let paths = ["eva_vit_g.pth", "blip2_pretrained.pth", "flan-t5"].map(at);
    let plan = look(&[&paths[0], &paths[1], &paths[2]])?;
    assert!(
        plan.missing.iter().all(|m| m.part != Part::Blip2),
        "{:?}",
        plan.missing
    );
    let component = plain(&plan, Part::Blip2)?;
    let published =
        candle_core::safetensors::load(golden.join("hf/blip2/model.safetensors"), &Device::Cpu)?;
    assert_eq!(component.tensors.len(), published.len());
    assert!(
        component
            .tensors
            .iter()
            .all(|t| published.contains_key(&t.name))
    );
    let config = component.config.as_ref().ok_or("no config")?;
    assert_eq!(config["text_config"]["d_model"], 32);
    // Without the other two, it is said what is missing and where it is.
    let plan = look(&[&paths[1]])?;
    let texts: Vec<&str> = plan.missing.iter().map(|m| m.what.as_str()).collect();
    assert!(texts.contains(&"BLIP-2 has no image encoder."), "{texts:?}");
    assert!(
        plan.missing
            .iter()
            .any(|m| m.usual_source.contains("eva_vit_g.pth"))
    );
    Ok(())
}

#[test]
fn blip2_s_positions_are_resized_for_other_pictures() -> TestResult {
    let golden = root()?.join("ckpt");
    let settings = RecogniseSettings {
        blip2_side: Some(84), // 6 by 6 patches instead of 4 by 4
        ..RecogniseSettings::default()
    };
    let plan = recognise(&[golden.join("lgd_tiny.ckpt")], &settings)?;
    let component = plain(&plan, Part::Blip2)?;
    let name = "vision_model.embeddings.position_embedding";
    let table = component
        .tensors
        .iter()
        .find(|t| t.name == name)
        .ok_or("no table")?;
    assert_eq!(
        table.operation,
        TensorOperation::ResizePositions { from: 4, to: 6 }
    );
    let config = component.config.as_ref().ok_or("no config")?;
    assert_eq!(config["vision_config"]["image_size"], 84);
    let bytes = plan.open()?.bytes(table)?.into_owned();
    let made = Tensor::from_raw_buffer(&bytes, DType::F32, &table.dims, &Device::Cpu)?;
    let published =
        candle_core::safetensors::load(golden.join("hf/blip2/model.safetensors"), &Device::Cpu)?;
    let expected = resize_positions(published.get(name).ok_or("no table")?, 6, 6)?;
    let difference = (made - expected)?
        .abs()?
        .flatten_all()?
        .max(0)?
        .to_scalar::<f32>()?;
    assert!(difference < 1e-6, "{difference}");
    Ok(())
}

/// Configs beside a checkpoint tell what its shapes do not.
#[test]
fn configs_without_weights_describe_a_checkpoint_s_parts() -> TestResult {
    let golden = root()?.join("ckpt");
    let folder = tempfile::tempdir()?;
    for (to, from) in [
        ("unet", "unet"),
        ("vae", "vae"),
        ("text_encoder", "clip_text"),
        ("t5_encoder", "t5_encoder"),
        ("blip2", "blip2"),
    ] {
        fs::create_dir(folder.path().join(to))?;
        let from = golden.join("hf").join(from).join("config.json");
        fs::copy(from, folder.path().join(to).join("config.json"))?;
    }
    let plan = look(&[&golden.join("lgd_tiny.ckpt"), folder.path()])?;
    for part in [
        Part::Unet,
        Part::Vae,
        Part::TextEncoder,
        Part::SentenceEncoder,
        Part::Blip2,
    ] {
        assert!(plain(&plan, part)?.assumed.is_empty(), "{part:?}");
    }
    let average = plan
        .component(Part::Unet, WeightKind::Ema)
        .ok_or("no average")?;
    for unet in [plain(&plan, Part::Unet)?, average] {
        assert_eq!(
            unet.config.as_ref().ok_or("no config")?["attention_head_dim"],
            4
        );
    }
    assert!(
        !plan.warnings.iter().any(|w| w.contains("assumed")),
        "{:?}",
        plan.warnings
    );
    Ok(())
}

/// InstructPix2Pix beside LGD is the second editor, with what lies in its folder.
#[test]
fn another_editor_beside_lgd_is_the_second_one() -> TestResult {
    let (lgd, other) = (
        root()?.join("ckpt/lgd_tiny.ckpt"),
        root()?.join("ip2p/pipeline"),
    );
    let tokenizer = root()?.join("ckpt/hf/t5_tokenizer");
    for paths in [[&lgd, &other, &tokenizer], [&other, &lgd, &tokenizer]] {
        let plan = look(&paths.map(PathBuf::as_path))?;
        let folders: Vec<String> = plan
            .chosen(WeightKind::Ema)
            .iter()
            .map(|c| c.folder())
            .collect();
        for folder in [
            "unet",
            "vae",
            "adapter",
            "blip2",
            "ip2p/unet",
            "ip2p/text_encoder",
            "ip2p/tokenizer",
        ] {
            let count = folders.iter().filter(|f| *f == folder).count();
            assert_eq!(
                count,
                if folder == "blip2" { 2 } else { 1 },
                "{folder}: {folders:?}"
            );
        }
        assert_eq!(possible(&plan), GuidanceMode::ALL);
    }
    Ok(())
}

#[test]
fn what_is_no_model_is_said_to_be_none() -> TestResult {
    let folder = tempfile::tempdir()?;
    let problem = look(&[folder.path()])
        .err()
        .ok_or("an empty folder is a model")?;
    assert!(problem.message.contains("no weights"), "{problem}");
    let gone = folder.path().join("gone");
    let problem = look(&[&gone]).err().ok_or("a missing path is a model")?;
    assert!(problem.message.contains("no such file"), "{problem}");
    let other = root()?.join("ckpt/bad/good_small.ckpt");
    let problem = look(&[&other]).err().ok_or("any tensors are a model")?;
    assert!(problem.message.contains("no part of a bundle"), "{problem}");
    let harmful = root()?.join("ckpt/bad/malicious_os_system.ckpt");
    let problem = look(&[&harmful]).err().ok_or("a harmful file is a model")?;
    assert!(
        problem.message.contains("tries to run a command"),
        "{problem}"
    );
    assert!(problem.file.is_some() && problem.hint.is_some());
    Ok(())
}

/// Found by fuzzing: the first input block is no residual block, and counting back from it failed.
#[test]
fn block_numbers_without_sense_are_not_known() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("odd.safetensors");
    let unet = "model.diffusion_model.";
    let names = [
        "input_blocks.0.2.weight",
        "input_blocks.0.1.norm.weight",
        "out.2.bias",
    ];
    let zero = [0; 4];
    let mut views = Named::new();
    for name in names {
        let view = TensorView::new(safetensors::Dtype::F32, vec![1], &zero)?;
        views.insert(format!("{unet}{name}"), view);
    }
    fs::write(&path, safetensors::serialize(views, None)?)?;
    let plan = look(&[&path])?;
    assert_eq!(plain(&plan, Part::Unet)?.tensors.len(), 1);
    let unknown = plan.left_over.iter().filter(|left| !left.expected);
    assert_eq!(unknown.count(), 2);
    assert!(
        plan.warnings
            .iter()
            .any(|w| w.starts_with("2 tensors are not known"))
    );
    Ok(())
}

/// A bundle of our own is read as what it was made from.
#[test]
fn the_embedded_bundle_s_folder_is_recognised() -> TestResult {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny");
    let plan = look(&[&bundle])?;
    assert_eq!(possible(&plan), GuidanceMode::ALL, "{:?}", plan.missing);
    for (part, file) in [
        (Part::Unet, "unet/diffusion_pytorch_model.safetensors"),
        (Part::Vae, "vae/diffusion_pytorch_model.safetensors"),
        (Part::Adapter, "adapter/adapter.safetensors"),
        (Part::Blip2, "blip2/model.safetensors"),
    ] {
        assert_tensors(&plan, plain(&plan, part)?, &bundle.join(file))?;
    }
    assert_eq!(plan.resolution, 128);
    Ok(())
}
