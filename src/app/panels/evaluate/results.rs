//! The right side: the evaluation at work, its numbers, what was skipped, and ways on.

use super::{Cx, act, going, message_ui, pick, strip, table, trouble_ui};
use crate::app::panels::remedy::remedy_ui;
use crate::app::state::{Action, EvaluateAction, ShownEvaluation};
use crate::app::theme::space;
use crate::app::widgets::{hint, title};
use crate::job::{FolderUse, ReportFormat, Skipped, Validation};
use eframe::egui;
use egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};
use std::path::Path;

/// Draws it.
pub fn results_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let evaluate = &cx.state.evaluate;
    head_ui(ui, cx, actions);
    ui.add_space(space::M);
    if let Some(going) = &evaluate.going {
        going::going_ui(ui, cx, going, actions);
        ui.add_space(space::M);
    }
    if let Some(problem) = &evaluate.problem {
        trouble_ui(ui, cx, problem);
        remedy_ui(ui, cx, problem, vec2(150.0, 32.0), actions);
        ui.add_space(space::S);
    }
    if let Some(done) = &evaluate.unscored {
        drawn_ui(ui, cx, done);
        skipped_ui(ui, cx, &done.skipped);
    }
    match &evaluate.shown {
        Some(shown) => shown_ui(ui, cx, shown, actions),
        None if evaluate.going.is_none() && evaluate.problem.is_none() => {
            let room = ui.available_rect_before_wrap();
            let (heading, hint) = (cx.tr("evaluate-empty"), cx.tr("evaluate-empty-hint"));
            message_ui(ui, cx, room, &cx.art.cat, &heading, &hint);
        }
        None => {}
    }
}

/// What the page is, and evaluations that are there.
fn head_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        ui.heading(cx.tr("evaluate-title"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let busy = cx.state.evaluate.going.is_some();
            let draft = &cx.state.evaluate.draft;
            ui.add_enabled_ui(!busy, |ui| {
                let label = cx.tr("evaluate-open");
                let menu = ui.menu_button(label.as_ref(), |ui| {
                    folders_ui(ui, cx, &draft.folders, &mut |ui, folder| {
                        actions.push(act(EvaluateAction::Score(folder.to_path_buf())));
                        ui.close();
                    });
                    if ui.button(cx.tr("evaluate-open-other")).clicked() {
                        actions.push(pick(FolderUse::Scored));
                        ui.close();
                    }
                });
                menu.response.on_hover_text(cx.tr("evaluate-open-tip"));
            });
        });
    });
}

/// Earlier evaluations as entries of a menu.
fn folders_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    folders: &[std::path::PathBuf],
    on_click: &mut dyn FnMut(&mut Ui, &Path),
) {
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().display().to_string();
        let entry = ui.button(name);
        if entry.on_hover_text(folder.display().to_string()).clicked() {
            on_click(ui, folder);
        }
    }
    if folders.is_empty() {
        hint(ui, cx.tokens, cx.tr("evaluate-none-yet"));
    }
    ui.separator();
}

/// Pictures were drawn that have no numbers.
fn drawn_ui(ui: &mut Ui, cx: &Cx<'_>, done: &Validation) {
    strip(ui, cx.tokens.warning_soft, |ui| {
        let words = cx.text(
            "evaluate-drawn",
            &[
                ("samples", done.samples.into()),
                ("drawn", done.drawn.into()),
                ("kept", done.kept.into()),
            ],
        );
        ui.add(Label::new(RichText::new(words).color(cx.tokens.warning)).wrap());
    });
    ui.add_space(space::S);
}

fn shown_ui(ui: &mut Ui, cx: &Cx<'_>, shown: &ShownEvaluation, actions: &mut Vec<Action>) {
    let report = &shown.found.report;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let name = shown.folder.file_name().unwrap_or_default();
        title(ui, &name.display().to_string()).on_hover_text(shown.folder.display().to_string());
        compare_ui(ui, cx, actions);
        ui.menu_button(cx.tr("evaluate-export"), |ui| {
            for format in ReportFormat::ALL {
                let (label, tip) = match format {
                    ReportFormat::Html => ("evaluate-html", "evaluate-html-tip"),
                    ReportFormat::Csv => ("evaluate-csv", "evaluate-csv-tip"),
                    ReportFormat::Latex => ("evaluate-latex", "evaluate-latex-tip"),
                    ReportFormat::Json => ("evaluate-json", "evaluate-json-tip"),
                };
                let entry = ui.button(cx.tr(label)).on_hover_text(cx.tr(tip));
                if entry.clicked() {
                    actions.push(act(EvaluateAction::Export(format)));
                    ui.close();
                }
            }
        })
        .response
        .on_hover_text(cx.tr("evaluate-export-tip"));
    });
    let clip = match report.clip.as_str() {
        "" => cx.tr("evaluate-no-clip").into_owned(),
        clip => cx.text("evaluate-by-clip", &[("clip", clip.into())]),
    };
    let lpips = match report.lpips.as_str() {
        "" => None,
        name => Some(cx.text("evaluate-by-lpips", &[("name", name.into())])),
    };
    let drawn = report.drawn.iter().map(|line| cx.words(line).into_owned());
    for line in drawn.chain([clip]).chain(lpips) {
        let line = RichText::new(line).small().color(cx.tokens.text_weak);
        ui.add(Label::new(line).wrap().selectable(true));
    }
    ui.add_space(space::S);
    ScrollArea::both()
        .id_salt("evaluate-results")
        .auto_shrink(false)
        .show(ui, |ui| {
            let against = cx.state.evaluate.against.as_ref();
            let against = against.map(|(path, report)| (path.as_path(), report.as_ref()));
            for method in &report.methods {
                table::table_ui(ui, cx, method, against);
                skipped_ui(ui, cx, &method.skipped);
                if !method.unlisted.is_empty() {
                    let names = cx.list(&method.unlisted);
                    hint(
                        ui,
                        cx.tokens,
                        cx.text("evaluate-unlisted", &[("names", names.into())]),
                    );
                }
                ui.add_space(space::L);
            }
            if let Some(done) = &shown.validation {
                skipped_ui(ui, cx, &done.skipped);
            }
        });
}

/// Chooses what the numbers are compared with.
fn compare_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let evaluate = &cx.state.evaluate;
    let name = evaluate
        .against
        .as_ref()
        .and_then(|(path, _)| path.file_name());
    let label = match name {
        Some(name) => {
            let name = name.display().to_string();
            cx.text("evaluate-compared", &[("name", name.into())])
        }
        None => cx.tr("evaluate-compare").into_owned(),
    };
    let shown = evaluate.shown.as_ref().map(|shown| &shown.folder);
    let others = evaluate.draft.folders.iter();
    let others: Vec<_> = others
        .filter(|folder| Some(*folder) != shown)
        .cloned()
        .collect();
    let menu = ui.menu_button(label, |ui| {
        folders_ui(ui, cx, &others, &mut |ui, folder| {
            actions.push(act(EvaluateAction::Compare(Some(folder.to_path_buf()))));
            ui.close();
        });
        if ui.button(cx.tr("evaluate-open-other")).clicked() {
            actions.push(pick(FolderUse::Earlier));
            ui.close();
        }
        if evaluate.against.is_some() && ui.button(cx.tr("evaluate-compare-none")).clicked() {
            actions.push(act(EvaluateAction::Compare(None)));
            ui.close();
        }
    });
    menu.response.on_hover_text(cx.tr("evaluate-compare-tip"));
}

/// Every folder that does not count, with the reason.
fn skipped_ui(ui: &mut Ui, cx: &Cx<'_>, skipped: &[Skipped]) {
    if skipped.is_empty() {
        return;
    }
    let heading = cx.text("evaluate-skipped", &[("count", skipped.len().into())]);
    let first = skipped.first().map(|skipped| &skipped.name);
    egui::CollapsingHeader::new(RichText::new(heading).color(cx.tokens.warning))
        .id_salt(("skipped", first))
        .default_open(skipped.len() < 8)
        .show(ui, |ui| {
            for Skipped { name, reason } in skipped {
                let words = RichText::new(cx.reason(name, reason)).size(13.0);
                ui.add(Label::new(words).wrap().selectable(true));
            }
        });
}
