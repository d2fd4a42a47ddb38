//! The Help page: what the modes do, shown with a recorded run of our own world, and every key.

use super::{Cx, keys::keys_ui};
use crate::app::panels::ask::{mode_colour, mode_texts};
use crate::app::state::{Action, GuideAction};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Slot, card, fit, hint, main_pane, paint_picture, primary_button, title};
use crate::job::{Film, FilmColumn, GuidanceMode};
use eframe::egui;
use egui::{
    Align, CornerRadius, FontId, Frame, Label, Margin, Rect, RichText, ScrollArea, Sense, Stroke,
    Ui, WidgetInfo, vec2,
};
use image::RgbImage;
use std::sync::Arc;

/// The example that is asked when a person wants to try.
const TRIED: &str = "fishbowl.png";
/// Most points that a picture is wide.
const PICTURE: f32 = 220.0;
/// Height of a card, so that all have the same.
const CARD: f32 = 408.0;
/// Most points that the words at the top are wide.
const WORDS: f32 = 760.0;
/// The three ways that are explained; the fourth is two of them together.
const MODES: [GuidanceMode; 3] = [
    GuidanceMode::Question,
    GuidanceMode::Answer,
    GuidanceMode::Latent,
];

/// The page; it has no state of its own.
#[derive(Default)]
pub struct HelpPage;

impl HelpPage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        main_pane(space::M).show(ui, |ui| {
            ScrollArea::vertical()
                .id_salt("help")
                .auto_shrink(false)
                .show(ui, |ui| {
                    // Room for the scroll bar.
                    ui.set_max_width(ui.available_width() - space::M);
                    head_ui(ui, cx, actions);
                    ui.add_space(space::M);
                    modes_ui(ui, cx);
                    ui.add_space(space::M);
                    card(ui, cx.tokens, |ui| {
                        ui.set_min_width(ui.available_width());
                        title(ui, &cx.tr("about-shortcuts"));
                        hint(ui, cx.tokens, cx.tr("help-keys-text"));
                        ui.add_space(space::XS);
                        keys_ui(ui, cx);
                    });
                });
        });
    }
}

fn head_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.heading(cx.tr("help-title"));
    ui.scope(|ui| {
        ui.set_max_width(WORDS);
        ui.add(Label::new(cx.tr("help-text").as_ref()).wrap());
    });
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        let size = vec2(0.0, 32.0);
        let label = cx.tr("help-try");
        let ask = primary_button(ui, cx.tokens, &label, "", size, true);
        if ask.on_hover_text(cx.tr("help-try-tip")).clicked() {
            actions.push(GuideAction::Ask(TRIED.to_owned()).into());
        }
        let tour = ui.add(egui::Button::new(cx.tr("command-tour")).min_size(size));
        if tour.on_hover_text(cx.tr("command-tour-tip")).clicked() {
            actions.push(GuideAction::Tour.into());
        }
    });
}

/// One recorded question, and what each mode made of it.
fn modes_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let film = cx.state.guide.films.first();
    let gap = space::M;
    let count = MODES.len() + 1;
    let width = ui.available_width();
    // Side by side where each has room, else two and two.
    let per_row = if width < 820.0 { 2 } else { count };
    let each = ((width - gap * (per_row as f32 - 1.0)) / per_row as f32).floor();
    let all: Vec<Option<GuidanceMode>> = std::iter::once(None).chain(MODES.map(Some)).collect();
    for (row, modes) in all.chunks(per_row).enumerate() {
        if row > 0 {
            ui.add_space(gap);
        }
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for (column, mode) in modes.iter().enumerate() {
                let slot = Slot::Film(row * per_row + column);
                let size = vec2(each, 0.0);
                ui.allocate_ui_with_layout(size, egui::Layout::top_down(Align::Min), |ui| {
                    ui.spacing_mut().item_spacing.x = space::XS;
                    mode_ui(ui, cx, film.map(Arc::as_ref), *mode, slot, each);
                });
            }
        });
    }
}

/// The frame with its question, or a mode with what it made of them.
fn mode_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    film: Option<&Film>,
    mode: Option<GuidanceMode>,
    slot: Slot,
    width: f32,
) {
    let column =
        |mode| -> Option<&FilmColumn> { film?.columns.iter().find(|column| column.mode == mode) };
    let colour = mode.map_or(cx.tokens.text_weak, |mode| mode_colour(cx, mode));
    let (heading, words) = match mode {
        None => ("help-asked", "help-asked-text"),
        Some(mode) => mode_texts(mode),
    };
    Frame::new()
        .fill(cx.tokens.card)
        .stroke(Stroke::new(1.0, cx.tokens.card_border))
        .corner_radius(CornerRadius::same(CARD_RADIUS))
        .inner_margin(Margin::same(space::M as i8))
        .show(ui, |ui| {
            ui.set_width(width - 2.0 * space::M - 2.0);
            ui.set_min_height(CARD);
            ui.horizontal(|ui| {
                let (dot, _) = ui.allocate_exact_size(vec2(10.0, 18.0), Sense::hover());
                ui.painter().circle_filled(dot.center(), 5.0, colour);
                title(ui, &cx.tr(heading));
            });
            let picture = match mode {
                None => film.map(|film| &film.frame),
                Some(mode) => column(mode).map(|column| &column.picture),
            };
            picture_ui(ui, cx, picture, slot, &cx.tr(heading));
            ui.add_space(space::XS);
            way_ui(ui, cx, mode);
            let said = match mode {
                None => film.map(|film| film.question.clone()),
                Some(GuidanceMode::Answer) => {
                    column(GuidanceMode::Answer).and_then(|column| column.answer.clone())
                }
                Some(_) => None,
            };
            if let Some(said) = said {
                let said = RichText::new(format!("\u{201c}{said}\u{201d}")).italics();
                ui.add(Label::new(said).wrap());
            }
            let words = RichText::new(cx.tr(words)).color(cx.tokens.text_weak);
            ui.add(Label::new(words).wrap());
        });
}

fn picture_ui(ui: &mut Ui, cx: &Cx<'_>, picture: Option<&Arc<RgbImage>>, slot: Slot, label: &str) {
    let side = ui.available_width().min(PICTURE);
    let size = vec2(ui.available_width(), side);
    let (well, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, label));
    let radius = CornerRadius::same(CARD_RADIUS - 4);
    ui.painter().rect_filled(well, radius, cx.tokens.well);
    if let Some(picture) = picture {
        let texture = cx.pictures.borrow_mut().texture(ui.ctx(), slot, picture);
        let (width, height) = picture.dimensions();
        let place = fit(vec2(width as f32, height as f32), well);
        paint_picture(ui.painter(), &texture, place, CARD_RADIUS - 6);
    }
}

/// What goes where, as chips with arrows between them.
fn way_ui(ui: &mut Ui, cx: &Cx<'_>, mode: Option<GuidanceMode>) {
    let steps: &[&'static str] = match mode {
        None => &["help-frame", "help-question"],
        Some(GuidanceMode::Question) => &["help-question", "help-editor"],
        Some(GuidanceMode::Answer) => &["help-model", "help-sentence", "help-editor"],
        Some(_) => &["help-model", "help-states", "help-editor"],
    };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::XS, space::XS);
        for (index, step) in steps.iter().enumerate() {
            let sign = match (index, mode) {
                (0, _) => None,
                (_, None) => Some(Sign::Plus),
                (_, Some(_)) => Some(Sign::Arrow),
            };
            chip_ui(ui, cx, sign, &cx.tr(step));
        }
    });
}

/// What stands between two chips.
#[derive(Clone, Copy)]
enum Sign {
    /// One becomes the other.
    Arrow,
    /// They belong together.
    Plus,
}

/// A word on a ground of its own, which goes to the next line as a whole, with the sign before it.
fn chip_ui(ui: &mut Ui, cx: &Cx<'_>, sign: Option<Sign>, text: &str) {
    const SIGN: f32 = 14.0;
    let font = FontId::proportional(12.5);
    let colour = cx.tokens.text;
    let words = ui.painter().layout_no_wrap(text.to_owned(), font, colour);
    let before = sign.map_or(0.0, |_| SIGN + space::XS);
    let size = words.size() + vec2(before + 16.0, 8.0);
    let (whole, response) = ui.allocate_exact_size(size, Sense::hover());
    let rect = whole.with_min_x(whole.left() + before);
    let ground = cx.tokens.control;
    ui.painter()
        .rect_filled(rect, CornerRadius::same(9), ground);
    ui.painter()
        .galley(rect.center() - words.size() / 2.0, words, colour);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, text));
    if let Some(sign) = sign {
        let centre = whole.left_center() + vec2(SIGN / 2.0, 0.0);
        sign_ui(
            ui,
            cx,
            sign,
            Rect::from_center_size(centre, vec2(10.0, 10.0)),
        );
    }
}

fn sign_ui(ui: &Ui, cx: &Cx<'_>, sign: Sign, place: Rect) {
    let line = Stroke::new(1.5, cx.tokens.text_weak);
    let painter = ui.painter();
    match sign {
        Sign::Plus => {
            painter.line_segment([place.left_center(), place.right_center()], line);
            painter.line_segment([place.center_top(), place.center_bottom()], line);
        }
        Sign::Arrow => {
            let along = place.right_center() - place.left_center();
            painter.arrow(place.left_center(), along, line);
        }
    }
}
