//! The grid of cards. Only the rows on screen are laid out, and only their covers are uploaded, so
//! thousands of runs scroll like a dozen.

use super::Cx;
use crate::app::panels::ask::{message_next_ui, mode_colour, mode_texts};
use crate::app::panels::when;
use crate::app::state::{Action, CoverState, Filter, GalleryAction};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{
    Icon, RowTextures, fit, offset_to_row, paint_icon, paint_picture, words_in,
};
use crate::job::{COVER_HEIGHT, COVER_WIDTH, KeptState, RunEntry, RunKey};
use eframe::egui;
use egui::{
    Align2, Color32, CornerRadius, FontId, Rect, Response, ScrollArea, Sense, Stroke, StrokeKind,
    Ui, WidgetInfo, pos2, vec2,
};

/// A card is at least this wide; in a wide window it is larger.
const LEAST: f32 = 190.0;
/// However wide the window is, a card need not be wider.
const LARGEST: f32 = 270.0;
/// Height of the words below the cover.
const WORDS: f32 = 78.0;
/// Space between a card's edge and its cover.
const INSET: f32 = 6.0;

/// View state of the grid.
#[derive(Default)]
pub struct CardsPanel {
    per_row: usize,
    /// Whether the cursor was moved by key and has to be brought into view.
    following: bool,
    /// What the last frame showed: how far down, and how much.
    viewport: (f32, f32),
    textures: RowTextures<RunKey>,
}

/// Sizes that all cards share.
#[derive(Clone, Copy)]
struct Sizes {
    width: f32,
    height: f32,
    cover: f32,
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

    /// Draws the grid.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let gallery = &cx.state.gallery;
        let shown = &gallery.shown;
        if shown.is_empty() {
            let room = ui.available_rect_before_wrap();
            let (heading, hint) = (cx.tr("gallery-nothing"), cx.tr("gallery-nothing-hint"));
            let words = (heading.as_ref(), hint.as_ref());
            if message_next_ui(ui, cx, room, &cx.art.mouse, words, &cx.tr("gallery-all")) {
                actions.push(Action::Gallery(GalleryAction::Search(Filter::default())));
            }
            return;
        }
        let gap = space::M;
        ui.spacing_mut().item_spacing = vec2(gap, gap);
        // Room for the scroll bar.
        let room = ui.available_width() - space::M;
        let least = (room / 6.0).clamp(LEAST, LARGEST);
        self.per_row = (((room + gap) / (least + gap)) as usize).max(1);
        let width = ((room + gap) / self.per_row as f32 - gap).floor();
        let cover = ((width - 2.0 * INSET) * COVER_HEIGHT as f32 / COVER_WIDTH as f32).floor();
        let sizes = Sizes {
            width,
            height: cover + INSET + WORDS,
            cover,
        };
        let rows = shown.len().div_ceil(self.per_row);
        let mut area = ScrollArea::vertical().id_salt("cards").auto_shrink(false);
        if let Some(offset) = self.offset_to_cursor(cx, sizes.height + gap) {
            area = area.vertical_scroll_offset(offset);
        }
        let mut wanted = Vec::new();
        let mut visible = Vec::new();
        let now = when::now();
        let output = area.show_rows(ui, sizes.height, rows, |ui, range| {
            for row in range {
                ui.horizontal(|ui| {
                    let keys = shown.iter().skip(row * self.per_row).take(self.per_row);
                    for run in keys.filter_map(|key| gallery.run(*key)) {
                        visible.push(run.id);
                        if !matches!(
                            gallery.cover(run.id),
                            Some(CoverState::Ready(_) | CoverState::Asked | CoverState::Failed(_))
                        ) {
                            wanted.push(run.id);
                        }
                        let response = self.card_ui(ui, cx, run, sizes, now);
                        pointed(ui, &response, run.id, actions);
                    }
                });
            }
        });
        self.viewport = (output.state.clamped_offset().y, output.inner_rect.height());
        self.textures.keep(&visible);
        if !wanted.is_empty() {
            actions.push(Action::Gallery(GalleryAction::Want(wanted)));
        }
    }

    /// Where to scroll to, so that the card under the cursor is seen as a whole.
    fn offset_to_cursor(&mut self, cx: &Cx<'_>, row_height: f32) -> Option<f32> {
        if !std::mem::take(&mut self.following) {
            return None;
        }
        let gallery = &cx.state.gallery;
        let cursor = gallery.selected.last()?;
        let at = gallery.shown.iter().position(|key| key == cursor)?;
        offset_to_row(at / self.per_row(), row_height, self.viewport)
    }

    fn card_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &RunEntry,
        sizes: Sizes,
        now: i64,
    ) -> Response {
        let size = vec2(sizes.width, sizes.height);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let selected = &cx.state.gallery.selected;
        let place = selected.iter().position(|key| *key == run.id);
        let (fill, line) = match place {
            Some(_) => (cx.tokens.accent_soft, Stroke::new(2.0, cx.tokens.accent)),
            None if response.hovered() || response.has_focus() => {
                (cx.tokens.card, Stroke::new(1.5, cx.tokens.text_weak))
            }
            None => (cx.tokens.card, Stroke::new(1.0, cx.tokens.card_border)),
        };
        let radius = CornerRadius::same(CARD_RADIUS);
        ui.painter()
            .rect(rect, radius, fill, line, StrokeKind::Inside);
        let cover = Rect::from_min_size(
            rect.min + vec2(INSET, INSET),
            vec2(sizes.width - 2.0 * INSET, sizes.cover),
        );
        self.cover_ui(ui, cx, run, cover);
        if run.starred {
            let star =
                Rect::from_center_size(cover.right_top() + vec2(-16.0, 16.0), vec2(16.0, 16.0));
            ui.painter()
                .circle_filled(star.center(), 13.0, Color32::from_black_alpha(150));
            paint_icon(ui.painter(), Icon::Star, star, Color32::WHITE);
        }
        if selected.len() > 1
            && let Some(place) = place
        {
            letter_ui(ui, cx, cover, place);
        }
        let words = Rect::from_min_max(
            pos2(rect.left() + 10.0, cover.bottom() + space::S),
            rect.max - vec2(10.0, space::S),
        );
        words_ui(ui, cx, run, words, now);
        let modes: Vec<_> = run
            .modes
            .iter()
            .map(|mode| cx.tr(mode_texts(*mode).0))
            .collect();
        let values = [
            ("question", run.question.as_str().into()),
            ("modes", cx.list(&modes).into()),
            ("when", when::ago(cx, run.created, now).into()),
        ];
        let label = cx.text("gallery-card", &values);
        let chosen = place.is_some();
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, chosen, &label));
        response.on_hover_cursor(egui::CursorIcon::PointingHand)
    }

    fn cover_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, run: &RunEntry, rect: Rect) {
        let radius = CARD_RADIUS - 5;
        match cx.state.gallery.cover(run.id) {
            Some(CoverState::Ready(cover)) => {
                if let Some(texture) = self.textures.texture(ui.ctx(), run.id, &cover.picture) {
                    paint_picture(ui.painter(), &texture, rect, radius);
                }
            }
            Some(CoverState::Failed(problem)) => {
                ui.painter()
                    .rect_filled(rect, CornerRadius::same(radius), cx.tokens.error_soft);
                let cat = Rect::from_min_max(
                    rect.min + vec2(0.0, 8.0),
                    pos2(rect.right(), rect.center().y),
                );
                paint_picture(ui.painter(), &cx.art.sad_cat, fit(vec2(52.0, 66.0), cat), 0);
                let below = Rect::from_min_max(
                    pos2(rect.left() + 8.0, rect.center().y + 6.0),
                    rect.max - vec2(8.0, 4.0),
                );
                words_in(ui, below, &cx.message(problem), 12.0, 3, cx.tokens.error);
            }
            Some(CoverState::Asked | CoverState::Away(_)) | None => {
                ui.painter()
                    .rect_filled(rect, CornerRadius::same(radius), cx.tokens.well);
            }
        }
    }
}

/// What a click on a card does.
fn pointed(ui: &Ui, response: &Response, key: RunKey, actions: &mut Vec<Action>) {
    if response.double_clicked() {
        actions.push(Action::Gallery(GalleryAction::Select(key)));
        actions.push(Action::Gallery(GalleryAction::Open));
    } else if response.clicked() {
        let more = ui.input(|input| input.modifiers.command);
        actions.push(Action::Gallery(if more {
            GalleryAction::Toggle(key)
        } else {
            GalleryAction::Select(key)
        }));
    }
}

/// The letter under which a selected run stands in the table of differences.
fn letter_ui(ui: &Ui, cx: &Cx<'_>, cover: Rect, place: usize) {
    let middle = cover.left_top() + vec2(16.0, 16.0);
    ui.painter().circle_filled(middle, 12.0, cx.tokens.accent);
    let letter = letter(place);
    let font = FontId::proportional(14.0);
    ui.painter().text(
        middle,
        Align2::CENTER_CENTER,
        letter,
        font,
        cx.tokens.on_accent,
    );
}

/// The name of a place in the selection: A, B, … Z, then numbers.
pub fn letter(place: usize) -> String {
    match u8::try_from(place) {
        Ok(place) if place < 26 => char::from(b'A' + place).to_string(),
        _ => (place + 1).to_string(),
    }
}

/// The question in two lines; below it the modes and how long ago.
fn words_ui(ui: &Ui, cx: &Cx<'_>, run: &RunEntry, rect: Rect, now: i64) {
    let question = Rect::from_min_size(rect.min, vec2(rect.width(), 38.0));
    words_in(ui, question, &run.question, 13.5, 2, cx.tokens.text);
    let line = rect.bottom() - 9.0;
    let mut x = rect.left() + 5.0;
    for mode in &run.modes {
        ui.painter()
            .circle_filled(pos2(x, line), 4.0, mode_colour(cx, *mode));
        x += 13.0;
    }
    let state = match run.state {
        KeptState::Finished => None,
        KeptState::Waiting => Some("kept-waiting"),
        KeptState::Running => Some("kept-running"),
        KeptState::Failed => Some("kept-failed"),
        KeptState::Cancelled => Some("kept-cancelled"),
        KeptState::Interrupted => Some("kept-interrupted"),
    };
    let (words, colour) = match state {
        None => (when::ago(cx, run.created, now), cx.tokens.text_weak),
        Some(state) => (cx.tr(state).into_owned(), cx.tokens.warning),
    };
    let at = pos2(rect.right(), line);
    let font = FontId::proportional(12.0);
    ui.painter()
        .text(at, Align2::RIGHT_CENTER, words, font, colour);
}

#[cfg(test)]
mod tests {
    use super::letter;

    #[test]
    fn selected_runs_have_letters() {
        assert_eq!([0, 25, 26].map(letter), ["A", "Z", "27"]);
    }
}
