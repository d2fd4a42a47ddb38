//! The selected bundle: what it is, what can be done with it, what it is made of.

use super::{Cx, facts, files, list, nothing_ui, words};
use crate::app::panels::remedy::remedy_ui;
use crate::app::state::{Action, BundleState, LibraryAction, Shelved};
use crate::app::theme::{self, CONTROL_RADIUS, space};
use crate::app::widgets::{
    badge, card, field_frame, fill_line, follow_focus, hint, primary_button,
};
use crate::job::library::{BundleHome, CachedRepo, LibraryEntry, VerifyReport};
use crate::job::{BundleSource, Problem};
use eframe::egui;
use egui::{
    Button, Color32, CornerRadius, Frame, Id, Key, Label, Margin, RichText, ScrollArea, TextEdit,
    Ui, vec2,
};

/// View state of the details.
#[derive(Default)]
pub struct DetailsPanel {
    /// The new name of a bundle while it is typed.
    renaming: Option<(BundleSource, String)>,
}

impl DetailsPanel {
    /// Draws the details.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        card(ui, cx.tokens, |ui| {
            ui.set_min_size(ui.available_size());
            let library = &cx.state.library;
            let scroll = ScrollArea::vertical()
                .id_salt("models-details")
                .auto_shrink(false);
            match &library.selected {
                Some(Shelved::Bundle(source)) => match library.bundle(source) {
                    Some(entry) => {
                        scroll.show(ui, |ui| {
                            follow_focus(ui);
                            ui.spacing_mut().item_spacing.y = space::S;
                            self.bundle_ui(ui, cx, entry, actions);
                        });
                    }
                    None => nothing_ui(ui, cx),
                },
                Some(Shelved::Cached(folder)) => match library.cached(folder) {
                    Some(cached) => {
                        scroll.show(ui, |ui| {
                            follow_focus(ui);
                            ui.spacing_mut().item_spacing.y = space::S;
                            cached_ui(ui, cx, cached, actions);
                        });
                    }
                    None => nothing_ui(ui, cx),
                },
                None => nothing_ui(ui, cx),
            }
        });
    }

    fn bundle_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        entry: &LibraryEntry,
        actions: &mut Vec<Action>,
    ) {
        let library = &cx.state.library;
        self.name_ui(ui, cx, entry, actions);
        let badges = words::badges(cx, entry);
        if !badges.is_empty() {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(6.0, space::XS);
                ui.spacing_mut().interact_size.y = 20.0;
                for (tone, text, tip) in badges {
                    badge(ui, cx.tokens, tone, &text).on_hover_text(tip);
                }
            });
        }
        if let Some(Ok(details)) = library.details(&entry.source)
            && !details.report.description.is_empty()
        {
            let words =
                RichText::new(cx.words(&details.report.description)).color(cx.tokens.text_weak);
            ui.add(Label::new(words).wrap().selectable(true));
        }
        if let Some(problem) = library.damage(&entry.source) {
            trouble_ui(ui, cx, problem);
        } else if let BundleState::Failed(problem) = &cx.state.bundle
            && entry.source == cx.state.bundle_source
        {
            trouble_ui(ui, cx, problem);
            remedy_ui(ui, cx, problem, vec2(150.0, 32.0), actions);
        }
        self.buttons_ui(ui, cx, entry, actions);
        if library.confirming.as_ref() == Some(&entry.source) {
            confirm_ui(ui, cx, actions);
        }
        check_ui(ui, cx, entry, actions);
        if let Some(Ok(details)) = library.details(&entry.source) {
            facts::facts_ui(ui, cx, entry, details, actions);
            files::files_ui(ui, cx, details, library.check(&entry.source));
        } else if let Some(folder) = entry.folder() {
            ui.separator();
            facts::place_ui(ui, cx, folder, actions);
        }
    }

    /// The name, or a field for another one.
    fn name_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        entry: &LibraryEntry,
        actions: &mut Vec<Action>,
    ) {
        if self
            .renaming
            .as_ref()
            .is_some_and(|(of, _)| *of != entry.source)
        {
            self.renaming = None;
        }
        let Some((_, draft)) = &mut self.renaming else {
            let name = words::name(cx, entry).into_owned();
            let name = RichText::new(name).text_style(egui::TextStyle::Heading);
            ui.add(Label::new(name).wrap().selectable(true));
            return;
        };
        let id = Id::unique("models-name");
        let focused = ui.memory(|memory| memory.has_focus(id));
        let field = TextEdit::singleline(draft)
            .id(id)
            .char_limit(80)
            .desired_width(ui.available_width())
            .frame(field_frame(cx.tokens, focused));
        let field = ui.add(field);
        field.clone().accessible_name(cx.tr("models-name"));
        let confirmed = ui.input(|input| input.key_pressed(Key::Enter));
        let given_up = ui.input(|input| input.key_pressed(Key::Escape));
        if field.lost_focus() {
            if confirmed && !given_up {
                let name = draft.clone();
                let rename = LibraryAction::Rename(entry.source.clone(), name);
                actions.push(Action::Library(rename));
            }
            self.renaming = None;
        } else if !focused {
            field.request_focus();
        }
    }

    fn buttons_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        entry: &LibraryEntry,
        actions: &mut Vec<Action>,
    ) {
        let damaged = cx.state.library.damage(&entry.source).is_some();
        let in_use = entry.source == cx.state.bundle_source;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(space::S, space::S);
            let mut push = |action| actions.push(Action::Library(action));
            if !in_use {
                let label = cx.tr("models-use-this");
                let size = vec2(0.0, 30.0);
                let button = primary_button(ui, cx.tokens, &label, "", size, !damaged);
                let button = button.accessible_name(label.as_ref());
                let button = button.on_disabled_hover_text(cx.tr("models-use-damaged"));
                if button.on_hover_text(cx.tr("models-use-tip")).clicked() {
                    push(LibraryAction::Use(entry.source.clone()));
                }
            }
            let check = cx.state.library.check(&entry.source);
            let checking = check.is_some_and(|check| check.is_running());
            let button = small(ui, cx, "models-verify", "models-verify-tip", !checking);
            if button.clicked() {
                push(LibraryAction::Verify(entry.source.clone()));
            }
            // A snapshot in the cache is shared with other programs; it stays as it is.
            let own = matches!(entry.home, BundleHome::Data | BundleHome::Added);
            if own && entry.name.is_ok() {
                let button = small(ui, cx, "models-rename", "models-rename-tip", true);
                if button.clicked() {
                    let name = words::name(cx, entry).into_owned();
                    self.renaming = Some((entry.source.clone(), name));
                }
            }
            if cx.state.can_delete(entry) {
                let button = small(ui, cx, "models-delete", "models-delete-tip", true);
                if button.clicked() {
                    push(LibraryAction::Delete(entry.source.clone()));
                }
            } else if let (BundleHome::Added, Some(folder)) = (entry.home, entry.folder()) {
                let button = small(ui, cx, "models-forget", "models-forget-tip", true);
                if button.clicked() {
                    push(LibraryAction::Forget(folder.to_path_buf()));
                }
            }
        });
    }
}

/// A button that is not the one the card is about.
pub fn small(
    ui: &mut Ui,
    cx: &Cx<'_>,
    label: &'static str,
    tip: &'static str,
    enabled: bool,
) -> egui::Response {
    let button = Button::new(cx.tr(label)).min_size(vec2(0.0, 30.0));
    ui.add_enabled(enabled, button).on_hover_text(cx.tr(tip))
}

/// A strip of words on a ground of their colour.
pub fn strip<R>(
    ui: &mut Ui,
    ground: Color32,
    add: impl FnOnce(&mut Ui) -> R,
) -> egui::InnerResponse<R> {
    Frame::new()
        .fill(ground)
        .corner_radius(CornerRadius::same(CONTROL_RADIUS))
        .inner_margin(Margin::same(space::M as i8))
        .show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = space::XS;
            add(ui)
        })
}

/// What is wrong and what to do about it.
pub fn trouble_ui(ui: &mut Ui, cx: &Cx<'_>, problem: &Problem) {
    let colour = cx.tokens.error;
    strip(ui, cx.tokens.error_soft, |ui| {
        let message = RichText::new(cx.message(problem)).color(colour);
        ui.add(Label::new(message).wrap().selectable(true));
        for more in cx.more(problem) {
            let more = RichText::new(more).small().color(colour);
            ui.add(Label::new(more).wrap().selectable(true));
        }
    });
}

/// The bundle answers now: what deleting it means.
fn confirm_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    strip(ui, cx.tokens.warning_soft, |ui| {
        let words = RichText::new(cx.tr("models-delete-in-use")).color(cx.tokens.warning);
        ui.add(Label::new(words).wrap());
        ui.horizontal(|ui| {
            for (label, yes) in [("models-delete-anyway", true), ("models-keep", false)] {
                if ui.button(cx.tr(label)).clicked() {
                    actions.push(Action::Library(LibraryAction::Confirm(yes)));
                }
            }
        });
    });
}

/// How far a check is, or how it ended.
fn check_ui(ui: &mut Ui, cx: &Cx<'_>, entry: &LibraryEntry, actions: &mut Vec<Action>) {
    let Some(check) = cx.state.library.check(&entry.source) else {
        return;
    };
    if check.is_running() {
        strip(ui, cx.tokens.well, |ui| {
            ui.horizontal(|ui| {
                let progress = check.progress.as_ref();
                let words = match progress {
                    _ if check.stopping => cx.tr("stage-cancelling").into_owned(),
                    Some(progress) => {
                        let bytes = (progress.bytes_done, progress.bytes_total);
                        words::progress(cx, bytes, progress.seconds_left)
                    }
                    None => cx.tr("models-verify-begins").into_owned(),
                };
                ui.label(words);
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let stop = Button::new(cx.tr("command-cancel"));
                    let stop = ui.add_enabled(!check.stopping, stop);
                    if stop
                        .on_hover_text(cx.tr("models-verify-stop-tip"))
                        .clicked()
                    {
                        let action = LibraryAction::StopVerifying(entry.source.clone());
                        actions.push(Action::Library(action));
                    }
                });
            });
            let progress = check.progress.as_ref();
            let share = progress.map_or(0.0, |p| p.bytes_done as f32 / p.bytes_total.max(1) as f32);
            ui.scope(|ui| fill_line(ui, cx.tokens, share));
            let file = progress.map_or("", |progress| progress.file.as_str());
            ui.add(Label::new(RichText::new(file).small().color(cx.tokens.text_weak)).truncate());
        });
        return;
    }
    if check.found_damage() {
        damage_ui(ui, cx, entry);
        return;
    }
    let unlisted = check
        .files
        .iter()
        .filter(|file| file.verdict == crate::job::library::FileVerdict::Unlisted);
    let values = [
        ("count", check.files.len().into()),
        ("unlisted", unlisted.count().into()),
    ];
    let (words, colour) = match &check.report {
        Some(VerifyReport::Done { loaded: true, .. }) => {
            (cx.text("models-verify-good", &values), cx.tokens.success)
        }
        Some(VerifyReport::Done { loaded: false, .. }) => (
            cx.text("models-verify-files-good", &values),
            cx.tokens.success,
        ),
        _ => (
            cx.tr("models-verify-stopped").into_owned(),
            cx.tokens.text_weak,
        ),
    };
    strip(ui, cx.tokens.well, |ui| {
        ui.add(Label::new(RichText::new(words).color(colour)).wrap());
    });
}

/// What a check found wrong.
fn damage_ui(ui: &mut Ui, cx: &Cx<'_>, entry: &LibraryEntry) {
    let Some(check) = cx.state.library.check(&entry.source) else {
        return;
    };
    strip(ui, cx.tokens.error_soft, |ui| {
        let colour = cx.tokens.error;
        let count = check.damaged_files().count();
        if count > 0 {
            let words = cx.text("models-verify-damaged", &[("count", count.into())]);
            ui.add(Label::new(RichText::new(words).color(colour)).wrap());
        }
        if let Some(problem) = check.problem() {
            let words = RichText::new(cx.message(problem)).small().color(colour);
            ui.add(Label::new(words).wrap().selectable(true));
        }
        let words = RichText::new(cx.tr("models-verify-damaged-hint"));
        ui.add(Label::new(words.small().color(colour)).wrap());
    });
}

fn cached_ui(ui: &mut Ui, cx: &Cx<'_>, cached: &CachedRepo, actions: &mut Vec<Action>) {
    let name = RichText::new(&cached.repo).text_style(egui::TextStyle::Heading);
    ui.add(Label::new(name).wrap().selectable(true));
    let values = [
        ("size", words::size(cx, cached.bytes).into()),
        ("count", cached.files.into()),
    ];
    hint(ui, cx.tokens, cx.text("models-cached-facts", &values));
    let words = RichText::new(cx.tr("models-cached-about")).text_style(theme::title_style());
    ui.add_space(space::XS);
    ui.add(Label::new(words.size(14.0).color(cx.tokens.text_weak)).wrap());
    ui.add_space(space::XS);
    let label = cx.tr("models-import");
    let size = vec2(128.0, 30.0);
    let button = primary_button(ui, cx.tokens, &label, "", size, true);
    let button = button.accessible_name(cx.tr("models-import-this"));
    if button
        .on_hover_text(cx.tr("models-import-this-tip"))
        .clicked()
    {
        actions.push(list::import(cached));
    }
    ui.separator();
    facts::place_ui(ui, cx, &cached.folder, actions);
}
