//! The pairs as rows: small pictures, name, question, answer, category. Only the rows on screen exist.

use super::cards::{thumb_ui, want};
use super::{Cx, words};
use crate::app::state::{Action, DatasetAction, OpenFolder};
use crate::app::theme::{CONTROL_RADIUS, space};
use crate::app::widgets::{RowTextures, offset_to_row, words_in};
use crate::job::datasets::Pair;
use eframe::egui;
use egui::{CornerRadius, Rect, Response, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

/// Height of a row.
const HEIGHT: f32 = 58.0;
/// Width of its pictures.
const PICTURES: f32 = 112.0;

/// View state of the rows.
#[derive(Default)]
pub struct RowsPanel {
    following: bool,
    viewport: (f32, f32),
    textures: RowTextures<usize>,
}

impl RowsPanel {
    /// Brings the cursor into view in the next frame.
    pub fn follow(&mut self) {
        self.following = true;
    }

    /// Draws the rows.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, actions: &mut Vec<Action>) {
        ui.spacing_mut().item_spacing.y = space::XS;
        let full = HEIGHT + space::XS;
        let mut area = ScrollArea::vertical().id_salt("rows").auto_shrink(false);
        if std::mem::take(&mut self.following)
            && let Some(at) = open.position()
            && let Some(offset) = offset_to_row(at, full, self.viewport)
        {
            area = area.vertical_scroll_offset(offset);
        }
        let mut visible = Vec::new();
        let output = area.show_rows(ui, HEIGHT, open.shown.len(), |ui, range| {
            let places = open.shown.iter().skip(range.start).take(range.len());
            for place in places.copied() {
                let Some(pair) = open.pair(place) else {
                    continue;
                };
                visible.push(place);
                let response = self.row_ui(ui, cx, open, (place, pair));
                if response.clicked() {
                    actions.push(DatasetAction::Select(place).into());
                }
                if response.double_clicked() {
                    actions.push(DatasetAction::Look(true).into());
                }
            }
        });
        self.viewport = (output.state.clamped_offset().y, output.inner_rect.height());
        self.textures.keep(&visible);
        want(open, visible, actions);
    }

    fn row_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        open: &OpenFolder,
        (place, pair): (usize, &Pair),
    ) -> Response {
        let size = vec2(ui.available_width() - space::M, HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let chosen = open.cursor == Some(place);
        let fill = match chosen {
            true => cx.tokens.accent_soft,
            false if response.hovered() || response.has_focus() => cx.tokens.control,
            false => cx.tokens.card,
        };
        let radius = CornerRadius::same(CONTROL_RADIUS);
        ui.painter().rect_filled(rect, radius, fill);
        let left = rect.left() + 6.0;
        let well = Rect::from_min_size(pos2(left, rect.top() + 5.0), vec2(PICTURES, HEIGHT - 10.0));
        thumb_ui(ui, cx, open, (place, pair), well, &mut self.textures);
        let weak = match chosen {
            true => cx.tokens.on_accent_soft,
            false => cx.tokens.text_weak,
        };
        let text = well.right() + space::M;
        let side = 150.0;
        let column = |top: f32| {
            let width = (rect.right() - side - text - space::M).max(40.0);
            Rect::from_min_size(pos2(text, rect.top() + top), vec2(width, 18.0))
        };
        words_in(ui, column(9.0), &pair.question, 13.5, 1, cx.tokens.text);
        words_in(ui, column(31.0), &pair.answer, 12.5, 1, weak);
        let right = |top: f32| {
            let corner = pos2(rect.right() - side, rect.top() + top);
            Rect::from_min_size(corner, vec2(side - space::S, 18.0))
        };
        words_in(ui, right(9.0), &pair.place.name, 12.5, 1, cx.tokens.text);
        let category = match &pair.category {
            Some(category) => words::category(cx, category),
            None => cx.tr("dataset-no-category"),
        };
        words_in(ui, right(31.0), &category, 12.0, 1, weak);
        let values = [
            ("name", pair.place.name.as_str().into()),
            ("question", pair.question.as_str().into()),
        ];
        let label = cx.text("dataset-card", &values);
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, chosen, &label));
        response.on_hover_cursor(egui::CursorIcon::PointingHand)
    }
}
