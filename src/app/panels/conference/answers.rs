//! The answers on their way, then the vote.

use super::{Cx, Shown, big_button, row_ui, words};
use crate::app::panels::ask::{message_ui, mode_colour, mode_texts};
use crate::app::state::{Action, Ballot, Conference, ConferenceAction, Phase, Run};
use crate::app::theme::space;
use crate::app::widgets::{Slot, fill_line};
use eframe::egui;
use egui::{Align, Layout, Rect, Ui, UiBuilder, pos2, vec2};

/// Height below the row of pictures, at unit size.
const FOOT: f32 = 150.0;

/// The heading, then the frame and the answers. Places of the pictures come back, the frame's first.
fn pictures_ui(ui: &mut Ui, cx: &Cx<'_>, run: &Run, named: bool, unit: f32) -> Vec<Rect> {
    let question = run.columns.first().map(|c| c.request.question.as_str());
    ui.vertical_centered(|ui| {
        ui.label(words(
            question.unwrap_or_default(),
            30.0 * unit,
            cx.tokens.text,
        ));
    });
    let mut room = ui.available_rect_before_wrap();
    room.max.y -= FOOT * unit;
    let mut row = vec![Shown {
        slot: Slot::RunFrame,
        picture: Some(&run.frame.display),
        title: cx.tr("conference-frame").into_owned(),
        colour: cx.tokens.text_weak,
        caption: None,
    }];
    row.extend(run.columns.iter().enumerate().map(|(index, column)| {
        let (name, _) = mode_texts(column.request.mode);
        let answer = column.answer.as_ref().map(|answer| answer.text.clone());
        Shown {
            slot: Slot::Column(index),
            picture: run.view(index).picture(),
            title: if named {
                cx.tr(name).into_owned()
            } else {
                letter(index)
            },
            colour: if named {
                mode_colour(cx, column.request.mode)
            } else {
                cx.tokens.text
            },
            // The written answer would give the mode away before the vote.
            caption: answer.filter(|_| named),
        }
    }));
    let places = row_ui(ui, cx, room, unit, &row);
    ui.advance_cursor_after_rect(room);
    places
}

/// What a picture is called before the vote.
fn letter(index: usize) -> String {
    char::from_u32('A' as u32 + index as u32).map_or_else(String::new, String::from)
}

/// While the answers are drawn.
pub fn drawing_ui(ui: &mut Ui, cx: &Cx<'_>, unit: f32, actions: &mut Vec<Action>) {
    let Some(run) = &cx.state.run else {
        return;
    };
    let places = pictures_ui(ui, cx, run, false, unit);
    for (column, place) in run.columns.iter().zip(places.iter().skip(1)) {
        let fraction = match &column.phase {
            Phase::Running(progress) => progress.fraction(),
            Phase::Finished(_) => 1.0,
            _ => 0.0,
        };
        let corner = place.left_bottom() + vec2(0.0, space::S * unit);
        let line = Rect::from_min_size(corner, vec2(place.width(), 4.0));
        ui.scope_builder(UiBuilder::new().max_rect(line), |ui| {
            fill_line(ui, cx.tokens, fraction);
        });
    }
    ui.vertical_centered(|ui| {
        ui.label(words(
            cx.tr("conference-drawing"),
            19.0 * unit,
            cx.tokens.text_weak,
        ));
        if big_button(ui, cx, &cx.tr("conference-stop"), unit, false).clicked() {
            actions.push(ConferenceAction::Home.into());
        }
    });
}

/// When they are there.
pub fn answers_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    conference: &Conference,
    ballot: Option<Ballot>,
    unit: f32,
    actions: &mut Vec<Action>,
) {
    let drawn = |run: &&Run| run.columns.iter().any(|column| column.result().is_some());
    let Some(run) = cx.state.run.as_ref().filter(drawn) else {
        let mut room = ui.available_rect_before_wrap();
        room.max.y -= FOOT * unit;
        let (heading, hint) = (cx.tr("conference-failed"), cx.tr("conference-failed-hint"));
        message_ui(ui, cx, room, &cx.art.sad_cat, &heading, &hint);
        ui.advance_cursor_after_rect(room);
        again_ui(ui, cx, unit, actions);
        return;
    };
    let places = pictures_ui(ui, cx, run, ballot.is_some(), unit);
    match ballot {
        None => vote_ui(ui, cx, run, &places, unit, actions),
        Some(ballot) => tally_ui(ui, cx, conference, run, ballot, &places, unit, actions),
    }
}

fn vote_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    run: &Run,
    places: &[Rect],
    unit: f32,
    actions: &mut Vec<Action>,
) {
    for (index, (column, place)) in run.columns.iter().zip(places.iter().skip(1)).enumerate() {
        if column.result().is_none() {
            continue;
        }
        let text = cx.text("conference-this-one", &[("name", letter(index).into())]);
        below(ui, *place, unit, |ui| {
            if big_button(ui, cx, &text, unit, true).clicked() {
                let ballot = Ballot::Mode(column.request.mode);
                actions.push(ConferenceAction::Vote(ballot).into());
            }
        });
    }
    if let Some(place) = places.first() {
        below(ui, *place, unit, |ui| {
            if big_button(ui, cx, &cx.tr("conference-none"), unit, false).clicked() {
                actions.push(ConferenceAction::Vote(Ballot::None).into());
            }
        });
    }
    ui.add_space(68.0 * unit);
    ui.vertical_centered(|ui| {
        ui.label(words(
            cx.tr("conference-vote"),
            21.0 * unit,
            cx.tokens.text_weak,
        ));
    });
}

#[expect(clippy::too_many_arguments, reason = "one screen, drawn in one place")]
fn tally_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    conference: &Conference,
    run: &Run,
    ballot: Ballot,
    places: &[Rect],
    unit: f32,
    actions: &mut Vec<Action>,
) {
    let total = conference.tally.total();
    let modes = run.columns.iter().map(|c| Ballot::Mode(c.request.mode));
    let ballots = std::iter::once(Ballot::None).chain(modes);
    for (of, place) in ballots.zip(places) {
        let votes = conference.tally.of(of);
        let id = match (of, of == ballot) {
            (Ballot::None, _) => "conference-votes-none",
            (_, true) => "conference-votes-yours",
            (_, false) => "conference-votes",
        };
        let values = [
            ("votes", (votes as usize).into()),
            ("total", (total as usize).into()),
        ];
        let text = cx.text(id, &values);
        let lower = place.translate(vec2(0.0, super::CAPTION * unit));
        below(ui, lower, unit, |ui| {
            let colour = if of == ballot {
                cx.tokens.accent
            } else {
                cx.tokens.text
            };
            ui.label(words(text, 19.0 * unit, colour));
        });
    }
    ui.add_space(88.0 * unit);
    again_ui(ui, cx, unit, actions);
}

/// A control in the middle below a picture.
fn below(ui: &mut Ui, place: Rect, unit: f32, add: impl FnOnce(&mut Ui)) {
    let corner = pos2(place.left(), place.bottom() + space::S * unit);
    let room = Rect::from_min_size(corner, vec2(place.width(), 60.0 * unit));
    let layout = Layout::top_down(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(room).layout(layout), add);
}

fn again_ui(ui: &mut Ui, cx: &Cx<'_>, unit: f32, actions: &mut Vec<Action>) {
    ui.vertical_centered(|ui| {
        if big_button(ui, cx, &cx.tr("conference-again"), unit, true).clicked() {
            actions.push(ConferenceAction::Begin.into());
        }
    });
}
