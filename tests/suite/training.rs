//! What is trained: every preset reaches every variable it names, and no other.

use crate::golden::TestResult;
use crate::vqai::toon;
use candle_core::{Device, Tensor};
use lgd_studio::nn::noise::Stream;
use lgd_studio::pipeline::{Bundle, BundleSource, LgdPipeline, Problem};
use lgd_studio::train::{
    Bridge, Feeder, Frozen, Gradients, Group, Losses, Picture, Preset, TrainConfig, Trainee,
    learn_from, write_bundle,
};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

/// A configuration for the embedded bundle and a data set in `data`; a small editor's view, because
/// the networks are real.
pub fn config(preset: Preset, data: &Path) -> TrainConfig {
    let mut config = TrainConfig::of_preset(preset);
    config.data.image_dir = data.join("images");
    config.data.sample_file = data.join("labels_cot_train.json");
    config.data.resolution = 32;
    config.data.clean_questions = false;
    config.optim.batch = 1;
    config
}

/// A bundle's networks in the precision that a configuration asks for, and what of it stays frozen.
pub struct Opened {
    pub bundle: Bundle,
    pub trainee: Trainee,
    pub frozen: Arc<Frozen>,
}

impl Opened {
    pub fn of(config: &TrainConfig) -> TestResult<Self> {
        let bundle = Bundle::open(&config.bundle())?;
        let dtype = config.trainer.precision.dtype(&Device::Cpu);
        let trainee = Trainee::load_in(dtype, &bundle, &config.model, 41, &Device::Cpu)?;
        let frozen = Arc::new(Frozen::open(config, &bundle, &Device::Cpu)?);
        Ok(Self {
            bundle,
            trainee,
            frozen,
        })
    }

    pub fn feeder(&self, config: &TrainConfig) -> Result<Feeder, Problem> {
        Feeder::open(config, &self.trainee, self.frozen.clone())
    }

    /// The first step: its losses and gradients.
    pub fn learn(&self, config: &TrainConfig) -> TestResult<(Losses, Gradients)> {
        let prepared = self.feeder(config)?.prepare(0, 0)?;
        let (networks, parameters) = (&self.trainee.networks, &self.trainee.parameters);
        Ok(learn_from(
            networks,
            parameters,
            config,
            &self.frozen,
            prepared,
        )?)
    }
}

fn features(folder: &Path) -> TestResult<std::path::PathBuf> {
    let mut tensors = HashMap::new();
    for sample in 1..=6u64 {
        let mut stream = Stream::new(5, "features", 0, sample);
        let rows = stream.normal_tensor((3, 192), &Device::Cpu)?;
        tensors.insert(format!("train_{sample:06}"), rows);
    }
    let path = folder.join("causal.safetensors");
    candle_core::safetensors::save(&tensors, &path)?;
    Ok(path)
}

#[test]
fn every_trainable_variable_gets_a_gradient() -> TestResult {
    let place = tempfile::tempdir()?;
    toon(place.path(), 6, 32)?;
    let causal = features(place.path())?;
    for preset in Preset::ALL {
        let mut config = config(preset, place.path());
        config.optim.batch = 2;
        config.loss.dropout = 0.0;
        // The smallest view with more than one cell at the bottom of the UNet: a cell that looks at
        // itself alone has nothing to learn about where to look.
        config.data.resolution = 64;
        config.data.causal_feature = causal.clone();
        // A sample whose bridge leaves the latent out would say nothing about `latent_mlp`.
        config.model.bridges = vec![Bridge::Both];
        let opened = Opened::of(&config)?;
        let parameters = &opened.trainee.parameters;
        for (name, up) in parameters
            .iter()
            .filter(|(n, _)| n.ends_with(".lora.up.weight"))
        {
            // With a fresh pair, whose second half is zero, the first half has nothing to learn yet.
            let mut stream = Stream::new(5, name, 0, 0);
            up.set(&(stream.normal_tensor(up.shape(), &Device::Cpu)? * 0.02)?)?;
        }
        let (losses, gradients) = opened.learn(&config)?;
        assert!(losses.total.is_finite());
        let groups = &config.model.train;
        for group in Group::ALL {
            let count = parameters.keys().filter(|name| group.holds(name)).count();
            assert_eq!(count > 0, groups.contains(&group), "{preset:?} {group:?}");
        }
        for name in parameters.keys() {
            let gradient = gradients.by_name().get(name);
            let gradient = gradient.ok_or_else(|| format!("{preset:?}: {name} has none"))?;
            let sum = gradient.abs()?.sum_all()?.to_scalar::<f32>()?;
            // A shift of all keys changes no attention: such a bias has the gradient zero.
            let silent =
                name.ends_with("key.bias") || name.ends_with("to_k.bias") || never_used(name);
            assert!(
                sum.is_finite() && (sum > 0.0 || silent),
                "{preset:?}: {name} has {sum}"
            );
        }
        assert_eq!(gradients.by_name().len(), parameters.len());
        let blip2 = groups.iter().any(|group| group.is_of_blip2());
        assert_eq!(losses.answer.is_some(), blip2);
        let autoencoder = preset == Preset::Autoencoder;
        let draws = !autoencoder && preset != Preset::Answers;
        assert_eq!(losses.diffusion.is_some(), draws);
        assert_eq!(losses.reconstruction.is_some(), autoencoder);
        assert_eq!(losses.divergence.is_some(), autoencoder);
        assert_eq!(losses.contrastive.is_some(), preset == Preset::Full);
    }
    Ok(())
}

/// What stands where in the frame teaches BLIP-2 to see; the layers that read it are in no bundle.
#[test]
fn scenes_teach_blip2_to_see_where_records_tell_them() -> TestResult {
    let place = tempfile::tempdir()?;
    toon(place.path(), 6, 32)?;
    let mut config = config(Preset::Answers, place.path());
    config.optim.batch = 2;
    config.model.train.insert(Group::Scene);
    let opened = Opened::of(&config)?;
    let parameters = &opened.trainee.parameters;
    let (losses, gradients) = opened.learn(&config)?;
    let (answer, scene) = (losses.answer.ok_or("none")?, losses.scene.ok_or("none")?);
    let total = f64::from(answer) + config.loss.scene * f64::from(scene);
    assert!((total - f64::from(losses.total)).abs() < 1e-4, "{losses:?}");
    let heads = parameters.keys().filter(|name| Group::Scene.holds(name));
    assert_eq!(heads.count(), 4);
    for name in parameters.keys() {
        assert!(gradients.by_name().contains_key(name), "{name} has none");
    }
    let averages = parameters.iter();
    let averages = averages.map(|(name, var)| (name.clone(), var.as_tensor().clone()));
    let written = place.path().join("bundle");
    write_bundle(
        &opened.bundle,
        &averages.collect(),
        &config.model.lora,
        "seeing",
        &written,
    )?;
    LgdPipeline::verify(&BundleSource::Folder(written), &Device::Cpu).map_err(|e| e.to_string())?;

    forget_scenes(&config.data.sample_file)?;
    let refused = opened.feeder(&config).err().ok_or("it was taken")?;
    assert!(refused.message.contains("what stands where"), "{refused}");
    Ok(())
}

/// Leaves records as those of other data, which say nothing of scenes.
fn forget_scenes(list: &Path) -> TestResult {
    let mut records: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(list)?)?;
    for record in &mut records {
        let record = record.as_object_mut().ok_or("a record")?;
        record.remove("scene_before");
    }
    std::fs::write(list, serde_json::to_vec(&records)?)?;
    Ok(())
}

/// States of characters.
const STATES: [&str; 5] = ["neutral", "happy", "sad", "angry", "asleep"];

/// The autoencoder looks harder at what tells the states of things, where records say what stands where.
#[test]
fn what_tells_a_state_counts_more_where_records_tell_scenes() -> TestResult {
    let place = tempfile::tempdir()?;
    toon(place.path(), 6, 32)?;
    let mut config = config(Preset::Autoencoder, place.path());
    config.optim.batch = 2;
    let opened = Opened::of(&config)?;
    let loss_of = |config: &TrainConfig| -> TestResult<f32> {
        let (losses, _) = opened.learn(config)?;
        Ok(losses.reconstruction.ok_or("nothing was drawn")?)
    };
    let weights = |weight: f64| BTreeMap::from(STATES.map(|state| (state.to_owned(), weight)));
    let mut losses = [0.0; 3];
    for (loss, states) in losses.iter_mut().zip([0.0, 10.0, 20.0]) {
        config.loss.states = weights(states);
        *loss = loss_of(&config)?;
    }
    // The same pictures and noise: what is added is in proportion.
    let [plain, some, more] = losses;
    assert!(some > 1.05 * plain, "{losses:?}");
    assert!(
        ((more - some) / (some - plain) - 1.0).abs() < 1e-3,
        "{losses:?}"
    );

    // Of states that nothing there is in, nothing is told.
    config.loss.states = BTreeMap::from([("made of cheese".to_owned(), 10.0)]);
    assert_eq!(config.problems().len(), 1, "{:?}", config.problems());
    assert_eq!(loss_of(&config)?, plain);

    config.loss.states = weights(10.0);
    forget_scenes(&config.data.sample_file)?;
    let refused = loss_of(&config).err().ok_or("it was taken")?.to_string();
    assert!(refused.contains("what stands where"), "{refused}");
    config.loss.states.clear();
    assert!(loss_of(&config)?.is_finite());
    Ok(())
}

/// `data.states` takes the records that show somebody or something in a state, and no others.
#[test]
fn records_are_chosen_by_what_their_frames_show() -> TestResult {
    let place = tempfile::tempdir()?;
    toon(place.path(), 40, 32)?;
    let mut config = config(Preset::Autoencoder, place.path());
    let opened = Opened::of(&config)?;
    let open = |config: &TrainConfig| opened.feeder(config);
    let all = open(&config)?.records().usable.len();
    config.data.states = vec!["asleep".to_owned()];
    assert_eq!(config.problems(), Vec::<String>::new());
    let chosen = open(&config)?;
    let chosen = &chosen.records().usable;
    assert!(
        !chosen.is_empty() && chosen.len() < all,
        "{} of {all}",
        chosen.len()
    );
    let text = std::fs::read_to_string(&config.data.sample_file)?;
    let records: Vec<serde_json::Value> = serde_json::from_str(&text)?;
    let asleep = records.iter().filter(|record| {
        let scenes = ["scene_before", "scene_after"].map(|scene| record[scene].to_string());
        scenes.iter().any(|scene| scene.contains("\"asleep\""))
    });
    assert_eq!(asleep.count(), chosen.len());

    // Skies, lamps and trees are states as well.
    config.data.states = vec!["rain".to_owned(), "fallen".to_owned()];
    assert_eq!(config.problems(), Vec::<String>::new());
    let chosen = open(&config)?.records().usable.len();
    let changed = records.iter().filter(|record| {
        let scenes = [&record["scene_before"], &record["scene_after"]];
        let mut scenes = scenes.iter();
        scenes.any(|scene| scene["sky"] == "rain" || scene["tree"] == "fallen")
    });
    assert_eq!(changed.count(), chosen);
    assert!(chosen > 0 && chosen < all, "{chosen} of {all}");

    config.data.states = vec!["chick".to_owned(), "bunny".to_owned()];
    let list = &config.data.sample_file;
    let tame = text
        .replace("\"chick\"", "\"whole\"")
        .replace("\"bunny\"", "\"empty\"");
    std::fs::write(list, tame)?;
    let refused = open(&config).err().ok_or("it was taken")?;
    assert!(refused.message.contains("data.states"), "{refused}");
    config.data.states = vec!["made of cheese".to_owned()];
    assert_eq!(config.problems().len(), 1);
    Ok(())
}

/// Rows of a table that no token of these samples looks up are zero, but some rows are not; a table
/// as a whole always has a gradient. Nothing else may be silent.
fn never_used(name: &str) -> bool {
    name.ends_with("self_attn.qkv.bias") // two thirds of it act
}

#[test]
fn samples_depend_on_the_step_alone() -> TestResult {
    let place = tempfile::tempdir()?;
    toon(place.path(), 6, 32)?;
    let mut config = config(Preset::ToonTiny, place.path());
    config.optim.batch = 3;
    config.data.flip_prob = 0.5;
    let opened = Opened::of(&config)?;
    let (networks, frozen) = (&opened.trainee.networks, &opened.frozen);
    let numbers = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
    let mut steps = BTreeMap::new();
    for round in 0..2 {
        let mut feeder = opened.feeder(&config)?;
        let order = if round == 0 { [0, 1, 5] } else { [5, 0, 1] };
        for step in order {
            let (batch, draws) = frozen.complete(networks, feeder.prepare(step, 0)?)?;
            let Picture::Moments(edited) = &batch.edited else {
                return Err("the autoencoder is frozen".into());
            };
            let drawn = (
                numbers(edited)?,
                numbers(&draws.noise)?,
                (draws.timesteps, batch.sees_latent, draws.conditioning),
            );
            match steps.get(&step) {
                Some(known) => assert_eq!(known, &drawn, "step {step}"),
                None => drop(steps.insert(step, drawn)),
            }
        }
    }
    assert_ne!(steps.get(&0), steps.get(&1));
    Ok(())
}

#[test]
fn a_written_bundle_draws_what_the_weights_say() -> TestResult {
    let place = tempfile::tempdir()?;
    let base = Bundle::open(&BundleSource::Embedded)?;
    let mut model = TrainConfig::of_preset(Preset::Full).model;
    model.train = [Group::Adapter, Group::Qformer].into();
    let trainee = Trainee::load(&base, &model, 41, &Device::Cpu)?;
    let same: BTreeMap<String, Tensor> = trainee
        .parameters
        .iter()
        .map(|(name, var)| (name.clone(), var.as_tensor().clone()))
        .collect();
    let folder = place.path().join("mine");
    write_bundle(&base, &same, &model.lora, "mine", &folder)?;
    let source = BundleSource::Folder(folder.clone());
    let written = Bundle::open(&source)?;
    assert_eq!(written.manifest.name, "mine");
    // Untouched weights come out byte for byte, in halves as before.
    for file in base.files()?.iter().filter(|file| *file != "lgd.json") {
        if file.ends_with(".safetensors") {
            continue;
        }
        assert_eq!(base.read(file)?, written.read(file)?, "{file}");
    }
    for (file, sum) in &written.manifest.sha256 {
        assert_eq!(&written.sha256(file, &mut |_| {})?, sum, "{file}");
    }
    let again = Trainee::load(&written, &model, 41, &Device::Cpu)?;
    for (name, var) in &again.parameters {
        let error = crate::denoising::distance(var, &same[name])?;
        assert_eq!(error, 0.0, "{name}");
    }
    LgdPipeline::verify(&source, &Device::Cpu).map_err(|e| e.to_string())?;
    let taken = write_bundle(&base, &same, &model.lora, "mine", &folder).expect_err("taken");
    assert!(taken.to_string().contains("something of that name"));
    Ok(())
}
