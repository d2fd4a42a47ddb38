//! The one table of commands: text, tooltip and keys. Buttons, shortcuts and the About dialog
//! all come from it.

use super::care_command::CareCommand;
use super::pair_command::PairCommand;
use super::settings::{MAX_SCALE, MIN_SCALE, Settings};
use super::state::{
    Action, AppState, ConferenceAction, Dialog, Explain, GalleryAction, GridAction, Page,
    QueueAction, Run, StoryAction, TargetAction,
};
use super::vote_command::VoteCommand;
use crate::job::{ExportFormat, FilmSource};
use eframe::egui;
use egui::{Key, KeyboardShortcut, Modifiers};

/// Everything that has a name and may have keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Draw the answer.
    Generate,
    /// Stop.
    Cancel,
    /// Choose a frame in a dialog.
    Open,
    /// Use the picture in the clipboard.
    Paste,
    /// Save the answer picture.
    Save,
    /// Copy the answer picture.
    Copy,
    /// Make the answer the next frame.
    UseAsFrame,
    /// Save the whole run.
    SaveRun,
    /// Make something for others of the run.
    Export(ExportFormat),
    /// Make a story of the run.
    Story,
    /// Look closely at two pictures.
    Look,
    /// Choose a picture to compare with.
    Target,
    /// Plan a map of both scales.
    Map,
    /// Plan a grid over any parameters.
    Grid,
    /// Take the values of the chosen cell.
    Adopt,
    /// Explain a finished column.
    Explain,
    /// Show where the time of the run went, or hide it.
    Times,
    /// Let time run, or stop it.
    Play,
    /// One step back in time.
    StepBack,
    /// One step on.
    StepOn,
    /// To the first step.
    FirstStep,
    /// To the finished pictures.
    LastStep,
    /// Take back the last change of question or numbers.
    Undo,
    /// Do it again.
    Redo,
    /// Show the queue, or hide it.
    Queue,
    /// Hold the queue, or let it go on.
    HoldQueue,
    /// Cancel everything that waits or works.
    CancelAll,
    /// Show the selected run on the Ask page.
    OpenRun,
    /// Star the selected runs, or take the stars away.
    Star,
    /// Delete the selected runs.
    DeleteRuns,
    /// Go to the Ask page.
    AskPage,
    /// Go to the Gallery page.
    GalleryPage,
    /// Go to the Vote page.
    VotePage,
    /// Go to the Evaluate page.
    EvaluatePage,
    /// Go to the Train page.
    TrainPage,
    /// Go to the Models page.
    ModelsPage,
    /// Go to the Dataset page.
    DatasetPage,
    /// Do something with the pairs of a data set.
    Pair(PairCommand),
    /// Show conference mode.
    Conference,
    /// Do something with a comparison that is voted on.
    Vote(VoteCommand),
    /// Do something with the program itself.
    Care(CareCommand),
    /// Find a command by name.
    Palette,
    /// Open the settings.
    Settings,
    /// Open About.
    About,
    /// Larger interface.
    ZoomIn,
    /// Smaller interface.
    ZoomOut,
    /// Normal interface size.
    ZoomReset,
    /// End the program.
    Quit,
}

impl Command {
    /// All commands, in the order the help lists them.
    pub const ALL: [Self; 96] = [
        Self::Generate,
        Self::Cancel,
        Self::Open,
        Self::Paste,
        Self::Save,
        Self::Copy,
        Self::UseAsFrame,
        Self::SaveRun,
        Self::Story,
        Self::Export(ExportFormat::Grid),
        Self::Export(ExportFormat::Pdf),
        Self::Export(ExportFormat::Latex),
        Self::Export(ExportFormat::Sheet),
        Self::Export(ExportFormat::Gif),
        Self::Export(ExportFormat::Apng),
        Self::Export(ExportFormat::Csv),
        Self::Export(ExportFormat::Json),
        Self::Export(ExportFormat::Times),
        Self::Look,
        Self::Target,
        Self::Map,
        Self::Grid,
        Self::Adopt,
        Self::Explain,
        Self::Times,
        Self::Play,
        Self::StepBack,
        Self::StepOn,
        Self::FirstStep,
        Self::LastStep,
        Self::Undo,
        Self::Redo,
        Self::Queue,
        Self::HoldQueue,
        Self::CancelAll,
        Self::OpenRun,
        Self::Star,
        Self::DeleteRuns,
        Self::AskPage,
        Self::GalleryPage,
        Self::DatasetPage,
        Self::VotePage,
        Self::EvaluatePage,
        Self::TrainPage,
        Self::ModelsPage,
        Self::Pair(PairCommand::ALL[0]),
        Self::Pair(PairCommand::ALL[1]),
        Self::Pair(PairCommand::ALL[2]),
        Self::Pair(PairCommand::ALL[3]),
        Self::Pair(PairCommand::ALL[4]),
        Self::Pair(PairCommand::ALL[5]),
        Self::Pair(PairCommand::ALL[6]),
        Self::Pair(PairCommand::ALL[7]),
        Self::Pair(PairCommand::ALL[8]),
        Self::Pair(PairCommand::ALL[9]),
        Self::Pair(PairCommand::ALL[10]),
        Self::Pair(PairCommand::ALL[11]),
        Self::Pair(PairCommand::ALL[12]),
        Self::Pair(PairCommand::ALL[13]),
        Self::Pair(PairCommand::ALL[14]),
        Self::Pair(PairCommand::ALL[15]),
        Self::Pair(PairCommand::ALL[16]),
        Self::Pair(PairCommand::ALL[17]),
        Self::Pair(PairCommand::ALL[18]),
        Self::Pair(PairCommand::ALL[19]),
        Self::Pair(PairCommand::ALL[20]),
        Self::Vote(VoteCommand::ALL[0]),
        Self::Vote(VoteCommand::ALL[1]),
        Self::Vote(VoteCommand::ALL[2]),
        Self::Vote(VoteCommand::ALL[3]),
        Self::Vote(VoteCommand::ALL[4]),
        Self::Vote(VoteCommand::ALL[5]),
        Self::Vote(VoteCommand::ALL[6]),
        Self::Vote(VoteCommand::ALL[7]),
        Self::Vote(VoteCommand::ALL[8]),
        Self::Vote(VoteCommand::ALL[9]),
        Self::Vote(VoteCommand::ALL[10]),
        Self::Vote(VoteCommand::ALL[11]),
        Self::Conference,
        Self::Care(CareCommand::ALL[0]),
        Self::Care(CareCommand::ALL[1]),
        Self::Care(CareCommand::ALL[2]),
        Self::Care(CareCommand::ALL[3]),
        Self::Care(CareCommand::ALL[4]),
        Self::Care(CareCommand::ALL[5]),
        Self::Care(CareCommand::ALL[6]),
        Self::Care(CareCommand::ALL[7]),
        Self::Care(CareCommand::ALL[8]),
        Self::Care(CareCommand::ALL[9]),
        Self::Palette,
        Self::Settings,
        Self::About,
        Self::ZoomIn,
        Self::ZoomOut,
        Self::ZoomReset,
        Self::Quit,
    ];

    /// Id of the text on a button.
    pub fn label(self) -> &'static str {
        match self {
            Self::Generate => "command-generate",
            Self::Cancel => "command-cancel",
            Self::Open => "command-open",
            Self::Paste => "command-paste",
            Self::Save => "command-save",
            Self::Copy => "command-copy",
            Self::UseAsFrame => "command-use",
            Self::SaveRun => "command-save-run",
            Self::Story => "command-story",
            Self::Export(ExportFormat::Grid) => "command-export-grid",
            Self::Export(ExportFormat::Pdf) => "command-export-pdf",
            Self::Export(ExportFormat::Latex) => "command-export-latex",
            Self::Export(ExportFormat::Sheet) => "command-export-sheet",
            Self::Export(
                ExportFormat::Gif
                | ExportFormat::StoryGif
                | ExportFormat::StoryApng
                | ExportFormat::StoryMp4,
            ) => "command-export-gif",
            Self::Export(ExportFormat::Apng) => "command-export-apng",
            Self::Export(ExportFormat::Csv) => "command-export-csv",
            Self::Export(ExportFormat::Json) => "command-export-json",
            Self::Export(ExportFormat::Times) => "command-export-times",
            Self::Look => "command-look",
            Self::Target => "command-target",
            Self::Map => "command-map",
            Self::Grid => "command-grid",
            Self::Adopt => "command-adopt",
            Self::Explain => "command-explain",
            Self::Times => "command-times",
            Self::Play => "command-play",
            Self::StepBack => "command-step-back",
            Self::StepOn => "command-step-on",
            Self::FirstStep => "command-first-step",
            Self::LastStep => "command-last-step",
            Self::Undo => "command-undo",
            Self::Redo => "command-redo",
            Self::Queue => "command-queue",
            Self::HoldQueue => "command-hold-queue",
            Self::CancelAll => "command-cancel-all",
            Self::OpenRun => "command-open-run",
            Self::Star => "command-star",
            Self::DeleteRuns => "command-delete-runs",
            Self::AskPage => "command-ask-page",
            Self::GalleryPage => "command-gallery-page",
            Self::VotePage => "command-vote-page",
            Self::EvaluatePage => "command-evaluate-page",
            Self::TrainPage => "command-train-page",
            Self::ModelsPage => "command-models-page",
            Self::DatasetPage => "command-dataset-page",
            Self::Pair(command) => command.texts().0,
            Self::Conference => "command-conference",
            Self::Care(command) => command.texts().0,
            Self::Vote(command) => command.texts().0,
            Self::Palette => "command-palette",
            Self::Settings => "command-settings",
            Self::About => "command-about",
            Self::ZoomIn => "command-zoom-in",
            Self::ZoomOut => "command-zoom-out",
            Self::ZoomReset => "command-zoom-reset",
            Self::Quit => "command-quit",
        }
    }

    /// Id of the tooltip.
    pub fn tip(self) -> &'static str {
        match self {
            Self::Generate => "command-generate-tip",
            Self::Cancel => "command-cancel-tip",
            Self::Open => "command-open-tip",
            Self::Paste => "command-paste-tip",
            Self::Save => "command-save-tip",
            Self::Copy => "command-copy-tip",
            Self::UseAsFrame => "command-use-tip",
            Self::SaveRun => "command-save-run-tip",
            Self::Story => "command-story-tip",
            Self::Export(ExportFormat::Grid) => "command-export-grid-tip",
            Self::Export(ExportFormat::Pdf) => "command-export-pdf-tip",
            Self::Export(ExportFormat::Latex) => "command-export-latex-tip",
            Self::Export(ExportFormat::Sheet) => "command-export-sheet-tip",
            Self::Export(
                ExportFormat::Gif
                | ExportFormat::StoryGif
                | ExportFormat::StoryApng
                | ExportFormat::StoryMp4,
            ) => "command-export-gif-tip",
            Self::Export(ExportFormat::Apng) => "command-export-apng-tip",
            Self::Export(ExportFormat::Csv) => "command-export-csv-tip",
            Self::Export(ExportFormat::Json) => "command-export-json-tip",
            Self::Export(ExportFormat::Times) => "command-export-times-tip",
            Self::Look => "command-look-tip",
            Self::Target => "command-target-tip",
            Self::Map => "command-map-tip",
            Self::Grid => "command-grid-tip",
            Self::Adopt => "command-adopt-tip",
            Self::Explain => "command-explain-tip",
            Self::Times => "command-times-tip",
            Self::Play => "command-play-tip",
            Self::StepBack => "command-step-back-tip",
            Self::StepOn => "command-step-on-tip",
            Self::FirstStep => "command-first-step-tip",
            Self::LastStep => "command-last-step-tip",
            Self::Undo => "command-undo-tip",
            Self::Redo => "command-redo-tip",
            Self::Queue => "command-queue-tip",
            Self::HoldQueue => "command-hold-queue-tip",
            Self::CancelAll => "command-cancel-all-tip",
            Self::OpenRun => "command-open-run-tip",
            Self::Star => "command-star-tip",
            Self::DeleteRuns => "command-delete-runs-tip",
            Self::AskPage => "command-ask-page-tip",
            Self::GalleryPage => "command-gallery-page-tip",
            Self::VotePage => "command-vote-page-tip",
            Self::EvaluatePage => "command-evaluate-page-tip",
            Self::TrainPage => "command-train-page-tip",
            Self::ModelsPage => "command-models-page-tip",
            Self::DatasetPage => "command-dataset-page-tip",
            Self::Pair(command) => command.texts().1,
            Self::Conference => "command-conference-tip",
            Self::Care(command) => command.texts().1,
            Self::Vote(command) => command.texts().1,
            Self::Palette => "command-palette-tip",
            Self::Settings => "command-settings-tip",
            Self::About => "command-about-tip",
            Self::ZoomIn => "command-zoom-in-tip",
            Self::ZoomOut => "command-zoom-out-tip",
            Self::ZoomReset => "command-zoom-reset-tip",
            Self::Quit => "command-quit-tip",
        }
    }

    /// Its keys.
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        let with = |modifiers, key| Some(KeyboardShortcut::new(modifiers, key));
        match self {
            Self::Generate => with(Modifiers::NONE, Key::Enter),
            Self::Cancel => with(Modifiers::NONE, Key::Escape),
            Self::Open => with(Modifiers::COMMAND, Key::O),
            Self::Paste => with(Modifiers::COMMAND, Key::V),
            Self::Save => with(Modifiers::COMMAND, Key::S),
            Self::Copy => with(Modifiers::COMMAND, Key::C),
            Self::UseAsFrame | Self::Export(_) => None,
            Self::Story => with(Modifiers::COMMAND | Modifiers::SHIFT, Key::E),
            Self::SaveRun => with(Modifiers::COMMAND | Modifiers::SHIFT, Key::S),
            Self::Look => with(Modifiers::NONE, Key::V),
            Self::Target | Self::Adopt => None,
            Self::Map => with(Modifiers::COMMAND, Key::M),
            Self::Grid => with(Modifiers::COMMAND, Key::G),
            Self::Explain => with(Modifiers::NONE, Key::E),
            Self::Times => with(Modifiers::NONE, Key::T),
            Self::Play => with(Modifiers::NONE, Key::Space),
            Self::StepBack => with(Modifiers::NONE, Key::Comma),
            Self::StepOn => with(Modifiers::NONE, Key::Period),
            Self::FirstStep => with(Modifiers::NONE, Key::Home),
            Self::LastStep => with(Modifiers::NONE, Key::End),
            Self::Undo => with(Modifiers::COMMAND, Key::Z),
            Self::Redo => with(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z),
            Self::Queue => with(Modifiers::NONE, Key::Q),
            Self::HoldQueue | Self::CancelAll | Self::Conference | Self::About => None,
            Self::OpenRun => with(Modifiers::NONE, Key::Enter),
            Self::Star => with(Modifiers::NONE, Key::S),
            Self::DeleteRuns => with(Modifiers::NONE, Key::Delete),
            Self::AskPage => with(Modifiers::COMMAND, Key::Num1),
            Self::GalleryPage => with(Modifiers::COMMAND, Key::Num2),
            Self::TrainPage => with(Modifiers::COMMAND, Key::Num6),
            Self::ModelsPage => with(Modifiers::COMMAND, Key::Num7),
            Self::DatasetPage => with(Modifiers::COMMAND, Key::Num3),
            Self::Pair(command) => Some(command.shortcut()),
            Self::Vote(command) => Some(command.shortcut()),
            Self::Care(command) => command.shortcut(),
            Self::VotePage => with(Modifiers::COMMAND, Key::Num4),
            Self::EvaluatePage => with(Modifiers::COMMAND, Key::Num5),
            Self::Palette => with(Modifiers::COMMAND, Key::K),
            Self::Settings => with(Modifiers::COMMAND, Key::Comma),
            Self::ZoomIn => with(Modifiers::COMMAND, Key::Plus),
            Self::ZoomOut => with(Modifiers::COMMAND, Key::Minus),
            Self::ZoomReset => with(Modifiers::COMMAND, Key::Num0),
            Self::Quit => with(Modifiers::COMMAND, Key::Q),
        }
    }

    /// The page its keys belong to; none when they work everywhere.
    pub fn page(self) -> Option<Page> {
        match self {
            Self::OpenRun | Self::Star | Self::DeleteRuns => Some(Page::Gallery),
            Self::Pair(_) => Some(Page::Dataset),
            Self::Vote(_) => Some(Page::Vote),
            Self::Cancel
            | Self::Open
            | Self::Paste
            | Self::Queue
            | Self::HoldQueue
            | Self::CancelAll
            | Self::AskPage
            | Self::GalleryPage
            | Self::VotePage
            | Self::EvaluatePage
            | Self::TrainPage
            | Self::ModelsPage
            | Self::DatasetPage
            | Self::Undo
            | Self::Redo
            | Self::Conference
            | Self::Care(_)
            | Self::Palette
            | Self::Settings
            | Self::About
            | Self::ZoomIn
            | Self::ZoomOut
            | Self::ZoomReset
            | Self::Quit => None,
            _ => Some(Page::Ask),
        }
    }

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
fn undoes(state: &AppState) -> bool {
    matches!(state.page, Page::Ask | Page::Dataset)
}

/// Whether something is at work that can be stopped.
fn can_cancel(state: &AppState) -> bool {
    state.is_running() || state.is_asking()
}

fn zoomed(state: &AppState, scale: f32) -> Action {
    Action::EditSettings(Box::new(Settings {
        scale: ((scale * 10.0).round() / 10.0).clamp(MIN_SCALE, MAX_SCALE),
        ..state.settings.clone()
    }))
}

/// The actions of the keys pressed in this frame. Called before anything is drawn, so that a text
/// field sees only the keys that are left.
pub fn from_keys(ctx: &egui::Context, state: &AppState) -> Vec<Action> {
    let typing = ctx.text_edit_focused();
    let mut actions = Vec::new();
    // With Shift first: the same keys without it would take them.
    let with_shift = |command: &Command| {
        let keys = command.shortcut();
        keys.is_some_and(|keys| keys.modifiers.shift)
    };
    let (first, rest): (Vec<_>, Vec<_>) = Command::ALL.into_iter().partition(with_shift);
    let here = |command: &Command| command.page().is_none_or(|page| page == state.page);
    for command in first.into_iter().chain(rest).filter(here) {
        let pressed = match command {
            // Escape closes a dialog or a popup before it cancels.
            Command::Cancel => {
                state.dialog.is_none()
                    && !egui::Popup::is_any_open(ctx)
                    && can_cancel(state)
                    && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
            }
            // Enter is also how a focused button is pressed; fields other than the question use it
            // to confirm.
            Command::Generate | Command::OpenRun => {
                state.dialog.is_none()
                    && ctx.memory(|memory| memory.focused().is_none())
                    && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter))
            }
            // The integration turns Ctrl+C and Ctrl+V into events of their own.
            Command::Copy => {
                !typing
                    && !has_selected_text(ctx)
                    && take_event(ctx, |event| matches!(event, egui::Event::Copy))
            }
            Command::Paste => pasted(ctx, typing, &mut actions),
            // A text field undoes its own words.
            Command::Undo | Command::Redo if typing || !undoes(state) => false,
            // A question mark shows the keys as well, where it is not text.
            Command::Care(CareCommand::Help) => {
                let shown = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::F1));
                let free = state.dialog.is_none() && !typing;
                shown
                    || (free
                        && ctx.input_mut(|input| {
                            input.consume_key(Modifiers::NONE, Key::Questionmark)
                        }))
            }
            Command::Pair(pair) if pair.yields(state) => false,
            Command::Pair(pair) if !pair.is_plain() => {
                state.dialog.is_none()
                    && ctx.input_mut(|input| input.consume_shortcut(&pair.shortcut()))
            }
            // Plain keys belong to the widget that has the focus.
            Command::Look
            | Command::Star
            | Command::DeleteRuns
            | Command::Queue
            | Command::Explain
            | Command::Times
            | Command::Play
            | Command::StepBack
            | Command::StepOn
            | Command::FirstStep
            | Command::LastStep
            | Command::Pair(_)
            | Command::Vote(_) => {
                state.dialog.is_none()
                    && ctx.memory(|memory| memory.focused().is_none())
                    && command
                        .shortcut()
                        .is_some_and(|keys| ctx.input_mut(|input| input.consume_shortcut(&keys)))
            }
            _ => command
                .shortcut()
                .is_some_and(|keys| ctx.input_mut(|input| input.consume_shortcut(&keys))),
        };
        if pressed && let Some(action) = command.action(state) {
            actions.push(action);
        }
    }
    actions
}

fn has_selected_text(ctx: &egui::Context) -> bool {
    ctx.plugin_opt::<egui::text_selection::LabelSelectionState>()
        .is_some_and(|selection| selection.lock().has_selection())
}

/// Removes the first event of a kind; whether there was one.
fn take_event(ctx: &egui::Context, is_it: impl Fn(&egui::Event) -> bool) -> bool {
    ctx.input_mut(|input| {
        let place = input.events.iter().position(is_it);
        place.map(|place| input.events.remove(place)).is_some()
    })
}

/// Whether the clipboard's picture is wanted; a pasted path of a picture is opened instead. Text
/// belongs to the field that is being written in, a picture never does.
fn pasted(ctx: &egui::Context, typing: bool, actions: &mut Vec<Action>) -> bool {
    let text = ctx.input(|input| {
        input.events.iter().find_map(|event| match event {
            egui::Event::Paste(text) if !typing => Some(Some(text.trim().to_owned())),
            egui::Event::PasteImage(_) => Some(None),
            _ => None,
        })
    });
    match text {
        None => false,
        Some(Some(path)) if looks_like_a_picture_file(&path) => {
            actions.push(Action::OpenPath(path.into()));
            false
        }
        Some(_) => true,
    }
}

/// Whether a pasted line is the path of a picture, by its ending alone.
fn looks_like_a_picture_file(text: &str) -> bool {
    let ending = text.rsplit_once('.').map(|(_stem, end)| end.to_lowercase());
    !text.contains('\n')
        && ending.is_some_and(|end| {
            ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"].contains(&end.as_str())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::texts::Texts;

    #[test]
    fn every_command_has_texts_and_its_own_keys() {
        let texts = Texts::english();
        for (index, command) in Command::ALL.into_iter().enumerate() {
            assert!(texts.has(command.label()), "{command:?}");
            assert!(texts.has(command.tip()), "{command:?}");
            for other in Command::ALL.into_iter().skip(index + 1) {
                let apart = command.page().is_some()
                    && other.page().is_some()
                    && command.page() != other.page();
                if command.shortcut().is_some() && !apart {
                    assert_ne!(
                        command.shortcut(),
                        other.shortcut(),
                        "{command:?} {other:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_pasted_path_is_known_by_its_ending() {
        assert!(looks_like_a_picture_file("/home/me/My frame.PNG"));
        assert!(!looks_like_a_picture_file("What happens if it rains?"));
        assert!(!looks_like_a_picture_file("one.png\ntwo.png"));
    }
}
