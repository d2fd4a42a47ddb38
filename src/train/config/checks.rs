//! What a configuration may say.

use super::TrainConfig;
use crate::dataset::toon::Scene;
use crate::nn::device::Precision;
use crate::train::networks::Group;
use crate::train::step::Conditioning;

impl TrainConfig {
    /// Everything that is wrong, in plain words.
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut expect = |good: bool, text: &str| {
            if !good {
                found.push(text.to_owned());
            }
        };
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let (data, optim) = (&self.data, &self.optim);
        expect(
            !data.image_dir.as_os_str().is_empty(),
            "data.image_dir is missing",
        );
        expect(
            !data.sample_file.as_os_str().is_empty(),
            "data.sample_file is missing",
        );
        expect(
            share(data.flip_prob.into()),
            "data.flip_prob must be between 0 and 1",
        );
        expect(
            data.resolution == 0 || (16..=4096).contains(&data.resolution),
            "data.resolution must be 0 or between 16 and 4096",
        );
        expect(
            data.cache_gib > 0.0 && data.cache_gib.is_finite(),
            "data.cache_gib must be above 0",
        );
        expect(data.prefetch <= 64, "data.prefetch must be at most 64");
        expect(
            !self.model.train.is_empty(),
            "model.train names nothing to train",
        );
        let both = [Group::Unet, Group::Lora];
        expect(
            !both.iter().all(|group| self.model.train.contains(group)),
            "model.train names both unet and lora; the pairs are for an editor that stays as it is",
        );
        let mut groups = self.model.train.iter();
        expect(
            !self.trains_autoencoder() || groups.all(|group| group.is_of_autoencoder()),
            "model.train names halves of the autoencoder beside other parts; what the others learn depends on its latents, so train it first and alone",
        );
        let lora = &self.model.lora;
        expect(
            (1..=1024).contains(&lora.rank) && lora.alpha > 0.0 && lora.alpha.is_finite(),
            "model.lora.rank must be between 1 and 1024 and alpha above 0",
        );
        expect(!self.model.bridges.is_empty(), "model.bridges is empty");
        expect(
            [
                self.loss.answer,
                self.loss.cpc,
                self.loss.kl,
                self.loss.scene,
                self.loss.min_snr,
                self.loss.change,
            ]
            .iter()
            .all(|weight| *weight >= 0.0),
            "the weights of the losses must not be negative",
        );
        expect(
            self.loss.states.values().all(|weight| *weight >= 0.0),
            "the weights of loss.states must not be negative",
        );
        expect(
            self.loss.states.keys().all(|s| Scene::can_tell(s)),
            "loss.states names a state that nothing in the drawn world has; there are asleep, broken, rain, …",
        );
        expect(
            self.data.states.iter().all(|s| Scene::can_show(s)),
            "data.states names a state that no frame of the drawn world shows; there are asleep, broken, rain, …",
        );
        expect(
            (0.1..=10.0).contains(&self.loss.timestep_power),
            "loss.timestep_power must be between 0.1 and 10",
        );
        let sees = [Group::Vision, Group::Qformer];
        let sees = sees.iter().all(|group| self.model.train.contains(group));
        expect(
            sees || !self.model.train.contains(&Group::Scene),
            "model.train names scene without vision and qformer, which learn by it",
        );
        expect(
            (0.0..=0.33).contains(&self.loss.dropout),
            "loss.dropout must be between 0 and 0.33",
        );
        expect(
            optim.lr > 0.0 && optim.lr.is_finite(),
            "optim.lr must be above 0",
        );
        expect(
            [optim.beta1, optim.beta2, optim.ema]
                .iter()
                .all(|decay| (0.0..1.0).contains(decay)),
            "optim.beta1, beta2 and ema must be at least 0 and below 1",
        );
        expect(optim.eps > 0.0, "optim.eps must be above 0");
        expect(
            optim.weight_decay >= 0.0 && optim.grad_clip >= 0.0,
            "optim.weight_decay and grad_clip must not be negative",
        );
        expect(
            (1..=4096).contains(&optim.batch) && (1..=4096).contains(&optim.accumulation),
            "optim.batch and accumulation must be between 1 and 4096",
        );
        expect(
            self.trainer.max_steps > 0,
            "trainer.max_steps must be above 0",
        );
        expect(
            self.trainer.checkpoint_every > 0,
            "trainer.checkpoint_every must be above 0",
        );
        expect(
            self.trainer.precision != Precision::Int8,
            "trainer.precision must be auto, f32 or bf16; eight bits are for drawing",
        );
        expect(self.trainer.keep > 0, "trainer.keep must be above 0");
        expect(self.sample.steps > 0, "sample.steps must be above 0");
        let linked = self.model.conditioning == Conditioning::Linked;
        expect(
            !linked || self.model.train.contains(&Group::Predictive),
            "hybrid_predictive_code needs predictive in model.train",
        );
        found.extend(optim.schedule.problem());
        found
    }
}
