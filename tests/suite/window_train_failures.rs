//! The Train page when something goes wrong, with real runs in real processes: the panel and the log
//! say what, and the run is kept.

use crate::training_failures::small_disks;
use crate::vqai::toon;
use crate::window::{Outcome, Window, click, config, has_text, places, state, wait};
use crate::window_train::{act, only_run, short, train, train_with, wait_for_state};
use lgd_studio::app::{TrainAction, TrainDraft};
use lgd_studio::job::DeviceChoice;
use lgd_studio::job::training::{LrSchedule, RunState, hold_device};
use lgd_studio::train::LinearCycles;
use std::path::Path;

/// Fills the form, changed by `change`, looks at the cost and starts.
fn start(window: &mut Window, data: &Path, steps: u64, change: impl FnOnce(&mut TrainDraft)) {
    short(window, data, steps);
    let mut draft = state(window).train.draft.clone();
    draft.config.sample.every = 0;
    change(&mut draft);
    act(window, TrainAction::Edit(Box::new(draft)));
    act(window, TrainAction::Try);
    wait(window, "the cost is known", |window| {
        state(window).train.tried().is_some()
    });
    act(window, TrainAction::Start);
}

/// What the panel says, and a run that is still there with its checkpoints.
fn failed(window: &mut Window, words: &[&str]) -> Outcome {
    wait_for_state(window, RunState::Failed);
    let card = only_run(window).ok_or("the run is kept")?;
    assert!(card.folder.join("config.toml").is_file());
    for word in words {
        assert!(
            has_text(window, word),
            "the panel does not say {word}: {card:?}"
        );
    }
    Ok(())
}

#[test]
fn window_train_says_that_the_loss_is_not_a_number() -> Outcome {
    let home = tempfile::tempdir()?;
    let data = home.path().join("toon");
    toon(&data, 6, 32)?;
    let mut window = train(home.path());
    start(&mut window, &data, 30, |draft| {
        // Fine for some steps, and then out of this world.
        draft.config.optim.schedule = LrSchedule::Cycles(LinearCycles {
            warm_up_steps: vec![0, 0],
            cycle_lengths: vec![5, 100],
            f_start: vec![1.0; 2],
            f_max: vec![1.0, 1e36],
            f_min: vec![1.0, 1e36],
        });
    });
    failed(
        &mut window,
        &["not a number in step", "is good", "optim.lr"],
    )?;
    let card = only_run(&window).ok_or("the run is kept")?;
    assert!(card.step >= 6, "{card:?}");
    assert!(
        card.folder
            .join("checkpoints/step-00000006/state.json")
            .is_file()
    );
    click(&mut window, "Log");
    assert!(has_text(&window, "not a number"));
    assert!(has_text(&window, "Resume"), "it can go on");
    Ok(())
}

#[test]
fn window_train_tells_of_a_picture_that_broke_and_of_a_device_that_is_taken() -> Outcome {
    let home = tempfile::tempdir()?;
    let data = home.path().join("toon");
    toon(&data, 6, 32)?;
    let mut window = train(home.path());
    // Another program has the device: the run is made, says so, and begins once it is free.
    let held = hold_device(
        &places(home.path()),
        DeviceChoice::Cpu,
        Path::new("another-run"),
    )?;
    start(&mut window, &data, 8, |_| {});
    failed(&mut window, &["trains another run already", "another-run"])?;
    drop(held);
    // In the middle of the epoch a picture is no picture any more: the run goes on without it.
    std::fs::write(data.join("images/train_000003a.png"), b"no picture")?;
    click(&mut window, "Resume");
    wait_for_state(&mut window, RunState::Finished);
    let card = only_run(&window).ok_or("the run is kept")?;
    assert_eq!(card.step, 8);
    click(&mut window, "Log");
    wait(&mut window, "the log tells it", |window| {
        has_text(window, "train_000003: train_000003a.png")
            || has_text(window, "train_000003 is left out")
    });
    Ok(())
}

#[cfg(unix)]
#[test]
fn window_train_says_that_the_disk_is_full_and_goes_on_when_there_is_room() -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;

    if !small_disks() {
        println!("this system lets nobody mount a small disk");
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    let data = home.path().join("toon");
    toon(&data, 6, 32)?;
    // The program, with a small disk under the checkpoints while the file `full` is there.
    let (script, full) = (home.path().join("program.sh"), home.path().join("full"));
    let text = format!(
        "#!/bin/sh\n\
         if [ \"$2\" = --resume ] && [ -e '{full}' ]; then\n\
         mkdir -p \"$3/checkpoints\"\n\
         exec unshare -rm sh -c 'mount -t tmpfs -o size=64k none \"$3/checkpoints\" && exec \"$0\" \"$@\"' '{program}' \"$@\"\n\
         fi\n\
         exec '{program}' \"$@\"\n",
        full = full.display(),
        program = env!("CARGO_BIN_EXE_lgd-studio"),
    );
    std::fs::write(&script, text)?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    std::fs::write(&full, b"")?;
    let mut config = config(home.path());
    config.program = Some(script);
    let mut window = train_with(config);
    start(&mut window, &data, 4, |_| {});
    failed(
        &mut window,
        &["No space left", "Make room on the disk and resume"],
    )?;
    std::fs::remove_file(&full)?;
    let run = only_run(&window).ok_or("the run is kept")?.folder;
    act(&mut window, TrainAction::Resume(run));
    wait_for_state(&mut window, RunState::Finished);
    Ok(())
}
