//! The pairs as cards. Only the rows on screen are laid out, and only their thumbnails are made and
//! uploaded, so tens of thousands of pairs scroll like a dozen.

use super::{Cx, words};
use crate::app::state::{Action, DatasetAction, OpenFolder, ThumbState};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{RowTextures, fit, offset_to_row, paint_picture, words_in};
use crate::job::datasets::{Pair, Verdict};
use eframe::egui;
use egui::{
    Align2, Color32, CornerRadius, FontId, Painter, Rect, Response, ScrollArea, Sense, Stroke,
    StrokeKind, TextureHandle, Ui, WidgetInfo, epaint::RectShape, pos2, vec2,
};

/// A card is at least this wide.
const LEAST: f32 = 250.0;
/// Height of the words below the pictures.
const WORDS: f32 = 76.0;
/// Space between a card's edge and its pictures.
const INSET: f32 = 6.0;
/// Rows beyond the screen whose thumbnails are made in advance.
const AHEAD: usize = 2;

/// View state of the cards.
#[derive(Default)]
pub struct CardsPanel {
    per_row: usize,
    following: bool,
    viewport: (f32, f32),
    textures: RowTextures<usize>,
}

impl CardsPanel {
    /// Cards in a row.
    pub fn per_row(&self) -> usize {
        self.per_row.max(1)
    }

    /// Brings the cursor into view in the next frame.
    pub fn follow(&mut self) {
        self.following = true;
    }

    /// Draws the cards.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, actions: &mut Vec<Action>) {
        let gap = space::M;
        ui.spacing_mut().item_spacing = vec2(gap, gap);
        // Room for the scroll bar.
        let room = ui.available_width() - space::M;
        self.per_row = (((room + gap) / (LEAST + gap)) as usize).max(1);
        let width = ((room + gap) / self.per_row as f32 - gap).floor();
        let pictures = ((width - 2.0 * INSET) * 0.42).floor();
        let size = vec2(width, pictures + INSET + WORDS);
        let rows = open.shown.len().div_ceil(self.per_row);
        let mut area = ScrollArea::vertical().id_salt("pairs").auto_shrink(false);
        if std::mem::take(&mut self.following)
            && let Some(at) = open.position()
            && let Some(offset) = offset_to_row(at / self.per_row, size.y + gap, self.viewport)
        {
            area = area.vertical_scroll_offset(offset);
        }
        let mut visible = Vec::new();
        let mut seen = 0..0;
        let output = area.show_rows(ui, size.y, rows, |ui, range| {
            seen = range.clone();
            for row in range {
                ui.horizontal(|ui| {
                    for place in self.of_row(open, row) {
                        let Some(pair) = open.pair(place) else {
                            continue;
                        };
                        visible.push(place);
                        let response = self.card_ui(ui, cx, open, (place, pair), size);
                        if response.clicked() {
                            actions.push(DatasetAction::Select(place).into());
                        }
                        if response.double_clicked() {
                            actions.push(DatasetAction::Look(true).into());
                        }
                    }
                });
            }
        });
        self.viewport = (output.state.clamped_offset().y, output.inner_rect.height());
        self.textures.keep(&visible);
        let ahead = (seen.end..seen.end + AHEAD).flat_map(|row| self.of_row(open, row));
        let wanted: Vec<usize> = visible.iter().copied().chain(ahead).collect();
        want(open, wanted, actions);
    }

    fn of_row(&self, open: &OpenFolder, row: usize) -> Vec<usize> {
        let places = open.shown.iter().skip(row * self.per_row());
        places.take(self.per_row()).copied().collect()
    }

    fn card_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        open: &OpenFolder,
        (place, pair): (usize, &Pair),
        size: egui::Vec2,
    ) -> Response {
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let chosen = open.cursor == Some(place);
        let (fill, line) = match chosen {
            true => (cx.tokens.accent_soft, Stroke::new(2.0, cx.tokens.accent)),
            false if response.hovered() || response.has_focus() => {
                (cx.tokens.card, Stroke::new(1.5, cx.tokens.text_weak))
            }
            false => (cx.tokens.card, Stroke::new(1.0, cx.tokens.card_border)),
        };
        let radius = CornerRadius::same(CARD_RADIUS);
        ui.painter()
            .rect(rect, radius, fill, line, StrokeKind::Inside);
        let well = Rect::from_min_max(
            rect.min + vec2(INSET, INSET),
            pos2(rect.right() - INSET, rect.bottom() - WORDS),
        );
        thumb_ui(ui, cx, open, (place, pair), well, &mut self.textures);
        let words = Rect::from_min_max(
            pos2(rect.left() + 10.0, well.bottom() + space::S),
            rect.max - vec2(10.0, space::S),
        );
        words_ui(ui, cx, pair, words, chosen);
        let values = [
            ("name", pair.place.name.as_str().into()),
            ("question", pair.question.as_str().into()),
        ];
        let label = cx.text("dataset-card", &values);
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, chosen, &label));
        response.on_hover_cursor(egui::CursorIcon::PointingHand)
    }
}

/// Asks for the thumbnails that are not there.
pub fn want(open: &OpenFolder, places: Vec<usize>, actions: &mut Vec<Action>) {
    let missing = |place: &usize| open.thumb(*place).is_none();
    let wanted: Vec<usize> = places.into_iter().filter(missing).collect();
    if !wanted.is_empty() {
        actions.push(DatasetAction::Want(wanted).into());
    }
}

/// Before and after side by side, or why not.
pub fn thumb_ui(
    ui: &Ui,
    cx: &Cx<'_>,
    open: &OpenFolder,
    (place, pair): (usize, &Pair),
    well: Rect,
    textures: &mut RowTextures<usize>,
) {
    let radius = CornerRadius::same(CARD_RADIUS - 5);
    let halves = halves(well);
    match open.thumb(place) {
        Some(ThumbState::Ready(thumbnail)) => {
            let picture = &thumbnail.picture;
            let size = vec2(picture.width() as f32 / 2.0, picture.height() as f32);
            let texture = textures.texture(ui.ctx(), place, picture);
            for (half, left) in halves.into_iter().zip([0.0, 0.5]) {
                ui.painter().rect_filled(half, radius, cx.tokens.well);
                if let Some(texture) = &texture {
                    paint_half(ui.painter(), texture, fit(size, half), left);
                }
            }
        }
        Some(ThumbState::Failed(problem)) => {
            ui.painter().rect_filled(well, radius, cx.tokens.error_soft);
            let missing = match pair.missing.as_slice() {
                [] => cx.message(problem).into_owned(),
                names => cx.text("dataset-missing", &[("names", cx.list(names).into())]),
            };
            let cat = Rect::from_min_max(
                well.min + vec2(8.0, 8.0),
                pos2(well.left() + 60.0, well.bottom() - 8.0),
            );
            paint_picture(ui.painter(), &cx.art.sad_cat, fit(vec2(52.0, 66.0), cat), 0);
            let text = Rect::from_min_max(
                pos2(cat.right() + 8.0, well.top() + 10.0),
                well.max - vec2(8.0, 4.0),
            );
            words_in(ui, text, &missing, 12.0, 4, cx.tokens.error);
        }
        None => {
            for half in halves {
                ui.painter().rect_filled(half, radius, cx.tokens.well);
            }
        }
    }
}

fn halves(well: Rect) -> [Rect; 2] {
    let middle = well.center().x;
    [
        Rect::from_min_max(well.min, pos2(middle - 2.0, well.bottom())),
        Rect::from_min_max(pos2(middle + 2.0, well.top()), well.max),
    ]
}

/// One half of a thumbnail; `left` is where it begins, 0 or 0.5.
fn paint_half(painter: &Painter, texture: &TextureHandle, rect: Rect, left: f32) {
    let part = Rect::from_min_max(pos2(left, 0.0), pos2(left + 0.5, 1.0));
    painter.add(
        RectShape::filled(rect, CornerRadius::same(CARD_RADIUS - 7), Color32::WHITE)
            .with_texture(texture.id(), part),
    );
}

/// The question in two lines; below it the name, the category and what one thinks of it.
fn words_ui(ui: &Ui, cx: &Cx<'_>, pair: &Pair, rect: Rect, chosen: bool) {
    let question = Rect::from_min_size(rect.min, vec2(rect.width(), 38.0));
    let (words, colour) = match pair.question.trim() {
        "" => (cx.tr("dataset-no-question"), cx.tokens.warning),
        question => (question.into(), cx.tokens.text),
    };
    words_in(ui, question, &words, 13.5, 2, colour);
    let line = rect.bottom() - 9.0;
    let font = FontId::proportional(12.0);
    let weak = match chosen {
        true => cx.tokens.on_accent_soft,
        false => cx.tokens.text_weak,
    };
    let (mark, colour) = mark(cx, pair);
    let right = ui.painter().text(
        pos2(rect.right(), line),
        Align2::RIGHT_CENTER,
        mark,
        font.clone(),
        colour.unwrap_or(weak),
    );
    let category = match &pair.category {
        Some(category) => words::category(cx, category),
        None => cx.tr("dataset-no-category"),
    };
    let left = format!("{}  ·  {category}", pair.place.name);
    let width = right.left() - rect.left() - space::S;
    let place = Rect::from_min_size(pos2(rect.left(), line - 8.0), vec2(width, 16.0));
    words_in(ui, place, &left, 12.0, 1, weak);
}

/// What one thinks of a pair, or the state of its review, without giving away what others think.
fn mark<'a>(cx: &'a Cx<'_>, pair: &Pair) -> (std::borrow::Cow<'a, str>, Option<Color32>) {
    let me = cx.state.dataset.me();
    let tokens = cx.tokens;
    match pair.verdict_of(&me) {
        Some(Verdict::Accepted) => (cx.tr("review-you-accepted"), Some(tokens.accent)),
        Some(Verdict::Rejected) => (cx.tr("review-you-rejected"), Some(tokens.error)),
        None if pair.reviews.is_empty() => ("".into(), None),
        None => (cx.tr("review-waiting"), Some(tokens.warning)),
    }
}
