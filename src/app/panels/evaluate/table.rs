//! The numbers of one mode: a row per category with intervals, the paper's row, and differences.

use super::Cx;
use crate::app::panels::ask::{mode_colour, mode_texts};
use crate::app::texts::number;
use crate::app::theme::space;
use crate::app::widgets::hint;
use crate::job::{CategoryReport, MethodReport, Metrics, Report, against, paper, paper_difference};
use eframe::egui;
use egui::{
    Align, Color32, CornerRadius, Frame, Grid, Label, Layout, Margin, RichText, Stroke, Ui, vec2,
};
use std::path::Path;

/// Width of a cell with a number.
const CELL: f32 = 92.0;
/// Width of a cell with a short number.
const SHORT: f32 = 56.0;
/// Width of the first column.
const NAME: f32 = 132.0;

/// What a table has beside the measures that every picture has: a column of dashes says nothing.
#[derive(Clone, Copy)]
struct Columns {
    similar: bool,
    causal: bool,
    lpips: bool,
}

/// Draws the table.
pub fn table_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    method: &MethodReport,
    earlier: Option<(&Path, &Report)>,
) {
    ui.horizontal(|ui| {
        let colour = method.mode.map(|mode| mode_colour(cx, mode));
        let name = method.mode.map(|mode| cx.tr(mode_texts(mode).0));
        let name = name.as_deref().unwrap_or(&method.name);
        let name = RichText::new(name).size(15.0).strong();
        ui.label(name.color(colour.unwrap_or(cx.tokens.text)));
        let values = [
            ("samples", method.samples.len().into()),
            ("pictures", method.pictures.into()),
        ];
        hint(ui, cx.tokens, cx.text("evaluate-method", &values));
    });
    let any = |has: fn(&CategoryReport) -> bool| method.categories.iter().any(has);
    let columns = Columns {
        similar: any(|category| category.metrics.is_some()),
        causal: any(|category| category.causal.is_some()),
        lpips: any(|category| category.lpips.is_some()),
    };
    Frame::new()
        .fill(cx.tokens.card)
        .stroke(Stroke::new(1.0, cx.tokens.card_border))
        .corner_radius(CornerRadius::same(crate::app::theme::CARD_RADIUS))
        .inner_margin(Margin::same(space::M as i8))
        .show(ui, |ui| {
            Grid::new(("evaluate-table", &method.name))
                .spacing(vec2(space::S, space::S))
                .min_row_height(20.0)
                .show(ui, |ui| {
                    heads_ui(ui, cx, columns);
                    let changes = earlier.map(|(path, report)| (path, against(method, report)));
                    for (index, category) in method.categories.iter().enumerate() {
                        category_ui(ui, cx, category, index == 0, columns);
                        if index == 0 && columns.similar {
                            paper_ui(ui, cx, method);
                        }
                        let Some((path, changes)) = &changes else {
                            continue;
                        };
                        let change = changes.iter().find(|c| c.category == category.category);
                        if let Some(change) = change {
                            let name = path.file_name().unwrap_or_default().display();
                            let name = ("name", name.to_string().into());
                            let label = cx.text("evaluate-difference", &[name]);
                            difference_ui(ui, cx, &label, &change.difference);
                        }
                    }
                });
        });
}

fn heads_ui(ui: &mut Ui, cx: &Cx<'_>, columns: Columns) {
    let weak = |text: &str| RichText::new(text).size(12.5).color(cx.tokens.text_weak);
    name_ui(ui, weak(&cx.tr("evaluate-category")));
    cell_ui(ui, SHORT, |ui| ui.label(weak(&cx.tr("evaluate-samples"))));
    let tips = [
        "evaluate-sim-avg-tip",
        "evaluate-sim-best-tip",
        "evaluate-auc-avg-tip",
        "evaluate-auc-best-tip",
    ];
    let similar = Metrics::NAMES.into_iter().zip(tips);
    for (name, tip) in similar.filter(|_| columns.similar) {
        cell_ui(ui, CELL, |ui| {
            ui.label(weak(name)).on_hover_text(cx.tr(tip))
        });
    }
    if columns.causal {
        cell_ui(ui, CELL, |ui| {
            ui.label(weak(&cx.tr("evaluate-causal")))
                .on_hover_text(cx.tr("evaluate-causal-tip"))
        });
    }
    for (name, tip, there) in [
        ("evaluate-psnr", "evaluate-psnr-tip", true),
        ("evaluate-ssim", "evaluate-ssim-tip", true),
        ("evaluate-lpips", "evaluate-lpips-column-tip", columns.lpips),
        (
            "evaluate-direction",
            "evaluate-direction-tip",
            columns.similar,
        ),
    ] {
        if !there {
            continue;
        }
        cell_ui(ui, SHORT, |ui| {
            ui.label(weak(&cx.tr(name))).on_hover_text(cx.tr(tip))
        });
    }
    ui.end_row();
}

fn category_ui(ui: &mut Ui, cx: &Cx<'_>, category: &CategoryReport, total: bool, columns: Columns) {
    let name = match total {
        true => RichText::new(cx.tr("evaluate-all")).strong(),
        false => RichText::new(cx.words(&category.category)),
    };
    name_ui(ui, name);
    cell_ui(ui, SHORT, |ui| ui.label(number(category.samples as u64)));
    let similar = if columns.similar {
        Metrics::NAMES.len()
    } else {
        0
    };
    for index in 0..similar {
        let value = |metrics: &Option<Metrics>| {
            let values = metrics.as_ref()?.values();
            values.get(index).copied()
        };
        let between = value(&category.low).zip(value(&category.high));
        let words = |value: f64| format!("{value:.4}");
        number_ui(
            ui,
            cx,
            value(&category.metrics).map(words),
            between.map(|(low, high)| format!("{low:.4} – {high:.4}")),
        );
    }
    if columns.causal {
        let percent = |share: f64| cx.unit("unit-percent", format!("{:.1}", 100.0 * share));
        let found = category.causal;
        let between = found.and_then(|found| found.interval);
        let between =
            between.map(|(low, high)| format!("{:.0} – {:.0}", 100.0 * low, 100.0 * high));
        let between = between.map(|range| cx.unit("unit-percent", range));
        let response = number_ui(ui, cx, found.map(|found| percent(found.right)), between);
        if let Some(found) = found {
            let values = [
                ("chance", percent(found.chance).into()),
                ("unchanged", percent(found.unchanged).into()),
            ];
            response.on_hover_text(cx.text("evaluate-causal-more", &values));
        }
    }
    for (value, digits, there) in [
        (category.psnr, 2, true),
        (category.ssim, 3, true),
        (category.lpips, 3, columns.lpips),
        (category.direction, 3, columns.similar),
    ] {
        if !there {
            continue;
        }
        let words = value.map_or("–".to_owned(), |value| format!("{value:.digits$}"));
        cell_ui(ui, SHORT, |ui| ui.label(RichText::new(words).size(13.0)));
    }
    ui.end_row();
}

/// The paper's row for all samples, and the difference to it.
fn paper_ui(ui: &mut Ui, cx: &Cx<'_>, method: &MethodReport) {
    let Some(published) = method.mode.and_then(paper) else {
        return;
    };
    name_ui(
        ui,
        RichText::new(cx.tr("evaluate-paper")).color(cx.tokens.text_weak),
    );
    ui.label("");
    for value in published.values() {
        let words = RichText::new(format!("{value:.4}")).color(cx.tokens.text_weak);
        cell_ui(ui, CELL, |ui| ui.label(words));
    }
    ui.end_row();
    if let Some(difference) = paper_difference(method) {
        difference_ui(ui, cx, &cx.tr("evaluate-paper-difference"), &difference);
    }
}

fn difference_ui(ui: &mut Ui, cx: &Cx<'_>, label: &str, difference: &Metrics) {
    name_ui(
        ui,
        RichText::new(label).size(12.5).color(cx.tokens.text_weak),
    );
    ui.label("");
    for value in difference.values() {
        let colour: Color32 = match value {
            ..0.0 => cx.tokens.error,
            0.0 => cx.tokens.text_weak,
            _ => cx.tokens.success,
        };
        let words = RichText::new(format!("{value:+.4}"))
            .size(12.5)
            .color(colour);
        cell_ui(ui, CELL, |ui| ui.label(words));
    }
    ui.end_row();
}

/// A number with its interval below.
fn number_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    value: Option<String>,
    between: Option<String>,
) -> egui::Response {
    let size = vec2(CELL, if between.is_some() { 34.0 } else { 18.0 });
    let layout = Layout::top_down(Align::Max);
    let inner = ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_width(CELL);
        ui.spacing_mut().item_spacing.y = 0.0;
        let value = value.unwrap_or_else(|| "–".to_owned());
        let response = ui.label(RichText::new(value).size(14.0));
        if let Some(between) = between {
            hint(ui, cx.tokens, between).on_hover_text(cx.tr("evaluate-interval-tip"));
        }
        response
    });
    inner.inner
}

fn name_ui(ui: &mut Ui, name: RichText) {
    let size = vec2(NAME, 20.0);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Min), |ui| {
        ui.set_min_width(NAME);
        ui.add(Label::new(name).wrap());
    });
}

fn cell_ui<R>(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    let size = vec2(width, 20.0);
    let layout = Layout::right_to_left(Align::Min);
    let inner = ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_width(width);
        add(ui)
    });
    inner.inner
}
