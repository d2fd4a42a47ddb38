//! Whose pictures are voted on, and by whom.

use super::{Cx, act, message_ui, trouble_ui};
use crate::app::panels::ask::message_next_ui;
use crate::app::state::{Action, Page, VoteAction};
use crate::app::theme::space;
use crate::app::widgets::{Wheel, card, hint, line_field, primary_button, quiet_line};
use crate::job::FolderUse;
use eframe::egui;
use egui::{Button, Key, Ui, vec2};
use std::path::PathBuf;

/// Width of the card.
const WIDTH: f32 = 560.0;

/// The path while it is typed.
#[derive(Default)]
pub struct SetupPanel {
    path: String,
    shown: String,
}

impl SetupPanel {
    /// Draws the card, with a word about the page above.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        ui.heading(cx.tr("vote-title"));
        ui.add_space(space::M);
        let width = WIDTH.min(ui.available_width());
        ui.allocate_ui(vec2(width, 0.0), |ui| {
            card(ui, cx.tokens, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = space::S;
                self.card_ui(ui, cx, actions);
            });
        });
        if let Some(problem) = &cx.state.voting.problem {
            ui.add_space(space::M);
            ui.allocate_ui(vec2(width, 0.0), |ui| trouble_ui(ui, cx, problem));
            return;
        }
        let room = ui.available_rect_before_wrap();
        let (heading, hint) = (cx.tr("vote-about"), cx.tr("vote-about-hint"));
        // Without an evaluation there is nothing to vote on.
        if !cx.state.voting.draft.folder.as_os_str().is_empty() {
            message_ui(ui, cx, room, &cx.art.mouse, &heading, &hint);
            return;
        }
        let (words, next) = ((heading.as_ref(), hint.as_ref()), cx.tr("vote-evaluate"));
        if message_next_ui(ui, cx, room, &cx.art.mouse, words, &next) {
            actions.push(Action::ShowPage(Page::Evaluate));
        }
    }

    fn card_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let voting = &cx.state.voting;
        let mut draft = voting.draft.clone();
        let current = draft.folder.display().to_string();
        if self.shown != current {
            self.shown.clone_from(&current);
            self.path = current;
        }
        ui.label(cx.tr("vote-folder"))
            .on_hover_text(cx.tr("vote-folder-tip"));
        ui.horizontal(|ui| {
            const BUTTON: f32 = 84.0;
            let width = ui.available_width() - BUTTON - space::S;
            field_ui(
                ui,
                cx,
                "vote-folder",
                "vote-folder-hint",
                &mut self.path,
                width,
            );
            let button = Button::new(cx.tr("evaluate-choose")).min_size(vec2(BUTTON, 30.0));
            let label = cx.text(
                "evaluate-choose-label",
                &[("what", cx.tr("vote-folder").as_ref().into())],
            );
            let button = ui.add(button).on_hover_text(&label);
            if button.accessible_name(label).clicked() {
                actions.push(act(VoteAction::Pick(FolderUse::VotedFolder)));
            }
        });
        draft.folder = PathBuf::from(self.path.trim().trim_matches('"'));
        let mut chosen = None;
        let known = cx.state.evaluate.draft.folders.iter();
        for folder in known.filter(|folder| **folder != draft.folder).take(3) {
            let name = folder.file_name().unwrap_or_default().display().to_string();
            let line = quiet_line(ui, cx.tokens, &name);
            if line.on_hover_text(cx.tr("vote-recent-tip")).clicked() {
                chosen = Some(folder.clone());
            }
        }
        draft.folder = chosen.unwrap_or(draft.folder);
        ui.label(cx.tr("vote-rater"))
            .on_hover_text(cx.tr("vote-rater-tip"));
        let width = ui.available_width();
        let entered = field_ui(
            ui,
            cx,
            "vote-rater",
            "vote-rater-hint",
            &mut draft.rater,
            width,
        );
        if draft != voting.draft {
            self.shown = draft.folder.display().to_string();
            self.path.clone_from(&self.shown);
            actions.push(act(VoteAction::Edit(draft)));
        }
        hint(ui, cx.tokens, cx.tr("vote-blind"));
        if voting.opening {
            ui.add(Wheel::new().size(22.0));
            return;
        }
        let label = cx.tr("vote-begin");
        let size = vec2(ui.available_width(), 36.0);
        let begin = primary_button(ui, cx.tokens, &label, "", size, voting.is_ready());
        let begin = begin
            .accessible_name(label.as_ref())
            .on_hover_text(cx.tr("vote-begin-tip"))
            .on_disabled_hover_text(cx.tr("vote-not-ready"));
        if begin.clicked() || entered && voting.is_ready() {
            actions.push(act(VoteAction::Open));
        }
    }
}

/// A field; whether Enter was pressed in it.
fn field_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    label: &'static str,
    empty: &'static str,
    text: &mut String,
    width: f32,
) -> bool {
    let field = line_field(ui, cx.tokens, &cx.tr(label), &cx.tr(empty), text, width);
    field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}
