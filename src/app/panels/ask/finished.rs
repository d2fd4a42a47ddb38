//! What can be done with a finished picture, and the numbers it was drawn with.

use super::Cx;
use super::columns::mode_texts;
use crate::app::command::Command;
use crate::app::state::{Action, Explain, Moment, Run, StoryAction};
use crate::app::widgets::hint;
use crate::job::{EditResult, ExportFormat};
use eframe::egui;
use egui::{Button, Label, RichText, Sense, Ui};

/// What can be done with a finished picture; true while the frame is to be shown instead.
pub(super) fn result_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    run: &Run,
    result: &EditResult,
    index: usize,
    actions: &mut Vec<Action>,
) -> bool {
    let several = run.columns.len() > 1;
    let held = ui
        .horizontal(|ui| {
            let shown: &[(Command, Action)] = &[
                (Command::Save, Action::SaveResult(index)),
                (Command::Copy, Action::CopyResult(index)),
                (Command::UseAsFrame, Action::UseAsFrame(index)),
            ];
            // Beside others each says whose it is.
            let (mode, _) = mode_texts(result.request.mode);
            let save = cx.text("column-save", &[("mode", cx.tr(mode).as_ref().into())]);
            let name = several.then_some(save.as_str());
            for (command, action) in shown.iter().take(if several { 1 } else { 3 }) {
                if command_button(ui, cx, *command, name) {
                    actions.push(action.clone());
                }
            }
            more_ui(ui, cx, run, result, index, actions);
            if several {
                return false;
            }
            let compare = ui
                .add(
                    Button::new(cx.tr("answer-compare").into_owned())
                        .sense(Sense::click_and_drag()),
                )
                .on_hover_text(cx.tr("answer-compare-tip"));
            compare.is_pointer_button_down_on()
        })
        .inner;
    ui.add(
        Label::new(
            RichText::new(facts(cx, result))
                .small()
                .color(cx.tokens.text_weak),
        )
        .truncate(),
    );
    held
}

pub(super) fn command_button(
    ui: &mut Ui,
    cx: &Cx<'_>,
    command: Command,
    name: Option<&str>,
) -> bool {
    let keys = command
        .shortcut()
        .map(|keys| format!(" ({})", ui.ctx().format_shortcut(&keys)))
        .unwrap_or_default();
    let tip = format!("{}{keys}", cx.tr(command.tip()));
    let mut button = ui.button(cx.tr(command.label()));
    if let Some(name) = name {
        button = button.accessible_name(name);
    }
    button.on_hover_text(tip).clicked()
}

/// Everything else, in a menu.
pub(super) fn more_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    run: &Run,
    result: &EditResult,
    index: usize,
    actions: &mut Vec<Action>,
) {
    let (mode, _) = mode_texts(result.request.mode);
    let name = cx.text("column-more", &[("mode", cx.tr(mode).as_ref().into())]);
    let button = egui::containers::menu::MenuButton::new(cx.tr("column-more-label").into_owned());
    let (response, _) = button.ui(ui, |ui| {
        ui.set_min_width(240.0);
        let mut item = |ui: &mut Ui, text: &str, tip: &str, action: Action| {
            if ui.button(text).on_hover_text(tip).clicked() {
                actions.push(action);
                ui.close();
            }
        };
        let command = |command: Command| (cx.tr(command.label()), cx.tr(command.tip()));
        let (copy, use_as) = (command(Command::Copy), command(Command::UseAsFrame));
        item(ui, &copy.0, &copy.1, Action::CopyResult(index));
        item(ui, &use_as.0, &use_as.1, Action::UseAsFrame(index));
        let save_run = command(Command::SaveRun);
        item(ui, &save_run.0, &save_run.1, Action::SaveRun);
        let story = command(Command::Story);
        item(ui, &story.0, &story.1, StoryAction::Plan.into());
        ui.menu_button(cx.tr("export-menu"), |ui| {
            for format in ExportFormat::ALL {
                let (text, tip) = command(Command::Export(format));
                item(ui, &text, &tip, Action::Export(format));
            }
        });
        if run.grid.is_some() {
            // The pictures of a pair belong together: none is changed, added or taken out.
            let save = command(Command::Save);
            item(ui, &save.0, &save.1, Action::SaveResult(index));
            return;
        }
        let explain = command(Command::Explain);
        let open = Action::Explain(Explain::Open(index));
        item(ui, &explain.0, &explain.1, open);
        ui.separator();
        if let Some(moment) = branching(run, index) {
            let values = [("step", moment.step.into())];
            let text = cx.text("column-branch", &values);
            item(
                ui,
                &text,
                &cx.tr("column-branch-tip"),
                Action::Branch(moment),
            );
        } else {
            ui.add_enabled(false, Button::new(cx.tr("column-branch-off")))
                .on_disabled_hover_text(cx.tr("column-branch-how"));
        }
        if run.columns.len() > 1 {
            ui.add_enabled_ui(!run.is_active(), |ui| {
                let (text, tip) = (cx.tr("column-remove"), cx.tr("column-remove-tip"));
                item(ui, &text, &tip, Action::RemoveColumn(index));
            })
            .response
            .on_disabled_hover_text(cx.tr("column-remove-busy"));
        }
        let Some(answer) = &result.answer else {
            return;
        };
        ui.separator();
        if answer.given {
            let (text, tip) = (cx.tr("answer-rewrite"), cx.tr("answer-rewrite-tip"));
            item(ui, &text, &tip, Action::AnswerWith(index, String::new()));
        }
        if answer.beams.len() > 1 {
            hint(ui, cx.tokens, cx.tr("answer-others"));
            for beam in answer.beams.iter().filter(|beam| beam.text != answer.text) {
                let text = format!("{}  ({:.2})", beam.text, beam.score);
                let action = Action::AnswerWith(index, beam.text.clone());
                item(ui, &text, &cx.tr("answer-others-tip"), action);
            }
        }
    });
    response.accessible_name(name);
}

/// The moment a branch could leave from: under the cursor, not the end.
fn branching(run: &Run, index: usize) -> Option<Moment> {
    let moment = run.moment(index)?;
    let steps = run.columns.get(index)?.request.steps;
    (moment.step < steps).then_some(moment)
}

/// Seed, scales and seconds in one quiet line.
pub(super) fn facts(cx: &Cx<'_>, result: &EditResult) -> String {
    let seconds: f64 = result.stages.iter().map(|stage| stage.seconds).sum();
    let request = &result.request;
    let mut facts = vec![
        cx.text("answer-seed", &[("seed", request.seed.to_string().into())]),
        cx.text(
            "answer-scales",
            &[
                ("text", format!("{:.1}", request.guidance_scale).into()),
                (
                    "image",
                    format!("{:.1}", request.image_guidance_scale).into(),
                ),
            ],
        ),
    ];
    if seconds > 0.0 {
        let values = [("seconds", format!("{seconds:.1}").into())];
        facts.push(cx.text("answer-took", &values));
    }
    facts.join("  ·  ")
}
