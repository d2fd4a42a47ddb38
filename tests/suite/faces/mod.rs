//! Every face of the window in both themes and languages, small and large: walks through real states
//! with the real jobs behind them, which either check that every text can be read, or draw pictures for
//! people to look at.
//!
//! To draw them all into `target/looks`, or those whose page or view is named:
//!
//! ```text
//! cargo test --test suite -- --ignored draw_every_face
//! LGD_LOOKS=folder LGD_LOOKS_PAGE=train LGD_LOOKS_VIEW=light-en-1280x800-100 cargo test …
//! ```
//!
//! Beside a picture stands a text file when there is something to say: what was cut off, what ends in
//! "…", and last rows that are one word alone.

mod ask;
mod camera;
mod care;
mod conference;
mod data;
mod guide;
mod models;
pub mod texts;
mod train;

use crate::window::{Outcome, Window, can_draw};
use camera::Camera;
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::Action;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Goes with the camera from state to state.
type Walk = fn(&mut Camera) -> Outcome;

/// The walks by the page they begin on.
const WALKS: [(&str, Walk); 18] = [
    ("ask", ask::asking),
    ("ask-run", ask::running),
    ("ask-done", ask::finished),
    ("ask-more", ask::grids),
    ("ask-failed", ask::failing),
    ("gallery", data::gallery),
    ("dataset", data::dataset),
    ("dataset-health", data::health),
    ("evaluate", data::evaluating),
    ("vote", data::voting),
    ("train", train::training),
    ("train-failed", train::failing),
    ("models", models::shelves),
    ("models-import", models::importing),
    ("models-download", models::downloading),
    ("care", care::everything),
    ("guide", guide::everything),
    ("conference", conference::visit),
];

#[test]
#[ignore = "draws hundreds of pictures to look at: cargo test --test suite -- --ignored draw_every_face"]
fn draw_every_face() -> Outcome {
    if !can_draw() {
        return Ok(());
    }
    let of = |name| std::env::var(name).unwrap_or_default();
    let folder = match of("LGD_LOOKS") {
        named if named.is_empty() => "target/looks".into(),
        named => named.into(),
    };
    let mut camera = Camera::drawing(folder, &of("LGD_LOOKS_VIEW"))?;
    let mut unfinished = Vec::new();
    for (page, walk) in WALKS {
        if page.contains(&of("LGD_LOOKS_PAGE")) {
            println!("{page}");
            // What one walk stumbles over is said, and the others are drawn all the same.
            let ended = catch_unwind(AssertUnwindSafe(|| walk(&mut camera)));
            if !matches!(ended, Ok(Ok(()))) {
                unfinished.push(page);
            }
        }
    }
    assert!(
        unfinished.is_empty(),
        "{unfinished:?} did not come to an end"
    );
    Ok(())
}

/// Walks in threads of their own, so that a machine with several processors is done soon.
fn check(page: &str) -> Outcome {
    let (_, walk) = WALKS
        .iter()
        .find(|(name, _)| *name == page)
        .ok_or("no such walk")?;
    let mut camera = Camera::checking();
    walk(&mut camera)?;
    camera.verdict()
}

macro_rules! checks {
    ($($name:ident: $page:literal,)*) => {
        $(#[test]
        fn $name() -> Outcome {
            check($page)
        })*

        #[test]
        fn every_walk_is_checked() {
            assert_eq!(WALKS.map(|(page, _)| page), [$($page),*]);
        }
    };
}

checks! {
    window_texts_can_be_read_before_a_question: "ask",
    window_texts_can_be_read_while_it_draws: "ask-run",
    window_texts_can_be_read_around_answers: "ask-done",
    window_texts_can_be_read_around_grids: "ask-more",
    window_texts_can_be_read_when_drawing_failed: "ask-failed",
    window_texts_can_be_read_in_the_gallery: "gallery",
    window_texts_can_be_read_in_a_data_set: "dataset",
    window_texts_can_be_read_about_its_health: "dataset-health",
    window_texts_can_be_read_while_evaluating: "evaluate",
    window_texts_can_be_read_while_voting: "vote",
    window_texts_can_be_read_while_training: "train",
    window_texts_can_be_read_when_training_failed: "train-failed",
    window_texts_can_be_read_on_the_shelves: "models",
    window_texts_can_be_read_while_importing: "models-import",
    window_texts_can_be_read_while_downloading: "models-download",
    window_texts_can_be_read_about_the_program: "care",
    window_texts_can_be_read_on_the_way_in: "guide",
    window_texts_can_be_read_by_visitors: "conference",
}

fn act(window: &mut Window, action: impl Into<Action>) {
    window.state_mut().act(action.into());
    window.run_steps(6);
}

fn click(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(6);
}
