//! One comparison: the frame, the question, and the pictures without their modes.

use super::{Cx, act, message_ui};
use crate::app::state::{Action, OpenPoll, Picked, VoteAction};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Slot, Tone, Wheel, badge, cells, fill_line, fit, hint, paint_picture};
use crate::job::{Ballot, BallotPictures};
use eframe::egui;
use egui::{
    Align, Button, CornerRadius, Label, Layout, Rect, RichText, Sense, Stroke, StrokeKind, Ui,
    UiBuilder, WidgetInfo, pos2, vec2,
};

/// Height of the row of buttons below.
const FOOT: f32 = 48.0;
/// Height below a picture for its buttons.
const BELOW: f32 = 44.0;
/// Draws the comparison.
pub fn ballot_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenPoll, actions: &mut Vec<Action>) {
    head_ui(ui, cx, open, actions);
    let Some(ballot) = open.ballot() else {
        let room = ui.available_rect_before_wrap();
        let (heading, hint) = (cx.tr("vote-done"), cx.tr("vote-done-hint"));
        message_ui(ui, cx, room, &cx.art.cat, &heading, &hint);
        return;
    };
    question_ui(ui, cx, ballot);
    let room = ui.available_rect_before_wrap();
    match &open.pictures {
        None => {
            let place = Rect::from_center_size(room.center(), vec2(28.0, 28.0));
            Wheel::new().paint_at(ui, place);
        }
        Some(Err(problem)) => {
            super::trouble_ui(ui, cx, problem);
            if ui.button(cx.tr("vote-skip")).clicked() {
                actions.push(act(VoteAction::Go(1)));
            }
        }
        Some(Ok(pictures)) => {
            pictures_ui(ui, cx, open, pictures, actions);
            foot_ui(ui, cx, room, actions);
        }
    }
}

fn choose(picked: Picked) -> Action {
    act(VoteAction::Choose(picked))
}

/// How far the rater is, and ways to other places.
fn head_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenPoll, actions: &mut Vec<Action>) {
    let (done, all) = (cx.state.voting.done(), open.poll.ballots.len());
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        ui.heading(cx.tr("vote-title"));
        let values = [
            ("done", done.into()),
            ("all", all.into()),
            ("rater", open.poll.rater.as_str().into()),
        ];
        hint(ui, cx.tokens, cx.text("vote-progress", &values));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for (label, tip, action) in [
                ("vote-close", "vote-close-tip", VoteAction::Close),
                (
                    "vote-results",
                    "vote-results-tip",
                    VoteAction::Results(true),
                ),
                ("vote-next", "vote-next-tip", VoteAction::Go(1)),
                ("vote-back", "vote-back-tip", VoteAction::Go(-1)),
            ] {
                let button = ui.button(cx.tr(label)).on_hover_text(cx.tr(tip));
                if button.clicked() {
                    actions.push(act(action));
                }
            }
        });
    });
    fill_line(ui, cx.tokens, done as f32 / all.max(1) as f32);
    ui.add_space(space::S);
}

fn question_ui(ui: &mut Ui, cx: &Cx<'_>, ballot: &Ballot) {
    let voted = cx.state.voting.vote_in(ballot).is_some();
    ui.horizontal(|ui| {
        let question = match ballot.question.as_str() {
            "" => cx.tr("vote-no-question").into_owned(),
            question => question.to_owned(),
        };
        ui.add(Label::new(RichText::new(question).size(19.0)).wrap());
        if voted {
            badge(ui, cx.tokens, Tone::Accent, &cx.tr("vote-voted"));
        }
    });
    hint(ui, cx.tokens, cx.tr("vote-how"));
    ui.add_space(space::S);
}

fn pictures_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    open: &OpenPoll,
    pictures: &BallotPictures,
    actions: &mut Vec<Action>,
) {
    let room = ui.available_rect_before_wrap();
    let room = Rect::from_min_max(room.min, pos2(room.right(), room.bottom() - FOOT));
    let (width, height) = pictures.frame.dimensions();
    let size = vec2(width as f32, height as f32);
    let count = 1 + pictures.columns.len();
    let places = cells(count, None, room, space::L, size, BELOW);
    let all = std::iter::once(&pictures.frame).chain(&pictures.columns);
    for (index, (place, picture)) in places.into_iter().zip(all).enumerate() {
        let above = Rect::from_min_max(place.min, pos2(place.right(), place.bottom() - BELOW));
        let rect = fit(size, above);
        let texture = cx
            .pictures
            .borrow_mut()
            .texture(ui.ctx(), Slot::Ballot(index), picture);
        paint_picture(ui.painter(), &texture, rect, CARD_RADIUS);
        let below = Rect::from_min_max(
            pos2(rect.left(), rect.bottom() + space::XS),
            pos2(rect.right(), rect.bottom() + BELOW),
        );
        let layout = Layout::left_to_right(Align::Center);
        let builder = UiBuilder::new()
            .max_rect(below)
            .layout(layout)
            .id_salt(index);
        let mut child = ui.new_child(builder);
        let Some(column) = index.checked_sub(1) else {
            hint(&mut child, cx.tokens, cx.tr("vote-frame"));
            continue;
        };
        let number = ("number", (column + 1).into());
        let response = ui.interact(
            rect,
            ui.scope_id().with(("picture", column)),
            Sense::click(),
        );
        let label = cx.text("vote-picture", &[number]);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &label));
        if response.hovered() {
            let line = Stroke::new(2.0, cx.tokens.accent);
            let radius = CornerRadius::same(CARD_RADIUS);
            ui.painter()
                .rect_stroke(rect, radius, line, StrokeKind::Outside);
        }
        let mut chosen = response.clicked();
        let text = cx.text("vote-choose", &[("number", (column + 1).into())]);
        let button = child
            .add(Button::new(text))
            .on_hover_text(cx.tr("vote-choose-tip"));
        chosen |= button.clicked();
        if chosen {
            actions.push(choose(Picked::Column(column)));
        }
        let marked = open.right.contains(&column);
        let mark = Button::selectable(marked, cx.tr("vote-right")).frame_when_inactive(true);
        let mark = child.add(mark).on_hover_text(cx.tr("vote-right-tip"));
        let label = cx.text("vote-right-label", &[("number", (column + 1).into())]);
        if mark.accessible_name(label).clicked() {
            actions.push(act(VoteAction::Mark(column)));
        }
    }
}

fn foot_ui(ui: &mut Ui, cx: &Cx<'_>, room: Rect, actions: &mut Vec<Action>) {
    let foot = Rect::from_min_max(pos2(room.left(), room.bottom() - FOOT + space::S), room.max);
    let layout = Layout::left_to_right(Align::Center);
    let builder = UiBuilder::new()
        .max_rect(foot)
        .layout(layout)
        .id_salt("vote-foot");
    let mut child = ui.new_child(builder);
    for (label, tip, picked) in [
        ("vote-none", "vote-none-tip", Picked::None),
        ("vote-tie", "vote-tie-tip", Picked::Tie),
    ] {
        let button = Button::new(cx.tr(label)).min_size(vec2(150.0, 34.0));
        if child.add(button).on_hover_text(cx.tr(tip)).clicked() {
            actions.push(choose(picked));
        }
    }
}
