//! Where the editor looked: words as chips, the picture with a heat map, the queries below.

use super::heat::legend_ui;
use super::{ExplainPanel, in_order, percent, piece_name, rest_share};
use crate::app::panels::Cx;
use crate::app::state::Run;
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Slot, fit, hint, paint_picture};
use crate::job::{ContextUnit, HeatMap, Piece, PieceOf};
use eframe::egui;
use egui::{
    Align, Button, CornerRadius, Layout, Rect, RichText, Sense, Stroke, StrokeKind, TextureHandle,
    Ui, WidgetInfo, vec2,
};

/// The place of the large map among the textures; queries have their own index.
const LARGE: usize = usize::MAX;
/// Gap between the small maps.
const GAP: f32 = 4.0;

impl ExplainPanel {
    pub(super) fn attention_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        index: usize,
        units: &[ContextUnit],
    ) {
        let pieces = in_order(units);
        self.chips_ui(ui, cx, &pieces);
        let queries: Vec<_> = pieces
            .iter()
            .copied()
            .filter(|(_, piece)| piece.of == PieceOf::Query)
            .collect();
        let (side, rows) = small_side(ui.available_width(), queries.len());
        let strip = if rows == 0 {
            0.0
        } else {
            20.0 + rows as f32 * (side + GAP)
        };
        let mut well = ui.available_rect_before_wrap();
        well.max.y = (well.max.y - strip - 40.0).max(well.min.y + 80.0);
        let Some(picture) = run.view(index).picture() else {
            return;
        };
        let picture = cx
            .pictures
            .borrow_mut()
            .texture(ui.ctx(), Slot::Column(index), picture);
        let selected = pieces.iter().find(|(_, piece)| self.is_selected(piece));
        let top = self.large_ui(ui, cx, run, well, &picture, selected.copied());
        ui.advance_cursor_after_rect(well);
        self.legend_row_ui(ui, cx, units, top);
        if !queries.is_empty() {
            self.queries_ui(ui, cx, &picture, &queries, side);
        }
    }

    /// The words of each text, one line or more.
    fn chips_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, pieces: &[(usize, &Piece)]) {
        for (of, label) in [
            (PieceOf::Question, "explain-question"),
            (PieceOf::Answer, "explain-answer"),
        ] {
            let words: Vec<_> = pieces.iter().filter(|(_, piece)| piece.of == of).collect();
            if words.is_empty() {
                continue;
            }
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(GAP, GAP);
                ui.spacing_mut().button_padding = vec2(8.0, 3.0);
                hint(ui, cx.tokens, cx.tr(label));
                for (unit, piece) in words {
                    let share = self.moments.shares.get(*unit).copied().unwrap_or_default();
                    let taken = self.is_selected(piece);
                    let visuals = ui.visuals_mut();
                    visuals.selection.bg_fill = cx.tokens.accent;
                    visuals.selection.stroke = Stroke::new(1.0, cx.tokens.on_accent);
                    let quiet = RichText::new(percent(share)).size(11.0);
                    let word = RichText::new(&piece.word).size(14.0);
                    let button = Button::selectable(taken, (word, quiet)).frame_when_inactive(true);
                    let response = ui.add(button).on_hover_text(cx.tr("explain-word-tip"));
                    let values = [
                        ("piece", piece.word.as_str().into()),
                        ("share", percent(share).into()),
                    ];
                    let response = response.accessible_name(cx.text("explain-piece", &values));
                    if response.clicked() || response.gained_focus() {
                        self.selected = Some((*piece).clone());
                    }
                }
            });
        }
    }

    /// The picture with the map of the selected piece; returns the number of its brightest colour.
    fn large_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        well: Rect,
        picture: &TextureHandle,
        selected: Option<(usize, &Piece)>,
    ) -> f32 {
        let radius = CARD_RADIUS - 4;
        ui.painter()
            .rect_filled(well, CornerRadius::same(radius), cx.tokens.well);
        let (width, height) = run.frame.image.dimensions();
        let rect = fit(vec2(width as f32, height as f32), well);
        paint_picture(ui.painter(), picture, rect, radius);
        let Some((unit, piece)) = selected else {
            return 0.0;
        };
        let Some(map) = self.moments.maps.get(unit) else {
            return 0.0;
        };
        let top = map.largest();
        let stamp = (self.moments.version, unit);
        let heat = self.heats.texture(ui.ctx(), LARGE, stamp, map, top);
        paint_picture(ui.painter(), &heat, rect, radius);
        let values = [
            ("piece", piece_name(cx, piece).into()),
            ("top", percent(top).into()),
        ];
        let label = cx.text("explain-picture", &values);
        let response = ui.interact(rect, ui.scope_id().with("explained"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
        top
    }

    fn legend_row_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, units: &[ContextUnit], top: f32) {
        let row = vec2(ui.available_width(), 30.0);
        ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
            let high = format!("{} %", percent(top));
            legend_ui(ui, cx.tokens, "0", &high, &cx.tr("explain-legend-tip"));
            ui.add_space(space::S);
            let mean = Button::selectable(self.mean, RichText::new(cx.tr("explain-mean")).small());
            let mean = ui.add(mean.frame_when_inactive(true));
            if mean.on_hover_text(cx.tr("explain-mean-tip")).clicked() {
                self.mean = !self.mean;
            }
            let rest = percent(rest_share(units, &self.moments.shares));
            let rest = cx.text("explain-rest", &[("share", rest.into())]);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                hint(ui, cx.tokens, rest).on_hover_text(cx.tr("explain-rest-tip"));
            });
        });
    }

    /// One small map per query, all on one scale.
    fn queries_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        picture: &TextureHandle,
        queries: &[(usize, &Piece)],
        side: f32,
    ) {
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        hint(ui, cx.tokens, cx.tr("explain-queries")).on_hover_text(cx.tr("explain-queries-tip"));
        let maps = queries
            .iter()
            .filter_map(|(unit, _)| self.moments.maps.get(*unit));
        let top = maps.map(HeatMap::largest).fold(0.0, f32::max);
        ui.horizontal_wrapped(|ui| {
            for (unit, piece) in queries {
                let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
                paint_picture(ui.painter(), picture, rect, 4);
                if let Some(map) = self.moments.maps.get(*unit) {
                    let stamp = (self.moments.version, *unit);
                    let heat = self.heats.texture(ui.ctx(), *unit, stamp, map, top);
                    paint_picture(ui.painter(), &heat, rect, 4);
                }
                if self.is_selected(piece) || response.has_focus() {
                    let line = Stroke::new(2.5, cx.tokens.accent);
                    let radius = CornerRadius::same(4);
                    ui.painter()
                        .rect_stroke(rect, radius, line, StrokeKind::Middle);
                }
                let share = self.moments.shares.get(*unit).copied().unwrap_or_default();
                let values = [
                    ("piece", piece_name(cx, piece).into()),
                    ("share", percent(share).into()),
                ];
                let label = cx.text("explain-piece", &values);
                response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &label));
                if response.clicked() || response.gained_focus() {
                    self.selected = Some((*piece).clone());
                }
                response.on_hover_text(label);
            }
        });
    }
}

/// The side of a small map and how many rows there are: one row while they stay large enough.
fn small_side(width: f32, count: usize) -> (f32, usize) {
    const LEAST: f32 = 28.0;
    const MOST: f32 = 44.0;
    if count == 0 {
        return (0.0, 0);
    }
    let side = |per_row: usize| (width - GAP * (per_row as f32 - 1.0)) / per_row as f32 - 0.5;
    let rows = (1..=count).find(|rows| side(count.div_ceil(*rows)) >= LEAST);
    let rows = rows.unwrap_or(count);
    (side(count.div_ceil(rows)).clamp(8.0, MOST).floor(), rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_maps_take_as_few_rows_as_they_can() {
        assert_eq!(small_side(600.0, 0), (0.0, 0));
        assert_eq!(small_side(600.0, 16), (33.0, 1));
        assert_eq!(small_side(600.0, 32), (33.0, 2));
        assert_eq!(small_side(2000.0, 16), (44.0, 1));
    }
}
