//! What a command does in a state, and whether it has anything to do.

use super::Command;
use crate::app::settings::{MAX_SCALE, MIN_SCALE, Settings};
use crate::app::state::{
    Action, AppState, ConferenceAction, Dialog, Explain, GalleryAction, GridAction, Page,
    QueueAction, Run, StoryAction, TargetAction,
};
use crate::job::FilmSource;

impl Command {
    /// What it does in this state; none where it has nothing to do.
    pub fn action(self, state: &AppState) -> Option<Action> {
        // The chosen cell of a grid, else the first column that has a picture.
        let finished = || {
            let run = state.run.as_ref()?;
            let done = |index: usize| run.columns.get(index).is_some_and(|c| c.result().is_some());
            let chosen = run
                .board()
                .map(|_grid| run.chosen)
                .filter(|cell| done(*cell));
            chosen.or_else(|| (0..run.columns.len()).find(|index| done(*index)))
        };
        let timed = |action: fn(&Run) -> Action| {
            let run = state.run.as_ref();
            run.filter(|run| run.steps_taken() > 0).map(action)
        };
        let gallery = |action| {
            let possible = self.page() == Some(state.page) && state.gallery.current().is_some();
            possible.then_some(Action::Gallery(action))
        };
        match self {
            Self::Generate => state
                .generate_blocked()
                .is_none()
                .then_some(Action::Generate),
            Self::Cancel => can_cancel(state).then_some(Action::Cancel),
            Self::Open => Some(Action::PickFrame),
            Self::Paste => Some(Action::PasteFrame),
            Self::Save => finished().map(Action::SaveResult),
            Self::Copy => finished().map(Action::CopyResult),
            Self::UseAsFrame => finished().map(Action::UseAsFrame),
            Self::SaveRun => finished().map(|_| Action::SaveRun),
            Self::Story => state.export_possible().then_some(StoryAction::Plan.into()),
            Self::Export(format) => state.export_possible().then_some(Action::Export(format)),
            Self::Look => {
                (state.looking || finished().is_some()).then_some(Action::Look(!state.looking))
            }
            Self::Target => {
                (state.looking || finished().is_some()).then(|| TargetAction::Pick.into())
            }
            Self::Map => Some(GridAction::Plan { map: true }.into()),
            Self::Grid => Some(GridAction::Plan { map: false }.into()),
            Self::Adopt => {
                let run = state.run.as_ref().filter(|run| run.board().is_some());
                run.map(|run| GridAction::Adopt(run.chosen).into())
            }
            Self::Explain => match state.explaining {
                Some(_) => Some(Action::Explain(Explain::Close)),
                None => finished().map(|column| Action::Explain(Explain::Open(column))),
            },
            Self::Times => {
                let known = state
                    .run
                    .as_ref()
                    .is_some_and(|run| run.times.all().next().is_some());
                (known || state.timing).then_some(Action::ShowTimes(!state.timing))
            }
            Self::Play => timed(|run| Action::Play(!run.timeline.playing)),
            Self::StepBack => timed(|_| Action::StepBy(-1)),
            Self::StepOn => timed(|_| Action::StepBy(1)),
            Self::FirstStep => timed(|_| Action::Seek(Some(1))),
            Self::LastStep => timed(|_| Action::Seek(None)),
            Self::Undo => (undoes(state) && state.undo_possible().0).then_some(Action::Undo),
            Self::Redo => (undoes(state) && state.undo_possible().1).then_some(Action::Redo),
            Self::Queue => Some(Action::Queue(QueueAction::Open(!state.queue.open))),
            Self::HoldQueue => (state.is_busy() || state.queue.held)
                .then_some(Action::Queue(QueueAction::Hold(!state.queue.held))),
            Self::CancelAll => state
                .is_busy()
                .then_some(Action::Queue(QueueAction::CancelAll)),
            Self::OpenRun => gallery(GalleryAction::Open),
            Self::Star => gallery(GalleryAction::Star),
            Self::DeleteRuns => gallery(GalleryAction::Delete),
            Self::AskPage => Some(Action::ShowPage(Page::Ask)),
            Self::GalleryPage => Some(Action::ShowPage(Page::Gallery)),
            Self::VotePage => Some(Action::ShowPage(Page::Vote)),
            Self::EvaluatePage => Some(Action::ShowPage(Page::Evaluate)),
            Self::TrainPage => Some(Action::ShowPage(Page::Train)),
            Self::ModelsPage => Some(Action::ShowPage(Page::Models)),
            Self::DatasetPage => Some(Action::ShowPage(Page::Dataset)),
            Self::Pair(command) => command.action(state),
            Self::Conference => state
                .conference_possible()
                .then(|| ConferenceAction::Enter(FilmSource::BuiltIn).into()),
            Self::Vote(command) => command.action(state),
            Self::Care(command) => command.action(state),
            Self::Palette => Some(Action::ShowDialog(Dialog::Palette)),
            Self::Settings => Some(Action::ShowDialog(Dialog::Settings)),
            Self::About => Some(Action::ShowDialog(Dialog::About)),
            Self::ZoomIn => Some(zoomed(state, state.settings.scale + 0.1)),
            Self::ZoomOut => Some(zoomed(state, state.settings.scale - 0.1)),
            Self::ZoomReset => Some(zoomed(state, 1.0)),
            Self::Quit => Some(Action::Quit),
        }
    }
}

/// Whether something on this page can be taken back.
pub(super) fn undoes(state: &AppState) -> bool {
    matches!(state.page, Page::Ask | Page::Dataset)
}

/// Whether something is at work that can be stopped.
pub(super) fn can_cancel(state: &AppState) -> bool {
    state.is_running() || state.is_asking()
}

fn zoomed(state: &AppState, scale: f32) -> Action {
    Action::EditSettings(Box::new(Settings {
        scale: ((scale * 10.0).round() / 10.0).clamp(MIN_SCALE, MAX_SCALE),
        ..state.settings.clone()
    }))
}
