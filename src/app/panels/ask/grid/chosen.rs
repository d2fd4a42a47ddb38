//! The chosen cell: its picture large, its numbers, and what can be done with it.

use super::super::Cx;
use super::super::columns::well_ui;
use super::super::finished::{command_button, facts};
use super::super::progress::progress_ui;
use super::super::retry::{failed_foot_ui, retry_ui};
use super::names::cell_name;
use crate::app::command::Command;
use crate::app::panels::queue::interrupted_text;
use crate::app::state::{Action, GridAction, Phase, Run};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Slot, fit, hint, paint_picture};
use crate::job::{Axis, EditResult, Grid};
use eframe::egui;
use egui::{Button, Label, Rect, RichText, Ui, UiBuilder, WidgetInfo, vec2};

/// Height kept below the picture.
const FOOT: f32 = 176.0;

/// Draws the cell into `place`.
pub fn chosen_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    run: &Run,
    grid: &Grid,
    place: Rect,
    actions: &mut Vec<Action>,
) {
    let Some(column) = run.columns.get(run.chosen) else {
        return;
    };
    let ui = &mut ui.new_child(UiBuilder::new().max_rect(place).id_salt("chosen"));
    ui.spacing_mut().item_spacing.y = space::XS + 2.0;
    let name = cell_name(cx, grid, run.chosen);
    picture_ui(ui, cx, run, &name);
    ui.add(Label::new(RichText::new(&name).size(15.0)).wrap());
    if let Some(answer) = &column.answer {
        let text = Label::new(RichText::new(&answer.text).color(cx.tokens.text_weak)).truncate();
        ui.add(text).on_hover_text(&answer.text);
    }
    match &column.phase {
        Phase::Queued => progress_ui(ui, cx, None),
        Phase::Running(progress) if progress.step == 0 => {
            hint(ui, cx.tokens, cx.tr("grid-cell-waiting"));
        }
        Phase::Running(progress) => progress_ui(ui, cx, Some(progress)),
        Phase::Finished(result) => result_ui(ui, cx, run, result),
        Phase::Cancelled => {
            hint(ui, cx.tokens, cx.tr("grid-cell-cancelled"));
        }
        Phase::Interrupted { .. } => {
            hint(ui, cx.tokens, interrupted_text(cx, column));
        }
        Phase::Failed(problem) => {
            let text = RichText::new(cx.problem(problem)).color(cx.tokens.error);
            ui.add(Label::new(text).wrap());
        }
    }
    adopt_ui(ui, cx, run, grid, actions);
    match &column.phase {
        Phase::Finished(_) => ui.horizontal_wrapped(|ui| {
            for (command, action) in [
                (Command::Save, Action::SaveResult(run.chosen)),
                (Command::UseAsFrame, Action::UseAsFrame(run.chosen)),
            ] {
                if command_button(ui, cx, command, None) {
                    actions.push(action);
                }
            }
        }),
        Phase::Failed(problem) if !cx.state.is_running() => {
            ui.horizontal(|ui| failed_foot_ui(ui, cx, problem, run.chosen, actions))
        }
        Phase::Cancelled | Phase::Interrupted { .. } if !cx.state.is_running() => {
            ui.horizontal(|ui| retry_ui(ui, cx, run.chosen, actions))
        }
        _ => return,
    };
}

fn picture_ui(ui: &mut Ui, cx: &Cx<'_>, run: &Run, name: &str) {
    let (width, height) = run.frame.display.dimensions();
    let size = vec2(width as f32, height as f32);
    let room = Rect::from_min_size(ui.cursor().min, ui.available_size());
    let most = room.with_max_y((room.bottom() - FOOT).max(room.top() + 80.0));
    let well = well_ui(ui, cx, fit(size, most).height());
    let rect = fit(size, well);
    let drawn = run.view(run.chosen).picture();
    let picture = drawn.unwrap_or(&run.frame.display);
    let mut pictures = cx.pictures.borrow_mut();
    let texture = pictures.texture(ui.ctx(), Slot::Chosen, picture);
    paint_picture(ui.painter(), &texture, rect, CARD_RADIUS - 4);
    if drawn.is_none() {
        // Nothing drawn yet: the frame, stepped back.
        let veil = cx.tokens.well.gamma_multiply(0.72);
        ui.painter()
            .rect_filled(rect, egui::CornerRadius::same(CARD_RADIUS - 4), veil);
    }
    let id = ui.scope_id().with("picture");
    let response = ui.interact(rect, id, egui::Sense::hover());
    let label = cx.text("grid-chosen", &[("cell", name.into())]);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
}

fn result_ui(ui: &mut Ui, cx: &Cx<'_>, run: &Run, result: &EditResult) {
    let text = RichText::new(facts(cx, result)).small();
    ui.add(Label::new(text.color(cx.tokens.text_weak)).truncate());
    let step = run.timeline.cursor.unwrap_or(run.steps_taken());
    let entry = run.timeline.divergence.get(step.saturating_sub(1));
    // The chosen cell is measured first.
    if let Some(distance) = entry.and_then(|entry| entry.to_frame.first().copied().flatten()) {
        let values = [("distance", format!("{distance:.2}").into())];
        hint(ui, cx.tokens, cx.text("grid-distance", &values))
            .on_hover_text(cx.tr("grid-distance-tip"));
    }
}

/// The button that takes the values into the form.
fn adopt_ui(ui: &mut Ui, cx: &Cx<'_>, run: &Run, grid: &Grid, actions: &mut Vec<Action>) {
    let scales = grid
        .axes(0)
        .all(|(axis, _)| matches!(axis, Axis::GuidanceScale(_) | Axis::ImageGuidanceScale(_)));
    let label = if scales {
        "grid-use-scales"
    } else {
        "grid-use-values"
    };
    let present = cx.state.present_cell() == Some(run.chosen);
    let button = Button::new(cx.tr(label)).min_size(vec2(ui.available_width(), 32.0));
    let response = ui
        .add_enabled(!present, button)
        .on_hover_text(cx.tr("grid-use-tip"))
        .on_disabled_hover_text(cx.tr("grid-use-present"));
    if response.clicked() {
        actions.push(GridAction::Adopt(run.chosen).into());
    }
}
