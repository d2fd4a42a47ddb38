//! The thread that owns the device and the models.

mod outcome;
#[cfg(test)]
mod tests;

use super::care::without_quotes;
use super::display::display_copy;
use super::export::{Painter, write_animation, write_story};
use super::memory::{PeakMeter, Peaks};
use super::outbox::Outbox;
use super::queue::{Command, Next, Queue};
use super::resources::{Resources, SharedResources};
use super::stopwatch::Stopwatch;
use super::store::{Message, Recorder};
use super::{
    Bundle, BundleSource, EditRequest, Estimate, Export, Fault, Frame, FrameFacts, GuidanceMode,
    JobEvent, JobId, JobSpec, Problem, Sabotage, Stage, StepPreview,
};
use crate::nn::cancel::{self, CancelToken};
use crate::nn::give_back_freed_memory;
use crate::pipeline::{
    EditError, Gauge, LgdPipeline, Likeness, LoadListener, MemoryRules, Progress, Spent, StepDone,
    Work, Workload,
};
use candle_core::Device;
use image::RgbImage;
use outcome::{result, same_decoder, summary};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Without work for so long, the worker gives back what it does not need.
const REST_AFTER: Duration = Duration::from_secs(20);

/// The worker's own state: nobody else holds a tensor.
pub(super) struct Worker {
    /// What may be used, as it is set now, and as the pipeline was opened with.
    resources: SharedResources,
    in_use: Resources,
    /// How the memory of the device is found out.
    gauge: Gauge,
    pub(super) outbox: Outbox,
    /// The way to the store, where there is one.
    recorder: Option<Recorder>,
    resident: Option<(BundleSource, LgdPipeline)>,
    peaks: Peaks,
    /// The judge of a bundle, once somebody asked for it; none where it has none.
    judge: Option<(BundleSource, Option<Likeness>)>,
    /// When the job at work was submitted.
    asked: Instant,
    /// Failures that a soak test asks for.
    sabotage: Sabotage,
}

impl Worker {
    pub(super) fn new(
        resources: SharedResources,
        outbox: Outbox,
        recorder: Option<Recorder>,
    ) -> Self {
        Self {
            resources,
            in_use: Resources::default(),
            gauge: MemoryRules::default().gauge,
            outbox,
            recorder,
            resident: None,
            peaks: Peaks::open(None),
            judge: None,
            asked: Instant::now(),
            sabotage: Sabotage::default(),
        }
    }

    /// The same worker, which knows what earlier runs took.
    pub(super) fn remembering(self, peaks: Peaks) -> Self {
        Self { peaks, ..self }
    }

    /// The same worker, which fails when it is told to.
    pub(super) fn sabotaged(self, sabotage: Sabotage) -> Self {
        Self { sabotage, ..self }
    }

    /// Works until the queue closes.
    pub(super) fn run(mut self, queue: &Queue) {
        // Whether there may be freed memory that the allocator keeps.
        let mut used = false;
        loop {
            let Command {
                id,
                spec,
                token,
                asked,
                kept,
            } = match queue.next(used.then_some(REST_AFTER)) {
                Next::Job(command) => *command,
                Next::Rest => {
                    // An allocator that nobody asks for anything gives nothing back by itself.
                    give_back_freed_memory();
                    used = false;
                    continue;
                }
                Next::Closed => return,
            };
            used = true;
            self.asked = asked;
            let recorder = self.recorder.clone().filter(|_| kept);
            let last = if token.is_cancelled() {
                JobEvent::Cancelled(id)
            } else {
                self.perform(id, spec, &token, recorder.as_ref())
            };
            // What the end of the program stops is not over: the next start goes on with it.
            let stopped = queue.is_closed() && matches!(last, JobEvent::Cancelled(_));
            if let Some(recorder) = recorder.filter(|_| !stopped) {
                recorder.ended(&last);
            }
            self.outbox.send(last);
        }
    }

    /// Runs one job and returns its one final event, whatever happens.
    fn perform(
        &mut self,
        id: JobId,
        spec: JobSpec,
        token: &CancelToken,
        recorder: Option<&Recorder>,
    ) -> JobEvent {
        if let Some(recorder) = recorder {
            recorder.tell(Message::Started(id));
        }
        self.outbox.send(JobEvent::Started(id));
        self.guarded(id, |worker| {
            cancel::scope(token, || match spec {
                JobSpec::Load(bundle) => worker.load(id, &bundle),
                JobSpec::Unload => {
                    (worker.resident, worker.judge) = (None, None);
                    Ok(JobEvent::Unloaded(id))
                }
                JobSpec::Run {
                    bundle,
                    frame,
                    requests,
                } => worker.draw(id, &bundle, frame, &requests, token, recorder),
                JobSpec::Show {
                    bundle,
                    mode,
                    estimate,
                    size,
                } => worker.show(id, &bundle, mode, &estimate, size),
                JobSpec::Liken { bundle, a, b } => worker.liken(id, &bundle, a, b),
                JobSpec::Export { bundle, export } => worker.export(id, &bundle, export, token),
                JobSpec::Score(spec) => worker
                    .score(id, &spec)
                    .map(|found| JobEvent::Evaluated(id, Arc::new(found))),
                JobSpec::Validate(spec) => worker
                    .validate(id, &spec, token)
                    .map(|done| JobEvent::Validated(id, Arc::new(done))),
                JobSpec::Explain {
                    bundle,
                    frame,
                    request,
                    what,
                } => worker.explain(id, &bundle, frame, *request, what, token),
            })
        })
    }

    /// Turns every way a job can end into its final event; a panic too.
    fn guarded(
        &mut self,
        id: JobId,
        work: impl FnOnce(&mut Self) -> Result<JobEvent, EditError>,
    ) -> JobEvent {
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(Ok(event)) => event,
            Ok(Err(error)) => {
                self.let_device_go(&error);
                match error.problem() {
                    Some(problem) => {
                        tracing::debug!("job {} failed: {}", id.0, problem.message);
                        JobEvent::Failed(id, problem)
                    }
                    None => JobEvent::Cancelled(id),
                }
            }
            Err(panic) => {
                // What a panic left half done must not serve the next job.
                self.resident = None;
                self.judge = None;
                let problem = Problem::new(format!("The program made a mistake: {}.", without_quotes(panic_text(&*panic))))
                    .hint("The job is lost, nothing else is. Try again, and please report it with the log.");
                JobEvent::Failed(id, problem)
            }
        }
    }

    /// What is on a device that is lost, or on a graphics card that is full, is dropped, and the next job
    /// opens it again. Main memory stays as it is.
    fn let_device_go(&mut self, error: &EditError) {
        let on_card = || self.resident.as_ref().is_some_and(|(_, p)| !p.is_on_cpu());
        let goes = match error {
            EditError::Lost(_) => true,
            EditError::NoRoom(_) => on_card(),
            EditError::Failed(_) | EditError::Cancelled => false,
        };
        if goes {
            tracing::warn!("the device is let go: {error}");
            self.resident = None;
            self.judge = None;
        }
    }

    fn load(&mut self, id: JobId, bundle: &BundleSource) -> Result<JobEvent, EditError> {
        self.resident(id, bundle)?;
        let (_, pipeline) = self.resident.as_ref().expect("it was loaded just now");
        let summary = summary(pipeline, self.peaks.facts(pipeline));
        Ok(JobEvent::Loaded(id, Box::new(summary)))
    }

    fn draw(
        &mut self,
        id: JobId,
        bundle: &BundleSource,
        frame: Frame,
        requests: &[EditRequest],
        token: &CancelToken,
        recorder: Option<&Recorder>,
    ) -> Result<JobEvent, EditError> {
        let outbox = self.outbox.clone();
        let keep = |message: Message| {
            if let Some(recorder) = recorder {
                recorder.tell(message);
            }
        };
        let began = Instant::now();
        let mut watch = Stopwatch::new(self.asked, requests);
        let waited = Spent::on(Work::Waiting, self.asked, began);
        outbox.spend(id, watch.note(waited));
        let held = self.holds(bundle);
        let (sabotage, mut lost) = (self.sabotage.clone(), false);
        let pipeline = self.resident(id, bundle)?;
        if !held {
            outbox.spend(id, watch.since(Work::Loading, began));
        }
        let mut meter = PeakMeter::start(pipeline);
        let work = pipeline.workload(requests);
        let mut drawing_since = None;
        let facts = FrameFacts::of(&frame);
        // The rest of the frame goes: a 100 megapixel one is held once, and not for long.
        let Frame { image, .. } = frame;
        let ran = pipeline.run(image, requests, &mut |progress| {
            let heard = match progress {
                Progress::Stage(stage) => {
                    meter.enter(stage, || pipeline.memory().forecast(pipeline.plan(), &work));
                    if stage == Stage::Drawing {
                        drawing_since.get_or_insert_with(Instant::now);
                    }
                    outbox.send(JobEvent::StageBegan(id, stage))
                }
                Progress::Spent(spent) => {
                    outbox.spend(id, watch.note(spent));
                    true
                }
                Progress::Seen(estimate) => {
                    keep(Message::Seen(id, estimate.clone()));
                    outbox.send(JobEvent::Seen(id, estimate))
                }
                Progress::Answer(column, answer) => {
                    keep(Message::Answered(id, column, answer.clone()));
                    outbox.send(JobEvent::Answered(id, column, answer))
                }
                Progress::Notice(column, text) => outbox.send(JobEvent::Notice(id, column, text)),
                Progress::Step(column, done) => {
                    let StepDone {
                        step,
                        steps,
                        share,
                        estimate,
                        preview,
                    } = done;
                    match sabotage.strike() {
                        Some(Fault::Panic) => panic!("a soak test wants to see what happens"),
                        Some(Fault::LostDevice) => {
                            lost = true;
                            token.cancel();
                        }
                        None => {}
                    }
                    if let Some(recorder) = recorder {
                        recorder.step(id, column, step, &estimate);
                    }
                    let elapsed = drawing_since.map_or(0.0, |since| since.elapsed().as_secs_f64());
                    outbox.show(StepPreview {
                        job: id,
                        column,
                        step,
                        steps,
                        seconds_left: elapsed * (1.0 - share).max(0.0) / share,
                        picture: preview.map(Arc::new),
                        estimates: vec![estimate],
                    });
                    true
                }
                Progress::Drawn(column, edited) => match requests.get(column) {
                    Some(request) => {
                        let result = Arc::new(result(id, request, &facts, edited, pipeline));
                        keep(Message::Drawn(id, column, result.clone()));
                        outbox.send(JobEvent::Drawn(id, column, result))
                    }
                    None => true,
                },
            };
            if !heard {
                token.cancel(); // nobody listens any more
            }
        });
        let timings = Arc::new(watch.finish(pipeline.device_text()));
        keep(Message::Timed(id, timings.clone()));
        outbox.send(JobEvent::Timed(id, timings));
        if lost {
            let problem = Problem::new("The device was lost, as a soak test wants it.");
            return Err(EditError::Lost(problem));
        }
        ran?;
        self.measured(work, meter);
        Ok(JobEvent::Finished(id))
    }

    /// Notes what a run took, and tells what is known now.
    fn measured(&mut self, work: Workload, meter: PeakMeter) {
        let Some((_, pipeline)) = &self.resident else {
            return;
        };
        if let Some(bytes) = meter.finish() {
            self.peaks.note(pipeline, work, bytes);
        }
        let facts = Box::new(self.peaks.facts(pipeline));
        self.outbox.send(JobEvent::Memory(facts));
    }

    fn show(
        &mut self,
        id: JobId,
        bundle: &BundleSource,
        mode: GuidanceMode,
        estimate: &Estimate,
        size: (u32, u32),
    ) -> Result<JobEvent, EditError> {
        let picture = self.resident(id, bundle)?.show(estimate, mode, size)?;
        Ok(JobEvent::Shown(id, display_copy(&Arc::new(picture))))
    }

    fn liken(
        &mut self,
        id: JobId,
        bundle: &BundleSource,
        a: Arc<RgbImage>,
        b: Arc<RgbImage>,
    ) -> Result<JobEvent, EditError> {
        if self
            .judge
            .as_ref()
            .is_none_or(|(source, _)| source != bundle)
        {
            let device = self.open_device()?;
            self.judge = None; // free the old one before the new one comes
            self.judge = Some((bundle.clone(), Likeness::load(bundle, &device)?));
        }
        let judge = self.judge.as_ref().and_then(|(_, judge)| judge.as_ref());
        let cosine = judge.map(|judge| judge.cosine(&a, &b)).transpose()?;
        self.outbox.send(JobEvent::Likened(a, b, cosine));
        Ok(JobEvent::Finished(id))
    }

    fn export(
        &mut self,
        id: JobId,
        bundle: &BundleSource,
        export: Export,
        token: &CancelToken,
    ) -> Result<JobEvent, EditError> {
        let outbox = self.outbox.clone();
        let mut on_step = |step, steps| {
            if token.is_cancelled() {
                return Err(EditError::Cancelled);
            }
            outbox.show(StepPreview {
                job: id,
                column: 0,
                step,
                steps,
                seconds_left: 0.0,
                picture: None,
                estimates: Vec::new(),
            });
            Ok(())
        };
        let write = match export.format.is_story() {
            true => write_story,
            false => write_animation,
        };
        if export.quick {
            let manifest = Bundle::open(bundle)?.manifest;
            let matrix = manifest.latent_rgb().ok_or_else(|| {
                Problem::new(format!(
                    "The bundle {} has no quick guess of colours.",
                    manifest.name
                ))
                .hint("Export without it; every step is decoded then.")
            })?;
            write(&export, &Painter::Colours(matrix), &mut on_step)?;
        } else {
            let pipeline = self.resident(id, bundle)?;
            same_decoder(&export, pipeline)?;
            write(&export, &Painter::Decoder(pipeline), &mut on_step)?;
        }
        Ok(JobEvent::Exported(id, export.path))
    }

    pub(super) fn open_device(&self) -> Result<Device, Problem> {
        Ok(self.resources.get().device.open()?)
    }

    /// Whether that bundle is loaded, and with what may be used now.
    fn holds(&self, bundle: &BundleSource) -> bool {
        let known = self.resident.as_ref();
        known.is_some_and(|(source, _)| source == bundle) && self.resources.get() == self.in_use
    }

    /// The pipeline of that bundle, loaded when it is not yet.
    pub(super) fn resident(
        &mut self,
        id: JobId,
        bundle: &BundleSource,
    ) -> Result<&LgdPipeline, EditError> {
        if !self.holds(bundle) {
            let wanted = self.resources.get();
            self.in_use = wanted;
            self.resident = None; // free the old weights before the new ones come
            self.judge = None;
            self.outbox.send(JobEvent::StageBegan(id, Stage::Loading));
            let device = self.open_device()?;
            let started = Instant::now();
            let rules = MemoryRules {
                limit: wanted.memory_limit,
                precision: wanted.precision,
                gauge: self.gauge.clone(),
            };
            let pipeline = LgdPipeline::open(bundle, &device, rules)?;
            pipeline.set_load_listener(Some(self.listener(id)));
            pipeline.load()?;
            tracing::info!(
                "loaded {} on {} in {:.2} s: {}",
                pipeline.manifest().name,
                pipeline.device_text(),
                started.elapsed().as_secs_f64(),
                pipeline.plan().words()
            );
            self.resident = Some((bundle.clone(), pipeline));
        }
        let (_, pipeline) = self.resident.as_ref().expect("it was loaded just now");
        pipeline.set_load_listener(Some(self.listener(id)));
        Ok(pipeline)
    }

    /// Passes on how far loading is.
    fn listener(&self, id: JobId) -> LoadListener {
        let outbox = self.outbox.clone();
        Arc::new(move |progress| outbox.show_loading(id, progress))
    }
}

pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}
