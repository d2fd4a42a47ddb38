//! Time under the columns: play, step, scrub, and the strip that shows how far the modes drift
//! apart.

use super::Cx;
use super::columns::mode_colour;
use crate::app::command::Command;
use crate::app::state::{Action, Parting, Run};
use crate::app::widgets::{Icon, accent_slider, hint, icon_button};
use crate::job::Divergence;
use eframe::egui;
use egui::{
    Align, CornerRadius, Layout, Rangef, Rect, RichText, Sense, Shape, Slider, Stroke, Ui,
    WidgetInfo, pos2, vec2,
};
use std::time::Duration;

/// Height of the whole: buttons and slider, then the strip.
pub const HEIGHT: f32 = 84.0;
/// Height of the strip.
const STRIP: f32 = 40.0;
/// Room for "20 / 20" beside the slider.
const LABEL: f32 = 84.0;
/// Room for the button that shows the times.
const TIMES: f32 = 36.0;
/// How long a step is shown while time runs.
const BEAT: Duration = Duration::from_millis(120);

/// When the cursor moved last while it plays.
#[derive(Default)]
pub struct TimelinePanel {
    moved: Option<f64>,
}

impl TimelinePanel {
    /// Draws the panel for a run that has taken at least one step.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, run: &Run, actions: &mut Vec<Action>) {
        self.beat(ui, run, actions);
        let taken = run.steps_taken();
        let row = ui.horizontal(|ui| {
            let (icon, label, play) = if run.timeline.playing {
                (Icon::Pause, "timeline-pause", false)
            } else {
                (Icon::Play, "timeline-play", true)
            };
            let tip = keys(ui, &cx.tr(label), Command::Play);
            let response = icon_button(ui, icon, &cx.tr(label), 28.0).on_hover_text(tip);
            if response.clicked() {
                actions.push(Action::Play(play));
            }
            let shown = run.timeline.cursor.unwrap_or(taken);
            let mut step = shown;
            ui.spacing_mut().slider_width = (ui.available_width() - LABEL - TIMES).max(80.0);
            let slider = Slider::new(&mut step, 1..=run.steps().max(2)).show_value(false);
            let response =
                accent_slider(ui, cx.tokens, slider).on_hover_text(cx.tr("timeline-step-tip"));
            response.widget_info(|| WidgetInfo::slider(true, step as f64, cx.tr("timeline-step")));
            // The knob's middle never reaches the ends of the slider.
            let track = response.rect.x_range().shrink(response.rect.height() / 2.5);
            if step != shown {
                actions.push(Action::Seek(Some(step)));
            }
            let values = [("step", shown.into()), ("steps", run.steps().into())];
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let name = cx.tr(Command::Times.label());
                let times = icon_button(ui, Icon::Times, &name, 28.0);
                let tip = keys(ui, &cx.tr(Command::Times.tip()), Command::Times);
                if times.on_hover_text(tip).clicked() {
                    actions.push(Action::ShowTimes(!cx.state.timing));
                }
                ui.label(RichText::new(cx.text("timeline-at", &values)).monospace());
            });
            track
        });
        strip_ui(ui, cx, run, row.inner, actions);
    }

    /// Moves the cursor on while it plays.
    fn beat(&mut self, ui: &Ui, run: &Run, actions: &mut Vec<Action>) {
        if !run.timeline.playing {
            self.moved = None;
            return;
        }
        let now = ui.input(|input| input.time);
        let due = *self.moved.get_or_insert(now) + BEAT.as_secs_f64();
        if now >= due {
            self.moved = Some(now);
            actions.push(Action::Tick);
        }
        ui.ctx().request_repaint_after(BEAT);
    }
}

fn keys(ui: &Ui, text: &str, command: Command) -> String {
    match command.shortcut() {
        Some(keys) => format!("{text} ({})", ui.ctx().format_shortcut(&keys)),
        None => text.to_owned(),
    }
}

/// Distances per step: a filled curve between the columns, a thin line per column to the frame.
///
/// A step stands where the slider above has it, within `track`.
fn strip_ui(ui: &mut Ui, cx: &Cx<'_>, run: &Run, track: Rangef, actions: &mut Vec<Action>) {
    let size = vec2(ui.available_width(), STRIP);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let radius = CornerRadius::same(8);
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, radius, cx.tokens.well);
    let entries = &run.timeline.divergence;
    let steps = run.steps().max(2);
    let inner = Rect::from_x_y_ranges(track, rect.y_range().shrink(5.0));
    let x = |step: usize| {
        let along = (step - 1) as f32 / (steps - 1) as f32;
        inner.left() + inner.width() * along
    };
    let largest = entries
        .iter()
        .flat_map(|e| {
            e.between
                .into_iter()
                .chain(e.to_frame.iter().flatten().copied())
        })
        .fold(1e-3f32, f32::max);
    let y = |distance: f32| inner.bottom() - inner.height() * (distance / largest).min(1.0);
    let line = |value: &dyn Fn(&Divergence) -> Option<f32>| -> Vec<egui::Pos2> {
        let points = entries.iter().enumerate();
        let points = points.filter_map(|(i, entry)| Some(pos2(x(i + 1), y(value(entry)?))));
        points.collect()
    };
    let measured = run.measured();
    let columns = measured.iter().filter_map(|index| run.columns.get(*index));
    for (place, column) in columns.enumerate() {
        let points = line(&|entry| entry.to_frame.get(place).copied().flatten());
        let colour = mode_colour(cx, column.request.mode).gamma_multiply(0.75);
        painter.add(Shape::line(points, Stroke::new(1.3, colour)));
    }
    let between = line(&|entry| entry.between);
    for pair in between.windows(2) {
        if let [a, b] = pair {
            let floor = inner.bottom();
            let corners = vec![*a, *b, pos2(b.x, floor), pos2(a.x, floor)];
            let fill = cx.tokens.accent.gamma_multiply(0.28);
            painter.add(Shape::convex_polygon(corners, fill, Stroke::NONE));
        }
    }
    painter.add(Shape::line(between, Stroke::new(2.0, cx.tokens.accent)));
    if let Some(Parting::At(step)) = run.timeline.parting() {
        let at = x(step);
        let stroke = Stroke::new(1.0, cx.tokens.text_weak);
        painter.add(Shape::dashed_line(
            &[pos2(at, rect.top()), pos2(at, rect.bottom())],
            stroke,
            3.0,
            3.0,
        ));
    }
    if let Some(cursor) = run.timeline.cursor {
        let at = x(cursor);
        let mark = Rect::from_x_y_ranges(at - 1.0..=at + 1.0, rect.y_range());
        painter.rect_filled(mark, CornerRadius::ZERO, cx.tokens.text);
    }
    let label = strip_text(cx, run);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
    if let Some(at) = response.interact_pointer_pos() {
        let along = ((at.x - inner.left()) / inner.width()).clamp(0.0, 1.0);
        let step = 1 + (along * (steps - 1) as f32).round() as usize;
        if run.timeline.cursor != Some(step) {
            actions.push(Action::Seek(Some(step)));
        }
    }
    response.on_hover_ui(|ui| {
        ui.set_max_width(320.0);
        ui.label(&label);
        hint(ui, cx.tokens, cx.tr("timeline-strip-tip"));
    });
}

/// The strip in words.
fn strip_text(cx: &Cx<'_>, run: &Run) -> String {
    let cells = run.board().is_some();
    match run.timeline.parting() {
        Some(Parting::At(step)) => {
            let id = if cells {
                "timeline-parting-cells"
            } else {
                "timeline-parting"
            };
            cx.text(id, &[("step", step.into())])
        }
        Some(Parting::FromStart) if cells => cx.tr("timeline-apart-cells").into_owned(),
        Some(Parting::FromStart) => cx.tr("timeline-apart").into_owned(),
        None if run.measured().len() < 2 => cx.tr("timeline-single").into_owned(),
        None if cells => cx.tr("timeline-agree-cells").into_owned(),
        None => cx.tr("timeline-agree").into_owned(),
    }
}
