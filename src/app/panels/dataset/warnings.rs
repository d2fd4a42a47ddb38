//! What a person has to know about the opened folder: another window edits it, edits could not be
//! saved, somebody else changed the same field.

use super::Cx;
use crate::app::state::{Action, DatasetAction, OpenFolder, Saving};
use crate::app::theme::{CONTROL_RADIUS, space};
use crate::app::widgets::hint;
use crate::job::datasets::Conflict;
use eframe::egui;
use egui::{Color32, CornerRadius, Frame, Margin, RichText, Ui};
use serde_json::Value;

/// Draws all warnings.
pub fn warnings_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, actions: &mut Vec<Action>) {
    let tokens = cx.tokens;
    if !open.is_editable() {
        strip_ui(ui, tokens.warning_soft, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new(cx.tr("dataset-locked")).color(tokens.warning));
                let again = ui.button(cx.tr("dataset-locked-again"));
                if again.on_hover_text(cx.tr("dataset-locked-tip")).clicked() {
                    actions.push(DatasetAction::Reopen.into());
                }
            });
        });
    }
    if let Saving::Failed(problem) = &open.saving {
        strip_ui(ui, tokens.error_soft, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new(cx.message(problem)).color(tokens.error));
                let again = ui.button(cx.tr("dataset-save-again"));
                if again
                    .on_hover_text(cx.tr("dataset-save-again-tip"))
                    .clicked()
                {
                    actions.push(DatasetAction::Save.into());
                }
            });
            let more = cx.more(problem);
            ui.label(RichText::new(more.join("\n")).small().color(tokens.error));
        });
    }
    // One at a time: each is a decision.
    if let Some(conflict) = open.conflicts.first() {
        strip_ui(ui, tokens.warning_soft, |ui| {
            conflict_ui(ui, cx, conflict, open.conflicts.len(), actions);
        });
    }
}

fn strip_ui(ui: &mut Ui, fill: Color32, add: impl FnOnce(&mut Ui)) {
    ui.add_space(space::XS);
    Frame::new()
        .fill(fill)
        .corner_radius(CornerRadius::same(CONTROL_RADIUS))
        .inner_margin(Margin::symmetric(10, 8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui);
        });
}

fn conflict_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    conflict: &Conflict,
    count: usize,
    actions: &mut Vec<Action>,
) {
    let name = conflict.ours.place.name.as_str();
    let values = [("name", name.into()), ("count", count.into())];
    let heading = match conflict.gone {
        true => cx.text("dataset-conflict-gone", &values),
        false => cx.text("dataset-conflict", &values),
    };
    ui.label(RichText::new(heading).color(cx.tokens.warning));
    let yours = cx.text(
        "dataset-yours",
        &[("text", plain(conflict.ours.after.as_ref()).into())],
    );
    hint(ui, cx.tokens, yours);
    if !conflict.gone {
        let theirs = plain(conflict.theirs.as_ref());
        hint(
            ui,
            cx.tokens,
            cx.text("dataset-theirs", &[("text", theirs.into())]),
        );
    }
    ui.horizontal(|ui| {
        if conflict.gone {
            let copy = ui.button(cx.tr("dataset-copy-mine"));
            if copy.on_hover_text(cx.tr("dataset-copy-mine-tip")).clicked() {
                ui.ctx().copy_text(plain(conflict.ours.after.as_ref()));
                actions.push(DatasetAction::Resolve(0, false).into());
            }
            return;
        }
        for (label, tip, ours) in [
            ("dataset-keep-mine", "dataset-keep-mine-tip", true),
            ("dataset-take-theirs", "dataset-take-theirs-tip", false),
        ] {
            if ui.button(cx.tr(label)).on_hover_text(cx.tr(tip)).clicked() {
                actions.push(DatasetAction::Resolve(0, ours).into());
            }
        }
    });
}

/// A value for people.
fn plain(value: Option<&Value>) -> String {
    match value {
        None => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items = items.iter().map(|item| plain(Some(item)));
            items.collect::<Vec<_>>().join(" / ")
        }
        Some(other) => other.to_string(),
    }
}
