//! The rows of the list: bundles, and what lies in the Hugging Face cache.

use super::{Cx, going, select, trouble_ui, words};
use crate::app::panels::ask::{mode_colour, mode_texts};
use crate::app::state::{Action, ImportAction, LibraryAction, Shelved};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{Tone, badge, fill_line, follow_focus, hint};
use crate::job::GuidanceMode;
use crate::job::library::{CachedRepo, LibraryEntry};
use eframe::egui;
use egui::{
    Align, Button, CornerRadius, FontId, Label, Layout, Rect, RichText, ScrollArea, Sense, Stroke,
    StrokeKind, Ui, UiBuilder, WidgetInfo, vec2,
};

/// Height of a row.
const ROW: f32 = 66.0;

/// Draws the list.
pub fn list_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let library = &cx.state.library;
    ScrollArea::vertical()
        .id_salt("models")
        .auto_shrink(false)
        .show(ui, |ui| {
            follow_focus(ui);
            ui.spacing_mut().item_spacing.y = space::S;
            if let Some(problem) = &library.problem {
                trouble_ui(ui, cx, problem);
            }
            going::going_ui(ui, cx, actions);
            for entry in library.bundles.iter().flatten() {
                bundle_ui(ui, cx, entry, actions);
            }
            if library
                .bundles
                .as_ref()
                .is_some_and(|bundles| bundles.len() < 2)
            {
                ui.add_space(space::S);
                more_ui(ui, cx);
            }
            if !library.cached.is_empty() {
                ui.add_space(space::M);
                section_ui(ui, cx, "models-cached", "models-cached-tip");
                for cached in &library.cached {
                    cached_ui(ui, cx, cached, actions);
                }
            }
        });
}

/// The heading of a part of the list.
fn section_ui(ui: &mut Ui, cx: &Cx<'_>, heading: &'static str, tip: &'static str) {
    let words = RichText::new(cx.tr(heading)).strong().size(13.0);
    ui.label(words.color(cx.tokens.text_weak))
        .on_hover_text(cx.tr(tip));
}

/// Only the embedded bundle is there: what one can do about it.
fn more_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let words = RichText::new(cx.tr("models-more"))
        .size(13.0)
        .color(cx.tokens.text_weak);
    ui.add(Label::new(words).wrap());
}

/// One row: a ground that can be clicked, and what stands on it.
fn row_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    shelved: Shelved,
    label: &str,
    actions: &mut Vec<Action>,
    add_right: impl FnOnce(&mut Ui, &mut Vec<Action>),
    add_left: impl FnOnce(&mut Ui),
) {
    let size = vec2(ui.available_width(), ROW);
    let (rect, row) = ui.allocate_exact_size(size, Sense::click());
    let selected = cx.state.library.selected.as_ref() == Some(&shelved);
    row.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, selected, label));
    let radius = CornerRadius::same(CARD_RADIUS);
    let (line, thickness) = match (selected, row.hovered() || row.has_focus()) {
        (true, _) => (cx.tokens.accent, 1.6),
        (false, true) => (cx.tokens.field_border, 1.0),
        (false, false) => (cx.tokens.card_border, 1.0),
    };
    ui.painter().rect_filled(rect, radius, cx.tokens.card);
    let line = Stroke::new(thickness, line);
    ui.painter()
        .rect_stroke(rect, radius, line, StrokeKind::Inside);
    let inside = rect.shrink2(vec2(space::L, space::M));
    let builder = |place: Rect| UiBuilder::new().max_rect(place);
    let right = Layout::right_to_left(Align::Center);
    let mut right = ui.new_child(builder(inside).layout(right).id_salt((label, "right")));
    add_right(&mut right, actions);
    let mut left = inside;
    left.set_right(right.min_rect().left().min(inside.right()) - space::S);
    let down = Layout::top_down(Align::Min);
    let mut left = ui.new_child(builder(left).layout(down).id_salt((label, "left")));
    left.spacing_mut().item_spacing = vec2(6.0, space::XS);
    left.spacing_mut().interact_size.y = 20.0;
    add_left(&mut left);
    if row.clicked() {
        actions.push(select(shelved));
    }
}

fn bundle_ui(ui: &mut Ui, cx: &Cx<'_>, entry: &LibraryEntry, actions: &mut Vec<Action>) {
    let name = words::name(cx, entry).into_owned();
    let label = cx.text("models-row", &[("name", name.as_str().into())]);
    let shelved = Shelved::Bundle(entry.source.clone());
    let buttons = |ui: &mut Ui, actions: &mut Vec<Action>| {
        let in_use = entry.source == cx.state.bundle_source;
        if !in_use && !cx.state.library.is_damaged(&entry.source) {
            let label = cx.text("models-use-label", &[("name", name.as_str().into())]);
            let button = Button::new(cx.tr("models-use")).min_size(vec2(0.0, 28.0));
            let button = ui.add(button).on_hover_text(cx.tr("models-use-tip"));
            if button.accessible_name(label).clicked() {
                let action = LibraryAction::Use(entry.source.clone());
                actions.push(Action::Library(action));
            }
            ui.add_space(space::XS);
        }
        modes_ui(ui, cx, entry);
    };
    row_ui(ui, cx, shelved, &label, actions, buttons, |ui| {
        ui.horizontal(|ui| {
            let text = RichText::new(&name).size(15.0);
            ui.add(Label::new(text).truncate());
            for (tone, text, tip) in words::badges(cx, entry) {
                badge(ui, cx.tokens, tone, &text).on_hover_text(tip);
            }
        });
        second_line_ui(ui, cx, entry);
    });
}

/// What is known of a bundle, how far its check is, or what is wrong with it.
fn second_line_ui(ui: &mut Ui, cx: &Cx<'_>, entry: &LibraryEntry) {
    let library = &cx.state.library;
    let check = library.check(&entry.source);
    if let Some(progress) = check.and_then(|check| check.progress.as_ref()) {
        let (done, all) = (progress.bytes_done, progress.bytes_total);
        let words = words::progress(cx, (done, all), progress.seconds_left);
        hint(ui, cx.tokens, words);
        fill_line(ui, cx.tokens, done as f32 / all.max(1) as f32);
        return;
    }
    let (words, colour) = match (
        library.damage(&entry.source),
        library.details(&entry.source),
    ) {
        (Some(problem), _) => (cx.message(problem).into_owned(), cx.tokens.error),
        (None, Some(Ok(details))) => (words::facts(cx, details), cx.tokens.text_weak),
        (None, _) => (cx.tr("models-looking").into_owned(), cx.tokens.text_weak),
    };
    let words = RichText::new(words).small().color(colour);
    ui.add(Label::new(words).truncate());
}

/// The modes of a bundle as lettered dots; those that cannot run are hollow.
fn modes_ui(ui: &mut Ui, cx: &Cx<'_>, entry: &LibraryEntry) {
    let Some(Ok(details)) = cx.state.library.details(&entry.source) else {
        return;
    };
    const SIDE: f32 = 18.0;
    ui.spacing_mut().item_spacing.x = 3.0;
    // From right to left.
    for mode in GuidanceMode::ALL.into_iter().rev() {
        let (rect, response) = ui.allocate_exact_size(vec2(SIDE, SIDE), Sense::hover());
        let name = cx.tr(mode_texts(mode).0);
        let reason = words::why_not(details, mode);
        mode_dot(ui, cx, rect, mode, reason.is_none());
        let mode = ("mode", name.as_ref().into());
        let words = match reason {
            None => cx.text("models-mode-possible", &[mode]),
            Some(reason) => cx.text(
                "mode-missing",
                &[mode, ("reason", cx.words(reason).into_owned().into())],
            ),
        };
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &words));
        response.on_hover_text(&words);
    }
    ui.add_space(space::S);
}

/// A dot in the colour of a mode, with its first letter.
pub fn mode_dot(ui: &Ui, cx: &Cx<'_>, rect: Rect, mode: GuidanceMode, possible: bool) {
    let letter = cx.tr(mode_texts(mode).0).chars().next().unwrap_or(' ');
    let colour = mode_colour(cx, mode);
    let radius = rect.width() / 2.0 - 1.0;
    let painter = ui.painter();
    let ink = if possible {
        painter.circle_filled(rect.center(), radius, colour);
        cx.tokens.card
    } else {
        let line = Stroke::new(1.2, cx.tokens.field_border);
        painter.circle_stroke(rect.center(), radius, line);
        cx.tokens.text_weak
    };
    let font = FontId::proportional(10.5);
    let middle = egui::Align2::CENTER_CENTER;
    painter.text(rect.center(), middle, letter, font, ink);
}

/// Opens the dialog that makes a bundle of a snapshot.
pub fn import(cached: &CachedRepo) -> Action {
    Action::Import(ImportAction::Open(vec![cached.folder.clone()]))
}

fn cached_ui(ui: &mut Ui, cx: &Cx<'_>, cached: &CachedRepo, actions: &mut Vec<Action>) {
    let label = cx.text("models-row", &[("name", cached.repo.as_str().into())]);
    let shelved = Shelved::Cached(cached.folder.clone());
    row_ui(
        ui,
        cx,
        shelved,
        &label,
        actions,
        |ui, actions| {
            let name = ("name", cached.repo.as_str().into());
            let label = cx.text("models-import-label", &[name]);
            let button = Button::new(cx.tr("models-import")).min_size(vec2(0.0, 28.0));
            let button = ui
                .add(button)
                .on_hover_text(cx.tr("models-import-this-tip"));
            if button.accessible_name(label).clicked() {
                actions.push(import(cached));
            }
        },
        |ui| {
            ui.horizontal(|ui| {
                let text = RichText::new(&cached.repo).size(15.0);
                ui.add(Label::new(text).truncate());
                badge(ui, cx.tokens, Tone::Quiet, &cached.revision)
                    .on_hover_text(cx.tr("models-revision-tip"));
            });
            let values = [
                ("size", words::size(cx, cached.bytes).into()),
                ("count", cached.files.into()),
            ];
            hint(ui, cx.tokens, cx.text("models-cached-facts", &values));
        },
    );
}
