//! Memory in the status bar: how far loading is, and what the next run will need.

use super::Cx;
use super::ask::seconds_text;
use crate::app::state::{Action, BundleState};
use crate::app::widgets::hint;
use crate::job::{MemoryPlan, MemorySize, Stage};
use eframe::egui;
use egui::{Button, RichText, Ui, vec2};

/// How far loading is, with a way to stop it.
pub fn loading_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    if let Some((_, progress)) = cx.state.loading {
        let percent = progress.done * 100 / progress.total.max(1);
        let values = [
            ("percent", (percent as usize).into()),
            ("size", MemorySize(progress.total).to_string().into()),
        ];
        let mut text = cx.text("status-loading", &values);
        if let Some(seconds) = progress.seconds_left {
            text = cx.clauses(&text, &seconds_text(cx, seconds));
        }
        ui.separator();
        hint(ui, cx.tokens, text);
    }
    if matches!(cx.state.bundle, BundleState::Loading) {
        let text = RichText::new(cx.tr("status-loading-stop")).small();
        let stop = ui.add(Button::new(text).min_size(vec2(0.0, 22.0)));
        if stop
            .on_hover_text(cx.tr("status-loading-stop-tip"))
            .clicked()
        {
            actions.push(Action::StopLoading);
        }
    }
}

/// What the form's run will need, and the plan for it; the stages in the tooltip.
pub fn memory_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let BundleState::Ready(summary) = &cx.state.bundle else {
        return;
    };
    let need = summary.memory.need(&cx.state.form.requests());
    if need.bytes == 0 {
        return;
    }
    let size = MemorySize(need.bytes).to_string();
    let values = [("size", size.into())];
    let text = if need.measured {
        cx.text("status-memory-measured", &values)
    } else {
        cx.text("status-memory", &values)
    };
    let mut tip = plan_text(cx, need.forecast.plan);
    for (stage, bytes) in &need.forecast.stages {
        let stage = cx.tr(stage_name(*stage));
        tip.push_str(&format!("\n{stage}  {}", MemorySize(*bytes)));
    }
    let source = if need.measured {
        "status-memory-tip-measured"
    } else {
        "status-memory-tip"
    };
    tip.push('\n');
    tip.push_str(&cx.tr(source));
    ui.separator();
    if need.too_much {
        tip.push('\n');
        tip.push_str(&cx.tr("status-memory-short"));
        let text = RichText::new(text).small().color(cx.tokens.warning);
        ui.label(text).on_hover_text(tip);
    } else {
        hint(ui, cx.tokens, text).on_hover_text(tip);
    }
}

/// A plan in words.
fn plan_text(cx: &Cx<'_>, plan: MemoryPlan) -> String {
    let mut words = Vec::new();
    if let Some(bits) = plan.language_bits {
        words.push(cx.text("memory-bits", &[("bits", usize::from(bits.count()).into())]));
    }
    let held = if plan.one_at_a_time {
        "memory-one"
    } else {
        "memory-all"
    };
    words.push(cx.tr(held).into_owned());
    if plan.tiles {
        words.push(cx.tr("memory-tiles").into_owned());
    }
    cx.list(&words)
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Loading => "stage-loading",
        Stage::ReadingFrame => "stage-reading",
        Stage::Thinking => "stage-thinking",
        Stage::Drawing => "stage-drawing-start",
        Stage::Finishing => "stage-finishing",
    }
}
