//! The dialog in which a grid is planned: what varies and in which values, how many pictures that
//! makes, and how long they take.

use super::super::Cx;
use super::super::columns::mode_texts;
use super::super::question::reason;
use super::names::parameter_name;
use crate::app::command::Command;
use crate::app::state::{Action, AxisDraft, Blocked, Form, GridAction, GridDraft};
use crate::app::theme::space;
use crate::app::widgets::{
    Choice, dialog, dialog_body, field_frame, hint, primary_button, segmented,
};
use crate::job::{EditRequest, GuidanceMode, Parameter};
use eframe::egui;
use egui::{
    Align, Button, ComboBox, Id, Key, Layout, Modifiers, RichText, ScrollArea, TextEdit, Ui, vec2,
};

const WIDTH: f32 = 500.0;

/// Draws the dialog.
pub fn grid_setup_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let mut form = cx.state.form.clone();
    let dialog = dialog(ctx, cx.tokens, "grid-setup", WIDTH, |ui| {
        ui.heading(cx.tr("grid-title"));
        let mut entered = false;
        dialog_body(ui, |ui| {
            hint(ui, cx.tokens, cx.tr("grid-about"));
            ui.add_space(space::S);
            entered = axes_ui(ui, cx, &mut form);
            mode_ui(ui, cx, &mut form);
            ui.add_space(space::S);
            summary_ui(ui, cx);
        });
        ui.add_space(space::S);
        end_ui(ui, cx, &mut form, entered)
    });
    if form != cx.state.form {
        actions.push(Action::EditForm(Box::new(form)));
    }
    match dialog.inner {
        Some(End::Draw) => actions.push(GridAction::Draw.into()),
        Some(End::Close) => actions.push(Action::CloseDialog),
        None if dialog.should_close() => actions.push(Action::CloseDialog),
        None => {}
    }
}

/// How the dialog ends.
enum End {
    Draw,
    Close,
}

/// Both axes; true when Enter in one of the fields asks for the grid.
fn axes_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form) -> bool {
    let request = form.grid_base();
    let GridDraft { x, y, .. } = &mut form.grid;
    let columns = axis_ui(ui, cx, "grid-x", x, &request);
    ui.add_space(space::XS);
    let rows = axis_ui(ui, cx, "grid-y", y, &request);
    columns || rows
}

/// One axis: its parameter, its values, and what is wrong with them.
fn axis_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    label: &'static str,
    draft: &mut AxisDraft,
    request: &EditRequest,
) -> bool {
    let label = cx.tr(label);
    let none = cx.tr("grid-none").into_owned();
    let name = |parameter: Option<Parameter>| {
        parameter.map_or_else(|| none.clone(), |parameter| parameter_name(cx, parameter))
    };
    ui.horizontal(|ui| {
        ui.label(label.as_ref());
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let mut parameter = draft.parameter;
            let combo = ComboBox::from_id_salt(label.as_ref())
                .width(200.0)
                .selected_text(name(parameter))
                .show_ui(ui, |ui| {
                    let all = Parameter::ALL.into_iter().map(Some);
                    for choice in std::iter::once(None).chain(all) {
                        ui.selectable_value(&mut parameter, choice, name(choice));
                    }
                });
            combo
                .response
                .on_hover_text(cx.tr("grid-parameter-tip"))
                .accessible_name(cx.text("grid-parameter", &[("axis", label.as_ref().into())]));
            draft.choose(parameter, request);
        });
    });
    let Some(parameter) = draft.parameter else {
        return false;
    };
    values_ui(ui, cx, &label, parameter, draft)
}

fn values_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    label: &str,
    parameter: Parameter,
    draft: &mut AxisDraft,
) -> bool {
    let id = Id::unique(("grid-values", label));
    let focused = ui.memory(|memory| memory.has_focus(id));
    let name = cx.text("grid-values", &[("axis", label.into())]);
    let tip = if parameter.is_text() {
        "grid-values-lines-tip"
    } else {
        "grid-values-tip"
    };
    let field = |text| {
        if parameter.is_text() {
            TextEdit::multiline(text).desired_rows(3)
        } else {
            TextEdit::singleline(text)
        }
    };
    let response = ScrollArea::vertical()
        .id_salt(label)
        .max_height(92.0)
        .show(ui, |ui| {
            let field = field(&mut draft.values)
                .id(id)
                .desired_width(f32::INFINITY)
                .frame(field_frame(cx.tokens, focused));
            ui.add(field)
        })
        .inner;
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    response.on_hover_text(cx.tr(tip)).accessible_name(name);
    match draft.axis() {
        Err(problem) => {
            ui.label(
                RichText::new(cx.words(&problem.to_string()))
                    .small()
                    .color(cx.tokens.error),
            );
        }
        Ok(axis) => {
            let count = axis.map_or(1, |axis| axis.len());
            hint(
                ui,
                cx.tokens,
                cx.text("grid-values-count", &[("count", count.into())]),
            );
        }
    }
    entered && !parameter.is_text()
}

/// What steers the cells, unless an axis says so.
fn mode_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form) {
    let GridDraft { x, y, mode } = &mut form.grid;
    let by_axis = [x.parameter, y.parameter].contains(&Some(Parameter::Mode));
    if by_axis {
        return;
    }
    ui.add_space(space::XS);
    ui.label(cx.tr("mode-title"));
    let mut steered = mode.unwrap_or(form.modes.first().copied().unwrap_or_default());
    let choices = GuidanceMode::ALL.map(|mode| {
        let (label, tip) = mode_texts(mode);
        Choice::new(mode, cx.tr(label), cx.tr(tip))
    });
    let before = steered;
    segmented(ui, cx.tokens, ui.available_width(), &mut steered, &choices);
    if steered != before {
        *mode = Some(steered);
    }
}

/// How much it is.
fn summary_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let planned = cx.state.planned_grid();
    let summary = match &planned {
        Ok(grid) => {
            let requests = grid.requests(&cx.state.form.grid_base());
            let time = match cx.state.seconds_for(&requests) {
                Some(seconds) => cx.text("grid-time", &[("time", duration(cx, seconds).into())]),
                None => cx.tr("grid-time-unknown").into_owned(),
            };
            let count = [("count", requests.len().into())];
            format!("{}  ·  {time}", cx.text("grid-pictures", &count))
        }
        Err(why) => reason(cx, why),
    };
    let colour = match &planned {
        Err(Blocked::Axis | Blocked::Grid(_)) => cx.tokens.error,
        _ => cx.tokens.text_weak,
    };
    ui.label(RichText::new(summary).color(colour));
}

/// The buttons.
fn end_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form, entered: bool) -> Option<End> {
    let planned = cx.state.planned_grid();
    let key = ui.memory(|memory| memory.focused().is_none())
        && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    ui.horizontal(|ui| {
        let map = Button::new(cx.tr("grid-map"));
        if ui
            .add(map)
            .on_hover_text(cx.tr(Command::Map.tip()))
            .clicked()
        {
            form.grid = GridDraft {
                mode: form.grid.mode,
                ..GridDraft::map(&form.request)
            };
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let size = vec2(150.0, 34.0);
            let label = cx.tr("grid-draw");
            let draw = primary_button(ui, cx.tokens, &label, "", size, planned.is_ok())
                .accessible_name(label)
                .on_hover_text(cx.tr("grid-draw-tip"))
                .on_disabled_hover_text(
                    planned
                        .err()
                        .map(|why| reason(cx, &why))
                        .unwrap_or_default(),
                );
            let wanted = draw.enabled() && (draw.clicked() || key || entered);
            let closed = ui.button(cx.tr("dialog-close")).clicked();
            match (wanted, closed) {
                (true, _) => Some(End::Draw),
                (false, true) => Some(End::Close),
                (false, false) => None,
            }
        })
        .inner
    })
    .inner
}

/// A duration for people: seconds, or minutes from two on.
fn duration(cx: &Cx<'_>, seconds: f64) -> String {
    if seconds < 120.0 {
        let seconds = format!("{:.0}", seconds.max(1.0));
        cx.text("grid-seconds", &[("seconds", seconds.into())])
    } else {
        let minutes = format!("{:.0}", seconds / 60.0);
        cx.text("grid-minutes", &[("minutes", minutes.into())])
    }
}
