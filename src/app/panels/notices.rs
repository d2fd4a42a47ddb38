//! Messages that pass, above the status bar. Good news leaves by itself; trouble stays until it is
//! dismissed.

use super::Cx;
use crate::app::state::{
    Action, CareAction, GalleryAction, LibraryAction, Notice, NoticeId, NoticeKind, QueueAction,
};
use crate::app::theme::{self, space};
use crate::app::widgets::{Icon, icon_button};
use crate::job::{FrameFacts, Problem};
use eframe::egui;
use egui::{Align2, Area, CornerRadius, Frame, Id, Margin, RichText, Stroke, vec2};
use std::collections::HashMap;
use std::time::Duration;

/// How long good news stays, in seconds.
const STAY_SECS: f64 = 5.0;

/// Remembers since when each notice is on screen.
#[derive(Default)]
pub struct Notices {
    since: HashMap<NoticeId, f64>,
}

impl Notices {
    /// Draws the notices.
    pub fn ui(&mut self, ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let now = ctx.time();
        let alive = &cx.state.notices;
        self.since
            .retain(|id, _| alive.iter().any(|notice| notice.id == *id));
        if alive.is_empty() {
            return;
        }
        for notice in alive {
            let since = *self.since.entry(notice.id).or_insert(now);
            let passes = matches!(
                notice.kind,
                NoticeKind::Saved(_)
                    | NoticeKind::Copied
                    | NoticeKind::RunReady(..)
                    | NoticeKind::Downloaded(..)
                    | NoticeKind::Imported(..)
                    | NoticeKind::Promoted(..)
                    | NoticeKind::LoraWritten(..)
            );
            if passes {
                let left = STAY_SECS - (now - since);
                if left <= 0.0 {
                    actions.push(Action::Dismiss(notice.id));
                } else {
                    ctx.request_repaint_after(Duration::from_secs_f64(left));
                }
            }
        }
        Area::new(Id::unique("notices"))
            .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -46.0))
            .role(egui::Role::Alert)
            .show(ctx, |ui| {
                for notice in alive {
                    notice_ui(ui, cx, notice, actions);
                }
            });
    }
}

/// What to do about a problem, and the file, in lines of their own.
fn more_of(cx: &Cx<'_>, problem: &Problem) -> Option<String> {
    let more = cx.more(problem);
    (!more.is_empty()).then(|| more.join("\n"))
}

/// Which frame is missing, as far as it is known.
fn frame_missing(cx: &Cx<'_>, facts: &FrameFacts) -> String {
    match &facts.name {
        Some(name) => {
            let values = [
                ("name", name.as_str().into()),
                ("width", (facts.width as usize).into()),
                ("height", (facts.height as usize).into()),
            ];
            cx.text("notice-frame-missing", &values)
        }
        None => cx.tr("notice-frame-missing-unnamed").into_owned(),
    }
}

fn notice_ui(ui: &mut egui::Ui, cx: &Cx<'_>, notice: &Notice, actions: &mut Vec<Action>) {
    let tokens = cx.tokens;
    let path = |path: &std::path::Path| path.display().to_string();
    let (fill, colour, text, more) = match &notice.kind {
        NoticeKind::Saved(to) => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.text("notice-saved", &[("path", path(to).into())]),
            None,
        ),
        NoticeKind::Copied => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.tr("notice-copied").into_owned(),
            None,
        ),
        NoticeKind::SettingsBroken(aside) => (
            tokens.warning_soft,
            tokens.warning,
            cx.text("notice-settings-broken", &[("path", path(aside).into())]),
            None,
        ),
        NoticeKind::SessionBroken(aside) => (
            tokens.warning_soft,
            tokens.warning,
            cx.text("notice-session-broken", &[("path", path(aside).into())]),
            None,
        ),
        NoticeKind::RunsBroken(aside) => (
            tokens.warning_soft,
            tokens.warning,
            cx.text("notice-runs-broken", &[("path", path(aside).into())]),
            None,
        ),
        NoticeKind::QueueReturned(count) => (
            tokens.warning_soft,
            tokens.warning,
            cx.text("notice-queue-returned", &[("count", (*count).into())]),
            None,
        ),
        NoticeKind::RunReady(_, question) => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.text(
                "notice-run-ready",
                &[("question", question.as_str().into())],
            ),
            None,
        ),
        NoticeKind::Trouble(problem) | NoticeKind::FrameFailed(problem) => (
            tokens.error_soft,
            tokens.error,
            cx.message(problem).into_owned(),
            more_of(cx, problem),
        ),
        NoticeKind::RunsDeleted(keys) => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.text("notice-runs-deleted", &[("count", keys.len().into())]),
            None,
        ),
        NoticeKind::Imported(name, folder) => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.text("notice-imported", &[("name", name.as_str().into())]),
            Some(path(folder)),
        ),
        NoticeKind::Promoted(folder, step) => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.text("notice-promoted", &[("step", step.to_string().into())]),
            Some(path(folder)),
        ),
        NoticeKind::LoraWritten(file, step) => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.text("notice-lora", &[("step", step.to_string().into())]),
            Some(path(file)),
        ),
        NoticeKind::Downloaded(what, folder) => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.text("notice-downloaded", &[("what", what.as_str().into())]),
            Some(path(folder)),
        ),
        NoticeKind::BundleDeleted(deleted) => {
            let name = deleted.folder.file_name().unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            (
                tokens.accent_soft,
                tokens.on_accent_soft,
                cx.text("notice-bundle-deleted", &[("name", name.into())]),
                Some(cx.tr("notice-bundle-deleted-hint").into_owned()),
            )
        }
        NoticeKind::SettingsImported(_) => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.tr("notice-settings-imported").into_owned(),
            None,
        ),
        NoticeKind::SettingsReset(_) => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.tr("notice-settings-reset").into_owned(),
            None,
        ),
        NoticeKind::NotRecalled(problem) => (
            tokens.warning_soft,
            tokens.warning,
            format!("{} {}", cx.tr("notice-not-recalled"), cx.message(problem)),
            more_of(cx, problem),
        ),
        NoticeKind::EditsRecovered(count) => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.text("notice-edits-recovered", &[("count", (*count).into())]),
            None,
        ),
        NoticeKind::PatchApplied(count) => (
            tokens.accent_soft,
            tokens.on_accent_soft,
            cx.text("notice-patch-applied", &[("count", (*count).into())]),
            None,
        ),
        NoticeKind::FrameMissing(facts) => (
            tokens.warning_soft,
            tokens.warning,
            frame_missing(cx, facts),
            Some(cx.tr("notice-frame-missing-hint").into_owned()),
        ),
    };
    Frame::new()
        .fill(fill)
        .stroke(Stroke::new(1.0, colour.gamma_multiply(0.35)))
        .corner_radius(CornerRadius::same(10))
        .shadow(theme::shadow(tokens))
        .inner_margin(Margin::symmetric(space::L as i8, 10))
        .show(ui, |ui| {
            ui.set_max_width(560.0);
            ui.horizontal(|ui| {
                ui.vertical(|ui| {
                    ui.set_max_width(500.0);
                    ui.spacing_mut().item_spacing.y = 2.0;
                    ui.add(egui::Label::new(RichText::new(text).color(colour)).selectable(true));
                    if let Some(more) = more {
                        let more = RichText::new(more).small().color(colour);
                        ui.add(egui::Label::new(more).selectable(true));
                    }
                    answers_ui(ui, cx, notice, actions);
                });
                let restore = match &notice.kind {
                    NoticeKind::RunsDeleted(keys) => {
                        Some(Action::Gallery(GalleryAction::Restore(keys.clone())))
                    }
                    NoticeKind::SettingsImported(before) | NoticeKind::SettingsReset(before) => {
                        Some(CareAction::TakeBack(before.clone()).into())
                    }
                    NoticeKind::BundleDeleted(deleted) => {
                        Some(Action::Library(LibraryAction::Restore(deleted.clone())))
                    }
                    _ => None,
                };
                if let Some(restore) = restore
                    && ui.button(cx.tr("notice-undo")).clicked()
                {
                    actions.extend([restore, Action::Dismiss(notice.id)]);
                }
                ui.visuals_mut().widgets.inactive.weak_bg_fill = egui::Color32::TRANSPARENT;
                if icon_button(ui, Icon::Close, &cx.tr("notice-dismiss"), 24.0).clicked() {
                    actions.push(Action::Dismiss(notice.id));
                }
            });
        });
}

/// What a person may do about a notice at once.
fn answers_ui(ui: &mut egui::Ui, cx: &Cx<'_>, notice: &Notice, actions: &mut Vec<Action>) {
    let answers: &[(&'static str, &'static str, QueueAction)] = match &notice.kind {
        NoticeKind::QueueReturned(_) => &[
            (
                "queue-continue",
                "notice-continue-tip",
                QueueAction::Hold(false),
            ),
            (
                "notice-discard",
                "notice-discard-tip",
                QueueAction::CancelAll,
            ),
            ("notice-look", "notice-look-tip", QueueAction::Open(true)),
        ],
        NoticeKind::RunReady(run, _) => {
            &[("notice-show", "queue-row-tip", QueueAction::Show(*run))]
        }
        _ => return,
    };
    ui.add_space(space::XS);
    ui.horizontal(|ui| {
        for (label, tip, action) in answers {
            if ui.button(cx.tr(label)).on_hover_text(cx.tr(tip)).clicked() {
                actions.push(Action::Queue(action.clone()));
            }
        }
    });
}
