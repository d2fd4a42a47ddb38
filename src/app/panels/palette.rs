//! The command palette: every command by name, at the keyboard.

use super::Cx;
use crate::app::command::Command;
use crate::app::state::Action;
use crate::app::theme::space;
use crate::app::widgets::{field_frame, hint};
use eframe::egui;
use egui::{Button, Id, Key, Modal, Modifiers, RichText, ScrollArea, TextEdit, Ui, vec2};

const WIDTH: f32 = 460.0;
/// Height of the list.
const LIST: f32 = 330.0;

/// What is being looked for.
#[derive(Default)]
pub struct Palette {
    query: String,
    chosen: usize,
}

impl Palette {
    /// Draws the palette while it is open.
    pub fn ui(&mut self, ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let found: Vec<Command> = Command::all()
            .filter(|command| *command != Command::Palette)
            .filter(|command| matches(&self.query, &cx.tr(command.label())))
            .collect();
        self.move_choice(ctx, found.len());
        let entered = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        let mut picked = found.get(self.chosen).copied().filter(|_| entered);
        let modal = Modal::new(Id::unique("palette"))
            .backdrop_color(cx.tokens.backdrop)
            .frame(egui::Frame::window(&ctx.global_style()))
            .show(ctx, |ui| {
                ui.set_width(WIDTH);
                self.query_ui(ui, cx);
                ui.add_space(space::XS);
                ScrollArea::vertical().max_height(LIST).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    if found.is_empty() {
                        hint(ui, cx.tokens, cx.tr("palette-nothing"));
                    }
                    for (index, command) in found.iter().enumerate() {
                        let chosen = index == self.chosen;
                        if line_ui(ui, cx, *command, chosen, entered_list(ctx)) {
                            picked = Some(*command);
                        }
                    }
                });
            });
        let action = picked.and_then(|command| command.action(cx.state));
        if action.is_some() || modal.should_close() {
            *self = Self::default();
            actions.push(Action::CloseDialog);
            actions.extend(action);
        }
    }

    fn query_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let id = Id::unique("palette-query");
        let before = self.query.clone();
        let field = TextEdit::singleline(&mut self.query)
            .id(id)
            .hint_text(cx.tr("palette-hint"))
            .desired_width(f32::INFINITY)
            .frame(field_frame(cx.tokens, true));
        let response = ui.add(field);
        response.request_focus();
        response.accessible_name(cx.tr("palette-field"));
        if before != self.query {
            self.chosen = 0;
        }
    }

    /// Up and down, without leaving the list.
    fn move_choice(&mut self, ctx: &egui::Context, count: usize) {
        let pressed = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if pressed(Key::ArrowDown) {
            self.chosen += 1;
        }
        if pressed(Key::ArrowUp) {
            self.chosen = self.chosen.saturating_sub(1);
        }
        self.chosen = self.chosen.min(count.saturating_sub(1));
    }
}

/// Whether the choice was moved by key in this frame, so that it has to be scrolled to.
fn entered_list(ctx: &egui::Context) -> bool {
    ctx.input(|input| input.key_down(Key::ArrowDown) || input.key_down(Key::ArrowUp))
}

/// One command with its keys; true when it is picked.
fn line_ui(ui: &mut Ui, cx: &Cx<'_>, command: Command, chosen: bool, follow: bool) -> bool {
    let label = cx.tr(command.label());
    let keys = command
        .shortcut()
        .map(|keys| ui.ctx().format_shortcut(&keys))
        .unwrap_or_default();
    let possible = command.action(cx.state).is_some();
    let button = Button::selectable(chosen, RichText::new(label.as_ref()))
        .right_text(RichText::new(keys).small().weak())
        .min_size(vec2(ui.available_width(), 28.0));
    let response = ui
        .add_enabled(possible, button)
        .on_hover_text(cx.tr(command.tip()))
        .on_disabled_hover_text(cx.tr("palette-impossible"));
    if chosen && follow {
        response.scroll_to_me(None);
    }
    let clicked = response.clicked();
    response.accessible_name(label);
    clicked
}

/// Whether every word of the query is somewhere in the label.
fn matches(query: &str, label: &str) -> bool {
    let label = label.to_lowercase();
    let query = query.to_lowercase();
    query.split_whitespace().all(|word| label.contains(word))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn words_are_found_in_any_order() {
        assert!(matches("", "Save picture…"));
        assert!(matches("pic sav", "Save picture…"));
        assert!(!matches("run", "Save picture…"));
    }
}
