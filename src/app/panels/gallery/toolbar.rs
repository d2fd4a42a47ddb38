//! What is looked for: words, mode, bundle, time, star.

use super::Cx;
use crate::app::panels::ask::mode_texts;
use crate::app::panels::when;
use crate::app::state::{Action, Filter, GalleryAction, Period};
use crate::app::theme::space;
use crate::app::widgets::{combo, field_frame, hint};
use crate::job::GuidanceMode;
use eframe::egui;
use egui::{Align, Button, Id, Layout, TextEdit, Ui};

/// Width of the search field.
const SEARCH: f32 = 210.0;

/// Draws the bar.
pub fn toolbar_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let gallery = &cx.state.gallery;
    let mut filter = gallery.filter.clone();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        search_ui(ui, cx, &mut filter);
        choices_ui(ui, cx, &mut filter);
        let star = Button::selectable(filter.starred, cx.tr("gallery-starred"));
        let star = ui.add(star.frame_when_inactive(true));
        if star.on_hover_text(cx.tr("gallery-starred-tip")).clicked() {
            filter.starred = !filter.starred;
        }
        if !filter.is_empty() {
            let clear = ui.button(cx.tr("gallery-clear"));
            if clear.on_hover_text(cx.tr("gallery-clear-tip")).clicked() {
                filter = Filter::default();
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let all = gallery.runs.as_ref().map_or(0, |runs| runs.len());
            let shown = gallery.shown.len();
            let count = match gallery.unread() {
                left if left > 0 && !filter.words.trim().is_empty() => {
                    cx.text("gallery-reading", &[("count", left.into())])
                }
                _ if shown == all => cx.text("gallery-count", &[("count", all.into())]),
                _ => cx.text(
                    "gallery-count-some",
                    &[("shown", shown.into()), ("count", all.into())],
                ),
            };
            hint(ui, cx.tokens, count);
        });
    });
    if filter != gallery.filter {
        actions.push(Action::Gallery(GalleryAction::Search(filter)));
    }
}

fn search_ui(ui: &mut Ui, cx: &Cx<'_>, filter: &mut Filter) {
    let id = Id::unique("gallery-search");
    let focused = ui.memory(|memory| memory.has_focus(id));
    let field = TextEdit::singleline(&mut filter.words)
        .id(id)
        .hint_text(cx.tr("gallery-search-hint"))
        .desired_width(SEARCH)
        .frame(field_frame(cx.tokens, focused));
    ui.add(field).accessible_name(cx.tr("gallery-search"));
}

fn choices_ui(ui: &mut Ui, cx: &Cx<'_>, filter: &mut Filter) {
    let mode_name = |mode: Option<GuidanceMode>| match mode {
        Some(mode) => cx.tr(mode_texts(mode).0).into_owned(),
        None => cx.tr("gallery-all-modes").into_owned(),
    };
    let modes = std::iter::once(None).chain(GuidanceMode::ALL.map(Some));
    let modes: Vec<_> = modes.map(|mode| (mode, mode_name(mode))).collect();
    combo(
        ui,
        "gallery-mode",
        &cx.tr("gallery-mode"),
        &mut filter.mode,
        &modes,
    );

    let bundles = cx.state.gallery.bundles();
    // One bundle is no choice.
    if bundles.len() > 1 || filter.bundle.is_some() {
        let all = (None, cx.tr("gallery-all-bundles").into_owned());
        let names = bundles
            .iter()
            .map(|name| (Some((*name).to_owned()), (*name).to_owned()));
        let bundles: Vec<_> = std::iter::once(all).chain(names).collect();
        let label = cx.tr("gallery-bundle");
        combo(ui, "gallery-bundle", &label, &mut filter.bundle, &bundles);
    }

    let periods = Period::ALL.map(|period| {
        let label = match period {
            Period::Always => "period-always",
            Period::Day => "period-day",
            Period::Week => "period-week",
            Period::Month => "period-month",
        };
        (period, cx.tr(label).into_owned())
    });
    let before = filter.period;
    combo(
        ui,
        "gallery-period",
        &cx.tr("gallery-period"),
        &mut filter.period,
        &periods,
    );
    if filter.period != before {
        filter.since = filter.period.since(when::now());
    }
}
