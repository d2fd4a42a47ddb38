//! How much memory runs need: forecasts, and what they were measured to take on this machine.

use super::{Forecast, MemoryModel, MemoryPlan, MemorySize, Places, Workload};
use crate::nn::room;
use crate::pipeline::{EditRequest, LgdPipeline, Stage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

/// What is known about the need of the bundle that is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryFacts {
    /// Sizes of weights and work.
    pub model: MemoryModel,
    /// The plan it works by.
    pub plan: MemoryPlan,
    /// Bytes that may be taken; nothing where neither the system nor a person says.
    pub budget: Option<u64>,
    /// Whether steps are shown without the decoder.
    pub quick_previews: bool,
    /// The most bytes that were held, by plan and work.
    pub measured: BTreeMap<(MemoryPlan, Workload), u64>,
}

/// What a run will need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryNeed {
    /// The most bytes that will be held at a time.
    pub bytes: u64,
    /// Whether that was measured on this machine rather than estimated.
    pub measured: bool,
    /// The estimate, stage by stage, and the plan.
    pub forecast: Forecast,
    /// Whether even the smallest plan needs more than there is.
    pub too_much: bool,
}

impl MemoryFacts {
    /// What `requests` will need, drawn as one run.
    pub fn need(&self, requests: &[EditRequest]) -> MemoryNeed {
        let run = Workload::of(requests, self.quick_previews);
        let budget = self.budget.unwrap_or(u64::MAX);
        let chosen = self.model.choose(self.plan, budget, &run);
        let too_much = chosen.is_err();
        let forecast = chosen.unwrap_or_else(|least| least);
        let measured = self.measured.get(&(forecast.plan, run)).copied();
        MemoryNeed {
            bytes: measured.unwrap_or_else(|| forecast.peak()),
            measured: measured.is_some(),
            forecast,
            too_much,
        }
    }
}

/// What runs took, kept in the cache folder; without one, until the program ends.
pub(super) struct Peaks {
    file: Option<PathBuf>,
    known: Vec<Peak>,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Peak {
    /// The bundle's fingerprint.
    bundle: String,
    device: String,
    /// The plan's key.
    plan: String,
    run: Workload,
    bytes: u64,
}

/// Measurements that are kept at most; the oldest go.
const MOST: usize = 200;

impl Peaks {
    /// Reads what earlier runs left behind; a broken file counts as none.
    pub(super) fn open(places: Option<&Places>) -> Self {
        let file = places.map(|places| places.cache.join("memory.json"));
        let text = file.as_ref().and_then(|file| std::fs::read(file).ok());
        let known = text.and_then(|text| serde_json::from_slice(&text).ok());
        Self {
            file,
            known: known.unwrap_or_default(),
        }
    }

    /// What is known about a bundle on a device.
    pub(super) fn facts(&self, pipeline: &LgdPipeline) -> MemoryFacts {
        let bundle = pipeline.manifest().fingerprint();
        let device = pipeline.device_text();
        let own = |peak: &&Peak| peak.bundle == bundle && peak.device == device;
        let measured = self.known.iter().filter(own).filter_map(|peak| {
            let plans = MemoryPlan::ALL.into_iter();
            let plan = plans.into_iter().find(|plan| plan.key() == peak.plan)?;
            Some(((plan, peak.run), peak.bytes))
        });
        MemoryFacts {
            model: *pipeline.memory(),
            plan: pipeline.plan(),
            budget: pipeline.budget(),
            quick_previews: pipeline.manifest().latent_rgb().is_some(),
            measured: measured.collect(),
        }
    }

    /// Notes what a run took.
    pub(super) fn note(&mut self, pipeline: &LgdPipeline, run: Workload, bytes: u64) {
        let peak = Peak {
            bundle: pipeline.manifest().fingerprint(),
            device: pipeline.device_text(),
            plan: pipeline.plan().key().to_owned(),
            run,
            bytes,
        };
        let same = |known: &Peak| {
            let blind = Peak {
                bytes: peak.bytes,
                ..known.clone()
            };
            blind == peak
        };
        self.known.retain(|known| !same(known));
        self.known.push(peak);
        let surplus = self.known.len().saturating_sub(MOST);
        self.known.drain(..surplus);
        if let Err(error) = self.save() {
            tracing::debug!(%error, "what runs take is not kept");
        }
    }

    fn save(&self) -> std::io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let folder = file.parent().unwrap_or(file);
        std::fs::create_dir_all(folder)?;
        let mut beside = tempfile::NamedTempFile::new_in(folder)?;
        beside.write_all(&serde_json::to_vec_pretty(&self.known)?)?;
        beside.persist(file)?;
        Ok(())
    }
}

/// Measures what this process holds at most, stage by stage, and logs it beside the forecast; main
/// memory only.
pub(super) struct PeakMeter {
    works: bool,
    forecast: Forecast,
    stage: Option<Stage>,
    most: u64,
}

impl PeakMeter {
    /// Starts at what is held now.
    pub(super) fn start(pipeline: &LgdPipeline) -> Self {
        Self {
            works: pipeline.is_on_cpu() && room::forget_peak(),
            forecast: Forecast::default(),
            stage: None,
            most: 0,
        }
    }

    /// A stage begins under a plan that has this forecast.
    pub(super) fn enter(&mut self, stage: Stage, forecast: impl FnOnce() -> Forecast) {
        self.leave();
        // Loading is part of the stage that asked for it.
        if stage != Stage::Loading {
            self.stage = Some(stage);
            self.forecast = forecast();
        }
    }

    /// The most bytes since the start, where the system tells.
    pub(super) fn finish(mut self) -> Option<u64> {
        self.leave();
        let most = (self.most > 0).then_some(self.most)?;
        tracing::info!("at most {} were held", MemorySize(most));
        Some(most)
    }

    fn leave(&mut self) {
        let Some(held) = room::held().filter(|_| self.works) else {
            return;
        };
        self.works = room::forget_peak();
        self.most = self.most.max(held.peak);
        if let Some(stage) = self.stage {
            let stages = self.forecast.stages.iter();
            let expected = stages.filter(|(known, _)| *known == stage).map(|x| x.1);
            tracing::debug!(
                "{stage:?}: at most {} MiB were held, {} at its end, {} expected",
                held.peak >> 20,
                held.now >> 20,
                expected.max().unwrap_or(0) >> 20
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{BundleSource, MemoryRules};
    use candle_core::Device;

    #[test]
    fn what_was_measured_replaces_the_forecast_and_survives()
    -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let places = Places {
            config: folder.path().into(),
            data: folder.path().into(),
            cache: folder.path().join("cache"),
            state: folder.path().into(),
        };
        let rules = MemoryRules::default();
        let pipeline = LgdPipeline::open(&BundleSource::Embedded, &Device::Cpu, rules)?;
        let mut peaks = Peaks::open(Some(&places));
        let requests = [EditRequest::default()];
        let before = peaks.facts(&pipeline).need(&requests);
        assert!(!before.measured && before.bytes == before.forecast.peak());

        let run = pipeline.workload(&requests);
        peaks.note(&pipeline, run, 1);
        peaks.note(&pipeline, run, 123_456);
        let again = Peaks::open(Some(&places)).facts(&pipeline);
        assert_eq!(again.measured.len(), 1);
        let after = again.need(&requests);
        assert!(after.measured);
        assert_eq!(after.bytes, 123_456);
        // Another run is still estimated.
        assert!(
            !again
                .need(&[EditRequest::default(), EditRequest::default()])
                .measured
        );

        std::fs::write(places.cache.join("memory.json"), "{")?;
        assert_eq!(Peaks::open(Some(&places)).known, Vec::new());
        Ok(())
    }
}
