//! The debug package: what goes into it is ticked and shown before anything is written.

use super::{About, Cx, framed, size};
use crate::app::state::{Action, CareAction};
use crate::app::theme::space;
use crate::app::widgets::{hint, primary_button, tick, title, well};
use crate::job::care::{PackageItem, PackagePart};
use eframe::egui;
use egui::{Grid, RichText, Ui, vec2};

const WIDTH: f32 = 560.0;

/// Draws the dialog.
pub fn package_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let packing = &cx.state.care.packing;
    let about = About("package", WIDTH, &cx.tr("package-title"));
    let body = |ui: &mut Ui, actions: &mut Vec<Action>| {
        hint(ui, cx.tokens, cx.tr("package-about"));
        ui.add_space(space::S);
        let mut choice = packing.choice;
        tick(
            ui,
            cx.tokens,
            &mut choice.questions,
            cx.tr("package-questions"),
        )
        .on_hover_text(cx.tr("package-questions-tip"));
        tick(
            ui,
            cx.tokens,
            &mut choice.pictures,
            cx.tr("package-pictures"),
        )
        .on_hover_text(cx.tr("package-pictures-tip"));
        if choice != packing.choice {
            actions.push(CareAction::Tick(choice).into());
        }
        ui.add_space(space::M);
        title(ui, &cx.tr("package-holds"));
        match &packing.items {
            Some(items) => items_ui(ui, cx, items),
            None => {
                hint(ui, cx.tokens, cx.tr("package-looking"));
            }
        }
    };
    let foot = |ui: &mut Ui, actions: &mut Vec<Action>| {
        let ready = packing.items.is_some() && cx.state.care.places.is_some();
        let label = cx.tr("package-save");
        let button = primary_button(ui, cx.tokens, &label, "", vec2(0.0, 30.0), ready);
        if button.clicked() {
            actions.push(CareAction::SavePackage.into());
            actions.push(Action::CloseDialog);
        }
        if ui.button(cx.tr("dialog-close")).clicked() {
            actions.push(Action::CloseDialog);
        }
    };
    if framed(ctx, cx, about, actions, body, foot) {
        actions.push(Action::CloseDialog);
    }
}

fn items_ui(ui: &mut Ui, cx: &Cx<'_>, items: &[PackageItem]) {
    well(ui, cx.tokens, |ui| {
        Grid::new("package")
            .num_columns(3)
            .spacing(vec2(space::L, 6.0))
            .show(ui, |ui| {
                for item in items {
                    let part = match item.part {
                        PackagePart::Machine => "package-machine",
                        PackagePart::Settings => "package-settings",
                        PackagePart::Log => "package-log",
                        PackagePart::Report => "package-report",
                        PackagePart::Requests => "package-requests",
                        PackagePart::Session => "package-session",
                        PackagePart::Run => "package-run",
                    };
                    ui.label(RichText::new(&item.name).monospace().size(12.5));
                    hint(ui, cx.tokens, cx.tr(part));
                    hint(ui, cx.tokens, size(cx, item.bytes as u64));
                    ui.end_row();
                }
            });
        let bytes: usize = items.iter().map(|item| item.bytes).sum();
        ui.add_space(space::XS);
        let values = [
            ("count", items.len().into()),
            ("size", size(cx, bytes as u64).into()),
        ];
        hint(ui, cx.tokens, cx.text("package-total", &values));
    });
}
