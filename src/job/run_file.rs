//! `.lgdrun`: a whole run in one file, every step included (DESIGN section 5).
//!
//! A zip with `run.json`, `frame.png`, `latents.safetensors` (f16, one tensor (steps, C, h, w) per
//! column) and the finished pictures, and where there are any the axes of a grid and a target picture
//! (`target.png`). It opens without a model; fields of other versions are kept.

use super::display::display_copy;
use super::{
    Attention, AttentionLeg, Check, EditRequest, EditResult, Estimate, FrameFacts, Grid, JobId,
    Problem, Target, TargetFacts,
};
use crate::nn::noise::NoiseTape;
use crate::pipeline::frame_image::{self, Reading};
use crate::pipeline::metadata::{self, PictureFormat, PictureTexts};
use crate::pipeline::whole_file;
use crate::pipeline::{StageSeconds, Timings, WrittenAnswer};
use half::f16;
use image::RgbImage;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io::{BufReader, Cursor, Read, Seek, Write as _};
use std::path::Path;
use std::sync::Arc;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// How the names of run files end.
pub const RUN_EXTENSION: &str = "lgdrun";
/// The type under which desktops know run files (`assets/desktop`).
pub const RUN_MIME: &str = "application/vnd.lgd-studio.run+zip";

/// Whether a path names a run file, by its ending alone.
pub fn is_run_file(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case(RUN_EXTENSION))
}

/// The version of the format this program writes, and the newest it reads.
const FORMAT: u32 = 1;
/// Largest part that is read, in bytes; a run of 50 steps and four columns at 512 pixels has 7 MB.
const MAX_PART: u64 = 2 << 30;
/// Largest picture file inside a run.
const MAX_PICTURE: u64 = 512 << 20;

/// A run as a file keeps it.
#[derive(Clone, Debug, Default)]
pub struct RunFile {
    /// The frame, at a size a window can show.
    pub frame: Arc<RgbImage>,
    /// The frame in the terms of the estimates.
    pub seen: Option<Estimate>,
    /// The finished columns.
    pub columns: Vec<Arc<EditResult>>,
    /// The axes, where the columns are cells of a grid; some cells may be missing.
    pub grid: Option<Grid>,
    /// The picture the columns are compared with, at their size.
    pub target: Option<Arc<Target>>,
    /// Where the time of its jobs went, oldest first.
    pub timings: Vec<Arc<Timings>>,
    /// Fields this version does not know; those of a column are with its result.
    pub rest: Map<String, Value>,
}

/// `run.json`.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    format: u32,
    #[serde(default)]
    program: String,
    #[serde(default)]
    version: String,
    columns: Vec<AboutColumn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<TargetFacts>,
    /// Maybe also [`GRID`] and [`TIMINGS`]: those of a newer version are kept and not read.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Serialize, Deserialize)]
struct AboutColumn {
    request: EditRequest,
    #[serde(default)]
    answer: Option<WrittenAnswer>,
    #[serde(default)]
    bundle: String,
    #[serde(default)]
    bundle_fingerprint: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    frame: FrameFacts,
    #[serde(default)]
    stages: Vec<StageSeconds>,
    #[serde(default)]
    notices: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reading: Option<String>,
    /// What the positions of the attention tensor stand for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attention: Vec<AttentionLeg>,
    /// Only written here: [`take`] reads it, so that one of a newer version is kept and not read.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    check: Option<Check>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Entry names.
const ABOUT: &str = "run.json";
const FRAME: &str = "frame.png";
const LATENTS: &str = "latents.safetensors";
const TAPE: &str = "tape.json";
const TARGET: &str = "target.png";
/// Field of `run.json` with the axes of a grid.
const GRID: &str = "grid";
/// Field of `run.json` with the timings of the run's jobs.
const TIMINGS: &str = "timings";
/// Jobs of a run whose timings are kept; drawing again and again must not fill its file.
const MOST_TIMINGS: usize = 16;
/// Field of a column with what the model said about its picture.
const CHECK: &str = "check";
/// Tensor of the frame's own latents.
const SEEN: &str = "frame";

fn picture_name(column: usize) -> String {
    format!("columns/{column}.png")
}

fn track_name(column: usize) -> String {
    format!("columns.{column}.denoised")
}

/// (steps, L, h, w), where the editor looked; only of columns that were explained.
fn attention_name(column: usize) -> String {
    format!("columns.{column}.attention")
}

/// Adds the timings of a job to those of its run, each once; the oldest of too many goes.
pub fn remember(all: &mut Vec<Arc<Timings>>, timings: Arc<Timings>) {
    if !all.contains(&timings) {
        all.push(timings);
    }
    let too_many = all.len().saturating_sub(MOST_TIMINGS);
    all.drain(..too_many);
}

/// Saves a run; the file appears whole or not at all.
///
/// # Errors
/// When the folder or the disk says no.
pub(super) fn save(run: &RunFile, path: &Path) -> Result<(), Problem> {
    let bytes = to_bytes(run).map_err(|e| {
        Problem::new(format!("The run cannot be written: {e}.")).hint("Save the pictures instead.")
    })?;
    whole_file::write_whole(path, &bytes).map_err(Problem::from)
}

type Writing<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn to_bytes(run: &RunFile) -> Writing<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // Latents are noise to a compressor, and pictures are compressed already.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut add = |name: &str, bytes: &[u8]| -> Writing<()> {
        zip.start_file(name, stored)?;
        zip.write_all(bytes)?;
        Ok(())
    };
    add(ABOUT, &serde_json::to_vec_pretty(&about(run)?)?)?;
    add(TAPE, &serde_json::to_vec_pretty(&tapes(run))?)?;
    let png = |image: &RgbImage| metadata::encode(image, PictureFormat::Png, &PictureTexts::none());
    add(FRAME, &png(&run.frame)?)?;
    if let Some(target) = &run.target {
        add(TARGET, &png(&target.picture)?)?;
    }
    add(LATENTS, &latents(run)?)?;
    for (index, column) in run.columns.iter().enumerate() {
        add(&picture_name(index), &png(&column.picture)?)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn about(run: &RunFile) -> Writing<About> {
    let mut rest = run.rest.clone();
    if let Some(grid) = &run.grid {
        rest.insert(GRID.to_owned(), serde_json::to_value(grid)?);
    }
    if !run.timings.is_empty() {
        let timings: Vec<&Timings> = run.timings.iter().map(Arc::as_ref).collect();
        rest.insert(TIMINGS.to_owned(), serde_json::to_value(timings)?);
    }
    let columns = run.columns.iter().map(|column| {
        let result = column.as_ref().clone();
        AboutColumn {
            request: result.request,
            answer: result.answer,
            bundle: result.bundle,
            bundle_fingerprint: result.bundle_fingerprint,
            device: result.device,
            frame: result.frame,
            stages: result.stages,
            notices: result.notices,
            reading: result.reading,
            attention: result.attention.map_or_else(Vec::new, |a| a.legs.clone()),
            check: result.check,
            rest: result.rest,
        }
    });
    Ok(About {
        format: FORMAT,
        program: "LGD Studio".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        columns: columns.collect(),
        target: run.target.as_ref().map(|target| target.facts.clone()),
        rest,
    })
}

/// The recipe of every column's noise.
fn tapes(run: &RunFile) -> Vec<Value> {
    let tapes = run.columns.iter().map(|column| {
        let request = &column.request;
        let shape = column.track.first().map_or([0, 0, 0], |e| e.shape);
        let shape: Vec<usize> = std::iter::once(1).chain(shape).collect();
        let tape = NoiseTape::new(request.noise, request.seed, shape, request.steps);
        serde_json::json!({ "name": tape.name(), "tape": tape })
    });
    tapes.collect()
}

fn latents(run: &RunFile) -> Writing<Vec<u8>> {
    let bytes_of = |track: &[Estimate]| -> Vec<u8> {
        let values = track.iter().flat_map(|estimate| estimate.values.iter());
        values.flat_map(|value| value.to_le_bytes()).collect()
    };
    let mut parts: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    if let Some(seen) = &run.seen {
        let bytes = bytes_of(std::slice::from_ref(seen));
        parts.push((SEEN.to_owned(), seen.shape.to_vec(), bytes));
    }
    for (index, column) in run.columns.iter().enumerate() {
        if let Some(attention) = &column.attention {
            let mut shape = vec![attention.steps.len()];
            shape.extend(attention.shape);
            let values = attention.steps.iter().flat_map(|step| step.iter());
            let bytes = values.flat_map(|value| value.to_le_bytes()).collect();
            parts.push((attention_name(index), shape, bytes));
        }
        let Some(first) = column.track.first() else {
            continue;
        };
        let mut shape = vec![column.track.len()];
        shape.extend(first.shape);
        parts.push((track_name(index), shape, bytes_of(&column.track)));
    }
    let views = parts
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F16, shape.clone(), bytes)?)))
        .collect::<Writing<Vec<_>>>()?;
    Ok(safetensors::serialize(views, None)?)
}

/// Opens a run. Needs no model.
///
/// # Errors
/// When the file cannot be read, is none of ours, or is newer than this program.
pub fn open(path: &Path) -> Result<RunFile, Problem> {
    let bytes = std::fs::read(path).map_err(|e| unreadable(e).file(path))?;
    from_bytes(&bytes).map_err(|problem| problem.file(path))
}

fn damaged(what: &str, why: impl std::fmt::Display) -> Problem {
    Problem::new(format!(
        "The run is damaged: {what} cannot be read ({why})."
    ))
    .hint("Copy the file again from where it came from.")
}

/// The parts of a run file, read one by one.
struct Parts<R>(ZipArchive<R>);

impl<R: Read + Seek> Parts<R> {
    fn of(file: R) -> Result<Self, Problem> {
        let zip = ZipArchive::new(file).map_err(|_not_a_zip| {
            Problem::new("This is not a run of LGD Studio, or its end is missing.")
                .hint("Choose a file that ends in .lgdrun, or copy it again.")
        })?;
        Ok(Self(zip))
    }

    fn part(&mut self, name: &str, most: u64) -> Result<Vec<u8>, Problem> {
        let entry = self.0.by_name(name).map_err(|e| damaged(name, e))?;
        let mut bytes = Vec::new();
        // The size in the header may lie, so the reading itself is limited.
        let read = entry.take(most + 1).read_to_end(&mut bytes);
        read.map_err(|e| damaged(name, e))?;
        if bytes.len() as u64 > most {
            return Err(damaged(name, "it is too large"));
        }
        Ok(bytes)
    }

    fn about(&mut self) -> Result<About, Problem> {
        let about = self.part(ABOUT, MAX_PART)?;
        let about: Value = serde_json::from_slice(&about).map_err(|e| damaged(ABOUT, e))?;
        match about.get("format").and_then(Value::as_u64) {
            Some(format) if format > u64::from(FORMAT) => {
                return Err(Problem::new(format!(
                    "The run has format {format}, but this program reads up to {FORMAT}."
                ))
                .hint("Use a newer version of LGD Studio."));
            }
            Some(_) => {}
            None => return Err(damaged(ABOUT, "it names no format")),
        }
        serde_json::from_value(about).map_err(|e| damaged(ABOUT, e))
    }

    fn picture(&mut self, name: &str) -> Result<RgbImage, Problem> {
        let bytes = self.part(name, MAX_PICTURE)?;
        frame_image::decode(&bytes, Reading::Upright).map_err(|e| damaged(name, e))
    }
}

/// What a list of runs shows of one: its pictures and answers, without the steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Glance {
    /// The frame.
    pub(super) frame: RgbImage,
    /// The finished pictures, one per column.
    pub(super) pictures: Vec<RgbImage>,
    /// The answers of the columns that have one.
    pub(super) answers: Vec<String>,
}

/// Reads what a list shows of a run; a fraction of the file.
///
/// # Errors
/// As [`open`].
pub(super) fn glance(path: &Path) -> Result<Glance, Problem> {
    let glance = || {
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mut parts = Parts::of(BufReader::new(file))?;
        let columns = parts.about()?.columns;
        let pictures = (0..columns.len()).map(|index| parts.picture(&picture_name(index)));
        Ok(Glance {
            pictures: pictures.collect::<Result<_, _>>()?,
            frame: parts.picture(FRAME)?,
            answers: columns
                .into_iter()
                .filter_map(|c| Some(c.answer?.text))
                .collect(),
        })
    };
    glance().map_err(|problem: Problem| problem.file(path))
}

fn unreadable(error: std::io::Error) -> Problem {
    Problem::new(format!("The run cannot be read: {error}."))
        .hint("Check the name and the permissions of the file.")
}

pub(super) fn from_bytes(bytes: &[u8]) -> Result<RunFile, Problem> {
    let mut parts = Parts::of(Cursor::new(bytes))?;
    let mut about = parts.about()?;
    let grid = take(&mut about.rest, GRID);
    let timings: Option<Vec<Timings>> = take(&mut about.rest, TIMINGS);
    let frame = parts.picture(FRAME)?;
    let latents = parts.part(LATENTS, MAX_PART)?;
    let latents = SafeTensors::deserialize(&latents).map_err(|e| damaged(LATENTS, e))?;
    let mut run = RunFile {
        frame: Arc::new(frame),
        seen: track(&latents, SEEN)?.into_iter().next(),
        rest: about.rest,
        columns: Vec::new(),
        grid,
        target: None,
        timings: timings.into_iter().flatten().map(Arc::new).collect(),
    };
    if let Some(facts) = about.target {
        let picture = Arc::new(parts.picture(TARGET)?);
        run.target = Some(Arc::new(Target { picture, facts }));
    }
    for (index, mut column) in about.columns.into_iter().enumerate() {
        let check = take(&mut column.rest, CHECK);
        if let Some(problem) = column.request.validate().into_iter().next() {
            return Err(damaged(ABOUT, problem));
        }
        let picture = Arc::new(parts.picture(&picture_name(index))?);
        run.columns.push(Arc::new(EditResult {
            job: JobId(0),
            display: display_copy(&picture),
            picture,
            request: column.request,
            answer: column.answer,
            track: track(&latents, &track_name(index))?.into(),
            bundle: column.bundle,
            bundle_fingerprint: column.bundle_fingerprint,
            device: column.device,
            frame: column.frame,
            stages: column.stages,
            notices: column.notices,
            reading: column.reading,
            attention: attention(&latents, &attention_name(index), column.attention)?,
            check,
            rest: column.rest,
        }));
    }
    Ok(run)
}

/// A field of `run.json`; what this version cannot read stays where it is, and the columns open
/// without it.
fn take<T: DeserializeOwned>(fields: &mut Map<String, Value>, name: &str) -> Option<T> {
    let field = T::deserialize(fields.get(name)?).ok()?;
    fields.remove(name);
    Some(field)
}

/// The estimates in a tensor (steps, C, h, w) or (C, h, w); none when there is no such tensor.
fn track(latents: &SafeTensors<'_>, name: &str) -> Result<Vec<Estimate>, Problem> {
    let Ok(tensor) = latents.tensor(name) else {
        return Ok(Vec::new());
    };
    let shape = match *tensor.shape() {
        [channels, height, width] | [_, channels, height, width] => [channels, height, width],
        _ => return Err(damaged(LATENTS, format!("{name} has another shape"))),
    };
    let count: usize = shape.iter().product();
    if tensor.dtype() != Dtype::F16 || count == 0 {
        return Err(damaged(LATENTS, format!("{name} has another form")));
    }
    let values: Vec<f16> = tensor
        .data()
        .as_chunks::<2>()
        .0
        .iter()
        .map(|bytes| f16::from_le_bytes(*bytes))
        .collect();
    let estimates = values.chunks_exact(count).map(|values| Estimate {
        shape,
        values: values.into(),
    });
    Ok(estimates.collect())
}

/// The attention in a tensor (steps, L, h, w); none when there is no such tensor.
fn attention(
    latents: &SafeTensors<'_>,
    name: &str,
    legs: Vec<AttentionLeg>,
) -> Result<Option<Arc<Attention>>, Problem> {
    let steps = track(latents, name)?;
    let Some(first) = steps.first() else {
        return Ok(None);
    };
    let [length, ..] = first.shape;
    let mut units = legs.iter().flat_map(|leg| &leg.units);
    if units.any(|unit| unit.positions.end > length || unit.positions.is_empty()) {
        return Err(damaged(LATENTS, format!("{name} has too few positions")));
    }
    let shape = first.shape;
    let steps = steps.into_iter().map(|step| step.values).collect();
    Ok(Some(Arc::new(Attention::new(shape, steps, legs))))
}
