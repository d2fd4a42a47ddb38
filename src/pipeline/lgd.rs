//! The whole method: load a bundle, edit a frame.

use super::conditioning::{Conditioning, Reader};
use super::drawing::Drawing;
use super::{
    Bundle, BundleSource, Component, EditError, EditRequest, Edited, Manifest, PreviewMethod,
    Problem, Progress, Stage, StageSeconds, WrittenAnswer, bundle,
};
use crate::dataset::transforms::fitted_size;
use crate::diffusion::{NoiseSchedule, ScheduleConfig};
use crate::models::{
    Blip2, Blip2Config, LatentTranslator, TextTokenizer, Unet, UnetConfig, Vae, VaeConfig,
    tokenizer::TokenizerError,
};
use crate::nn::cancel;
use crate::nn::device::device_name;
use crate::nn::noise::NoiseTape;
use crate::nn::pixels::{self, Rounding};
use crate::nn::resize::{Filter, resize};
use crate::nn::{LatentRgb, Weights};
use candle_core::{DType, Device, Tensor};
use image::RgbImage;
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

    /// Draws the answer to `request` about `frame`, at the frame's size.
    ///
    /// Runs on the calling thread. To stop it, cancel the token of the surrounding
    /// [`cancel::scope`]: it is heard between network blocks. `report` hears every stage and step.
    ///
    /// # Errors
    /// [`EditError::Cancelled`], or what could not be done.
    pub fn edit(
        &self,
        frame: Arc<RgbImage>,
        request: &EditRequest,
        report: &mut dyn FnMut(Progress),
    ) -> Result<Edited, EditError> {
        if let Some(problem) = request.validate().into_iter().next() {
            return Err(Problem::new(problem.to_string()).into());
        }
        let mut clock = Clock::default();
        let (width, height) = frame.dimensions();

        // 1. Look at the frame.
        clock.begin(Stage::ReadingFrame, report);
        let resolution = self.manifest.resolution as u32;
        let editor_view = editor_view(&frame, resolution);
        let language_view = Reader::needs_image(request).then(|| self.language_view(&frame));
        drop(frame); // a 100 megapixel frame need not wait for the end
        let image_latents = self.encode_image(&editor_view).map_err(failed)?;
        let queries = match language_view {
            Some(view) => Some(self.read_image(&view).map_err(failed)?),
            None => None,
        };

        // 2. Think.
        clock.begin(Stage::Thinking, report);
        let reader = Reader {
            manifest: &self.manifest,
            tokenizer: &self.tokenizer,
            blip2: &self.blip2,
            translator: &self.translator,
            device: &self.device,
        };
        let mut on_answer = |answer: &WrittenAnswer| report(Progress::Answer(answer.clone()));
        let Conditioning {
            context,
            null_context,
            answer,
            notices,
        } = reader.condition(request, queries.as_ref(), &mut on_answer)?;
        for notice in &notices {
            report(Progress::Notice(notice.clone()));
        }

        // 3. Draw.
        clock.begin(Stage::Drawing, report);
        let tape = NoiseTape::new(
            request.noise,
            request.seed,
            image_latents.dims(),
            request.steps,
        );
        let drawing = Drawing {
            unet: &self.unet,
            schedule: &self.schedule,
            request,
            image_latents: &image_latents,
            context: &context,
            null_context: &null_context,
        };
        let latents = drawing
            .run(tape.reader(), &mut |step, denoised| {
                let preview = self.preview(denoised, request.preview)?;
                report(Progress::Step {
                    step,
                    steps: request.steps,
                    preview,
                });
                Ok(())
            })
            .map_err(failed)?;

        // 4. Finish.
        clock.begin(Stage::Finishing, report);
        let decoded = self.vae.decode_scaled(&latents).map_err(failed)?;
        let square = pixels::to_image(&decoded, Rounding::Truncated).map_err(failed)?;
        let picture = resize(&square, width, height, Filter::Lanczos);
        Ok(Edited {
            picture,
            answer,
            stages: clock.finish(),
            notices,
        })
    }

    /// What BLIP-2 sees: squashed to its own square, bicubic, as its processor does.
    fn language_view(&self, frame: &RgbImage) -> RgbImage {
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
    fn read_image(&self, view: &RgbImage) -> candle_core::Result<Tensor> {
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
        let matrix: Option<&LatentRgb> = self
            .manifest
            .preview
            .as_ref()
            .and_then(|rules| rules.latent_rgb.as_ref());
        match (method, matrix) {
            (PreviewMethod::Off, _) => Ok(None),
            (PreviewMethod::LatentRgb, Some(matrix)) => matrix.preview(denoised).map(Some),
            // A bundle without a matrix is shown through the decoder.
            (PreviewMethod::LatentRgb, None) | (PreviewMethod::Decode, _) => {
                pixels::to_image(&self.vae.decode_scaled(denoised)?, Rounding::Truncated).map(Some)
            }
        }
    }
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
fn part<T>(
    bundle: &Bundle,
    component: Component,
    device: &Device,
    load: impl FnOnce(&Weights) -> candle_core::Result<T>,
) -> Result<T, EditError> {
    cancel::checkpoint().map_err(failed)?;
    let weights = bundle.weights(component, DTYPE, device)?;
    let network = load(&weights);
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

/// Measures the stages.
#[derive(Default)]
struct Clock {
    running: Option<(Stage, Instant)>,
    done: Vec<StageSeconds>,
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
            self.done.push(StageSeconds { stage, seconds });
        }
    }

    fn finish(mut self) -> Vec<StageSeconds> {
        self.stop();
        self.done
    }
}
