//! The settings dialog: look, what networks may use, runs and places.

use super::Cx;
use super::compute::compute_ui;
use super::models::size;
use crate::app::command::CareCommand;
use crate::app::language::LanguageChoice;
use crate::app::settings::{MotionChoice, Settings, ThemeChoice};
use crate::app::state::{Action, Dialog};
use crate::app::theme::space;
use crate::app::widgets::{Choice, closing_dialog, hint, segmented, tick, title};
use eframe::egui;
use egui::{Align, Button, Layout, RichText, Ui, vec2};

const WIDTH: f32 = 440.0;

/// Interface sizes on offer, in percent; the keys reach the ones between.
const SIZES: [u32; 8] = [50, 75, 100, 125, 150, 200, 250, 300];

/// Draws the dialog.
pub fn preferences_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let mut settings = cx.state.settings.clone();
    let (heading, close) = (cx.tr("preferences-title"), cx.tr("dialog-close"));
    let words = (Some(heading.as_ref()), close.as_ref());
    let closed = closing_dialog(ctx, cx.tokens, "preferences", WIDTH, words, |ui| {
        ui.add_space(space::XS);
        look_ui(ui, cx, &mut settings);
        ui.add_space(space::L);
        compute_ui(ui, cx, &mut settings);
        ui.add_space(space::L);
        work_ui(ui, cx, &mut settings);
        ui.add_space(space::L);
        runs_ui(ui, cx, &mut settings);
        ui.add_space(space::L);
        title(ui, &cx.tr("preferences-pictures"));
        let label = cx.tr("preferences-leave-out");
        tick(
            ui,
            cx.tokens,
            &mut settings.leave_out_settings,
            label.as_ref(),
        )
        .on_hover_text(cx.tr("preferences-leave-out-tip"));
        let label = cx.tr("preferences-ask-back");
        tick(ui, cx.tokens, &mut settings.ask_back, label.as_ref())
            .on_hover_text(cx.tr("preferences-ask-back-tip"));
        ui.add_space(space::L);
        places_ui(ui, cx);
        ui.add_space(space::L);
        network_ui(ui, cx, actions);
        ui.add_space(space::L);
        care_ui(ui, cx, actions);
    });
    if closed {
        actions.push(Action::CloseDialog);
    }
    if settings != cx.state.settings {
        actions.push(Action::EditSettings(settings.into()));
    }
}

fn look_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut Settings) {
    title(ui, &cx.tr("preferences-look"));
    ui.label(cx.tr("preferences-theme"));
    let choices = ThemeChoice::ALL.map(|choice| {
        let label = cx.tr(match choice {
            ThemeChoice::System => "preferences-theme-system",
            ThemeChoice::Light => "preferences-theme-light",
            ThemeChoice::Dark => "preferences-theme-dark",
        });
        Choice::new(choice, label, "")
    });
    let width = ui.available_width();
    segmented(ui, cx.tokens, width, &mut settings.theme, &choices);
    ui.add_space(space::XS);
    language_ui(ui, cx, settings);
    ui.add_space(space::XS);
    ui.label(cx.tr("preferences-scale"));
    // Steps rather than a slider: one that grows under the pointer runs away.
    let choices = SIZES.map(|percent| Choice::new(percent, format!("{percent} %"), ""));
    let mut percent = (settings.scale * 100.0).round() as u32;
    let before = percent;
    segmented(ui, cx.tokens, width, &mut percent, &choices);
    if percent != before {
        settings.scale = percent as f32 / 100.0;
    }
    ui.add_space(space::XS);
    motion_ui(ui, cx, settings);
}

/// Whether things move that could stand still.
fn motion_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut Settings) {
    ui.label(cx.tr("preferences-motion"))
        .on_hover_text(cx.tr("preferences-motion-tip"));
    let choices = MotionChoice::ALL.map(|choice| {
        let label = cx.tr(match choice {
            MotionChoice::System => "preferences-motion-system",
            MotionChoice::Full => "preferences-motion-full",
            MotionChoice::Reduced => "preferences-motion-reduced",
        });
        Choice::new(choice, label, cx.tr("preferences-motion-tip"))
    });
    let width = ui.available_width();
    segmented(ui, cx.tokens, width, &mut settings.motion, &choices);
}

/// What the desktop is asked for while there is work.
fn work_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut Settings) {
    title(ui, &cx.tr("preferences-work"));
    let label = cx.tr("preferences-stay-awake");
    tick(ui, cx.tokens, &mut settings.stay_awake, label.as_ref())
        .on_hover_text(cx.tr("preferences-stay-awake-tip"));
    let label = cx.tr("preferences-announce");
    tick(ui, cx.tokens, &mut settings.announce, label.as_ref())
        .on_hover_text(cx.tr("preferences-announce-tip"));
}

/// The language; each names itself, so that everybody finds theirs.
fn language_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut Settings) {
    ui.label(cx.tr("preferences-language"));
    let choices = LanguageChoice::ALL.map(|choice| {
        let label = cx.tr(match choice {
            LanguageChoice::System => "preferences-language-system",
            LanguageChoice::English => "preferences-language-en",
            LanguageChoice::Chinese => "preferences-language-zh",
        });
        Choice::new(choice, label, "")
    });
    let width = ui.available_width();
    segmented(ui, cx.tokens, width, &mut settings.language, &choices);
}

/// Whether runs are kept, and how much room they take.
fn runs_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut Settings) {
    title(ui, &cx.tr("preferences-runs"));
    if !cx.state.keeps_runs {
        hint(ui, cx.tokens, cx.tr("preferences-places-none"));
        return;
    }
    ui.horizontal(|ui| {
        tick(
            ui,
            cx.tokens,
            &mut settings.keep_runs,
            cx.tr("preferences-keep-runs"),
        )
        .on_hover_text(cx.tr("preferences-keep-runs-tip"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let room = cx.state.queue.room.map(|room| {
                let size = size(cx, room.bytes);
                let values = [("count", room.runs.into()), ("size", size.into())];
                cx.text("preferences-runs-room", &values)
            });
            let room = room.unwrap_or_else(|| cx.tr("preferences-runs-measuring").into_owned());
            hint(ui, cx.tokens, room);
        });
    });
}

/// The way to the settings of the network.
fn network_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        title(ui, &cx.tr("preferences-network"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let button = ui.button(cx.tr("hub-network"));
            if button.on_hover_text(cx.tr("hub-network-tip")).clicked() {
                actions.push(Action::ShowDialog(Dialog::Network));
            }
        });
    });
}

/// Settings in files, and the ways to what the program knows about itself.
fn care_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let rows = [
        (
            "preferences-file",
            &[
                CareCommand::ExportSettings,
                CareCommand::ImportSettings,
                CareCommand::ResetSettings,
            ][..],
        ),
        (
            "preferences-care",
            &[CareCommand::Log, CareCommand::Doctor, CareCommand::Package][..],
        ),
    ];
    for (heading, commands) in rows {
        title(ui, &cx.tr(heading));
        ui.horizontal_wrapped(|ui| {
            for command in commands {
                let (label, tip) = command.texts();
                let action = command.action(cx.state);
                let button = ui.add_enabled(action.is_some(), Button::new(cx.tr(label)));
                if button.on_hover_text(cx.tr(tip)).clicked() {
                    if *command == CareCommand::Log {
                        actions.push(Action::CloseDialog);
                    }
                    actions.extend(action);
                }
            }
        });
        ui.add_space(space::S);
    }
}

fn places_ui(ui: &mut Ui, cx: &Cx<'_>) {
    title(ui, &cx.tr("preferences-places"));
    let Some(places) = cx.places else {
        hint(ui, cx.tokens, cx.tr("preferences-places-none"));
        return;
    };
    for (label, path) in [
        ("preferences-places-settings", places.settings_file()),
        ("preferences-places-data", places.data.clone()),
        ("preferences-places-runs", places.runs()),
    ] {
        let path = path.display().to_string();
        ui.horizontal(|ui| {
            let row = vec2(70.0, 24.0);
            ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(row.x);
                ui.label(cx.tr(label));
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let text = RichText::new(cx.tr("preferences-places-copy")).small();
                let place = [("place", cx.tr(label).as_ref().into())];
                let copy = ui.add(Button::new(text).min_size(vec2(0.0, 24.0)));
                let copy = copy.accessible_name(cx.text("preferences-places-copy-of", &place));
                if copy.clicked() {
                    ui.ctx().copy_text(path.clone());
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let text = RichText::new(&path).monospace().color(cx.tokens.text_weak);
                    ui.add(egui::Label::new(text).truncate())
                        .on_hover_text(&path);
                });
            });
        });
    }
    hint(ui, cx.tokens, cx.tr("preferences-places-note"));
}
