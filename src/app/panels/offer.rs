//! A picture of this program was opened: its settings, or the picture itself? A small card that waits
//! without being in the way.

use super::Cx;
use super::ask::mode_texts;
use crate::app::state::{Action, Offer, OfferChoice};
use crate::app::theme::{self, CONTROL_RADIUS, space};
use crate::app::widgets::{Icon, Slot, fit, hint, icon_button, paint_picture, primary_button};
use eframe::egui;
use egui::{
    Align2, Area, Button, CornerRadius, Frame, Id, Label, Margin, RichText, Sense, Stroke, Ui, vec2,
};

const WIDTH: f32 = 480.0;
/// Side of the small picture.
const PICTURE: f32 = 84.0;

/// Draws the card while there is a choice to make.
pub fn offer_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let Some(offer) = &cx.state.offer else {
        return;
    };
    Area::new(Id::unique("offer"))
        .anchor(Align2::CENTER_TOP, vec2(0.0, space::L))
        .role(egui::Role::Alert)
        .show(ctx, |ui| {
            Frame::new()
                .fill(cx.tokens.card)
                .stroke(Stroke::new(1.0, cx.tokens.accent.gamma_multiply(0.5)))
                .corner_radius(CornerRadius::same(12))
                .shadow(theme::shadow(cx.tokens))
                .inner_margin(Margin::same(space::M as i8))
                .show(ui, |ui| {
                    ui.set_width(WIDTH);
                    ui.horizontal_top(|ui| {
                        ui.spacing_mut().item_spacing.x = space::M;
                        picture_ui(ui, cx, offer);
                        ui.vertical(|ui| words_ui(ui, cx, offer, actions));
                    });
                });
        });
}

fn picture_ui(ui: &mut Ui, cx: &Cx<'_>, offer: &Offer) {
    let (rect, response) = ui.allocate_exact_size(vec2(PICTURE, PICTURE), Sense::hover());
    let radius = CornerRadius::same(CONTROL_RADIUS);
    ui.painter().rect_filled(rect, radius, cx.tokens.well);
    let picture = &offer.picture.display;
    let mut pictures = cx.pictures.borrow_mut();
    let texture = pictures.texture(ui.ctx(), Slot::Offer, picture);
    let size = vec2(picture.width() as f32, picture.height() as f32);
    paint_picture(ui.painter(), &texture, fit(size, rect), CONTROL_RADIUS);
    let label = cx.tr("offer-picture");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, label.as_ref()));
}

fn words_ui(ui: &mut Ui, cx: &Cx<'_>, offer: &Offer, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing = vec2(space::S, space::XS);
    ui.horizontal(|ui| {
        let heading = RichText::new(cx.tr("offer-title")).text_style(theme::title_style());
        ui.add(Label::new(heading));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.visuals_mut().widgets.inactive.weak_bg_fill = egui::Color32::TRANSPARENT;
            if icon_button(ui, Icon::Close, &cx.tr("offer-nothing"), 24.0).clicked() {
                actions.push(Action::TakeOffer(OfferChoice::Nothing));
            }
        });
    });
    let recalled = &offer.recalled;
    if let Some(first) = recalled.requests.first() {
        ui.add(Label::new(&first.question).truncate());
        let modes: Vec<String> = recalled
            .requests
            .iter()
            .map(|request| cx.tr(mode_texts(request.mode).0).into_owned())
            .collect();
        let values = [
            ("modes", cx.list(&modes).into()),
            ("seed", first.seed.to_string().into()),
            ("steps", first.steps.into()),
        ];
        hint(ui, cx.tokens, cx.text("offer-facts", &values));
    }
    for left_out in left_out(cx, offer) {
        let words = RichText::new(left_out).small().color(cx.tokens.warning);
        ui.add(Label::new(words).wrap());
    }
    ui.add_space(space::XS);
    ui.horizontal(|ui| {
        let text = cx.tr("offer-settings");
        let size = vec2(0.0, 30.0);
        let settings = primary_button(ui, cx.tokens, &text, "", size, true);
        let settings = settings.accessible_name(text.as_ref());
        if settings
            .on_hover_text(cx.tr("offer-settings-tip"))
            .clicked()
        {
            actions.push(Action::TakeOffer(OfferChoice::Settings));
        }
        let frame = Button::new(cx.tr("offer-frame")).min_size(size);
        let frame = ui.add(frame).on_hover_text(cx.tr("offer-frame-tip"));
        if frame.clicked() {
            actions.push(Action::TakeOffer(OfferChoice::Frame));
        }
    });
}

/// What the settings in the form will not say.
fn left_out(cx: &Cx<'_>, offer: &Offer) -> Vec<String> {
    let mut lines = Vec::new();
    let recalled = &offer.recalled;
    if !recalled.unknown.is_empty() {
        let names = cx.list(&recalled.unknown);
        lines.push(cx.text("offer-unknown", &[("names", names.into())]));
    }
    if recalled
        .requests
        .iter()
        .any(|request| request.branch.is_some())
    {
        lines.push(cx.tr("offer-branch").into_owned());
    }
    if let Some(answer) = recalled.requests.iter().find_map(|r| r.answer.as_deref()) {
        lines.push(cx.text("offer-answer", &[("answer", answer.into())]));
    }
    lines
}
