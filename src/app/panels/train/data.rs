//! The left half of the form: name, data with a summary, bundle, device, preset and trained parts.

use super::{Cx, devices, plan, words};
use crate::app::state::{Action, TrainAction, TrainDraft};
use crate::app::theme::space;
use crate::app::widgets::{Wheel, card, hint, line_field, tick, title};
use crate::job::training::{DataHealth, Group, Preset, SplitHealth};
use crate::job::{BundleSource, DeviceChoice};
use eframe::egui;
use egui::{Align, Button, ComboBox, Label, Layout, RichText, Ui};
use std::path::PathBuf;

/// Draws that half.
pub fn what_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    draft: &mut TrainDraft,
    typed: &mut Option<String>,
    actions: &mut Vec<Action>,
) {
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        title(ui, &cx.tr("train-data"));
        data_ui(ui, cx, typed, actions);
    });
    ui.add_space(space::M);
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        title(ui, &cx.tr("train-what"));
        ui.add_space(space::XS);
        preset_ui(ui, cx, draft, actions);
        bundle_ui(ui, cx, draft);
        device_ui(ui, cx, draft);
        ui.add_space(space::XS);
        row(ui, &cx.tr("train-name"), &cx.tr("train-name-tip"), |ui| {
            let width = field_width(ui);
            line_field(
                ui,
                cx.tokens,
                &cx.tr("train-name"),
                "",
                &mut draft.name,
                width,
            );
        });
        ui.add_space(space::S);
        groups_ui(ui, cx, draft);
    });
}

/// Room for a field at the right end of a row.
fn field_width(ui: &Ui) -> f32 {
    ui.available_width().min(240.0)
}

/// A label on the left and what it names on the right.
pub fn row(ui: &mut Ui, label: &str, tip: &str, add: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.label(label).on_hover_text(tip);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| add(ui));
    });
}

fn data_ui(ui: &mut Ui, cx: &Cx<'_>, typed: &mut Option<String>, actions: &mut Vec<Action>) {
    let train = &cx.state.train;
    let mut text = typed.clone().unwrap_or_else(|| train.draft.data.clone());
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let pick = ui.add(Button::new(cx.tr("train-data-pick")));
            if pick.on_hover_text(cx.tr("train-data-pick-tip")).clicked() {
                actions.push(Action::Train(TrainAction::PickData));
            }
            let (name, empty) = (cx.tr("train-data-folder"), cx.tr("train-data-empty"));
            let width = ui.available_width();
            let field = line_field(ui, cx.tokens, &name, &empty, &mut text, width);
            let field = field.on_hover_text(cx.tr("train-data-folder-tip"));
            if field.lost_focus() {
                let changed = text.trim() != train.draft.data.trim();
                if changed && !text.trim().is_empty() {
                    let folder = PathBuf::from(text.trim());
                    actions.push(Action::Train(TrainAction::Examine(folder)));
                }
                *typed = None;
            } else if field.has_focus() {
                *typed = Some(text.clone());
            }
        });
    });
    ui.add_space(space::XS);
    match (&train.examining, &train.health) {
        (Some(_), _) => {
            ui.horizontal(|ui| {
                ui.add(Wheel::new().size(14.0));
                hint(ui, cx.tokens, cx.tr("train-data-examining"));
            });
        }
        (None, None) => {
            let words = RichText::new(cx.tr("train-data-hint")).small();
            ui.add(Label::new(words.color(cx.tokens.text_weak)).wrap());
        }
        (None, Some(Err(problem))) => {
            let words = RichText::new(cx.problem(problem)).color(cx.tokens.error);
            ui.add(Label::new(words).wrap().selectable(true));
        }
        (None, Some(Ok(health))) => health_ui(ui, cx, health),
    }
}

fn health_ui(ui: &mut Ui, cx: &Cx<'_>, health: &DataHealth) {
    ui.spacing_mut().item_spacing.y = space::XS;
    let trained = health.training_split().map(|split| split.name.as_str());
    for split in &health.splits {
        split_ui(ui, cx, split, trained == Some(&split.name));
    }
    for problem in &health.unusable {
        let words = RichText::new(cx.message(problem)).small();
        let words = Label::new(words.color(cx.tokens.warning)).wrap();
        ui.add(words).on_hover_text(cx.problem(problem));
    }
}

fn split_ui(ui: &mut Ui, cx: &Cx<'_>, split: &SplitHealth, trained: bool) {
    let values = [
        ("split", split.name.as_str().into()),
        ("records", split.usable.into()),
        ("answered", split.answered.into()),
    ];
    let id = match trained {
        true => "train-split-trained",
        false => "train-split",
    };
    ui.label(cx.text(id, &values));
    if split.skipped > 0 {
        let words = cx.text("train-skipped", &[("count", split.skipped.into())]);
        let words = RichText::new(words).small().color(cx.tokens.warning);
        let reasons: Vec<String> = split
            .reasons
            .iter()
            .map(|(record, reason)| cx.reason(&cx.words(record), reason))
            .collect();
        ui.label(words).on_hover_text(reasons.join("\n"));
    }
}

fn preset_ui(ui: &mut Ui, cx: &Cx<'_>, draft: &TrainDraft, actions: &mut Vec<Action>) {
    let label = cx.tr("train-preset");
    row(ui, &label, &cx.tr("train-preset-tip"), |ui| {
        let chosen = draft.config.preset;
        let combo = ComboBox::from_id_salt("train-preset")
            .width(field_width(ui))
            .selected_text(cx.tr(words::preset(chosen).0))
            .show_ui(ui, |ui| {
                for preset in Preset::ALL {
                    let (text, tip) = words::preset(preset);
                    let line = ui.selectable_label(preset == chosen, cx.tr(text));
                    if line.on_hover_text(cx.tr(tip)).clicked() {
                        actions.push(Action::Train(TrainAction::Preset(preset)));
                    }
                }
            });
        combo.response.accessible_name(label.as_ref());
    });
}

fn bundle_ui(ui: &mut Ui, cx: &Cx<'_>, draft: &mut TrainDraft) {
    let label = cx.tr("train-bundle");
    row(ui, &label, &cx.tr("train-bundle-tip"), |ui| {
        let chosen = draft.config.bundle();
        let shown = words::bundle(cx, &draft.config.model.bundle);
        let bundles = cx.state.library.bundles.iter().flatten();
        let sources: Vec<BundleSource> = bundles.map(|entry| entry.source.clone()).collect();
        let combo = ComboBox::from_id_salt("train-bundle")
            .width(field_width(ui))
            .truncate()
            .selected_text(shown)
            .show_ui(ui, |ui| {
                for source in sources {
                    let mut one = TrainDraft::default();
                    one.set_bundle(&source);
                    let name = words::bundle(cx, &one.config.model.bundle);
                    if ui.selectable_label(source == chosen, name).clicked() {
                        draft.set_bundle(&source);
                    }
                }
            });
        combo.response.accessible_name(label.as_ref());
    });
}

fn device_ui(ui: &mut Ui, cx: &Cx<'_>, draft: &mut TrainDraft) {
    let label = cx.tr("train-device");
    row(ui, &label, &cx.tr("train-device-tip"), |ui| {
        let chosen = cx.state.train.chosen_devices();
        let usable = usable_devices(cx);
        let shown = usable.iter().find(|(device, _)| chosen == [*device]);
        let shown = shown.map_or_else(|| words::devices(cx, &chosen), |(_, name)| name.clone());
        let combo = ComboBox::from_id_salt("train-device")
            .width(field_width(ui))
            .truncate()
            .selected_text(shown)
            .show_ui(ui, |ui| {
                for (device, name) in usable {
                    if ui.selectable_label(chosen == [device], name).clicked() {
                        draft.set_devices(&[device]);
                    }
                }
            });
        combo.response.accessible_name(label.as_ref());
    });
    together_ui(ui, cx, draft);
}

/// Devices that can be chosen, with their names.
fn usable_devices(cx: &Cx<'_>) -> Vec<(DeviceChoice, String)> {
    let all = cx.state.train.devices.iter().flat_map(|all| all.iter());
    all.filter_map(|facts| Some((facts.device?, devices::name(cx, facts))))
        .collect()
}

/// Which cards train together, where there are several.
fn together_ui(ui: &mut Ui, cx: &Cx<'_>, draft: &mut TrainDraft) {
    let cards: Vec<DeviceChoice> = usable_devices(cx)
        .into_iter()
        .map(|(device, _)| device)
        .filter(|device| matches!(device, DeviceChoice::Cuda(_)))
        .collect();
    if cards.len() < 2 {
        return;
    }
    let label = cx.tr("train-together");
    row(ui, &label, &cx.tr("train-together-tip"), |ui| {
        ui.horizontal_wrapped(|ui| {
            let chosen = cx.state.train.chosen_devices();
            for card in &cards {
                let mut trains = chosen.contains(card);
                if tick(ui, cx.tokens, &mut trains, card.to_string()).changed() {
                    let wanted = cards.iter().copied().filter(|other| match other == card {
                        true => trains,
                        false => chosen.contains(other),
                    });
                    let wanted: Vec<DeviceChoice> = wanted.collect();
                    // The last one stays.
                    if !wanted.is_empty() {
                        draft.set_devices(&wanted);
                    }
                }
            }
        });
    });
}

fn groups_ui(ui: &mut Ui, cx: &Cx<'_>, draft: &mut TrainDraft) {
    ui.label(cx.tr("train-groups"))
        .on_hover_text(cx.tr("train-groups-tip"));
    ui.horizontal_wrapped(|ui| {
        for group in Group::ALL {
            let (text, tip) = words::group(group);
            let mut trained = draft.config.model.train.contains(&group);
            let ticked = tick(ui, cx.tokens, &mut trained, cx.tr(text));
            if ticked.on_hover_text(cx.tr(tip)).changed() {
                match trained {
                    true => draft.config.model.train.insert(group),
                    false => draft.config.model.train.remove(&group),
                };
            }
        }
    });
    let model = &mut draft.config.model;
    if model.train.contains(&Group::Lora) {
        plan::number(ui, cx, "train-lora-rank", &mut model.lora.rank, 1..=1024);
        plan::decimal(
            ui,
            cx,
            "train-lora-alpha",
            &mut model.lora.alpha,
            0.01..=1024.0,
        );
    }
}
