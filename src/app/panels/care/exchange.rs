//! Settings of a file before they are used: what would change, from what to what.

use super::{About, Cx, framed};
use crate::app::state::{Action, CareAction, Change, Dialog, Exchange};
use crate::app::theme::space;
use crate::app::widgets::{hint, primary_button, well};
use crate::job::Problem;
use eframe::egui;
use egui::{Grid, Label, RichText, Ui, vec2};

const WIDTH: f32 = 580.0;
/// Width of a setting's name, and of each of its values.
const COLUMN: f32 = 160.0;

/// Draws the dialog.
pub fn exchange_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let exchange = cx.state.care.exchange.as_ref();
    let about = About("exchange", WIDTH, &cx.tr("exchange-title"));
    let body = |ui: &mut Ui, _: &mut Vec<Action>| {
        ui.add_space(space::XS);
        match exchange {
            Some(Ok(exchange)) => changes_ui(ui, cx, exchange),
            Some(Err(problem)) => problem_ui(ui, cx, problem),
            None => {}
        }
    };
    let foot = |ui: &mut Ui, actions: &mut Vec<Action>| {
        let back = if let Some(Ok(exchange)) = exchange {
            let possible = !exchange.changes.is_empty();
            let label = cx.tr("exchange-take");
            let size = vec2(0.0, 30.0);
            if primary_button(ui, cx.tokens, &label, "", size, possible).clicked() {
                actions.push(CareAction::TakeImported.into());
            }
            "exchange-leave"
        } else {
            if ui.button(cx.tr("exchange-other")).clicked() {
                actions.push(CareAction::ImportSettings.into());
            }
            "dialog-close"
        };
        if ui.button(cx.tr(back)).clicked() {
            leave(actions);
        }
    };
    if framed(ctx, cx, about, actions, body, foot) {
        leave(actions);
    }
}

/// Back to where one came from.
fn leave(actions: &mut Vec<Action>) {
    actions.push(Action::CloseDialog);
    actions.push(Action::ShowDialog(Dialog::Settings));
}

fn problem_ui(ui: &mut Ui, cx: &Cx<'_>, problem: &Problem) {
    let words = RichText::new(cx.message(problem)).color(cx.tokens.error);
    ui.add(Label::new(words).wrap().selectable(true));
    for line in cx.more(problem) {
        hint(ui, cx.tokens, line);
    }
}

fn changes_ui(ui: &mut Ui, cx: &Cx<'_>, exchange: &Exchange) {
    let file = exchange.file.display().to_string();
    hint(ui, cx.tokens, file);
    let values = [("count", exchange.changes.len().into())];
    ui.label(cx.text("exchange-count", &values));
    if !exchange.changes.is_empty() {
        ui.add_space(space::XS);
        well(ui, cx.tokens, |ui| {
            Grid::new("exchange")
                .num_columns(3)
                .spacing(vec2(space::L, 6.0))
                // A column is as wide as its share, or what is cut off would make it narrow.
                .min_col_width(COLUMN)
                .max_col_width(COLUMN)
                .show(ui, |ui| {
                    for heading in ["exchange-name", "exchange-now", "exchange-then"] {
                        hint(ui, cx.tokens, cx.tr(heading));
                    }
                    ui.end_row();
                    for change in &exchange.changes {
                        change_ui(ui, cx, change);
                        ui.end_row();
                    }
                });
        });
    }
    ui.add_space(space::XS);
    if exchange.limited {
        hint(ui, cx.tokens, cx.tr("exchange-limited"));
    }
    if !exchange.unknown.is_empty() {
        let names = [("names", cx.list(&exchange.unknown).into())];
        hint(ui, cx.tokens, cx.text("exchange-unknown", &names));
    }
}

fn change_ui(ui: &mut Ui, cx: &Cx<'_>, change: &Change) {
    let name = match change.name.as_str() {
        "theme" => cx.tr("preferences-theme"),
        "language" => cx.tr("preferences-language"),
        "scale" => cx.tr("preferences-scale"),
        "keep_runs" => cx.tr("preferences-keep-runs"),
        "leave_out_settings" => cx.tr("preferences-leave-out"),
        "network.offline" => cx.tr("network-offline"),
        "network.endpoint" => cx.tr("network-mirror"),
        "network.proxy" => cx.tr("network-proxy"),
        "network.token" => cx.tr("network-token"),
        // Named as in the file: whoever wrote it knows these.
        other => other.into(),
    };
    ui.add(Label::new(name.as_ref()).truncate());
    let usual = cx.tr("exchange-usual");
    for value in [&change.values.0, &change.values.1] {
        let words = value.as_deref().unwrap_or(&usual);
        let text = RichText::new(words).monospace().size(12.5);
        ui.add(Label::new(text).truncate()).on_hover_text(words);
    }
}
