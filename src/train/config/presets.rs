//! Starting points for the settings.

use super::{
    AUTO, Bridge, DataConfig, LoraConfig, LossConfig, ModelConfig, OptimConfig, Preset,
    SampleConfig, TrainConfig, TrainerConfig,
};
use crate::nn::Products;
use crate::nn::device::Precision;
use crate::pipeline::GuidanceMode;
use crate::train::learning_rate::LrSchedule;
use crate::train::loss::CpcMethod;
use crate::train::networks::Group;
use crate::train::step::Conditioning;
use std::collections::BTreeMap;
use std::path::PathBuf;

impl TrainConfig {
    /// The settings of a preset, without data.
    pub fn of_preset(preset: Preset) -> Self {
        let original = [
            Group::Unet,
            Group::Adapter,
            Group::Qformer,
            Group::T5Proj,
            Group::Predictive,
        ];
        let mut config = Self {
            preset,
            data: DataConfig {
                image_dir: PathBuf::new(),
                sample_file: PathBuf::new(),
                causal_feature: PathBuf::new(),
                resolution: 0,
                flip_prob: 0.5,
                clean_questions: true,
                cache: AUTO.to_owned(),
                cache_gib: 20.0,
                prefetch: 2,
                states: Vec::new(),
            },
            model: ModelConfig {
                bundle: "embedded".to_owned(),
                train: original.into(),
                conditioning: Conditioning::Detached,
                bridges: vec![Bridge::Both],
                lora: LoraConfig {
                    rank: 8,
                    alpha: 8.0,
                },
            },
            loss: LossConfig {
                answer: 0.1,
                cpc: 0.1,
                cpc_method: CpcMethod::Margin,
                kl: 1e-6,
                scene: 0.5,
                min_snr: 0.0,
                change: 0.0,
                timestep_power: 1.0,
                dropout: 0.05,
                states: BTreeMap::new(),
            },
            optim: OptimConfig {
                lr: 3e-5,
                schedule: LrSchedule::default(),
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                weight_decay: 0.01,
                grad_clip: 0.0,
                ema: 0.9999,
                batch: 4,
                accumulation: 1,
            },
            trainer: TrainerConfig {
                max_steps: 10_000,
                precision: Precision::Auto,
                products: Products::F32,
                seed: 41,
                checkpoint_every: 500,
                keep: 2,
                gradient_checkpointing: false,
            },
            sample: SampleConfig {
                every: 0,
                modes: vec![
                    GuidanceMode::Question,
                    GuidanceMode::Answer,
                    GuidanceMode::Latent,
                ],
                steps: 20,
                seed: 0,
                questions: Vec::new(),
            },
        };
        match preset {
            Preset::Full => {}
            Preset::Adapter => config.model.train = [Group::Adapter].into(),
            Preset::Lora => {
                config.model.train = [Group::Lora].into();
                config.optim.lr = 1e-4;
                config.optim.grad_clip = 1.0;
                config.optim.ema = 0.999;
                config.optim.batch = 1;
                config.optim.accumulation = 4;
                config.trainer.gradient_checkpointing = true;
            }
            Preset::ToonTiny => {
                config.model.train = [Group::Unet, Group::Adapter].into();
                config.model.bridges = vec![Bridge::Latent, Bridge::Answer, Bridge::Question];
                config.data.flip_prob = 0.0;
                config.data.clean_questions = false;
                config.optim.lr = 8e-4;
                config.optim.beta2 = 0.99;
                config.optim.grad_clip = 1.0;
                config.optim.ema = 0.998;
                config.optim.batch = 32;
                config.optim.schedule = LrSchedule::Cosine {
                    warmup_steps: 100,
                    hold: 0.0,
                    last: 0.02,
                };
            }
            Preset::Autoencoder => {
                config.model.train = [Group::Encoder, Group::Decoder].into();
                config.optim.lr = 2e-3;
                config.optim.beta2 = 0.99;
                config.optim.weight_decay = 1e-4;
                config.optim.grad_clip = 1.0;
                config.optim.ema = 0.995;
                config.optim.batch = 8;
                config.optim.schedule = LrSchedule::Cosine {
                    warmup_steps: 60,
                    hold: 0.0,
                    last: 0.03,
                };
            }
            Preset::Answers => {
                config.model.train = [
                    Group::Qformer,
                    Group::T5Proj,
                    Group::Vision,
                    Group::Language,
                ]
                .into();
                config.loss.answer = 1.0;
                config.loss.cpc = 0.0;
                config.data.flip_prob = 0.0;
                config.data.clean_questions = false;
                config.optim.lr = 5e-4;
                config.optim.grad_clip = 1.0;
                config.optim.ema = 0.998;
                config.optim.batch = 32;
            }
        }
        config
    }
}
