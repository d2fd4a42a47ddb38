//! What all votes say: Acc and ChosenRate per mode and category, and how far raters agree.

use super::{Cx, act};
use crate::app::panels::ask::{mode_colour, mode_texts};
use crate::app::state::{Action, VoteAction};
use crate::app::theme::space;
use crate::app::widgets::{card, hint, title};
use crate::job::{CategoryVotes, FolderUse, GuidanceMode, Rate, VoteReport, paper_votes};
use eframe::egui;
use egui::{Align, Grid, Label, Layout, RichText, ScrollArea, Ui, vec2};

/// Draws it.
pub fn results_ui(ui: &mut Ui, cx: &Cx<'_>, report: &VoteReport, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        ui.heading(cx.tr("vote-all"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for (label, tip, action) in [
                (
                    "vote-to-poll",
                    "vote-to-poll-tip",
                    VoteAction::Results(false),
                ),
                ("vote-export", "vote-export-tip", VoteAction::Export),
                (
                    "vote-import",
                    "vote-import-tip",
                    VoteAction::Pick(FolderUse::VotesFile),
                ),
            ] {
                let button = ui.button(cx.tr(label)).on_hover_text(cx.tr(tip));
                if button.clicked() {
                    actions.push(act(action));
                }
            }
        });
    });
    let votes = report.categories.first().map_or(0, |all| all.votes);
    let values = [("votes", votes.into()), ("raters", report.raters.into())];
    hint(ui, cx.tokens, cx.text("vote-count", &values));
    ui.add_space(space::S);
    ScrollArea::vertical()
        .id_salt("vote-results")
        .auto_shrink(false)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = space::M;
            agreement_ui(ui, cx, report);
            for category in &report.categories {
                category_ui(ui, cx, category);
            }
        });
}

fn agreement_ui(ui: &mut Ui, cx: &Cx<'_>, report: &VoteReport) {
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        title(ui, &cx.tr("vote-agreement"));
        let number = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.3}"));
        let same = report.consistency.as_ref();
        Grid::new("vote-agreement")
            .spacing(vec2(space::XL, space::XS))
            .show(ui, |ui| {
                for (label, tip, value) in [
                    ("vote-kappa", "vote-kappa-tip", number(report.kappa)),
                    ("vote-alpha", "vote-alpha-tip", number(report.alpha)),
                    (
                        "vote-consistency",
                        "vote-consistency-tip",
                        same.map_or("–".to_owned(), words),
                    ),
                    (
                        "vote-seconds",
                        "vote-seconds-tip",
                        report.median_seconds.map_or("–".to_owned(), |s| {
                            cx.unit("unit-seconds", format!("{s:.1}"))
                        }),
                    ),
                ] {
                    ui.label(cx.tr(label)).on_hover_text(cx.tr(tip));
                    ui.label(value);
                    ui.end_row();
                }
            });
    });
}

fn category_ui(ui: &mut Ui, cx: &Cx<'_>, category: &CategoryVotes) {
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        let all = cx.tr("vote-all-samples");
        let name = category.category.as_deref();
        title(ui, name.unwrap_or(&all));
        Grid::new(("votes", name))
            .spacing(vec2(space::XL, space::S))
            .min_col_width(120.0)
            .show(ui, |ui| {
                let weak = |text: &str| RichText::new(text).size(12.5).color(cx.tokens.text_weak);
                ui.label("");
                for (label, tip) in [
                    ("vote-acc", "vote-acc-tip"),
                    ("vote-chosen", "vote-chosen-tip"),
                ] {
                    ui.label(weak(&cx.tr(label))).on_hover_text(cx.tr(tip));
                }
                if name.is_none() {
                    ui.label(weak(&cx.tr("vote-paper")));
                }
                ui.end_row();
                for mode in &category.modes {
                    mode_name_ui(ui, cx, mode.mode);
                    for rate in [&mode.acc, &mode.chosen] {
                        ui.label(rate.as_ref().map_or("–".to_owned(), words));
                    }
                    let published = paper_votes(mode.mode).filter(|_| name.is_none());
                    if let Some((acc, chosen)) = published {
                        ui.label(weak(&format!("{acc:.4}  {chosen:.4}")));
                    }
                    ui.end_row();
                }
                for (label, rate) in [
                    ("vote-none-row", &category.none),
                    ("vote-tie-row", &category.tie),
                ] {
                    ui.add(Label::new(cx.tr(label)));
                    ui.label("");
                    ui.label(rate.as_ref().map_or("–".to_owned(), words));
                    ui.end_row();
                }
            });
    });
}

fn mode_name_ui(ui: &mut Ui, cx: &Cx<'_>, mode: GuidanceMode) {
    let name = RichText::new(cx.tr(mode_texts(mode).0)).strong();
    ui.label(name.color(mode_colour(cx, mode)));
}

/// A share with its interval and how many it is of.
fn words(rate: &Rate) -> String {
    let Rate {
        count,
        of,
        low,
        high,
    } = rate;
    format!("{:.4}  ({low:.3} – {high:.3}, {count}/{of})", rate.share())
}
