//! Every key, from the one table of commands.

use super::Cx;
use crate::app::command::Command;
use crate::app::theme::space;
use eframe::egui;
use egui::{Align, Color32, Label, Layout, RichText, TextStyle, Ui, Vec2, vec2};

/// Least width of a column of keys.
const COLUMN: f32 = 300.0;
/// Height of a row.
const ROW: f32 = 26.0;

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
    let width = (ui.available_width() / columns as f32).floor();
    let widest = rows.iter().map(|(_, keys)| written_width(ui, keys));
    let widest = widest.fold(0.0, f32::max) + space::M;
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    let left = Layout::left_to_right(Align::Center);
    ui.horizontal_top(|ui| {
        for part in rows.chunks(each.max(1)) {
            ui.vertical(|ui| {
                ui.set_width(width);
                for (label, keys) in part {
                    ui.horizontal(|ui| {
                        ui.set_height(ROW);
                        ui.allocate_ui_with_layout(vec2(widest, ROW), left, |ui| {
                            ui.set_min_width(widest);
                            let keys = RichText::new(keys).monospace().color(cx.tokens.accent);
                            ui.add(Label::new(keys));
                        });
                        ui.label(label);
                    });
                }
            });
        }
    });
}

/// How wide keys are written.
fn written_width(ui: &Ui, keys: &str) -> f32 {
    let font = TextStyle::Monospace.resolve(ui.style());
    let written = ui
        .painter()
        .layout_no_wrap(keys.to_owned(), font, Color32::PLACEHOLDER);
    written.size().x
}
