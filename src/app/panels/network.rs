//! The network: how the hub is reached, and every request that was made.

use super::Cx;
use super::models::size;
use super::when::{ago, moment, now};
use crate::app::settings::Settings;
use crate::app::state::Action;
use crate::app::texts::number;
use crate::app::theme::space;
use crate::app::widgets::{closing_dialog, composed, field_frame, hint, tick, title};
use crate::job::hub::{HUB, Purpose, Request, Secret};
use eframe::egui;
use egui::{Align, Id, Label, Layout, RichText, ScrollArea, TextEdit, Ui, vec2};

const WIDTH: f32 = 640.0;
/// Width of the names of settings.
const NAMES: f32 = 84.0;
/// Height of the list of requests.
const LIST: f32 = 240.0;
/// Height of a request.
const ROW: f32 = 22.0;
/// Widths of when and of what for.
const TIMES: f32 = 92.0;
const PURPOSES: f32 = 64.0;

/// Draws the dialog.
pub fn network_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let mut settings = cx.state.settings.clone();
    let (heading, close) = (cx.tr("network-title"), cx.tr("dialog-close"));
    let words = (Some(heading.as_ref()), close.as_ref());
    let closed = closing_dialog(ctx, cx.tokens, "network", WIDTH, words, |ui| {
        hint(ui, cx.tokens, cx.tr("network-about"));
        ui.add_space(space::S);
        settings_ui(ui, cx, &mut settings);
        ui.add_space(space::L);
        requests_ui(ui, cx);
    });
    if closed {
        actions.push(Action::CloseDialog);
    }
    if settings != cx.state.settings {
        actions.push(Action::EditSettings(settings.into()));
    }
}

fn settings_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut Settings) {
    let network = &mut settings.network;
    tick(
        ui,
        cx.tokens,
        &mut network.offline,
        cx.tr("network-offline"),
    )
    .on_hover_text(cx.tr("network-offline-tip"));
    let mut token = network.token.reveal().to_owned();
    let found = cx.state.library.hub.token_found.as_ref();
    let found = found.map(|source| {
        let values = [("source", source.to_string().into())];
        cx.text("network-token-found", &values)
    });
    for (label, tip, example, text, is_secret) in [
        (
            "network-mirror",
            "network-mirror-tip",
            HUB,
            &mut network.endpoint,
            false,
        ),
        (
            "network-proxy",
            "network-proxy-tip",
            "http://host:port",
            &mut network.proxy,
            false,
        ),
        (
            "network-token",
            "network-token-tip",
            found.as_deref().unwrap_or("hf_…"),
            &mut token,
            true,
        ),
    ] {
        ui.horizontal(|ui| {
            let row = vec2(NAMES, 30.0);
            ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(row.x);
                ui.label(cx.tr(label)).on_hover_text(cx.tr(tip));
            });
            let id = Id::unique(label);
            let focused = ui.memory(|memory| memory.has_focus(id));
            composed(ui, id, usize::MAX, text, |ui, text, _| {
                let field = TextEdit::singleline(text)
                    .id(id)
                    .password(is_secret)
                    .hint_text(example)
                    .desired_width(ui.available_width())
                    .frame(field_frame(cx.tokens, focused));
                ui.add(field)
                    .accessible_name(cx.tr(label))
                    .on_hover_text(cx.tr(tip));
            });
        });
    }
    if token != network.token.reveal() {
        network.token = Secret::new(token);
    }
}

/// Every request, the newest first.
fn requests_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let hub = &cx.state.library.hub;
    ui.horizontal(|ui| {
        title(ui, &cx.tr("network-requests"));
        hint(ui, cx.tokens, number(hub.request_count as u64));
    });
    if hub.requests.is_empty() {
        hint(ui, cx.tokens, cx.tr("network-none"));
        return;
    }
    ScrollArea::vertical()
        .id_salt("requests")
        .max_height(LIST)
        .auto_shrink([false, true])
        .show_rows(ui, ROW, hub.requests.len(), |ui, rows| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for request in hub.requests.iter().rev().skip(rows.start).take(rows.len()) {
                request_ui(ui, cx, request);
            }
        });
}

/// One request: when, what for, what was asked of whom, what came of it.
fn request_ui(ui: &mut Ui, cx: &Cx<'_>, request: &Request) {
    ui.horizontal(|ui| {
        ui.set_height(ROW);
        let purpose = cx.tr(match request.purpose {
            Purpose::LookUp => "network-look-up",
            Purpose::Download => "network-download",
        });
        let when = ago(cx, request.at, now());
        let time = moment(cx.texts, request.at);
        for (width, words, tip) in [
            (TIMES, when.as_str(), time.as_str()),
            (PURPOSES, purpose.as_ref(), request.host()),
        ] {
            let place = vec2(width, ROW);
            ui.allocate_ui_with_layout(place, Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(width);
                hint(ui, cx.tokens, words).on_hover_text(tip);
            });
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(space::M);
            let (words, colour) = match &request.answer {
                Ok(status @ ..400) => (status.to_string(), cx.tokens.success),
                Ok(status) => (status.to_string(), cx.tokens.error),
                Err(_) => (cx.tr("network-no-answer").into_owned(), cx.tokens.error),
            };
            let answer = ui.label(RichText::new(words).small().color(colour));
            if let Err(why) = &request.answer {
                answer.on_hover_text(cx.words(why));
            }
            let bytes = request.bytes.map(|bytes| size(cx, bytes));
            hint(ui, cx.tokens, bytes.unwrap_or_else(|| "…".to_owned()));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let words = format!("{} {}", request.method, request.address);
                let text = RichText::new(&words).small().monospace();
                ui.add(Label::new(text).truncate()).on_hover_text(words);
            });
        });
    });
}
