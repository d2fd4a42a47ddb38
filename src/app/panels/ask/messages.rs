//! What stands in the place of a picture that is not there: waiting, cancelled, failed.

use super::Cx;
use crate::app::theme::space;
use crate::app::widgets::paint_picture;
use crate::job::Problem;
use eframe::egui;
use egui::{Align, FontId, Rect, Sense, TextureHandle, Ui, WidgetInfo, pos2, vec2};

/// A drawing with a heading and a line below, in the middle of the well.
pub fn message_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    well: Rect,
    art: &TextureHandle,
    heading: &str,
    hint: &str,
) {
    let response = ui.interact(well, ui.scope_id().with("message"), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Status, true, format!("{heading}\n{hint}"))
    });
    let height = (well.height() * 0.34).clamp(70.0, 190.0);
    let middle = well.center() - vec2(0.0, 34.0);
    let rect = Rect::from_center_size(middle, vec2(height * 52.0 / 66.0, height));
    let disc = rect.center() + vec2(0.0, height * 0.06);
    ui.painter()
        .circle_filled(disc, height * 0.66, cx.tokens.art);
    paint_picture(ui.painter(), art, rect, 0);
    let painter = ui.painter();
    let width = well.width() - 2.0 * space::XL;
    let mut y = rect.bottom() + height * 0.24 + space::L;
    for (text, size, colour) in [
        (heading, 20.0, cx.tokens.text),
        (hint, 14.0, cx.tokens.text_weak),
    ] {
        let mut job = egui::text::LayoutJob::simple(
            text.to_owned(),
            FontId::proportional(size),
            colour,
            width.min(520.0),
        );
        job.halign = Align::Center;
        job.wrap.max_rows = 6;
        let galley = painter.layout_job(job);
        let step = galley.size().y + space::S;
        painter.galley(pos2(well.center().x, y), galley, colour);
        y += step;
    }
}

/// The one thing to do about such a message, as a button at the foot of the well; true when it is
/// pressed.
pub fn next_ui(ui: &mut Ui, well: Rect, label: &str) -> bool {
    let size = vec2(190.0, 36.0);
    let place = pos2(well.center().x, well.bottom() - 70.0);
    let button = egui::Button::new(label);
    ui.put(Rect::from_center_size(place, size), button)
        .clicked()
}

/// What failed and what to do about it.
pub fn failed_ui(ui: &mut Ui, cx: &Cx<'_>, well: Rect, problem: &Problem) {
    let heading = cx.tr("answer-failed");
    message_ui(
        ui,
        cx,
        well,
        &cx.art.sad_cat,
        &heading,
        &cx.problem(problem),
    );
}
