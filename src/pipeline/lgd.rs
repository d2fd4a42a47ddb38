//! The whole method: load a bundle, edit a frame.

use super::clock::Clock;
use super::column::Column;
use super::conditioning::{Memory, Reader};
use super::drawing::side_by_side;
use super::looking::{FrameInput, Seen, Views};
use super::memory::{MemoryPlan, Workload};
use super::parts::{MemoryRules, Parts};
use super::{
    Abilities, Bundle, BundleSource, Component, EditError, EditRequest, Estimate, GuidanceMode,
    Manifest, Problem, Progress, Remedy, Stage,
};
use crate::models::vae::Tiles;
use crate::models::{TextTokenizer, Vae, tokenizer::TokenizerError};
use crate::nn::DeviceFailure;
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
    /// What it can do with the networks it has.
    pub(super) abilities: Abilities,
    pub(super) parts: Parts,
    pub(super) device: Device,
}

impl LgdPipeline {
    /// Opens a bundle: configs are read, and names and shapes of all tensors are checked strictly.
    /// The plan that fits the memory is chosen; [`LgdPipeline::load`] reads what it keeps.
    ///
    /// # Errors
    /// When a file is missing or damaged, the parts do not fit each other, or no plan keeps within a
    /// limit that was set.
    pub fn open(
        source: &BundleSource,
        device: &Device,
        rules: MemoryRules,
    ) -> Result<Self, EditError> {
        let bundle = Bundle::open(source)?;
        let abilities = Abilities::of(&bundle);
        let manifest = bundle.manifest.clone();
        let parts = Parts::open(bundle.clone(), device, rules)?;
        // Without a language model, questions are CLIP's business alone.
        let clip = parts.editor(abilities.editor_of(GuidanceMode::Question));
        let tokenizer = match &clip.tokenizer {
            Some(clip) if !bundle.has("blip2/tokenizer.json") => clip.clone(),
            _ => Arc::new(tokenizer(&bundle, "blip2")?),
        };
        let pipeline = Self {
            manifest,
            tokenizer,
            abilities,
            parts,
            device: device.clone(),
        };
        pipeline.settle(&Workload::default())?;
        Ok(pipeline)
    }

    /// Reads the networks that the plan keeps in memory.
    ///
    /// # Errors
    /// When the values of a tensor are damaged, or [`EditError::Cancelled`].
    pub fn load(&self) -> Result<(), EditError> {
        loop {
            match self.parts.load() {
                Err(EditError::NoRoom(problem)) => self.plan_again(problem)?,
                other => return other,
            }
        }
    }

    /// Reads every network of a bundle once, one after the other, and keeps none: whether their names,
    /// shapes and values are sound.
    ///
    /// # Errors
    /// As [`LgdPipeline::open`] and [`LgdPipeline::load`].
    pub fn verify(source: &BundleSource, device: &Device) -> Result<(), EditError> {
        let pipeline = Self::open(source, device, MemoryRules::default())?;
        pipeline.set_plan(MemoryPlan {
            one_at_a_time: true,
            ..pipeline.plan()
        });
        pipeline.parts.load_in_turn()
    }

    /// The bundle's description.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What it can do with the networks it has.
    pub fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    /// The tokenizer of questions and answers.
    pub fn tokenizer(&self) -> &Arc<TextTokenizer> {
        &self.tokenizer
    }

    /// Device and numbers of the large networks, for people and metadata.
    pub fn device_text(&self) -> String {
        let house = &self.parts.house;
        let numbers = match house.coded(Component::Unet) {
            true => "int8",
            false => house.large_dtype().as_str(),
        };
        format!("{} {numbers}", device_name(&self.device))
    }

    /// Draws the answers to `requests` about `frame`, one column each, at the frame's size (or that of
    /// the square that stands for it).
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
        frame: impl Into<FrameInput>,
        requests: &[EditRequest],
        report: &mut dyn FnMut(Progress),
    ) -> Result<(), EditError> {
        let frame = frame.into();
        let mut clock = Clock::new(requests.iter().map(|request| request.steps).sum());
        let before = self.plan();
        self.settle(&self.workload(requests))?;
        if self.plan() != before {
            let left: Vec<usize> = (0..requests.len()).collect();
            self.tell_plan("This run needs more memory than is free", &left, report);
        }
        let size = frame.size();
        let views = self.views(frame, requests, &mut clock, report)?;
        let mut left: Vec<usize> = (0..requests.len()).collect();
        loop {
            let asked: Vec<EditRequest> = left
                .iter()
                .filter_map(|index| requests.get(*index).cloned())
                .collect();
            let mut drawn = Vec::new();
            let attempt = self.attempt(&views, size, &asked, &mut clock, &mut |progress| {
                if let Progress::Drawn(index, _) = &progress {
                    drawn.extend(left.get(*index));
                }
                report(progress.of_columns(&left));
            });
            match attempt {
                Err(EditError::NoRoom(problem)) => {
                    left.retain(|index| !drawn.contains(index));
                    self.plan_again(problem)?;
                    clock.again(
                        left.iter()
                            .filter_map(|i| Some(requests.get(*i)?.steps))
                            .sum(),
                    );
                    self.tell_plan("Memory ran short", &left, report);
                    clock.begin(Stage::ReadingFrame, report);
                }
                other => return other,
            }
        }
    }

    /// Draws all of `requests`, unless memory runs short.
    fn attempt(
        &self,
        views: &Views,
        size: (u32, u32),
        requests: &[EditRequest],
        clock: &mut Clock,
        report: &mut dyn FnMut(Progress),
    ) -> Result<(), EditError> {
        // 1. and 2. Look at the frame, and think.
        let (seen, columns) = self.prepare(views, requests, clock, report)?;

        // 3. Draw, and 4. finish: columns of one plan and one editor together.
        let count = columns.len();
        let mut left: Vec<(usize, Column<'_>)> = columns.into_iter().enumerate().collect();
        while let Some((_, first)) = left.first() {
            let plan_of = |request: &EditRequest| {
                let editor = self.abilities.editor_of(request.mode);
                (editor, request.sampler, request.steps)
            };
            let shared = plan_of(first.request);
            let (_, _, height, width) = seen.image_latents(shared.0)?.dims4().map_err(failed)?;
            let most = side_by_side(count, (height, width), views.watched);
            let (mut wave, mut others): (Vec<_>, Vec<_>) = left
                .into_iter()
                .partition(|(_, column)| plan_of(column.request) == shared);
            let later = wave.split_off(most.min(wave.len()));
            self.draw(&seen, size, wave, None, clock, report)?;
            others.splice(0..0, later);
            left = others;
        }
        Ok(())
    }

    /// The first two stages: what the networks see of the frame, and the contexts of all columns.
    pub(super) fn prepare<'a>(
        &self,
        views: &Views,
        requests: &'a [EditRequest],
        clock: &mut Clock,
        report: &mut dyn FnMut(Progress),
    ) -> Result<(Seen, Vec<Column<'a>>), EditError> {
        let seen = self.look(views, clock, report)?;
        if let Some((editor, latents)) = seen.image_latents.first() {
            let vae = self.parts.editor(*editor).vae.get()?;
            let scaled = vae.scale(latents).map_err(failed)?;
            report(Progress::Seen(Estimate::of(&scaled).map_err(failed)?));
        }
        clock.begin(Stage::Thinking, report);
        let mut legs = requests.iter().flat_map(EditRequest::legs);
        if legs.any(|(_, leg)| self.abilities.needs_encoder(leg)) {
            let encoder = &self.parts.encoder;
            let load = || encoder.get().map(|_| ());
            self.bring(Stage::Thinking, encoder.missing(), load, clock, report)?;
        }
        let columns = self.think(&seen, requests, report)?;
        Ok((seen, columns))
    }

    /// What turns words into context; `queries` as in [`Reader`].
    pub(super) fn reader<'a>(&'a self, queries: Option<&'a Tensor>) -> Reader<'a> {
        Reader {
            manifest: &self.manifest,
            abilities: &self.abilities,
            tokenizer: &self.tokenizer,
            parts: &self.parts,
            device: &self.device,
            queries,
            memory: Memory::default(),
        }
    }

    /// The picture of an estimate of a column in `mode`, at the frame's size: what
    /// [`LgdPipeline::run`] would have given if that step had been the last.
    ///
    /// # Errors
    /// As [`LgdPipeline::run`].
    pub fn show(
        &self,
        estimate: &Estimate,
        mode: GuidanceMode,
        (width, height): (u32, u32),
    ) -> Result<RgbImage, EditError> {
        let latents = estimate.to_tensor(&self.device).map_err(failed)?;
        let editor = self.parts.editor(self.abilities.editor_of(mode));
        let square = decode(&*editor.vae.get()?, &latents, self.tiles()).map_err(failed)?;
        Ok(resize(&square, width, height, Filter::Lanczos))
    }
}

/// Scaled latents (1, 4, h, w) to the editor's square.
pub(super) fn decode(
    vae: &Vae,
    latents: &Tensor,
    tiles: Option<Tiles>,
) -> candle_core::Result<RgbImage> {
    pixels::to_image(&vae.decode_scaled(latents, tiles)?, Rounding::Truncated)
}

/// The tokenizer in a folder of the bundle, with the settings its own file has.
pub(crate) fn tokenizer(bundle: &Bundle, folder: &str) -> Result<TextTokenizer, Problem> {
    let damaged = |e: TokenizerError| {
        Problem::new(e.to_string()).hint("The file may be damaged. Copy the bundle again.")
    };
    let path = |name: &str| format!("{folder}/{name}");
    let tokenizer = if !bundle.has(&path("tokenizer.json")) && bundle.has(&path("vocab.json")) {
        let (vocabulary, merges) = (path("vocab.json"), path("merges.txt"));
        TextTokenizer::from_vocab_and_merges(&bundle.read(&vocabulary)?, &bundle.read(&merges)?)
    } else {
        TextTokenizer::from_json(&bundle.read(&path("tokenizer.json"))?)
    };
    let tokenizer = tokenizer.map_err(damaged)?;
    match bundle.read(&path("tokenizer_config.json")) {
        Ok(config) => tokenizer.with_config(&config).map_err(damaged),
        Err(_) => Ok(tokenizer), // the file is optional
    }
}

/// A tensor error with its story: cancelled, or what to do about it.
pub(super) fn failed(error: candle_core::Error) -> EditError {
    if cancel::is_cancelled(&error) {
        return EditError::Cancelled;
    }
    match DeviceFailure::of(&error) {
        Some(DeviceFailure::Full) => return no_room("the device says that it is full"),
        Some(DeviceFailure::Lost(code)) => return EditError::Lost(lost(code)),
        None => {}
    }
    let text = error.to_string();
    let hint = if text.contains("not numbers") {
        "The weights or the scales drive the drawing out of range. Use smaller guidance scales, or verify the bundle."
    } else {
        "Try again. If it happens twice, verify the bundle with `lgd-studio bundle verify`."
    };
    Problem::new(format!("The drawing failed: {text}."))
        .hint(hint)
        .into()
}

/// The device does not answer; `code` is what its driver says.
pub(crate) fn lost(code: &str) -> Problem {
    Problem::new(format!(
        "The graphics card does not answer any more ({code})."
    ))
    .hint(
        "Compute on the processor, or restart the program to try the card again. If it happens again, check the driver with `lgd-studio doctor`.",
    )
    .remedy(Remedy::UseCpu)
}

/// Memory runs short; `why` says by how much, as a clause.
pub(super) fn no_room(why: &str) -> EditError {
    EditError::NoRoom(
        Problem::new(format!("There is not enough memory: {why}.")).hint(
            "Close other programs, choose a smaller bundle or fewer columns, or raise the memory limit.",
        ),
    )
}
