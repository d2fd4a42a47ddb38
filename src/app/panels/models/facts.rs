//! What a bundle is made of: sizes, modes, networks, and where it lies.

use super::{Cx, list, words};
use crate::app::panels::ask::mode_texts;
use crate::app::state::{Action, LibraryAction};
use crate::app::theme::space;
use crate::app::widgets::{hint, title};
use crate::job::GuidanceMode;
use crate::job::library::{BundleDetails, LibraryEntry};
use eframe::egui;
use egui::{Button, Grid, Label, RichText, Sense, Ui, vec2};
use std::path::Path;

/// Width of the names of facts.
const NAMES: f32 = 92.0;

/// Draws the facts.
pub fn facts_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    entry: &LibraryEntry,
    details: &BundleDetails,
    actions: &mut Vec<Action>,
) {
    let report = &details.report;
    ui.separator();
    let licence = report.licence.clone();
    let licence = licence.unwrap_or_else(|| cx.tr("models-licence-unknown").into_owned());
    let rows = [
        ("models-size", words::size(cx, report.bytes)),
        (
            "models-side",
            cx.text("models-resolution", &[("side", report.resolution.into())]),
        ),
        ("models-stored", details.dtypes().join(" + ")),
        ("models-licence", licence),
    ];
    ui.spacing_mut().interact_size.y = 18.0;
    Grid::new("models-facts")
        .num_columns(2)
        .spacing(vec2(space::M, 6.0))
        .min_col_width(NAMES)
        .show(ui, |ui| {
            for (name, value) in rows {
                hint(ui, cx.tokens, cx.tr(name));
                let words = RichText::new(&value).size(13.0);
                ui.add(Label::new(words).wrap().selectable(true));
                ui.end_row();
            }
        });
    if let Some(folder) = entry.folder() {
        place_ui(ui, cx, folder, actions);
    }
    for folder in &report.links {
        let values = [("path", folder.display().to_string().into())];
        hint(ui, cx.tokens, cx.text("models-in-place", &values));
    }
    ui.separator();
    modes_ui(ui, cx, details);
    ui.separator();
    networks_ui(ui, cx, details);
}

/// Where it lies, with ways to get there.
pub fn place_ui(ui: &mut Ui, cx: &Cx<'_>, folder: &Path, actions: &mut Vec<Action>) {
    let path = folder.display().to_string();
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            let small = |label| Button::new(RichText::new(cx.tr(label)).small());
            let copy = ui.add(small("models-copy-path").min_size(vec2(0.0, 24.0)));
            if copy.on_hover_text(cx.tr("models-copy-path-tip")).clicked() {
                ui.ctx().copy_text(path.clone());
            }
            let show = ui.add(small("models-reveal").min_size(vec2(0.0, 24.0)));
            if show.on_hover_text(cx.tr("models-reveal-tip")).clicked() {
                let reveal = LibraryAction::Reveal(folder.to_path_buf());
                actions.push(Action::Library(reveal));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let words = RichText::new(&path).small().monospace();
                let words = words.color(cx.tokens.text_weak);
                ui.add(Label::new(words).truncate()).on_hover_text(&path);
            });
        });
    });
}

/// Every mode, with the reason where it cannot run.
fn modes_ui(ui: &mut Ui, cx: &Cx<'_>, details: &BundleDetails) {
    title(ui, &cx.tr("models-modes"));
    for mode in GuidanceMode::ALL {
        let (label, tip) = mode_texts(mode);
        let possible = words::why_not(details, mode).is_none();
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            let (rect, _) = ui.allocate_exact_size(vec2(18.0, 18.0), Sense::hover());
            list::mode_dot(ui, cx, rect, mode, possible);
            let (words, colour) = if possible {
                (cx.tr(label), cx.tokens.text)
            } else {
                (cx.tr(label), cx.tokens.text_weak)
            };
            let words = RichText::new(words).size(13.0).color(colour);
            ui.add(Label::new(words)).on_hover_text(cx.tr(tip));
            if details.report.second_editor_modes.contains(&mode.name()) {
                let words = hint(ui, cx.tokens, cx.tr("models-second-editor"));
                words.on_hover_text(cx.tr("models-second-editor-tip"));
            }
            if let Some(reason) = words::why_not(details, mode) {
                let reason = cx.words(reason);
                let words = RichText::new(reason.as_ref())
                    .small()
                    .color(cx.tokens.text_weak);
                ui.add(Label::new(words).truncate()).on_hover_text(reason);
            }
        });
    }
}

/// The networks with their sizes.
fn networks_ui(ui: &mut Ui, cx: &Cx<'_>, details: &BundleDetails) {
    title(ui, &cx.tr("models-networks"));
    let mut rows: Vec<(String, String, String)> = details
        .report
        .components
        .iter()
        .map(|component| {
            (
                cx.words(component.name).into_owned(),
                words::count(cx, component.parameters),
                component.dtypes.join(" + "),
            )
        })
        .collect();
    if rows.len() > 1 {
        let all = words::count(cx, details.parameters());
        rows.push((cx.tr("models-all").into_owned(), all, String::new()));
    }
    let right = ui.max_rect().right();
    Grid::new("models-networks")
        .num_columns(3)
        .spacing(vec2(space::L, 6.0))
        .show(ui, |ui| {
            for (name, parameters, dtypes) in rows {
                ui.label(RichText::new(name).size(13.0));
                let words = cx.text("models-parameters", &[("count", parameters.into())]);
                ui.label(RichText::new(words).size(13.0));
                // A long list must not widen the card.
                let room = vec2((right - ui.cursor().left()).max(40.0), 18.0);
                let words = RichText::new(&dtypes).small().color(cx.tokens.text_weak);
                let left = egui::Layout::left_to_right(egui::Align::Center);
                ui.allocate_ui_with_layout(room, left, |ui| {
                    ui.add(Label::new(words).truncate()).on_hover_text(dtypes);
                });
                ui.end_row();
            }
        });
}
