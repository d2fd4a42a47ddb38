//! The menu of the target picture: open one, type its path, take it away, and what it is.

use super::Cx;
use crate::app::command::Command;
use crate::app::state::{Action, Run, TargetAction};
use crate::app::widgets::{field_frame, hint};
use eframe::egui;
use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Id, Key, PopupCloseBehavior, TextEdit, Ui};

/// The path as it is being typed.
#[derive(Default)]
pub struct TargetMenu {
    path: String,
}

impl TargetMenu {
    /// Draws the button, its menu and a caption.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, run: &Run, actions: &mut Vec<Action>) {
        // A click into the path field must not close the menu.
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let button = MenuButton::new(cx.tr("target-menu").into_owned()).config(config);
        let (response, _) = button.ui(ui, |ui| {
            ui.set_min_width(280.0);
            let open = ui.button(cx.tr(Command::Target.label()));
            if open.on_hover_text(cx.tr(Command::Target.tip())).clicked() {
                actions.push(TargetAction::Pick.into());
                ui.close();
            }
            self.path_ui(ui, cx, actions);
            hint(ui, cx.tokens, cx.tr("target-drop"));
            if run.target.is_some() {
                ui.separator();
                let remove = ui.button(cx.tr("target-remove"));
                if remove.on_hover_text(cx.tr("target-remove-tip")).clicked() {
                    actions.push(TargetAction::Remove.into());
                    ui.close();
                }
            }
        });
        response.on_hover_text(cx.tr("target-menu-tip"));
        if let Some(target) = &run.target {
            let text = match target.other_size() {
                None => target.facts.name.clone(),
                Some((width, height)) => cx.text(
                    "target-resized",
                    &[
                        ("name", target.facts.name.as_str().into()),
                        ("width", (width as usize).into()),
                        ("height", (height as usize).into()),
                    ],
                ),
            };
            let line = egui::RichText::new(&text)
                .small()
                .color(cx.tokens.text_weak);
            ui.add(egui::Label::new(line).truncate())
                .on_hover_text(text);
        }
    }

    fn path_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let id = Id::unique("target-path");
        let focused = ui.memory(|memory| memory.has_focus(id));
        let field = TextEdit::singleline(&mut self.path)
            .hint_text(cx.tr("frame-path-hint"))
            .id(id)
            .desired_width(f32::INFINITY)
            .frame(field_frame(cx.tokens, focused));
        let response = ui.add(field);
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        response.accessible_name(cx.tr("target-path"));
        let path = self.path.trim().trim_matches('"');
        if entered && !path.is_empty() {
            actions.push(TargetAction::Open(path.into()).into());
            self.path.clear();
            ui.close();
        }
    }
}
