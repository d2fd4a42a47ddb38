//! The answer: mode, picture, what is going on, and what can be done with the result.

use super::Cx;
use super::question::reason;
use crate::app::command::Command;
use crate::app::state::{Action, BundleState, Column, Form, Phase, Progress, Run};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Choice, Slot, card, fit, hint, paint_picture, segmented, title};
use crate::job::{EditResult, GuidanceMode, Problem, Stage};
use eframe::egui;
use egui::{
    Align, Align2, Button, CornerRadius, FontId, Frame, Label, Layout, Margin, ProgressBar, Rect,
    RichText, Sense, TextureHandle, Ui, WidgetInfo, pos2, vec2,
};
use std::borrow::Cow;

/// Height kept below the picture, so that it never jumps.
const FOOT: f32 = 112.0;

/// View state of the columns.
#[derive(Default)]
pub struct ColumnsPanel {
    /// Whether the frame is shown in place of the answer while a button is held.
    comparing: bool,
}

impl ColumnsPanel {
    /// Draws the columns side by side.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, form: &mut Form, actions: &mut Vec<Action>) {
        card(ui, cx.tokens, |ui| {
            ui.set_min_size(ui.available_size());
            modes_ui(ui, cx, form);
            ui.add_space(space::XS);
            match &cx.state.run {
                Some(run) => {
                    let count = run.columns.len().max(1);
                    ui.columns(count, |uis| {
                        for (index, (ui, column)) in uis.iter_mut().zip(&run.columns).enumerate() {
                            self.column_ui(ui, cx, run, index, column, actions);
                        }
                    });
                }
                None => waiting_ui(ui, cx, actions),
            }
        });
    }

    fn column_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        index: usize,
        column: &Column,
        actions: &mut Vec<Action>,
    ) {
        let well = well_ui(ui, cx, FOOT);
        match &column.phase {
            Phase::Failed(problem) => {
                failed_ui(ui, cx, well, problem);
                foot_ui(ui, |ui| retry_ui(ui, cx, index, actions));
                return;
            }
            Phase::Cancelled => {
                message_ui(
                    ui,
                    cx,
                    well,
                    &cx.art.cat,
                    "answer-cancelled",
                    "answer-cancelled-hint",
                );
                foot_ui(ui, |ui| retry_ui(ui, cx, index, actions));
                return;
            }
            Phase::Queued | Phase::Running(_) | Phase::Finished(_) => {}
        }
        let held = self.picture_ui(ui, cx, run, index, column, well);
        let mut comparing = held;
        foot_ui(ui, |ui| {
            caption_ui(ui, cx, column);
            match &column.phase {
                Phase::Finished(result) => comparing |= result_ui(ui, cx, result, index, actions),
                Phase::Running(progress) => progress_ui(ui, cx, Some(progress)),
                _ => progress_ui(ui, cx, None),
            }
        });
        if comparing != self.comparing {
            self.comparing = comparing;
            ui.ctx().request_repaint();
        }
    }

    /// The picture as it is now; true while it is held to see the frame.
    fn picture_ui(
        &self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        index: usize,
        column: &Column,
        well: Rect,
    ) -> bool {
        let finished = column.result();
        let before = finished.is_some() && self.comparing;
        let (width, height) = run.frame.image.dimensions();
        let rect = fit(vec2(width as f32, height as f32), well);
        let mut pictures = cx.pictures.borrow_mut();
        let answer = finished
            .map(|result| &result.display)
            .or(column.preview.as_ref());
        let frame = pictures.texture(ui.ctx(), Slot::RunFrame, &run.frame.display);
        let answer = answer.map(|picture| pictures.texture(ui.ctx(), Slot::Column(index), picture));
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
        if finished.is_some() {
            badge(
                ui,
                cx,
                rect,
                if before {
                    "answer-before"
                } else {
                    "answer-after"
                },
            );
        }
        let id = ui.scope_id().with(("answer-picture", index));
        let response = ui.interact(rect, id, Sense::drag());
        let label = cx.tr("answer-picture");
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
        finished.is_some() && response.is_pointer_button_down_on()
    }
}

fn modes_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form) {
    let mut mode = form.mode();
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
                        ("reason", why.as_str().into()),
                    ];
                    cx.text("mode-missing", &values)
                }),
            BundleState::Loading | BundleState::Failed(_) => None,
        };
        Choice {
            unavailable,
            ..Choice::new(mode, label.as_ref(), cx.tr(tip))
        }
    });
    let row = vec2(ui.available_width(), 34.0);
    ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
        title(ui, &cx.tr("mode-title"));
        ui.add_space(space::S);
        let width = ui.available_width().min(460.0);
        segmented(ui, cx.tokens, width, &mut mode, &choices);
    });
    if mode != form.mode() {
        form.modes = vec![mode];
    }
}

/// Ids of the name and the tooltip of a mode.
fn mode_texts(mode: GuidanceMode) -> (&'static str, &'static str) {
    match mode {
        GuidanceMode::Question => ("mode-question", "mode-question-tip"),
        GuidanceMode::Answer => ("mode-answer", "mode-answer-tip"),
        GuidanceMode::Latent => ("mode-latent", "mode-latent-tip"),
        GuidanceMode::Both => ("mode-both", "mode-both-tip"),
    }
}

/// The place of the picture: all the room that the foot leaves.
fn well_ui(ui: &mut Ui, cx: &Cx<'_>, foot: f32) -> Rect {
    let size = vec2(
        ui.available_width(),
        (ui.available_height() - foot).max(120.0),
    );
    let (well, _) = ui.allocate_exact_size(size, Sense::hover());
    let radius = CornerRadius::same(CARD_RADIUS - 4);
    ui.painter().rect_filled(well, radius, cx.tokens.well);
    well
}

fn foot_ui(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ui.add_space(space::XS);
    ui.vertical(add);
}

/// Before the first answer.
fn waiting_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    if let BundleState::Failed(problem) = &cx.state.bundle {
        let well = well_ui(ui, cx, FOOT);
        failed_ui(ui, cx, well, problem);
        foot_ui(ui, |ui| {
            ui.vertical_centered(|ui| {
                if ui.button(cx.tr("answer-retry")).clicked() {
                    actions.push(Action::ReloadBundle);
                }
            });
        });
        return;
    }
    let well = well_ui(ui, cx, 0.0);
    match cx.state.generate_blocked() {
        None => {
            let question = cx.state.form.request.question.trim();
            let line = cx.text("answer-ready-hint", &[("question", question.into())]);
            let heading = cx.tr("answer-ready");
            message_text_ui(ui, cx, well, &cx.art.cat, &heading, &line);
        }
        Some(why) => {
            let heading = cx.tr("answer-empty");
            let hint = match why {
                crate::app::state::Blocked::NoFrame | crate::app::state::Blocked::NoQuestion => {
                    cx.tr("answer-empty-hint")
                }
                other => Cow::Owned(reason(cx, &other)),
            };
            message_text_ui(ui, cx, well, &cx.art.cat, &heading, &hint);
        }
    }
}

fn message_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    well: Rect,
    art: &TextureHandle,
    heading: &'static str,
    hint: &'static str,
) {
    message_text_ui(ui, cx, well, art, &cx.tr(heading), &cx.tr(hint));
}

/// A drawing with a heading and a line below, in the middle of the well.
fn message_text_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    well: Rect,
    art: &TextureHandle,
    heading: &str,
    hint: &str,
) {
    let response = ui.interact(well, ui.scope_id().with("message"), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Status, true, format!("{heading}\n{hint}"))
    });
    let height = (well.height() * 0.34).clamp(70.0, 190.0);
    let middle = well.center() - vec2(0.0, 34.0);
    let rect = Rect::from_center_size(middle, vec2(height * 52.0 / 66.0, height));
    let disc = rect.center() + vec2(0.0, height * 0.06);
    ui.painter()
        .circle_filled(disc, height * 0.66, cx.tokens.art);
    paint_picture(ui.painter(), art, rect, 0);
    let painter = ui.painter();
    let width = well.width() - 2.0 * space::XL;
    let mut y = rect.bottom() + height * 0.24 + space::L;
    for (text, size, colour) in [
        (heading, 20.0, cx.tokens.text),
        (hint, 14.0, cx.tokens.text_weak),
    ] {
        let mut job = egui::text::LayoutJob::simple(
            text.to_owned(),
            FontId::proportional(size),
            colour,
            width.min(520.0),
        );
        job.halign = Align::Center;
        job.wrap.max_rows = 6;
        let galley = painter.layout_job(job);
        let step = galley.size().y + space::S;
        painter.galley(pos2(well.center().x, y), galley, colour);
        y += step;
    }
}

/// A small label in the upper left corner of the picture.
fn badge(ui: &Ui, cx: &Cx<'_>, rect: Rect, text: &'static str) {
    let colour = egui::Color32::WHITE;
    let galley =
        ui.painter()
            .layout_no_wrap(cx.tr(text).into_owned(), FontId::proportional(11.5), colour);
    let place = Rect::from_min_size(
        rect.left_top() + vec2(space::S, space::S),
        vec2(galley.size().x + 16.0, 22.0),
    );
    let fill = egui::Color32::from_black_alpha(150);
    ui.painter()
        .rect_filled(place, CornerRadius::same(11), fill);
    let at = Align2::CENTER_CENTER.anchor_size(place.center(), galley.size());
    ui.painter().galley(at.min, galley, colour);
}

/// The written answer and things worth knowing.
fn caption_ui(ui: &mut Ui, cx: &Cx<'_>, column: &Column) {
    ui.spacing_mut().item_spacing.y = space::XS;
    for notice in &column.notices {
        Frame::new()
            .fill(cx.tokens.warning_soft)
            .corner_radius(CornerRadius::same(8))
            .inner_margin(Margin::symmetric(10, 5))
            .show(ui, |ui| {
                let text = RichText::new(notice).small().color(cx.tokens.warning);
                ui.add(Label::new(text).selectable(true));
            });
    }
    if let Some(answer) = &column.answer {
        ui.horizontal_wrapped(|ui| {
            let who = if answer.given {
                "answer-given"
            } else {
                "answer-written"
            };
            hint(ui, cx.tokens, cx.tr(who));
            let text = RichText::new(&answer.text).size(16.0);
            ui.add(Label::new(text).selectable(true));
        });
    }
}

/// What is going on, how far it is, and how long it will take.
fn progress_ui(ui: &mut Ui, cx: &Cx<'_>, progress: Option<&Progress>) {
    let (stage, left, fraction) = match progress {
        None => (cx.tr("stage-queued").into_owned(), None, 0.0),
        Some(progress) => {
            let left = (!progress.cancelling)
                .then_some(progress.seconds_left)
                .flatten()
                .map(|seconds| {
                    if seconds < 0.5 {
                        cx.tr("stage-nearly-done").into_owned()
                    } else {
                        let seconds = if seconds < 9.5 {
                            format!("{seconds:.1}")
                        } else {
                            format!("{seconds:.0}")
                        };
                        cx.text("stage-seconds-left", &[("seconds", seconds.into())])
                    }
                });
            (stage_text(cx, progress), left, progress.fraction())
        }
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new(stage).size(15.0));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(left) = left {
                hint(ui, cx.tokens, left);
            }
        });
    });
    let bar = ProgressBar::new(fraction)
        .desired_height(8.0)
        .corner_radius(CornerRadius::same(4))
        .fill(cx.tokens.accent);
    ui.add(bar).accessible_name(cx.tr("progress-label"));
}

fn stage_text(cx: &Cx<'_>, progress: &Progress) -> String {
    if progress.cancelling {
        return cx.tr("stage-cancelling").into_owned();
    }
    match progress.stage {
        Stage::Loading => cx.tr("stage-loading").into_owned(),
        Stage::ReadingFrame => cx.tr("stage-reading").into_owned(),
        Stage::Thinking => cx.tr("stage-thinking").into_owned(),
        Stage::Drawing if progress.step == 0 => cx.tr("stage-drawing-start").into_owned(),
        Stage::Drawing => cx.text(
            "stage-drawing",
            &[
                ("step", progress.step.into()),
                ("steps", progress.steps.into()),
            ],
        ),
        Stage::Finishing => cx.tr("stage-finishing").into_owned(),
    }
}

/// What can be done with a finished picture; true while the frame is to be shown instead.
fn result_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    result: &EditResult,
    index: usize,
    actions: &mut Vec<Action>,
) -> bool {
    ui.horizontal(|ui| {
        for (command, action) in [
            (Command::Save, Action::SaveResult(index)),
            (Command::Copy, Action::CopyResult(index)),
            (Command::UseAsFrame, Action::UseAsFrame(index)),
        ] {
            let keys = command
                .shortcut()
                .map(|keys| format!(" ({})", ui.ctx().format_shortcut(&keys)))
                .unwrap_or_default();
            let tip = format!("{}{keys}", cx.tr(command.tip()));
            if ui
                .button(cx.tr(command.label()))
                .on_hover_text(tip)
                .clicked()
            {
                actions.push(action);
            }
        }
        let compare = ui
            .add(Button::new(cx.tr("answer-compare").into_owned()).sense(Sense::click_and_drag()))
            .on_hover_text(cx.tr("answer-compare-tip"));
        compare.is_pointer_button_down_on()
    })
    .inner
        | {
            let (label, _) = mode_texts(result.request.mode);
            let seconds: f64 = result.stages.iter().map(|stage| stage.seconds).sum();
            let mut facts = vec![
                cx.tr(label).into_owned(),
                cx.text(
                    "answer-seed",
                    &[("seed", result.request.seed.to_string().into())],
                ),
            ];
            if seconds > 0.0 {
                facts.push(cx.text(
                    "answer-took",
                    &[("seconds", format!("{seconds:.1}").into())],
                ));
            }
            hint(ui, cx.tokens, facts.join("  ·  "));
            false
        }
}

fn retry_ui(ui: &mut Ui, cx: &Cx<'_>, index: usize, actions: &mut Vec<Action>) {
    ui.vertical_centered(|ui| {
        let button = Button::new(cx.tr("answer-retry").into_owned()).min_size(vec2(140.0, 34.0));
        if ui
            .add(button)
            .on_hover_text(cx.tr("answer-retry-tip"))
            .clicked()
        {
            actions.push(Action::Retry(index));
        }
    });
}

fn failed_ui(ui: &mut Ui, cx: &Cx<'_>, well: Rect, problem: &Problem) {
    let heading = cx.tr("answer-failed");
    let mut lines = problem.message.clone();
    if let Some(hint) = &problem.hint {
        lines = format!("{lines}\n{hint}");
    }
    if let Some(file) = &problem.file {
        lines = format!("{lines}\n{}", file.display());
    }
    message_text_ui(ui, cx, well, &cx.art.sad_cat, &heading, &lines);
}
