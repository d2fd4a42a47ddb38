//! The whole method: load a bundle, edit a frame.

use super::clock::Clock;
use super::column::Column;
use super::conditioning::{Memory, Reader};
use super::drawing::side_by_side;
use super::looking::Seen;
use super::parts::Parts;
use super::{
    Bundle, BundleSource, EditError, EditRequest, Estimate, Manifest, Problem, Progress, Stage,
};
use crate::diffusion::{NoiseSchedule, ScheduleConfig};
use crate::models::{TextTokenizer, Vae, tokenizer::TokenizerError};
use crate::nn::cancel;
use crate::nn::device::device_name;
use crate::nn::pixels::{self, Rounding};
use crate::nn::resize::{Filter, resize};
use candle_core::{Device, Tensor};
use image::RgbImage;
use std::sync::Arc;

/// A loaded bundle on a device.
pub struct LgdPipeline {
    pub(super) manifest: Manifest,
    pub(super) tokenizer: Arc<TextTokenizer>,
    pub(super) parts: Parts,
    pub(super) schedule: NoiseSchedule,
    pub(super) device: Device,
}

impl LgdPipeline {
    /// Reads every network of a bundle, strictly.
    ///
    /// # Errors
    /// When a file is missing or damaged, or the parts do not fit each other.
    pub fn load(source: &BundleSource, device: &Device) -> Result<Self, EditError> {
        let bundle = Bundle::open(source)?;
        let tokenizer = tokenizer(&bundle)?;
        let config: ScheduleConfig = bundle.config("scheduler/scheduler_config.json")?;
        let schedule = NoiseSchedule::new(&config).map_err(|e| {
            Problem::new(format!("Cannot use the noise schedule: {e}."))
                .hint("Correct scheduler/scheduler_config.json, or copy the bundle again.")
        })?;
        let manifest = bundle.manifest.clone();
        let parts = Parts::open(bundle, device)?;
        parts.load_all()?;
        Ok(Self {
            schedule,
            manifest,
            tokenizer: Arc::new(tokenizer),
            parts,
            device: device.clone(),
        })
    }

    /// The bundle's description.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The tokenizer of questions and answers.
    pub fn tokenizer(&self) -> &Arc<TextTokenizer> {
        &self.tokenizer
    }

    /// Device and dtype, for people and metadata.
    pub fn device_text(&self) -> String {
        format!("{} f32", device_name(&self.device))
    }

    /// Draws the answers to `requests` about `frame`, one column each, at the frame's size.
    ///
    /// The frame is looked at once, and what columns share is worked out once. Columns with the same
    /// sampler and steps walk side by side, many of them in waves. What a column shows does not
    /// depend on its neighbours.
    ///
    /// Runs on the calling thread. To stop it, cancel the token of the surrounding
    /// [`cancel::scope`]: it is heard between network blocks. `report` hears every stage, step and
    /// finished column.
    ///
    /// # Errors
    /// [`EditError::Cancelled`], or what could not be done.
    pub fn run(
        &self,
        frame: Arc<RgbImage>,
        requests: &[EditRequest],
        report: &mut dyn FnMut(Progress),
    ) -> Result<(), EditError> {
        let mut clock = Clock::new(requests.iter().map(|request| request.steps).sum());
        let size = frame.dimensions();

        // 1. and 2. Look at the frame, and think.
        let (seen, columns) = self.prepare(frame, requests, &mut clock, report)?;

        // 3. Draw, and 4. finish: columns of one plan together.
        let (_, _, height, width) = seen.image_latents.dims4().map_err(failed)?;
        let most = side_by_side(columns.len(), (height, width));
        let mut left: Vec<(usize, Column<'_>)> = columns.into_iter().enumerate().collect();
        while let Some((_, first)) = left.first() {
            let plan_of = |request: &EditRequest| (request.sampler, request.steps);
            let shared = plan_of(first.request);
            let (mut wave, mut others): (Vec<_>, Vec<_>) = left
                .into_iter()
                .partition(|(_, column)| plan_of(column.request) == shared);
            let later = wave.split_off(most.min(wave.len()));
            self.draw(&seen, size, wave, None, &mut clock, report)?;
            others.splice(0..0, later);
            left = others;
        }
        Ok(())
    }

    /// The first two stages: what the networks see of the frame, and the contexts of all columns.
    pub(super) fn prepare<'a>(
        &self,
        frame: Arc<RgbImage>,
        requests: &'a [EditRequest],
        clock: &mut Clock,
        report: &mut dyn FnMut(Progress),
    ) -> Result<(Seen, Vec<Column<'a>>), EditError> {
        if let Some(problem) = requests.iter().flat_map(EditRequest::validate).next() {
            return Err(Problem::new(problem.to_string()).into());
        }
        clock.begin(Stage::ReadingFrame, report);
        let seen = self.look(frame, requests)?;
        let vae = self.parts.vae.get()?;
        let scaled = vae.scale(&seen.image_latents).map_err(failed)?;
        report(Progress::Seen(Estimate::of(&scaled).map_err(failed)?));
        clock.begin(Stage::Thinking, report);
        let columns = self.think(&seen, requests, report)?;
        Ok((seen, columns))
    }

    /// What turns words into context; `queries` as in [`Reader`].
    pub(super) fn reader<'a>(&'a self, queries: Option<&'a Tensor>) -> Reader<'a> {
        Reader {
            manifest: &self.manifest,
            tokenizer: &self.tokenizer,
            parts: &self.parts,
            device: &self.device,
            queries,
            memory: Memory::default(),
        }
    }

    /// The picture of an estimate, at the frame's size: what [`LgdPipeline::run`] would have given
    /// if that step had been the last.
    ///
    /// # Errors
    /// As [`LgdPipeline::run`].
    pub fn show(
        &self,
        estimate: &Estimate,
        (width, height): (u32, u32),
    ) -> Result<RgbImage, EditError> {
        let latents = estimate.to_tensor(&self.device).map_err(failed)?;
        let square = decode(&*self.parts.vae.get()?, &latents).map_err(failed)?;
        Ok(resize(&square, width, height, Filter::Lanczos))
    }
}

/// Scaled latents (1, 4, h, w) to the editor's square.
pub(super) fn decode(vae: &Vae, latents: &Tensor) -> candle_core::Result<RgbImage> {
    pixels::to_image(&vae.decode_scaled(latents)?, Rounding::Truncated)
}

/// The bundle's tokenizer, with the settings its own file has.
pub(crate) fn tokenizer(bundle: &Bundle) -> Result<TextTokenizer, Problem> {
    let damaged = |e: TokenizerError| {
        Problem::new(e.to_string()).hint("The file may be damaged. Copy the bundle again.")
    };
    let tokenizer =
        TextTokenizer::from_json(&bundle.read("blip2/tokenizer.json")?).map_err(damaged)?;
    match bundle.read("blip2/tokenizer_config.json") {
        Ok(config) => tokenizer.with_config(&config).map_err(damaged),
        Err(_) => Ok(tokenizer), // the file is optional
    }
}

/// A tensor error with its story: cancelled, or what to do about it.
pub(super) fn failed(error: candle_core::Error) -> EditError {
    if cancel::is_cancelled(&error) {
        return EditError::Cancelled;
    }
    let text = error.to_string();
    let hint = if text.contains("not numbers") {
        "The weights or the scales drive the drawing out of range. Use smaller guidance scales, or verify the bundle."
    } else if text.to_ascii_lowercase().contains("memory") {
        "Close other programs, or use --device cpu."
    } else {
        "Try again. If it happens twice, verify the bundle with `lgd-studio bundle verify`."
    };
    Problem::new(format!("The drawing failed: {text}."))
        .hint(hint)
        .into()
}
