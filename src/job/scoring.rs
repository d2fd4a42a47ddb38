//! Scoring folders of pictures with CLIP: the job behind `score` and the end of `validate`.

use super::export;
use super::validation::Remembered;
use super::worker::Worker;
use super::{BundleSource, JobId, Places, Problem, StepPreview};
use crate::dataset::Categories;
use crate::eval::{self, Report, Scored, Truths};
use crate::pipeline::{EditError, Likeness, Perceptual, whole_file};
use candle_core::Device;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Where the published weights are, for people who have none.
pub const WHERE_CLIP_IS: &str = "Give a folder with config.json and model.safetensors of CLIP ViT-B/32 to --clip; the usual source is openai/clip-vit-base-patch32 on huggingface.co. Or put them into the folder clip of the data folder or of the bundle.";

/// An evaluation of pictures that are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreSpec {
    /// Folders in the authors' layout; several are the shards of one evaluation.
    pub folders: Vec<PathBuf>,
    /// The data set's `labels_sample_val.json`; without, what the folder remembers of it, and without
    /// that there is only the total.
    pub categories: Option<PathBuf>,
    /// Generated pictures of every sample; without, as many as the folder has seeds, or what most
    /// samples have.
    pub pictures: Option<usize>,
    /// Who judges.
    pub judges: JudgeChoice,
    /// A report to write; its ending says how.
    pub output: Option<PathBuf>,
    /// An earlier report to compare with.
    pub against: Option<PathBuf>,
}

/// Who judges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgeChoice {
    /// A folder with CLIP that a person named.
    pub clip: Option<PathBuf>,
    /// The bundle whose `clip/` is taken without a folder.
    pub bundle: BundleSource,
    /// The folder that is taken when the bundle has none either.
    pub clip_fallback: Option<PathBuf>,
    /// A folder with the weights of LPIPS that a person named.
    pub lpips: Option<PathBuf>,
    /// The folder that is taken without, if it is there.
    pub lpips_fallback: Option<PathBuf>,
}

impl JudgeChoice {
    /// The folders that were named, or the bundle's CLIP, or `clip` and `lpips` in the data folder.
    pub fn new(
        clip: Option<PathBuf>,
        lpips: Option<PathBuf>,
        bundle: BundleSource,
        places: Option<&Places>,
    ) -> Self {
        Self {
            clip,
            bundle,
            clip_fallback: places.map(|places| places.data.join("clip")),
            lpips,
            lpips_fallback: places.map(|places| places.data.join("lpips")),
        }
    }

    /// Loads CLIP; none when there is none. With it comes what to call it.
    fn load_clip(&self, device: &Device) -> Result<Option<(Likeness, String)>, EditError> {
        let open = |folder: &Path| -> Result<_, EditError> {
            let judge = Likeness::open(folder, device)?;
            Ok(Some((judge, folder.display().to_string())))
        };
        if let Some(folder) = &self.clip {
            return open(folder);
        }
        if let Some(judge) = Likeness::load(&self.bundle, device)? {
            return Ok(Some((judge, "of the bundle".to_owned())));
        }
        match self
            .clip_fallback
            .as_deref()
            .filter(|folder| folder.is_dir())
        {
            Some(folder) => open(folder),
            None => Ok(None),
        }
    }

    /// Loads LPIPS; none when nobody gave its weights.
    fn load_lpips(&self, device: &Device) -> Result<Option<Perceptual>, EditError> {
        let fallback = self
            .lpips_fallback
            .as_ref()
            .filter(|folder| folder.is_dir());
        let folder = self.lpips.as_ref().or(fallback);
        folder
            .map(|folder| Perceptual::open(folder, device))
            .transpose()
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// Everything, for programs and for later comparisons.
    Json,
    /// Two tables for spreadsheets.
    Csv,
    /// A table for a paper.
    Latex,
    /// One file for people, with pictures.
    Html,
}

impl ReportFormat {
    /// All, the ones for people first.
    pub const ALL: [Self; 4] = [Self::Html, Self::Csv, Self::Latex, Self::Json];

    /// Endings of its files, the usual one first.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["json"],
            Self::Csv => &["csv"],
            Self::Latex => &["tex"],
            Self::Html => &["html", "htm"],
        }
    }

    /// The format that a file's ending asks for.
    ///
    /// # Errors
    /// When the ending is another.
    pub fn of(path: &Path) -> Result<Self, Problem> {
        let ending = path
            .extension()
            .map(|ending| ending.to_string_lossy().to_lowercase());
        let known = |format: &Self| {
            let mut endings = format.extensions().iter();
            endings.any(|known| Some(*known) == ending.as_deref())
        };
        let wrong = "The name of a report has to end in .json, .csv, .tex or .html.";
        let format = Self::ALL.into_iter().find(known);
        format.ok_or_else(|| Problem::new(wrong).file(path))
    }

    /// Writes what was found, with the difference to the earlier report that `against` named.
    pub(super) fn write_found(
        self,
        found: &Evaluation,
        against: Option<&Path>,
        path: &Path,
    ) -> Result<(), EditError> {
        let named = against.and_then(Path::file_name).unwrap_or_default();
        let named = named.to_string_lossy();
        let earlier = found.earlier.as_ref().map(|earlier| (earlier, &*named));
        self.write(&found.report, earlier, path)
    }

    /// Writes a report; every file appears whole or not at all. Of CSV there are two: the second has
    /// one row per picture.
    fn write(
        self,
        report: &Report,
        earlier: Option<(&Report, &str)>,
        path: &Path,
    ) -> Result<(), EditError> {
        let put = |path: &Path, text: &str| -> Result<(), EditError> {
            whole_file::write_whole(path, text.as_bytes()).map_err(Problem::from)?;
            Ok(())
        };
        match self {
            Self::Json => {
                let text = serde_json::to_string_pretty(report).map_err(|e| {
                    Problem::new(format!("The report cannot be written as JSON: {e}."))
                })?;
                put(path, &(text + "\n"))
            }
            Self::Csv => {
                put(path, &export::csv(&eval::rows(report))?)?;
                put(
                    &pictures_path(path),
                    &export::csv(&eval::picture_rows(report))?,
                )
            }
            Self::Latex => put(path, &eval::latex(report)),
            Self::Html => put(path, &eval::html(report, earlier)?),
        }
    }
}

/// Where the table of the pictures goes: `name.csv` has it in `name-pictures.csv`.
fn pictures_path(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-pictures.csv"))
}

/// What an evaluation found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// The numbers.
    pub report: Report,
    /// The earlier report that was asked for.
    pub earlier: Option<Report>,
}

impl Worker {
    /// Scores folders and writes the report.
    pub(super) fn score(&mut self, id: JobId, spec: &ScoreSpec) -> Result<Evaluation, EditError> {
        // What is wrong with the files is said before the work.
        let format = spec.output.as_deref().map(ReportFormat::of).transpose()?;
        let earlier = spec.against.as_deref().map(Report::open).transpose()?;
        let remembered = Remembered::of(&spec.folders)?;
        let categories = match &spec.categories {
            Some(path) => Categories::open(path).map_err(Problem::from)?,
            None => remembered.categories,
        };
        let pictures = spec.pictures.or(remembered.pictures);
        let truths = Truths::of(&remembered.records);
        let mut folders = Vec::new();
        for (name, mode, below) in eval::methods(&spec.folders) {
            let read = eval::read_folder(&below, pictures)?;
            folders.push((name, mode, below, read));
        }
        let total: usize = folders.iter().map(|(.., read)| read.samples.len()).sum();
        if total == 0 {
            let skipped = folders.iter().flat_map(|(.., read)| &read.skipped);
            return Err(nothing_usable(&skipped.collect::<Vec<_>>(), spec).into());
        }
        let device = self.open_device()?;
        let clip = spec.judges.load_clip(&device)?;
        let lpips = spec.judges.load_lpips(&device)?;
        let judges = eval::Judges {
            clip: clip.as_ref().map(|(clip, _)| clip),
            lpips: lpips.as_ref(),
        };
        let clip = clip.as_ref().map(|(_, name)| name.clone());
        let mut report = Report {
            lpips: lpips.as_ref().map(Perceptual::name).unwrap_or_default(),
            drawn: remembered.drawn,
            ..Report::new(clip.unwrap_or_default())
        };
        let since = Instant::now();
        let mut before = 0;
        for (name, mode, below, read) in folders {
            let outbox = self.outbox.clone();
            let mut on_sample = |Scored { done, .. }: Scored| {
                let step = before + done;
                let per_sample = since.elapsed().as_secs_f64() / step.max(1) as f64;
                outbox.show(StepPreview {
                    job: id,
                    column: 0,
                    step,
                    steps: total,
                    seconds_left: per_sample * total.saturating_sub(step) as f64,
                    picture: None,
                    estimates: Vec::new(),
                });
            };
            let count = read.samples.len();
            let known = (&categories, &truths);
            let mut method = eval::score(judges, name, mode, read, known, &mut on_sample)?;
            method.folders = below;
            report.methods.push(method);
            before += count;
        }
        let found = Evaluation { report, earlier };
        if let (Some(format), Some(path)) = (format, &spec.output) {
            format.write_found(&found, spec.against.as_deref(), path)?;
        }
        Ok(found)
    }
}

/// Why nothing can be scored, with the first folders that were skipped.
fn nothing_usable(skipped: &[&eval::Skipped], spec: &ScoreSpec) -> Problem {
    const NAMED: usize = 5;
    let mut message = "There is no complete sample to score.".to_owned();
    for folder in skipped.iter().take(NAMED) {
        message.push_str(&format!("\n{}: {}", folder.name, folder.reason));
    }
    if skipped.len() > NAMED {
        message.push_str(&format!("\nand {} more", skipped.len() - NAMED));
    }
    let problem = Problem::new(message).hint("A sample is a folder with input_img.jpg, target_img.jpg and its generated pictures, all ending in .jpg.");
    match spec.folders.first() {
        Some(folder) => problem.file(folder),
        None => problem,
    }
}
