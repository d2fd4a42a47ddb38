//! The row of controls of a comparison.

use super::Look;
use super::compare::{Compare, DifferenceKind, LookState, MAX_GAIN, WipeLine};
use super::painter::LookPainter;
use crate::app::theme::space;
use crate::app::widgets::{Choice, accent_slider, hint, segmented};
use eframe::egui;
use egui::{Align, Button, Layout, Response, Slider, Ui, vec2};

/// Width of a slider, in points.
const SLIDER: f32 = 150.0;
/// Room that zoom, loupe and histogram need to stay on one line, in points.
const VIEW_CONTROLS: f32 = 430.0;

impl Compare {
    /// Id of its name.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Flip => "look-flip",
            Self::SideBySide => "look-side-by-side",
            Self::Wipe => "look-wipe",
            Self::Blend => "look-blend",
            Self::Difference => "look-difference",
        }
    }

    fn tip(self) -> &'static str {
        match self {
            Self::Flip => "look-flip-tip",
            Self::SideBySide => "look-side-by-side-tip",
            Self::Wipe => "look-wipe-tip",
            Self::Blend => "look-blend-tip",
            Self::Difference => "look-difference-tip",
        }
    }
}

/// Ids of the name and the tooltip of a difference.
fn difference_texts(kind: DifferenceKind) -> (&'static str, &'static str) {
    match kind {
        DifferenceKind::Absolute => ("look-absolute", "look-absolute-tip"),
        DifferenceKind::Signed => ("look-signed", "look-signed-tip"),
        DifferenceKind::FalseColour => ("look-false-colour", "look-false-colour-tip"),
        DifferenceKind::RedBlue => ("look-red-blue", "look-red-blue-tip"),
    }
}

fn line_texts(line: WipeLine) -> (&'static str, &'static str) {
    match line {
        WipeLine::Vertical => ("look-wipe-vertical", "look-wipe-vertical-tip"),
        WipeLine::Horizontal => ("look-wipe-horizontal", "look-wipe-horizontal-tip"),
    }
}

impl Look<'_> {
    /// Draws the controls: the way to compare, its own settings, zoom, loupe and histogram.
    pub fn controls_ui(&self, ui: &mut Ui, state: &mut LookState) {
        let width = ui.available_width().min(560.0);
        let choices = Compare::ALL.map(|compare| self.choice(compare, compare_texts(compare)));
        segmented(ui, self.tokens, width, &mut state.compare, &choices);
        ui.horizontal_wrapped(|ui| {
            match state.compare {
                Compare::Flip => self.flip_ui(ui),
                Compare::SideBySide => {}
                Compare::Wipe => self.wipe_ui(ui, state),
                Compare::Blend => self.blend_ui(ui, state),
                Compare::Difference => self.difference_ui(ui, state),
            }
            if ui.available_size_before_wrap().x < VIEW_CONTROLS {
                ui.end_row();
            } else {
                ui.add_space(space::M);
            }
            self.zoom_ui(ui, state);
            ui.add_space(space::M);
            self.toggle(ui, &mut state.loupe, "look-loupe", "look-loupe-tip");
            let (label, tip) = ("look-histogram", "look-histogram-tip");
            self.toggle(ui, &mut state.histogram, label, tip);
        });
    }

    /// Draws the histograms of both pictures side by side, if they are wanted.
    pub fn histograms_ui(&self, ui: &mut Ui, painter: &mut LookPainter, state: &LookState) {
        if !state.histogram {
            return;
        }
        ui.columns(2, |uis| {
            let pictures = [(self.a_name, self.a), (self.b_name, self.b)];
            for (ui, (name, picture)) in uis.iter_mut().zip(pictures) {
                let histogram = painter.histogram(picture);
                self.histogram_ui(ui, name, histogram.as_deref());
            }
        });
    }

    fn choice<T>(&self, value: T, (label, tip): (&'static str, &'static str)) -> Choice<T> {
        Choice::new(value, self.texts.get(label), self.texts.get(tip))
    }

    fn flip_ui(&self, ui: &mut Ui) {
        let values = [("a", self.a_name.into())];
        hint(ui, self.tokens, self.texts.with("look-flip-hint", &values));
    }

    fn wipe_ui(&self, ui: &mut Ui, state: &mut LookState) {
        let lines = [WipeLine::Vertical, WipeLine::Horizontal];
        let choices = lines.map(|line| self.choice(line, line_texts(line)));
        segmented(ui, self.tokens, 220.0, &mut state.wipe_line, &choices);
        let slider = Slider::new(&mut state.wipe_position, 0.0..=1.0).show_value(false);
        self.slider(ui, slider, "look-wipe-position", "look-wipe-position-tip");
    }

    fn blend_ui(&self, ui: &mut Ui, state: &mut LookState) {
        hint(ui, self.tokens, self.a_name);
        let slider = Slider::new(&mut state.blend_amount, 0.0..=1.0).show_value(false);
        self.slider(ui, slider, "look-blend-amount", "look-blend-amount-tip");
        hint(ui, self.tokens, self.b_name);
    }

    fn difference_ui(&self, ui: &mut Ui, state: &mut LookState) {
        let choices = DifferenceKind::ALL.map(|kind| self.choice(kind, difference_texts(kind)));
        segmented(ui, self.tokens, 340.0, &mut state.difference, &choices);
        let slider = Slider::new(&mut state.gain, 1..=MAX_GAIN)
            .logarithmic(true)
            .show_value(false);
        self.slider(ui, slider, "look-gain", "look-gain-tip");
        let values = [("gain", usize::from(state.gain).into())];
        hint(ui, self.tokens, self.texts.with("look-gain-value", &values));
    }

    fn zoom_ui(&self, ui: &mut Ui, state: &mut LookState) {
        let room = state.room;
        let smaller = self.button(ui, "−", "look-zoom-out", "look-zoom-out-tip");
        if smaller.clicked() {
            state.viewport.step(room, false);
        }
        // Of one width, so that the buttons do not move.
        let size = vec2(52.0, ui.spacing().interact_size.y);
        let middle = Layout::centered_and_justified(egui::Direction::LeftToRight);
        ui.allocate_ui_with_layout(size, middle, |ui| {
            let zoom = format!("{:.0}", 100.0 * state.zoom());
            let text = self.texts.with("look-zoom", &[("zoom", zoom.into())]);
            hint(ui, self.tokens, text);
        });
        let larger = self.button(ui, "+", "look-zoom-in", "look-zoom-in-tip");
        if larger.clicked() {
            state.viewport.step(room, true);
        }
        let fit = self.texts.get("look-fit");
        if self.button(ui, &fit, "look-fit", "look-fit-tip").clicked() {
            state.viewport.fit();
        }
        let whole = self.texts.get("look-one-to-one");
        let tip = "look-one-to-one-tip";
        if self.button(ui, &whole, "look-one-to-one", tip).clicked() {
            state.viewport.one_to_one();
        }
    }

    fn button(&self, ui: &mut Ui, text: &str, name: &'static str, tip: &'static str) -> Response {
        ui.add(Button::new(text))
            .accessible_name(self.texts.get(name))
            .on_hover_text(self.texts.get(tip))
    }

    fn toggle(&self, ui: &mut Ui, on: &mut bool, label: &'static str, tip: &'static str) {
        let button = Button::selectable(*on, self.texts.get(label));
        let button = ui.add(button.frame_when_inactive(true));
        if button.on_hover_text(self.texts.get(tip)).clicked() {
            *on = !*on;
        }
    }

    fn slider(&self, ui: &mut Ui, slider: Slider<'_>, label: &'static str, tip: &'static str) {
        ui.allocate_ui_with_layout(
            vec2(SLIDER, ui.spacing().interact_size.y),
            Layout::left_to_right(Align::Center),
            |ui| {
                ui.spacing_mut().slider_width = SLIDER;
                accent_slider(ui, self.tokens, slider)
                    .accessible_name(self.texts.get(label))
                    .on_hover_text(self.texts.get(tip));
            },
        );
    }
}

fn compare_texts(compare: Compare) -> (&'static str, &'static str) {
    (compare.label(), compare.tip())
}
