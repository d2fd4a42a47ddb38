//! Everything the window shows, from back to front.

use super::LgdApp;
use super::panels::{self, Cx};
use super::state::{Action, Dialog, Page};
use super::theme::{Tokens, space};
use super::widgets::follow_focus_in;
use eframe::egui;
use egui::{CentralPanel, Frame, Margin, Panel, Rect, ScrollArea, UiBuilder, vec2};

/// Room that every page needs, in points.
const LEAST_ROOM: egui::Vec2 = vec2(1240.0, 700.0);

impl LgdApp {
    pub(super) fn draw(&mut self, ui: &mut egui::Ui, actions: &mut Vec<Action>) {
        let ctx = ui.ctx().clone();
        let Self {
            state,
            texts,
            theme,
            art,
            pictures,
            look,
            ask,
            conference,
            gallery,
            dataset,
            models,
            evaluate,
            vote,
            train,
            log,
            help,
            spots,
            notices,
            palette,
            places,
            ring,
            ..
        } = self;
        let tokens = theme.tokens(&ctx);
        let cx = Cx {
            state,
            texts,
            tokens,
            pictures,
            look,
            art,
            spots,
            places: places.as_ref(),
        };
        spots.borrow_mut().clear();
        if let Some(shown) = &cx.state.conference {
            conference.ui(ui, &cx, shown, actions);
            return;
        }
        roomy(ui, tokens, |ui| {
            let side = Frame::new().fill(tokens.panel);
            // The keyboard goes from the rail over the page to the bar, so that is drawn last.
            let whole = ui.available_rect_before_wrap();
            // Between page and bar stands a line of nothing, a pixel high.
            ui.painter().rect_filled(whole, 0.0, tokens.panel);
            let (above, bar) = whole.split_top_bottom_at_y(whole.bottom() - panels::STATUS_HEIGHT);
            ui.scope_builder(UiBuilder::new().max_rect(above), |ui| {
                Panel::left("rail")
                    .resizable(false)
                    .exact_size(panels::RAIL_WIDTH)
                    .frame(side.inner_margin(Margin::symmetric(0, space::M as i8)))
                    .show(ui, |ui| panels::rail_ui(ui, &cx, actions));
                CentralPanel::default()
                    .frame(Frame::new().fill(tokens.background))
                    .show(ui, |ui| match cx.state.page {
                        Page::Ask => ask.ui(ui, &cx, actions),
                        Page::Gallery => gallery.ui(ui, &cx, actions),
                        Page::Vote => vote.ui(ui, &cx, actions),
                        Page::Evaluate => evaluate.ui(ui, &cx, actions),
                        Page::Train => train.ui(ui, &cx, actions),
                        Page::Dataset => dataset.ui(ui, &cx, actions),
                        Page::Models => models.ui(ui, &cx, actions),
                        Page::Log => log.ui(ui, &cx, actions),
                        Page::Help => help.ui(ui, &cx, actions),
                    });
            });
            ui.scope_builder(UiBuilder::new().max_rect(bar), |ui| {
                Panel::bottom("status")
                    .exact_size(panels::STATUS_HEIGHT)
                    .frame(side.inner_margin(Margin::symmetric(space::L as i8, 0)))
                    .show(ui, |ui| panels::status_bar_ui(ui, &cx, actions));
            });
            panels::follow_stop(ui, &cx);
        });
        match cx.state.dialog {
            Some(Dialog::Settings) => panels::preferences_ui(&ctx, &cx, actions),
            Some(Dialog::About) => panels::about_ui(&ctx, &cx, actions),
            Some(Dialog::Palette) => palette.ui(&ctx, &cx, actions),
            Some(Dialog::Hub) => models.hub_ui(&ctx, &cx, actions),
            Some(Dialog::Import) => models.import_ui(&ctx, &cx, actions),
            Some(Dialog::Network) => panels::network_ui(&ctx, &cx, actions),
            Some(Dialog::Grid) => panels::grid_setup_ui(&ctx, &cx, actions),
            Some(Dialog::Story) => panels::story_ui(&ctx, &cx, actions),
            Some(Dialog::Welcome) => panels::welcome_ui(&ctx, &cx, actions),
            Some(Dialog::LastEnd) => panels::last_end_ui(&ctx, &cx, actions),
            Some(Dialog::Package) => panels::package_ui(&ctx, &cx, actions),
            Some(Dialog::Doctor) => panels::doctor_ui(&ctx, &cx, actions),
            Some(Dialog::ImportSettings) => panels::exchange_ui(&ctx, &cx, actions),
            Some(Dialog::Quit) => panels::quit_ui(&ctx, &cx, actions),
            None => {}
        }
        panels::tour_ui(&ctx, &cx, &spots.borrow(), actions);
        panels::queue_ui(&ctx, &cx, actions);
        panels::offer_ui(&ctx, &cx, actions);
        panels::exporting_ui(&ctx, &cx, actions);
        notices.ui(&ctx, &cx, actions);
        panels::drop_overlay_ui(&ctx, &cx);
        ring.ui(&ctx, tokens);
    }
}

/// Draws where a page has room: in a window that is smaller than pages can be, as with a very large
/// interface, they keep their size and the window scrolls over them.
fn roomy(ui: &mut egui::Ui, tokens: &Tokens, add: impl FnOnce(&mut egui::Ui)) {
    let room = ui.available_size();
    if room.x >= LEAST_ROOM.x && room.y >= LEAST_ROOM.y {
        return add(ui);
    }
    // The bars stand beside the page, on nothing.
    ui.painter()
        .rect_filled(ui.max_rect(), 0.0, tokens.background);
    ScrollArea::both()
        .id_salt("window")
        .auto_shrink(false)
        .show(ui, |ui| {
            let page = Rect::from_min_size(ui.min_rect().min, room.max(LEAST_ROOM));
            follow_focus_in(ui, page);
            ui.scope_builder(UiBuilder::new().max_rect(page), |ui| {
                ui.set_min_size(page.size());
                add(ui);
            });
        });
}
