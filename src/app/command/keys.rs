//! From the keys of a frame to what they ask for.

use super::action::{can_cancel, undoes};
use super::{CareCommand, Command};
use crate::app::state::{Action, AppState};
use eframe::egui;
use egui::{Key, Modifiers};

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
    let (first, rest): (Vec<_>, Vec<_>) = Command::all().partition(with_shift);
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
    use super::looks_like_a_picture_file;

    #[test]
    fn a_pasted_path_is_known_by_its_ending() {
        assert!(looks_like_a_picture_file("/home/me/My frame.PNG"));
        assert!(!looks_like_a_picture_file("What happens if it rains?"));
        assert!(!looks_like_a_picture_file("one.png\ntwo.png"));
    }
}
