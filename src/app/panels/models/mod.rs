//! The Models page: every bundle known here as a row, and the selected one in detail on the right.

mod details;
mod facts;
mod files;
mod going;
mod hub;
mod import;
mod list;
mod words;

pub use details::{strip, trouble_ui};
pub use words::{size, time_left};

use super::Cx;
use super::ask::message_ui;
use crate::app::state::{Action, Dialog, LibraryAction, Shelved};
use crate::app::theme::space;
use crate::app::widgets::{Icon, Wheel, hint, icon_button};
use crate::app::widgets::{main_pane, right_pane};
use eframe::egui;
use egui::{Align, Button, Layout, Rect, Ui, WidgetInfo, vec2};

/// The view states of the page.
#[derive(Default)]
pub struct ModelsPage {
    details: details::DetailsPanel,
    hub: hub::HubDialog,
    import: import::ImportDialog,
}

impl ModelsPage {
    /// Draws the dialog for imports.
    pub fn import_ui(&mut self, ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        self.import.ui(ctx, cx, actions);
    }

    /// Draws the dialog for downloads.
    pub fn hub_ui(&mut self, ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        self.hub.ui(ctx, cx, actions);
    }

    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let width = ui.available_width();
        right_pane("models-right", (width * 0.38).clamp(380.0, 620.0), space::L)
            .show(ui, |ui| self.details.ui(ui, cx, actions));
        main_pane(space::L).show(ui, |ui| {
            head_ui(ui, cx, actions);
            ui.add_space(space::M);
            if cx.state.library.bundles.is_none() {
                let room = ui.available_rect_before_wrap();
                loading_ui(ui, cx, room);
                return;
            }
            list::list_ui(ui, cx, actions);
        });
    }
}

/// What the page is, and ways to get more.
fn head_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        ui.heading(cx.tr("models-title"));
        let count = cx.state.library.bundles.as_ref().map_or(0, Vec::len);
        if count > 0 {
            hint(
                ui,
                cx.tokens,
                cx.text("models-count", &[("count", count.into())]),
            );
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let again = ui.add_enabled_ui(!cx.state.library.listing, |ui| {
                icon_button(ui, Icon::Again, &cx.tr("models-refresh"), 30.0)
            });
            let again = again.inner.on_hover_text(cx.tr("models-refresh-tip"));
            if again.clicked() {
                actions.push(Action::Library(LibraryAction::Refresh));
            }
            let download = Button::new(cx.tr("models-download"));
            let download = ui.add_enabled(cx.state.library.hub_cache.is_some(), download);
            let download = download.on_disabled_hover_text(cx.tr("models-no-cache"));
            if download
                .on_hover_text(cx.tr("models-download-tip"))
                .clicked()
            {
                actions.push(Action::ShowDialog(Dialog::Hub));
            }
            let import = ui.button(cx.tr("models-import"));
            if import.on_hover_text(cx.tr("models-import-tip")).clicked() {
                actions.push(Action::ShowDialog(Dialog::Import));
            }
            let add = ui.button(cx.tr("models-add"));
            if add.on_hover_text(cx.tr("models-add-tip")).clicked() {
                actions.push(Action::Library(LibraryAction::PickFolder));
            }
        });
    });
}

fn loading_ui(ui: &mut Ui, cx: &Cx<'_>, room: Rect) {
    let place = Rect::from_center_size(room.center(), vec2(28.0, 28.0));
    Wheel::new().paint_at(ui, place);
    let response = ui.interact(room, ui.scope_id().with("loading"), egui::Sense::hover());
    let label = cx.tr("models-loading");
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Status, true, label.as_ref()));
}

/// The actions of files dropped onto the page.
pub fn dropped(ctx: &egui::Context) -> Vec<Action> {
    let files = ctx.input_mut(|input| std::mem::take(&mut input.raw.dropped_files));
    let paths = files.iter().map(|file| file.path().to_owned());
    let paths: Vec<_> = paths.filter(|path| path.is_absolute()).collect();
    if paths.is_empty() {
        return Vec::new();
    }
    vec![Action::Library(LibraryAction::Drop(paths))]
}

/// Nothing is selected.
fn nothing_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let room = ui.available_rect_before_wrap();
    let (heading, hint) = (cx.tr("models-select"), cx.tr("models-select-hint"));
    message_ui(ui, cx, room, &cx.art.mouse, &heading, &hint);
}

/// Selects something.
fn select(shelved: Shelved) -> Action {
    Action::Library(LibraryAction::Select(shelved))
}
