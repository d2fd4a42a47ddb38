//! The columns: which modes answer, the pictures side by side, and time below them.

use super::Cx;
use super::closer::CloserPanel;
use super::column::ColumnPanel;
use super::explain::ExplainPanel;
use super::grid::grid_ui;
use super::messages::{failed_ui, message_ui};
use super::pair::PairPanel;
use super::question::reason;
use super::timeline::{HEIGHT as TIMELINE, TimelinePanel};
use super::times::{TimesPanel, height_with_gap as times_height};
use crate::app::command::Command;
use crate::app::panels::remedy::remedy_ui;
use crate::app::state::{Action, Blocked, BundleState, Form, Page, Run, Stop};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Choice, button_row, card, cells, title, toggles};
use crate::job::{EditRequest, GuidanceMode, Piece, PieceOf};
use eframe::egui;
use egui::{
    Align, Button, Color32, CornerRadius, Layout, Rect, RichText, Sense, Ui, UiBuilder, vec2,
};
use std::borrow::Cow;

/// View state of the columns.
#[derive(Default)]
pub struct ColumnsPanel {
    columns: Vec<ColumnPanel>,
    closer: CloserPanel,
    pair: PairPanel,
    explain: ExplainPanel,
    timeline: TimelinePanel,
    times: TimesPanel,
}

impl ColumnsPanel {
    /// Draws everything about the answers.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, form: &mut Form, actions: &mut Vec<Action>) {
        card(ui, cx.tokens, |ui| {
            ui.set_min_size(ui.available_size());
            modes_ui(ui, cx, form, actions);
            cx.spot(Stop::Answers, ui.available_rect_before_wrap());
            ui.add_space(space::XS);
            match &cx.state.run {
                Some(run) => self.run_ui(ui, cx, run, actions),
                None => waiting_ui(ui, cx, actions),
            }
        });
    }

    fn run_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, run: &Run, actions: &mut Vec<Action>) {
        let has_time = run.steps_taken() > 0;
        let mut below = if has_time { TIMELINE + space::S } else { 0.0 };
        if cx.state.timing {
            below += times_height(ui);
        }
        let mut room = ui.available_rect_before_wrap();
        room.max.y -= below;
        if cx.state.looking {
            self.closer.ui(ui, cx, run, room, actions);
        } else if let Some(index) = cx.state.explaining {
            self.explain.ui(ui, cx, run, index, room, actions);
        } else if let Some(grid) = run.board() {
            grid_ui(ui, cx, run, grid, room, actions);
        } else if let Some(pairs) = run.pairs() {
            cx.pictures.borrow_mut().keep_cells(0);
            self.pair.ui(ui, cx, run, pairs, room, actions);
        } else {
            cx.pictures.borrow_mut().keep_cells(0);
            self.cells_ui(ui, cx, run, room, actions);
        }
        ui.advance_cursor_after_rect(room);
        if has_time {
            ui.add_space(space::S);
            self.timeline.ui(ui, cx, run, actions);
        }
        if cx.state.timing {
            ui.add_space(space::S);
            ui.scope(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                self.times.ui(ui, cx, run, actions);
            });
        }
    }

    /// The columns side by side.
    fn cells_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        room: Rect,
        actions: &mut Vec<Action>,
    ) {
        let (width, height) = run.frame.image.dimensions();
        let picture = vec2(width as f32, height as f32);
        let foot = ColumnPanel::foot(run);
        let per_row = run.columns_per_seed();
        let count = run.columns.len();
        let mut places = cells(count, per_row, room, space::M, picture, foot);
        let roomy = |place: &Rect| ColumnPanel::is_roomy(run, place.size());
        let compact = count > 1 && !places.iter().all(roomy);
        if compact {
            let width = places.first().map_or(0.0, Rect::width);
            let foot = ColumnPanel::compact_foot(run, width);
            places = cells(count, per_row, room, space::M, picture, foot);
        }
        self.columns
            .resize_with(run.columns.len(), ColumnPanel::default);
        let panels = self.columns.iter_mut().zip(places).enumerate();
        for (index, (panel, place)) in panels {
            let builder = UiBuilder::new().max_rect(place).id_salt(("column", index));
            let mut ui = ui.new_child(builder);
            match compact {
                true => panel.compact_ui(&mut ui, cx, run, index, actions),
                false => panel.ui(&mut ui, cx, run, index, actions),
            }
        }
    }
}

/// The colour of a mode in curves and labels.
pub fn mode_colour(cx: &Cx<'_>, mode: GuidanceMode) -> Color32 {
    match mode {
        GuidanceMode::Question => cx.tokens.mode_question,
        GuidanceMode::Answer => cx.tokens.mode_answer,
        GuidanceMode::Latent => cx.tokens.mode_latent,
        GuidanceMode::Both => cx.tokens.mode_both,
    }
}

fn modes_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form, actions: &mut Vec<Action>) {
    let choices = GuidanceMode::ALL.map(|mode| {
        let (label, tip) = mode_texts(mode);
        let label = cx.tr(label);
        let unavailable = match &cx.state.bundle {
            BundleState::Ready(summary) => summary
                .unavailable_modes
                .iter()
                .find(|(missing, _)| *missing == mode)
                .map(|(_, why)| {
                    let values = [
                        ("mode", label.as_ref().into()),
                        ("reason", cx.words(why).into_owned().into()),
                    ];
                    cx.text("mode-missing", &values)
                }),
            BundleState::Loading | BundleState::Failed(_) => None,
        };
        let tip = format!("{}\n{}", cx.tr(tip), cx.tr("mode-several"));
        Choice {
            unavailable,
            ..Choice::new(mode, label.as_ref(), tip)
        }
    });
    let row = vec2(ui.available_width(), 34.0);
    ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
        title(ui, &cx.tr("mode-title"));
        ui.add_space(space::S);
        let look = Command::Look.action(cx.state);
        // A finished run can be asked for one more mode.
        let run = cx.state.run.as_ref().filter(|run| run.grid.is_none());
        let missing = run.and_then(|run| {
            let drawn = |mode: &GuidanceMode| run.columns.iter().any(|c| c.request.mode == *mode);
            form.modes.iter().copied().find(|mode| !drawn(mode))
        });
        let missing = missing.filter(|_| !cx.state.is_running());
        // What stands beside has its room before it is there, as far as there is room.
        let beside = if missing.is_some() { 234.0 } else { 180.0 };
        let width = (ui.available_width() - beside).clamp(256.0, 420.0);
        let start = ui.cursor().min;
        cx.spot(Stop::Modes, Rect::from_min_size(start, vec2(width, 34.0)));
        if let Some(mode) = toggles(ui, cx.tokens, width, &form.modes, &choices) {
            let only_one = ui.input(|input| input.modifiers.command);
            form.toggle(mode, only_one);
        }
        if let Some(mode) = missing {
            let add = egui::Button::new(RichText::new(cx.tr("column-add")).size(13.5));
            if ui.add(add).on_hover_text(cx.tr("column-add-tip")).clicked() {
                actions.push(Action::AddMode(mode));
            }
        }
        if let Some(action) = look {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let text = RichText::new(cx.tr(Command::Look.label())).size(13.5);
                let button =
                    egui::Button::selectable(cx.state.looking, text).frame_when_inactive(true);
                let keys = Command::Look.shortcut();
                let keys = keys
                    .map(|keys| ui.ctx().format_shortcut(&keys))
                    .unwrap_or_default();
                let tip = format!("{} ({keys})", cx.tr(Command::Look.tip()));
                if ui.add(button).on_hover_text(tip).clicked() {
                    actions.push(action);
                }
            });
        }
    });
}

/// Ids of the name and the tooltip of a mode.
pub fn mode_texts(mode: GuidanceMode) -> (&'static str, &'static str) {
    match mode {
        GuidanceMode::Question => ("mode-question", "mode-question-tip"),
        GuidanceMode::Answer => ("mode-answer", "mode-answer-tip"),
        GuidanceMode::Latent => ("mode-latent", "mode-latent-tip"),
        GuidanceMode::Both => ("mode-both", "mode-both-tip"),
    }
}

/// What a column is called: its mode, and what is special about it.
pub fn column_title(cx: &Cx<'_>, request: &EditRequest) -> String {
    let (mode, _) = mode_texts(request.mode);
    let mut text = cx.tr(mode).into_owned();
    if !request.without.is_empty() {
        let name = |piece: &Piece| match piece.of {
            PieceOf::Query => cx.text("explain-query", &[("place", piece.place.into())]),
            _ => format!("\u{201c}{piece}\u{201d}"),
        };
        let pieces: Vec<String> = request.without.iter().map(name).collect();
        let values = [("mode", text.into()), ("pieces", cx.list(&pieces).into())];
        text = cx.text("column-without", &values);
    }
    if let Some(branch) = &request.branch {
        let values = [("mode", text.into()), ("step", branch.step.into())];
        text = cx.text("column-branched", &values);
    }
    text
}

/// The ground a picture stands on.
pub fn well_ui(ui: &mut Ui, cx: &Cx<'_>, height: f32) -> Rect {
    let size = vec2(ui.available_width(), height.max(40.0));
    let (well, _) = ui.allocate_exact_size(size, Sense::hover());
    let radius = CornerRadius::same(CARD_RADIUS - 4);
    ui.painter().rect_filled(well, radius, cx.tokens.well);
    well
}

/// Before the first answer.
fn waiting_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    if let BundleState::Failed(problem) = &cx.state.bundle {
        let well = well_ui(ui, cx, ui.available_height() - 44.0);
        failed_ui(ui, cx, well, problem);
        ui.add_space(space::XS);
        let count = 2 + usize::from(problem.remedy.is_some());
        button_row(ui, count, |ui, size| {
            remedy_ui(ui, cx, problem, size, actions);
            let retry = Button::new(cx.tr("answer-retry")).min_size(size);
            if ui.add(retry).clicked() {
                actions.push(Action::ReloadBundle);
            }
            let other = Button::new(cx.tr("answer-other-model")).min_size(size);
            let other = ui
                .add(other)
                .on_hover_text(cx.tr("command-models-page-tip"));
            if other.clicked() {
                actions.push(Action::ShowPage(Page::Models));
            }
        });
        return;
    }
    let well = well_ui(ui, cx, ui.available_height());
    match cx.state.generate_blocked() {
        None => {
            let question = cx.state.form.request.question.trim();
            let line = cx.text("answer-ready-hint", &[("question", question.into())]);
            let heading = cx.tr("answer-ready");
            message_ui(ui, cx, well, &cx.art.cat, &heading, &line);
        }
        Some(why) => {
            let heading = cx.tr("answer-empty");
            let hint = match why {
                Blocked::NoFrame | Blocked::NoQuestion => cx.tr("answer-empty-hint"),
                other => Cow::Owned(reason(cx, &other)),
            };
            message_ui(ui, cx, well, &cx.art.cat, &heading, &hint);
        }
    }
}
