//! Conference mode from the loop to the tally.

use super::camera::Camera;
use super::{act, click};
use crate::window::{Outcome, config, open, state, wait};
use lgd_studio::app::{Ballot, ConferenceAction, Scene};
use lgd_studio::job::{FilmSource, GuidanceMode};

pub fn visit(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut config = config(home.path());
    config.conference = Some(FilmSource::BuiltIn);
    let mut window = open(config);
    let scene = |window: &crate::window::Window| {
        let conference = state(window).conference.as_ref();
        conference.map(|conference| conference.scene)
    };
    wait(&mut window, "the recordings are read", |window| {
        let conference = state(window).conference.as_ref();
        conference.is_some_and(|conference| !conference.films.is_empty())
    });
    camera.look(&mut window, "conference-loop")?;
    act(&mut window, ConferenceAction::Begin);
    camera.look(&mut window, "conference-choose")?;
    act(
        &mut window,
        ConferenceAction::Choose("fishbowl.png".to_owned()),
    );
    wait(&mut window, "the frame is there", |window| {
        state(window).frame.frame.is_some()
    });
    camera.look(&mut window, "conference-ask")?;
    click(&mut window, "What happens if the cat gets hungry?");
    camera.look(&mut window, "conference-drawing")?;
    wait(&mut window, "the answers are drawn", |window| {
        // A drawing is given up after ten minutes of the window's clock.
        let now = window.ctx.input(|input| input.time);
        window.input_mut().time = Some(now + 0.01);
        scene(window) == Some(Scene::Answer(None))
    });
    window.input_mut().time = None;
    camera.look(&mut window, "conference-vote")?;
    let latent = Ballot::Mode(GuidanceMode::Latent);
    act(&mut window, ConferenceAction::Vote(latent));
    camera.look(&mut window, "conference-tally")
}
