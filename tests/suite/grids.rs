//! Grids below the window: many columns in waves, what a file keeps of them, targets, and CLIP.

use crate::golden::{Folder, TestResult};
use crate::runs::{draw, edited, frame, jobs, request, same, save};
use candle_core::{Device, Tensor};
use image::RgbImage;
use lgd_studio::job::{
    Axis, BundleSource, EditRequest, FileTask, Grid, GuidanceMode, JobEvent, JobSpec, Parameter,
    Stage, Target, open_run,
};
use lgd_studio::pipeline::{Likeness, clip_pixels};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);

fn axis(parameter: Parameter, values: &str) -> TestResult<Option<Axis>> {
    Ok(Some(Axis::parse(parameter, values)?))
}

/// Twelve cells: more than are drawn side by side.
fn map() -> TestResult<(Grid, Vec<EditRequest>)> {
    let grid = Grid {
        x: axis(Parameter::GuidanceScale, "2..8:2")?,
        y: axis(Parameter::ImageGuidanceScale, "1,1.5,2")?,
    };
    let requests = grid.requests(&request(GuidanceMode::Latent, 3));
    Ok((grid, requests))
}

#[test]
fn cells_of_a_grid_are_drawn_in_waves_and_each_as_if_alone() -> TestResult {
    let mut jobs = jobs()?;
    let (_, requests) = map()?;
    let together = draw(&mut jobs, requests.clone())?;
    assert_eq!(together.columns.len(), 12);
    for index in [0, 5, 11] {
        let alone = draw(&mut jobs, vec![requests[index].clone()])?;
        assert!(
            same(&alone.columns[0], &together.columns[index]),
            "cell {index}"
        );
    }
    let drawing = |index: usize| -> Option<f64> {
        let stages = &together.columns[index].stages;
        let mut drawing = stages.iter().filter(|s| s.stage == Stage::Drawing);
        let seconds = drawing.next()?.seconds;
        drawing.next().is_none().then_some(seconds) // one entry, however many waves
    };
    let (first, last) = (drawing(0).ok_or("no time")?, drawing(11).ok_or("no time")?);
    assert!(
        first < 0.7 * last,
        "the first wave ended at {first} of {last} s"
    );
    Ok(())
}

#[test]
fn finished_cells_are_kept_when_the_job_is_cancelled() -> TestResult {
    let mut jobs = jobs()?;
    let requests = (0..40).map(|seed| EditRequest {
        seed,
        ..request(GuidanceMode::Question, 4)
    });
    let job = jobs.submit(JobSpec::Run {
        bundle: BundleSource::Embedded,
        frame: frame()?,
        requests: requests.collect(),
    });
    let deadline = Instant::now() + PATIENCE;
    let (mut drawn, mut left) = (0, Vec::new());
    while Instant::now() < deadline {
        let event = jobs.wait_event(Duration::from_millis(5));
        left.extend(
            jobs.take_previews()
                .iter()
                .map(|preview| preview.seconds_left),
        );
        match event {
            Some(JobEvent::Drawn(..)) => {
                drawn += 1;
                jobs.cancel(job);
            }
            Some(JobEvent::Cancelled(_)) => {
                assert!((1..40).contains(&drawn), "{drawn} cells");
                // The estimate counts the cells that wait: a wave is a tenth of the work.
                let longest = left.iter().copied().fold(0.0, f64::max);
                assert!(longest > 0.0 && left.iter().all(|left| left.is_finite()));
                return Ok(());
            }
            Some(event) if event.ends().is_some() => return Err(format!("{event:?}").into()),
            _ => {}
        }
    }
    Err("the job did not end".into())
}

#[test]
fn a_run_file_keeps_axes_and_target() -> TestResult {
    let folder = tempfile::tempdir()?;
    let mut jobs = jobs()?;
    let grid = Grid {
        x: axis(Parameter::Seed, "3,4")?,
        y: None,
    };
    let mut run = draw(&mut jobs, grid.requests(&request(GuidanceMode::Latent, 2)))?;
    let hoped = RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8, y as u8, 90]));
    let target = Target::new(hoped, "hoped.png".to_owned(), run.frame.dimensions());
    run.grid = Some(grid.clone());
    run.target = Some(Arc::new(target.clone()));
    let path = folder.path().join("grid.lgdrun");
    save(&mut jobs, run, &path)?;
    let opened = open_run(&path)?;
    assert_eq!(opened.grid, Some(grid));
    let kept = opened.target.ok_or("no target")?;
    assert_eq!(
        (&kept.picture, &kept.facts),
        (&target.picture, &target.facts)
    );
    assert_eq!(kept.other_size(), Some((64, 48)));
    assert!(!opened.rest.contains_key("grid"));

    // Axes of a later version are carried along; the columns open without them.
    let newer = folder.path().join("newer.lgdrun");
    edited(&path, &newer, "run.json", |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        text.replace("\"parameter\": \"seed\"", "\"parameter\": \"mood\"")
            .into_bytes()
    })?;
    let opened = open_run(&newer)?;
    assert_eq!((opened.grid.clone(), opened.columns.len()), (None, 2));
    let again = folder.path().join("again.lgdrun");
    save(&mut jobs, opened, &again)?;
    assert_eq!(open_run(&again)?.rest["grid"]["x"]["parameter"], "mood");

    let torn = folder.path().join("torn.lgdrun");
    edited(&path, &torn, "target.png", |_| Vec::new())?;
    let problem = open_run(&torn).err().ok_or("a target is missing")?;
    assert!(problem.message.contains("target.png"), "{problem}");
    Ok(())
}

#[test]
fn targets_are_opened_at_the_size_of_the_run_or_refused() -> TestResult {
    let folder = tempfile::tempdir()?;
    let mut jobs = jobs()?;
    let path = folder.path().join("hoped.png");
    RgbImage::from_pixel(30, 20, image::Rgb([1, 2, 3])).save(&path)?;
    let mut open = |task| -> TestResult<JobEvent> {
        jobs.files(task);
        Ok(jobs.wait_event(PATIENCE).ok_or("no answer")?)
    };
    let JobEvent::TargetOpened(target) = open(FileTask::OpenTarget(path.clone(), (60, 60)))? else {
        return Err("not opened".into());
    };
    assert_eq!(target.picture.dimensions(), (60, 60));
    assert_eq!(
        (target.facts.name.as_str(), target.other_size()),
        ("hoped.png", Some((30, 20)))
    );
    let bytes: Arc<[u8]> = std::fs::read(&path)?.into();
    let task = FileTask::OpenTargetBytes("dropped".to_owned(), bytes, (30, 20));
    assert!(matches!(open(task)?, JobEvent::TargetOpened(target) if target.other_size().is_none()));
    let missing = FileTask::OpenTarget(folder.path().join("none.png"), (8, 8));
    let JobEvent::FileFailed(problem) = open(missing)? else {
        return Err("a missing file was opened".into());
    };
    assert!(
        problem.hint.is_some() && problem.file.is_some(),
        "{problem}"
    );
    Ok(())
}

/// The embedded bundle as a folder, with the small CLIP of the golden numbers.
fn bundle_with_clip(folder: &Path) -> TestResult<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bundle = folder.join("bundle");
    copy(&root.join("models/toon-tiny"), &bundle)?;
    let clip = bundle.join("clip");
    std::fs::create_dir_all(&clip)?;
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(
            root.join("tests/fixtures/metrics").join(file),
            clip.join(file),
        )?;
    }
    Ok(bundle)
}

fn copy(from: &Path, to: &Path) -> TestResult {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// (H, W, 3) bytes of a golden picture.
fn picture(pictures: &Tensor, index: usize) -> TestResult<RgbImage> {
    let picture = pictures.get(index)?;
    let (height, width, _) = picture.dims3()?;
    let bytes = picture.flatten_all()?.to_vec1::<u8>()?;
    Ok(RgbImage::from_raw(width as u32, height as u32, bytes).ok_or("another size")?)
}

#[test]
fn golden_clip_similarity() -> TestResult {
    let folder = tempfile::tempdir()?;
    let source = BundleSource::Folder(bundle_with_clip(folder.path())?);
    let judge = Likeness::load(&source, &Device::Cpu)?.ok_or("no CLIP")?;
    let golden = Folder::open("metrics")?;
    let case = golden.case("evaluator")?;
    for sample in ["sample00", "sample01"] {
        let pictures = case.input(&format!("rgb_{sample}"))?;
        // The first pictures are the input, the target and a generated one.
        let [input, target, drawn] = [0, 1, 2].map(|index| picture(&pictures, index));
        let (input, target, drawn) = (input?, target?, drawn?);
        let prepared = [&input, &target].map(|p| clip_pixels(p, 64, &Device::Cpu));
        let [input_pixels, target_pixels] = prepared;
        let pixels = Tensor::cat(&[input_pixels?, target_pixels?], 0)?;
        case.check(&format!("pixels_{sample}"), &pixels)?;
        let score = |cosine: f64| Tensor::new(&[100.0 * cosine], &Device::Cpu);
        case.check(
            &format!("score_input_vs_target_{sample}"),
            &score(judge.cosine(&input, &target)?)?,
        )?;
        let first = case.expected(&format!("scores_target_vs_generate_{sample}"))?;
        let first = first
            .get(0)?
            .to_dtype(candle_core::DType::F64)?
            .to_scalar::<f64>()?;
        let cosine = judge.cosine(&target, &drawn)?;
        assert!(
            (100.0 * cosine - first).abs() <= 0.05,
            "{sample}: {cosine} {first}"
        );
    }
    case.none_failed()
}

#[test]
fn a_bundle_with_clip_judges_and_one_without_says_so() -> TestResult {
    let folder = tempfile::tempdir()?;
    let bundle = bundle_with_clip(folder.path())?;
    let mut jobs = jobs()?;
    let frame = frame()?.display;
    let grey = Arc::new(RgbImage::from_pixel(512, 512, image::Rgb([128; 3])));
    let mut ask = |bundle: BundleSource, b: &Arc<RgbImage>| -> TestResult<Option<f64>> {
        let (a, b) = (frame.clone(), b.clone());
        jobs.submit(JobSpec::Liken { bundle, a, b });
        let mut said = None;
        loop {
            match jobs.wait_event(PATIENCE).ok_or("no answer")? {
                JobEvent::Likened(_, _, cosine) => said = Some(cosine),
                JobEvent::Finished(_) => return Ok(said.ok_or("it said nothing")?),
                JobEvent::Failed(_, problem) => return Err(problem.to_string().into()),
                _ => {}
            }
        }
    };
    let with = BundleSource::Folder(bundle.clone());
    let itself = ask(with.clone(), &frame)?.ok_or("no CLIP")?;
    assert!((itself - 1.0).abs() < 1e-5, "{itself}");
    let other = ask(with, &grey)?.ok_or("no CLIP")?;
    assert!(other < 0.999, "{other}");
    assert_eq!(ask(BundleSource::Embedded, &grey)?, None);

    std::fs::write(bundle.join("clip/model.safetensors"), "torn")?;
    let other = folder.path().join("other");
    std::fs::rename(&bundle, &other)?;
    let problem = ask(BundleSource::Folder(other), &grey)
        .err()
        .ok_or("it judged")?;
    assert!(problem.to_string().contains("CLIP"), "{problem}");
    Ok(())
}
