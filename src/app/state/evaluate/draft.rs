//! An evaluation before it begins, as it is typed and remembered.

use crate::job::{
    BundleSource, EditRequest, GuidanceMode, JudgeChoice, PAPER_MODES, PAPER_SEEDS, Shard,
    ValidateSpec, paper_settings,
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What is typed. Empty paths mean that nothing was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaluationDraft {
    /// The data set.
    pub dataset: PathBuf,
    /// Its part.
    pub split: String,
    /// The bundle; none for the one that answers on the Ask page.
    #[serde(skip)]
    pub bundle: Option<BundleSource>,
    /// The modes.
    pub modes: Vec<GuidanceMode>,
    /// The seeds, as typed.
    pub seeds: String,
    /// The most samples, as typed; empty for all.
    pub limit: String,
    /// Denoising steps.
    pub steps: usize,
    /// Text guidance scale.
    pub guidance_scale: f64,
    /// Image guidance scale.
    pub image_guidance_scale: f64,
    /// The folder; empty for the usual one.
    pub output: PathBuf,
    /// CLIP's folder; empty for the usual one.
    pub clip: PathBuf,
    /// The folder of LPIPS's weights; empty for the usual one.
    pub lpips: PathBuf,
    /// Evaluations that were made or opened, newest first.
    pub folders: Vec<PathBuf>,
}

impl Default for EvaluationDraft {
    /// The paper's evaluation.
    fn default() -> Self {
        let settings = paper_settings();
        let seeds = PAPER_SEEDS.map(|seed| seed.to_string());
        Self {
            dataset: PathBuf::new(),
            split: "val".to_owned(),
            bundle: None,
            modes: PAPER_MODES.to_vec(),
            seeds: seeds.join(", "),
            limit: String::new(),
            steps: settings.steps,
            guidance_scale: settings.guidance_scale,
            image_guidance_scale: settings.image_guidance_scale,
            output: PathBuf::new(),
            clip: PathBuf::new(),
            lpips: PathBuf::new(),
            folders: Vec::new(),
        }
    }
}

/// Why a draft is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftProblem {
    /// No data set was chosen.
    NoData,
    /// No mode is taken.
    NoMode,
    /// The seeds are no list of numbers.
    Seeds,
    /// The limit is no number.
    Limit,
    /// There is no usual folder, and none was chosen.
    NoFolder,
}

/// What a draft is completed with.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The bundle that answers.
    pub in_use: &'a BundleSource,
    /// Where evaluations go.
    pub home: Option<&'a Path>,
    /// Where CLIP is looked for.
    pub clip: Option<&'a Path>,
    /// Where LPIPS is looked for.
    pub lpips: Option<&'a Path>,
}

impl EvaluationDraft {
    /// The same with the paper's numbers, seeds and modes.
    pub fn as_paper(&self) -> Self {
        Self {
            dataset: self.dataset.clone(),
            split: self.split.clone(),
            bundle: self.bundle.clone(),
            limit: self.limit.clone(),
            output: self.output.clone(),
            clip: self.clip.clone(),
            lpips: self.lpips.clone(),
            folders: self.folders.clone(),
            ..Self::default()
        }
    }

    /// The seeds that were typed, each once; none when they cannot be read.
    pub fn seeds(&self) -> Option<Vec<u64>> {
        let words = self.seeds.split([',', ' ', ';']);
        let mut seeds = Vec::new();
        for word in words.filter(|word| !word.is_empty()) {
            let seed = word.parse().ok()?;
            if !seeds.contains(&seed) {
                seeds.push(seed);
            }
        }
        (!seeds.is_empty()).then_some(seeds)
    }

    /// The most samples; an error when it cannot be read.
    fn limit(&self) -> Result<Option<usize>, DraftProblem> {
        let words = self.limit.trim();
        if words.is_empty() {
            return Ok(None);
        }
        let limit = words.parse().ok().filter(|limit| *limit > 0);
        limit.map(Some).ok_or(DraftProblem::Limit)
    }

    /// The folder that was chosen, or the usual one for these numbers.
    pub fn folder(&self, setup: &Setup<'_>) -> Option<PathBuf> {
        if !self.output.as_os_str().is_empty() {
            return Some(self.output.clone());
        }
        let data = self.dataset.file_name()?.to_string_lossy();
        let bundle = match self.bundle.as_ref().unwrap_or(setup.in_use) {
            BundleSource::Embedded => "toon-tiny".into(),
            BundleSource::Folder(folder) => folder.file_name()?.to_string_lossy(),
        };
        let Self {
            split,
            steps,
            guidance_scale,
            image_guidance_scale,
            ..
        } = self;
        let seeds = self.seeds()?.len();
        let name = format!(
            "{data}-{split}-{bundle}-{steps}-{guidance_scale}-{image_guidance_scale}-x{seeds}"
        );
        Some(setup.home?.join(name))
    }

    /// Who judges.
    pub fn judge(&self, setup: &Setup<'_>) -> JudgeChoice {
        let chosen = |folder: &Path| {
            let named = !folder.as_os_str().is_empty();
            named.then(|| folder.to_path_buf())
        };
        JudgeChoice {
            clip: chosen(&self.clip),
            bundle: self.bundle.as_ref().unwrap_or(setup.in_use).clone(),
            clip_fallback: setup.clip.map(Path::to_path_buf),
            lpips: chosen(&self.lpips),
            lpips_fallback: setup.lpips.map(Path::to_path_buf),
        }
    }

    /// The evaluation.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub fn spec(&self, setup: &Setup<'_>) -> Result<ValidateSpec, DraftProblem> {
        if self.dataset.as_os_str().is_empty() {
            return Err(DraftProblem::NoData);
        }
        if self.modes.is_empty() {
            return Err(DraftProblem::NoMode);
        }
        Ok(ValidateSpec {
            bundle: self.bundle.as_ref().unwrap_or(setup.in_use).clone(),
            dataset: self.dataset.clone(),
            split: self.split.clone(),
            modes: self.modes.clone(),
            seeds: self.seeds().ok_or(DraftProblem::Seeds)?,
            limit: self.limit()?,
            shard: Shard::WHOLE,
            settings: EditRequest {
                steps: self.steps,
                guidance_scale: self.guidance_scale,
                image_guidance_scale: self.image_guidance_scale,
                ..paper_settings()
            },
            output: self.folder(setup).ok_or(DraftProblem::NoFolder)?,
            judges: self.judge(setup),
            against: None,
        })
    }
}
