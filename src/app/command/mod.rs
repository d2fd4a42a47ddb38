//! The one table of commands: text, tooltip and keys. Buttons, shortcuts, the palette and the Help
//! page all come from it.

mod action;
mod care;
mod keys;
mod pair;
mod table;
mod vote;

pub use care::CareCommand;
pub use keys::from_keys;
pub use pair::{PairCommand, arrows};
pub use vote::VoteCommand;

use crate::job::ExportFormat;

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

/// What stands before the commands of single pages.
const FIRST: [Command; 45] = [
    Command::Generate,
    Command::Cancel,
    Command::Open,
    Command::Paste,
    Command::Save,
    Command::Copy,
    Command::UseAsFrame,
    Command::SaveRun,
    Command::Story,
    Command::Export(ExportFormat::Grid),
    Command::Export(ExportFormat::Pdf),
    Command::Export(ExportFormat::Latex),
    Command::Export(ExportFormat::Sheet),
    Command::Export(ExportFormat::Gif),
    Command::Export(ExportFormat::Apng),
    Command::Export(ExportFormat::Csv),
    Command::Export(ExportFormat::Json),
    Command::Export(ExportFormat::Times),
    Command::Look,
    Command::Target,
    Command::Map,
    Command::Grid,
    Command::Adopt,
    Command::Explain,
    Command::Times,
    Command::Play,
    Command::StepBack,
    Command::StepOn,
    Command::FirstStep,
    Command::LastStep,
    Command::Undo,
    Command::Redo,
    Command::Queue,
    Command::HoldQueue,
    Command::CancelAll,
    Command::OpenRun,
    Command::Star,
    Command::DeleteRuns,
    Command::AskPage,
    Command::GalleryPage,
    Command::DatasetPage,
    Command::VotePage,
    Command::EvaluatePage,
    Command::TrainPage,
    Command::ModelsPage,
];

/// What concerns the window itself.
const LAST: [Command; 7] = [
    Command::Palette,
    Command::Settings,
    Command::About,
    Command::ZoomIn,
    Command::ZoomOut,
    Command::ZoomReset,
    Command::Quit,
];

impl Command {
    /// All commands, in the order the help lists them.
    pub fn all() -> impl Iterator<Item = Self> {
        FIRST
            .into_iter()
            .chain(PairCommand::ALL.map(Self::Pair))
            .chain(VoteCommand::ALL.map(Self::Vote))
            .chain([Self::Conference])
            .chain(CareCommand::ALL.map(Self::Care))
            .chain(LAST)
    }
}
