//! The evaluation at work: what it does, how far it is, how long it takes, and Stop.

use super::{Cx, act, time_left};
use crate::app::state::{Action, EvaluateAction, Evaluating};
use crate::app::theme::space;
use crate::app::widgets::{card, hint};
use crate::job::Stage;
use eframe::egui;
use egui::{Align, CornerRadius, Layout, ProgressBar, RichText, Ui};

/// Draws the card.
pub fn going_ui(ui: &mut Ui, cx: &Cx<'_>, going: &Evaluating, actions: &mut Vec<Action>) {
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = space::S;
        ui.horizontal(|ui| {
            ui.label(RichText::new(words(cx, going)).size(15.0));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let stop = egui::Button::new(cx.tr("evaluate-stop"));
                let stop = ui.add_enabled(!going.stopping, stop);
                let stop = stop.on_hover_text(cx.tr("evaluate-stop-tip"));
                if stop.clicked() {
                    actions.push(act(EvaluateAction::Stop));
                }
                if let Some(seconds) = going.seconds_left.filter(|_| !going.stopping) {
                    hint(ui, cx.tokens, time_left(cx, seconds));
                }
            });
        });
        let share = going.step as f32 / going.steps.max(1) as f32;
        let bar = ProgressBar::new(share)
            .desired_height(8.0)
            .corner_radius(CornerRadius::same(4))
            .fill(cx.tokens.accent);
        ui.add(bar).accessible_name(cx.tr("evaluate-progress"));
        let folder = going.folder.display().to_string();
        let folder = RichText::new(&folder).small().color(cx.tokens.text_weak);
        ui.add(egui::Label::new(folder).truncate());
    });
}

fn words(cx: &Cx<'_>, going: &Evaluating) -> String {
    if going.stopping {
        return cx.tr("evaluate-stopping").into_owned();
    }
    match (going.stage, going.per_picture) {
        (None, _) => cx.tr("evaluate-waiting").into_owned(),
        (Some(Stage::Finishing), _) => cx.text(
            "evaluate-judging",
            &[("done", going.step.into()), ("all", going.steps.into())],
        ),
        (Some(Stage::Drawing), Some(per_picture)) => cx.text(
            "evaluate-drawing",
            &[
                ("done", (going.step / per_picture.max(1)).into()),
                ("all", going.steps.div_ceil(per_picture.max(1)).into()),
            ],
        ),
        _ => cx.tr("evaluate-loading").into_owned(),
    }
}
