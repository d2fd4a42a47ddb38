//! What changes without a word: a bar per word, and the picture of the change.

use super::heat::legend_ui;
use super::{ExplainPanel, in_order, piece_name, stop_ui};
use crate::app::panels::Cx;
use crate::app::panels::ask::messages::message_ui;
use crate::app::panels::ask::progress::progress_ui;
use crate::app::state::{Action, Column, Explain, Inquiry, MAX_COLUMNS, Run, Topic};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Choice, Slot, fit, hint, paint_picture, segmented};
use crate::job::{ContextUnit, Piece, PieceEffect, PieceOf};
use eframe::egui;
use egui::{
    Align, Align2, Button, CornerRadius, FontId, Layout, Rect, RichText, ScrollArea, Sense, Ui,
    UiBuilder, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

/// The place of the map of change among the textures.
const CHANGE: usize = usize::MAX - 1;
/// Height of a bar's row.
const ROW: f32 = 26.0;

/// Which change is on screen, so that its texture is made once.
#[derive(Default)]
pub(super) struct Change {
    of: Option<(Arc<PieceEffect>, u32)>,
    version: u64,
}

impl Change {
    /// A number that is another one for another change or scale.
    fn version(&mut self, effect: &Arc<PieceEffect>, top: f32) -> u64 {
        let known = self.of.as_ref();
        let same = |(of, scale): &(Arc<PieceEffect>, u32)| {
            Arc::ptr_eq(of, effect) && *scale == top.to_bits()
        };
        if !known.is_some_and(same) {
            self.version += 1;
            self.of = Some((effect.clone(), top.to_bits()));
        }
        self.version
    }
}

impl ExplainPanel {
    pub(super) fn effect_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        index: usize,
        units: &[ContextUnit],
        actions: &mut Vec<Action>,
    ) {
        let Some(column) = run.columns.get(index) else {
            return;
        };
        let pieces = in_order(units);
        asking_ui(ui, cx, column, index, &pieces, actions);
        if column.explained.effects.is_empty() {
            let well = ui.available_rect_before_wrap();
            let radius = CornerRadius::same(CARD_RADIUS - 4);
            ui.painter().rect_filled(well, radius, cx.tokens.well);
            let (heading, line) = match column.explained.inquiry(Topic::Effects) {
                Inquiry::Running(..) => ("explain-measuring", "explain-measuring-hint"),
                Inquiry::Cancelled => ("answer-cancelled", "explain-measure-hint"),
                Inquiry::Failed(_) => ("answer-failed", "explain-measure-hint"),
                Inquiry::Idle => ("explain-measure-none", "explain-measure-hint"),
            };
            message_ui(ui, cx, well, &cx.art.cat, &cx.tr(heading), &cx.tr(line));
            return;
        }
        let room = ui.available_rect_before_wrap();
        let split = room.left() + (room.width() * 0.44).clamp(200.0, 380.0);
        let left = Rect::from_min_max(room.min, pos2(split - space::M, room.bottom()));
        let right = Rect::from_min_max(pos2(split, room.top()), room.max);
        let bars = &mut ui.new_child(UiBuilder::new().max_rect(left).id_salt("bars"));
        self.bars_ui(bars, cx, column, &pieces);
        let change = &mut ui.new_child(UiBuilder::new().max_rect(right).id_salt("change"));
        self.change_ui(change, cx, run, index, column, actions);
    }

    fn bars_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, column: &Column, pieces: &[(usize, &Piece)]) {
        let choices = [
            Choice::new(
                false,
                cx.tr("explain-as-written"),
                cx.tr("explain-as-written-tip"),
            ),
            Choice::new(true, cx.tr("explain-largest"), cx.tr("explain-largest-tip")),
        ];
        let width = ui.available_width();
        segmented(ui, cx.tokens, width, &mut self.largest_first, &choices);
        let known = |piece: &Piece| {
            let mut effects = column.explained.effects.iter();
            effects.find(|effect| effect.piece == *piece)
        };
        let mut rows: Vec<&Arc<PieceEffect>> = pieces
            .iter()
            .filter_map(|(_, piece)| known(piece))
            .collect();
        if self.largest_first {
            rows.sort_by(|a, b| b.mean.total_cmp(&a.mean));
        }
        let most = rows.iter().map(|effect| effect.mean).fold(0.0, f64::max);
        ScrollArea::vertical().id_salt("effects").show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for effect in rows {
                let taken = self.is_selected(&effect.piece);
                if bar_ui(ui, cx, effect, most, taken) {
                    self.selected = Some(effect.piece.clone());
                }
            }
            hint(ui, cx.tokens, cx.tr("explain-bar-unit"));
        });
    }

    /// The picture of the change without the selected piece.
    fn change_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        index: usize,
        column: &Column,
        actions: &mut Vec<Action>,
    ) {
        let choices = [
            Choice::new(false, cx.tr("explain-change"), cx.tr("explain-change-tip")),
            Choice::new(true, cx.tr("explain-without"), cx.tr("explain-without-tip")),
        ];
        let width = ui.available_width();
        segmented(ui, cx.tokens, width, &mut self.without_shown, &choices);
        let mut well = ui.available_rect_before_wrap();
        well.max.y = (well.max.y - 72.0).max(well.min.y + 60.0);
        let radius = CARD_RADIUS - 4;
        ui.painter()
            .rect_filled(well, CornerRadius::same(radius), cx.tokens.well);
        let effects = &column.explained.effects;
        let selected = effects
            .iter()
            .find(|effect| self.is_selected(&effect.piece));
        let (Some(effect), Some(result)) = (selected, column.result()) else {
            let name = self.selected.as_ref().map(|piece| piece_name(cx, piece));
            let values = [("piece", name.unwrap_or_default().into())];
            let text = cx.text("explain-not-measured", &values);
            let font = FontId::proportional(14.0);
            ui.painter().text(
                well.center(),
                Align2::CENTER_CENTER,
                text,
                font,
                cx.tokens.text_weak,
            );
            return;
        };
        let (width, height) = result.display.dimensions();
        let rect = fit(vec2(width as f32, height as f32), well);
        let mut pictures = cx.pictures.borrow_mut();
        let (texture, label) = if self.without_shown {
            let texture = pictures.texture(ui.ctx(), Slot::Explained, &effect.picture);
            (texture, "explain-without-picture")
        } else {
            let texture = pictures.texture(ui.ctx(), Slot::Explained, &result.display);
            (texture, "explain-change-picture")
        };
        drop(pictures);
        paint_picture(ui.painter(), &texture, rect, radius);
        let top = effects
            .iter()
            .map(|e| e.change.largest())
            .fold(0.0, f32::max);
        if !self.without_shown {
            let stamp = (self.change.version(effect, top), 0);
            let heat = self
                .heats
                .texture(ui.ctx(), CHANGE, stamp, &effect.change, top);
            paint_picture(ui.painter(), &heat, rect, radius);
        }
        let name = piece_name(cx, &effect.piece);
        let label = cx.text(label, &[("piece", name.into())]);
        let response = ui.interact(rect, ui.scope_id().with("change"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
        ui.advance_cursor_after_rect(well);
        ui.horizontal(|ui| {
            if !self.without_shown {
                let high = cx.text("explain-change-top", &[("top", format!("{top:.0}").into())]);
                legend_ui(
                    ui,
                    cx.tokens,
                    "0",
                    &high,
                    &cx.tr("explain-change-legend-tip"),
                );
            }
        });
        keep_ui(ui, cx, run, index, &effect.piece, actions);
    }
}

/// What can be measured, or how far the measuring is.
fn asking_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    column: &Column,
    index: usize,
    pieces: &[(usize, &Piece)],
    actions: &mut Vec<Action>,
) {
    if let Some(progress) = column.explained.progress(Topic::Effects) {
        progress_ui(ui, cx, Some(progress));
        stop_ui(ui, cx, index, Topic::Effects, actions);
        return;
    }
    let known = |piece: &Piece| {
        let mut effects = column.explained.effects.iter();
        effects.any(|effect| effect.piece == *piece)
    };
    let missing = |queries: bool| -> Vec<Piece> {
        let those = pieces.iter().map(|(_, piece)| *piece);
        let those = those.filter(|piece| (piece.of == PieceOf::Query) == queries);
        those.filter(|piece| !known(piece)).cloned().collect()
    };
    ui.horizontal_wrapped(|ui| {
        for (queries, label) in [
            (false, "explain-measure"),
            (true, "explain-measure-queries"),
        ] {
            let missing = missing(queries);
            if missing.is_empty() {
                continue;
            }
            let button = Button::new(RichText::new(cx.tr(label)).size(13.5));
            let tip = cx.text("explain-measure-tip", &[("count", missing.len().into())]);
            if ui.add(button).on_hover_text(tip).clicked() {
                actions.push(Action::Explain(Explain::Ask(
                    index,
                    Topic::Effects,
                    missing,
                )));
            }
        }
        if let Inquiry::Failed(problem) = column.explained.inquiry(Topic::Effects) {
            let text = RichText::new(cx.problem(problem)).small();
            ui.label(text.color(cx.tokens.error));
        }
    });
}

/// One word, its bar and its number; whether it was chosen.
fn bar_ui(ui: &mut Ui, cx: &Cx<'_>, effect: &PieceEffect, most: f64, taken: bool) -> bool {
    const NAME: f32 = 84.0;
    const NUMBER: f32 = 44.0;
    let size = vec2(ui.available_width(), ROW);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let radius = CornerRadius::same(6);
    let painter = ui.painter().with_clip_rect(rect);
    if taken {
        painter.rect_filled(rect, radius, cx.tokens.accent_soft);
    } else if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, radius, cx.tokens.control);
    }
    let colour = if taken {
        cx.tokens.on_accent_soft
    } else {
        cx.tokens.text
    };
    let name = piece_name(cx, &effect.piece);
    let text = |x: f32, anchor, text: &str, size| {
        let font = FontId::proportional(size);
        painter.text(pos2(x, rect.center().y), anchor, text, font, colour);
    };
    text(rect.left() + 6.0, Align2::LEFT_CENTER, &name, 14.0);
    let number = format!("{:.2}", effect.mean);
    text(rect.right() - 6.0, Align2::RIGHT_CENTER, &number, 12.5);
    let track = Rect::from_min_max(
        pos2(rect.left() + NAME, rect.top() + 8.0),
        pos2(rect.right() - NUMBER, rect.bottom() - 8.0),
    );
    let share = (effect.mean / most.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0) as f32;
    let mut bar = track;
    bar.max.x = track.left() + (track.width() * share).max(2.0);
    painter.rect_filled(track, CornerRadius::same(3), cx.tokens.well);
    painter.rect_filled(bar, CornerRadius::same(3), cx.tokens.accent);
    let values = [("piece", name.into()), ("mean", number.into())];
    let label = cx.text("explain-bar", &values);
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, taken, &label));
    let chosen = response.clicked() || response.gained_focus();
    let largest = [("largest", usize::from(effect.largest).into())];
    response.on_hover_text(format!("{label}\n{}", cx.text("explain-bar-tip", &largest)));
    chosen
}

/// Makes the picture without the piece a column.
fn keep_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    run: &Run,
    index: usize,
    piece: &Piece,
    actions: &mut Vec<Action>,
) {
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let room = run.columns.len() < MAX_COLUMNS;
        let keep = ui.add_enabled(room, Button::new(cx.tr("explain-keep")));
        let keep = keep
            .on_hover_text(cx.tr("explain-keep-tip"))
            .on_disabled_hover_text(cx.tr("explain-keep-full"));
        if keep.clicked() {
            let without = Explain::Without(index, piece.clone());
            actions.push(Action::Explain(without));
        }
        let name = piece_name(cx, piece);
        hint(
            ui,
            cx.tokens,
            cx.text("explain-keep-hint", &[("piece", name.into())]),
        );
    });
}
