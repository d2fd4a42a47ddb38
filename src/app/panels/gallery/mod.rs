//! The Gallery page: every kept run as a card, what to look for above, and the selected ones in
//! detail on the right.

mod cards;
mod details;
mod table;
mod toolbar;

use super::Cx;
use super::ask::{message_next_ui, message_ui, problem_ui};
use crate::app::state::{Action, GalleryAction, Page};
use crate::app::theme::space;
use crate::app::widgets::{Wheel, main_pane, right_pane};
use eframe::egui;
use egui::{Key, Modifiers, Rect, Ui};

/// The view states of the page.
#[derive(Default)]
pub struct GalleryPage {
    cards: cards::CardsPanel,
    details: details::DetailsPanel,
}

impl GalleryPage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let gallery = &cx.state.gallery;
        let room = ui.available_rect_before_wrap();
        if !cx.state.keeps_runs {
            let (heading, hint) = (cx.tr("gallery-off"), cx.tr("preferences-places-none"));
            message_ui(ui, cx, room, &cx.art.sad_cat, &heading, &hint);
            return;
        }
        if let Some(problem) = &gallery.off {
            return problem_ui(ui, cx, room, &cx.tr("gallery-off"), problem);
        }
        let Some(runs) = &gallery.runs else {
            loading_ui(ui, cx, room);
            return;
        };
        if runs.is_empty() {
            let (heading, hint) = (cx.tr("gallery-empty"), cx.tr("gallery-empty-hint"));
            let words = (heading.as_ref(), hint.as_ref());
            if message_next_ui(ui, cx, room, &cx.art.cat, words, &cx.tr("gallery-ask")) {
                actions.push(Action::ShowPage(Page::Ask));
            }
            return;
        }
        let width = ui.available_width();
        right_pane("gallery-right", (width * 0.3).clamp(320.0, 480.0), space::M)
            .show(ui, |ui| self.details.ui(ui, cx, actions));
        main_pane(space::M).show(ui, |ui| {
            toolbar::toolbar_ui(ui, cx, actions);
            ui.add_space(space::M);
            self.arrows(ui.ctx(), cx, actions);
            self.cards.ui(ui, cx, actions);
        });
    }

    /// The arrow keys move the cursor, unless a field has the focus.
    fn arrows(&mut self, ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        if cx.state.dialog.is_some() || ctx.memory(|memory| memory.focused().is_some()) {
            return;
        }
        let per_row = self.cards.per_row() as isize;
        for (key, by) in [
            (Key::ArrowLeft, -1),
            (Key::ArrowRight, 1),
            (Key::ArrowUp, -per_row),
            (Key::ArrowDown, per_row),
        ] {
            if ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
                actions.push(Action::Gallery(GalleryAction::Move(by)));
                self.cards.follow();
            }
        }
    }
}

fn loading_ui(ui: &mut Ui, cx: &Cx<'_>, room: Rect) {
    let place = Rect::from_center_size(room.center(), egui::vec2(28.0, 28.0));
    Wheel::new().paint_at(ui, place);
    let response = ui.interact(room, ui.scope_id().with("loading"), egui::Sense::hover());
    let label = cx.tr("gallery-loading");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Status, true, label.as_ref()));
}
