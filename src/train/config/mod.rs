//! `train.toml`: everything a run depends on.
//!
//! The keys mirror the original's configuration. A file need only say what differs from its preset;
//! the run folder keeps the complete one.

mod checks;
mod overlay;
mod presets;

use super::adamw::AdamWSettings;
use super::learning_rate::LrSchedule;
use super::loss::CpcMethod;
use super::networks::Group;
use super::step::{Conditioning, NoiseWeights, StepSettings};
use crate::nn::Products;
use crate::nn::device::Precision;
use crate::pipeline::{BundleSource, GuidanceMode, Problem};
use overlay::{merge, set};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A starting point for the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// What LGD trains: UNet, latent translation, Q-Former and both projections.
    #[default]
    Full,
    /// The latent translation alone.
    Adapter,
    /// UNet and latent translation of a small bundle, each sample steered in one of three ways.
    ToonTiny,
    /// BLIP-2 alone, by the answers it writes.
    Answers,
    /// Low-rank pairs beside the editor's attention, with little memory.
    Lora,
    /// The autoencoder alone, by the pictures it gives back.
    Autoencoder,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 6] = [
        Self::Full,
        Self::Adapter,
        Self::Lora,
        Self::ToonTiny,
        Self::Answers,
        Self::Autoencoder,
    ];
}

/// A whole configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Where the other values came from.
    pub preset: Preset,
    /// What is learnt from.
    pub data: DataConfig,
    /// What learns.
    pub model: ModelConfig,
    /// What it is judged by.
    pub loss: LossConfig,
    /// How it moves.
    pub optim: OptimConfig,
    /// How long, and what is kept.
    pub trainer: TrainerConfig,
    /// Pictures on the way.
    pub sample: SampleConfig,
}

/// `[data]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Folder of the pictures.
    pub image_dir: PathBuf,
    /// List of records.
    pub sample_file: PathBuf,
    /// Causal features, safetensors; empty for none.
    pub causal_feature: PathBuf,
    /// Side of the square the editor learns at, in pixels; 0 takes the bundle's.
    pub resolution: u32,
    /// How often a pair is mirrored.
    pub flip_prob: f32,
    /// Whether questions are cleaned as the original does it: lower case, no punctuation.
    pub clean_questions: bool,
    /// Where what frozen networks make of the data is kept: a folder, `auto` for the user's cache, or
    /// empty for nowhere.
    pub cache: String,
    /// Most of it, in GiB, over all runs that share the folder.
    pub cache_gib: f64,
    /// Batches that are read ahead.
    pub prefetch: usize,
    /// Takes only records with something in one of these states in a frame, sky, lamp and tree included;
    /// all, where none is named. Data of the drawn world says what stands where.
    pub states: Vec<String>,
}

/// The cache of the user, wherever that is.
const AUTO: &str = "auto";

impl DataConfig {
    /// The folder of kept features, if there is one.
    pub fn cache_folder(&self) -> Option<PathBuf> {
        match self.cache.as_str() {
            "" | AUTO => None,
            folder => Some(PathBuf::from(folder)),
        }
    }

    /// Puts the user's cache where `auto` stands.
    pub fn resolve_cache(&mut self, folder: &Path) {
        if self.cache == AUTO {
            self.cache = folder.display().to_string();
        }
    }
}

/// What the editor of one sample is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bridge {
    /// The latent and the answer.
    Both,
    /// The latent.
    Latent,
    /// The answer.
    Answer,
    /// The question.
    Question,
}

/// `[model]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// `embedded`, or a bundle folder.
    pub bundle: String,
    /// What is trained.
    pub train: BTreeSet<Group>,
    /// The latent's way to the editor.
    pub conditioning: Conditioning,
    /// What editors are told; each sample draws one.
    pub bridges: Vec<Bridge>,
    /// The low-rank pairs, where they are trained.
    pub lora: LoraConfig,
}

/// `[model.lora]`
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoraConfig {
    /// Rank of the pairs.
    pub rank: usize,
    /// Their weight is `alpha / rank`.
    pub alpha: f64,
}

/// `[loss]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossConfig {
    /// Weight of the answer's cross-entropy.
    pub answer: f64,
    /// Weight of the contrastive loss.
    pub cpc: f64,
    /// Its form.
    pub cpc_method: CpcMethod,
    /// Weight of the distance of the autoencoder's latents from a normal distribution.
    pub kl: f64,
    /// Weight of the scene's cross-entropy, where `scene` is trained: data of the drawn world says what
    /// stands where.
    pub scene: f64,
    /// Limit of the signal-to-noise ratio in the weights of the diffusion loss (Min-SNR); 0 for none.
    pub min_snr: f64,
    /// How much more the diffusion loss counts where the picture changes.
    pub change: f64,
    /// Time steps are drawn as `u^power` of all: below 1 noisy ones are seen more often.
    pub timestep_power: f64,
    /// Share of samples without text, without picture, and without both: one each.
    pub dropout: f32,
    /// How much more a pixel of the autoencoder counts where it tells that a thing, or the sky, is in one of
    /// these states, where a hundredth of the picture tells it; where fewer pixels do, they count more. Data of
    /// the drawn world says what stands where.
    pub states: BTreeMap<String, f64>,
}

/// `[optim]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimConfig {
    /// Learning rate.
    pub lr: f64,
    /// How it changes.
    pub schedule: LrSchedule,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Against division by zero.
    pub eps: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Largest norm of the gradients; 0 does not clip.
    pub grad_clip: f64,
    /// Largest decay of the weights' average.
    pub ema: f64,
    /// Samples that are computed together.
    pub batch: usize,
    /// Batches per step.
    pub accumulation: usize,
}

/// `[trainer]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainerConfig {
    /// Steps of the run.
    pub max_steps: u64,
    /// The numbers editor, image encoder and language model compute with: `auto` (bf16 on CUDA, f32
    /// elsewhere), `f32` or `bf16`. Weights, averages, losses and the autoencoder are f32 always.
    pub precision: Precision,
    /// How the processor multiplies: `f32`, or `bf16` for operands of 16 bits and sums of 32, as autocast
    /// does it, where the processor has such products; they are faster, and weights stay what they are.
    pub products: Products,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// Checkpoints that are kept besides the pinned ones.
    pub keep: usize,
    /// Whether the editor's blocks are computed again on the way back instead of being kept: less
    /// memory, a second forward.
    pub gradient_checkpointing: bool,
}

/// `[sample]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleConfig {
    /// Steps between pictures; 0 draws only when asked.
    pub every: u64,
    /// The modes that are drawn.
    pub modes: Vec<GuidanceMode>,
    /// Denoising steps.
    pub steps: usize,
    /// Seed of the noise, the same every time.
    pub seed: u64,
    /// The pinned questions.
    pub questions: Vec<PinnedQuestion>,
}

/// A question that is drawn again and again while the model learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedQuestion {
    /// The frame.
    pub image: PathBuf,
    /// What is asked about it.
    pub question: String,
}

impl TrainConfig {
    /// Reads a configuration: preset, then file, then `key=value` settings; paths become absolute.
    ///
    /// # Errors
    /// When the file cannot be read, or a key or value is wrong.
    pub fn read(path: &Path, settings: &[String]) -> Result<Self, Problem> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Problem::new(format!("Cannot read the configuration: {e}."))
                .hint("Check the path.")
                .file(path)
        })?;
        Self::parse(&text, settings).map_err(|problem| problem.file(path))
    }

    /// The same from a text.
    ///
    /// # Errors
    /// When a key or value is wrong.
    pub fn parse(text: &str, settings: &[String]) -> Result<Self, Problem> {
        let unreadable = |e: String| {
            let e = e.trim_end().to_owned();
            Problem::new(format!("Cannot read the configuration: {e}"))
                .hint("Correct that line; `lgd-studio train --help` shows an example.")
        };
        let mut given: Table = text
            .parse()
            .map_err(|e: toml::de::Error| unreadable(e.to_string()))?;
        for setting in settings {
            set(&mut given, setting)?;
        }
        let preset = match given.get("preset") {
            Some(preset) => Preset::deserialize(preset.clone())
                .map_err(|e| unreadable(format!("preset: {e}")))?,
            None => Preset::default(),
        };
        let mut whole =
            Table::try_from(Self::of_preset(preset)).map_err(|e| unreadable(e.to_string()))?;
        merge(&mut whole, given);
        let mut config =
            Self::deserialize(Value::Table(whole)).map_err(|e| unreadable(e.to_string()))?;
        config.make_absolute();
        match config.problems() {
            problems if problems.is_empty() => Ok(config),
            problems => Err(Problem::new(format!(
                "The configuration cannot be used: {}.",
                problems.join("; ")
            ))
            .hint("Correct it, or set it with --set key=value.")),
        }
    }

    /// The complete configuration as a text.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_text(&self) -> Result<String, Problem> {
        toml::to_string_pretty(self)
            .map_err(|e| Problem::new(format!("Cannot write the configuration: {e}.")))
    }

    /// The bundle that is trained.
    pub fn bundle(&self) -> BundleSource {
        match self.model.bundle.as_str() {
            "embedded" | "toon-tiny" => BundleSource::Embedded,
            folder => BundleSource::Folder(PathBuf::from(folder)),
        }
    }

    /// Whether the autoencoder is what is trained.
    pub fn trains_autoencoder(&self) -> bool {
        let mut groups = self.model.train.iter();
        groups.any(|group| group.is_of_autoencoder())
    }

    /// Whether the editor learns, or what carries the latent into it: what the diffusion loss reaches.
    pub fn trains_editor(&self) -> bool {
        let mut groups = self.model.train.iter();
        let linked = self.model.conditioning == Conditioning::Linked;
        linked || groups.any(|group| !group.is_of_blip2() && !group.is_of_autoencoder())
    }

    /// Samples per step.
    pub fn samples_per_step(&self) -> u64 {
        (self.optim.batch * self.optim.accumulation) as u64
    }

    /// The optimiser's settings.
    pub fn adamw(&self) -> AdamWSettings {
        AdamWSettings {
            beta1: self.optim.beta1,
            beta2: self.optim.beta2,
            eps: self.optim.eps,
            weight_decay: self.optim.weight_decay,
        }
    }

    /// The step's settings.
    pub fn step(&self) -> StepSettings {
        StepSettings {
            conditioning: self.model.conditioning,
            answer_weight: self.loss.answer,
            cpc_weight: self.loss.cpc,
            cpc_method: self.loss.cpc_method,
            scene_weight: self.loss.scene,
            trains_editor: self.trains_editor(),
            noise: NoiseWeights {
                min_snr: self.loss.min_snr,
                change: self.loss.change,
            },
            dropout: self.loss.dropout,
            recompute: self.trainer.gradient_checkpointing,
        }
    }

    fn make_absolute(&mut self) {
        let questions = self.sample.questions.iter_mut();
        let paths = [
            &mut self.data.image_dir,
            &mut self.data.sample_file,
            &mut self.data.causal_feature,
        ];
        for path in paths.into_iter().chain(questions.map(|q| &mut q.image)) {
            // An empty path means none and stays so.
            if !path.as_os_str().is_empty()
                && let Ok(absolute) = std::path::absolute(&*path)
            {
                *path = absolute;
            }
        }
        if let Some(folder) = self.data.cache_folder()
            && let Ok(absolute) = std::path::absolute(folder)
        {
            self.data.cache = absolute.display().to_string();
        }
        if let BundleSource::Folder(folder) = self.bundle()
            && let Ok(absolute) = std::path::absolute(folder)
        {
            self.model.bundle = absolute.display().to_string();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Group, Preset, TrainConfig};
    use crate::train::LrSchedule;

    const DATA: &str = "[data]\nimage_dir = 'images'\nsample_file = 'list.json'\n";

    #[test]
    fn a_file_says_only_what_differs_and_the_whole_comes_back_the_same() {
        let text = format!("preset = 'toon-tiny'\n{DATA}[optim]\nlr = 1\n");
        let set = [
            "trainer.max_steps=7".to_owned(),
            "optim.schedule.kind=constant".to_owned(),
        ];
        let config = TrainConfig::parse(&text, &set).expect("a good configuration");
        assert_eq!((config.optim.lr, config.trainer.max_steps), (1.0, 7));
        assert_eq!(config.optim.batch, 32);
        assert_eq!(config.optim.schedule, LrSchedule::default());
        assert!(config.data.image_dir.is_absolute());
        let whole = config.to_text().expect("it can be written");
        assert_eq!(
            TrainConfig::parse(&whole, &[]).expect("it can be read"),
            config
        );
        for preset in Preset::ALL {
            assert!(
                !TrainConfig::of_preset(preset)
                    .model
                    .train
                    .contains(&Group::Vision)
                    || preset == Preset::Answers
            );
        }
    }

    #[test]
    fn wrong_keys_and_values_are_named() {
        for (text, words) in [
            ("[optim]\nlearning = 1", "learning"),
            ("[optim]\nlr = -1", "optim.lr must be above 0"),
            ("[model]\ntrain = ['moon']", "moon"),
            ("preset = 'huge'", "huge"),
            ("nonsense", "Cannot read"),
            (
                "[model]\nconditioning = 'hybrid_predictive_code'\ntrain = ['unet']",
                "needs predictive",
            ),
            ("[model]\ntrain = ['unet', 'lora']", "both unet and lora"),
            ("[model.lora]\nrank = 0", "rank must be between"),
            ("[model]\ntrain = ['unet', 'decoder']", "autoencoder beside"),
        ] {
            let text = if text.starts_with('[') {
                format!("{DATA}{text}")
            } else {
                text.to_owned()
            };
            let problem = TrainConfig::parse(&text, &[]).expect_err(words).to_string();
            assert!(problem.contains(words), "{problem}");
        }
        let problem = TrainConfig::parse("", &[])
            .expect_err("no data")
            .to_string();
        assert!(problem.contains("image_dir is missing") && problem.contains("sample_file"));
        let wrong = ["lr".to_owned()];
        assert!(TrainConfig::parse(DATA, &wrong).is_err());
    }
}
