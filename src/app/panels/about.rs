//! About: the drawn world, version, licence, model, device, and the keys.

use super::Cx;
use crate::app::care_command::CareCommand;
use crate::app::command::Command;
use crate::app::state::{Action, BundleState};
use crate::app::theme::space;
use crate::app::widgets::{closing_dialog, hint, title};
use eframe::egui;
use egui::{Grid, Image, RichText, Ui, load::SizedTexture, vec2};

const WIDTH: f32 = 560.0;
/// Least width for the keys in two columns.
const TWO_SIDES: f32 = 520.0;

/// Draws the dialog.
pub fn about_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let close = cx.tr("dialog-close");
    let closed = closing_dialog(
        ctx,
        cx.tokens,
        "about",
        WIDTH,
        (None, close.as_ref()),
        |ui| {
            head_ui(ui, cx);
            ways_ui(ui, cx, actions);
            ui.add_space(space::M);
            ui.separator();
            title(ui, &cx.tr("about-shortcuts"));
            keys_ui(ui, cx);
        },
    );
    if closed {
        actions.push(Action::CloseDialog);
    }
}

fn head_ui(ui: &mut Ui, cx: &Cx<'_>) {
    ui.horizontal(|ui| {
        let icon = SizedTexture::new(cx.art.icon.id(), vec2(132.0, 132.0));
        ui.add(Image::new(icon).alt_text(cx.tr("app-title")));
        ui.add_space(space::S);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.heading(cx.tr("app-title"));
            ui.label(cx.tr("about-text"));
            ui.add_space(space::XS);
            hint(ui, cx.tokens, cx.tr("about-world"));
            hint(ui, cx.tokens, cx.tr("about-font"));
            let version = ("version", env!("CARGO_PKG_VERSION").into());
            let mut lines = vec![(
                cx.text("about-version", &[version]),
                cx.tr("about-licence").into_owned(),
            )];
            if let BundleState::Ready(summary) = &cx.state.bundle {
                let name = ("name", summary.name.as_str().into());
                let device = ("device", summary.device.as_str().into());
                lines.push((
                    cx.text("about-model", &[name]),
                    cx.text("about-device", &[device]),
                ));
            }
            for (first, second) in lines {
                hint(ui, cx.tokens, format!("{first}  ·  {second}"));
            }
        });
    });
}

/// The ways to what else there is to know.
fn ways_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.add_space(space::S);
    ui.horizontal_wrapped(|ui| {
        for command in [CareCommand::Log, CareCommand::Doctor, CareCommand::Requests] {
            let (label, tip) = command.texts();
            if ui.button(cx.tr(label)).on_hover_text(cx.tr(tip)).clicked() {
                actions.push(Action::CloseDialog);
                actions.extend(command.action(cx.state));
            }
        }
    });
}

fn keys_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let commands = Command::ALL.into_iter().filter_map(|command| {
        let keys = ui.ctx().format_shortcut(&command.shortcut()?);
        Some((
            cx.tr(command.label()).trim_end_matches('…').to_owned(),
            keys,
        ))
    });
    let others = [
        ("shortcut-newline", "shortcut-newline-keys"),
        ("shortcut-history", "shortcut-history-keys"),
    ]
    .map(|(label, keys)| (cx.tr(label).into_owned(), cx.tr(keys).into_owned()));
    let rows: Vec<(String, String)> = commands.chain(others).collect();
    // Side by side where both sides have room.
    let sides = if ui.available_width() < TWO_SIDES {
        1
    } else {
        2
    };
    let half = rows.len().div_ceil(sides);
    ui.spacing_mut().item_spacing.x = space::XL;
    ui.spacing_mut().interact_size.y = 20.0;
    ui.horizontal_top(|ui| {
        for (side, part) in rows.chunks(half.max(1)).enumerate() {
            Grid::new(("keys", side))
                .spacing(vec2(space::M, 6.0))
                .show(ui, |ui| {
                    for (label, keys) in part {
                        ui.add(egui::Label::new(
                            RichText::new(keys).monospace().color(cx.tokens.accent),
                        ));
                        ui.label(label);
                        ui.end_row();
                    }
                });
        }
    });
}
