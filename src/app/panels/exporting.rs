//! Animations on their way: how far they are, and a way to stop them.

use super::Cx;
use crate::app::state::{Action, Exporting};
use crate::app::theme::{self, space};
use crate::app::widgets::hint;
use crate::job::ExportFormat;
use eframe::egui;
use egui::{Align2, Area, CornerRadius, Frame, Id, Label, Margin, ProgressBar, Stroke, Ui, vec2};

const WIDTH: f32 = 280.0;

/// Draws one card per animation, in the corner.
pub fn exporting_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    if cx.state.exporting.is_empty() {
        return;
    }
    Area::new(Id::unique("exporting"))
        .anchor(Align2::RIGHT_BOTTOM, vec2(-space::L, -46.0))
        .show(ctx, |ui| {
            for exporting in &cx.state.exporting {
                Frame::new()
                    .fill(cx.tokens.card)
                    .stroke(Stroke::new(1.0, cx.tokens.card_border))
                    .corner_radius(CornerRadius::same(10))
                    .shadow(theme::shadow(cx.tokens))
                    .inner_margin(Margin::same(space::M as i8))
                    .show(ui, |ui| {
                        ui.set_width(WIDTH);
                        card_ui(ui, cx, exporting, actions);
                    });
            }
        });
}

fn card_ui(ui: &mut Ui, cx: &Cx<'_>, exporting: &Exporting, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = space::XS;
    let title = cx.tr(match exporting.format {
        ExportFormat::Apng => "exporting-apng",
        format if format.is_story() => "exporting-story",
        _ => "exporting-gif",
    });
    let (done, all) = exporting.done;
    ui.horizontal(|ui| {
        ui.label(title.as_ref());
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let cancel = egui::Button::new(cx.tr("command-cancel"));
            let cancel = ui.add_enabled(!exporting.cancelling, cancel);
            let cancel = cancel.on_disabled_hover_text(cx.tr("stage-cancelling"));
            let clicked = cancel
                .on_hover_text(cx.tr("exporting-cancel-tip"))
                .clicked();
            if clicked {
                actions.push(Action::CancelExport(exporting.job));
            }
        });
    });
    let share = done as f32 / all.max(1) as f32;
    let bar = ProgressBar::new(share)
        .desired_height(6.0)
        .fill(cx.tokens.accent);
    ui.add(bar);
    let words = match (exporting.cancelling, all) {
        (true, _) => cx.tr("stage-cancelling").into_owned(),
        (false, 0) => cx.tr("exporting-waiting").into_owned(),
        (false, _) => cx.text(
            match exporting.format.is_story() {
                true => "exporting-picture",
                false => "exporting-step",
            },
            &[("done", done.into()), ("all", all.into())],
        ),
    };
    hint(ui, cx.tokens, words);
    let path = exporting.path.display().to_string();
    let name = egui::RichText::new(&path)
        .small()
        .color(cx.tokens.text_weak);
    ui.add(Label::new(name).truncate()).on_hover_text(path);
}
