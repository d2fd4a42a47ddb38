//! The columns of a run: what each is steered by, and drawing several of them side by side.

use super::clock::Clock;
use super::conditioning::Conditioning;
use super::drawing::{Drawing, Leg, Sketch};
use super::lgd::{decode, failed};
use super::looking::Seen;
use super::{
    ContextUnit, EditError, EditRequest, Edited, Estimate, LgdPipeline, PreviewMethod, Progress,
    Spent, Stage, StepDone, Work, WrittenAnswer,
};
use crate::diffusion::GuidanceScales;
use crate::models::{Attended, Vae};
use crate::nn::noise::NoiseTape;
use crate::nn::resize::{Filter, resize};
use candle_core::Tensor;
use image::RgbImage;
use std::cell::RefCell;
use std::time::Instant;

/// One column between thinking and drawing.
pub(super) struct Column<'a> {
    pub(super) request: &'a EditRequest,
    sketch: Sketch,
    /// What the positions of the context stand for, with the first step of each leg.
    pub(super) units: Vec<(usize, Vec<ContextUnit>)>,
    answer: Option<WrittenAnswer>,
    notices: Vec<String>,
}

impl LgdPipeline {
    /// The contexts of all columns.
    pub(super) fn think<'a>(
        &self,
        seen: &Seen,
        requests: &'a [EditRequest],
        report: &mut dyn FnMut(Progress),
    ) -> Result<Vec<Column<'a>>, EditError> {
        let mut reader = self.reader(seen.queries.as_ref());
        let columns = requests.iter().enumerate().map(|(index, request)| {
            let editor = self.abilities.editor_of(request.mode);
            let image_latents = seen.image_latents(editor)?;
            let mut column = Column {
                request,
                sketch: Sketch {
                    tape: NoiseTape::new(
                        request.noise,
                        request.seed,
                        image_latents.dims(),
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

    /// Draws columns that share a plan and an editor and hands over their pictures. `watch` hears after every step
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
        let which = self.abilities.editor_of(first.request.mode);
        let editor = self.parts.editor(which);
        let slot = &editor.unet;
        let load = || slot.get().map(|_| ());
        self.bring(Stage::Drawing, slot.missing(), load, clock, report)?;
        clock.begin(Stage::Drawing, report);
        let steps = first.request.steps;
        let plan = editor
            .schedule
            .plan(first.request.sampler, steps)
            .map_err(failed)?;
        let (unet, vae) = (editor.unet.get()?, editor.vae.get()?);
        let mut tracks = vec![Vec::with_capacity(steps); columns.len()];
        let attended = RefCell::new(Attended::of_sample(0));
        let drawing = Drawing {
            attended: watch.is_some().then_some(&attended),
            unet: &unet,
            plan: &plan,
            image_latents: seen.image_latents(which)?,
            sketches: columns.iter().map(|(_, column)| &column.sketch).collect(),
        };
        let mut short = None;
        let all: Vec<usize> = columns.iter().map(|(index, _)| *index).collect();
        let mut since = Instant::now();
        let drawn = drawing.run(&mut |step, denoised| {
            clock.steps_done += columns.len();
            if let Err(error) = self.parts.house.check(0) {
                short = Some(error);
                candle_core::bail!("memory ran short");
            }
            if let Some(watch) = &mut watch
                && let Some(map) = attended.borrow_mut().take()?
            {
                watch(map)?;
            }
            let each = (0..columns.len()).map(|i| {
                let denoised = denoised.narrow(0, i, 1)?;
                Ok((Estimate::of(&denoised)?, denoised))
            });
            let each = each.collect::<candle_core::Result<Vec<_>>>()?;
            // Only now has a device that works ahead really done the step.
            let done = Instant::now();
            report(Progress::Spent(Spent {
                step: Some(step),
                columns: all.clone(),
                ..Spent::on(Work::Step, since, done)
            }));
            for ((estimate, denoised), (track, (index, column))) in
                each.into_iter().zip(tracks.iter_mut().zip(&columns))
            {
                track.push(estimate.clone());
                let began = Instant::now();
                let preview = self.preview(&vae, &denoised, column.request.preview)?;
                if preview.is_some() {
                    report(Progress::Spent(Spent {
                        step: Some(step),
                        columns: vec![*index],
                        ..Spent::on(Work::Preview, began, Instant::now())
                    }));
                }
                let done = StepDone {
                    step,
                    steps,
                    share: clock.share(),
                    estimate,
                    preview,
                };
                report(Progress::Step(*index, done));
            }
            since = Instant::now();
            Ok(())
        });
        if let Some(error) = short {
            return Err(error);
        }
        let latents = drawn.map_err(failed)?;

        drop(unet);
        self.parts.house.vacate();
        clock.begin(Stage::Finishing, report);
        for (i, ((index, column), track)) in columns.into_iter().zip(tracks).enumerate() {
            let began = Instant::now();
            let picture = latents
                .narrow(0, i, 1)
                .and_then(|latents| decode(&vae, &latents, self.tiles()))
                .map_err(failed)?;
            let picture = resize(&picture, width, height, Filter::Lanczos);
            report(Progress::Spent(Spent {
                columns: vec![index],
                ..Spent::on(Work::Decoding, began, Instant::now())
            }));
            let edited = Edited {
                picture,
                answer: column.answer,
                track,
                stages: clock.so_far(),
                notices: column.notices,
            };
            report(Progress::Drawn(index, edited));
        }
        Ok(())
    }

    /// The denoised estimate as a small or full picture.
    fn preview(
        &self,
        vae: &Vae,
        denoised: &Tensor,
        method: PreviewMethod,
    ) -> candle_core::Result<Option<RgbImage>> {
        match (method, self.manifest.latent_rgb()) {
            (PreviewMethod::Off, _) => Ok(None),
            (PreviewMethod::LatentRgb, Some(matrix)) => matrix.preview(denoised).map(Some),
            // A bundle without a matrix is shown through the decoder.
            (PreviewMethod::LatentRgb, None) | (PreviewMethod::Decode, _) => {
                decode(vae, denoised, self.tiles()).map(Some)
            }
        }
    }
}
