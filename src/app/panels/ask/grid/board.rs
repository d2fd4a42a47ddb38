//! The cells: as large as they fit, with the values along the edges. A click chooses a cell, arrows
//! move the choice, Enter or a double click adopts its values.

use super::super::Cx;
use super::names::{cell_name, parameter_name, value_name};
use crate::app::state::{Action, GridAction, Phase, Run};
use crate::app::theme::{CONTROL_RADIUS, space};
use crate::app::widgets::{Slot, fit, hint, paint_picture};
use crate::job::{Axis, Grid};
use eframe::egui;
use egui::{
    Align2, Color32, CornerRadius, EventFilter, FontId, Galley, Key, Modifiers, Rect, Sense,
    Stroke, StrokeKind, Ui, Vec2, WidgetInfo, epaint::TextShape, pos2, vec2,
};
use std::f32::consts::FRAC_PI_2;
use std::sync::Arc;

/// Between cells.
const GAP: f32 = 4.0;
/// Height of a line of values or of an axis' name.
const LINE: f32 = 17.0;
/// Room for a sentence beside a row.
const SENTENCE: f32 = 104.0;
/// Side of an enlarged cell under the pointer.
const LARGE: f32 = 260.0;

/// Where everything is.
pub struct Board {
    places: Vec<Rect>,
    block: Rect,
    /// Values beside the rows, and their width.
    values: f32,
}

impl Board {
    /// Lays the cells out in `room`.
    pub fn new(ui: &Ui, cx: &Cx<'_>, run: &Run, grid: &Grid, room: Rect) -> Self {
        let widest = grid.y.as_ref().map_or(0.0, |axis| {
            let widths = (0..axis.len()).map(|row| {
                let text = value_name(cx, axis, row);
                let font = FontId::proportional(12.0);
                ui.painter()
                    .layout_no_wrap(text, font, Color32::PLACEHOLDER)
                    .size()
                    .x
            });
            widths.fold(0.0, f32::max).min(SENTENCE) + space::XS
        });
        let left = if grid.y.is_some() { widest + LINE } else { 0.0 };
        let under = match &grid.x {
            Some(axis) if axis.parameter().is_text() => 3.0 * LINE,
            Some(_) => 2.0 * LINE,
            None => 0.0,
        };
        let (width, height) = run.frame.display.dimensions();
        let picture = vec2(width as f32, height as f32);
        let mut inner = room;
        inner.min.x += left;
        inner.max.y -= under;
        let places = places(inner, grid.width(), grid.height(), picture);
        let block = places
            .iter()
            .fold(Rect::NOTHING, |block, place| block.union(*place));
        Self {
            places,
            block,
            values: widest,
        }
    }

    /// Where the cells end.
    pub fn right(&self) -> f32 {
        self.block.right()
    }

    /// Draws cells and axes.
    pub fn ui(&self, ui: &mut Ui, cx: &Cx<'_>, run: &Run, grid: &Grid, actions: &mut Vec<Action>) {
        let id = ui.scope_id().with("board");
        if ui.memory(|memory| memory.has_focus(id)) {
            keys(ui, id, run, grid, actions);
        }
        let board = ui.interact(self.block, id, Sense::click());
        let label = cx.text("grid-board", &[("count", run.columns.len().into())]);
        board.widget_info(|| WidgetInfo::labeled(egui::Role::Grid, true, &label));
        self.axes_ui(ui, cx, grid);
        let present = cx.state.present_cell();
        cx.pictures.borrow_mut().keep_cells(run.columns.len());
        for (cell, place) in self.places.iter().enumerate() {
            let name = cell_name(cx, grid, cell);
            let response = ui.interact(*place, id.with(cell), Sense::CLICK);
            let texture = cell_ui(ui, cx, run, cell, *place);
            let chosen = run.chosen == cell;
            let focused = chosen && board.has_focus();
            ring(ui, cx, *place, chosen, focused || response.hovered());
            if present == Some(cell) {
                present_mark(ui, cx, *place);
            }
            response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, chosen, &name));
            if response.clicked() {
                board.request_focus();
                actions.push(GridAction::Choose(cell).into());
            }
            if response.double_clicked() {
                actions.push(GridAction::Adopt(cell).into());
            }
            response.on_hover_ui(|ui| {
                ui.set_max_width(LARGE + 2.0 * space::M);
                ui.label(&name);
                if let Some((texture, size)) = texture {
                    let side = fit(
                        size,
                        Rect::from_min_size(pos2(0.0, 0.0), Vec2::splat(LARGE)),
                    );
                    let (place, _) = ui.allocate_exact_size(side.size(), Sense::hover());
                    paint_picture(ui.painter(), &texture, place, CONTROL_RADIUS);
                }
                hint(ui, cx.tokens, state_text(cx, run, cell));
                if present == Some(cell) {
                    hint(ui, cx.tokens, cx.tr("grid-present"));
                }
            });
        }
    }

    /// Values and names along the edges.
    fn axes_ui(&self, ui: &Ui, cx: &Cx<'_>, grid: &Grid) {
        let row = |index: usize| self.places.get(index * grid.width()).copied();
        let painter = ui.painter();
        if let Some(axis) = &grid.y {
            for index in 0..axis.len() {
                let Some(place) = row(index) else { continue };
                let most = ((place.height() / LINE) as usize).clamp(1, 4);
                let galley = tick(ui, cx, axis, index, self.values, most);
                let right = place.left() - space::S;
                let at = pos2(
                    right - galley.size().x,
                    place.center().y - galley.size().y / 2.0,
                );
                painter.galley(at, galley, cx.tokens.text);
            }
            let name = axis_name(ui, cx, axis, self.block.height());
            let size = name.size();
            let left = self.block.left() - space::S - self.values - LINE;
            let at = pos2(left, self.block.center().y + size.x / 2.0);
            painter.add(TextShape::new(at, name, cx.tokens.text_weak).with_angle(-FRAC_PI_2));
        }
        if let Some(axis) = &grid.x {
            let lines = if axis.parameter().is_text() { 2 } else { 1 };
            for index in 0..axis.len() {
                let Some(place) = self.places.get(index) else {
                    continue;
                };
                let galley = tick(ui, cx, axis, index, place.width(), lines);
                let at = pos2(
                    place.center().x - galley.size().x / 2.0,
                    self.block.bottom() + 3.0,
                );
                painter.galley(at, galley, cx.tokens.text);
            }
            let name = axis_name(ui, cx, axis, self.block.width());
            let at = pos2(
                self.block.center().x - name.size().x / 2.0,
                self.block.bottom() + LINE * lines as f32 + 2.0,
            );
            painter.galley(at, name, cx.tokens.text_weak);
        }
    }
}

/// Equal cells with the proportions of `picture`, as large as they fit, from the upper left.
fn places(room: Rect, width: usize, height: usize, picture: Vec2) -> Vec<Rect> {
    let (columns, rows) = (width.max(1) as f32, height.max(1) as f32);
    let most = vec2(
        (room.width() - GAP * (columns - 1.0)) / columns,
        (room.height() - GAP * (rows - 1.0)) / rows,
    )
    .max(vec2(8.0, 8.0));
    let size = fit(picture, Rect::from_min_size(room.min, most)).size();
    let place = |cell: usize| {
        let (x, y) = ((cell % width.max(1)) as f32, (cell / width.max(1)) as f32);
        let corner = room.min + vec2(x, y) * (size + Vec2::splat(GAP));
        Rect::from_min_size(corner, size)
    };
    (0..width * height).map(place).collect()
}

/// A value along an edge, in at most `rows` lines.
fn tick(ui: &Ui, cx: &Cx<'_>, axis: &Axis, index: usize, width: f32, rows: usize) -> Arc<Galley> {
    let text = value_name(cx, axis, index);
    let font = FontId::proportional(12.0);
    let mut job = egui::text::LayoutJob::simple(text, font, cx.tokens.text, width.max(16.0));
    job.wrap.max_rows = rows;
    ui.painter().layout_job(job)
}

fn axis_name(ui: &Ui, cx: &Cx<'_>, axis: &Axis, length: f32) -> Arc<Galley> {
    let text = parameter_name(cx, axis.parameter());
    let font = FontId::proportional(12.0);
    let mut job = egui::text::LayoutJob::simple(text, font, cx.tokens.text_weak, length.max(40.0));
    job.wrap.max_rows = 1;
    ui.painter().layout_job(job)
}

/// Arrows move the choice, Enter adopts it.
fn keys(ui: &Ui, id: egui::Id, run: &Run, grid: &Grid, actions: &mut Vec<Action>) {
    let filter = EventFilter {
        horizontal_arrows: true,
        vertical_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) as usize;
    let (width, height) = (grid.width(), grid.height());
    let (mut column, mut row) = (run.chosen % width.max(1), run.chosen / width.max(1));
    column = (column + pressed(Key::ArrowRight)).min(width - 1);
    column = column.saturating_sub(pressed(Key::ArrowLeft));
    row = (row + pressed(Key::ArrowDown)).min(height - 1);
    row = row.saturating_sub(pressed(Key::ArrowUp));
    let chosen = row * width + column;
    if chosen != run.chosen {
        actions.push(GridAction::Choose(chosen).into());
    }
    if pressed(Key::Enter) > 0 {
        actions.push(GridAction::Adopt(chosen).into());
    }
}

/// A cell at the time of the cursor; its texture and size once there is a picture.
fn cell_ui(
    ui: &Ui,
    cx: &Cx<'_>,
    run: &Run,
    cell: usize,
    place: Rect,
) -> Option<(egui::TextureHandle, Vec2)> {
    let radius = CornerRadius::same(4);
    let painter = ui.painter();
    painter.rect_filled(place, radius, cx.tokens.well);
    let Some(picture) = run.view(cell).picture() else {
        let (mark, colour) = match run.columns.get(cell).map(|column| &column.phase) {
            Some(Phase::Failed(_)) => ("!", cx.tokens.error),
            Some(Phase::Cancelled) => ("–", cx.tokens.text_weak),
            _ => ("", cx.tokens.text_weak),
        };
        let font = FontId::proportional(15.0);
        painter.text(place.center(), Align2::CENTER_CENTER, mark, font, colour);
        return None;
    };
    let mut pictures = cx.pictures.borrow_mut();
    let texture = pictures.within_budget(ui.ctx(), Slot::Cell(cell), picture)?;
    paint_picture(painter, &texture, place, 4);
    if let Some(Phase::Running(progress)) = run.columns.get(cell).map(|column| &column.phase) {
        let done = progress.step as f32 / progress.steps.max(1) as f32;
        let bar = Rect::from_min_max(
            pos2(place.left(), place.bottom() - 3.0),
            pos2(place.left() + place.width() * done, place.bottom()),
        );
        painter.rect_filled(bar, CornerRadius::same(1), cx.tokens.accent);
    }
    let (width, height) = picture.dimensions();
    Some((texture, vec2(width as f32, height as f32)))
}

fn ring(ui: &Ui, cx: &Cx<'_>, place: Rect, chosen: bool, hot: bool) {
    let stroke = match (chosen, hot) {
        (true, true) => Stroke::new(3.0, cx.tokens.accent_hover),
        (true, false) => Stroke::new(2.5, cx.tokens.accent),
        (false, true) => Stroke::new(2.0, cx.tokens.text_weak),
        (false, false) => return,
    };
    let radius = CornerRadius::same(5);
    ui.painter()
        .rect_stroke(place.expand(1.5), radius, stroke, StrokeKind::Middle);
}

/// A dot on the cell whose values the form has: light around dark, so that it is seen on any
/// picture.
fn present_mark(ui: &Ui, cx: &Cx<'_>, place: Rect) {
    let at = place.right_top() + vec2(-9.0, 9.0);
    ui.painter().circle_filled(at, 5.5, Color32::WHITE);
    ui.painter().circle_filled(at, 3.8, cx.tokens.accent);
}

/// How a cell stands, in words.
fn state_text(cx: &Cx<'_>, run: &Run, cell: usize) -> String {
    match run.columns.get(cell).map(|column| &column.phase) {
        Some(Phase::Finished(_)) => cx.tr("grid-cell-done"),
        Some(Phase::Failed(_)) => cx.tr("grid-cell-failed"),
        Some(Phase::Cancelled) => cx.tr("grid-cell-cancelled"),
        Some(Phase::Interrupted { waits: false }) => cx.tr("grid-cell-cancelled"),
        Some(Phase::Running(progress)) if progress.step > 0 => {
            let values = [
                ("step", progress.step.into()),
                ("steps", progress.steps.into()),
            ];
            return cx.text("stage-drawing", &values);
        }
        _ => cx.tr("grid-cell-waiting"),
    }
    .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_fill_the_shorter_side_and_keep_their_shape() {
        let room = Rect::from_min_size(pos2(10.0, 20.0), vec2(508.0, 254.0));
        let places = places(room, 5, 5, vec2(2.0, 1.0));
        assert_eq!(places.len(), 25);
        let cell = places[0].size();
        assert!((cell.x - 2.0 * cell.y).abs() < 1e-3, "{cell}");
        assert!(
            places
                .iter()
                .all(|place| room.expand(0.01).contains_rect(*place))
        );
        let last = places[24].max;
        assert!((last.y - room.max.y).abs() < 0.1 || (last.x - room.max.x).abs() < 0.1);
        assert!(places[1].left() >= places[0].right() + GAP - 0.01);
    }
}
