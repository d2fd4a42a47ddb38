//! The bar at the bottom: device, bundle, what is going on, and what never goes on.

use super::Cx;
use super::memory::{loading_ui, memory_ui};
use crate::app::command::Command;
use crate::app::state::{Action, BundleState, Column, Dialog};
use crate::app::theme::space;
use crate::app::widgets::{Tone, badge, hint};
use eframe::egui;
use egui::{Align, Button, Layout, RichText, Sense, Ui, vec2};

/// Height of the bar.
pub const HEIGHT: f32 = 30.0;

/// Draws the bar.
pub fn status_bar_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        queue_ui(ui, cx, actions);
        match &cx.state.bundle {
            BundleState::Ready(summary) => {
                ui.separator();
                hint(ui, cx.tokens, &summary.name).on_hover_text(cx.text(
                    "status-bundle-tip",
                    &[
                        (
                            "description",
                            cx.words(&summary.description).into_owned().into(),
                        ),
                        ("resolution", summary.resolution.into()),
                    ],
                ));
                ui.separator();
                hint(ui, cx.tokens, &summary.device);
                memory_ui(ui, cx);
            }
            BundleState::Loading | BundleState::Failed(_) => {
                ui.separator();
                hint(ui, cx.tokens, cx.tr("status-device-pending"));
            }
        }
        loading_ui(ui, cx, actions);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            network_ui(ui, cx, actions);
            if cx.state.care.safe {
                let safe = badge(ui, cx.tokens, Tone::Warning, &cx.tr("status-safe"));
                safe.on_hover_text(cx.tr("status-safe-tip"));
            }
            if !cx.state.drops_files {
                ui.separator();
                hint(ui, cx.tokens, cx.tr("status-no-drop"))
                    .on_hover_text(cx.tr("status-no-drop-tip"));
            }
        });
    });
}

/// How many requests were ever made; opens the list of them.
fn network_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let hub = &cx.state.library.hub;
    let values = [("count", hub.request_count.into())];
    let text = match cx.state.settings.network.offline {
        true => cx.text("status-offline", &values),
        false => cx.text("status-network", &values),
    };
    let text = RichText::new(text).small().color(cx.tokens.text_weak);
    let button = Button::new(text)
        .frame_when_inactive(cx.state.dialog == Some(Dialog::Network))
        .min_size(vec2(0.0, 22.0));
    let newest = hub.requests.iter().rev().take(5);
    let mut tip = cx.tr("status-network-tip").into_owned();
    for request in newest {
        tip.push_str(&format!("\n{} {}", request.method, request.address));
    }
    if ui.add(button).on_hover_text(tip).clicked() {
        actions.push(Action::ShowDialog(Dialog::Network));
    }
}

/// What goes on and what waits; opens the queue.
fn queue_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let queue = cx.state.runs_in_queue();
    let drawing = queue
        .iter()
        .any(|run| run.columns.iter().any(Column::is_drawing));
    let waiting = [("count", (queue.len() - usize::from(drawing)).into())];
    let held = cx.state.queue.held;
    let (lamp, text) = match &cx.state.bundle {
        BundleState::Loading => (
            cx.tokens.warning,
            cx.tr("status-bundle-loading").into_owned(),
        ),
        BundleState::Failed(_) => (cx.tokens.error, cx.tr("status-bundle-failed").into_owned()),
        BundleState::Ready(_) if drawing && queue.len() == 1 => {
            (cx.tokens.accent, cx.tr("status-drawing").into_owned())
        }
        BundleState::Ready(_) if drawing => (cx.tokens.accent, cx.text("status-running", &waiting)),
        BundleState::Ready(_) if cx.state.is_asking() => {
            (cx.tokens.accent, cx.tr("status-explaining").into_owned())
        }
        BundleState::Ready(_) if held => (cx.tokens.warning, cx.text("status-held", &waiting)),
        BundleState::Ready(_) if !queue.is_empty() => {
            (cx.tokens.accent, cx.text("status-waiting", &waiting))
        }
        BundleState::Ready(_) => (cx.tokens.success, cx.tr("status-idle").into_owned()),
    };
    let (dot, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
    ui.painter().circle_filled(dot.center(), 3.5, lamp);
    let keys = Command::Queue.shortcut();
    let keys = keys.map(|keys| ui.ctx().format_shortcut(&keys));
    let tip = format!(
        "{} ({})",
        cx.tr(Command::Queue.tip()),
        keys.unwrap_or_default()
    );
    let button = Button::new(RichText::new(text).small().color(cx.tokens.text_weak))
        .frame_when_inactive(cx.state.queue.open)
        .min_size(vec2(0.0, 22.0));
    if ui.add(button).on_hover_text(tip).clicked() {
        actions.extend(Command::Queue.action(cx.state));
    }
}
