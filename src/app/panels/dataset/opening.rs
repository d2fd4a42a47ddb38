//! The page before a folder is open: ways to open one, and the folders of before.

use super::{Cx, message_above};
use crate::app::state::{Action, DatasetAction};
use crate::app::theme::space;
use crate::app::widgets::{
    Icon, card, field_frame, hint, icon_button, primary_button, quiet_line, title,
};
use eframe::egui;
use egui::{Id, Key, Rect, TextEdit, Ui, UiBuilder, vec2};

/// The draft of the path.
#[derive(Default)]
pub struct OpeningPanel {
    path: String,
}

impl OpeningPanel {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let dataset = &cx.state.dataset;
        let room = ui.available_rect_before_wrap().shrink(space::L);
        let recent = dataset.memory.recent.len().min(6) as f32;
        let height = 120.0
            + if recent > 0.0 {
                40.0 + recent * 32.0
            } else {
                0.0
            };
        let (art, heading, more) = match &dataset.failed {
            Some(problem) => {
                let message = cx.message(problem).into_owned();
                (&cx.art.sad_cat, message, cx.more(problem).join("\n"))
            }
            None => (
                &cx.art.cat,
                cx.tr("dataset-empty").into_owned(),
                cx.tr("dataset-empty-hint").into_owned(),
            ),
        };
        let words = (heading.as_str(), more.trim());
        let below = message_above(ui, cx, room, art, words, height);
        let size = vec2(below.width().min(560.0), height);
        let place = Rect::from_center_size(below.center(), size);
        let mut child = ui.new_child(UiBuilder::new().max_rect(place).id_salt("opening"));
        let ui = &mut child;
        card(ui, cx.tokens, |ui| {
            ui.spacing_mut().item_spacing.y = space::S;
            ui.horizontal(|ui| {
                let (label, size) = (cx.tr("dataset-choose"), vec2(180.0, 36.0));
                let choose = primary_button(ui, cx.tokens, &label, "", size, true);
                if choose.on_hover_text(cx.tr("dataset-choose-tip")).clicked() {
                    actions.push(DatasetAction::PickFolder.into());
                }
                self.path_ui(ui, cx, actions);
            });
            hint(ui, cx.tokens, cx.tr("dataset-open-hint"));
            if recent > 0.0 {
                recent_ui(ui, cx, actions);
            }
        });
    }

    fn path_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let id = Id::unique("dataset-path");
        let focused = ui.memory(|memory| memory.has_focus(id));
        let field = TextEdit::singleline(&mut self.path)
            .id(id)
            .hint_text(cx.tr("dataset-path-hint"))
            .desired_width(f32::INFINITY)
            .frame(field_frame(cx.tokens, focused));
        let response = ui.add(field);
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        response.accessible_name(cx.tr("dataset-path"));
        let path = self.path.trim().trim_matches('"');
        if entered && !path.is_empty() {
            actions.push(DatasetAction::Open(path.into()).into());
        }
    }
}

fn recent_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    title(ui, &cx.tr("dataset-recent"));
    for recent in cx.state.dataset.memory.recent.iter().take(6) {
        let path = recent.path.display().to_string();
        ui.horizontal(|ui| {
            let values = [("path", path.as_str().into())];
            let forget = icon_button(ui, Icon::Close, &cx.text("dataset-forget", &values), 24.0);
            if forget.on_hover_text(cx.tr("dataset-forget-tip")).clicked() {
                actions.push(DatasetAction::Forget(recent.path.clone()).into());
            }
            if quiet_line(ui, cx.tokens, &path).clicked() {
                actions.push(DatasetAction::Open(recent.path.clone()).into());
            }
        });
    }
}
