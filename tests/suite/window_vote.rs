//! The Vote page by accessible label, on an evaluation of painted pictures, with the real store.

use crate::window::{Outcome, Window, click, config, has_text, open, state, wait};
use eframe::egui;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use image::{Rgb, RgbImage};
use lgd_studio::app::{Action, Page, VoteAction, VoteDraft};
use std::path::Path;

/// An evaluation of three modes in the authors' layout.
pub fn evaluation(folder: &Path, samples: usize) -> Outcome {
    for (index, mode) in ["question", "answer", "latent"].into_iter().enumerate() {
        for sample in 0..samples {
            let place = folder.join(mode).join(format!("sample{sample}"));
            std::fs::create_dir_all(&place)?;
            for (file, level) in [
                ("input_img.jpg", 40),
                ("target_img.jpg", 90),
                ("idx_0_method_x_seed_1.jpg", 140 + 30 * index as u8),
            ] {
                let picture = RgbImage::from_pixel(64, 48, Rgb([level, 120, sample as u8 * 60]));
                picture.save(place.join(file))?;
            }
        }
    }
    Ok(())
}

pub fn begin(window: &mut Window, folder: &Path, rater: &str) {
    let draft = VoteDraft {
        folder: folder.to_path_buf(),
        rater: rater.to_owned(),
    };
    window
        .state_mut()
        .act(Action::Vote(VoteAction::Edit(draft)));
    window.step();
    click(window, "Begin");
}

pub fn wait_for_pictures(window: &mut Window) {
    wait(window, "the pictures are there", |window| {
        let open = state(window).voting.open.as_ref();
        open.is_some_and(|open| open.pictures.is_some() || open.ballot().is_none())
    });
}

#[test]
fn window_vote_is_blind_kept_and_summed_up() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = home.path().join("evaluation");
    evaluation(&folder, 3)?;
    let mut window = open(config(home.path()));
    click(&mut window, "Vote");
    assert_eq!(state(&window).page, Page::Vote);
    assert!(has_text(&window, "Which picture shows what happens?"));
    begin(&mut window, &home.path().join("nowhere"), "ann");
    wait(&mut window, "that is no evaluation", |window| {
        state(window).voting.problem.is_some()
    });
    assert!(has_text(&window, "no such folder"));

    begin(&mut window, &folder, "ann");
    wait_for_pictures(&mut window);
    assert!(has_text(&window, "ann: 0 of 3"));
    for label in ["Picture 1", "Picture 2", "Picture 3", "None (0)", "Tie (T)"] {
        window.get_by_role_and_label(Role::Button, label);
    }
    for mode in ["Question", "Answer", "Latent"] {
        assert!(!has_text(&window, mode), "{mode} is seen");
    }
    window.key_press_modifiers(Modifiers::SHIFT, Key::Num2);
    window.step();
    let marked = state(&window)
        .voting
        .open
        .as_ref()
        .map(|open| open.right.clone());
    assert_eq!(marked, Some(vec![1]));
    window.key_press(Key::Num1);
    window.step();
    wait_for_pictures(&mut window);
    assert!(has_text(&window, "ann: 1 of 3"));
    window.key_press(Key::T);
    window.step();
    wait_for_pictures(&mut window);
    drop(window);

    // The next start goes on, and the mode behind the number is known.
    let mut window = open(config(home.path()));
    click(&mut window, "Vote");
    begin(&mut window, &folder, "ann");
    wait_for_pictures(&mut window);
    assert!(has_text(&window, "ann: 2 of 3"));
    let first = state(&window).voting.votes.first().ok_or("no vote")?;
    assert_eq!(first.right.len(), 2);
    assert!(first.seconds >= 0.0);
    click(&mut window, "None (0)");
    wait(&mut window, "all votes are cast", |window| {
        has_text(window, "All votes are cast")
    });
    click(&mut window, "Results");
    for words in [
        "ChosenRate",
        "Fleiss",
        "Krippendorff",
        "3 votes of one person",
        "0.5135",
    ] {
        assert!(has_text(&window, words), "{words}");
    }
    Ok(())
}
