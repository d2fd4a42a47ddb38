//! Runs that are kept, with the real threads and the embedded bundle: what a later program finds.

use crate::golden::TestResult;
use crate::window::places;
use lgd_studio::job::{
    BundleSource, EditRequest, EditResult, FileTask, Frame, FrameOrigin, GuidanceMode, JobEvent,
    JobId, JobSpec, Jobs, JobsConfig, KeptRun, KeptState, Places, PreviewMethod, RunDraft,
    RunEntry, StoreEvent, StoreTask, open_run,
};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Patience with a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Jobs that keep runs in a folder.
pub fn start_in(places: Places) -> TestResult<Jobs> {
    let config = JobsConfig {
        places: Some(places),
        ..JobsConfig::default()
    };
    Ok(Jobs::start(config, || {})?)
}

fn start(home: &Path) -> TestResult<Jobs> {
    start_in(places(home))
}

fn frame() -> TestResult<Frame> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/frames/fishbowl.png");
    // From the clipboard, so that there is no file to fall back to.
    Ok(Frame::new(
        image::open(path)?.into_rgb8(),
        FrameOrigin::Clipboard,
    ))
}

fn request(steps: usize, seed: u64) -> EditRequest {
    EditRequest {
        question: "What happens if the cat gets hungry?".to_owned(),
        mode: GuidanceMode::Question,
        steps,
        seed,
        preview: PreviewMethod::Off,
        ..EditRequest::default()
    }
}

fn submit(jobs: &mut Jobs, frame: &Frame, requests: Vec<EditRequest>) -> JobId {
    let draft = RunDraft {
        run: None,
        bundle: BundleSource::Embedded,
        frame: frame.clone(),
        seen: None,
        columns: requests.iter().map(|r| (r.clone(), None)).collect(),
        drawing: (0..requests.len()).collect(),
        grid: None,
        target: None,
        timings: Vec::new(),
        rest: serde_json::Map::new(),
    };
    jobs.submit_kept(spec(frame, requests), draft)
}

fn spec(frame: &Frame, requests: Vec<EditRequest>) -> JobSpec {
    JobSpec::Run {
        bundle: BundleSource::Embedded,
        frame: frame.clone(),
        requests,
    }
}

/// Waits for an event that says something.
pub fn wait<T>(
    jobs: &mut Jobs,
    what: &str,
    mut says: impl FnMut(JobEvent) -> Option<T>,
) -> TestResult<T> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(found) = jobs
            .wait_event(Duration::from_millis(20))
            .and_then(&mut says)
        {
            return Ok(found);
        }
    }
    Err(format!("waited in vain for {what}").into())
}

pub fn list(jobs: &mut Jobs) -> TestResult<Vec<RunEntry>> {
    jobs.files(FileTask::Store(StoreTask::List));
    wait(jobs, "the list", |event| match event {
        JobEvent::Store(StoreEvent::Listed(all)) => Some(all),
        _ => None,
    })
}

/// Draws a request alone, where nothing disturbs it.
pub fn undisturbed(frame: &Frame, request: &EditRequest) -> TestResult<Arc<EditResult>> {
    let mut jobs = Jobs::start(JobsConfig::default(), || {})?;
    jobs.submit(spec(frame, vec![request.clone()]));
    wait(&mut jobs, "the picture", |event| match event {
        JobEvent::Drawn(_, _, result) => Some(result),
        _ => None,
    })
}

#[test]
fn a_run_that_was_cut_off_reopens_at_its_last_step_and_ends_as_if_undisturbed() -> TestResult {
    let home = tempfile::tempdir()?;
    let frame = frame()?;
    // Columns of other steps are drawn one after the other, so the first is done early.
    let requests = vec![request(2, 5), request(60, 5)];
    let mut jobs = start(home.path())?;
    let id = submit(&mut jobs, &frame, requests.clone());
    let waiting = submit(&mut jobs, &frame, vec![request(2, 6)]);
    wait(&mut jobs, "the first column", |event| {
        assert!(event.ends() != Some(id), "{event:?}");
        matches!(event, JobEvent::Drawn(_, 0, _)).then_some(())
    })?;
    let end = Instant::now() + PATIENCE;
    while !jobs.take_previews().iter().any(|p| p.column == 1) {
        assert!(Instant::now() < end, "no step of the second column");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(jobs); // the window is closed in the middle of it

    let mut jobs = start(home.path())?;
    jobs.hold(true);
    let runs: Vec<KeptRun> = wait(&mut jobs, "what came back", |event| match event {
        JobEvent::Store(StoreEvent::Recovered(runs)) => Some(runs),
        _ => None,
    })?;
    let [cut_off, later] = runs.as_slice() else {
        return Err(format!("{} runs", runs.len()).into());
    };
    assert_eq!(cut_off.entry.state, KeptState::Interrupted);
    assert_eq!(
        (cut_off.unfinished.as_slice(), later.unfinished.as_slice()),
        (&[1][..], &[0][..])
    );
    assert!(
        cut_off.columns[0].result.is_some(),
        "the finished column is open"
    );
    assert_eq!(cut_off.frame.image, frame.image);
    let steps = cut_off.columns[1].track.clone();
    assert!((1..60).contains(&steps.len()), "{}", steps.len());
    assert!(waiting > id);

    // Going on: what was cut off is drawn from its start, into the same run.
    for kept in &runs {
        let columns = kept.columns.iter();
        let draft = RunDraft {
            run: Some(kept.entry.id),
            bundle: BundleSource::Embedded,
            frame: kept.frame.clone(),
            seen: kept.seen.clone(),
            columns: columns
                .map(|c| (c.request.clone(), c.result.clone()))
                .collect(),
            drawing: kept.unfinished.clone(),
            grid: None,
            target: None,
            timings: Vec::new(),
            rest: kept.rest.clone(),
        };
        let again = kept.unfinished.iter();
        let again = again.map(|column| kept.columns[*column].request.clone());
        jobs.submit_kept(spec(&kept.frame, again.collect()), draft);
    }
    jobs.hold(false);
    let mut ended = 0;
    wait(&mut jobs, "both ends", |event| {
        ended += usize::from(matches!(event, JobEvent::Finished(_)));
        (ended == 2).then_some(())
    })?;
    let entries = list(&mut jobs)?;
    assert_eq!(entries.len(), 2);
    let all_done = |entry: &RunEntry| entry.state == KeptState::Finished;
    assert!(entries.iter().all(all_done), "{entries:?}");
    let file = open_run(
        &entries
            .iter()
            .find(|e| e.finished == 2)
            .ok_or("two columns")?
            .file,
    )?;
    for (request, column) in requests.iter().zip(&file.columns) {
        let alone = undisturbed(&frame, request)?;
        assert!(alone.track == column.track && alone.picture == column.picture);
        assert_eq!(alone.frame, column.frame);
    }
    assert_eq!(
        steps,
        file.columns[1].track[..steps.len()],
        "it showed what it drew"
    );
    drop(jobs);
    let journals = std::fs::read_dir(places(home.path()).runs())?
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "steps"));
    assert_eq!(journals.count(), 0, "a finished run needs no journal");
    Ok(())
}

#[test]
fn waiting_runs_are_moved_held_and_cancelled_at_once() -> TestResult {
    let home = tempfile::tempdir()?;
    let frame = frame()?;
    let mut jobs = start(home.path())?;
    jobs.hold(true);
    let ids: Vec<JobId> = (0..4)
        .map(|seed| submit(&mut jobs, &frame, vec![request(1, seed)]))
        .collect();
    let mut kept = 0;
    wait(&mut jobs, "all are written down", |event| {
        assert!(!matches!(event, JobEvent::Started(_)), "it is held");
        kept += usize::from(matches!(event, JobEvent::Store(StoreEvent::Kept(..))));
        (kept == 4).then_some(())
    })?;
    // Quick work passes, although everything else is held.
    let load = jobs.submit(JobSpec::Load(BundleSource::Embedded));
    wait(&mut jobs, "the bundle", |event| {
        (event.ends() == Some(load)).then_some(())
    })?;
    jobs.cancel(ids[1]);
    let first = wait(&mut jobs, "an answer", |event| event.ends())?;
    assert_eq!(
        first, ids[1],
        "it does not wait for its turn to be cancelled"
    );
    jobs.order(&[ids[3], ids[0]]);
    jobs.hold(false);
    let mut order = Vec::new();
    wait(&mut jobs, "the ends", |event| {
        order.extend(event.ends());
        (order.len() == 3).then_some(())
    })?;
    assert_eq!(order, [ids[3], ids[0], ids[2]]);
    let entries = list(&mut jobs)?;
    assert_eq!(
        entries.len(),
        3,
        "a cancelled run without a picture is not listed"
    );
    Ok(())
}

#[test]
fn where_nothing_can_be_kept_everything_is_drawn() -> TestResult {
    let home = tempfile::tempdir()?;
    std::fs::write(
        home.path().join("data"),
        "a file where the folder should be",
    )?;
    let mut jobs = start(home.path())?;
    let id = submit(&mut jobs, &frame()?, vec![request(1, 0)]);
    let mut off = None;
    wait(&mut jobs, "the picture", |event| match event {
        JobEvent::Store(StoreEvent::Off(problem)) => {
            off = Some(problem);
            None
        }
        event => (event.ends() == Some(id)).then_some(()),
    })?;
    let problem = off.ok_or("nobody said why")?;
    assert!(
        problem.hint.is_some() && problem.file.is_some(),
        "{problem}"
    );
    Ok(())
}
