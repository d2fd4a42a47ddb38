//! What there is to train on, with memory, load and temperature.

use super::Cx;
use crate::app::panels::models::size;
use crate::app::theme::space;
use crate::app::widgets::{card, fill_line, hint};
use crate::job::{DeviceChoice, DeviceFacts};
use eframe::egui;
use egui::{Label, RichText, Ui};

/// Draws the devices.
pub fn devices_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(devices) = &cx.state.train.devices else {
        return;
    };
    ui.add_space(space::S);
    for facts in devices.iter() {
        device_ui(ui, cx, facts);
        ui.add_space(space::S);
    }
}

/// What a device is called.
pub fn name(cx: &Cx<'_>, facts: &DeviceFacts) -> String {
    match (facts.device, facts.name.as_str()) {
        (Some(DeviceChoice::Cpu), _) => cx.tr("train-cpu").into_owned(),
        (_, name) => name.to_owned(),
    }
}

fn device_ui(ui: &mut Ui, cx: &Cx<'_>, facts: &DeviceFacts) {
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = space::XS;
        let title = ui.add(Label::new(RichText::new(name(cx, facts)).size(13.5)).truncate());
        if !facts.name.is_empty() {
            title.on_hover_text(&facts.name);
        }
        let mut words = Vec::new();
        if let Some(load) = facts.load {
            let percent = format!("{:.0}", load * 100.0);
            words.push(cx.text("train-load", &[("percent", percent.into())]));
        }
        if let Some(degrees) = facts.temperature {
            words.push(cx.text("train-degrees", &[("degrees", degrees.to_string().into())]));
        }
        if facts.device.is_none() {
            words.push(cx.tr("train-not-in-build").into_owned());
        }
        if !words.is_empty() {
            hint(ui, cx.tokens, words.join("  ·  "));
        }
        if let Some((used, total)) = facts.memory {
            let values = [
                ("used", size(cx, used).into()),
                ("total", size(cx, total).into()),
            ];
            hint(ui, cx.tokens, cx.text("train-memory", &values));
            fill_line(ui, cx.tokens, used as f32 / total.max(1) as f32);
        }
    });
}
