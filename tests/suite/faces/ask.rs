//! The Ask page and what opens above it.

use super::camera::Camera;
use super::{act, click};
use crate::cli::Place;
use crate::window::{
    Outcome, Window, ask_quickly, config, drop_file, open, state, wait, wait_until_ready,
};
use crate::window_desktop::begin_long_run;
use crate::window_files::saved_answer;
use lgd_studio::app::{
    Action, AppConfig, BundleState, Dialog, Explain, GridAction, QueueAction, Topic,
};
use lgd_studio::job::{BundleSource, GuidanceMode, JobEvent, Problem, Remedy};

fn drawn(window: &mut Window) {
    wait(window, "everything is drawn", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| run.columns.iter().all(|c| c.result().is_some()))
    });
}

/// Before the first question: the page, and the dialogs that open above it.
pub fn asking(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    camera.look(&mut window, "ask-empty")?;
    ask_quickly(&mut window, |form| form.modes = GuidanceMode::ALL.to_vec());
    camera.look(&mut window, "ask-four-modes")?;
    for (dialog, name) in [
        (Dialog::Palette, "palette"),
        (Dialog::Grid, "grid-dialog"),
        (Dialog::Settings, "settings"),
        (Dialog::About, "about"),
        (Dialog::Network, "network-none"),
    ] {
        act(&mut window, Action::ShowDialog(dialog));
        camera.look(&mut window, name)?;
        act(&mut window, Action::CloseDialog);
    }
    ask_quickly(&mut window, |form| {
        form.request.question = "What happens if the cat gets hungry? ".repeat(30);
        form.second = Some(String::new());
    });
    window.step();
    camera.look(&mut window, "ask-long-question")
}

/// While it draws, with another run that waits.
pub fn running(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    begin_long_run(&mut window, &GuidanceMode::ALL);
    camera.look(&mut window, "ask-running")?;
    act(&mut window, Action::Quit);
    camera.look(&mut window, "quit")?;
    act(&mut window, Action::CloseDialog);
    ask_quickly(&mut window, |form| {
        form.request.question = "What happens if it snows?".to_owned();
        form.modes = vec![GuidanceMode::Latent];
    });
    act(&mut window, Action::Generate);
    camera.look(&mut window, "ask-waiting")?;
    act(&mut window, Action::Queue(QueueAction::Open(true)));
    camera.look(&mut window, "queue")?;
    act(&mut window, Action::Queue(QueueAction::CancelAll));
    wait(&mut window, "all stopped", |window| {
        !state(window).is_busy()
    });
    camera.look(&mut window, "queue-over")?;
    act(&mut window, Action::Queue(QueueAction::Open(false)));
    camera.look(&mut window, "ask-cancelled")
}

/// Answers of all four modes, and everything that can be known about them.
pub fn finished(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| {
        form.modes = GuidanceMode::ALL.to_vec();
        form.request.steps = 8;
    });
    act(&mut window, Action::Generate);
    drawn(&mut window);
    camera.look(&mut window, "ask-finished")?;
    act(&mut window, Action::Seek(Some(2)));
    act(&mut window, Action::ShowTimes(true));
    camera.look(&mut window, "ask-times")?;
    act(&mut window, Action::ShowTimes(false));
    let ask_back = Explain::Check(1, "Is the cat hungry?".to_owned());
    act(&mut window, Action::Explain(ask_back));
    wait(&mut window, "the model has judged", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| run.columns[1].explained.check.is_some())
    });
    camera.look(&mut window, "ask-judged")?;
    act(&mut window, Action::Look(true));
    camera.look(&mut window, "compare")?;
    click(&mut window, "Difference");
    camera.look(&mut window, "compare-difference")?;
    act(&mut window, Action::Look(false));

    act(&mut window, Action::Explain(Explain::Open(2)));
    wait(&mut window, "the attention is there", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| run.columns[2].explained.attention.is_some())
    });
    camera.look(&mut window, "explain-attention")?;
    act(
        &mut window,
        Action::Explain(Explain::Ask(2, Topic::Reading, Vec::new())),
    );
    click(&mut window, "Effect");
    camera.look(&mut window, "explain-effect")?;
    click(&mut window, "Measure every word");
    wait(&mut window, "every word is measured", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| {
            let explained = &run.columns[2].explained;
            explained.progress(Topic::Effects).is_none() && !explained.effects.is_empty()
        })
    });
    camera.look(&mut window, "explain-effects")?;
    act(&mut window, Action::Explain(Explain::Close));
    act(&mut window, Action::ShowDialog(Dialog::Story));
    camera.look(&mut window, "story-dialog")?;
    act(&mut window, Action::CloseDialog);
    click(&mut window, "More about Latent");
    camera.look(&mut window, "ask-menu")
}

/// Grids, two questions, and a picture that says how it was drawn.
pub fn grids(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| {
        form.request.steps = 2;
        form.second = Some("What happens if it rains?".to_owned());
        form.modes = vec![GuidanceMode::Answer, GuidanceMode::Latent];
    });
    act(&mut window, Action::Generate);
    drawn(&mut window);
    camera.look(&mut window, "ask-two-questions")?;
    ask_quickly(&mut window, |form| form.second = None);
    act(&mut window, GridAction::Plan { map: true });
    act(&mut window, GridAction::Draw);
    drawn(&mut window);
    camera.look(&mut window, "grid")?;

    let place = Place::new()?;
    let answer = saved_answer(&place)?;
    drop_file(&mut window, &answer);
    wait(&mut window, "there is a choice", |window| {
        state(window).offer.is_some()
    });
    camera.look(&mut window, "offer")
}

/// What failed, and what to do.
pub fn failing(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| form.modes = GuidanceMode::ALL.to_vec());
    act(&mut window, Action::Generate);
    let run = state(&window).run.as_ref();
    let job = run.and_then(|run| run.columns.first()?.job);
    let (job, _) = job.ok_or("a job was submitted")?;
    let problem = Problem::new(
        "The device is out of memory after 3.1 GB: the picture needs 412 MB more than is free.",
    )
    .hint("Choose a smaller bundle, close other programs, or compute on the processor.")
    .remedy(Remedy::UseCpu);
    window.state_mut().receive(JobEvent::Failed(job, problem));
    camera.look(&mut window, "ask-failed")?;
    let broken = home.path().join("broken.png");
    std::fs::write(&broken, "not a picture")?;
    act(&mut window, Action::OpenPath(broken));
    wait(&mut window, "the picture is refused", |window| {
        !state(window).notices.is_empty()
    });
    camera.look(&mut window, "ask-notice")?;
    drop(window);

    let home = tempfile::tempdir()?;
    let missing = home.path().join("no-such-bundle");
    let mut window = open(AppConfig {
        bundle: Some(BundleSource::Folder(missing)),
        ..config(home.path())
    });
    wait(&mut window, "the bundle fails", |window| {
        matches!(state(window).bundle, BundleState::Failed(_)) && !state(window).frame.opening
    });
    camera.look(&mut window, "ask-no-bundle")
}
