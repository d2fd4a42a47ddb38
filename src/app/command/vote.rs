//! The commands of the Vote page: what a rater does without the mouse.

use crate::app::state::{Action, AppState, Picked, VoteAction};
use eframe::egui::{Key, KeyboardShortcut, Modifiers};

/// Keys of the columns, from the left.
const DIGITS: [Key; 4] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4];

/// Something that is done with a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteCommand {
    /// Vote for a column, from 0.
    Column(u8),
    /// Say that a column shows the right outcome, or that it does not.
    Mark(u8),
    /// Say that none does.
    None,
    /// Say that several do, equally well.
    Tie,
    /// Go to the comparison before.
    Back,
    /// Go to the next one.
    Next,
}

impl VoteCommand {
    /// All of them, in the order About lists them.
    pub const ALL: [Self; 12] = [
        Self::Column(0),
        Self::Column(1),
        Self::Column(2),
        Self::Column(3),
        Self::None,
        Self::Tie,
        Self::Mark(0),
        Self::Mark(1),
        Self::Mark(2),
        Self::Mark(3),
        Self::Back,
        Self::Next,
    ];

    /// Ids of the text on a button and of the tooltip.
    pub fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Column(0) => ("command-vote-1", "vote-choose-tip"),
            Self::Column(1) => ("command-vote-2", "vote-choose-tip"),
            Self::Column(2) => ("command-vote-3", "vote-choose-tip"),
            Self::Column(_) => ("command-vote-4", "vote-choose-tip"),
            Self::Mark(0) => ("command-mark-1", "vote-right-tip"),
            Self::Mark(1) => ("command-mark-2", "vote-right-tip"),
            Self::Mark(2) => ("command-mark-3", "vote-right-tip"),
            Self::Mark(_) => ("command-mark-4", "vote-right-tip"),
            Self::None => ("command-vote-none", "vote-none-tip"),
            Self::Tie => ("command-vote-tie", "vote-tie-tip"),
            Self::Back => ("command-vote-back", "vote-back-tip"),
            Self::Next => ("command-vote-next", "vote-next-tip"),
        }
    }

    /// Its keys.
    pub fn shortcut(self) -> KeyboardShortcut {
        let digit = |column: u8| {
            DIGITS
                .get(usize::from(column))
                .copied()
                .unwrap_or(Key::Num4)
        };
        let plain = |key| KeyboardShortcut::new(Modifiers::NONE, key);
        match self {
            Self::Column(column) => plain(digit(column)),
            Self::Mark(column) => KeyboardShortcut::new(Modifiers::SHIFT, digit(column)),
            Self::None => plain(Key::Num0),
            Self::Tie => plain(Key::T),
            Self::Back => plain(Key::ArrowLeft),
            Self::Next => plain(Key::ArrowRight),
        }
    }

    /// What it does in this state; none while no comparison is shown, or one without that column.
    pub fn action(self, state: &AppState) -> Option<Action> {
        let voting = &state.voting;
        let open = voting.open.as_ref().filter(|_| voting.report.is_none())?;
        let columns = open.ballot().map_or(0, |ballot| ballot.columns.len());
        let shown = matches!(open.pictures, Some(Ok(_)));
        let column = |column: u8| {
            let column = usize::from(column);
            (shown && column < columns).then_some(column)
        };
        let action = match self {
            Self::Column(number) => VoteAction::Choose(Picked::Column(column(number)?)),
            Self::Mark(number) => VoteAction::Mark(column(number)?),
            Self::None => shown.then_some(VoteAction::Choose(Picked::None))?,
            Self::Tie => shown.then_some(VoteAction::Choose(Picked::Tie))?,
            Self::Back => VoteAction::Go(-1),
            Self::Next => VoteAction::Go(1),
        };
        Some(Action::Vote(action))
    }
}
