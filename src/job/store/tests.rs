//! The archive without threads: what is written, what a later program finds.

use super::archive::Archive;
use super::keeper::Message;
use super::*;
use crate::job::{
    BundleSource, EditRequest, EditResult, Estimate, Frame, FrameFacts, FrameOrigin, GuidanceMode,
    JobId, WrittenAnswer,
};
use image::RgbImage;
use std::path::Path;
use std::sync::Arc;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn open(home: &Path) -> Result<(Archive, Vec<StoreEvent>), crate::job::Problem> {
    Archive::open(Folders::new(home.to_owned()))
}

fn frame() -> Frame {
    let image = RgbImage::from_fn(6, 4, |x, y| image::Rgb([x as u8 * 9, y as u8 * 9, 200]));
    Frame::new(image, FrameOrigin::Clipboard)
}

fn request(mode: GuidanceMode) -> EditRequest {
    EditRequest {
        question: "What happens if it rains?".to_owned(),
        mode,
        seed: 7,
        steps: 3,
        ..EditRequest::default()
    }
}

fn at(value: f32) -> Estimate {
    Estimate {
        shape: [1, 1, 2],
        values: [half::f16::from_f32(value); 2].into(),
    }
}

fn result(request: &EditRequest) -> Arc<EditResult> {
    let picture = Arc::new(RgbImage::new(6, 4));
    Arc::new(EditResult {
        job: JobId(0),
        display: picture.clone(),
        picture,
        request: request.clone(),
        answer: None,
        track: (1..=3).map(|step| at(step as f32)).collect(),
        bundle: "toon-tiny".to_owned(),
        bundle_fingerprint: "abc".to_owned(),
        device: "cpu f32".to_owned(),
        frame: FrameFacts::of(&frame()),
        stages: Vec::new(),
        notices: Vec::new(),
        reading: None,
        attention: None,
        check: None,
        rest: serde_json::Map::new(),
    })
}

/// A draft of two columns that are both to be drawn.
fn draft() -> RunDraft {
    let modes = [GuidanceMode::Answer, GuidanceMode::Latent];
    RunDraft {
        run: None,
        bundle: BundleSource::Embedded,
        frame: frame(),
        seen: None,
        columns: modes.map(|mode| (request(mode), None)).to_vec(),
        drawing: vec![0, 1],
        grid: None,
        target: None,
        timings: Vec::new(),
        rest: serde_json::Map::new(),
    }
}

fn key(events: &[StoreEvent]) -> RunKey {
    let kept = events.iter().find_map(|event| match event {
        StoreEvent::Kept(_, key) => Some(*key),
        _ => None,
    });
    kept.expect("the run was kept")
}

fn list(archive: &mut Archive) -> Result<Vec<RunEntry>, Box<dyn std::error::Error>> {
    match archive.task(StoreTask::List)?.pop() {
        Some(StoreEvent::Listed(all)) => Ok(all),
        other => Err(format!("{other:?}").into()),
    }
}

fn recovered(events: Vec<StoreEvent>) -> Vec<KeptRun> {
    let runs = events.into_iter().find_map(|event| match event {
        StoreEvent::Recovered(runs) => Some(runs),
        _ => None,
    });
    runs.unwrap_or_default()
}

/// Submits job 1 and draws it up to step 2, with the first column finished.
fn half_drawn(archive: &mut Archive) -> Result<RunKey, crate::job::Problem> {
    let run = key(&archive.submit(JobId(1), draft())?);
    archive.note(Message::Started(JobId(1)))?;
    archive.note(Message::Seen(JobId(1), at(9.0)))?;
    let answer = WrittenAnswer::given("It gets wet.");
    archive.note(Message::Answered(JobId(1), 1, answer))?;
    for step in 1..=2 {
        archive.note(Message::Step(JobId(1), 1, step, at(step as f32)))?;
    }
    let first = result(&request(GuidanceMode::Answer));
    archive.note(Message::Drawn(JobId(1), 0, first))?;
    archive.write_files()?;
    Ok(run)
}

#[test]
fn a_run_is_written_down_before_it_starts_and_after_it_ends() -> Outcome {
    let home = tempfile::tempdir()?;
    let (mut archive, events) = open(home.path())?;
    assert!(events.is_empty(), "{events:?}");
    let run = key(&archive.submit(JobId(1), draft())?);
    let waiting = list(&mut archive)?.pop().ok_or("it is not listed")?;
    assert_eq!((waiting.id, waiting.state), (run, KeptState::Waiting));
    assert_eq!(waiting.question, "What happens if it rains?");
    assert_eq!(waiting.modes, [GuidanceMode::Answer, GuidanceMode::Latent]);
    assert_eq!((waiting.seeds.as_slice(), waiting.finished), (&[7][..], 0));
    assert!(waiting.frame_file.exists() && !waiting.file.exists());

    archive.note(Message::Started(JobId(1)))?;
    assert_eq!(list(&mut archive)?[0].state, KeptState::Running);
    for (place, mode) in [GuidanceMode::Answer, GuidanceMode::Latent]
        .iter()
        .enumerate()
    {
        let drawn = result(&request(*mode));
        archive.note(Message::Drawn(JobId(1), place, drawn))?;
    }
    archive.note(Message::Ended(JobId(1), KeptState::Finished, None))?;
    let done = list(&mut archive)?.remove(0);
    assert_eq!((done.state, done.finished), (KeptState::Finished, 2));
    assert_eq!(
        (done.bundle.as_str(), done.bundle_fingerprint.as_str()),
        ("toon-tiny", "abc")
    );
    assert_eq!(crate::job::open_run(&done.file)?.columns.len(), 2);
    assert!(
        !folders::journal_of(&done.file).exists(),
        "its journal is gone"
    );
    drop(archive);

    // A later program lists it and has nothing to recover.
    let (mut archive, events) = open(home.path())?;
    assert!(events.is_empty(), "{events:?}");
    assert_eq!(list(&mut archive)?, [done]);
    Ok(())
}

#[test]
fn a_killed_program_leaves_a_queue_with_columns_steps_and_frames() -> Outcome {
    let home = tempfile::tempdir()?;
    let (mut archive, _) = open(home.path())?;
    let at_work = half_drawn(&mut archive)?;
    let waiting: Vec<RunKey> = (2..=4)
        .map(|id| {
            archive
                .submit(JobId(id), draft())
                .map(|events| key(&events))
        })
        .collect::<Result<_, _>>()?;
    archive.note(Message::Order([4, 2, 3].map(JobId).to_vec()))?;
    drop(archive); // no word of an end

    let (archive, events) = open(home.path())?;
    let runs = recovered(events);
    let order: Vec<RunKey> = runs.iter().map(|run| run.entry.id).collect();
    assert_eq!(order, [at_work, waiting[2], waiting[0], waiting[1]]);
    let first = &runs[0];
    assert_eq!(first.entry.state, KeptState::Interrupted);
    assert_eq!(
        first.unfinished,
        [1],
        "the finished column is not drawn again"
    );
    assert!(first.columns[0].result.is_some());
    assert_eq!(first.columns[1].track, [at(1.0), at(2.0)]);
    let answer = first.columns[1].answer.as_ref().map(|a| a.text.as_str());
    assert_eq!(answer, Some("It gets wet."));
    assert_eq!(first.seen, Some(at(9.0)));
    assert_eq!(first.frame.image, frame().image);
    assert_eq!(first.frame.origin, FrameOrigin::Clipboard);
    assert_eq!(runs[1].unfinished, [0, 1]);
    assert_eq!(runs[1].entry.state, KeptState::Waiting);
    drop(archive);

    // Nobody went on, and this program is gone, too: it comes back once more.
    let (mut archive, events) = open(home.path())?;
    assert_eq!(recovered(events).len(), 4);
    // Going on takes the place of the old job, and discarding ends it.
    for (id, run) in (11..).zip(&order) {
        let again = RunDraft {
            run: Some(*run),
            ..draft()
        };
        archive.submit(JobId(id), again)?;
        archive.note(Message::Ended(JobId(id), KeptState::Cancelled, None))?;
    }
    drop(archive);
    let (mut archive, events) = open(home.path())?;
    assert_eq!(recovered(events).len(), 0);
    let listed = list(&mut archive)?;
    assert_eq!(listed.len(), 1, "what never drew anything is not listed");
    assert_eq!(listed[0].state, KeptState::Cancelled);
    Ok(())
}

#[test]
fn two_windows_leave_each_other_s_jobs_alone() -> Outcome {
    let home = tempfile::tempdir()?;
    let (mut one, _) = open(home.path())?;
    half_drawn(&mut one)?;
    let (mut two, events) = open(home.path())?;
    assert_eq!(recovered(events).len(), 0);
    assert_eq!(list(&mut two)?.len(), 1, "but both see all runs");
    drop(one);
    let (three, events) = open(home.path())?;
    assert_eq!(recovered(events).len(), 1);
    let (_four, events) = open(home.path())?;
    assert_eq!(recovered(events).len(), 0, "it belongs to the third now");
    drop(three);
    Ok(())
}

#[test]
fn a_torn_journal_gives_the_steps_before() -> Outcome {
    let home = tempfile::tempdir()?;
    let (mut archive, _) = open(home.path())?;
    half_drawn(&mut archive)?;
    let journal = folders::journal_of(&list(&mut archive)?[0].file);
    drop(archive);
    let bytes = std::fs::read(&journal)?;
    std::fs::write(&journal, &bytes[..bytes.len() - 3])?;
    let (_archive, events) = open(home.path())?;
    let runs = recovered(events);
    assert_eq!(runs[0].columns[1].track, [at(1.0)]);
    Ok(())
}

#[test]
fn stars_and_deletions_are_kept_and_a_deletion_is_undone() -> Outcome {
    let home = tempfile::tempdir()?;
    let (mut archive, _) = open(home.path())?;
    let run = half_drawn(&mut archive)?;
    let refused = archive.task(StoreTask::Delete(vec![run]));
    assert!(refused.is_err(), "it is being drawn");
    archive.note(Message::Ended(JobId(1), KeptState::Finished, None))?;
    archive.task(StoreTask::Star(run, true))?;
    let before = list(&mut archive)?;
    assert!(before[0].starred);

    let bytes = std::fs::read(&before[0].file)?;
    archive.task(StoreTask::Delete(vec![run]))?;
    assert!(list(&mut archive)?.is_empty());
    assert!(!before[0].file.exists());
    let restored = archive.task(StoreTask::Restore(vec![run]))?;
    assert!(
        matches!(restored.as_slice(), [StoreEvent::Restored(all)] if *all == before),
        "{restored:?}"
    );
    assert_eq!(list(&mut archive)?, before);
    assert_eq!(std::fs::read(&before[0].file)?, bytes);
    // It has no end here, so nothing of it goes to the bin of whoever runs the tests.
    Ok(())
}

#[test]
fn a_lost_list_loses_no_run() -> Outcome {
    let home = tempfile::tempdir()?;
    let (mut archive, _) = open(home.path())?;
    half_drawn(&mut archive)?;
    archive.note(Message::Ended(JobId(1), KeptState::Finished, None))?;
    drop(archive);
    let database = home.path().join("studio.db");
    std::fs::write(&database, "scribbled over".repeat(100))?;
    for ending in ["-wal", "-shm"] {
        drop(std::fs::remove_file(format!(
            "{}{ending}",
            database.display()
        )));
    }
    let (mut archive, events) = open(home.path())?;
    assert!(
        matches!(events.as_slice(), [StoreEvent::SetAside(aside)] if aside.exists()),
        "{events:?}"
    );
    let listed = list(&mut archive)?;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].modes, [GuidanceMode::Answer]);
    let opened = archive.task(StoreTask::Open(listed[0].id))?;
    let [StoreEvent::Opened(kept)] = opened.as_slice() else {
        return Err(format!("{opened:?}").into());
    };
    assert!(kept.columns[0].result.is_some());
    assert_eq!(kept.frame.image, frame().image);
    // A new run does not write over the files that were found.
    let run = key(&archive.submit(JobId(2), draft())?);
    let names: Vec<_> = list(&mut archive)?
        .into_iter()
        .map(|entry| entry.file)
        .collect();
    assert_ne!(names[0], names[1], "{run:?}");
    Ok(())
}

#[test]
fn a_column_that_is_added_goes_into_the_same_run() -> Outcome {
    let home = tempfile::tempdir()?;
    let (mut archive, _) = open(home.path())?;
    let run = half_drawn(&mut archive)?;
    // While the second column is still at work, a third one is asked for.
    let both = request(GuidanceMode::Both);
    let mut more = draft();
    more.run = Some(run);
    more.columns.push((both.clone(), None));
    more.drawing = vec![2];
    archive.submit(JobId(2), more)?;
    let second = result(&request(GuidanceMode::Latent));
    archive.note(Message::Drawn(JobId(1), 1, second))?;
    archive.note(Message::Ended(JobId(1), KeptState::Finished, None))?;
    archive.note(Message::Started(JobId(2)))?;
    archive.note(Message::Drawn(JobId(2), 0, result(&both)))?;
    archive.note(Message::Ended(JobId(2), KeptState::Finished, None))?;
    let listed = list(&mut archive)?;
    assert_eq!((listed.len(), listed[0].finished), (1, 3));
    let file = crate::job::open_run(&listed[0].file)?;
    let modes: Vec<_> = file.columns.iter().map(|c| c.request.mode).collect();
    let expected = [
        GuidanceMode::Answer,
        GuidanceMode::Latent,
        GuidanceMode::Both,
    ];
    assert_eq!(modes, expected);
    // A column that is taken out is out of the file as well.
    let mut fewer = draft();
    fewer.run = Some(run);
    fewer.columns = vec![(both.clone(), Some(result(&both)))];
    archive.task(StoreTask::Update(Box::new(fewer)))?;
    assert_eq!(list(&mut archive)?[0].columns, [both]);
    assert_eq!(crate::job::open_run(&listed[0].file)?.columns.len(), 1);
    Ok(())
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_its_job_comes_back() -> Outcome {
    let home = tempfile::tempdir()?;
    let (mut archive, _) = open(home.path())?;
    archive.submit(JobId(1), draft())?;
    archive.note(Message::Started(JobId(1)))?;
    archive.note(Message::Step(JobId(1), 0, 1, at(1.0)))?;
    // Without its folder no run file can be written, whoever runs the tests.
    std::fs::remove_dir_all(home.path().join("runs"))?;
    let first = result(&request(GuidanceMode::Answer));
    archive.note(Message::Drawn(JobId(1), 0, first))?;
    let problem = archive.write_files().err().ok_or("it was written")?;
    assert!(problem.hint.is_some(), "{problem}");
    assert!(
        archive.write_files().is_ok(),
        "it is not tried again for nothing"
    );
    let ended = archive.note(Message::Ended(JobId(1), KeptState::Finished, None));
    assert!(ended.is_err());
    drop(archive);
    let (_archive, events) = open(home.path())?;
    assert_eq!(recovered(events)[0].unfinished, [0, 1]);
    Ok(())
}
