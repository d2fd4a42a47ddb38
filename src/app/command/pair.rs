//! The commands of the Dataset page: what an annotator does without the mouse.

use crate::app::state::{Action, AppState, DatasetAction, OpenFolder, PairView, StripAction};
use crate::job::datasets::{CATEGORIES, Field, Verdict};
use eframe::egui;
use egui::{Key, KeyboardShortcut, Modifiers};
use serde_json::json;

/// Something that is done with pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairCommand {
    /// Go to the next pair.
    Next,
    /// Go to the one before.
    Previous,
    /// Go to the next pair that one has not reviewed.
    NextOpen,
    /// Compare its pictures, or show the list again.
    Look,
    /// Write the question.
    Question,
    /// Write the answer.
    Answer,
    /// Write the causal chain.
    Chain,
    /// Look for pairs.
    Search,
    /// Choose one of the five categories, from 0.
    Category(u8),
    /// Take the category that the assistant proposes.
    Proposal,
    /// Say that the pair can be used.
    Accept,
    /// Say that it cannot.
    Reject,
    /// Save now.
    Save,
    /// Pick a new pair from frames, or show the list again.
    New,
    /// Make the frame under the cursor the picture before.
    Before,
    /// Make it the picture after.
    After,
    /// Add the pair that was picked.
    Add,
}

impl PairCommand {
    /// All of them, in the order About lists them.
    pub const ALL: [Self; 21] = [
        Self::Next,
        Self::Previous,
        Self::NextOpen,
        Self::Look,
        Self::Question,
        Self::Answer,
        Self::Chain,
        Self::Search,
        Self::Category(0),
        Self::Category(1),
        Self::Category(2),
        Self::Category(3),
        Self::Category(4),
        Self::Proposal,
        Self::Accept,
        Self::Reject,
        Self::Save,
        Self::New,
        Self::Before,
        Self::After,
        Self::Add,
    ];

    /// Ids of the text on a button and of the tooltip.
    pub fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Next => ("command-pair-next", "command-pair-next-tip"),
            Self::Previous => ("command-pair-previous", "command-pair-previous-tip"),
            Self::NextOpen => ("command-pair-open", "command-pair-open-tip"),
            Self::Look => ("command-pair-look", "command-pair-look-tip"),
            Self::Question => ("command-pair-question", "command-pair-question-tip"),
            Self::Answer => ("command-pair-answer", "command-pair-answer-tip"),
            Self::Chain => ("command-pair-chain", "command-pair-chain-tip"),
            Self::Search => ("command-pair-search", "command-pair-search-tip"),
            Self::Category(0) => ("command-pair-scenery", "command-pair-category-tip"),
            Self::Category(1) => ("command-pair-more", "command-pair-category-tip"),
            Self::Category(2) => ("command-pair-fewer", "command-pair-category-tip"),
            Self::Category(3) => ("command-pair-entities", "command-pair-category-tip"),
            Self::Category(_) => ("command-pair-emotion", "command-pair-category-tip"),
            Self::Proposal => ("command-pair-proposal", "command-pair-proposal-tip"),
            Self::Accept => ("command-pair-accept", "command-pair-accept-tip"),
            Self::Reject => ("command-pair-reject", "command-pair-reject-tip"),
            Self::Save => ("command-pair-save", "command-pair-save-tip"),
            Self::New => ("command-pair-new", "command-pair-new-tip"),
            Self::Before => ("command-pair-before", "command-pair-before-tip"),
            Self::After => ("command-pair-after", "command-pair-after-tip"),
            Self::Add => ("command-pair-add", "command-pair-add-tip"),
        }
    }

    /// Its keys.
    pub fn shortcut(self) -> KeyboardShortcut {
        let plain = |key| KeyboardShortcut::new(Modifiers::NONE, key);
        match self {
            Self::Next => plain(Key::N),
            Self::Previous => plain(Key::P),
            Self::NextOpen => plain(Key::O),
            Self::Look => plain(Key::V),
            Self::Question => plain(Key::F2),
            Self::Answer => plain(Key::F3),
            Self::Chain => plain(Key::F4),
            Self::Search => KeyboardShortcut::new(Modifiers::COMMAND, Key::F),
            Self::Category(0) => plain(Key::Num1),
            Self::Category(1) => plain(Key::Num2),
            Self::Category(2) => plain(Key::Num3),
            Self::Category(3) => plain(Key::Num4),
            Self::Category(_) => plain(Key::Num5),
            Self::Proposal => plain(Key::T),
            Self::Accept => plain(Key::Y),
            Self::Reject => plain(Key::X),
            Self::Save => KeyboardShortcut::new(Modifiers::COMMAND, Key::S),
            Self::New => KeyboardShortcut::new(Modifiers::COMMAND, Key::N),
            Self::Before => plain(Key::B),
            Self::After => plain(Key::A),
            Self::Add => KeyboardShortcut::new(Modifiers::COMMAND, Key::Enter),
        }
    }

    /// Whether its keys are letters that belong to a text field while one is being written in.
    pub fn is_plain(self) -> bool {
        !matches!(
            self,
            Self::Question
                | Self::Answer
                | Self::Chain
                | Self::Search
                | Self::Save
                | Self::New
                | Self::Add
        )
    }

    /// Whether its keys mean something else now: digits zoom while two pictures are compared.
    pub fn yields(self, state: &AppState) -> bool {
        matches!(self, Self::Category(_)) && state.dataset.looking
    }

    /// What it does in this state; none where it has nothing to do.
    pub fn action(self, state: &AppState) -> Option<Action> {
        let open = state.dataset.open.as_ref()?;
        let strip = state.dataset.strip.as_ref();
        let frames = strip.is_some_and(|strip| !strip.frames.is_empty());
        let (place, _) = match self {
            Self::Search => return Some(DatasetAction::Write(None).into()),
            Self::New => {
                let possible = open.is_editable() || strip.is_some();
                return possible.then(|| StripAction::Show(strip.is_none()).into());
            }
            Self::Before => return frames.then(|| StripAction::Before(None).into()),
            Self::After => return frames.then(|| StripAction::After(None).into()),
            Self::Add => {
                let possible = strip.is_some() && state.dataset.strip_blocked().is_none();
                return possible.then(|| StripAction::Add.into());
            }
            _ => open.current()?,
        };
        let editable = |action| open.is_editable().then_some(action);
        let action = match self {
            Self::Next => DatasetAction::Move(1),
            Self::Previous => DatasetAction::Move(-1),
            Self::NextOpen => DatasetAction::NextOpen,
            Self::Look => DatasetAction::Look(!state.dataset.looking),
            Self::Question => editable(DatasetAction::Write(Some(Field::Question)))?,
            Self::Answer => editable(DatasetAction::Write(Some(Field::Answer)))?,
            Self::Chain => editable(DatasetAction::Write(Some(Field::Chain)))?,
            // They need no pair, and were answered above.
            Self::Search | Self::New | Self::Before | Self::After | Self::Add => return None,
            Self::Category(number) => {
                let category = CATEGORIES.get(usize::from(number))?;
                editable(DatasetAction::Edit(
                    place,
                    Field::Category,
                    Some(json!(category)),
                ))?
            }
            Self::Proposal => {
                let proposed = open.proposal(place)?.category;
                let (_, pair) = open.current()?;
                if pair.category.as_deref() == Some(proposed) {
                    return None;
                }
                let value = Some(json!(proposed));
                editable(DatasetAction::Edit(place, Field::Category, value))?
            }
            Self::Accept => editable(verdict(state, open, Verdict::Accepted))?,
            Self::Reject => editable(verdict(state, open, Verdict::Rejected))?,
            Self::Save => editable(DatasetAction::Save)?,
        };
        Some(action.into())
    }
}

/// Says so, or takes it back where it was said before.
fn verdict(state: &AppState, open: &OpenFolder, verdict: Verdict) -> DatasetAction {
    let me = state.dataset.me();
    let mine = open.current().and_then(|(_, pair)| pair.verdict_of(&me));
    let said = mine == Some(verdict);
    DatasetAction::Review((!said).then_some(verdict))
}

/// The arrow keys move through the cards, unless something has the focus; `per_row` cards are in a row.
pub fn arrows(ctx: &egui::Context, state: &AppState, per_row: usize) -> Option<Action> {
    if state.dialog.is_some() || ctx.memory(|memory| memory.focused().is_some()) {
        return None;
    }
    let row = match state.dataset.memory.view {
        PairView::Cards => per_row as isize,
        PairView::Rows => 1,
    };
    let page = 4 * row;
    let keys = [
        (Key::ArrowLeft, -1),
        (Key::ArrowRight, 1),
        (Key::ArrowUp, -row),
        (Key::ArrowDown, row),
        (Key::PageUp, -page),
        (Key::PageDown, page),
        (Key::Home, isize::MIN / 2),
        (Key::End, isize::MAX / 2),
    ];
    let pressed = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let mut moves = keys.into_iter().filter(|(key, _)| pressed(*key));
    moves.next().map(|(_, by)| DatasetAction::Move(by).into())
}
