//! Settings in words: of one run, or what tells several apart.

use super::Cx;
use super::cards::letter;
use crate::app::panels::ask::mode_texts;
use crate::app::state::{Row, differences, settings};
use crate::app::theme::space;
use crate::app::widgets::{hint, title};
use crate::job::{GuidanceMode, RunEntry};
use eframe::egui;
use egui::{CornerRadius, Frame, Grid, Label, Margin, RichText, ScrollArea, Ui, vec2};
use std::borrow::Cow;

/// Width of the names of settings.
const NAMES: f32 = 108.0;
/// Width of a value in a table of several runs.
const VALUES: f32 = 118.0;

/// Every setting of one run.
pub fn settings_ui(ui: &mut Ui, cx: &Cx<'_>, run: &RunEntry) {
    let told = settings(run);
    let told = told
        .iter()
        .filter(|(name, value)| !value.is_empty() && name != "question");
    ui.spacing_mut().interact_size.y = 18.0;
    Grid::new("gallery-settings")
        .num_columns(2)
        .spacing(vec2(space::M, 5.0))
        .min_col_width(NAMES)
        .show(ui, |ui| {
            for (name, value) in told {
                hint(ui, cx.tokens, name_of(cx, name));
                let value = RichText::new(words(cx, name, value)).size(13.0);
                ui.add(Label::new(value).truncate())
                    .on_hover_text(value_tip(cx, name, run));
                ui.end_row();
            }
        });
}

/// Everything a truncated value says.
fn value_tip(cx: &Cx<'_>, name: &str, run: &RunEntry) -> String {
    let told = settings(run);
    let value = told.iter().find(|(known, _)| known == name);
    value
        .map(|(_, value)| words(cx, name, value))
        .unwrap_or_default()
}

/// One row per setting in which the selected runs differ.
pub fn differences_ui(ui: &mut Ui, cx: &Cx<'_>, runs: &[&RunEntry]) {
    title(ui, &cx.tr("gallery-differences"));
    let rows = differences(runs);
    if rows.is_empty() {
        hint(ui, cx.tokens, cx.tr("gallery-no-differences"));
        return;
    }
    let label = cx.text("gallery-differences-label", &[("count", rows.len().into())]);
    let table = ScrollArea::horizontal()
        .id_salt("differences")
        .show(ui, |ui| {
            Grid::new("gallery-differences")
                .num_columns(runs.len() + 1)
                .spacing(vec2(space::S, 6.0))
                .show(ui, |ui| {
                    hint(ui, cx.tokens, "");
                    for place in 0..runs.len() {
                        let letter = RichText::new(letter(place))
                            .strong()
                            .color(cx.tokens.accent);
                        ui.add(Label::new(letter));
                    }
                    ui.end_row();
                    for row in &rows {
                        row_ui(ui, cx, row);
                        ui.end_row();
                    }
                });
        });
    let table = ui.interact(
        table.inner_rect,
        ui.scope_id().with("table"),
        egui::Sense::hover(),
    );
    table.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Group, true, &label));
}

fn row_ui(ui: &mut Ui, cx: &Cx<'_>, row: &Row) {
    hint(ui, cx.tokens, name_of(cx, &row.setting));
    for value in &row.values {
        // What is not as in the first run stands out.
        let other = Some(value) != row.values.first();
        let (fill, colour) = if other {
            (cx.tokens.accent_soft, cx.tokens.on_accent_soft)
        } else {
            (egui::Color32::TRANSPARENT, cx.tokens.text)
        };
        let value = words(cx, &row.setting, value);
        let shown = if value.is_empty() { "–" } else { &value };
        Frame::new()
            .fill(fill)
            .corner_radius(CornerRadius::same(5))
            .inner_margin(Margin::symmetric(6, 2))
            .show(ui, |ui| {
                ui.set_max_width(VALUES);
                let shown = RichText::new(shown).size(13.0).color(colour);
                ui.add(Label::new(shown).truncate()).on_hover_text(&value);
            });
    }
}

/// What a setting is called in the form.
fn name_of<'a>(cx: &'a Cx<'_>, setting: &str) -> Cow<'a, str> {
    let id = match setting {
        "question" => "question-title",
        "modes" => "gallery-modes",
        "seeds" => "settings-seed",
        "answer" => "gallery-own-answer",
        "answer_settings.decoding" => "settings-decoding",
        "answer_settings.beams" => "settings-beams",
        "answer_settings.max_tokens" => "settings-answer-length",
        "answer_settings.seed" => "settings-answer-seed",
        "steps" => "settings-steps",
        "guidance_scale" => "settings-guidance",
        "image_guidance_scale" => "settings-image-guidance",
        "sampler" => "settings-sampler",
        "noise" => "settings-noise",
        "branch" => "gallery-branch",
        "bundle" => "gallery-bundle",
        "frame" => "closer-frame",
        // A setting of a newer version has no words yet.
        other => return Cow::Owned(other.replace(['_', '.'], " ")),
    };
    cx.tr(id)
}

/// A value in the words of the form.
fn words(cx: &Cx<'_>, setting: &str, value: &str) -> String {
    if setting != "modes" {
        return value.to_owned();
    }
    let named = value.split(", ").map(|name| {
        let mode = GuidanceMode::ALL
            .into_iter()
            .find(|mode| mode.name() == name);
        mode.map_or(Cow::Borrowed(name), |mode| cx.tr(mode_texts(mode).0))
    });
    cx.list(&named.collect::<Vec<_>>())
}
