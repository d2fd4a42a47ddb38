//! A visitor chooses a picture, then a question.

use super::{Cx, big_button, wide_button, words};
use crate::app::examples;
use crate::app::state::{Action, ConferenceAction, LONGEST_QUESTION};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Slot, composed, field_frame, fit, paint_picture};
use eframe::egui;
use egui::{
    CornerRadius, FontId, Id, Key, Rect, Sense, Stroke, StrokeKind, TextEdit, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};

/// Questions that are offered for a picture.
const OFFERED: usize = 4;

/// "Back" and what is to be done.
fn head_ui(ui: &mut Ui, cx: &Cx<'_>, heading: &str, unit: f32, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        if big_button(ui, cx, &cx.tr("conference-back"), unit, false).clicked() {
            actions.push(ConferenceAction::Back.into());
        }
        ui.add_space(space::M * unit);
        ui.label(words(heading, 30.0 * unit, cx.tokens.text));
    });
}

/// All drawn frames as large buttons.
pub fn frames_ui(ui: &mut Ui, cx: &Cx<'_>, unit: f32, actions: &mut Vec<Action>) {
    head_ui(ui, cx, &cx.tr("conference-choose"), unit, actions);
    let room = ui.available_rect_before_wrap();
    let (gap, title) = (space::L * unit, 30.0 * unit);
    let count = examples::all().len();
    // As many columns as make the pictures largest.
    let side = |columns: usize| {
        let rows = count.div_ceil(columns) as f32;
        let wide = (room.width() + gap) / columns as f32 - gap;
        wide.min((room.height() + gap) / rows - gap - title)
    };
    let columns = (1..=count).max_by(|a, b| side(*a).total_cmp(&side(*b)));
    let columns = columns.unwrap_or(1);
    let side = side(columns).max(40.0);
    let rows = count.div_ceil(columns) as f32;
    let size = vec2(
        columns as f32 * (side + gap) - gap,
        rows * (side + title + gap) - gap,
    );
    let corner = Rect::from_center_size(room.center(), size).min;
    for (index, example) in examples::all().iter().enumerate() {
        let place = vec2(
            (index % columns) as f32 * (side + gap),
            (index / columns) as f32 * (side + title + gap),
        );
        let rect = Rect::from_min_size(corner + place, vec2(side, side + title));
        let picture = Rect::from_min_size(rect.min, vec2(side, side));
        let id = ui.scope_id().with(("frame", index));
        let response = ui.interact(rect, id, Sense::click());
        let name = cx.tr(example.title_id);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name.as_ref()));
        cx.art
            .paint_thumbnail(ui.painter(), index, picture, CARD_RADIUS);
        if response.hovered() || response.has_focus() {
            ui.painter().rect_stroke(
                picture,
                CornerRadius::same(CARD_RADIUS),
                Stroke::new(4.0 * unit, cx.tokens.accent),
                StrokeKind::Outside,
            );
        }
        ui.painter().text(
            pos2(rect.center().x, rect.bottom() - title / 2.0),
            egui::Align2::CENTER_CENTER,
            name.as_ref(),
            FontId::proportional(16.0 * unit),
            cx.tokens.text,
        );
        if response.clicked() {
            actions.push(ConferenceAction::Choose(example.file.clone()).into());
        }
    }
}

/// The chosen frame, its questions and a field for one's own.
pub fn question_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    unit: f32,
    own: &mut String,
    actions: &mut Vec<Action>,
) {
    head_ui(ui, cx, &cx.tr("conference-choose-question"), unit, actions);
    ui.add_space(space::M * unit);
    let room = ui.available_rect_before_wrap();
    let (left, right) = room.split_left_right_at_fraction(0.46);
    if let Some(frame) = &cx.state.frame.frame {
        let (width, height) = frame.display.dimensions();
        let rect = fit(vec2(width as f32, height as f32), left);
        let texture = cx
            .pictures
            .borrow_mut()
            .texture(ui.ctx(), Slot::RunFrame, &frame.display);
        paint_picture(ui.painter(), &texture, rect, CARD_RADIUS);
    }
    let right = Rect::from_min_max(right.min + vec2(space::XL * unit, 0.0), right.max);
    ui.scope_builder(UiBuilder::new().max_rect(right), |ui| {
        for question in cx.state.conference_questions().iter().take(OFFERED) {
            let width = ui.available_width();
            if wide_button(ui, cx, question, unit, false, width).clicked() {
                actions.push(ConferenceAction::Ask(question.clone()).into());
            }
        }
        ui.add_space(space::L * unit);
        ui.label(words(
            cx.tr("conference-own"),
            19.0 * unit,
            cx.tokens.text_weak,
        ));
        own_ui(ui, cx, unit, own, actions);
    });
}

fn own_ui(ui: &mut Ui, cx: &Cx<'_>, unit: f32, own: &mut String, actions: &mut Vec<Action>) {
    let id = Id::unique("conference question");
    let focused = ui.memory(|memory| memory.has_focus(id));
    let empty = words(
        cx.tr("conference-own-hint"),
        19.0 * unit,
        cx.tokens.text_weak,
    );
    let response = composed(ui, id, LONGEST_QUESTION, own, |ui, text, room| {
        let field = TextEdit::singleline(text)
            .id(id)
            .char_limit(room)
            .font(FontId::proportional(19.0 * unit))
            .hint_text(empty)
            .desired_width(f32::INFINITY)
            .margin(egui::Margin::same((8.0 * unit) as i8))
            .frame(field_frame(cx.tokens, focused));
        ui.add(field).accessible_name(cx.tr("conference-own-field"))
    });
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let left = LONGEST_QUESTION.saturating_sub(own.chars().count());
    let empty = own.trim().is_empty();
    ui.horizontal(|ui| {
        let ask = ui.add_enabled_ui(!empty, |ui| {
            big_button(ui, cx, &cx.tr("conference-ask"), unit, true)
        });
        if (ask.inner.clicked() || entered) && !empty {
            actions.push(ConferenceAction::Ask(own.clone()).into());
        }
        let left = cx.text("conference-left", &[("count", left.into())]);
        ui.label(words(left, 15.0 * unit, cx.tokens.text_weak));
    });
}
