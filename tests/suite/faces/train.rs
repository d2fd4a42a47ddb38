//! The Train page.

use super::camera::Camera;
use crate::vqai::toon;
use crate::window::{Outcome, click, config, state, wait};
use crate::window_train::{act, only_run, short, train, wait_for_state};
use lgd_studio::app::{TrainAction, Trial};
use lgd_studio::job::DeviceChoice;
use lgd_studio::job::training::{RunState, hold_device};

pub fn training(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let data = home.path().join("toon");
    toon(&data, 6, 32)?;
    let mut window = train(home.path());
    camera.look(&mut window, "train-empty")?;
    short(&mut window, &data, 4);
    camera.look(&mut window, "train-form")?;
    act(&mut window, TrainAction::Try);
    wait(&mut window, "the cost is known", |window| {
        matches!(state(window).train.trial, Trial::Done(_))
    });
    camera.look(&mut window, "train-cost")?;
    act(&mut window, TrainAction::Start);
    wait_for_state(&mut window, RunState::Finished);
    let run = only_run(&window).ok_or("there is a run")?.folder;
    wait(&mut window, "its log is followed", |window| {
        let history = state(window).train.histories.get(&run);
        history.is_some_and(|history| history.curves.total.len() == 4)
    });
    camera.look(&mut window, "train-finished")?;
    click(&mut window, "Samples");
    wait(&mut window, "the samples are there", |window| {
        state(window).train.samples.len() == 3
    });
    camera.look(&mut window, "train-samples")?;
    click(&mut window, "Log");
    camera.look(&mut window, "train-log")?;
    act(&mut window, TrainAction::AskDiscard(run.clone()));
    camera.look(&mut window, "train-discard")?;
    act(&mut window, TrainAction::Discard(false));

    act(&mut window, TrainAction::New);
    short(&mut window, &data, 100_000);
    act(&mut window, TrainAction::Try);
    wait(&mut window, "the cost is known", |window| {
        state(window).train.tried().is_some()
    });
    act(&mut window, TrainAction::Start);
    wait(&mut window, "it trains", |window| {
        let shown = state(window).train.shown();
        shown.is_some_and(|card| card.state == RunState::Training && card.step > 20)
    });
    click(&mut window, "Curves");
    act(&mut window, TrainAction::Compare(Some(run)));
    camera.look(&mut window, "train-compared")?;
    click(&mut window, "Pause");
    wait(&mut window, "it waits", |window| {
        let shown = state(window).train.shown();
        shown.is_some_and(|card| card.state == RunState::Paused)
    });
    camera.look(&mut window, "train-paused")?;
    let running = state(&window).train.selected.clone().ok_or("it is shown")?;
    let stop = lgd_studio::job::training::Control::StopAndKeep;
    act(&mut window, TrainAction::Control(running, stop));
    wait(&mut window, "it stopped", |window| {
        let shown = state(window).train.shown();
        shown.is_some_and(|card| card.state == RunState::Stopped)
    });
    Ok(())
}

pub fn failing(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let data = home.path().join("toon");
    toon(&data, 6, 32)?;
    let mut window = train(home.path());
    let nowhere = home.path().join("a folder that is not there");
    act(&mut window, TrainAction::Examine(nowhere));
    wait(&mut window, "it was looked for", |window| {
        state(window).train.health.is_some()
    });
    camera.look(&mut window, "train-no-data")?;
    let places = config(home.path()).places.ok_or("there are places")?;
    let _held = hold_device(&places, DeviceChoice::Cpu, "another-run".as_ref())?;
    short(&mut window, &data, 4);
    act(&mut window, TrainAction::Try);
    wait(&mut window, "the cost is known", |window| {
        matches!(state(window).train.trial, Trial::Done(_))
    });
    act(&mut window, TrainAction::Start);
    wait_for_state(&mut window, RunState::Failed);
    camera.look(&mut window, "train-failed")
}
