//! The rail on the left: pages above, settings and About below.

use super::Cx;
use crate::app::command::Command;
use crate::app::state::{Action, Dialog, Page};
use crate::app::theme::space;
use crate::app::widgets::{Icon, paint_icon};
use eframe::egui;
use egui::{
    Align2, CornerRadius, FontId, Image, Rect, Sense, Ui, WidgetInfo, load::SizedTexture, pos2,
    vec2,
};

/// Width of the rail.
pub const WIDTH: f32 = 76.0;

/// Draws the rail.
pub fn rail_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = space::XS;
    ui.vertical_centered(|ui| {
        ui.add_space(space::XS);
        let icon = SizedTexture::new(cx.art.icon.id(), vec2(44.0, 44.0));
        ui.add(Image::new(icon).alt_text(cx.tr("app-title")));
        ui.add_space(space::M);
        for (icon, label, command, page) in [
            (Icon::Ask, "rail-ask", Command::AskPage, Page::Ask),
            (
                Icon::Gallery,
                "rail-gallery",
                Command::GalleryPage,
                Page::Gallery,
            ),
            (
                Icon::Dataset,
                "rail-dataset",
                Command::DatasetPage,
                Page::Dataset,
            ),
            (Icon::Vote, "rail-vote", Command::VotePage, Page::Vote),
            (
                Icon::Evaluate,
                "rail-evaluate",
                Command::EvaluatePage,
                Page::Evaluate,
            ),
            (Icon::Train, "rail-train", Command::TrainPage, Page::Train),
            (
                Icon::Models,
                "rail-models",
                Command::ModelsPage,
                Page::Models,
            ),
        ] {
            let active = cx.state.dialog.is_none() && cx.state.page == page;
            place_ui(ui, cx, (icon, label, command), active, actions);
        }
    });
    ui.with_layout(egui::Layout::bottom_up(egui::Align::Center), |ui| {
        ui.add_space(space::S);
        for (icon, label, command, dialog) in [
            (Icon::About, "rail-about", Command::About, Dialog::About),
            (
                Icon::Settings,
                "rail-settings",
                Command::Settings,
                Dialog::Settings,
            ),
        ] {
            let active = cx.state.dialog == Some(dialog);
            place_ui(ui, cx, (icon, label, command), active, actions);
        }
    });
}

/// Somewhere to go, with its keys in the tooltip.
fn place_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    (icon, label, command): (Icon, &'static str, Command),
    active: bool,
    actions: &mut Vec<Action>,
) {
    let response = item(ui, cx, icon, &cx.tr(label), active);
    let keys = command
        .shortcut()
        .map(|keys| ui.ctx().format_shortcut(&keys))
        .unwrap_or_default();
    let tip = format!("{} ({keys})", cx.tr(command.tip()));
    if response.on_hover_text(tip).clicked() {
        actions.extend(command.action(cx.state));
    }
}

/// An icon with its name below.
fn item(ui: &mut Ui, cx: &Cx<'_>, icon: Icon, label: &str, active: bool) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(WIDTH - 16.0, 56.0), Sense::click());
    let (fill, colour) = if active {
        (Some(cx.tokens.accent_soft), cx.tokens.on_accent_soft)
    } else if response.hovered() || response.has_focus() {
        (Some(cx.tokens.control), cx.tokens.text)
    } else {
        (None, cx.tokens.text_weak)
    };
    let painter = ui.painter();
    if let Some(fill) = fill {
        painter.rect_filled(rect, CornerRadius::same(12), fill);
    }
    let place = Rect::from_center_size(rect.center() - vec2(0.0, 9.0), vec2(22.0, 22.0));
    paint_icon(painter, icon, place, colour);
    painter.text(
        pos2(rect.center().x, rect.bottom() - 13.0),
        Align2::CENTER_CENTER,
        label,
        FontId::proportional(12.0),
        colour,
    );
    response
        .widget_info(|| WidgetInfo::selected(egui::Role::Button, ui.is_enabled(), active, label));
    response
}
