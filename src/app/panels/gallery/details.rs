//! The selected runs: the picture in large, question, answers, every setting, what can be done; and
//! for several the table of what tells them apart.

use super::Cx;
use super::table::{differences_ui, settings_ui};
use crate::app::command::Command;
use crate::app::panels::ask::{message_ui, mode_texts, problem_ui};
use crate::app::panels::when;
use crate::app::state::{Action, GalleryAction, Recall};
use crate::app::theme::{self, CARD_RADIUS, space};
use crate::app::widgets::{
    Slot, Wheel, card, fit, follow_focus, hint, paint_picture, primary_button,
};
use crate::job::{RunEntry, RunFile, RunKey};
use eframe::egui;
use egui::{Button, CornerRadius, Label, Rect, RichText, ScrollArea, Sense, Ui, WidgetInfo, vec2};

/// View state of the details.
#[derive(Default)]
pub struct DetailsPanel {
    /// Which column's picture is shown, and of which run.
    column: usize,
    of: Option<RunKey>,
}

impl DetailsPanel {
    /// Draws the details.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        card(ui, cx.tokens, |ui| {
            ui.set_min_size(ui.available_size());
            let selection = cx.state.gallery.selection();
            let Some(current) = cx.state.gallery.current() else {
                let room = ui.available_rect_before_wrap();
                let (heading, hint) = (cx.tr("gallery-select"), cx.tr("gallery-select-hint"));
                message_ui(ui, cx, room, &cx.art.cat, &heading, &hint);
                return;
            };
            if self.of != Some(current.id) {
                self.of = Some(current.id);
                self.column = 0;
            }
            ScrollArea::vertical()
                .id_salt("details")
                .auto_shrink(false)
                .show(ui, |ui| {
                    follow_focus(ui);
                    ui.spacing_mut().item_spacing.y = space::S;
                    self.picture_ui(ui, cx, current);
                    buttons_ui(ui, cx, &selection, actions);
                    if let [_, _, ..] = selection.as_slice() {
                        differences_ui(ui, cx, &selection);
                    } else {
                        self.run_ui(ui, cx, current, actions);
                    }
                });
        });
    }

    fn picture_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, run: &RunEntry) {
        let side = (ui.available_height() * 0.42).clamp(180.0, 420.0);
        let (well, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), side), Sense::hover());
        let radius = CornerRadius::same(CARD_RADIUS - 4);
        ui.painter().rect_filled(well, radius, cx.tokens.well);
        let file = match &cx.state.gallery.looked_at {
            Some((key, file)) if *key == run.id => file,
            _ if run.finished == 0 => {
                let heading = cx.tr("gallery-unfinished");
                let why = run.problem.clone().unwrap_or_default();
                message_ui(ui, cx, well, &cx.art.mouse, &heading, &why);
                return;
            }
            _ => {
                Wheel::new().paint_at(ui, Rect::from_center_size(well.center(), vec2(26.0, 26.0)));
                return;
            }
        };
        match file {
            Ok(file) => self.column_ui(ui, cx, file, well, &response),
            Err(problem) => problem_ui(ui, cx, well, &cx.tr("gallery-broken"), problem),
        }
    }

    fn column_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        file: &RunFile,
        well: Rect,
        response: &egui::Response,
    ) {
        let column = file
            .columns
            .get(self.column)
            .or_else(|| file.columns.first());
        let Some(column) = column else {
            return;
        };
        let mut pictures = cx.pictures.borrow_mut();
        let texture = pictures.texture(ui.ctx(), Slot::Gallery, &column.display);
        drop(pictures);
        let (width, height) = column.display.dimensions();
        let rect = fit(vec2(width as f32, height as f32), well);
        paint_picture(ui.painter(), &texture, rect, CARD_RADIUS - 4);
        let mode = cx.tr(mode_texts(column.request.mode).0);
        let label = cx.text("answer-picture", &[("mode", mode.as_ref().into())]);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
        if file.columns.len() < 2 {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(space::XS, space::XS);
            let several_seeds = file
                .columns
                .iter()
                .any(|c| c.request.seed != column.request.seed);
            for (index, column) in file.columns.iter().enumerate() {
                let mut name = cx.tr(mode_texts(column.request.mode).0).into_owned();
                if several_seeds {
                    name = format!("{name} {}", column.request.seed);
                }
                let text = RichText::new(&name).size(13.0);
                let chosen = index == self.column;
                let button = Button::selectable(chosen, text).frame_when_inactive(true);
                let label = cx.text("gallery-show-column", &[("name", name.into())]);
                let clicked = ui.add(button).accessible_name(label).clicked();
                if clicked {
                    self.column = index;
                }
            }
        });
    }

    /// Words and settings of one run.
    fn run_ui(&self, ui: &mut Ui, cx: &Cx<'_>, run: &RunEntry, actions: &mut Vec<Action>) {
        let question = RichText::new(&run.question).text_style(theme::title_style());
        ui.add(Label::new(question).wrap().selectable(true));
        if let Some((key, Ok(file))) = &cx.state.gallery.looked_at
            && *key == run.id
        {
            answers_ui(ui, cx, file);
        }
        let when = when::ago(cx, run.created, when::now());
        let date = when::moment(cx.texts, run.created);
        hint(
            ui,
            cx.tokens,
            cx.text("gallery-drawn", &[("when", when.into())]),
        )
        .on_hover_text(date);
        ui.separator();
        recall_ui(ui, cx, actions);
        ui.separator();
        settings_ui(ui, cx, run);
        if run.finished > 0 {
            let path = run.file.display().to_string();
            let words = RichText::new(&path)
                .small()
                .monospace()
                .color(cx.tokens.text_weak);
            ui.add(Label::new(words).truncate()).on_hover_text(path);
        }
    }
}

/// The answers of the columns that have one, each once.
fn answers_ui(ui: &mut Ui, cx: &Cx<'_>, file: &RunFile) {
    let mut told: Vec<&str> = Vec::new();
    for column in &file.columns {
        let Some(answer) = &column.answer else {
            continue;
        };
        if told.contains(&answer.text.as_str()) {
            continue;
        }
        told.push(&answer.text);
        let words = RichText::new(&answer.text)
            .size(14.0)
            .color(cx.tokens.text_weak);
        ui.add(Label::new(words).wrap().selectable(true));
    }
}

/// What can be done with the selection.
fn buttons_ui(ui: &mut Ui, cx: &Cx<'_>, selection: &[&RunEntry], actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let keys = |command: Command| {
            let keys = command
                .shortcut()
                .map(|keys| ui.ctx().format_shortcut(&keys));
            keys.unwrap_or_default()
        };
        let (open_keys, star_keys, delete_keys) = (
            keys(Command::OpenRun),
            keys(Command::Star),
            keys(Command::DeleteRuns),
        );
        let open = cx.tr(Command::OpenRun.label());
        let size = vec2(110.0, 30.0);
        let response = primary_button(ui, cx.tokens, &open, &open_keys, size, true);
        let open = response.accessible_name(open.as_ref());
        if open.on_hover_text(cx.tr(Command::OpenRun.tip())).clicked() {
            actions.push(Action::Gallery(GalleryAction::Open));
        }
        let all_starred = selection.iter().all(|run| run.starred);
        let star = if all_starred {
            "gallery-unstar"
        } else {
            "command-star"
        };
        for (label, tip, keys, action) in [
            (star, "command-star-tip", star_keys, GalleryAction::Star),
            (
                "command-delete-runs",
                "command-delete-runs-tip",
                delete_keys,
                GalleryAction::Delete,
            ),
        ] {
            let button = Button::new(cx.tr(label)).min_size(vec2(0.0, 30.0));
            let tip = format!("{} ({keys})", cx.tr(tip));
            if ui.add(button).on_hover_text(tip).clicked() {
                actions.push(Action::Gallery(action));
            }
        }
    });
}

/// What of the run goes into the form.
fn recall_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        hint(ui, cx.tokens, cx.tr("recall-title"));
        for (label, tip, what) in [
            ("recall-all", "recall-all-tip", Recall::All),
            ("recall-settings", "recall-settings-tip", Recall::Settings),
            ("recall-seed", "recall-seed-tip", Recall::Seed),
        ] {
            if ui.button(cx.tr(label)).on_hover_text(cx.tr(tip)).clicked() {
                actions.push(Action::Gallery(GalleryAction::Recall(what)));
            }
        }
    });
}
