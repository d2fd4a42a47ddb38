//! Every key, from the one table of commands.

use super::Cx;
use crate::app::command::Command;
use crate::app::theme::space;
use eframe::egui;
use egui::{Grid, Label, RichText, Ui, vec2};

/// Least width of a column of keys.
const COLUMN: f32 = 300.0;

/// Draws the keys, in as many columns as there is room for.
pub fn keys_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let commands = Command::all().filter_map(|command| {
        let keys = ui.ctx().format_shortcut(&command.shortcut()?);
        let label = cx.tr(command.label());
        Some((label.trim_end_matches('…').to_owned(), keys))
    });
    let others = [
        ("shortcut-newline", "shortcut-newline-keys"),
        ("shortcut-history", "shortcut-history-keys"),
    ]
    .map(|(label, keys)| (cx.tr(label).into_owned(), cx.tr(keys).into_owned()));
    let rows: Vec<(String, String)> = commands.chain(others).collect();
    let columns = ((ui.available_width() / COLUMN) as usize).clamp(1, 4);
    let each = rows.len().div_ceil(columns);
    ui.spacing_mut().item_spacing.x = space::XL;
    ui.spacing_mut().interact_size.y = 20.0;
    ui.horizontal_top(|ui| {
        for (column, part) in rows.chunks(each.max(1)).enumerate() {
            Grid::new(("keys", column))
                .spacing(vec2(space::M, 6.0))
                .show(ui, |ui| {
                    for (label, keys) in part {
                        let keys = RichText::new(keys).monospace().color(cx.tokens.accent);
                        ui.add(Label::new(keys));
                        ui.label(label);
                        ui.end_row();
                    }
                });
        }
    });
}
