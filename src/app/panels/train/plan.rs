//! The right half of the form: how long, how fast, what is kept and what is drawn on the way.

use super::{Cx, data::row};
use crate::app::panels::compute::precision_texts;
use crate::app::state::TrainDraft;
use crate::app::theme::space;
use crate::app::widgets::{card, hint, tick, title};
use crate::job::training::LrSchedule;
use crate::job::{Precision, Products};
use eframe::egui;
use egui::{Button, ComboBox, DragValue, Ui, emath::Numeric};
use std::ops::RangeInclusive;

/// Draws that half.
pub fn how_ui(ui: &mut Ui, cx: &Cx<'_>, draft: &mut TrainDraft) {
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        title(ui, &cx.tr("train-how"));
        ui.add_space(space::XS);
        let config = &mut draft.config;
        number(
            ui,
            cx,
            "train-max-steps",
            &mut config.trainer.max_steps,
            1..=100_000_000,
        );
        number(ui, cx, "train-batch", &mut config.optim.batch, 1..=4096);
        number(
            ui,
            cx,
            "train-accumulation",
            &mut config.optim.accumulation,
            1..=4096,
        );
        small(ui, cx, "train-lr", &mut config.optim.lr, 1e-8..=1.0);
        schedule_ui(ui, cx, &mut config.optim.schedule);
        decimal(
            ui,
            cx,
            "train-clip",
            &mut config.optim.grad_clip,
            0.0..=1000.0,
        );
        decimal(
            ui,
            cx,
            "train-decay",
            &mut config.optim.weight_decay,
            0.0..=1.0,
        );
        decimal(ui, cx, "train-ema", &mut config.optim.ema, 0.0..=0.999_99);
        number(
            ui,
            cx,
            "train-seed",
            &mut config.trainer.seed,
            0..=u64::from(u32::MAX),
        );
        precision_ui(ui, cx, &mut config.trainer.precision);
        let label = cx.tr("train-recompute");
        let ticked = tick(
            ui,
            cx.tokens,
            &mut config.trainer.gradient_checkpointing,
            label,
        );
        ticked.on_hover_text(cx.tr("train-recompute-tip"));
        products_ui(ui, cx, &mut config.trainer.products);
    });
    ui.add_space(space::M);
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        title(ui, &cx.tr("train-losses"));
        ui.add_space(space::XS);
        let loss = &mut draft.config.loss;
        decimal(ui, cx, "train-answer-weight", &mut loss.answer, 0.0..=10.0);
        decimal(ui, cx, "train-cpc-weight", &mut loss.cpc, 0.0..=10.0);
        decimal(ui, cx, "train-dropout", &mut loss.dropout, 0.0..=0.33);
        decimal(
            ui,
            cx,
            "train-flip",
            &mut draft.config.data.flip_prob,
            0.0..=1.0,
        );
    });
    ui.add_space(space::M);
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        title(ui, &cx.tr("train-keeping"));
        ui.add_space(space::XS);
        let trainer = &mut draft.config.trainer;
        number(
            ui,
            cx,
            "train-save-every",
            &mut trainer.checkpoint_every,
            1..=1_000_000,
        );
        number(ui, cx, "train-keep", &mut trainer.keep, 1..=100);
        number(
            ui,
            cx,
            "train-sample-every",
            &mut draft.config.sample.every,
            0..=1_000_000,
        );
        number(
            ui,
            cx,
            "train-sample-steps",
            &mut draft.config.sample.steps,
            1..=200,
        );
        let before = draft.pinned;
        number(ui, cx, "train-pinned", &mut draft.pinned, 0..=8);
        if let Some(Ok(health)) = &cx.state.train.health
            && before != draft.pinned
        {
            draft.pin(&health.questions);
        }
        for pinned in &draft.config.sample.questions {
            hint(ui, cx.tokens, format!("· {}", pinned.question));
        }
    });
}

/// The id of a label's tooltip.
fn tip(label: &'static str) -> &'static str {
    const TIPS: [(&str, &str); 21] = [
        ("train-max-steps", "train-max-steps-tip"),
        ("train-batch", "train-batch-tip"),
        ("train-accumulation", "train-accumulation-tip"),
        ("train-lr", "train-lr-tip"),
        ("train-schedule", "train-schedule-tip"),
        ("train-warmup", "train-warmup-tip"),
        ("train-clip", "train-clip-tip"),
        ("train-decay", "train-decay-tip"),
        ("train-ema", "train-ema-tip"),
        ("train-seed", "train-seed-tip"),
        ("train-answer-weight", "train-answer-weight-tip"),
        ("train-cpc-weight", "train-cpc-weight-tip"),
        ("train-dropout", "train-dropout-tip"),
        ("train-flip", "train-flip-tip"),
        ("train-save-every", "train-save-every-tip"),
        ("train-keep", "train-keep-tip"),
        ("train-sample-every", "train-sample-every-tip"),
        ("train-sample-steps", "train-sample-steps-tip"),
        ("train-pinned", "train-pinned-tip"),
        ("train-lora-rank", "train-lora-rank-tip"),
        ("train-lora-alpha", "train-lora-alpha-tip"),
    ];
    let known = TIPS.iter().find(|(known, _)| *known == label);
    known.map_or(label, |(_, tip)| tip)
}

fn field(ui: &mut Ui, cx: &Cx<'_>, label: &'static str, field: DragValue<'_>) {
    let (name, tip) = (cx.tr(label), cx.tr(tip(label)));
    row(ui, &name, &tip, |ui| {
        let field = ui.add_sized([96.0, 24.0], field);
        field
            .accessible_name(name.as_ref())
            .on_hover_text(tip.as_ref());
    });
}

/// A whole number with its label.
pub fn number<N: Numeric>(
    ui: &mut Ui,
    cx: &Cx<'_>,
    label: &'static str,
    value: &mut N,
    range: RangeInclusive<N>,
) {
    let speed = (value.to_f64() * 0.01).max(0.05);
    let drag = DragValue::new(value).range(range).speed(speed);
    field(ui, cx, label, drag.max_decimals(0));
}

/// A fraction with its label.
pub fn decimal<N: Numeric>(
    ui: &mut Ui,
    cx: &Cx<'_>,
    label: &'static str,
    value: &mut N,
    range: RangeInclusive<N>,
) {
    let drag = DragValue::new(value).range(range).speed(0.005);
    field(ui, cx, label, drag.max_decimals(5));
}

/// A number of any size, written with its power of ten.
fn small(
    ui: &mut Ui,
    cx: &Cx<'_>,
    label: &'static str,
    value: &mut f64,
    range: RangeInclusive<f64>,
) {
    let speed = *value * 0.01;
    let drag = DragValue::new(value)
        .range(range)
        .speed(speed)
        .custom_formatter(|number, _| format!("{number:e}"))
        .custom_parser(|text| text.trim().parse().ok());
    field(ui, cx, label, drag);
}

/// The numbers in which the large networks compute.
fn precision_ui(ui: &mut Ui, cx: &Cx<'_>, precision: &mut Precision) {
    let (label, tip) = (cx.tr("train-precision"), cx.tr("train-precision-tip"));
    row(ui, &label, &tip, |ui| {
        let chosen = *precision;
        let combo = ComboBox::from_id_salt("train-precision")
            .width(120.0)
            .selected_text(cx.tr(precision_texts(chosen).0))
            .show_ui(ui, |ui| {
                for offered in [Precision::Auto, Precision::F32, Precision::Bf16] {
                    let (text, tip) = precision_texts(offered);
                    let blocked = offered == Precision::Bf16 && cx.state.train.is_on_processor();
                    let button = Button::selectable(offered == chosen, cx.tr(text));
                    let button = ui.add_enabled(!blocked, button);
                    let button = button.on_disabled_hover_text(cx.tr("train-precision-no-card"));
                    if button.on_hover_text(cx.tr(tip)).clicked() {
                        *precision = offered;
                    }
                }
            });
        combo
            .response
            .accessible_name(label.as_ref())
            .on_hover_text(tip.as_ref());
    });
}

/// Faster products, where the processor trains.
fn products_ui(ui: &mut Ui, cx: &Cx<'_>, products: &mut Products) {
    if !cx.state.train.is_on_processor() {
        return;
    }
    let mut rounded = *products == Products::Bf16;
    let missing = Products::Bf16.is_missing() && !rounded;
    ui.add_enabled_ui(!missing, |ui| {
        let ticked = tick(ui, cx.tokens, &mut rounded, cx.tr("train-products"));
        ticked
            .on_hover_text(cx.tr("train-products-tip"))
            .on_disabled_hover_text(cx.tr("train-products-missing"));
    });
    *products = match rounded {
        true => Products::Bf16,
        false => Products::F32,
    };
}

fn schedule_ui(ui: &mut Ui, cx: &Cx<'_>, schedule: &mut LrSchedule) {
    let label = cx.tr("train-schedule");
    let names = ["train-constant", "train-cosine", "train-cycles"];
    let kind = match schedule {
        LrSchedule::Constant { .. } => 0,
        LrSchedule::Cosine { .. } => 1,
        LrSchedule::Cycles(_) => 2,
    };
    let warmup = match schedule {
        LrSchedule::Constant { warmup_steps } | LrSchedule::Cosine { warmup_steps, .. } => {
            *warmup_steps
        }
        LrSchedule::Cycles(_) => 0,
    };
    row(ui, &label, &cx.tr("train-schedule-tip"), |ui| {
        let shown = names.get(kind).copied().unwrap_or("train-constant");
        let combo = ComboBox::from_id_salt("train-schedule")
            .width(120.0)
            .selected_text(cx.tr(shown))
            .show_ui(ui, |ui| {
                // Cycles come from a file alone: they are five lists.
                for (index, name) in names.into_iter().enumerate().take(2) {
                    if ui.selectable_label(index == kind, cx.tr(name)).clicked() && index != kind {
                        *schedule = match index {
                            0 => LrSchedule::Constant {
                                warmup_steps: warmup,
                            },
                            _ => LrSchedule::Cosine {
                                warmup_steps: warmup,
                                hold: 0.0,
                                last: 0.02,
                            },
                        };
                    }
                }
            });
        combo.response.accessible_name(label.as_ref());
    });
    if let LrSchedule::Constant { warmup_steps } | LrSchedule::Cosine { warmup_steps, .. } =
        schedule
    {
        number(ui, cx, "train-warmup", warmup_steps, 0..=1_000_000);
    }
}
