//! The whole method: load a bundle, edit a frame.

use super::conditioning::{Conditioning, Memory, Reader};
use super::drawing::{Drawing, Leg, Sketch, side_by_side};
use super::{
    Bundle, BundleSource, Component, ContextUnit, EditError, EditRequest, Edited, Estimate,
    Manifest, PreviewMethod, Problem, Progress, Stage, StageSeconds, StepDone, WrittenAnswer,
    bundle,
};
use crate::dataset::transforms::fitted_size;
use crate::diffusion::{GuidanceScales, NoiseSchedule, ScheduleConfig};
use crate::models::{
    Attended, Blip2, Blip2Config, LatentTranslator, TextTokenizer, Unet, UnetConfig, Vae,
    VaeConfig, tokenizer::TokenizerError,
};
use crate::nn::Weights;
use crate::nn::cancel;
use crate::nn::device::device_name;
use crate::nn::noise::NoiseTape;
use crate::nn::pixels::{self, Rounding};
use crate::nn::resize::{Filter, resize};
use candle_core::{DType, Device, Tensor};
use image::RgbImage;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

/// A loaded bundle on a device.
pub struct LgdPipeline {
    manifest: Manifest,
    tokenizer: Arc<TextTokenizer>,
    blip2: Blip2,
    translator: LatentTranslator,
    unet: Unet,
    vae: Vae,
    schedule: NoiseSchedule,
    device: Device,
}

/// All arithmetic is f32 here; stored halves are widened when they are read.
const DTYPE: DType = DType::F32;

impl LgdPipeline {
    /// Reads every network of a bundle, strictly.
    ///
    /// # Errors
    /// When a file is missing or damaged, or the parts do not fit each other.
    pub fn load(source: &BundleSource, device: &Device) -> Result<Self, EditError> {
        let bundle = Bundle::open(source)?;
        let tokenizer = tokenizer(&bundle)?;
        let manifest = &bundle.manifest;
        let dims = &manifest.dims;

        let config: Blip2Config = bundle.config("blip2/config.json")?;
        let blip2 = part(&bundle, Component::Blip2, device, |weights| {
            Blip2::load(&config, weights)
        })?;
        agree("query tokens", dims.query_tokens, config.num_query_tokens)?;
        agree("text width", dims.text, config.text_config.d_model)?;
        let config: UnetConfig = bundle.config("unet/config.json")?;
        let unet = part(&bundle, Component::Unet, device, |weights| {
            Unet::load(&config, weights)
        })?;
        let config: VaeConfig = bundle.config("vae/config.json")?;
        let vae = part(&bundle, Component::Vae, device, |weights| {
            Vae::load(&config, weights)
        })?;
        let translator = part(&bundle, Component::Adapter, device, |weights| {
            LatentTranslator::load(dims.text, dims.cross_attention, weights)
        })?;
        let config: ScheduleConfig = bundle.config("scheduler/scheduler_config.json")?;
        let schedule = NoiseSchedule::new(&config).map_err(|e| {
            Problem::new(format!("Cannot use the noise schedule: {e}."))
                .hint("Correct scheduler/scheduler_config.json, or copy the bundle again.")
        })?;
        Ok(Self {
            schedule,
            manifest: bundle.manifest,
            tokenizer: Arc::new(tokenizer),
            blip2,
            translator,
            unet,
            vae,
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
        let mut clock = Clock {
            steps: requests.iter().map(|request| request.steps).sum(),
            ..Clock::default()
        };
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
        let scaled = self.vae.scale(&seen.image_latents).map_err(failed)?;
        report(Progress::Seen(Estimate::of(&scaled).map_err(failed)?));
        clock.begin(Stage::Thinking, report);
        let columns = self.think(&seen, requests, report)?;
        Ok((seen, columns))
    }

    /// What the networks see of a frame.
    fn look(&self, frame: Arc<RgbImage>, requests: &[EditRequest]) -> Result<Seen, EditError> {
        let resolution = self.manifest.resolution as u32;
        let editor_view = editor_view(&frame, resolution);
        let legs = || requests.iter().flat_map(EditRequest::legs);
        let language_view = legs()
            .any(|(_, request)| Reader::needs_image(request))
            .then(|| self.language_view(&frame));
        drop(frame); // a 100 megapixel frame need not wait for the end
        Ok(Seen {
            image_latents: self.encode_image(&editor_view).map_err(failed)?,
            queries: language_view
                .map(|view| self.read_image(&view).map_err(failed))
                .transpose()?,
        })
    }

    /// What turns words into context; `queries` as in [`Reader`].
    pub(super) fn reader<'a>(&'a self, queries: Option<&'a Tensor>) -> Reader<'a> {
        Reader {
            manifest: &self.manifest,
            tokenizer: &self.tokenizer,
            blip2: &self.blip2,
            translator: &self.translator,
            device: &self.device,
            queries,
            memory: Memory::default(),
        }
    }

    /// The contexts of all columns.
    fn think<'a>(
        &self,
        seen: &Seen,
        requests: &'a [EditRequest],
        report: &mut dyn FnMut(Progress),
    ) -> Result<Vec<Column<'a>>, EditError> {
        let mut reader = self.reader(seen.queries.as_ref());
        let columns = requests.iter().enumerate().map(|(index, request)| {
            let mut column = Column {
                request,
                sketch: Sketch {
                    tape: NoiseTape::new(
                        request.noise,
                        request.seed,
                        seen.image_latents.dims(),
                        request.steps,
                    ),
                    legs: Vec::new(),
                },
                units: Vec::new(),
                answer: None,
                notices: Vec::new(),
            };
            for (first_step, steering) in request.legs() {
                let Conditioning {
                    context,
                    null_context,
                    units,
                    answer,
                    notices,
                } = reader.condition(steering)?;
                column.sketch.legs.push(Leg {
                    first_step,
                    context,
                    null_context,
                    scales: GuidanceScales {
                        text: steering.guidance_scale,
                        image: steering.image_guidance_scale,
                    },
                });
                column.units.push((first_step, units));
                // The last leg is the request itself.
                (column.answer, column.notices) = (answer, notices);
            }
            if let Some(answer) = &column.answer {
                report(Progress::Answer(index, answer.clone()));
            }
            for notice in &column.notices {
                report(Progress::Notice(index, notice.clone()));
            }
            Ok(column)
        });
        columns.collect()
    }

    /// Draws columns that share a plan and hands over their pictures. `watch` hears after every step
    /// where the guided branch of a single column looked, (L, h, w).
    pub(super) fn draw(
        &self,
        seen: &Seen,
        (width, height): (u32, u32),
        columns: Vec<(usize, Column<'_>)>,
        mut watch: Option<&mut dyn FnMut(Tensor) -> candle_core::Result<()>>,
        clock: &mut Clock,
        report: &mut dyn FnMut(Progress),
    ) -> Result<(), EditError> {
        let Some((_, first)) = columns.first() else {
            return Ok(());
        };
        clock.begin(Stage::Drawing, report);
        let steps = first.request.steps;
        let plan = self
            .schedule
            .plan(first.request.sampler, steps)
            .map_err(failed)?;
        let mut tracks = vec![Vec::with_capacity(steps); columns.len()];
        let attended = RefCell::new(Attended::of_sample(0));
        let drawing = Drawing {
            attended: watch.is_some().then_some(&attended),
            unet: &self.unet,
            plan: &plan,
            image_latents: &seen.image_latents,
            sketches: columns.iter().map(|(_, column)| &column.sketch).collect(),
        };
        let latents = drawing
            .run(&mut |step, denoised| {
                clock.steps_done += columns.len();
                if let Some(watch) = &mut watch
                    && let Some(map) = attended.borrow_mut().take()?
                {
                    watch(map)?;
                }
                for (i, (track, (index, column))) in tracks.iter_mut().zip(&columns).enumerate() {
                    let denoised = denoised.narrow(0, i, 1)?;
                    let estimate = Estimate::of(&denoised)?;
                    track.push(estimate.clone());
                    let done = StepDone {
                        step,
                        steps,
                        share: clock.share(),
                        estimate,
                        preview: self.preview(&denoised, column.request.preview)?,
                    };
                    report(Progress::Step(*index, done));
                }
                Ok(())
            })
            .map_err(failed)?;

        clock.begin(Stage::Finishing, report);
        for (i, ((index, column), track)) in columns.into_iter().zip(tracks).enumerate() {
            let picture = latents
                .narrow(0, i, 1)
                .and_then(|latents| self.decode(&latents))
                .map_err(failed)?;
            let edited = Edited {
                picture: resize(&picture, width, height, Filter::Lanczos),
                answer: column.answer,
                track,
                stages: clock.so_far(),
                notices: column.notices,
            };
            report(Progress::Drawn(index, edited));
        }
        Ok(())
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
        let square = self.decode(&latents).map_err(failed)?;
        Ok(resize(&square, width, height, Filter::Lanczos))
    }

    /// Scaled latents (1, 4, h, w) to the editor's square.
    fn decode(&self, latents: &Tensor) -> candle_core::Result<RgbImage> {
        pixels::to_image(&self.vae.decode_scaled(latents)?, Rounding::Truncated)
    }

    /// What BLIP-2 sees: squashed to its own square, bicubic, as its processor does.
    pub(super) fn language_view(&self, frame: &RgbImage) -> RgbImage {
        let side = self.blip2.config().vision_config.image_size as u32;
        resize(frame, side, side, Filter::Bicubic)
    }

    /// The VAE's posterior mode, not scaled, (1, 4, h, w).
    fn encode_image(&self, view: &RgbImage) -> candle_core::Result<Tensor> {
        self.vae
            .encode(&pixels::signed_unit(view, &self.device)?)?
            .mode()
    }

    /// Queries in the language model's space, (1, Q, D).
    pub(super) fn read_image(&self, view: &RgbImage) -> candle_core::Result<Tensor> {
        let Manifest {
            image_mean,
            image_std,
            ..
        } = self.manifest;
        self.blip2.query_output(&pixels::normalized(
            view,
            image_mean,
            image_std,
            &self.device,
        )?)
    }

    /// The denoised estimate as a small or full picture.
    fn preview(
        &self,
        denoised: &Tensor,
        method: PreviewMethod,
    ) -> candle_core::Result<Option<RgbImage>> {
        match (method, self.manifest.latent_rgb()) {
            (PreviewMethod::Off, _) => Ok(None),
            (PreviewMethod::LatentRgb, Some(matrix)) => matrix.preview(denoised).map(Some),
            // A bundle without a matrix is shown through the decoder.
            (PreviewMethod::LatentRgb, None) | (PreviewMethod::Decode, _) => {
                self.decode(denoised).map(Some)
            }
        }
    }
}

/// What the networks made of a frame.
pub(super) struct Seen {
    /// (1, 4, h, w), posterior mode.
    image_latents: Tensor,
    /// (1, Q, D), when a column needs them.
    queries: Option<Tensor>,
}

/// One column between thinking and drawing.
pub(super) struct Column<'a> {
    request: &'a EditRequest,
    sketch: Sketch,
    /// What the positions of the context stand for, with the first step of each leg.
    pub(super) units: Vec<(usize, Vec<ContextUnit>)>,
    answer: Option<WrittenAnswer>,
    notices: Vec<String>,
}

/// What the editor sees: the frame squashed to a square as validation does it (Lanczos to the
/// fitted size, then bicubic), but without its centre crop, so that the result lies exactly over
/// the frame. A frame of extreme shape goes to the square directly: its fitted size has no bound.
fn editor_view(frame: &RgbImage, resolution: u32) -> RgbImage {
    let (width, height) = fitted_size(frame.width(), frame.height(), resolution);
    if width.max(height) > 8 * resolution {
        return resize(frame, resolution, resolution, Filter::Lanczos);
    }
    let fitted = resize(frame, width, height, Filter::Lanczos);
    resize(&fitted, resolution, resolution, Filter::Bicubic)
}

/// The bundle's tokenizer, with the settings its own file has.
fn tokenizer(bundle: &Bundle) -> Result<TextTokenizer, Problem> {
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

/// Loads one network and makes sure that its file held exactly what it asked for.
pub(super) fn part<T>(
    bundle: &Bundle,
    component: Component,
    device: &Device,
    load: impl FnOnce(&Weights) -> candle_core::Result<T>,
) -> Result<T, EditError> {
    cancel::checkpoint().map_err(failed)?;
    let weights = bundle.weights(component, DTYPE, device)?;
    let network = load(&weights);
    // What was not taken from the file says nothing about it when the loading was stopped.
    if network.as_ref().is_err_and(cancel::is_cancelled) {
        return Err(EditError::Cancelled);
    }
    // A strict report says more than the first error of a half-built network.
    weights
        .finish()
        .map_err(|e| bundle::load_problem(component, &e))?;
    network.map_err(|e| {
        Problem::new(format!("Cannot build the {}: {e}.", component.title()))
            .hint("Its config.json does not fit this program. Copy the bundle again, or choose another one.")
            .into()
    })
}

fn agree(what: &str, described: usize, found: usize) -> Result<(), Problem> {
    if described == found {
        return Ok(());
    }
    Err(Problem::new(format!(
        "The bundle's {what} is {described} in lgd.json, but {found} in the network's config."
    ))
    .hint("The parts come from different models. Use parts that were trained together."))
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

/// Measures the stages and counts the steps.
#[derive(Default)]
pub(super) struct Clock {
    running: Option<(Stage, Instant)>,
    done: Vec<StageSeconds>,
    /// Steps of all columns.
    steps: usize,
    /// Those that are done.
    steps_done: usize,
}

impl Clock {
    fn begin(&mut self, stage: Stage, report: &mut dyn FnMut(Progress)) {
        self.stop();
        self.running = Some((stage, Instant::now()));
        report(Progress::Stage(stage));
    }

    fn stop(&mut self) {
        if let Some((stage, since)) = self.running.take() {
            let seconds = since.elapsed().as_secs_f64();
            tracing::debug!("{}: {seconds:.3} s", stage.title());
            add(&mut self.done, stage, seconds);
        }
    }

    /// The share of all steps that is done.
    fn share(&self) -> f64 {
        self.steps_done as f64 / self.steps.max(1) as f64
    }

    /// The stages until now, the running one included.
    fn so_far(&self) -> Vec<StageSeconds> {
        let mut stages = self.done.clone();
        if let Some((stage, since)) = self.running {
            add(&mut stages, stage, since.elapsed().as_secs_f64());
        }
        stages
    }
}

/// Adds seconds to a stage, which comes once per wave of columns.
fn add(stages: &mut Vec<StageSeconds>, stage: Stage, seconds: f64) {
    match stages.iter_mut().find(|known| known.stage == stage) {
        Some(known) => known.seconds += seconds,
        None => stages.push(StageSeconds { stage, seconds }),
    }
}
