//! Conference mode on the screen: large type, few choices, and nothing that could be broken.

mod answers;
mod choosing;
mod reel;

use super::Cx;
use crate::app::state::{Action, Conference, ConferenceAction, Scene};
use crate::app::theme::{CARD_RADIUS, CONTROL_RADIUS, space};
use crate::app::widgets::{Slot, fit, paint_picture};
use eframe::egui;
use egui::{
    Button, Color32, CornerRadius, Event, Frame, ImeEvent, Key, KeyboardShortcut, Margin,
    Modifiers, Rect, Response, RichText, Sense, Ui, WidgetInfo, pos2, vec2,
};
use image::RgbImage;
use std::sync::Arc;
use std::time::Duration;

/// How often time is looked at, in seconds.
const BEAT: f64 = 0.25;

/// The keys with which the staff ends it.
const LEAVE: KeyboardShortcut =
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::X);

/// View state of conference mode.
#[derive(Default)]
pub struct ConferencePage {
    reel: reel::Reel,
    /// A question in a visitor's own words.
    question: String,
    /// What an input method was composing when it was heard last.
    composed: String,
    beat: f64,
}

/// The only keys that do something beside the widgets.
pub fn keys(ctx: &egui::Context) -> Vec<Action> {
    let leave = ctx.input_mut(|input| input.consume_shortcut(&LEAVE));
    Vec::from_iter(leave.then(|| ConferenceAction::Leave.into()))
}

impl ConferencePage {
    /// Draws what visitors see.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        conference: &Conference,
        actions: &mut Vec<Action>,
    ) {
        self.watch(ui, actions);
        let screen = ui.max_rect();
        let unit = (screen.width() / 1280.0).min(screen.height() / 800.0);
        let unit = unit.clamp(0.7, 4.0);
        Frame::new()
            .fill(cx.tokens.background)
            .inner_margin(Margin::same((space::XL * unit) as i8))
            .show(ui, |ui| {
                ui.set_min_size(ui.available_size());
                ui.spacing_mut().item_spacing = vec2(space::M, space::M) * unit;
                ui.spacing_mut().button_padding = vec2(space::L, space::S) * unit;
                match conference.scene {
                    Scene::Attract => {
                        self.question.clear();
                        self.reel.ui(ui, cx, conference, unit, actions);
                    }
                    Scene::Frames => choosing::frames_ui(ui, cx, unit, actions),
                    Scene::Question => {
                        choosing::question_ui(ui, cx, unit, &mut self.question, actions);
                    }
                    Scene::Drawing => answers::drawing_ui(ui, cx, unit, actions),
                    Scene::Answer(ballot) => {
                        answers::answers_ui(ui, cx, conference, ballot, unit, actions);
                    }
                }
            });
        if let Some(left) = conference.time_left() {
            time_ui(ui, cx, screen, left);
        }
    }

    /// Reports touches and the time.
    fn watch(&mut self, ui: &Ui, actions: &mut Vec<Action>) {
        let composed = &mut self.composed;
        let (now, touched) = ui.input(|input| {
            let touch = |event: &Event| match event {
                // Some systems say the same again and again while nobody is there.
                Event::Ime(ImeEvent::Preedit { text, .. }) => {
                    let changed = text != composed;
                    composed.clone_from(text);
                    changed
                }
                Event::Ime(ImeEvent::Commit(text)) => !text.is_empty(),
                Event::PointerButton { pressed, .. } | Event::Key { pressed, .. } => *pressed,
                Event::Text(_) | Event::Paste(_) | Event::MouseWheel { .. } => true,
                _ => false,
            };
            let touches = input.events.iter().map(touch);
            (input.time, touches.fold(false, |any, touch| any | touch))
        });
        if now - self.beat >= BEAT {
            self.beat = now;
            actions.push(ConferenceAction::Clock(now).into());
        }
        if touched {
            actions.push(ConferenceAction::Touch.into());
        }
        ui.ctx()
            .request_repaint_after(Duration::from_secs_f64(BEAT));
    }
}

/// A line at the lower edge that empties while nobody touches anything.
fn time_ui(ui: &Ui, cx: &Cx<'_>, screen: Rect, left: f32) {
    let height = 4.0;
    let corner = pos2(screen.left(), screen.bottom() - height);
    let line = Rect::from_min_size(corner, vec2(screen.width() * left, height));
    ui.painter()
        .rect_filled(line, CornerRadius::ZERO, cx.tokens.accent);
}

/// A large text.
fn words(text: impl Into<String>, size: f32, colour: Color32) -> RichText {
    RichText::new(text).size(size).color(colour)
}

/// A button that a finger finds.
fn big_button(ui: &mut Ui, cx: &Cx<'_>, text: &str, unit: f32, primary: bool) -> Response {
    wide_button(ui, cx, text, unit, primary, 0.0)
}

/// The same at least `width` points wide.
fn wide_button(
    ui: &mut Ui,
    cx: &Cx<'_>,
    text: &str,
    unit: f32,
    primary: bool,
    width: f32,
) -> Response {
    let colour = if primary {
        cx.tokens.on_accent
    } else {
        cx.tokens.text
    };
    ui.scope(|ui| {
        if primary {
            let widgets = &mut ui.visuals_mut().widgets;
            for (widget, fill) in [
                (&mut widgets.inactive, cx.tokens.accent),
                (&mut widgets.hovered, cx.tokens.accent_hover),
                (&mut widgets.active, cx.tokens.accent_active),
            ] {
                widget.weak_bg_fill = fill;
                widget.bg_fill = fill;
            }
        }
        let radius = CornerRadius::same(CONTROL_RADIUS + 4);
        let button = Button::new(words(text, 19.0 * unit, colour))
            .corner_radius(radius)
            .min_size(vec2(width, 52.0 * unit));
        ui.add(button)
    })
    .inner
}

/// A picture in a row.
struct Shown<'a> {
    slot: Slot,
    picture: Option<&'a Arc<RgbImage>>,
    /// What it is called, above it.
    title: String,
    colour: Color32,
    /// A sentence below it.
    caption: Option<String>,
}

/// Height of a title, and of a caption of two lines, at unit size.
const TITLE: f32 = 30.0;
const CAPTION: f32 = 48.0;

/// Pictures of one size side by side in the middle of `room`; their places come back.
fn row_ui(ui: &mut Ui, cx: &Cx<'_>, room: Rect, unit: f32, row: &[Shown<'_>]) -> Vec<Rect> {
    let gap = space::L * unit;
    let count = row.len().max(1) as f32;
    let width = (room.width() - gap * (count - 1.0)) / count;
    let height = room.height() - (TITLE + CAPTION) * unit;
    let side = width.min(height).max(40.0);
    let left = room.center().x - (side * count + gap * (count - 1.0)) / 2.0;
    let top = room.center().y - (side + (TITLE + CAPTION) * unit) / 2.0;
    let mut places = Vec::new();
    for (index, shown) in row.iter().enumerate() {
        let corner = pos2(left + index as f32 * (side + gap), top + TITLE * unit);
        let well = Rect::from_min_size(corner, vec2(side, side));
        let title = Rect::from_min_max(pos2(well.left(), top), well.right_top());
        let painter = ui.painter();
        painter.text(
            title.left_center(),
            egui::Align2::LEFT_CENTER,
            &shown.title,
            egui::FontId::proportional(17.0 * unit),
            shown.colour,
        );
        painter.rect_filled(well, CornerRadius::same(CARD_RADIUS), cx.tokens.well);
        if let Some(picture) = shown.picture {
            let (width, height) = picture.dimensions();
            let rect = fit(vec2(width as f32, height as f32), well);
            let texture = cx
                .pictures
                .borrow_mut()
                .texture(ui.ctx(), shown.slot, picture);
            paint_picture(ui.painter(), &texture, rect, CARD_RADIUS);
        }
        let response = ui.interact(well, ui.scope_id().with(("shown", index)), Sense::hover());
        let label = match &shown.caption {
            Some(caption) => format!("{}: {caption}", shown.title),
            None => shown.title.clone(),
        };
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
        if let Some(caption) = &shown.caption {
            let font = egui::FontId::proportional(15.0 * unit);
            let colour = cx.tokens.text_weak;
            let mut job = egui::text::LayoutJob::simple(caption.clone(), font, colour, side);
            job.wrap.max_rows = 2;
            let galley = ui.painter().layout_job(job);
            let at = well.left_bottom() + vec2(0.0, space::S * unit);
            ui.painter().galley(at, galley, colour);
        }
        places.push(well);
    }
    places
}
