//! The welcome: three pictures, and one press asks a question about one of them.

use super::Cx;
use crate::app::examples;
use crate::app::state::{Action, GuideAction};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{dialog, dialog_body, dialog_foot, hint};
use eframe::egui;
use egui::{
    Align, CornerRadius, CursorIcon, FontId, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    text::LayoutJob, vec2,
};

const WIDTH: f32 = 660.0;
/// Height of the question below a picture.
const QUESTION: f32 = 62.0;
/// What is offered: something about hunger, about heat, and about light.
const OFFERED: [&str; 3] = ["fishbowl.png", "snowman.png", "evening-lamp.png"];

/// Draws the dialog.
pub fn welcome_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let shown = dialog(ctx, cx.tokens, "welcome", WIDTH, |ui| {
        ui.heading(cx.tr("welcome-title"));
        dialog_body(ui, |ui| {
            ui.label(cx.tr("welcome-text"));
            ui.add_space(space::M);
            cards_ui(ui, cx, actions);
            ui.add_space(space::S);
            hint(ui, cx.tokens, cx.tr("welcome-private"));
        });
        dialog_foot(ui, |ui| {
            if ui.button(cx.tr("tour-skip")).clicked() {
                actions.push(Action::CloseDialog);
            }
            let tour = ui.button(cx.tr("command-tour"));
            if tour.on_hover_text(cx.tr("command-tour-tip")).clicked() {
                actions.push(GuideAction::Tour.into());
            }
        });
    });
    if shown.should_close() {
        actions.push(Action::CloseDialog);
    }
}

fn cards_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let gap = space::M;
    let width = ((ui.available_width() - 2.0 * gap) / 3.0).floor();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = gap;
        let known = examples::all().iter().enumerate();
        for (index, example) in known.filter(|(_, e)| OFFERED.contains(&e.file.as_str())) {
            let question = example.questions.first().map_or("", String::as_str);
            if card_ui(ui, cx, index, question, width) {
                actions.push(GuideAction::Ask(example.file.clone()).into());
            }
        }
    });
}

/// A picture with its question; true when it is pressed.
fn card_ui(ui: &mut Ui, cx: &Cx<'_>, index: usize, question: &str, width: f32) -> bool {
    let size = vec2(width, width + QUESTION);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let near = response.hovered() || response.has_focus();
    let (fill, line) = match near {
        true => (cx.tokens.accent_soft, Stroke::new(2.0, cx.tokens.accent)),
        false => (cx.tokens.card, Stroke::new(1.0, cx.tokens.card_border)),
    };
    let painter = ui.painter();
    let radius = CornerRadius::same(CARD_RADIUS);
    painter.rect(rect, radius, fill, line, StrokeKind::Inside);
    let picture = Rect::from_min_size(rect.min, vec2(width, width)).shrink(10.0);
    cx.art
        .paint_thumbnail(painter, index, picture, CARD_RADIUS - 4);
    let font = FontId::proportional(14.0);
    let colour = if near {
        cx.tokens.on_accent_soft
    } else {
        cx.tokens.text
    };
    let mut job = LayoutJob::simple(question.to_owned(), font, colour, width - 24.0);
    job.halign = Align::Center;
    job.wrap.max_rows = 3;
    let words = painter.layout_job(job);
    let top = rect.top() + width + (QUESTION - 8.0 - words.size().y) / 2.0;
    painter.galley(pos2(rect.center().x, top), words, colour);
    let label = cx.text("welcome-ask", &[("question", question.into())]);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), &label));
    response.on_hover_cursor(CursorIcon::PointingHand).clicked()
}
