//! Runs of several columns on the embedded bundle, run files, and scrubbing through one in the real
//! window without a graphics adapter; no stock counterpart exists.
#![allow(clippy::print_stdout, reason = "prints its result")]

mod measure;

use candle_core::{Error, Result};
use egui_kittest::Harness;
use half::f16;
use image::RgbImage;
use lgd_studio::app::{Action, AppConfig, BundleState, FrameTimes, LgdApp};
use lgd_studio::job::{
    BundleSource, EditRequest, EditResult, Estimate, FileTask, Frame, FrameFacts, FrameOrigin,
    GuidanceMode, JobEvent, JobId, JobSpec, Jobs, JobsConfig, LatentRgb, PreviewMethod, RunFile,
    open_run,
};
use measure::{Time, best};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn failed(why: impl std::fmt::Display) -> Error {
    Error::Msg(why.to_string())
}

fn frame() -> Result<Frame> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/frames/fishbowl.png");
    let image = image::open(path).map_err(failed)?.into_rgb8();
    Ok(Frame::new(image, FrameOrigin::Dropped))
}

fn request(mode: GuidanceMode, preview: PreviewMethod) -> EditRequest {
    EditRequest {
        question: "What happens if the cat gets hungry?".to_owned(),
        mode,
        preview,
        seed: 7,
        ..EditRequest::default()
    }
}

/// Draws columns and waits for the end.
fn draw(jobs: &mut Jobs, frame: &Frame, requests: Vec<EditRequest>) -> Result<()> {
    jobs.submit(JobSpec::Run {
        bundle: BundleSource::Embedded,
        frame: frame.clone(),
        requests,
    });
    loop {
        match jobs.wait_event(Duration::from_secs(600)) {
            Some(JobEvent::Finished(_)) => return Ok(()),
            Some(JobEvent::Failed(_, problem)) => return Err(failed(problem)),
            Some(_) => {}
            None => return Err(failed("the worker is silent")),
        }
    }
}

fn show(name: &str, time: Time) {
    println!("{name:<44} {:>8.1} ms ({:>8.1} cpu)", time.wall, time.cpu);
}

fn columns(jobs: &mut Jobs) -> Result<()> {
    let frame = frame()?;
    let all = |preview| {
        GuidanceMode::ALL
            .map(|mode| request(mode, preview))
            .to_vec()
    };
    let four = best(3, || draw(jobs, &frame, all(PreviewMethod::Off)))?;
    let single = best(3, || {
        let latent = request(GuidanceMode::Latent, PreviewMethod::Off);
        draw(jobs, &frame, vec![latent])
    })?;
    show("one column, 20 steps", single);
    show("four columns, 20 steps", four);
    println!(
        "four columns cost {:.2} single runs",
        four.wall / single.wall
    );
    // Their share is below the noise of whole runs, so they are timed on their own.
    let estimate = estimate([4, 16, 16], 1);
    let matrix = LatentRgb {
        matrix: vec![[0.1, 0.2, 0.3]; 4],
        bias: [0.5; 3],
    };
    let previews = best(5, || {
        (0..20).try_for_each(|_| estimate.colours(&matrix).map(drop))
    })?;
    println!(
        "quick previews of 20 steps cost {:.2} % of the run",
        100.0 * previews.wall / single.wall
    );
    Ok(())
}

/// How long a running job takes to end after it was told to.
fn cancel(jobs: &mut Jobs) -> Result<()> {
    let frame = frame()?;
    let mut longest = Duration::ZERO;
    for _ in 0..10 {
        let endless = EditRequest {
            steps: 1000,
            ..request(GuidanceMode::Latent, PreviewMethod::Off)
        };
        let id = jobs.submit(JobSpec::Run {
            bundle: BundleSource::Embedded,
            frame: frame.clone(),
            requests: vec![endless],
        });
        while jobs.take_previews().is_empty() {
            jobs.wait_event(Duration::from_millis(5));
        }
        let asked = Instant::now();
        jobs.cancel(id);
        loop {
            match jobs.wait_event(Duration::from_secs(60)) {
                Some(JobEvent::Cancelled(_)) => break,
                Some(_) => {}
                None => return Err(failed("it did not stop")),
            }
        }
        longest = longest.max(asked.elapsed());
    }
    println!(
        "cancel, longest of 10: {:.0} ms",
        longest.as_secs_f64() * 1e3
    );
    Ok(())
}

/// Numbers that look like latents to a file.
fn estimate(shape: [usize; 3], seed: usize) -> Estimate {
    let count: usize = shape.iter().product();
    let value = |i: usize| ((i * 31 + seed * 17) % 997) as f32 / 500.0 - 1.0;
    Estimate {
        shape,
        values: (0..count).map(|i| f16::from_f32(value(i))).collect(),
    }
}

/// Four columns of 50 steps at the size of Stable Diffusion.
fn large_run() -> RunFile {
    let picture = Arc::new(RgbImage::from_fn(512, 512, |x, y| {
        image::Rgb([(x ^ y) as u8, (x * y / 64) as u8, (x + 2 * y) as u8])
    }));
    let estimate = |seed| estimate([4, 64, 64], seed);
    let column = |index: usize| EditResult {
        job: JobId(0),
        picture: picture.clone(),
        display: picture.clone(),
        request: EditRequest {
            steps: 50,
            ..request(GuidanceMode::ALL[index], PreviewMethod::Off)
        },
        answer: None,
        track: (0..50).map(|step| estimate(index * 50 + step)).collect(),
        bundle: "bench".to_owned(),
        bundle_fingerprint: String::new(),
        device: "cpu f32".to_owned(),
        frame: FrameFacts::default(),
        stages: Vec::new(),
        notices: Vec::new(),
        reading: None,
        attention: None,
        check: None,
        rest: serde_json::Map::new(),
    };
    RunFile {
        frame: picture.clone(),
        seen: Some(estimate(0)),
        columns: (0..4).map(|index| Arc::new(column(index))).collect(),
        ..RunFile::default()
    }
}

fn files(jobs: &mut Jobs, path: &Path) -> Result<()> {
    jobs.files(FileTask::SaveRun(Arc::new(large_run()), path.to_owned()));
    match jobs.wait_event(Duration::from_secs(60)) {
        Some(JobEvent::Saved(_)) => {}
        other => return Err(failed(format!("{other:?}"))),
    }
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    println!(
        "run file, 50 steps, four columns at 512: {} KiB",
        bytes / 1024
    );
    show("open it", best(5, || open_run(path).map_err(failed))?);
    Ok(())
}

/// A frame of a screen with 60 of them per second, in milliseconds.
const FRAME_MS: f64 = 1000.0 / 60.0;

/// Seeks through every step of the run at `path` in the real window. What is measured is the UI
/// thread: applying the seek, which guesses the colours of every column, and laying out and
/// painting the frame. The worker decodes the steps meanwhile, as it does for a person.
fn scrub(path: &Path) -> Result<()> {
    let config = AppConfig::default();
    let mut window = Harness::builder()
        .with_size([1280.0, 800.0])
        .build_eframe(|cc| LgdApp::new(cc, config).expect("the threads start"));
    let until = |window: &mut Harness<'static, LgdApp>, holds: &dyn Fn(&LgdApp) -> bool| {
        let end = Instant::now() + Duration::from_secs(60);
        while !holds(window.state()) {
            if Instant::now() > end {
                return Err(failed("the window is not ready"));
            }
            window.step();
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    };
    until(&mut window, &|app| {
        matches!(app.state().bundle, BundleState::Ready(_)) && !app.state().frame.opening
    })?;
    window.state_mut().act(Action::OpenRun(path.to_owned()));
    until(&mut window, &|app| app.state().run.is_some())?;
    window.run_steps(5); // what the first frame uploads belongs to opening
    let (mut whole, mut stepped) = (FrameTimes::default(), FrameTimes::default());
    for _ in 0..3 {
        for step in (1..=50).chain((1..50).rev()) {
            let started = Instant::now();
            window.state_mut().act(Action::Seek(Some(step)));
            let applied = started.elapsed();
            window.step();
            whole.push(started.elapsed());
            let drawn = window.state().times().last().unwrap_or_default();
            stepped.push(applied + drawn);
        }
    }
    for (name, times) in [
        ("scrub 50 steps of four columns, UI work", &stepped),
        ("the same with the test harness around it", &whole),
    ] {
        let summary = times.summary().ok_or_else(|| failed("no frame"))?;
        println!(
            "{name:<44} median {:.2} ms, 99 % {:.2} ms, longest {:.2} ms of {} frames; 99 % is {:.2} of {FRAME_MS:.1} ms",
            summary.median_ms,
            summary.p99_ms,
            summary.longest_ms,
            summary.frames,
            summary.p99_ms / FRAME_MS,
        );
    }
    Ok(())
}

fn main() -> Result<()> {
    lgd_studio::nn::keep_freed_memory();
    println!("{} threads, f32", rayon::current_num_threads());
    let mut jobs = Jobs::start(JobsConfig::default(), || {}).map_err(failed)?;
    let folder = tempfile::tempdir().map_err(failed)?;
    let path = folder.path().join("run.lgdrun");
    files(&mut jobs, &path)?;
    if measure::selected("scrub") {
        scrub(&path)?;
    }
    if measure::selected("columns") {
        cancel(&mut jobs)?;
        columns(&mut jobs)?;
    }
    Ok(())
}
