//! The Train page by accessible label, with real runs in real processes behind it.

use crate::vqai::toon;
use crate::window::{Outcome, Window, click, config, has_text, open, places, state, wait};
use eframe::egui;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use lgd_studio::app::{Action, AppConfig, Page, TrainAction, TrainDraft, Trial};
use lgd_studio::job::Precision;
use lgd_studio::job::training::{Control, Event, Losses, Preset, RunCard, RunState, StepReport};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A window on the page, once the runs were looked for.
pub fn train(home: &Path) -> Window {
    train_with(config(home))
}

/// The same with another configuration of the program.
pub fn train_with(config: AppConfig) -> Window {
    let mut window = open(config);
    window.get_by_role_and_label(Role::Button, "Train").click();
    wait(&mut window, "the runs were looked for", |window| {
        state(window).train.runs.is_some()
    });
    assert_eq!(state(&window).page, Page::Train);
    window
}

pub fn act(window: &mut Window, action: TrainAction) {
    window.state_mut().act(Action::Train(action));
    window.step();
}

/// A run of the translation alone on six small samples, in the form.
pub fn short(window: &mut Window, data: &Path, steps: u64) {
    let mut draft = TrainDraft::default().with_preset(Preset::Adapter);
    draft.name = "night".to_owned();
    draft.pinned = 1;
    let config = &mut draft.config;
    config.data.resolution = 32;
    config.optim.batch = 1;
    config.trainer.max_steps = steps;
    config.trainer.checkpoint_every = 2;
    config.sample.every = 2;
    config.sample.steps = 1;
    act(window, TrainAction::Edit(Box::new(draft)));
    act(window, TrainAction::Examine(data.to_path_buf()));
    wait(window, "the data is known", |window| {
        state(window).train.health.is_some()
    });
}

pub fn only_run(window: &Window) -> Option<RunCard> {
    let runs = state(window).train.runs.as_ref()?;
    runs.first().cloned()
}

pub fn wait_for_state(window: &mut Window, wanted: RunState) {
    wait(window, &format!("the run is {wanted:?}"), |window| {
        only_run(window).is_some_and(|card| card.state == wanted)
    });
}

/// Chooses the precision of the run in the form, which trains on the processor.
fn choose_32_bits(window: &mut Window) {
    let combo = window.get_by_role_and_label(Role::ComboBox, "Precision");
    combo.click();
    window.run_steps(6);
    let half = window.get_by_role_and_label(Role::Button, "16 bits");
    assert!(half.accesskit_node().is_disabled(), "they are slower here");
    click(window, "32 bits");
    let chosen = state(window).train.draft.config.trainer.precision;
    assert_eq!(chosen, Precision::F32);
}

#[test]
fn window_train_looks_at_the_cost_trains_and_makes_a_bundle() -> Outcome {
    let home = tempfile::tempdir()?;
    let data = home.path().join("toon");
    toon(&data, 6, 32)?;
    let mut window = train(home.path());
    wait(&mut window, "the empty list says what to do", |window| {
        has_text(window, "No runs yet")
    });
    assert!(has_text(&window, "Choose, type or drop a data folder"));
    short(&mut window, &data, 4);
    assert!(has_text(&window, "train: 6 records, 6 with an answer"));
    let start = window.get_by_role_and_label(Role::Button, "Start");
    assert!(
        start.accesskit_node().is_disabled(),
        "the cost is not known"
    );
    choose_32_bits(&mut window);
    let told = |window: &Window| window.query_all_by_label_contains("32 bits").count();
    let before = told(&window);
    click(&mut window, "Look at the cost");
    wait(&mut window, "the cost is known", |window| {
        matches!(state(window).train.trial, Trial::Done(_))
    });
    assert_eq!(told(&window), before + 1, "what it costs says so");
    let tried = state(&window).train.tried().cloned();
    let tried = tried.ok_or_else(|| format!("{:?}", state(&window).train.trial))?;
    assert_eq!(
        (tried.forecast.samples, tried.forecast.losses.len()),
        (6, 2)
    );
    assert!(tried.forecast.seconds_per_step > 0.0 && tried.disk_free.is_some());
    click(&mut window, "Start");
    wait_for_state(&mut window, RunState::Finished);
    // Curves, samples and log are there.
    let card = only_run(&window).ok_or("there is a run")?;
    assert_eq!((card.name.as_str(), card.step), ("night-1", 4));
    wait(&mut window, "its log is followed", |window| {
        let history = state(window).train.histories.get(&card.folder);
        history.is_some_and(|history| history.curves.total.len() == 4)
    });
    assert!(has_text(&window, "Learning rate"));
    click(&mut window, "Samples");
    wait(&mut window, "the samples are on screen", |window| {
        has_text(window, "after 4 steps") && state(window).train.samples.len() == 3
    });
    act(&mut window, TrainAction::Wall(Some(2)));
    assert!(has_text(&window, "after 2 steps"));
    click(&mut window, "Log");
    assert!(has_text(&window, "All 4 steps are done"));
    click(&mut window, "Make a bundle");
    wait(&mut window, "there is a bundle", |window| {
        has_text(window, "A bundle was made of step 4")
    });
    assert!(
        places(home.path())
            .bundles()
            .join("night-1/lgd.json")
            .is_file()
    );
    // It goes to the bin only after a yes.
    click(&mut window, "Discard");
    click(&mut window, "Keep it");
    assert!(card.folder.is_dir());
    Ok(())
}

#[test]
fn window_train_finds_a_run_again_that_outlived_its_window() -> Outcome {
    let home = tempfile::tempdir()?;
    let data = home.path().join("toon");
    toon(&data, 6, 32)?;
    let mut window = train(home.path());
    short(&mut window, &data, 100_000);
    act(&mut window, TrainAction::Try);
    wait(&mut window, "the cost is known", |window| {
        state(window).train.tried().is_some()
    });
    act(&mut window, TrainAction::Start);
    wait_for_state(&mut window, RunState::Training);
    // A second run waits for the device.
    act(&mut window, TrainAction::New);
    assert_eq!(state(&window).train.start_blocked(), None);
    act(&mut window, TrainAction::Start);
    wait(&mut window, "two runs are there", |window| {
        let runs = state(window).train.runs.as_ref();
        runs.is_some_and(|runs| runs.iter().any(|run| run.state == RunState::Waiting))
    });
    let waiting = state(&window).train.selected.clone().ok_or("it is shown")?;
    click(&mut window, "Take out of the queue");
    drop(window);

    let mut window = train(home.path());
    wait(&mut window, "the run is found", |window| {
        state(window)
            .train
            .shown()
            .is_some_and(|card| card.state == RunState::Training)
    });
    let run = state(&window).train.selected.clone().ok_or("it is shown")?;
    assert_ne!(run, waiting);
    let shown = |wanted| {
        move |window: &mut Window| {
            state(window)
                .train
                .shown()
                .is_some_and(|c| c.state == wanted)
        }
    };
    click(&mut window, "Pause");
    wait(&mut window, "it waits", shown(RunState::Paused));
    click(&mut window, "Continue");
    wait(&mut window, "it goes on", shown(RunState::Training));
    let pid = state(&window).train.shown().and_then(|card| card.pid);
    // Its process is killed; the window says so, and the run goes on from its last checkpoint.
    let killed = std::process::Command::new("kill")
        .args(["-9", &pid.ok_or("it has a process")?.to_string()])
        .status()?;
    assert!(killed.success());
    wait(&mut window, "it is gone", shown(RunState::Killed));
    assert!(has_text(&window, "without saying why"));
    click(&mut window, "Resume");
    wait(&mut window, "it goes on", shown(RunState::Training));
    act(
        &mut window,
        TrainAction::Control(run.clone(), Control::StopAndKeep),
    );
    wait(&mut window, "it stopped", shown(RunState::Stopped));

    // A vanished data folder is said in the panel, and the run is kept.
    std::fs::remove_dir_all(&data)?;
    act(&mut window, TrainAction::Resume(run.clone()));
    wait(&mut window, "it failed", shown(RunState::Failed));
    let problem = state(&window)
        .train
        .shown()
        .and_then(|card| card.problem.clone());
    let text = problem.ok_or("it says why")?.to_string();
    assert!(text.contains("labels_cot_train.json"), "{text}");
    assert!(run.join("checkpoints").is_dir());
    Ok(())
}

/// Steps as a run writes them.
fn step(number: u64) -> String {
    let wave = (number as f32 * 0.1).sin() * 0.1;
    let losses = Losses {
        total: 1.0 + wave,
        diffusion: Some(0.7 + wave),
        answer: Some(2.0),
        contrastive: Some(0.3),
        ..Losses::default()
    };
    let report = StepReport {
        step: number,
        epoch: 0,
        losses,
        lr: 1e-4,
        grad_norm: 1.0,
        seconds: 0.02,
        samples: 4,
    };
    format!("{}\n", Event::Step(report).to_line())
}

#[test]
fn window_train_stays_quick_while_a_run_writes_fifty_events_a_second() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder: PathBuf = places(home.path()).training().join("long-1");
    std::fs::create_dir_all(&folder)?;
    let config = TrainDraft::default().config;
    std::fs::write(folder.join("config.toml"), config.to_text()?)?;
    let mut log = std::fs::File::create(folder.join("events.jsonl"))?;
    for number in 1..=20_000 {
        log.write_all(step(number).as_bytes())?;
    }
    let mut window = train(home.path());
    act(&mut window, TrainAction::Select(folder.clone()));
    let points = |window: &Window| {
        let history = state(window).train.histories.get(&folder);
        history.map_or(0, |history| history.curves.total.len())
    };
    wait(&mut window, "the curves are there", |window| {
        points(window) > 500
    });
    let drawn = points(&window);
    assert!(drawn <= 1024, "{drawn} points");
    let (begun, mut number) = (Instant::now(), 20_000);
    while begun.elapsed() < Duration::from_secs(3) {
        number += 1;
        log.write_all(step(number).as_bytes())?;
        window.step();
        std::thread::sleep(Duration::from_millis(10));
    }
    let newest = |window: &Window| only_run(window).map_or(0, |card| card.step);
    wait(&mut window, "all of them were read", |window| {
        newest(window) == number
    });
    let times = window
        .state()
        .times()
        .summary()
        .ok_or("frames were drawn")?;
    println!("work on the UI thread per frame: {times:?}");
    // As for drawing: tests share the processor, so only the median is held to the goal here.
    assert!(times.median_ms <= 5.0, "{times:?}");
    Ok(())
}
