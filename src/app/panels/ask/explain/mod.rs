//! Explaining a column, in place of the columns: where the editor looked for each word, what changes
//! without it, and what the latent reads like.

mod attention;
mod effect;
mod heat;

use super::Cx;
use super::columns::{column_title, well_ui};
use super::finished::command_button;
use super::messages::{failed_ui, message_ui};
use super::progress::progress_ui;
use crate::app::command::Command;
use crate::app::state::{Action, Column, Explain, Inquiry, Run, Topic};
use crate::app::theme::space;
use crate::app::widgets::{Choice, hint, segmented, title};
use crate::job::{ContextUnit, GuidanceMode, Meaning, Piece, PieceOf};
use eframe::egui;
use egui::{Align, Button, Key, Layout, Modifiers, Rect, RichText, Ui, UiBuilder, vec2};
use heat::{Heats, Moments};

/// Height of the line about the latent's reading.
const READING: f32 = 30.0;

/// The two questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Attention,
    Effect,
}

/// What is shown of the column that is explained.
#[derive(Default)]
pub struct ExplainPanel {
    tab: Tab,
    selected: Option<Piece>,
    mean: bool,
    largest_first: bool,
    without_shown: bool,
    moments: Moments,
    heats: Heats,
    change: effect::Change,
}

impl ExplainPanel {
    /// Draws everything into `room`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        index: usize,
        room: Rect,
        actions: &mut Vec<Action>,
    ) {
        let Some(column) = run.columns.get(index) else {
            return;
        };
        let builder = UiBuilder::new().max_rect(room).id_salt("explain");
        let ui = &mut ui.new_child(builder);
        self.header_ui(ui, cx, column, actions);
        let reads = matches!(
            column.request.mode,
            GuidanceMode::Latent | GuidanceMode::Both
        );
        let below = if reads { READING } else { 0.0 };
        let mut inner = ui.available_rect_before_wrap();
        inner.max.y -= below;
        let builder = UiBuilder::new().max_rect(inner).id_salt("explain-inner");
        let part = &mut ui.new_child(builder);
        match &column.explained.attention {
            Some(known) => {
                let last = known.steps.len();
                let step = run.timeline.cursor.unwrap_or(last).clamp(1, last.max(1));
                // Effects are of the finished picture, and so are the words they belong to.
                let (step, mean) = match self.tab {
                    Tab::Attention => (step, self.mean),
                    Tab::Effect => (last, true),
                };
                self.moments.seek(known, step, mean);
                let units = known.leg_at(step).map_or(&[][..], |leg| &leg.units);
                self.choose(part, cx, units);
                match self.tab {
                    Tab::Attention => self.attention_ui(part, cx, run, index, units),
                    Tab::Effect => self.effect_ui(part, cx, run, index, units, actions),
                }
            }
            None => looking_ui(part, cx, column, index, actions),
        }
        ui.advance_cursor_after_rect(inner);
        if reads {
            reading_ui(ui, cx, column, index, actions);
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, column: &Column, actions: &mut Vec<Action>) {
        let row = vec2(ui.available_width(), 34.0);
        ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
            let choices = [
                (Tab::Attention, "explain-attention", "explain-attention-tip"),
                (Tab::Effect, "explain-effect", "explain-effect-tip"),
            ]
            .map(|(tab, label, tip)| Choice::new(tab, cx.tr(label), cx.tr(tip)));
            segmented(ui, cx.tokens, 230.0, &mut self.tab, &choices);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let back = ui.button(cx.tr("explain-close"));
                if back.on_hover_text(cx.tr("explain-close-tip")).clicked() {
                    actions.push(Action::Explain(Explain::Close));
                }
                let name = column_title(cx, &column.request);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    title(ui, &name);
                    if column.explained.differs {
                        let text = RichText::new(cx.tr("explain-differs"))
                            .small()
                            .color(cx.tokens.warning);
                        ui.label(text).on_hover_text(cx.tr("explain-differs-tip"));
                    }
                });
            });
        });
    }

    /// Keeps a piece selected that is there; the arrow keys step through them.
    fn choose(&mut self, ui: &Ui, cx: &Cx<'_>, units: &[ContextUnit]) {
        let pieces = in_order(units);
        let place = self
            .selected
            .as_ref()
            .and_then(|piece| pieces.iter().position(|(_, known)| *known == piece));
        let place = place.unwrap_or_else(|| {
            // The word that gets most of the attention; a query only where there is no word.
            let rank = |(unit, piece): &(usize, &Piece)| {
                let share = self.moments.shares.get(*unit).copied().unwrap_or_default();
                (piece.of != PieceOf::Query, share)
            };
            let best = (0..pieces.len()).max_by(|a, b| {
                let (a, b) = (rank(&pieces[*a]), rank(&pieces[*b]));
                a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
            });
            best.unwrap_or(0)
        });
        let free = cx.state.dialog.is_none() && ui.memory(|memory| memory.focused().is_none());
        let by = ui.input_mut(|input| {
            let mut pressed = |key| free && input.consume_key(Modifiers::NONE, key);
            isize::from(pressed(Key::ArrowRight)) - isize::from(pressed(Key::ArrowLeft))
        });
        let place = place
            .saturating_add_signed(by)
            .min(pieces.len().saturating_sub(1));
        self.selected = pieces.get(place).map(|(_, piece)| (*piece).clone());
    }

    fn is_selected(&self, piece: &Piece) -> bool {
        self.selected.as_ref() == Some(piece)
    }
}

/// The pieces as they are shown: the question's words, the answer's, then the queries; each with the
/// index of its unit.
fn in_order(units: &[ContextUnit]) -> Vec<(usize, &Piece)> {
    let mut pieces: Vec<(usize, &Piece)> = units
        .iter()
        .enumerate()
        .filter_map(|(index, unit)| Some((index, unit.piece()?)))
        .collect();
    pieces.sort_by_key(|(_, piece)| match piece.of {
        PieceOf::Question => 0,
        PieceOf::Answer => 1,
        PieceOf::Query => 2,
    });
    pieces
}

/// What a piece is called.
fn piece_name(cx: &Cx<'_>, piece: &Piece) -> String {
    match piece.of {
        PieceOf::Query => cx.text("explain-query", &[("place", piece.place.into())]),
        PieceOf::Question | PieceOf::Answer => piece.word.clone(),
    }
}

/// The share of the attention that goes to ends, padding and the empty text.
fn rest_share(units: &[ContextUnit], shares: &[f32]) -> f32 {
    let named = |unit: &ContextUnit| matches!(unit.meaning, Meaning::Piece(_));
    let rest = units.iter().zip(shares).filter(|(unit, _)| !named(unit));
    rest.map(|(_, share)| share).sum()
}

fn percent(share: f32) -> String {
    format!("{:.1}", 100.0 * share)
}

/// While the attention is not there: at work, failed or cancelled.
fn looking_ui(ui: &mut Ui, cx: &Cx<'_>, column: &Column, index: usize, actions: &mut Vec<Action>) {
    ui.add_space(space::XS);
    let well = well_ui(ui, cx, ui.available_height() - 96.0);
    ui.add_space(space::XS);
    let again = |ui: &mut Ui, actions: &mut Vec<Action>| {
        ui.vertical_centered(|ui| {
            if ui.button(cx.tr("explain-again")).clicked() {
                actions.push(Action::Explain(Explain::Ask(
                    index,
                    Topic::Attention,
                    Vec::new(),
                )));
            }
        });
    };
    match column.explained.inquiry(Topic::Attention) {
        Inquiry::Running(_, progress) => {
            let (heading, line) = (cx.tr("explain-looking"), cx.tr("explain-looking-hint"));
            message_ui(ui, cx, well, &cx.art.cat, &heading, &line);
            progress_ui(ui, cx, Some(progress));
            stop_ui(ui, cx, index, Topic::Attention, actions);
        }
        Inquiry::Failed(problem) => {
            failed_ui(ui, cx, well, problem);
            again(ui, actions);
        }
        Inquiry::Cancelled | Inquiry::Idle => {
            let (heading, line) = (cx.tr("answer-cancelled"), cx.tr("explain-cancelled-hint"));
            message_ui(ui, cx, well, &cx.art.cat, &heading, &line);
            again(ui, actions);
        }
    }
}

fn stop_ui(ui: &mut Ui, cx: &Cx<'_>, index: usize, topic: Topic, actions: &mut Vec<Action>) {
    if command_button(ui, cx, Command::Cancel, None) {
        actions.push(Action::Explain(Explain::Stop(index, topic)));
    }
}

/// What the model reads in its latent, or how to ask it.
pub fn reading_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    column: &Column,
    index: usize,
    actions: &mut Vec<Action>,
) {
    let tip = cx.tr("reading-tip");
    if let Some(reading) = &column.explained.reading {
        let line = cx.text("reading", &[("text", reading.as_str().into())]);
        let label = egui::Label::new(RichText::new(&line).size(14.0)).truncate();
        ui.add(label).on_hover_text(format!("{line}\n{tip}"));
        return;
    }
    let line = match column.explained.inquiry(Topic::Reading) {
        Inquiry::Running(..) => Some(cx.tr("reading-now").into_owned()),
        Inquiry::Failed(problem) => Some(cx.problem(problem)),
        Inquiry::Cancelled | Inquiry::Idle => None,
    };
    ui.horizontal(|ui| {
        if column.explained.progress(Topic::Reading).is_none() {
            let text = RichText::new(cx.tr("reading-ask")).size(13.5);
            let button = Button::new(text.color(cx.tokens.accent)).frame_when_inactive(false);
            if ui.add(button).on_hover_text(tip).clicked() {
                actions.push(Action::Explain(Explain::Ask(
                    index,
                    Topic::Reading,
                    Vec::new(),
                )));
            }
        }
        if let Some(line) = line {
            hint(ui, cx.tokens, line);
        }
    });
}
