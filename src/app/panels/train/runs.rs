//! The list of runs, the way to a new one, and the devices below.

use super::{Cx, devices, words};
use crate::app::state::{Action, TrainAction};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Wheel, badge, fill_line, hint};
use crate::job::training::{RunCard, RunState};
use eframe::egui;
use egui::{
    Align, Button, CornerRadius, Label, Layout, Panel, RichText, ScrollArea, Sense, Stroke,
    StrokeKind, Ui, UiBuilder, WidgetInfo, vec2,
};

/// Height of a row.
const ROW: f32 = 70.0;

/// Draws the list.
pub fn runs_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let train = &cx.state.train;
    ui.horizontal(|ui| {
        ui.heading(cx.tr("train-title"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let new = Button::selectable(train.selected.is_none(), cx.tr("train-new"));
            let new = ui.add(new.frame_when_inactive(true).min_size(vec2(0.0, 30.0)));
            if new.on_hover_text(cx.tr("train-new-tip")).clicked() {
                actions.push(Action::Train(TrainAction::New));
            }
        });
    });
    ui.add_space(space::S);
    Panel::bottom("train-devices")
        .resizable(false)
        .show_separator_line(false)
        .frame(egui::Frame::new())
        .show(ui, |ui| devices::devices_ui(ui, cx));
    if !cx.state.keeps_runs {
        hint(ui, cx.tokens, cx.tr("train-no-place"));
        return;
    }
    let Some(runs) = &train.runs else {
        ui.horizontal(|ui| {
            ui.add(Wheel::new().size(16.0));
            hint(ui, cx.tokens, cx.tr("train-looking"));
        });
        return;
    };
    if runs.is_empty() {
        ui.add_space(space::S);
        let words = RichText::new(cx.tr("train-none")).color(cx.tokens.text_weak);
        ui.add(Label::new(words).wrap());
        return;
    }
    ScrollArea::vertical()
        .id_salt("train-runs")
        .auto_shrink(false)
        .show_rows(ui, ROW, runs.len(), |ui, rows| {
            for card in runs.get(rows).unwrap_or_default() {
                run_ui(ui, cx, card, actions);
            }
        });
}

fn run_ui(ui: &mut Ui, cx: &Cx<'_>, card: &RunCard, actions: &mut Vec<Action>) {
    let size = vec2(ui.available_width(), ROW);
    let (rect, row) = ui.allocate_exact_size(size, Sense::click());
    let selected = cx.state.train.selected.as_ref() == Some(&card.folder);
    let label = cx.text("train-row", &[("name", card.name.as_str().into())]);
    row.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, selected, &label));
    let radius = CornerRadius::same(CARD_RADIUS);
    let (line, thickness) = match (selected, row.hovered() || row.has_focus()) {
        (true, _) => (cx.tokens.accent, 1.6),
        (false, true) => (cx.tokens.field_border, 1.0),
        (false, false) => (cx.tokens.card_border, 1.0),
    };
    ui.painter().rect_filled(rect, radius, cx.tokens.card);
    let line = Stroke::new(thickness, line);
    ui.painter()
        .rect_stroke(rect, radius, line, StrokeKind::Inside);
    let inside = UiBuilder::new()
        .max_rect(rect.shrink2(vec2(space::M, space::S)))
        .layout(Layout::top_down(Align::Min))
        .id_salt(&card.folder);
    let mut inside = ui.new_child(inside);
    inside.spacing_mut().item_spacing = vec2(6.0, space::XS);
    inside.spacing_mut().interact_size.y = 20.0;
    inside.horizontal(|ui| {
        let (tone, text, tip) = words::state(card.state);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            badge(ui, cx.tokens, tone, &cx.tr(text)).on_hover_text(cx.tr(tip));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(RichText::new(&card.name).size(14.5)).truncate());
            });
        });
    });
    let mut facts = vec![words::steps(cx, card)];
    if card.state == RunState::Training {
        facts.extend(words::left(cx, card));
    } else {
        let loss = card.loss.map(|loss| words::loss(loss.into()));
        facts.extend(loss.map(|loss| cx.text("train-loss-is", &[("loss", loss.into())])));
    }
    let facts = RichText::new(facts.join("  ·  ")).small();
    inside.add(Label::new(facts.color(cx.tokens.text_weak)).truncate());
    if card.state.is_live() {
        fill_line(&mut inside, cx.tokens, card.share());
    }
    if row.clicked() {
        actions.push(Action::Train(TrainAction::Select(card.folder.clone())));
    }
}
