//! The form of a run that is not there yet.

use crate::job::training::{PinnedQuestion, Preset, TrainConfig, device_list, listed};
use crate::job::{BundleSource, DeviceChoice};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::Path;

/// Most questions that are pinned.
pub const MAX_PINNED: usize = 8;

/// What a person fills in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainDraft {
    /// What the folder of the run is called.
    pub name: String,
    /// The data folder, as typed.
    pub data: String,
    /// The devices, as on the command line, `cuda:0,cuda:1`; empty for the first there is.
    pub device: String,
    /// How many questions are drawn again and again.
    pub pinned: usize,
    /// Everything else.
    pub config: TrainConfig,
}

impl Default for TrainDraft {
    fn default() -> Self {
        let mut config = TrainConfig::of_preset(Preset::ToonTiny);
        config.trainer.max_steps = 1000;
        config.trainer.checkpoint_every = 100;
        config.sample.every = 100;
        Self {
            name: "run".to_owned(),
            data: String::new(),
            device: String::new(),
            pinned: 3,
            config,
        }
    }
}

impl TrainDraft {
    /// The chosen devices.
    pub fn devices(&self) -> Vec<DeviceChoice> {
        device_list(&self.device)
    }

    /// Chooses devices: one process trains on each.
    pub fn set_devices(&mut self, devices: &[DeviceChoice]) {
        self.device = listed(devices);
    }

    /// The same with the values of a preset; what is trained on, and where, stays.
    pub fn with_preset(&self, preset: Preset) -> Self {
        let old = &self.config;
        let mut config = TrainConfig::of_preset(preset);
        config.data.image_dir.clone_from(&old.data.image_dir);
        config.data.sample_file.clone_from(&old.data.sample_file);
        config.model.bundle.clone_from(&old.model.bundle);
        config.sample.every = old.sample.every;
        config.sample.questions.clone_from(&old.sample.questions);
        Self {
            config,
            ..self.clone()
        }
    }

    /// The settings of a run, to start another one with.
    pub fn of_run(name: &str, config: &TrainConfig, devices: &[DeviceChoice]) -> Self {
        // `run-3` becomes `run`, which becomes `run-4`.
        let (stem, number) = name.rsplit_once('-').unwrap_or((name, ""));
        let numbered = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let folder = config.data.sample_file.parent().unwrap_or(Path::new(""));
        Self {
            name: if numbered { stem } else { name }.to_owned(),
            data: folder.display().to_string(),
            device: listed(devices),
            pinned: config.sample.questions.len().min(MAX_PINNED),
            config: config.clone(),
        }
    }

    /// Pins the first questions of a data set.
    pub fn pin(&mut self, questions: &[PinnedQuestion]) {
        let wanted = questions.iter().take(self.pinned.min(MAX_PINNED));
        self.config.sample.questions = wanted.cloned().collect();
    }

    /// Trains another bundle.
    pub fn set_bundle(&mut self, source: &BundleSource) {
        self.config.model.bundle = match source {
            BundleSource::Embedded => "embedded".to_owned(),
            BundleSource::Folder(folder) => folder.display().to_string(),
        };
    }
}

/// A form of another version is not worth losing the session for.
pub fn known_draft<'de, D: Deserializer<'de>>(source: D) -> Result<Option<TrainDraft>, D::Error> {
    let form = toml::Value::deserialize(source)?;
    Ok(form.try_into().ok())
}
