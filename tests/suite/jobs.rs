//! The seam: one final event per job, cancellation, a queue, files that never wait for drawing.

use crate::golden::TestResult;
use lgd_studio::job::{
    BundleSource, EditRequest, FileTask, Frame, FrameOrigin, GuidanceMode, JobEvent, JobId,
    JobSpec, Jobs, JobsConfig, PreviewMethod, Stage,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);

struct Session {
    jobs: Jobs,
    frame: Frame,
    woken: Arc<AtomicUsize>,
}

impl Session {
    fn start() -> TestResult<Self> {
        let woken = Arc::new(AtomicUsize::new(0));
        let counter = woken.clone();
        let notify = move || {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/frames/fishbowl.png");
        Ok(Self {
            jobs: Jobs::start(JobsConfig::default(), notify)?,
            frame: Frame::new(
                image::open(path)?.into_rgb8(),
                FrameOrigin::Example("fishbowl.png".to_owned()),
            ),
            woken,
        })
    }

    fn edit(&mut self, request: EditRequest) -> JobId {
        self.run(vec![request])
    }

    fn run(&mut self, requests: Vec<EditRequest>) -> JobId {
        self.jobs.submit(JobSpec::Run {
            bundle: BundleSource::Embedded,
            frame: self.frame.clone(),
            requests,
        })
    }

    /// Every event up to and including the one that ends `id`.
    fn until_end(&mut self, id: JobId) -> TestResult<Vec<JobEvent>> {
        let mut events = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(event) = self.jobs.wait_event(Duration::from_millis(50)) {
                let last = event.ends() == Some(id);
                events.push(event);
                if last {
                    return Ok(events);
                }
            }
        }
        Err(format!("job {} did not end: {events:?}", id.0).into())
    }
}

fn request(steps: usize) -> EditRequest {
    EditRequest {
        question: "What happens if the cat gets hungry?".to_owned(),
        steps,
        ..EditRequest::default()
    }
}

#[test]
fn a_job_starts_passes_its_stages_in_order_and_ends_once() -> TestResult {
    let mut session = Session::start()?;
    let id = session.edit(EditRequest {
        mode: GuidanceMode::Answer,
        ..request(2)
    });
    let events = session.until_end(id)?;
    assert!(matches!(events.first(), Some(JobEvent::Started(started)) if *started == id));
    let stages: Vec<Stage> = events
        .iter()
        .filter_map(|event| match event {
            JobEvent::StageBegan(_, stage) => Some(*stage),
            _ => None,
        })
        .collect();
    let expected = [
        Stage::Loading,
        Stage::ReadingFrame,
        Stage::Thinking,
        Stage::Drawing,
        Stage::Finishing,
    ];
    assert_eq!(stages, expected);
    let answered = events
        .iter()
        .filter(|event| matches!(event, JobEvent::Answered(..)))
        .count();
    assert_eq!(answered, 1);
    // What the run took of time and memory comes between its last picture and its end.
    let [
        ..,
        JobEvent::Drawn(_, 0, result),
        JobEvent::Timed(..),
        JobEvent::Memory(_),
        JobEvent::Finished(_),
    ] = events.as_slice()
    else {
        return Err(format!("{} events end in others", events.len()).into());
    };
    assert_eq!(
        result.picture.dimensions(),
        session.frame.image.dimensions()
    );
    assert_eq!(result.track.len(), 2, "one estimate per step");
    assert_eq!(
        events.iter().filter(|event| event.ends().is_some()).count(),
        1
    );
    assert!(session.woken.load(Ordering::Relaxed) >= events.len());
    assert!(
        session
            .jobs
            .wait_event(Duration::from_millis(100))
            .is_none(),
        "an event after the last"
    );
    Ok(())
}

#[test]
fn previews_carry_the_newest_step_and_can_be_full_or_off() -> TestResult {
    let mut session = Session::start()?;
    for (method, side) in [
        (PreviewMethod::LatentRgb, Some(16)),
        (PreviewMethod::Decode, Some(128)),
        (PreviewMethod::Off, None),
    ] {
        let id = session.edit(EditRequest {
            preview: method,
            ..request(3)
        });
        let events = session.until_end(id)?;
        assert!(matches!(events.last(), Some(JobEvent::Finished(..))));
        let previews = session.jobs.take_previews();
        let [preview] = previews.as_slice() else {
            return Err(format!("{} previews", previews.len()).into());
        };
        assert_eq!(
            (preview.job, preview.step, preview.steps),
            (id, 3, 3),
            "older ones are overwritten"
        );
        assert_eq!(preview.estimates.len(), 3, "but no estimate is lost");
        assert_eq!(
            preview.picture.as_ref().map(|picture| picture.width()),
            side,
            "{method:?}"
        );
        assert!(
            session.jobs.take_previews().is_empty(),
            "a preview is taken once"
        );
    }
    Ok(())
}

#[test]
fn a_running_job_and_a_waiting_one_can_be_cancelled() -> TestResult {
    let mut session = Session::start()?;
    let running = session.edit(request(1000));
    let waiting = session.edit(request(1000));
    let after = session.edit(request(1));
    let deadline = Instant::now() + PATIENCE;
    while session.jobs.take_previews().is_empty() {
        assert!(Instant::now() < deadline, "no step was drawn");
        session.jobs.wait_event(Duration::from_millis(10));
    }
    session.jobs.cancel(waiting);
    session.jobs.cancel(running);
    let events = session.until_end(after)?;
    let ends: Vec<_> = events
        .iter()
        .filter(|event| event.ends().is_some())
        .collect();
    assert!(
        matches!(ends.as_slice(), [JobEvent::Cancelled(a), JobEvent::Cancelled(b), JobEvent::Finished(c)]
            if (*a, *b, *c) == (waiting, running, after)),
        "{ends:?}"
    );
    Ok(())
}

#[test]
fn a_failed_job_leaves_a_worker_that_works() -> TestResult {
    let mut session = Session::start()?;
    let lost = session
        .jobs
        .submit(JobSpec::Load(BundleSource::Folder(PathBuf::from(
            "/no/such/bundle",
        ))));
    let events = session.until_end(lost)?;
    let Some(JobEvent::Failed(_, problem)) = events.last() else {
        return Err(format!("{events:?}").into());
    };
    assert!(problem.hint.is_some());
    let empty = session.edit(EditRequest {
        question: String::new(),
        ..request(1)
    });
    assert!(matches!(
        session.until_end(empty)?.last(),
        Some(JobEvent::Failed(..))
    ));
    let good = session.edit(request(1));
    assert!(matches!(
        session.until_end(good)?.last(),
        Some(JobEvent::Finished(..))
    ));
    Ok(())
}

#[test]
fn a_loaded_bundle_introduces_itself_and_counts_tokens() -> TestResult {
    let mut session = Session::start()?;
    let id = session.jobs.submit(JobSpec::Load(BundleSource::Embedded));
    let events = session.until_end(id)?;
    let Some(JobEvent::Loaded(_, summary)) = events.last() else {
        return Err(format!("{events:?}").into());
    };
    assert_eq!(
        (
            summary.name.as_str(),
            summary.resolution,
            summary.max_question_tokens
        ),
        ("toon-tiny", 128, 24)
    );
    let count = |text| summary.token_counter.count(text);
    assert!(count("") >= 1 && count("What happens if it rains?") > count("What?"));
    Ok(())
}

#[test]
fn files_are_opened_while_a_picture_is_drawn() -> TestResult {
    let mut session = Session::start()?;
    let drawing = session.edit(request(1000));
    let deadline = Instant::now() + PATIENCE;
    while session.jobs.take_previews().is_empty() {
        assert!(Instant::now() < deadline, "no step was drawn");
        session.jobs.wait_event(Duration::from_millis(10));
    }
    session
        .jobs
        .files(FileTask::OpenExample("snowman.png".to_owned()));
    let frame = loop {
        assert!(Instant::now() < deadline, "the file waited for the drawing");
        match session.jobs.wait_event(Duration::from_millis(50)) {
            Some(JobEvent::FrameOpened(frame)) => break frame,
            Some(event) if event.ends() == Some(drawing) => {
                return Err("the drawing ended first".into());
            }
            _ => {}
        }
    };
    assert_eq!(frame.origin, FrameOrigin::Example("snowman.png".to_owned()));
    // Dropping the session with a job in flight must not hang.
    Ok(())
}

#[test]
fn text_files_appear_whole_and_in_new_folders() -> TestResult {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("a/b/settings.toml");
    let mut session = Session::start()?;
    session.jobs.files(FileTask::WriteText(
        file.clone(),
        "theme = \"dark\"\n".to_owned(),
    ));
    drop(session); // the file thread finishes its writes before it goes
    assert_eq!(std::fs::read_to_string(&file)?, "theme = \"dark\"\n");
    assert_eq!(std::fs::read_dir(folder.path().join("a/b"))?.count(), 1);
    Ok(())
}
