//! The way in: a first question at one press, a short tour of the real controls, and the help.

use super::{AppState, Dialog, Effect, Page};
use crate::app::examples;
use crate::job::{FileTask, Film, FilmSource, FrameOrigin};
use std::sync::Arc;

/// A control that the tour stops at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Where a frame is chosen.
    Frame,
    /// Where a question is written.
    Question,
    /// What guides the drawing.
    Modes,
    /// What draws the answer.
    Draw,
    /// Where answers appear.
    Answers,
}

impl Stop {
    /// All stops, in the order of the tour.
    pub const ALL: [Self; 5] = [
        Self::Frame,
        Self::Question,
        Self::Modes,
        Self::Draw,
        Self::Answers,
    ];

    /// Its place in the tour, from 0.
    pub fn place(self) -> usize {
        Self::ALL.iter().position(|stop| *stop == self).unwrap_or(0)
    }

    /// The stop so many places on; none beyond the ends.
    pub fn step(self, by: isize) -> Option<Self> {
        let place = self.place().checked_add_signed(by)?;
        Self::ALL.get(place).copied()
    }
}

/// The way in.
#[derive(Debug, Default)]
pub struct Guide {
    /// Whether a person has seen the welcome; none before this version knew one.
    pub welcomed: Option<bool>,
    /// Where the tour is, while it goes on.
    pub stop: Option<Stop>,
    /// Recordings that the help shows, once they are read.
    pub films: Vec<Arc<Film>>,
    /// The example whose question is asked as soon as it is open.
    asking: Option<String>,
}

/// What a person does on the way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuideAction {
    /// Opens an example and asks its first question.
    Ask(String),
    /// Starts the tour.
    Tour,
    /// Goes so many stops on; beyond the last one it ends.
    Step(isize),
    /// Leaves the tour.
    Leave,
}

impl AppState {
    /// A window opens: the first one of a person says welcome.
    pub fn welcome(&mut self, first: bool, welcomed: Option<bool>) {
        self.guide.welcomed = if first { Some(false) } else { welcomed };
        if self.guide.welcomed == Some(false) && self.dialog.is_none() {
            self.dialog = Some(Dialog::Welcome);
        }
    }

    pub(super) fn act_on_guide(&mut self, action: GuideAction) -> Vec<Effect> {
        match action {
            GuideAction::Ask(file) => {
                self.been_welcomed();
                self.page = Page::Ask;
                self.form.second = None;
                if let Some(question) = examples::questions(&file).first() {
                    self.form.request.question.clone_from(question);
                    self.count_tokens();
                }
                self.guide.asking = Some(file.clone());
                return self.open_example(&file);
            }
            GuideAction::Tour => {
                self.been_welcomed();
                self.guide.stop = Stop::ALL.first().copied();
                // The controls of the page are what it shows.
                (self.looking, self.explaining) = (false, None);
                return self.show_page(Page::Ask);
            }
            GuideAction::Step(by) => {
                let next = self.guide.stop.and_then(|stop| stop.step(by));
                // Before the first stop there is nothing to leave for.
                if next.is_some() || by > 0 {
                    self.guide.stop = next;
                }
            }
            GuideAction::Leave => self.guide.stop = None,
        }
        Vec::new()
    }

    /// The welcome has done its work.
    pub(super) fn been_welcomed(&mut self) {
        self.guide.welcomed = Some(true);
        self.dialog = self.dialog.filter(|dialog| *dialog != Dialog::Welcome);
    }

    /// A frame is open: the question that waited for it is asked.
    pub(super) fn ask_first(&mut self) -> Vec<Effect> {
        let origin = self.frame.frame.as_ref().map(|frame| &frame.origin);
        let (Some(asking), Some(FrameOrigin::Example(file))) = (&self.guide.asking, origin) else {
            return Vec::new();
        };
        if asking != file {
            return Vec::new();
        }
        self.guide.asking = None;
        self.generate()
    }

    /// Reads the recordings that the help shows.
    pub(super) fn come_to_help(&self) -> Vec<Effect> {
        match self.guide.films.is_empty() {
            true => vec![Effect::Files(FileTask::ReadFilms(FilmSource::BuiltIn))],
            false => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::settings::{Session, Settings};
    use crate::app::state::Action;
    use crate::job::{BundleSource, Frame, JobEvent};
    use image::RgbImage;

    fn fresh() -> AppState {
        let bundle = BundleSource::Embedded;
        AppState::new(Settings::default(), Session::default(), bundle, 1)
    }

    fn opened(file: &str) -> JobEvent {
        let origin = FrameOrigin::Example(file.to_owned());
        JobEvent::FrameOpened(Frame::new(RgbImage::new(4, 4), origin))
    }

    #[test]
    fn the_first_question_is_asked_when_its_picture_is_open() {
        let mut state = fresh();
        state.welcome(true, None);
        assert_eq!(state.dialog, Some(Dialog::Welcome));
        state.apply(Action::Guide(GuideAction::Ask("snowman.png".to_owned())));
        assert_eq!(state.dialog, None);
        state.on_event(opened("fishbowl.png"));
        assert!(!state.is_running(), "that is the one from the start");
        state.on_event(opened("snowman.png"));
        assert!(state.is_running());
        assert_eq!(state.history.len(), 1);
        state.on_event(opened("snowman.png"));
        assert_eq!(state.history.len(), 1, "once");
        assert_eq!(state.session().welcomed, Some(true));
    }

    #[test]
    fn a_person_who_was_here_before_is_not_welcomed_again() {
        for (first, before, shown) in [
            (true, None, true),
            (false, None, false),
            (false, Some(false), true),
            (false, Some(true), false),
        ] {
            let mut state = fresh();
            state.welcome(first, before);
            let expected = shown.then_some(Dialog::Welcome);
            assert_eq!(state.dialog, expected, "{first} {before:?}");
        }
        let mut state = fresh();
        state.welcome(true, None);
        state.apply(Action::CloseDialog);
        assert_eq!(state.session().welcomed, Some(true), "closed is seen");
    }

    #[test]
    fn the_tour_has_an_end_at_both_sides() {
        let mut state = fresh();
        let step = |state: &mut AppState, by| {
            state.apply(Action::Guide(GuideAction::Step(by)));
            state.guide.stop
        };
        state.page = Page::Gallery;
        state.apply(Action::Guide(GuideAction::Tour));
        assert_eq!(
            (state.page, state.guide.stop),
            (Page::Ask, Some(Stop::Frame))
        );
        assert_eq!(step(&mut state, -1), Some(Stop::Frame));
        for stop in &Stop::ALL[1..] {
            assert_eq!(step(&mut state, 1), Some(*stop));
        }
        assert_eq!(step(&mut state, -1), Some(Stop::Draw));
        step(&mut state, 1);
        assert_eq!(step(&mut state, 1), None);
        state.apply(Action::Guide(GuideAction::Tour));
        state.apply(Action::Guide(GuideAction::Leave));
        assert_eq!(state.guide.stop, None);
    }
}
