//! What this machine can run: problems first, each with what to do about it.

use super::{About, Cx, framed};
use crate::app::state::{Action, CareAction};
use crate::app::theme::space;
use crate::app::widgets::{Tone, badge, hint};
use crate::job::doctor::{Finding, Topic};
use eframe::egui;
use egui::{Align, Label, Layout, RichText, Ui, vec2};

const WIDTH: f32 = 620.0;
/// Width of the names of what was looked at.
const NAMES: f32 = 150.0;

/// Draws the dialog.
pub fn doctor_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let findings = cx.state.care.findings.as_deref();
    let about = About("doctor", WIDTH, &cx.tr("doctor-title"));
    let body = |ui: &mut Ui, _: &mut Vec<Action>| match findings {
        Some(findings) => findings_ui(ui, cx, findings),
        None => {
            ui.add_space(space::S);
            hint(ui, cx.tokens, cx.tr("doctor-looking"));
        }
    };
    let foot = |ui: &mut Ui, actions: &mut Vec<Action>| {
        if ui.button(cx.tr("dialog-close")).clicked() {
            actions.push(Action::CloseDialog);
        }
        if ui.button(cx.tr("doctor-again")).clicked() {
            actions.push(CareAction::Examine.into());
        }
        if let Some(findings) = findings
            && ui.button(cx.tr("doctor-copy")).clicked()
        {
            let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
            ui.ctx().copy_text(lines.join("\n"));
        }
    };
    if framed(ctx, cx, about, actions, body, foot) {
        actions.push(Action::CloseDialog);
    }
}

fn findings_ui(ui: &mut Ui, cx: &Cx<'_>, findings: &[Finding]) {
    let (problems, facts): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| finding.hint.is_some());
    let values = [("count", problems.len().into())];
    ui.label(cx.text("doctor-count", &values));
    ui.add_space(space::S);
    for finding in problems.into_iter().chain(facts) {
        finding_ui(ui, cx, finding);
    }
}

fn finding_ui(ui: &mut Ui, cx: &Cx<'_>, finding: &Finding) {
    ui.horizontal_top(|ui| {
        let name = vec2(NAMES, 20.0);
        ui.allocate_ui_with_layout(name, Layout::left_to_right(Align::Min), |ui| {
            ui.set_min_width(NAMES);
            ui.label(RichText::new(cx.tr(name_of(finding.topic))).strong());
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let found = Label::new(cx.words(&finding.found)).wrap().selectable(true);
            match &finding.hint {
                None => {
                    ui.add(found);
                }
                Some(hint) => {
                    ui.horizontal_wrapped(|ui| {
                        badge(ui, cx.tokens, Tone::Warning, &cx.tr("doctor-problem"));
                        ui.add(found);
                    });
                    let hint = RichText::new(cx.words(hint)).color(cx.tokens.warning);
                    ui.add(Label::new(hint).wrap().selectable(true));
                }
            }
        });
    });
    ui.add_space(space::XS);
}

fn name_of(topic: Topic) -> &'static str {
    match topic {
        Topic::Program => "doctor-program",
        Topic::Processor => "doctor-processor",
        Topic::Memory => "doctor-memory",
        Topic::Devices => "doctor-devices",
        Topic::Build => "doctor-build",
        Topic::Display => "doctor-display",
        Topic::Dialogs => "doctor-dialogs",
        Topic::Graphics => "doctor-graphics",
        Topic::Folders => "doctor-folders",
        Topic::Settings => "doctor-settings",
        Topic::Data => "doctor-data",
        Topic::Cache => "doctor-cache",
        Topic::State => "doctor-state",
        Topic::Log => "doctor-log",
        Topic::Room => "doctor-room",
        Topic::Bundle => "doctor-bundle",
        Topic::Video => "doctor-video",
        Topic::FileManager => "doctor-file-manager",
        Topic::Network => "doctor-network",
        Topic::Crashes => "doctor-crashes",
    }
}
