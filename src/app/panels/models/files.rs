//! The files of a bundle with their sizes, and what a check found of each.

use super::{Cx, words};
use crate::app::state::Check;
use crate::app::theme::space;
use crate::app::widgets::hint;
use crate::job::library::{BundleDetails, FileVerdict};
use eframe::egui;
use egui::{Align, CollapsingHeader, Label, Layout, RichText, Ui};

/// Draws the files; unfolded while there is something to say about them.
pub fn files_ui(ui: &mut Ui, cx: &Cx<'_>, details: &BundleDetails, check: Option<&Check>) {
    let heading = cx.text("models-files", &[("count", details.files.len().into())]);
    let damaged = check.is_some_and(|check| check.damaged_files().next().is_some());
    CollapsingHeader::new(heading)
        .id_salt("models-files")
        .open(damaged.then_some(true))
        .show_unindented(ui, |ui| {
            ui.spacing_mut().item_spacing.y = space::XS;
            for file in &details.files {
                let verdict = check.and_then(|check| check.verdict(&file.path));
                file_ui(ui, cx, &file.path, Some(file.bytes), verdict);
            }
            // Listed in the description, but not there.
            let missing = check.into_iter().flat_map(|check| &check.files);
            for file in missing {
                if details.files.iter().all(|known| known.path != file.path) {
                    file_ui(ui, cx, &file.path, None, Some(&file.verdict));
                }
            }
        });
}

fn file_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    path: &str,
    bytes: Option<u64>,
    verdict: Option<&FileVerdict>,
) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let size = bytes.map(|bytes| words::size(cx, bytes));
            hint(ui, cx.tokens, size.unwrap_or_default());
            if let Some(verdict) = verdict {
                verdict_ui(ui, cx, verdict);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let damaged = verdict.is_some_and(FileVerdict::is_damage);
                let colour = if damaged {
                    cx.tokens.error
                } else {
                    cx.tokens.text
                };
                let words = RichText::new(path).small().color(colour);
                ui.add(Label::new(words).truncate()).on_hover_text(path);
            });
        });
    });
}

fn verdict_ui(ui: &mut Ui, cx: &Cx<'_>, verdict: &FileVerdict) {
    let (words, tip, colour) = match verdict {
        FileVerdict::Right => ("verdict-right", "verdict-right-tip", cx.tokens.success),
        FileVerdict::Changed => ("verdict-changed", "verdict-changed-tip", cx.tokens.error),
        FileVerdict::Unlisted => (
            "verdict-unlisted",
            "verdict-unlisted-tip",
            cx.tokens.text_weak,
        ),
        FileVerdict::Unreadable(problem) => {
            let words = RichText::new(cx.tr("verdict-unreadable"));
            ui.label(words.small().color(cx.tokens.error))
                .on_hover_text(cx.problem(problem));
            return;
        }
    };
    ui.label(RichText::new(cx.tr(words)).small().color(colour))
        .on_hover_text(cx.tr(tip));
}
