//! Conference mode by accessible label, with the real jobs and the embedded bundle behind it.

use crate::window::{Outcome, Window, click, config, has_text, open, state, wait};
use eframe::egui;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, Ballot, BundleState, Conference, ConferenceAction, Page, Scene};
use lgd_studio::job::{FilmSource, GuidanceMode};

const QUESTION: &str = "What happens if the cat gets hungry?";

fn conference(window: &Window) -> &Conference {
    state(window).conference.as_ref().expect("it is on")
}

fn leave(window: &mut Window) {
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::X);
    for _ in 0..3 {
        window.step();
    }
}

/// Lets so many seconds pass in the eyes of the program.
fn pass(window: &mut Window, at: f64) {
    window.state_mut().act(ConferenceAction::Clock(at).into());
    window.step();
}

#[test]
fn window_conference_plays_answers_counts_votes_and_forgets_the_visit() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut config = config(home.path());
    config.conference = Some(FilmSource::BuiltIn);
    let mut window = open(config);
    assert!(has_text(&window, "Ask a cartoon what happens next"));
    wait(&mut window, "the recordings are read", |window| {
        !conference(window).films.is_empty()
    });
    // Nothing of the program can be reached.
    for (modifiers, key) in [
        (Modifiers::COMMAND, Key::Num7),
        (Modifiers::COMMAND, Key::K),
        (Modifiers::COMMAND, Key::Q),
        (Modifiers::NONE, Key::F1),
    ] {
        window.key_press_modifiers(modifiers, key);
        window.step();
    }
    assert_eq!(state(&window).page, Page::Ask);
    assert!(state(&window).dialog.is_none() && !state(&window).quitting);

    click(&mut window, "Touch to ask your own question");
    click(&mut window, "Fishbowl");
    wait(&mut window, "the frame is there", |window| {
        state(window).frame.frame.is_some()
    });
    window.step();
    click(&mut window, QUESTION);
    assert_eq!(conference(&window).scene, Scene::Drawing);
    // A step lets a quarter of a second pass by itself, and a drawing is given up after ten minutes.
    wait(&mut window, "the answers are drawn", |window| {
        let now = window.ctx.input(|input| input.time);
        window.input_mut().time = Some(now + 0.01);
        conference(window).scene == Scene::Answer(None)
    });
    window.input_mut().time = None;
    // Blind until the vote.
    window.step();
    assert!(!has_text(&window, "Latent") && has_text(&window, "C is right"));
    click(&mut window, "C is right");
    let latent = Ballot::Mode(GuidanceMode::Latent);
    assert_eq!(conference(&window).scene, Scene::Answer(Some(latent)));
    let tally = &conference(&window).tally;
    assert_eq!((tally.of(latent), tally.total(), tally.answered), (1, 1, 1));
    assert!(has_text(&window, "1 of 1 visitors, with you"));
    // A second vote of the same visitor does not count.
    window
        .state_mut()
        .act(ConferenceAction::Vote(Ballot::None).into());
    assert_eq!(conference(&window).tally.total(), 1);

    // After a while the loop plays again.
    let now = 1000.0;
    pass(&mut window, now);
    assert_eq!(conference(&window).scene, Scene::Attract);
    leave(&mut window);
    let state = state(&window);
    assert!(state.conference.is_none() && state.run.is_none());
    assert!(
        state.history.is_empty(),
        "the visitor's question is remembered"
    );
    let kept = std::fs::read_dir(home.path().join("data/runs")).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "the visitor's run is kept");
    Ok(())
}

#[test]
fn window_conference_comes_back_to_what_was_there() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait(&mut window, "the bundle is there", |window| {
        matches!(state(window).bundle, BundleState::Ready(_))
    });
    let form = state(&window).form.clone();
    let folder = home.path().join("nothing");
    std::fs::create_dir(&folder)?;
    let enter = ConferenceAction::Enter(FilmSource::Folder(folder));
    window.state_mut().act(enter.into());
    wait(&mut window, "there are no recordings", |window| {
        conference(window).problem.is_some()
    });
    window.step();
    assert!(has_text(&window, "There is no recorded run in the folder."));
    // A question in one's own words, given up on the way.
    let choose = ConferenceAction::Choose("balloon.png".to_owned());
    window.state_mut().act(choose.into());
    wait(&mut window, "the frame is there", |window| {
        state(window).frame.frame.is_some()
    });
    window.step();
    window.get_by_label("Your question").focus();
    window.step();
    window.get_by_label("Your question").type_text("Why?");
    window.step();
    click(&mut window, "Draw the answer");
    assert_eq!(conference(&window).scene, Scene::Drawing);
    click(&mut window, "Stop");
    assert_eq!(conference(&window).scene, Scene::Attract);
    leave(&mut window);
    assert_eq!(state(&window).form, form);
    let page = Action::ShowPage(Page::Models);
    window.state_mut().act(page);
    assert_eq!(state(&window).page, Page::Models);
    Ok(())
}
