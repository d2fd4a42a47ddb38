//! The dialog in which a story is planned: its format and size, and how long and how large it will be.

use super::Cx;
use crate::app::panels::models::size;
use crate::app::state::{Action, StoryAction};
use crate::app::theme::space;
use crate::app::widgets::{
    Choice, dialog, dialog_body, dialog_foot, hint, primary_button, segmented,
};
use crate::job::{ExportFormat, StoryPlan, StorySize};
use eframe::egui;
use egui::{RichText, Ui, vec2};

const WIDTH: f32 = 460.0;

/// Draws the dialog.
pub fn story_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let Some(plan) = cx.state.story_plan() else {
        actions.push(Action::CloseDialog);
        return;
    };
    let draft = cx.state.story;
    let (mut format, mut size) = (draft.format, draft.size);
    let dialog = dialog(ctx, cx.tokens, "story", WIDTH, |ui| {
        ui.heading(cx.tr("story-title"));
        dialog_body(ui, |ui| {
            hint(ui, cx.tokens, cx.tr("story-about"));
            ui.add_space(space::S);
            ui.label(cx.tr("story-format"));
            format_ui(ui, cx, &mut format);
            ui.add_space(space::XS);
            ui.label(cx.tr("story-size"));
            size_ui(ui, cx, &mut size);
            ui.add_space(space::S);
            summary_ui(ui, cx, &plan, format);
        });
        dialog_foot(ui, |ui| {
            let make = cx.tr("story-make");
            let make = primary_button(ui, cx.tokens, &make, "", vec2(130.0, 30.0), true);
            let close = ui.button(cx.tr("dialog-close")).clicked();
            (make.clicked(), close)
        })
    });
    if (format, size) != (draft.format, draft.size) {
        actions.push(StoryAction::Edit(format, size).into());
    }
    let (make, close) = dialog.inner;
    if make {
        actions.push(StoryAction::Make.into());
    } else if close || dialog.should_close() {
        actions.push(Action::CloseDialog);
    }
}

fn format_ui(ui: &mut Ui, cx: &Cx<'_>, format: &mut ExportFormat) {
    let choices = ExportFormat::STORIES.map(|format| {
        let (label, tip) = match format {
            ExportFormat::StoryApng => ("story-apng", "story-apng-tip"),
            ExportFormat::StoryMp4 => ("story-mp4", "story-mp4-tip"),
            _ => ("story-gif", "story-gif-tip"),
        };
        let unavailable = match (format, cx.state.story.mp4) {
            (ExportFormat::StoryMp4, Some(false)) => Some("story-no-ffmpeg"),
            (ExportFormat::StoryMp4, None) => Some("story-looking"),
            _ => None,
        };
        Choice {
            unavailable: unavailable.map(|why| cx.tr(why).into_owned()),
            ..Choice::new(format, cx.tr(label), cx.tr(tip))
        }
    });
    segmented(ui, cx.tokens, ui.available_width(), format, &choices);
    // Said where it is read without a pointer, too.
    if cx.state.story.mp4 == Some(false) {
        hint(ui, cx.tokens, cx.tr("story-no-ffmpeg"));
    }
}

fn size_ui(ui: &mut Ui, cx: &Cx<'_>, size: &mut StorySize) {
    let choices = StorySize::ALL.map(|size| {
        let label = match size {
            StorySize::Small => "story-small",
            StorySize::Medium => "story-medium",
            StorySize::Large => "story-large",
        };
        Choice::new(size, cx.tr(label), "")
    });
    segmented(ui, cx.tokens, ui.available_width(), size, &choices);
}

/// How long, how many pictures, how large.
fn summary_ui(ui: &mut Ui, cx: &Cx<'_>, plan: &StoryPlan, format: ExportFormat) {
    let size = size(cx, plan.about_bytes(format));
    let values = [
        ("seconds", format!("{:.1}", plan.seconds()).into()),
        ("pictures", plan.beats.len().into()),
        ("width", (plan.size.0 as usize).into()),
        ("height", (plan.size.1 as usize).into()),
        ("size", size.into()),
    ];
    ui.label(RichText::new(cx.text("story-summary", &values)).strong());
    let (shown, all) = plan.columns;
    if shown < all {
        let values = [("shown", shown.into()), ("all", all.into())];
        hint(ui, cx.tokens, cx.text("story-columns", &values));
    }
}
