//! The numbers of the drawing, each with its meaning and usual range.

use super::Cx;
use crate::app::command::Command;
use crate::app::state::{Action, Form};
use crate::app::theme::space;
use crate::app::widgets::{
    Choice, Icon, card, follow_focus, icon_button, number_row, seed_field, segmented, title,
};
use crate::job::{AnswerDecoding, NoiseGenerator, PreviewMethod, Sampler};
use eframe::egui;
use egui::{CollapsingHeader, ComboBox, ScrollArea, Ui, vec2};

/// Draws the panel.
pub fn drawing_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form, actions: &mut Vec<Action>) {
    let height = ui.available_height() - 2.0 * space::M;
    ScrollArea::vertical().id_salt("drawing").show(ui, |ui| {
        follow_focus(ui);
        card(ui, cx.tokens, |ui| {
            ui.set_min_height(height - 2.0);
            ui.spacing_mut().item_spacing.y = space::M;
            title(ui, &cx.tr("settings-title"));
            main_ui(ui, cx, form);
            seed_ui(ui, cx, form, actions);
            preview_ui(ui, cx, form);
            CollapsingHeader::new(cx.tr("settings-advanced").into_owned())
                .id_salt("advanced")
                .show_unindented(ui, |ui| advanced_ui(ui, cx, form));
            many_ui(ui, cx, actions);
            let reset = egui::Button::new(cx.tr("settings-reset").into_owned());
            let size = vec2(ui.available_width(), 32.0);
            let tip = cx.tr("settings-reset-tip");
            if ui.add_sized(size, reset).on_hover_text(tip).clicked() {
                actions.push(Action::ResetForm);
            }
        });
    });
}

/// Ways to draw many pictures at once.
fn many_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().button_padding.x = space::XS;
        let width = ui.available_width() - ui.spacing().item_spacing.x;
        for (command, share) in [(Command::Map, 0.56), (Command::Grid, 0.44)] {
            let keys = command.shortcut();
            let keys = keys.map(|keys| ui.ctx().format_shortcut(&keys));
            let tip = format!("{} ({})", cx.tr(command.tip()), keys.unwrap_or_default());
            let button = egui::Button::new(cx.tr(command.label()));
            let button = ui.add(button.min_size(vec2(width * share, 32.0)));
            if button.on_hover_text(tip).clicked() {
                actions.extend(command.action(cx.state));
            }
        }
    });
}

fn main_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form) {
    let defaults = cx.state.defaults();
    let request = &mut form.request;
    let tip = |id, default: String| cx.text(id, &[("default", default.into())]);
    number_row(
        ui,
        cx.tokens,
        &cx.tr("settings-steps"),
        &tip("settings-steps-tip", defaults.steps.to_string()),
        &mut request.steps,
        1..=60,
        1..=1000,
        0,
    );
    number_row(
        ui,
        cx.tokens,
        &cx.tr("settings-guidance"),
        &tip(
            "settings-guidance-tip",
            format!("{:.1}", defaults.guidance_scale),
        ),
        &mut request.guidance_scale,
        1.0..=15.0,
        0.0..=100.0,
        2,
    );
    number_row(
        ui,
        cx.tokens,
        &cx.tr("settings-image-guidance"),
        &tip(
            "settings-image-guidance-tip",
            format!("{:.1}", defaults.image_guidance_scale),
        ),
        &mut request.image_guidance_scale,
        0.5..=3.0,
        0.0..=100.0,
        2,
    );
}

fn seed_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form, actions: &mut Vec<Action>) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        ui.label(cx.tr("settings-seed"))
            .on_hover_text(cx.tr("settings-seed-tip"));
        let width = ui.available_width();
        ui.horizontal(|ui| {
            let field = width - 30.0 - ui.spacing().item_spacing.x;
            seed_field(
                ui,
                &cx.tr("settings-seed"),
                &cx.tr("settings-seed-tip"),
                &mut form.request.seed,
                field,
            );
            if icon_button(ui, Icon::Dice, &cx.tr("settings-seed-roll"), 28.0).clicked() {
                actions.push(Action::RollSeed);
            }
        });
        let choices = [
            Choice::new(
                false,
                cx.tr("settings-seed-random"),
                cx.tr("settings-seed-random-tip"),
            ),
            Choice::new(
                true,
                cx.tr("settings-seed-keep"),
                cx.tr("settings-seed-keep-tip"),
            ),
        ];
        segmented(ui, cx.tokens, width, &mut form.keep_seed, &choices);
    });
    // A pair is drawn from one seed.
    let single = form.second.is_none();
    let rows = ui.add_enabled_ui(single, |ui| {
        number_row(
            ui,
            cx.tokens,
            &cx.tr("settings-rows"),
            &cx.tr("settings-rows-tip"),
            &mut form.rows,
            1..=4,
            1..=8,
            0,
        );
    });
    if !single {
        rows.response
            .on_disabled_hover_text(cx.tr("settings-rows-pair"));
    }
}

fn preview_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        ui.label(cx.tr("settings-preview"))
            .on_hover_text(cx.tr("settings-preview-tip"));
        let choices = [
            (PreviewMethod::Off, "preview-off", "preview-off-tip"),
            (
                PreviewMethod::LatentRgb,
                "preview-latent",
                "preview-latent-tip",
            ),
            (
                PreviewMethod::Decode,
                "preview-decode",
                "preview-decode-tip",
            ),
        ]
        .map(|(value, label, tip)| Choice::new(value, cx.tr(label), cx.tr(tip)));
        let width = ui.available_width();
        segmented(ui, cx.tokens, width, &mut form.request.preview, &choices);
    });
}

/// Id of the name of a sampler.
pub fn sampler_name(sampler: Sampler) -> &'static str {
    match sampler {
        Sampler::EulerAncestral => "sampler-euler-ancestral",
        Sampler::EulerAncestralDiffusers => "sampler-euler-ancestral-diffusers",
        Sampler::DpmSolver2m => "sampler-dpm-solver-2m",
    }
}

/// Ids of the name and the tooltip of a search.
pub fn decoding_texts(decoding: AnswerDecoding) -> (&'static str, &'static str) {
    match decoding {
        AnswerDecoding::Greedy => ("decoding-greedy", "decoding-greedy-tip"),
        AnswerDecoding::Beams => ("decoding-beams", "decoding-beams-tip"),
        AnswerDecoding::Paper => ("decoding-paper", "decoding-paper-tip"),
    }
}

fn advanced_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form) {
    let width = ui.available_width();
    let request = &mut form.request;
    ui.spacing_mut().item_spacing.y = 6.0;
    ui.label(cx.tr("settings-sampler"))
        .on_hover_text(cx.tr("settings-sampler-tip"));
    let combo = ComboBox::from_id_salt("sampler")
        .width(width)
        .truncate()
        .selected_text(cx.tr(sampler_name(request.sampler)).into_owned())
        .show_ui(ui, |ui| {
            for sampler in Sampler::ALL {
                let label = cx.tr(sampler_name(sampler)).into_owned();
                ui.selectable_value(&mut request.sampler, sampler, label);
            }
        });
    combo
        .response
        .accessible_name(cx.tr("settings-sampler"))
        .on_hover_text(cx.tr("settings-sampler-tip"));

    ui.add_space(space::XS);
    ui.label(cx.tr("settings-noise"))
        .on_hover_text(cx.tr("settings-noise-tip"));
    let choices = [
        (NoiseGenerator::Mt19937, "noise-mt19937"),
        (NoiseGenerator::Philox, "noise-philox"),
    ]
    .map(|(value, label)| Choice::new(value, cx.tr(label), cx.tr("settings-noise-tip")));
    segmented(ui, cx.tokens, width, &mut request.noise, &choices);

    ui.add_space(space::S);
    title(ui, &cx.tr("settings-answer"));
    ui.label(cx.tr("settings-decoding"))
        .on_hover_text(cx.tr("settings-decoding-tip"));
    let choices = [
        AnswerDecoding::Greedy,
        AnswerDecoding::Beams,
        AnswerDecoding::Paper,
    ]
    .map(|value| {
        let (label, tip) = decoding_texts(value);
        Choice::new(value, cx.tr(label), cx.tr(tip))
    });
    let answer = &mut request.answer_settings;
    segmented(ui, cx.tokens, width, &mut answer.decoding, &choices);
    ui.add_space(space::XS);
    number_row(
        ui,
        cx.tokens,
        &cx.tr("settings-answer-length"),
        &cx.tr("settings-answer-length-tip"),
        &mut answer.max_tokens,
        4..=77,
        1..=256,
        0,
    );
    if answer.decoding == AnswerDecoding::Beams {
        number_row(
            ui,
            cx.tokens,
            &cx.tr("settings-beams"),
            &cx.tr("settings-beams-tip"),
            &mut answer.beams,
            2..=10,
            1..=16,
            0,
        );
    }
    if answer.decoding == AnswerDecoding::Paper {
        let label = cx.tr("settings-answer-seed");
        ui.label(label.as_ref())
            .on_hover_text(cx.tr("settings-answer-seed-tip"));
        let tip = cx.tr("settings-answer-seed-tip");
        seed_field(ui, &label, &tip, &mut answer.seed, width);
    }
}
