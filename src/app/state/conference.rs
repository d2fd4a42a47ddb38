//! Conference mode: what visitors see in place of the pages. A loop of recorded answers plays until
//! somebody touches the screen; they choose a picture and a question, watch the answers, say which
//! one is right, and after a while the loop plays again.
//!
//! Nothing a visitor does outlasts the visit but the tally: runs are not kept, questions are not
//! remembered, and form, frame and run of before come back when the staff leaves.

use super::{Action, AppState, BundleState, Effect, Form, Page, Run};
use crate::app::examples;
use crate::job::{
    EditRequest, FileTask, Film, FilmSource, Frame, FrameOrigin, GuidanceMode, Problem,
};
use std::sync::Arc;

/// Seconds without a touch after which a choice is given up.
const CHOICE_LASTS: f64 = 45.0;
/// Seconds that answers stay.
const ANSWER_LASTS: f64 = 40.0;
/// Seconds that the words about a drawing that failed stay: long enough to read them.
const FAILURE_LASTS: f64 = 8.0;
/// Seconds after which a drawing that does not end is given up.
const DRAWING_LASTS: f64 = 600.0;
/// Longest question of a visitor, in characters.
pub const LONGEST_QUESTION: usize = 120;
/// Notices that are kept while nobody sees them.
pub(super) const NOTICES: usize = 20;
/// The modes that answer, left to right.
const MODES: [GuidanceMode; 3] = [
    GuidanceMode::Question,
    GuidanceMode::Answer,
    GuidanceMode::Latent,
];

/// What is on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scene {
    /// Recorded answers play.
    #[default]
    Attract,
    /// A picture is chosen.
    Frames,
    /// A question is chosen.
    Question,
    /// The answers are drawn.
    Drawing,
    /// They are there; maybe somebody has said which one is right.
    Answer(Option<Ballot>),
}

/// Which answer a visitor holds for right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ballot {
    /// That of a mode.
    Mode(GuidanceMode),
    /// None of them.
    None,
}

/// What visitors have said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Votes for each of [`GuidanceMode::ALL`].
    pub modes: [u32; 4],
    /// Votes for none.
    pub none: u32,
    /// Questions that were answered with a picture.
    pub answered: u32,
}

impl Tally {
    /// Votes for a choice.
    pub fn of(&self, ballot: Ballot) -> u32 {
        let place = |mode| GuidanceMode::ALL.iter().position(|known| *known == mode);
        match ballot {
            Ballot::None => self.none,
            Ballot::Mode(mode) => place(mode)
                .and_then(|place| self.modes.get(place))
                .copied()
                .unwrap_or(0),
        }
    }

    /// All votes.
    pub fn total(&self) -> u32 {
        self.modes.iter().sum::<u32>() + self.none
    }

    fn add(&mut self, ballot: Ballot) {
        let counts = GuidanceMode::ALL.into_iter().zip(&mut self.modes);
        for (mode, count) in counts {
            *count += u32::from(ballot == Ballot::Mode(mode));
        }
        self.none += u32::from(ballot == Ballot::None);
    }
}

/// Conference mode while it is on.
#[derive(Debug, Default)]
pub struct Conference {
    /// What is on the screen.
    pub scene: Scene,
    /// The recorded answers, once they are read.
    pub films: Vec<Arc<Film>>,
    /// Why there are none.
    pub problem: Option<Problem>,
    /// What visitors have said.
    pub tally: Tally,
    /// Whether the last drawing gave no answer.
    failed: bool,
    now: f64,
    touched: f64,
    before: Option<Box<Before>>,
}

/// What was in the window before, for the way back.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) page: Page,
    pub(super) form: Form,
    pub(super) frame: Option<Frame>,
    run: Option<Run>,
}

/// What happens in conference mode. Times are seconds of the window's clock.
#[derive(Clone, Debug)]
pub enum ConferenceAction {
    /// It begins, with these recordings.
    Enter(FilmSource),
    /// The staff ends it.
    Leave,
    /// Time passes.
    Clock(f64),
    /// Somebody touches something.
    Touch,
    /// A visitor wants to ask.
    Begin,
    /// A picture is chosen, by the file name of the example.
    Choose(String),
    /// A question is asked.
    Ask(String),
    /// An answer is held for right.
    Vote(Ballot),
    /// One scene back.
    Back,
    /// The loop plays again.
    Home,
}

impl From<ConferenceAction> for Action {
    fn from(action: ConferenceAction) -> Self {
        Self::Conference(action)
    }
}

impl Conference {
    /// Share of the time of this scene that is left, 1..=0; none where it does not end by itself.
    pub fn time_left(&self) -> Option<f32> {
        let lasts = self.lasts()?;
        Some((1.0 - (self.now - self.touched) / lasts).clamp(0.0, 1.0) as f32)
    }

    fn lasts(&self) -> Option<f64> {
        match self.scene {
            Scene::Attract => None,
            Scene::Frames | Scene::Question => Some(CHOICE_LASTS),
            Scene::Drawing => Some(DRAWING_LASTS),
            Scene::Answer(_) if self.failed => Some(FAILURE_LASTS),
            Scene::Answer(_) => Some(ANSWER_LASTS),
        }
    }

    fn show(&mut self, scene: Scene) {
        (self.scene, self.touched) = (scene, self.now);
    }

    pub(super) fn before(&self) -> Option<&Before> {
        self.before.as_deref()
    }
}

impl AppState {
    pub(super) fn act_on_conference(&mut self, action: ConferenceAction) -> Vec<Effect> {
        if let ConferenceAction::Enter(source) = action {
            return self.enter_conference(source);
        }
        let Some(conference) = &mut self.conference else {
            return Vec::new();
        };
        match action {
            ConferenceAction::Clock(now) => {
                conference.now = now;
                let over = conference
                    .lasts()
                    .is_some_and(|lasts| now - conference.touched > lasts);
                return if over { self.go_home() } else { Vec::new() };
            }
            ConferenceAction::Touch => conference.touched = conference.now,
            ConferenceAction::Begin => conference.show(Scene::Frames),
            ConferenceAction::Choose(file) => {
                conference.show(Scene::Question);
                self.frame.frame = None;
                return self.open_example(&file);
            }
            ConferenceAction::Ask(question) => return self.ask_in_conference(&question),
            ConferenceAction::Vote(ballot) => {
                if conference.scene == Scene::Answer(None) {
                    conference.tally.add(ballot);
                    conference.show(Scene::Answer(Some(ballot)));
                }
            }
            ConferenceAction::Back => match conference.scene {
                Scene::Question => conference.show(Scene::Frames),
                _ => return self.go_home(),
            },
            ConferenceAction::Home => return self.go_home(),
            ConferenceAction::Leave => return self.leave_conference(),
            ConferenceAction::Enter(_) => {}
        }
        Vec::new()
    }

    /// Whether conference mode can begin: nothing of one's own is at work.
    pub fn conference_possible(&self) -> bool {
        self.conference.is_none() && !self.is_busy() && !self.is_running()
    }

    fn enter_conference(&mut self, source: FilmSource) -> Vec<Effect> {
        if !self.conference_possible() {
            return Vec::new();
        }
        let before = Before {
            page: self.page,
            form: self.form.clone(),
            frame: self.frame.frame.clone(),
            run: self.run.take(),
        };
        (self.dialog, self.looking, self.explaining) = (None, false, None);
        self.conference = Some(Conference {
            before: Some(Box::new(before)),
            ..Conference::default()
        });
        vec![Effect::Files(FileTask::ReadFilms(source))]
    }

    fn leave_conference(&mut self) -> Vec<Effect> {
        let effects = self.cancel();
        self.run = None;
        let before = self
            .conference
            .take()
            .and_then(|conference| conference.before);
        if let Some(before) = before {
            self.page = before.page;
            self.take_form(before.form);
            (self.frame.frame, self.run) = (before.frame, before.run);
        }
        effects
    }

    fn go_home(&mut self) -> Vec<Effect> {
        let effects = self.cancel();
        self.run = None;
        if let Some(conference) = &mut self.conference {
            conference.show(Scene::Attract);
        }
        effects
    }

    /// The questions of the picture that was chosen.
    pub fn conference_questions(&self) -> &'static [String] {
        match self.frame.frame.as_ref().map(|frame| &frame.origin) {
            Some(FrameOrigin::Example(file)) => examples::questions(file),
            _ => &[],
        }
    }

    fn ask_in_conference(&mut self, question: &str) -> Vec<Effect> {
        let missing = |mode: &GuidanceMode| match &self.bundle {
            BundleState::Ready(summary) => {
                let mut known = summary.unavailable_modes.iter();
                known.any(|(missing, _)| missing == mode)
            }
            BundleState::Loading | BundleState::Failed(_) => false,
        };
        let modes: Vec<_> = MODES.into_iter().filter(|mode| !missing(mode)).collect();
        let question: String = question.trim().chars().take(LONGEST_QUESTION).collect();
        self.form = Form {
            request: EditRequest {
                question,
                ..self.defaults()
            },
            modes,
            ..Form::default()
        };
        self.count_tokens();
        if self.generate_blocked().is_some() {
            return Vec::new();
        }
        self.run = None;
        let effects = self.generate();
        if let Some(conference) = &mut self.conference {
            conference.show(Scene::Drawing);
        }
        effects
    }

    /// After an event: the answers are there, or none will come.
    pub(super) fn conference_follows(&mut self) {
        let over = self.run.as_ref().is_some_and(|run| !run.is_active());
        let drawn = |run: &Run| run.columns.iter().any(|column| column.result().is_some());
        let drawn = self.run.as_ref().is_some_and(drawn);
        if let Some(conference) = &mut self.conference
            && conference.scene == Scene::Drawing
            && over
        {
            conference.tally.answered += u32::from(drawn);
            conference.failed = !drawn;
            conference.show(Scene::Answer(None));
        }
    }

    pub(super) fn films_read(&mut self, films: Result<Vec<Arc<Film>>, Problem>) {
        let Some(conference) = &mut self.conference else {
            return;
        };
        match films {
            Ok(films) => (conference.films, conference.problem) = (films, None),
            Err(problem) => conference.problem = Some(problem),
        }
    }
}
