//! About: the drawn world, version, licence, model, device, and the ways to what else there is to
//! know.

use super::Cx;
use crate::app::command::CareCommand;
use crate::app::state::{Action, BundleState};
use crate::app::theme::space;
use crate::app::widgets::{closing_dialog, hint};
use eframe::egui;
use egui::{Image, Ui, load::SizedTexture, vec2};

const WIDTH: f32 = 560.0;

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
        for command in [
            CareCommand::Help,
            CareCommand::Log,
            CareCommand::Doctor,
            CareCommand::Requests,
        ] {
            let (label, tip) = command.texts();
            if ui.button(cx.tr(label)).on_hover_text(cx.tr(tip)).clicked() {
                actions.push(Action::CloseDialog);
                actions.extend(command.action(cx.state));
            }
        }
    });
}
