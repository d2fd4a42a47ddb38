//! Where the time of a run went, in the window by accessible label, and on the command line.

use crate::cli::{FRAME, Place, QUESTION, example, expect_code, refused};
use crate::runs::edited;
use crate::window::{
    Outcome, Window, ask_quickly, config, has_text, open, state, wait, wait_until_ready,
};
use eframe::egui;
use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, Run};
use lgd_studio::job::{FileTask, GuidanceMode, Work, open_run};
use serde_json::{Map, Value};

fn run(window: &Window) -> &Run {
    state(window).run.as_ref().expect("there is a run")
}

fn drawn(window: &mut Window) {
    wait(window, "the columns are drawn", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| run.columns.iter().all(|c| c.result().is_some()))
    });
}

#[test]
fn window_shows_where_the_time_went_while_it_draws_and_after_a_restart() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| {
        form.modes = vec![GuidanceMode::Answer, GuidanceMode::Latent];
        form.request.steps = 6;
    });
    window.step();
    window.key_press(Key::T);
    window.step();
    assert!(!state(&window).timing, "there is nothing to show yet");
    window.key_press(Key::Enter);
    wait(&mut window, "something was measured", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| run.times.is_live())
    });
    window.key_press(Key::T);
    window.step();
    window.step();
    assert!(state(&window).timing);
    drawn(&mut window);
    wait(&mut window, "the job is over", |window| {
        !run(window).times.is_live()
    });
    assert!(has_text(&window, "Stage times") && has_text(&window, "in all"));
    let [timings] = run(&window).times.over.as_slice() else {
        panic!("one job, one record");
    };
    let count = |work| timings.spans.iter().filter(|s| s.work == work).count();
    assert_eq!((count(Work::Step), count(Work::Preview)), (6, 12));
    assert_eq!((count(Work::Decoding), count(Work::Waiting)), (2, 1));
    assert!(count(Work::Reading) >= 1 && count(Work::Thinking) >= 1);
    // The spans are the job's whole time, one after the other.
    let sum: f64 = Work::ALL.iter().map(|work| timings.total(*work)).sum();
    let missing = timings.seconds - sum;
    assert!(
        missing.abs() < 0.05 * timings.seconds + 0.01,
        "{missing} of {}",
        timings.seconds
    );
    for pair in timings.spans.windows(2) {
        assert!(
            pair[0].start + pair[0].seconds <= pair[1].start + 1e-4,
            "{pair:?}"
        );
    }
    let label = format!("Step {:.2} s", timings.total(Work::Step));
    let short = timings.total(Work::Step) < 0.0995;
    assert!(short || has_text(&window, &label), "{label}");

    // A second job of the run has a chart of its own.
    window.state_mut().act(Action::Retry(0));
    drawn(&mut window);
    wait(&mut window, "both jobs are known", |window| {
        run(window).times.over.len() == 2
    });
    assert!(has_text(&window, "Job 2 of 2"));
    window
        .get_by_role_and_label(Role::Button, "Earlier job of this run")
        .click();
    window.step();
    window.step();
    assert!(has_text(&window, "Job 1 of 2"));

    // It is part of the run's file, and of the run that is kept.
    let known = run(&window).times.over.clone();
    let path = home.path().join("times.lgdrun");
    let file = std::sync::Arc::new(run(&window).to_file());
    let save = FileTask::SaveRun(file, path.clone());
    drop(window);
    let mut jobs = lgd_studio::job::Jobs::start(Default::default(), || {})?;
    jobs.files(save);
    wait_saved(&mut jobs)?;
    assert_eq!(open_run(&path)?.timings, known);
    let kept = std::fs::read_dir(home.path().join("data/runs"))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "lgdrun"))
        .ok_or("the run is kept")?;
    assert_eq!(open_run(&kept)?.timings, known);
    let mut window = open(config(home.path()));
    window.state_mut().act(Action::OpenPath(kept));
    wait(&mut window, "the run is open", |window| {
        state(window).run.is_some()
    });
    window.state_mut().act(Action::ShowTimes(true));
    window.step();
    window.step();
    assert!(has_text(&window, "Job 2 of 2"));
    window
        .get_by_role_and_label(Role::Button, "Hide stage times")
        .click();
    window.step();
    window.step();
    assert!(!state(&window).timing);
    Ok(())
}

fn wait_saved(jobs: &mut lgd_studio::job::Jobs) -> Outcome {
    use lgd_studio::job::JobEvent;
    for _ in 0..200 {
        match jobs.wait_event(std::time::Duration::from_millis(100)) {
            Some(JobEvent::Saved(_)) => return Ok(()),
            Some(JobEvent::FileFailed(problem)) => return Err(problem.to_string().into()),
            _ => {}
        }
    }
    Err("nothing was saved".into())
}

#[test]
fn window_says_where_an_old_run_was_not_measured() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    let timed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/assets/conference/snowman.lgdrun"
    );
    let old = home.path().join("old.lgdrun");
    edited(timed.as_ref(), &old, "run.json", |json| {
        let mut about: Map<String, Value> = serde_json::from_slice(&json).expect("it is JSON");
        assert!(about.remove("timings").is_some(), "it was timed");
        serde_json::to_vec(&about).expect("it is JSON")
    })?;
    window.state_mut().act(Action::OpenPath(old));
    wait(&mut window, "the run is open", |window| {
        state(window).run.is_some()
    });
    window.state_mut().act(Action::ShowTimes(true));
    window.step();
    window.step();
    assert!(has_text(&window, "were not measured"));
    Ok(())
}

#[test]
fn timings_are_saved_on_the_command_line() -> Result<(), Box<dyn std::error::Error>> {
    let place = Place::new()?;
    let more = [
        "--timings",
        "times.json",
        "--run",
        "a.lgdrun",
        "-o",
        "a.png",
    ];
    place.ask(&example(FRAME), QUESTION, &more)?;
    let value: Value = serde_json::from_slice(&std::fs::read(place.path("times.json"))?)?;
    let job = &value["jobs"][0];
    let spans = job["spans"].as_array().ok_or("spans")?;
    let of = |work: &str| spans.iter().filter(|span| span["work"] == work).count();
    assert_eq!((of("step"), of("decoding"), of("loading")), (3, 1, 1));
    assert!(job["totals"]["loading"].as_f64() > Some(0.0), "{job}");
    // The same from the run that was saved, as a table.
    let export = ["export", "a.lgdrun", "--format", "times", "-o", "times.csv"];
    expect_code(&place.run(&export)?, 0)?;
    let table = std::fs::read_to_string(place.path("times.csv"))?;
    assert!(
        table.starts_with("job,work,start_seconds,seconds,step"),
        "{table}"
    );
    assert_eq!(table.lines().count(), spans.len() + 1);
    let frame = example(FRAME).display().to_string();
    let wrong = place.run(&["ask", &frame, QUESTION, "--timings", "times.txt"])?;
    refused(&wrong, 2, &[".csv or .json", "times.txt"])?;
    Ok(())
}
