//! What networks may use, in the settings: device, precision and memory.

use super::Cx;
use super::models::{size, strip};
use super::train::device_name;
use crate::app::settings::Settings;
use crate::app::theme::space;
use crate::app::widgets::{Choice, hint, segmented, title};
use crate::job::{DeviceChoice, DeviceFacts, MemorySize, Precision, has_fast_eight_bits};
use eframe::egui;
use egui::{ComboBox, Label, RichText, Ui};

/// Limits of memory on offer, in GiB.
const LIMITS: [u64; 7] = [2, 4, 6, 8, 12, 16, 24];

/// Draws that part of the settings.
pub fn compute_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut Settings) {
    title(ui, &cx.tr("preferences-compute"));
    device_ui(ui, cx, settings);
    ui.add_space(space::XS);
    precision_ui(ui, cx, settings);
    ui.add_space(space::XS);
    memory_ui(ui, cx, settings);
}

/// Where they compute.
fn device_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut Settings) {
    let chosen = settings.device;
    let devices = cx.state.devices();
    let offer = |device: DeviceChoice| {
        let known = devices.iter().find(|facts| facts.device == Some(device));
        match (device, known) {
            (DeviceChoice::Auto, _) => cx.tr("preferences-device-auto").into_owned(),
            (_, Some(facts)) => with_memory(cx, facts),
            (DeviceChoice::Cpu, None) => cx.tr("train-cpu").into_owned(),
            (other, None) => other.to_string(),
        }
    };
    let mut offers = vec![DeviceChoice::Auto];
    offers.extend(devices.iter().filter_map(|facts| facts.device));
    for always in [DeviceChoice::Cpu, chosen] {
        if !offers.contains(&always) {
            offers.push(always);
        }
    }
    let label = ui.label(cx.tr("preferences-device"));
    ComboBox::from_id_salt("device")
        .selected_text(offer(chosen))
        .width(ui.available_width())
        .truncate()
        .show_ui(ui, |ui| {
            for device in offers {
                ui.selectable_value(&mut settings.device, device, offer(device));
            }
        })
        .response
        .labelled_by(label.id)
        .on_hover_text(cx.tr("preferences-device-tip"));
    about_device_ui(ui, cx, settings);
}

/// What is taken without a choice, or why the choice cannot be used.
fn about_device_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut Settings) {
    let chosen = settings.device;
    if !cx.state.has_device(chosen) {
        strip(ui, cx.tokens.warning_soft, |ui| {
            let values = [("device", chosen.to_string().into())];
            let words = cx.text("preferences-device-missing", &values);
            let words = RichText::new(words).small().color(cx.tokens.warning);
            ui.add(Label::new(words).wrap());
            let back = ui.button(cx.tr("remedy-cpu"));
            if back.on_hover_text(cx.tr("remedy-cpu-tip")).clicked() {
                settings.device = DeviceChoice::Cpu;
            }
        });
        return;
    }
    let mut lines = Vec::new();
    match cx.state.automatic_device() {
        None => lines.push(cx.tr("preferences-devices-looking").into_owned()),
        Some(facts) => {
            let values = [("device", device_name(cx, facts).into())];
            lines.push(cx.text("preferences-device-auto-takes", &values));
        }
    }
    let devices = cx.state.devices().iter();
    for card in devices.filter(|facts| facts.device.is_none()) {
        let not_usable = cx.tr("train-not-in-build");
        lines.push(format!("{}: {not_usable}.", card.name));
    }
    let used = cx.state.resources.device;
    if used != cx.state.settings.device {
        let values = [("device", used.to_string().into())];
        lines.push(cx.text("preferences-device-otherwise", &values));
    }
    for line in lines {
        hint(ui, cx.tokens, line);
    }
}

/// A device and how much memory it has.
fn with_memory(cx: &Cx<'_>, facts: &DeviceFacts) -> String {
    let name = device_name(cx, facts);
    match facts.memory {
        None => name,
        Some((_, total)) => {
            let values = [("device", name.into()), ("size", size(cx, total).into())];
            cx.text("preferences-device-memory", &values)
        }
    }
}

/// Ids of the name of a precision and of its tooltip.
pub fn precision_texts(precision: Precision) -> (&'static str, &'static str) {
    match precision {
        Precision::Auto => (
            "preferences-precision-auto",
            "preferences-precision-auto-tip",
        ),
        Precision::F32 => ("preferences-precision-f32", "preferences-precision-f32-tip"),
        Precision::Bf16 => (
            "preferences-precision-bf16",
            "preferences-precision-bf16-tip",
        ),
        Precision::Int8 => (
            "preferences-precision-int8",
            "preferences-precision-int8-tip",
        ),
    }
}

/// The numbers in which they compute.
fn precision_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut Settings) {
    ui.label(cx.tr("preferences-precision"));
    let choices = Precision::ALL.map(|precision| {
        let (label, tip) = precision_texts(precision);
        Choice::new(precision, cx.tr(label), cx.tr(tip))
    });
    let width = ui.available_width();
    segmented(ui, cx.tokens, width, &mut settings.precision, &choices);
    let words = match settings.precision {
        Precision::Int8 if has_fast_eight_bits() => "preferences-precision-int8-fast",
        Precision::Int8 => "preferences-precision-int8-slow",
        _ => "preferences-precision-auto-takes",
    };
    hint(ui, cx.tokens, cx.tr(words));
}

/// How much memory they may take.
fn memory_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut Settings) {
    let chosen = settings.memory_limit;
    let name = |limit: Option<MemorySize>| match limit {
        None => cx.tr("preferences-memory-free").into_owned(),
        Some(size) => cx.text(
            "preferences-memory-most",
            &[("size", size.to_string().into())],
        ),
    };
    let label = ui.label(cx.tr("preferences-memory-limit"));
    ComboBox::from_id_salt("memory-limit")
        .selected_text(name(chosen))
        .width(ui.available_width())
        .show_ui(ui, |ui| {
            let sizes = LIMITS.map(|gib| Some(MemorySize(gib << 30)));
            // One that was written into the file by hand is on offer as well.
            let own = chosen.filter(|_| !sizes.contains(&chosen));
            let offers = [None].into_iter().chain(sizes).chain(own.map(Some));
            for limit in offers {
                ui.selectable_value(&mut settings.memory_limit, limit, name(limit));
            }
        })
        .response
        .labelled_by(label.id)
        .on_hover_text(cx.tr("preferences-memory-tip"));
}
