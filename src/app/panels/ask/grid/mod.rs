//! A grid: its cells with the axes along the edges, and the chosen cell large beside them.

mod board;
mod chosen;
mod names;
mod setup;

pub use names::short_cell_name;
pub use setup::grid_setup_ui;

use super::Cx;
use super::progress::seconds_text;
use crate::app::state::{Action, GridAction, Phase, Run};
use crate::app::theme::space;
use crate::app::widgets::{hint, title};
use crate::job::Grid;
use eframe::egui;
use egui::{
    Align, Button, CornerRadius, Layout, ProgressBar, Rect, RichText, Ui, UiBuilder, pos2, vec2,
};
use names::parameter_name;

/// Narrower than this there is no room beside the cells.
const BESIDE: f32 = 430.0;

/// Draws the grid into `room`.
pub fn grid_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    run: &Run,
    grid: &Grid,
    room: Rect,
    actions: &mut Vec<Action>,
) {
    let ui = &mut ui.new_child(UiBuilder::new().max_rect(room).id_salt("grid"));
    head_ui(ui, cx, run, grid, actions);
    let rest = ui.available_rect_before_wrap();
    let beside = if rest.width() < BESIDE {
        0.0
    } else {
        (rest.width() * 0.34).clamp(196.0, 460.0) + space::M
    };
    let cells_room = rest.with_max_x(rest.right() - beside);
    let board = board::Board::new(ui, cx, run, grid, cells_room);
    board.ui(ui, cx, run, grid, actions);
    if beside > 0.0 {
        // What the cells leave over makes the chosen picture larger.
        let left = board.right() + space::M;
        let place = Rect::from_min_max(pos2(left, rest.top()), rest.max);
        chosen::chosen_ui(ui, cx, run, grid, place, actions);
    }
}

/// What the grid is, and how far.
fn head_ui(ui: &mut Ui, cx: &Cx<'_>, run: &Run, grid: &Grid, actions: &mut Vec<Action>) {
    let names: Vec<_> = grid
        .axes(0)
        .map(|(axis, _)| parameter_name(cx, axis.parameter()))
        .collect();
    let (done, count) = run.cells_done();
    let values = [("done", done.into()), ("count", count.into())];
    let row = vec2(ui.available_width(), 28.0);
    ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
        title(ui, &names.join(" × "));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if run.is_active() {
                let mut text = cx.text("grid-progress", &values);
                if let Some(seconds) = seconds_left(run) {
                    text = format!("{text}  ·  {}", seconds_text(cx, seconds));
                }
                hint(ui, cx.tokens, text);
            } else if done < count {
                let button = Button::new(RichText::new(cx.tr("grid-rest")).size(13.5));
                let tip = cx.tr("grid-rest-tip");
                if ui.add(button).on_hover_text(tip).clicked() {
                    actions.push(GridAction::DrawRest.into());
                }
                hint(ui, cx.tokens, cx.text("grid-progress", &values));
            } else {
                hint(ui, cx.tokens, cx.text("grid-count", &values));
            }
        });
    });
    if run.is_active() {
        let (taken, steps) = run.columns.iter().fold((0, 0), |(taken, steps), column| {
            (taken + column.track.len(), steps + column.request.steps)
        });
        let bar = ProgressBar::new(taken as f32 / steps.max(1) as f32)
            .desired_height(4.0)
            .corner_radius(CornerRadius::same(2))
            .fill(cx.tokens.accent);
        ui.add(bar).accessible_name(cx.tr("progress-label"));
    } else {
        // As high as the bar, so that nothing jumps when the last cell is done.
        ui.allocate_space(vec2(ui.available_width(), 4.0));
    }
}

/// Seconds until the last cell is drawn, as far as they can be known.
fn seconds_left(run: &Run) -> Option<f64> {
    let at_work = run.columns.iter().filter_map(|column| match column.phase {
        Phase::Running(progress) if progress.step > 0 => progress.seconds_left,
        _ => None,
    });
    // Between two waves nobody has taken a step.
    at_work.reduce(f64::min).or_else(|| {
        let waiting = run.columns.iter().filter(|column| column.is_active());
        let (job, _) = waiting.clone().find_map(|column| column.job)?;
        let steps: usize = waiting.map(|column| column.request.steps).sum();
        Some(run.pace(job)? * steps as f64)
    })
}
