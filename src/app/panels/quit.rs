//! What becomes of the work that goes on, before the program ends.

use super::Cx;
use crate::app::state::{Action, Stake, WorkKind};
use crate::app::theme::space;
use crate::app::widgets::{Tone, badge, dialog, dialog_body, dialog_foot, primary_button};
use eframe::egui;
use egui::{Align, Button, Label, Layout, TextStyle, Ui, vec2};

const WIDTH: f32 = 480.0;

/// Draws the dialog. Escape keeps working, and so does everything that is not the one button.
pub fn quit_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let stakes = cx.state.stakes();
    if stakes.is_empty() {
        // It all ended while the person was thinking.
        actions.extend([Action::CloseDialog, Action::QuitNow]);
        return;
    }
    let shown = dialog(ctx, cx.tokens, "quit", WIDTH, |ui| {
        ui.heading(cx.tr("quit-title"));
        dialog_body(ui, |ui| {
            ui.add_space(space::S);
            for (stake, kind, count) in stakes {
                stake_ui(ui, cx, stake, kind, count);
            }
        });
        dialog_foot(ui, |ui| {
            let size = vec2(0.0, 34.0);
            let text = cx.tr("quit-stay");
            let stay = primary_button(ui, cx.tokens, &text, "", size, true);
            let stay = stay.accessible_name(text.as_ref());
            if ui.memory(|memory| memory.focused().is_none()) {
                stay.request_focus();
            }
            let quit = ui.add(Button::new(cx.tr("quit-now")).min_size(size));
            (stay.clicked(), quit.clicked())
        })
    });
    let (stay, quit) = shown.inner;
    if stay || quit || shown.should_close() {
        actions.push(Action::CloseDialog);
    }
    if quit {
        actions.push(Action::QuitNow);
    }
}

/// One kind of work, under a word that says what becomes of it.
fn stake_ui(ui: &mut Ui, cx: &Cx<'_>, stake: Stake, kind: WorkKind, count: usize) {
    let (word, tone) = match stake {
        Stake::Lost => ("quit-lost", Tone::Error),
        Stake::Waits => ("quit-waits", Tone::Warning),
        Stake::GoesOn => ("quit-goes-on", Tone::Accent),
    };
    let what = match (kind, stake) {
        (WorkKind::Answers, Stake::Lost) => "quit-answers-lost",
        (WorkKind::Answers, _) => "quit-answers-wait",
        (WorkKind::Evaluation, _) => "quit-evaluation",
        (WorkKind::Export, _) => "quit-export",
        (WorkKind::Import, _) => "quit-import",
        (WorkKind::Download, _) => "quit-download",
        (WorkKind::Training, _) => "quit-training",
    };
    ui.horizontal_top(|ui| {
        // In the middle of the first line of the words beside it.
        let row = vec2(76.0, ui.text_style_height(&TextStyle::Body));
        ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(row.x);
            badge(ui, cx.tokens, tone, &cx.tr(word));
        });
        let words = cx.text(what, &[("count", count.into())]);
        ui.add(Label::new(words).wrap());
    });
}
