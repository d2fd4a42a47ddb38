//! The bar at the bottom: device, bundle, what is going on, and what never goes on.

use super::Cx;
use crate::app::state::BundleState;
use crate::app::theme::space;
use crate::app::widgets::hint;
use eframe::egui;
use egui::{Align, Layout, Sense, Ui, vec2};

/// Height of the bar.
pub const HEIGHT: f32 = 30.0;

/// Draws the bar.
pub fn status_bar_ui(ui: &mut Ui, cx: &Cx<'_>) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let (lamp, text) = match (&cx.state.bundle, &cx.state.run) {
            (BundleState::Loading, _) => (
                cx.tokens.warning,
                cx.tr("status-bundle-loading").into_owned(),
            ),
            (BundleState::Failed(_), _) => {
                (cx.tokens.error, cx.tr("status-bundle-failed").into_owned())
            }
            (BundleState::Ready(_), Some(run)) if run.is_active() => {
                let count = run
                    .columns
                    .iter()
                    .filter(|column| column.is_active())
                    .count();
                (
                    cx.tokens.accent,
                    cx.text("status-running", &[("count", count.into())]),
                )
            }
            (BundleState::Ready(_), _) => (cx.tokens.success, cx.tr("status-idle").into_owned()),
        };
        let (dot, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
        ui.painter().circle_filled(dot.center(), 3.5, lamp);
        hint(ui, cx.tokens, text);
        match &cx.state.bundle {
            BundleState::Ready(summary) => {
                ui.separator();
                hint(ui, cx.tokens, &summary.name).on_hover_text(cx.text(
                    "status-bundle-tip",
                    &[
                        ("description", summary.description.as_str().into()),
                        ("resolution", summary.resolution.into()),
                    ],
                ));
                ui.separator();
                hint(ui, cx.tokens, &summary.device);
            }
            BundleState::Loading | BundleState::Failed(_) => {
                ui.separator();
                hint(ui, cx.tokens, cx.tr("status-device-pending"));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            hint(ui, cx.tokens, cx.tr("status-network")).on_hover_text(cx.tr("status-network-tip"));
        });
    });
}
