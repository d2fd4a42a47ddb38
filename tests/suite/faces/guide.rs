//! The way in: welcome, tour and help.

use super::act;
use super::camera::Camera;
use crate::window::{Outcome, config, open, state, wait, wait_until_ready};
use lgd_studio::app::{Action, AppConfig, GuideAction, Page, Stop};

pub fn everything(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(AppConfig {
        first_run: true,
        ..config(home.path())
    });
    wait_until_ready(&mut window);
    camera.look(&mut window, "welcome")?;
    act(&mut window, GuideAction::Tour);
    for stop in Stop::ALL {
        camera.look(&mut window, &format!("tour-{}", stop.place() + 1))?;
        act(&mut window, GuideAction::Step(1));
    }
    act(&mut window, Action::ShowPage(Page::Help));
    wait(&mut window, "the recording is read", |window| {
        !state(window).guide.films.is_empty()
    });
    camera.look(&mut window, "help")
}
