//! One column: its picture at the time of the cursor, what is going on, and what can be done.

use super::Cx;
use super::back::{BackPanel, HEIGHT as BACK};
use super::columns::{column_title, mode_colour, mode_texts, well_ui};
use super::explain::reading_ui;
use super::finished::{facts, more_ui, result_ui};
use super::messages::{failed_ui, message_ui};
use super::progress::progress_ui;
use super::retry::{failed_foot_ui, interrupted_ui, retry_ui, ways_on};
use crate::app::state::{Action, Column, Phase, Run};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Slot, button_row_height, composed, field_frame, fit, paint_picture};
use crate::job::{GuidanceMode, WrittenAnswer};
use eframe::egui;
use egui::{
    Align, Align2, Color32, CornerRadius, FontId, Frame, Id, Key, Label, Layout, Margin, Rect,
    RichText, Sense, TextEdit, Ui, Vec2, WidgetInfo, vec2,
};

/// Height of a notice above the answer.
const NOTICE: f32 = 28.0;

/// Height of the written answer.
const ANSWER: f32 = 30.0;

/// View state of a column.
#[derive(Default)]
pub struct ColumnPanel {
    /// Whether the frame is shown in place of the answer while a button is held.
    comparing: bool,
    /// The answer as it is being edited, and the one it was taken from.
    answer: String,
    answer_of: String,
    back: BackPanel,
}

impl ColumnPanel {
    /// Height kept below the pictures of a run, so that they never jump.
    pub fn foot(run: &Run) -> f32 {
        let notices = run
            .columns
            .iter()
            .any(|column| above(column).next().is_some());
        let rows = if run.columns.len() > 1 { 96.0 } else { 112.0 };
        rows + BACK + if notices { NOTICE } else { 0.0 }
    }

    /// Whether a cell of this size has room for everything below its picture.
    pub fn is_roomy(run: &Run, cell: Vec2) -> bool {
        cell.x >= 210.0 && cell.y - Self::foot(run) >= 90.0
    }

    /// The same of columns that have only a line below their pictures, in cells of this width.
    pub fn compact_foot(run: &Run, width: f32) -> f32 {
        let buttons = run.columns.iter().map(|column| match &column.phase {
            Phase::Failed(problem) => ways_on(problem),
            _ => 1,
        });
        let height = button_row_height(buttons.max().unwrap_or(1), width);
        height + 10.0
    }

    /// Draws the column with only one line below its picture: its answer and a menu, or how far it
    /// is.
    pub fn compact_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        index: usize,
        actions: &mut Vec<Action>,
    ) {
        let Some(column) = run.columns.get(index) else {
            return;
        };
        let well = well_ui(
            ui,
            cx,
            ui.available_height() - Self::compact_foot(run, ui.available_width()),
        );
        ui.spacing_mut().item_spacing.y = space::XS;
        match &column.phase {
            Phase::Failed(problem) => {
                failed_ui(ui, cx, well, problem);
                failed_foot_ui(ui, cx, problem, index, actions);
            }
            Phase::Cancelled => {
                message_ui(ui, cx, well, &cx.art.cat, &cx.tr("answer-cancelled"), "");
                retry_ui(ui, cx, index, actions);
            }
            Phase::Queued => progress_ui(ui, cx, None),
            Phase::Running(_) | Phase::Finished(_) | Phase::Interrupted { .. } => {
                let held = picture_ui(ui, cx, run, index, column, well, self.comparing);
                match &column.phase {
                    Phase::Interrupted { .. } => interrupted_ui(ui, cx, column, index, actions),
                    Phase::Running(progress) => progress_ui(ui, cx, Some(progress)),
                    Phase::Finished(result) => {
                        ui.add_space(space::XS);
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                            more_ui(ui, cx, run, result, index, actions);
                            let text = match &result.answer {
                                Some(answer) => answer.text.clone(),
                                None => facts(cx, result),
                            };
                            let line = RichText::new(&text).small().color(cx.tokens.text_weak);
                            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                                ui.add(Label::new(line).truncate()).on_hover_text(text);
                            });
                        });
                    }
                    _ => {}
                }
                if held != self.comparing {
                    self.comparing = held;
                    ui.ctx().request_repaint();
                }
            }
        }
    }

    /// Draws the column into the whole of `ui`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        index: usize,
        actions: &mut Vec<Action>,
    ) {
        let Some(column) = run.columns.get(index) else {
            return;
        };
        let well = well_ui(ui, cx, ui.available_height() - Self::foot(run));
        match &column.phase {
            Phase::Failed(problem) => {
                failed_ui(ui, cx, well, problem);
                failed_foot_ui(ui, cx, problem, index, actions);
            }
            Phase::Cancelled => {
                let (heading, hint) = (cx.tr("answer-cancelled"), cx.tr("answer-cancelled-hint"));
                message_ui(ui, cx, well, &cx.art.cat, &heading, &hint);
                retry_ui(ui, cx, index, actions);
            }
            Phase::Queued | Phase::Running(_) | Phase::Finished(_) | Phase::Interrupted { .. } => {
                let held = picture_ui(ui, cx, run, index, column, well, self.comparing);
                let mut comparing = held;
                ui.add_space(space::XS);
                ui.spacing_mut().item_spacing.y = space::XS;
                notices_ui(ui, cx, column);
                let answer = ui.cursor().top();
                self.answer_ui(ui, cx, index, column, actions);
                match &column.phase {
                    Phase::Finished(result) => {
                        if run.columns.iter().any(has_words) {
                            // What follows stands in one line with that of the other columns.
                            let used = ui.cursor().top() - answer;
                            ui.add_space((ANSWER + ui.spacing().item_spacing.y - used).max(0.0));
                        }
                        self.back.ui(ui, cx, column, index, actions);
                        comparing |= result_ui(ui, cx, run, result, index, actions);
                    }
                    Phase::Running(progress) => progress_ui(ui, cx, Some(progress)),
                    Phase::Interrupted { .. } => interrupted_ui(ui, cx, column, index, actions),
                    _ => progress_ui(ui, cx, None),
                }
                if comparing != self.comparing {
                    self.comparing = comparing;
                    ui.ctx().request_repaint();
                }
            }
        }
    }

    /// The written answer, which can be changed.
    fn answer_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        index: usize,
        column: &Column,
        actions: &mut Vec<Action>,
    ) {
        let Some(answer) = &column.answer else {
            // The latent is this column's thought; it can be read, too.
            if has_words(column) && column.result().is_some() {
                reading_ui(ui, cx, column, index, actions);
            }
            return;
        };
        if self.answer_of != answer.text {
            self.answer.clone_from(&answer.text);
            self.answer_of.clone_from(&answer.text);
        }
        let (mode, _) = mode_texts(column.request.mode);
        let name = cx.text("answer-field", &[("mode", cx.tr(mode).as_ref().into())]);
        if !matches!(column.phase, Phase::Finished(_)) {
            ui.add(Label::new(RichText::new(&answer.text).size(15.0)).truncate());
            return;
        }
        let id = Id::unique(("answer", index));
        let focused = ui.memory(|memory| memory.has_focus(id));
        let cut = !answer.notices.is_empty();
        let width = ui.available_width() - if cut { 58.0 } else { 0.0 };
        let row = ui.horizontal(|ui| {
            let tip = answer_tip(cx, answer, column.explained.reading.as_deref());
            let response = composed(ui, id, usize::MAX, &mut self.answer, |ui, text, _| {
                let field = TextEdit::singleline(text)
                    .id(id)
                    .desired_width(width)
                    .frame(field_frame(cx.tokens, focused));
                ui.add(field)
            });
            let response = response.on_hover_text(tip);
            if cut {
                cut_ui(ui, cx, answer);
            }
            response
        });
        let response = row.inner;
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        response.accessible_name(name);
        if entered && self.answer.trim() != answer.text {
            actions.push(Action::AnswerWith(index, self.answer.clone()));
        }
    }
}

/// Things worth knowing, above the answer.
fn notices_ui(ui: &mut Ui, cx: &Cx<'_>, column: &Column) {
    for notice in above(column) {
        Frame::new()
            .fill(cx.tokens.warning_soft)
            .corner_radius(CornerRadius::same(8))
            .inner_margin(Margin::symmetric(10, 4))
            .show(ui, |ui| {
                let notice = cx.words(notice);
                let text = RichText::new(notice.as_ref())
                    .small()
                    .color(cx.tokens.warning);
                ui.add(Label::new(text).truncate()).on_hover_text(notice);
            });
    }
}

/// Whether words of the language model stand below the picture of a column, or a way to them.
fn has_words(column: &Column) -> bool {
    column.answer.is_some() || column.request.mode == GuidanceMode::Latent
}

/// Who wrote the answer, how sure the search was, and what an edit does.
fn answer_tip(cx: &Cx<'_>, answer: &WrittenAnswer, reading: Option<&str>) -> String {
    let who = if answer.given {
        cx.tr("answer-given").into_owned()
    } else {
        let score = answer.score.unwrap_or_default();
        cx.text(
            "answer-written-score",
            &[("score", format!("{score:.2}").into())],
        )
    };
    let mut tip = format!("{who}\n{}", cx.tr("answer-field-tip"));
    if let Some(reading) = reading {
        let line = cx.text("reading", &[("text", reading.into())]);
        tip = format!("{tip}\n{line}");
    }
    tip
}

/// What is worth knowing about the question; the answer's own notices stand beside the answer.
fn above(column: &Column) -> impl Iterator<Item = &String> {
    let beside = column.answer.iter().flat_map(|answer| &answer.notices);
    let beside: Vec<&String> = beside.collect();
    let notices = column.notices.iter();
    notices.filter(move |notice| !beside.contains(notice))
}

/// The badge of an answer that does not fit.
fn cut_ui(ui: &mut Ui, cx: &Cx<'_>, answer: &WrittenAnswer) {
    let why: Vec<_> = answer.notices.iter().map(|why| cx.words(why)).collect();
    let why = why.join("\n");
    let badge = Frame::new()
        .fill(cx.tokens.warning_soft)
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::symmetric(10, 4))
        .show(ui, |ui| {
            let text = RichText::new(cx.tr("answer-cut")).small();
            ui.label(text.color(cx.tokens.warning))
        });
    let about = || WidgetInfo::labeled(egui::Role::Label, true, &why);
    badge.inner.widget_info(about);
    badge.response.on_hover_text(why);
}

/// The picture as it is at the cursor; true while it is held to see the frame.
fn picture_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    run: &Run,
    index: usize,
    column: &Column,
    well: Rect,
    comparing: bool,
) -> bool {
    let (width, height) = run.frame.image.dimensions();
    let rect = fit(vec2(width as f32, height as f32), well);
    let shown = run.view(index).picture();
    let before = shown.is_some() && comparing;
    let mut pictures = cx.pictures.borrow_mut();
    let frame = pictures.texture(ui.ctx(), Slot::RunFrame, &run.frame.display);
    let answer = shown.map(|picture| pictures.texture(ui.ctx(), Slot::Column(index), picture));
    drop(pictures);
    match answer {
        Some(answer) if !before => paint_picture(ui.painter(), &answer, rect, CARD_RADIUS - 4),
        Some(_) => paint_picture(ui.painter(), &frame, rect, CARD_RADIUS - 4),
        None => {
            // Nothing drawn yet: the frame, stepped back.
            paint_picture(ui.painter(), &frame, rect, CARD_RADIUS - 4);
            let veil = cx.tokens.well.gamma_multiply(0.72);
            let radius = CornerRadius::same(CARD_RADIUS - 4);
            ui.painter().rect_filled(rect, radius, veil);
        }
    }
    let (mode, _) = mode_texts(column.request.mode);
    let mode = cx.tr(mode);
    let text = if before {
        cx.tr("answer-before").into_owned()
    } else {
        column_title(cx, &column.request)
    };
    badge(ui, rect, &text, mode_colour(cx, column.request.mode));
    let id = ui.scope_id().with("answer-picture");
    let response = ui.interact(rect, id, Sense::drag());
    let label = cx.text("answer-picture", &[("mode", mode.as_ref().into())]);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
    shown.is_some() && response.is_pointer_button_down_on()
}

/// The name of the mode in the upper left corner of the picture, with its colour.
fn badge(ui: &Ui, rect: Rect, text: &str, colour: Color32) {
    let galley =
        ui.painter()
            .layout_no_wrap(text.to_owned(), FontId::proportional(11.5), Color32::WHITE);
    let place = Rect::from_min_size(
        rect.left_top() + vec2(space::S, space::S),
        vec2(galley.size().x + 30.0, 22.0),
    );
    let fill = Color32::from_black_alpha(165);
    ui.painter()
        .rect_filled(place, CornerRadius::same(11), fill);
    let dot = place.left_center() + vec2(12.0, 0.0);
    ui.painter().circle_filled(dot, 4.0, colour);
    let room = Rect::from_min_max(place.min + vec2(21.0, 0.0), place.max);
    let at = Align2::LEFT_CENTER.anchor_size(room.left_center(), galley.size());
    ui.painter().galley(at.min, galley, Color32::WHITE);
}
