//! The tour: one control after the other stays bright, and a card beside it says what it is for. The
//! controls stay in use meanwhile.

use super::{Cx, Spots};
use crate::app::state::{Action, AppState, GuideAction, Page, Stop};
use crate::app::theme::{self, CARD_RADIUS, space};
use crate::app::widgets::{hint, primary_button, title};
use eframe::egui;
use egui::{
    Align, Area, CornerRadius, Frame, Id, Key, LayerId, Layout, Margin, Modifiers, Order, Rect,
    Stroke, StrokeKind, Vec2, pos2, vec2,
};

/// Width of the card.
const WIDTH: f32 = 330.0;
/// Height that the card surely has room in.
const HEIGHT: f32 = 190.0;
/// Room between a control and the card.
const GAP: f32 = 14.0;

/// The keys of the tour, taken before anybody else sees them.
pub fn keys(ctx: &egui::Context, state: &AppState) -> Option<Action> {
    let shown = state.guide.stop.is_some() && state.dialog.is_none();
    let pressed = shown && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    pressed.then(|| GuideAction::Leave.into())
}

/// Draws the stop where the tour is.
pub fn tour_ui(ctx: &egui::Context, cx: &Cx<'_>, spots: &Spots, actions: &mut Vec<Action>) {
    let Some(stop) = cx.state.guide.stop else {
        return;
    };
    // A dialog or another page comes between; the tour waits.
    if cx.state.dialog.is_some() || cx.state.page != Page::Ask {
        return;
    }
    let screen = ctx.content_rect();
    let spot = spots
        .of(stop)
        .map(|rect| rect.expand(6.0).intersect(screen));
    let painter = ctx.layer_painter(LayerId::new(Order::Middle, Id::unique("tour-shade")));
    match spot {
        Some(spot) => {
            let around = [
                Rect::from_min_max(screen.min, pos2(screen.right(), spot.top())),
                Rect::from_min_max(pos2(screen.left(), spot.bottom()), screen.max),
                Rect::from_min_max(
                    pos2(screen.left(), spot.top()),
                    pos2(spot.left(), spot.bottom()),
                ),
                Rect::from_min_max(
                    pos2(spot.right(), spot.top()),
                    pos2(screen.right(), spot.bottom()),
                ),
            ];
            for part in around {
                painter.rect_filled(part, CornerRadius::ZERO, cx.tokens.backdrop);
            }
            let line = Stroke::new(2.5, cx.tokens.accent);
            // Nearly square, as the shade around it is.
            let radius = CornerRadius::same(4);
            painter.rect_stroke(spot, radius, line, StrokeKind::Outside);
        }
        None => {
            painter.rect_filled(screen, CornerRadius::ZERO, cx.tokens.backdrop);
        }
    }
    let place = card_place(screen, spot);
    Area::new(Id::unique("tour"))
        .order(Order::Foreground)
        .fixed_pos(place.min)
        .role(egui::Role::Dialog)
        .show(ctx, |ui| card_ui(ui, cx, stop, place.width(), actions));
}

/// Brings the control of a stop into view when the tour comes to it, in a window that scrolls over its page.
pub fn follow_stop(ui: &egui::Ui, cx: &Cx<'_>) {
    let key = Id::unique("tour-followed");
    let stop = cx.state.guide.stop;
    if ui.data(|data| data.get_temp(key)) == Some(stop) {
        return;
    }
    let spot = stop.and_then(|stop| cx.spots.borrow().of(stop));
    if stop.is_some() && spot.is_none() {
        // It is not drawn yet.
        return;
    }
    ui.data_mut(|data| data.insert_temp(key, stop));
    let hidden = spot.filter(|spot| !ui.clip_rect().contains_rect(*spot));
    if let Some(spot) = hidden {
        ui.scroll_to_rect(spot.expand(8.0), None);
    }
}

/// Where the card is: at the side of the control that has room for it, else in its middle.
fn card_place(screen: Rect, spot: Option<Rect>) -> Rect {
    let size = vec2(WIDTH.min(screen.width() - 2.0 * GAP), HEIGHT);
    let Some(spot) = spot else {
        return Rect::from_center_size(screen.center(), size);
    };
    let top = spot
        .top()
        .clamp(screen.top() + GAP, screen.bottom() - size.y - GAP);
    let left = spot
        .left()
        .clamp(screen.left() + GAP, screen.right() - size.x - GAP);
    let places = [
        pos2(spot.right() + GAP, top),
        pos2(spot.left() - GAP - size.x, top),
        pos2(left, spot.bottom() + GAP),
        pos2(left, spot.top() - GAP - size.y),
    ];
    let mut places = places
        .map(|place| Rect::from_min_size(place, size))
        .into_iter();
    let fits = places.find(|place| screen.contains_rect(*place));
    fits.unwrap_or_else(|| {
        let middle = spot.center() - 0.5 * size;
        let last = (screen.max - size - Vec2::splat(GAP)).max(screen.min);
        Rect::from_min_size(middle.clamp(screen.min, last), size)
    })
}

fn card_ui(ui: &mut egui::Ui, cx: &Cx<'_>, stop: Stop, width: f32, actions: &mut Vec<Action>) {
    let (heading, text) = match stop {
        Stop::Frame => ("tour-frame", "tour-frame-text"),
        Stop::Question => ("tour-question", "tour-question-text"),
        Stop::Modes => ("tour-modes", "tour-modes-text"),
        Stop::Draw => ("tour-draw", "tour-draw-text"),
        Stop::Answers => ("tour-answers", "tour-answers-text"),
    };
    Frame::new()
        .fill(cx.tokens.panel)
        .stroke(Stroke::new(1.0, cx.tokens.card_border))
        .corner_radius(CornerRadius::same(CARD_RADIUS))
        .shadow(theme::shadow(cx.tokens))
        .inner_margin(Margin::same(space::L as i8))
        .show(ui, |ui| {
            ui.set_width(width - 2.0 * space::L);
            title(ui, &cx.tr(heading));
            ui.label(cx.tr(text));
            ui.add_space(space::M);
            ui.horizontal(|ui| {
                let values = [
                    ("place", (stop.place() + 1).into()),
                    ("count", Stop::ALL.len().into()),
                ];
                hint(ui, cx.tokens, cx.text("tour-place", &values));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let last = stop.step(1).is_none();
                    let label = cx.tr(if last { "tour-done" } else { "tour-next" });
                    let next = primary_button(ui, cx.tokens, &label, "", vec2(0.0, 30.0), true);
                    if next.clicked() {
                        actions.push(GuideAction::Step(1).into());
                    }
                    if stop.place() > 0 && ui.button(cx.tr("tour-back")).clicked() {
                        actions.push(GuideAction::Step(-1).into());
                    }
                    if !last {
                        let skip = ui.button(cx.tr("tour-skip"));
                        if skip.on_hover_text(cx.tr("tour-skip-tip")).clicked() {
                            actions.push(GuideAction::Leave.into());
                        }
                    }
                });
            });
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_stays_on_screen_and_beside_its_control() {
        let screen = Rect::from_min_size(pos2(0.0, 0.0), vec2(1280.0, 800.0));
        for spot in [
            Rect::from_min_max(pos2(90.0, 16.0), pos2(400.0, 380.0)),
            Rect::from_min_max(pos2(420.0, 20.0), pos2(900.0, 60.0)),
            Rect::from_min_max(pos2(900.0, 700.0), pos2(1270.0, 790.0)),
        ] {
            let card = card_place(screen, Some(spot));
            assert!(screen.contains_rect(card), "{card:?}");
            assert!(!card.intersects(spot), "{card:?} is over {spot:?}");
        }
        let all = card_place(screen, Some(screen));
        assert!(screen.contains_rect(all));
        let small = Rect::from_min_size(pos2(0.0, 0.0), vec2(512.0, 320.0));
        assert!(small.contains_rect(card_place(small, None)));
    }
}
