//! Runs of several columns: what a column shows depends on its own request alone, branches follow
//! their path, and a file keeps everything.

use crate::golden::TestResult;
use image::RgbImage;
use lgd_studio::job::{
    BundleSource, EditRequest, EditResult, FileTask, Frame, FrameOrigin, GuidanceMode, JobEvent,
    JobSpec, Jobs, JobsConfig, PreviewMethod, RunFile, Sampler, open_run,
};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);

pub fn frame() -> TestResult<Frame> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/frames/fishbowl.png");
    let image = image::open(path)?.into_rgb8();
    let origin = FrameOrigin::Example("fishbowl.png".to_owned());
    Ok(Frame::new(image, origin))
}

/// Draws columns and returns them with everything a file would keep.
pub fn draw(jobs: &mut Jobs, requests: Vec<EditRequest>) -> TestResult<RunFile> {
    let frame = frame()?;
    let mut run = RunFile {
        frame: frame.display.clone(),
        ..RunFile::default()
    };
    let mut columns: Vec<Option<Arc<EditResult>>> = vec![None; requests.len()];
    jobs.submit(JobSpec::Run {
        bundle: BundleSource::Embedded,
        frame,
        requests,
    });
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match jobs.wait_event(Duration::from_millis(50)) {
            Some(JobEvent::Seen(_, estimate)) => run.seen = Some(estimate),
            Some(JobEvent::Drawn(_, column, result)) => columns[column] = Some(result),
            Some(JobEvent::Finished(_)) => {
                run.columns = columns.into_iter().flatten().collect();
                return Ok(run);
            }
            Some(JobEvent::Failed(_, problem)) => return Err(problem.to_string().into()),
            _ => {}
        }
    }
    Err("the run did not end".into())
}

pub fn jobs() -> TestResult<Jobs> {
    Ok(Jobs::start(JobsConfig::default(), || {})?)
}

pub fn request(mode: GuidanceMode, steps: usize) -> EditRequest {
    EditRequest {
        question: "What happens if the cat gets hungry?".to_owned(),
        mode,
        steps,
        seed: 11,
        preview: PreviewMethod::Off,
        ..EditRequest::default()
    }
}

pub fn same(a: &EditResult, b: &EditResult) -> bool {
    a.track == b.track && a.picture == b.picture
}

#[test]
fn a_column_alone_equals_the_same_column_in_a_run_of_four() -> TestResult {
    let mut jobs = jobs()?;
    let requests = GuidanceMode::ALL.map(|mode| request(mode, 4));
    let together = draw(&mut jobs, requests.to_vec())?;
    for (request, column) in requests.iter().zip(&together.columns) {
        let alone = draw(&mut jobs, vec![request.clone()])?;
        assert!(
            same(&alone.columns[0], column),
            "{} changed in company",
            request.mode.name()
        );
    }
    Ok(())
}

#[test]
fn the_order_of_columns_changes_no_byte_and_equal_columns_are_equal() -> TestResult {
    let mut jobs = jobs()?;
    let (question, latent) = (
        request(GuidanceMode::Question, 3),
        request(GuidanceMode::Latent, 3),
    );
    let run = draw(
        &mut jobs,
        vec![question.clone(), latent.clone(), question.clone()],
    )?;
    let swapped = draw(&mut jobs, vec![latent, question])?;
    assert!(same(&run.columns[0], &run.columns[2]));
    assert!(same(&run.columns[0], &swapped.columns[1]));
    assert!(same(&run.columns[1], &swapped.columns[0]));
    assert!(!same(&run.columns[0], &run.columns[1]));
    Ok(())
}

#[test]
fn columns_of_other_steps_seeds_and_samplers_share_a_run() -> TestResult {
    let mut jobs = jobs()?;
    let base = request(GuidanceMode::Latent, 3);
    let requests = [
        base.clone(),
        EditRequest {
            seed: 12,
            ..base.clone()
        },
        EditRequest {
            steps: 2,
            ..base.clone()
        },
        EditRequest {
            sampler: Sampler::DpmSolver2m,
            ..base.clone()
        },
        EditRequest {
            guidance_scale: 8.0,
            image_guidance_scale: 1.0,
            ..base
        },
    ];
    let run = draw(&mut jobs, requests.to_vec())?;
    let steps: Vec<usize> = run
        .columns
        .iter()
        .map(|column| column.track.len())
        .collect();
    assert_eq!(steps, [3, 3, 2, 3, 3]);
    for (request, column) in requests.iter().zip(&run.columns) {
        assert_eq!(
            &column.request, request,
            "every column comes back in its place"
        );
        let alone = draw(&mut jobs, vec![request.clone()])?;
        assert!(same(&alone.columns[0], column), "{request:?}");
    }
    Ok(())
}

#[test]
fn a_branch_without_changes_reproduces_its_path() -> TestResult {
    let mut jobs = jobs()?;
    for sampler in Sampler::ALL {
        let original = EditRequest {
            sampler,
            ..request(GuidanceMode::Both, 4)
        };
        let branches: Vec<EditRequest> = (1..4).map(|step| original.branched(step)).collect();
        let twice = branches[1].branched(3);
        let mut requests = vec![original];
        requests.extend(branches);
        requests.push(twice);
        let run = draw(&mut jobs, requests)?;
        for column in &run.columns {
            assert!(same(&run.columns[0], column), "{:?}", column.request);
        }
    }
    Ok(())
}

#[test]
fn a_branch_follows_its_path_until_it_leaves() -> TestResult {
    let mut jobs = jobs()?;
    let original = request(GuidanceMode::Latent, 4);
    let branch = EditRequest {
        guidance_scale: 12.0,
        mode: GuidanceMode::Question,
        question: "What happens if it rains?".to_owned(),
        ..original.branched(2)
    };
    let run = draw(&mut jobs, vec![original, branch])?;
    let [path, branch] = run.columns.as_slice() else {
        return Err("two columns".into());
    };
    assert_eq!(path.track[..2], branch.track[..2]);
    assert_ne!(path.track[2], branch.track[2]);
    Ok(())
}

#[test]
fn stray_branches_are_refused() {
    let original = request(GuidanceMode::Latent, 4);
    for broken in [
        EditRequest {
            seed: 1,
            ..original.branched(2)
        },
        original.branched(0),
        original.branched(4),
    ] {
        assert!(!broken.validate().is_empty(), "{broken:?}");
    }
    let mut deep = original;
    for _ in 0..100 {
        deep = deep.branched(2);
        deep.steps = 4;
    }
    assert!(
        deep.validate().is_empty(),
        "branches at one step replace each other"
    );
}

#[test]
fn the_picture_of_a_step_is_the_one_the_end_would_have() -> TestResult {
    let mut jobs = jobs()?;
    let run = draw(&mut jobs, vec![request(GuidanceMode::Latent, 2)])?;
    let column = &run.columns[0];
    let last = column.track.last().ok_or("no step")?.clone();
    jobs.submit(JobSpec::Show {
        bundle: BundleSource::Embedded,
        mode: GuidanceMode::Latent,
        estimate: last,
        size: column.picture.dimensions(),
    });
    let shown = loop {
        match jobs.wait_event(PATIENCE).ok_or("no answer")? {
            JobEvent::Shown(_, picture) => break picture,
            JobEvent::Failed(_, problem) => return Err(problem.to_string().into()),
            _ => {}
        }
    };
    // Half precision moves a byte by a level or two at most.
    let off = |a: &RgbImage, b: &RgbImage| {
        let pairs = a.as_raw().iter().zip(b.as_raw());
        pairs.map(|(a, b)| a.abs_diff(*b)).max()
    };
    assert!(off(&shown, &column.picture) <= Some(2));
    Ok(())
}

pub fn save(jobs: &mut Jobs, run: RunFile, path: &Path) -> TestResult {
    jobs.files(FileTask::SaveRun(Arc::new(run), path.to_owned()));
    match jobs.wait_event(PATIENCE).ok_or("no answer")? {
        JobEvent::Saved(_) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

/// Writes the zip again with one entry changed; an entry that becomes nothing is left out.
pub fn edited(
    from: &Path,
    to: &Path,
    entry: &str,
    change: impl Fn(Vec<u8>) -> Vec<u8>,
) -> TestResult {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(from)?)?;
    let mut out = zip::ZipWriter::new(std::fs::File::create(to)?);
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for index in 0..zip.len() {
        let mut part = zip.by_index(index)?;
        let name = part.name()?.into_owned();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes)?;
        if name == entry {
            bytes = change(bytes);
            if bytes.is_empty() {
                continue;
            }
        }
        out.start_file(name, options)?;
        out.write_all(&bytes)?;
    }
    out.finish()?;
    Ok(())
}

#[test]
fn a_run_file_keeps_everything_and_what_it_does_not_know() -> TestResult {
    let folder = tempfile::tempdir()?;
    let mut jobs = jobs()?;
    let requests = [GuidanceMode::Answer, GuidanceMode::Latent].map(|mode| request(mode, 3));
    let run = draw(&mut jobs, requests.to_vec())?;
    let path = folder.path().join("run.lgdrun");
    save(&mut jobs, run.clone(), &path)?;
    let opened = open_run(&path)?;
    assert_eq!(opened.frame, run.frame);
    assert_eq!(opened.seen, run.seen);
    for (a, b) in opened.columns.iter().zip(&run.columns) {
        assert!(same(a, b));
        assert_eq!((&a.request, &a.answer), (&b.request, &b.answer));
        assert_eq!((&a.device, &a.bundle), (&b.device, &b.bundle));
        assert_eq!((&a.frame, &a.stages), (&b.frame, &b.stages));
    }

    let newer = folder.path().join("newer.lgdrun");
    edited(&path, &newer, "run.json", |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        let text = text.replacen('{', "{\"votes\": [1, 2],", 1);
        text.replacen("\"request\":", "\"mood\": \"curious\", \"request\":", 1)
            .into_bytes()
    })?;
    let again = folder.path().join("again.lgdrun");
    save(&mut jobs, open_run(&newer)?, &again)?;
    let kept = open_run(&again)?;
    assert_eq!(kept.rest["votes"], serde_json::json!([1, 2]));
    assert_eq!(kept.columns[0].rest["mood"], "curious");
    Ok(())
}

#[test]
fn bad_run_files_are_refused_with_a_reason() -> TestResult {
    let folder = tempfile::tempdir()?;
    let mut jobs = jobs()?;
    let run = draw(&mut jobs, vec![request(GuidanceMode::Question, 2)])?;
    let good = folder.path().join("good.lgdrun");
    save(&mut jobs, run, &good)?;
    let bytes = std::fs::read(&good)?;
    let bad = folder.path().join("bad.lgdrun");
    let refused = |what: &str, says: &str| -> TestResult {
        let problem = match open_run(&bad) {
            Ok(_) => return Err(format!("{what} was opened").into()),
            Err(problem) => problem,
        };
        assert!(problem.message.contains(says), "{what}: {problem}");
        assert!(problem.hint.is_some() && problem.file.is_some(), "{what}");
        Ok(())
    };
    refused("a missing file", "cannot be read")?;
    std::fs::write(&bad, b"GIF89a")?;
    refused("a foreign file", "not a run")?;
    for end in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&bad, &bytes[..end])?;
        refused("a truncated file", "")?;
    }
    edited(&good, &bad, "run.json", |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        text.replace("\"format\": 1", "\"format\": 2").into_bytes()
    })?;
    refused("a newer file", "format 2")?;
    edited(&good, &bad, "run.json", |_| b"{}".to_vec())?;
    refused("a file without a format", "names no format")?;
    edited(&good, &bad, "run.json", |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        text.replace("\"steps\": 2", "\"steps\": 99999999")
            .into_bytes()
    })?;
    refused("nonsense numbers", "number of steps")?;
    for entry in [
        "frame.png",
        "columns/0.png",
        "latents.safetensors",
        "run.json",
    ] {
        edited(&good, &bad, entry, |_| Vec::new())?;
        refused("a missing part", entry)?;
        edited(&good, &bad, entry, |bytes| {
            bytes[..bytes.len() / 2].to_vec()
        })?;
        refused("half a part", "damaged")?;
    }
    // Every flip of a bit is refused or gives a run; never a panic.
    for place in (0..bytes.len()).step_by(bytes.len() / 400 + 1) {
        let mut flipped = bytes.clone();
        flipped[place] ^= 0x10;
        std::fs::write(&bad, &flipped)?;
        drop(open_run(&bad));
    }
    Ok(())
}
