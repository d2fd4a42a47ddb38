//! Pages that work on many pictures: Gallery, Dataset, Evaluate and Vote.

use super::camera::Camera;
use super::{act, click};
use crate::datasets_health::damaged;
use crate::window::{Outcome, Window, config, open, state, wait, wait_until_ready};
use crate::window_dataset::{folder, open_folder};
use crate::window_evaluate::{edit, page, toon};
use crate::window_gallery::{RAIN, SUN, click_card, show_many};
use crate::window_pairs::film;
use crate::window_vote::{begin, evaluation, wait_for_pictures};
use eframe::egui;
use egui::Modifiers;
use lgd_studio::app::{
    Action, CoverState, DatasetAction, EvaluateAction, HealthAction, OpenFolder, Page, PairView,
    StripAction, ThumbState,
};
use lgd_studio::job::{GuidanceMode, RunKey};

pub fn gallery(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    act(&mut window, Action::ShowPage(Page::Gallery));
    wait(&mut window, "it is listed", |window| {
        state(window).gallery.runs.is_some()
    });
    camera.look(&mut window, "gallery-empty")?;
    show_many(&mut window, home.path());
    wait(&mut window, "the first card says what is wrong", |window| {
        let cover = state(window).gallery.cover(RunKey(2000));
        matches!(cover, Some(CoverState::Failed(_)))
    });
    camera.look(&mut window, "gallery-many")?;
    drop(window);
    let home = tempfile::tempdir()?;
    let mut window = crate::window_gallery::gallery(home.path());
    camera.look(&mut window, "gallery")?;
    click_card(&mut window, RAIN, Modifiers::NONE);
    camera.look(&mut window, "gallery-one")?;
    click_card(&mut window, SUN, Modifiers::COMMAND);
    camera.look(&mut window, "gallery-compared")
}

fn thumbs_are_there(open: &OpenFolder) -> bool {
    let mut places = 0..open.folder.pairs.len().min(12);
    places.all(|place| matches!(open.thumb(place), Some(ThumbState::Ready(_))))
}

pub fn dataset(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    act(&mut window, Action::ShowPage(Page::Dataset));
    camera.look(&mut window, "dataset-empty")?;
    act(&mut window, DatasetAction::Open(home.path().to_path_buf()));
    wait(&mut window, "the folder is refused", |window| {
        state(window).dataset.failed.is_some()
    });
    camera.look(&mut window, "dataset-failed")?;

    let data = home.path().join("toon");
    crate::vqai::toon(&data, 30, 96)?;
    open_folder(&mut window, &data);
    wait(&mut window, "the thumbnails are there", |window| {
        let open = state(window).dataset.open.as_ref();
        open.is_some_and(thumbs_are_there)
    });
    act(&mut window, DatasetAction::Select(1));
    wait(&mut window, "both pictures are decoded", |window| {
        let open = state(window).dataset.open.as_ref();
        open.is_some_and(|open| open.pictures.is_some())
    });
    camera.look(&mut window, "dataset-cards")?;
    act(&mut window, DatasetAction::View(PairView::Rows));
    camera.look(&mut window, "dataset-rows")?;
    act(&mut window, DatasetAction::Look(true));
    camera.look(&mut window, "dataset-compared")?;
    act(&mut window, DatasetAction::Look(false));
    act(&mut window, DatasetAction::Sketch(true));
    camera.look(&mut window, "dataset-sketch")?;
    act(&mut window, DatasetAction::Sketch(false));
    act(&mut window, StripAction::Show(true));
    camera.look(&mut window, "dataset-strip-empty")?;
    let film = film(home.path(), 9)?;
    act(&mut window, StripAction::Take(vec![film]));
    wait(&mut window, "the frames are drawn", |window| {
        let strip = state(window).dataset.strip.as_ref();
        strip.is_some_and(|strip| (0..9).all(|at| matches!(strip.thumb(at), Some(Ok(_)))))
    });
    act(&mut window, StripAction::Before(Some(1)));
    act(&mut window, StripAction::After(Some(3)));
    wait(&mut window, "both are decoded", |window| {
        state(window).dataset.strip_blocked().is_none()
    });
    camera.look(&mut window, "dataset-strip")?;
    drop(window);
    // Questions that are missing, and somebody who edits already.
    let plain = folder(home.path(), 5)?;
    let mut first = open(config(home.path()));
    open_folder(&mut first, &plain);
    let mut second = open(config(home.path()));
    open_folder(&mut second, &plain);
    camera.look(&mut second, "dataset-locked")
}

pub fn health(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let data = home.path().join("damaged");
    std::fs::create_dir_all(&data)?;
    damaged(&data)?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    open_folder(&mut window, &data);
    act(&mut window, HealthAction::Show(true));
    camera.look(&mut window, "dataset-health-before")?;
    act(&mut window, HealthAction::Examine);
    wait(&mut window, "it was examined", |window| {
        let open = state(window).dataset.open.as_ref();
        open.is_some_and(|open| open.health.report.is_some())
    });
    camera.look(&mut window, "dataset-health")
}

pub fn evaluating(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let data = home.path().join("toon");
    toon(&data, 3)?;
    let mut window = page(home.path());
    camera.look(&mut window, "evaluate-empty")?;
    edit(&mut window, |draft| {
        draft.dataset = data.clone();
        draft.modes = vec![GuidanceMode::Question, GuidanceMode::Latent];
        draft.seeds = "1, 2".to_owned();
        draft.limit = "2".to_owned();
        draft.steps = 200;
    });
    wait(&mut window, "the data set was looked at", |window| {
        state(window).evaluate.outlook.is_some()
    });
    camera.look(&mut window, "evaluate-form")?;
    click(&mut window, "Start evaluating");
    wait(&mut window, "it is at work", |window| {
        state(window).evaluate.going.is_some()
    });
    camera.look(&mut window, "evaluate-running")?;
    act(&mut window, Action::Evaluate(EvaluateAction::Stop));
    wait(&mut window, "it stopped", |window| {
        state(window).evaluate.going.is_none()
    });
    edit(&mut window, |draft| draft.steps = 1);
    wait(&mut window, "the data set was looked at", |window| {
        state(window).evaluate.outlook.is_some()
    });
    click(&mut window, "Start evaluating");
    wait(&mut window, "there are numbers", |window| {
        state(window).evaluate.shown.is_some()
    });
    camera.look(&mut window, "evaluate-results")?;
    let fixtures = crate::golden::root()?.join("metrics");
    let judged = home.path().join("judged");
    crate::window_evaluate::copy_evaluation(&judged)?;
    edit(&mut window, |draft| draft.clip = fixtures);
    let folder = state(&window).evaluate.draft.folders.first().cloned();
    act(&mut window, Action::Evaluate(EvaluateAction::Score(judged)));
    wait(&mut window, "there are other numbers", |window| {
        crate::window::has_text(window, "Sim-Avg")
    });
    act(
        &mut window,
        Action::Evaluate(EvaluateAction::Compare(folder)),
    );
    wait(&mut window, "the earlier one is there", |window| {
        state(window).evaluate.against.is_some()
    });
    camera.look(&mut window, "evaluate-compared")?;
    let nowhere = EvaluateAction::Score(home.path().join("nowhere"));
    act(&mut window, Action::Evaluate(nowhere));
    wait(&mut window, "it was tried", |window| {
        state(window).evaluate.problem.is_some()
    });
    camera.look(&mut window, "evaluate-failed")
}

pub fn voting(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = home.path().join("evaluation");
    evaluation(&folder, 3)?;
    let mut window: Window = open(config(home.path()));
    act(&mut window, Action::ShowPage(Page::Vote));
    camera.look(&mut window, "vote-empty")?;
    begin(&mut window, &home.path().join("nowhere"), "ann");
    wait(&mut window, "that is no evaluation", |window| {
        state(window).voting.problem.is_some()
    });
    camera.look(&mut window, "vote-failed")?;
    begin(&mut window, &folder, "ann");
    wait_for_pictures(&mut window);
    camera.look(&mut window, "vote")?;
    for choice in ["None (0)", "Tie (T)", "None (0)"] {
        click(&mut window, choice);
        wait_for_pictures(&mut window);
    }
    camera.look(&mut window, "vote-over")?;
    click(&mut window, "Results");
    camera.look(&mut window, "vote-results")
}
