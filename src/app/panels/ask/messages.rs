//! What stands in the place of a picture that is not there: waiting, cancelled, failed.

use super::Cx;
use crate::app::theme::space;
use crate::app::widgets::{PRIMARY_TEXT, in_view, paint_picture, primary_button};
use crate::job::Problem;
use eframe::egui;
use egui::text::LayoutJob;
use egui::{
    Align, FontId, Galley, Rect, Sense, TextureHandle, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

/// Largest height of the drawing, in points.
const ART: f32 = 190.0;
/// A smaller drawing shows nothing.
const LEAST_ART: f32 = 44.0;
/// Wells that are less high have smaller letters.
const SMALL: f32 = 240.0;

/// A drawing with a heading and a line below, in the middle of the well.
pub fn message_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    well: Rect,
    art: &TextureHandle,
    heading: &str,
    hint: &str,
) {
    message_above(ui, cx, well, art, (heading, hint), 0.0);
}

/// The same with the one thing to do about it as a button below; true when it is pressed.
pub fn message_next_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    well: Rect,
    art: &TextureHandle,
    words: (&str, &str),
    next: &str,
) -> bool {
    // As wide as its words and a margin on both sides, and one width for all that are short.
    let font = FontId::proportional(PRIMARY_TEXT);
    let text = ui
        .painter()
        .layout_no_wrap(next.to_owned(), font, cx.tokens.on_accent);
    let size = vec2((text.size().x + 2.0 * space::XL).max(190.0), 36.0);
    let below = message_above(ui, cx, well, art, words, size.y);
    let place = Rect::from_center_size(below.center(), size);
    let mut child = ui.new_child(UiBuilder::new().max_rect(place).id_salt("next"));
    primary_button(&mut child, cx.tokens, next, "", size, true).clicked()
}

/// The same with room for something `below` points high under the words; returns where. The words come
/// first: where there is little room the drawing is small or left out, and what does not fit is in the
/// tooltip.
pub fn message_above(
    ui: &mut Ui,
    cx: &Cx<'_>,
    well: Rect,
    art: &TextureHandle,
    (heading, hint): (&str, &str),
    below: f32,
) -> Rect {
    let well = in_view(ui, well);
    let room = well.shrink2(vec2(space::L, space::M));
    let width = room.width().min(520.0);
    let small = well.height() < SMALL;
    let line = |text: &str, size: f32, colour, most: usize| {
        let font = FontId::proportional(size);
        let mut job = LayoutJob::simple(text.to_owned(), font, colour, width);
        job.halign = Align::Center;
        job.wrap.max_rows = most;
        balanced(ui, job)
    };
    let heading_size = if small { 16.0 } else { 20.0 };
    let title = line(heading, heading_size, cx.tokens.text, 2);
    let hint_size = if small { 13.0 } else { 14.0 };
    let row = ui.fonts_mut(|fonts| fonts.row_height(&FontId::proportional(hint_size)));
    let foot = if below > 0.0 { space::XL + below } else { 0.0 };
    let left = room.height() - foot - title.size().y - space::S;
    let rows = (left / row).floor().clamp(1.0, 12.0);
    let words = line(hint, hint_size, cx.tokens.text_weak, rows as usize);

    let texts = title.size().y + space::S + words.size().y + foot;
    let gap = if small { space::S } else { space::L };
    // The disc behind the drawing is that much higher.
    let disc = 1.32;
    let height = (well.height() * 0.34)
        .min(ART)
        .min((room.height() - texts - gap) / disc);
    let art_room = match height >= LEAST_ART {
        true => height * disc + gap,
        false => 0.0,
    };
    let mut y = room.center().y - (art_room + texts) / 2.0;
    let painter = ui.painter();
    if art_room > 0.0 {
        let middle = pos2(well.center().x, y + height * disc / 2.0);
        painter.circle_filled(middle, height * disc / 2.0, cx.tokens.art);
        let middle = middle - vec2(0.0, height * 0.06);
        let place = Rect::from_center_size(middle, vec2(height * 52.0 / 66.0, height));
        paint_picture(painter, art, place, 0);
        y += art_room;
    }
    let cut = words.elided;
    for (galley, below, colour) in [
        (title, space::S, cx.tokens.text),
        (words, 0.0, cx.tokens.text_weak),
    ] {
        let step = galley.size().y + below;
        painter.galley(pos2(well.center().x, y), galley, colour);
        y += step;
    }
    let response = ui.interact(well, ui.scope_id().with("message"), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Status, true, format!("{heading}\n{hint}"))
    });
    if cut {
        response.on_hover_text(hint);
    }
    Rect::from_min_max(
        pos2(well.left(), y + foot - below),
        pos2(well.right(), y + foot),
    )
}

/// Lays a text out in as few rows as its width allows, all about as long: no word is left alone.
fn balanced(ui: &Ui, mut job: LayoutJob) -> Arc<Galley> {
    let widest = ui.painter().layout_job(job.clone());
    let rows = widest.rows.len();
    if rows < 2 || widest.elided {
        return widest;
    }
    let (mut narrow, mut wide) = (0.5 * widest.size().x, widest.size().x.ceil());
    while wide - narrow > 8.0 {
        job.wrap.max_width = 0.5 * (narrow + wide);
        match ui.painter().layout_job(job.clone()).rows.len() > rows {
            true => narrow = job.wrap.max_width,
            false => wide = job.wrap.max_width,
        }
    }
    job.wrap.max_width = wide;
    ui.painter().layout_job(job)
}

/// What failed and what to do about it.
pub fn failed_ui(ui: &mut Ui, cx: &Cx<'_>, well: Rect, problem: &Problem) {
    problem_ui(ui, cx, well, &cx.tr("answer-failed"), problem);
}

/// The same below another heading.
pub fn problem_ui(ui: &mut Ui, cx: &Cx<'_>, well: Rect, heading: &str, problem: &Problem) {
    message_ui(ui, cx, well, &cx.art.sad_cat, heading, &cx.problem(problem));
}
