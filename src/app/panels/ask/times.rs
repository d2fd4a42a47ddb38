//! Where the time of a run went: one lane per kind of work, one bar per measured span, numbers under
//! the pointer.

use super::Cx;
use crate::app::state::{Action, Run};
use crate::app::texts::Texts;
use crate::app::theme::space;
use crate::app::widgets::{Icon, icon_button};
use crate::job::{ExportFormat, Span, Timings, Work};
use eframe::egui;
use egui::{
    Align, Align2, Color32, CornerRadius, FontId, Layout, Rangef, Rect, RichText, Sense, Ui,
    WidgetInfo, pos2, vec2,
};

/// Height of the whole: a line of words, the lanes, the scale.
pub const HEIGHT: f32 = HEAD + LANES.len() as f32 * LANE + SCALE;
const HEAD: f32 = 28.0;
const LANE: f32 = 15.0;
const SCALE: f32 = 16.0;
/// Room for the name of a lane, and for its sum.
const NAME: f32 = 92.0;
const SUM: f32 = 62.0;
/// What each lane shows, top to bottom.
const LANES: [&[Work]; 7] = [
    &[Work::Loading],
    &[Work::Reading],
    &[Work::Thinking],
    &[Work::Step],
    &[Work::Preview],
    &[Work::Decoding],
    &[Work::Waiting, Work::Idle],
];

/// Which job of the run is shown.
#[derive(Default)]
pub struct TimesPanel {
    /// Counted back from the newest.
    back: usize,
}

impl TimesPanel {
    /// Draws the chart of a run.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, run: &Run, actions: &mut Vec<Action>) {
        let count = run.times.all().count();
        self.back = self.back.min(count.saturating_sub(1));
        let Some(timings) = run.times.all().rev().nth(self.back) else {
            let (rect, _) =
                ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
            let text = RichText::new(cx.tr("times-none")).color(cx.tokens.text_weak);
            ui.place(rect, egui::Label::new(text));
            return;
        };
        let row = vec2(ui.available_width(), HEAD);
        ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
            ui.label(RichText::new(cx.tr("times-title")).strong());
            let going = run.times.is_live() && self.back == 0;
            let all = match going {
                true => cx.text(
                    "times-going",
                    &[("seconds", seconds(cx.texts, timings.seconds).into())],
                ),
                false => cx.text(
                    "times-all",
                    &[("seconds", seconds(cx.texts, timings.seconds).into())],
                ),
            };
            ui.label(RichText::new(all).color(cx.tokens.text_weak));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let close = icon_button(ui, Icon::Close, &cx.tr("times-close"), 22.0);
                if close.clicked() {
                    actions.push(Action::ShowTimes(false));
                }
                let text = RichText::new(cx.tr("times-save")).small();
                let save = egui::Button::new(text).min_size(vec2(0.0, 22.0));
                let save = ui.add_enabled(
                    !run.times.over.is_empty() && cx.state.export_possible(),
                    save,
                );
                let save = save.on_disabled_hover_text(cx.tr("times-save-off"));
                if save
                    .on_hover_text(cx.tr("command-export-times-tip"))
                    .clicked()
                {
                    actions.push(Action::Export(ExportFormat::Times));
                }
                if count > 1 {
                    self.job_ui(ui, cx, count);
                }
            });
        });
        lanes_ui(ui, cx, run, timings, actions);
    }

    /// The way to earlier jobs of the run.
    fn job_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, count: usize) {
        let later = ui.add_enabled(self.back > 0, egui::Button::new("\u{203a}").small());
        later.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, cx.tr("times-later")));
        let values = [("job", (count - self.back).into()), ("jobs", count.into())];
        ui.label(cx.text("times-job", &values));
        let earlier = egui::Button::new("\u{2039}").small();
        let earlier = ui.add_enabled(self.back + 1 < count, earlier);
        earlier
            .widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, cx.tr("times-earlier")));
        if later.on_hover_text(cx.tr("times-later")).clicked() {
            self.back -= 1;
        } else if earlier.on_hover_text(cx.tr("times-earlier")).clicked() {
            self.back += 1;
        }
    }
}

fn lanes_ui(ui: &mut Ui, cx: &Cx<'_>, run: &Run, timings: &Timings, actions: &mut Vec<Action>) {
    let size = vec2(ui.available_width(), HEIGHT - HEAD);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let painter = ui.painter_at(rect);
    let chart = Rangef::new(rect.left() + NAME, rect.right() - SUM);
    let whole = timings.seconds.max(1e-6);
    let x = |at: f64| chart.min + chart.span() * (at / whole).clamp(0.0, 1.0) as f32;
    let lane_at = |lane: usize| {
        let top = rect.top() + lane as f32 * LANE;
        Rect::from_x_y_ranges(chart, top + 1.0..=top + LANE - 1.0)
    };
    let font = FontId::proportional(11.5);
    for (lane, works) in LANES.iter().enumerate() {
        let place = lane_at(lane);
        painter.rect_filled(place, CornerRadius::same(3), cx.tokens.well);
        let sum: f64 = works.iter().map(|work| timings.total(*work)).sum();
        let (name, _) = words(works.last().copied().unwrap_or(Work::Idle));
        let text = match sum > 0.0 {
            true => cx.tokens.text,
            false => cx.tokens.text_weak,
        };
        let left = pos2(rect.left(), place.center().y);
        painter.text(left, Align2::LEFT_CENTER, cx.tr(name), font.clone(), text);
        let right = pos2(rect.right(), place.center().y);
        painter.text(
            right,
            Align2::RIGHT_CENTER,
            seconds(cx.texts, sum),
            font.clone(),
            text,
        );
    }
    let pointer = response.hover_pos();
    let mut under = None;
    for span in &timings.spans {
        let lane = LANES.iter().position(|works| works.contains(&span.work));
        let place = lane_at(lane.unwrap_or(LANES.len() - 1));
        let left = x(span.start);
        // What is too short for a point is seen all the same.
        let bar = Rect::from_x_y_ranges(
            left..=x(span.start + span.seconds).max(left + 1.0),
            place.y_range(),
        );
        painter.rect_filled(bar, CornerRadius::same(1), colour(cx, span));
        if pointer.is_some_and(|at| bar.expand2(vec2(1.0, 1.0)).contains(at)) {
            under = Some((bar, span));
        }
    }
    if let Some((bar, _)) = under {
        let stroke = egui::Stroke::new(1.0, cx.tokens.text);
        painter.rect_stroke(
            bar,
            CornerRadius::same(1),
            stroke,
            egui::StrokeKind::Outside,
        );
    }
    // The scale: its two ends and the middle.
    let bottom = rect.bottom() - 2.0;
    for (share, align) in [
        (0.0, Align2::LEFT_BOTTOM),
        (0.5, Align2::CENTER_BOTTOM),
        (1.0, Align2::RIGHT_BOTTOM),
    ] {
        let at = pos2(x(whole * share), bottom);
        let text = match share > 0.0 {
            true => seconds(cx.texts, whole * share),
            false => "0".to_owned(),
        };
        painter.text(
            at,
            align,
            text,
            FontId::proportional(10.5),
            cx.tokens.text_weak,
        );
    }
    let label = in_words(cx, timings);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
    if let Some((_, span)) = under {
        if response.clicked()
            && let Some(step) = span.step
        {
            actions.push(Action::Seek(Some(step.min(run.steps()))));
        }
        let text = span_text(cx, timings, span);
        response.on_hover_ui_at_pointer(|ui| {
            ui.set_max_width(320.0);
            for line in &text {
                ui.label(line);
            }
        });
    }
}

/// The chart in one sentence.
fn in_words(cx: &Cx<'_>, timings: &Timings) -> String {
    let parts = Work::ALL.into_iter().filter_map(|work| {
        let sum = timings.total(work);
        let name = cx.tr(words(work).0);
        (sum > 0.0).then(|| format!("{name} {}", seconds(cx.texts, sum)))
    });
    let parts: Vec<String> = parts.collect();
    let values = [
        ("seconds", seconds(cx.texts, timings.seconds).into()),
        ("parts", cx.list(&parts).into()),
    ];
    cx.text("times-chart", &values)
}

/// A span in lines: what, how long, when, and which columns.
fn span_text(cx: &Cx<'_>, timings: &Timings, span: &Span) -> Vec<String> {
    let (name, about) = words(span.work);
    let what = match span.step {
        Some(step) => cx.text(
            "times-of-step",
            &[("work", cx.tr(name).as_ref().into()), ("step", step.into())],
        ),
        None => cx.tr(name).into_owned(),
    };
    let mut lines = vec![format!("{what}  ·  {}", precise(cx.texts, span.seconds))];
    if span.parts > 1 {
        lines.push(cx.text("times-parts", &[("count", span.parts.into())]));
    } else {
        let values = [
            ("from", precise(cx.texts, span.start).into()),
            ("to", precise(cx.texts, span.start + span.seconds).into()),
        ];
        lines.push(cx.text("times-when", &values));
    }
    let named = |index: &usize| timings.columns.get(*index).cloned();
    let columns: Vec<String> = span.columns.iter().filter_map(named).collect();
    if !columns.is_empty() {
        lines.push(columns.join("; "));
    }
    lines.push(cx.tr(about).into_owned());
    lines
}

/// Ids of the name of a kind of work and of what it is.
fn words(work: Work) -> (&'static str, &'static str) {
    match work {
        Work::Waiting => ("times-waiting", "times-waiting-tip"),
        Work::Loading => ("times-loading", "times-loading-tip"),
        Work::Reading => ("times-reading", "times-reading-tip"),
        Work::Thinking => ("times-thinking", "times-thinking-tip"),
        Work::Step => ("times-step", "times-step-tip"),
        Work::Preview => ("times-preview", "times-preview-tip"),
        Work::Decoding => ("times-decoding", "times-decoding-tip"),
        Work::Idle => ("times-idle", "times-idle-tip"),
    }
}

/// Steps take turns in strength, so that one is told from the next.
fn colour(cx: &Cx<'_>, span: &Span) -> Color32 {
    let whole = match span.work {
        Work::Waiting | Work::Idle => cx.tokens.text_weak,
        Work::Loading => cx.tokens.mode_answer,
        Work::Reading => cx.tokens.mode_question,
        Work::Thinking => cx.tokens.mode_latent,
        Work::Step => cx.tokens.accent,
        Work::Preview => cx.tokens.warning,
        Work::Decoding => cx.tokens.success,
    };
    match span.step {
        Some(step) if step.is_multiple_of(2) => whole.gamma_multiply(0.7),
        _ => whole,
    }
}

/// Seconds to read at a glance.
fn seconds(texts: &Texts, value: f64) -> String {
    let (id, number) = match value {
        ..=0.0 => return "\u{2013}".to_owned(),
        ..0.0995 => (
            "unit-milliseconds",
            format!("{:.0}", (value * 1e3).max(1.0)),
        ),
        ..100.0 => ("unit-seconds", format!("{value:.2}")),
        _ => ("unit-seconds", format!("{value:.0}")),
    };
    texts.with(id, &[("number", number.into())])
}

/// Seconds to the tenth of a millisecond.
fn precise(texts: &Texts, value: f64) -> String {
    let (id, number) = match value < 1.0 {
        true => ("unit-milliseconds", format!("{:.1}", value * 1e3)),
        false => ("unit-seconds", format!("{value:.4}")),
    };
    texts.with(id, &[("number", number.into())])
}

/// The height with the gaps above and below it.
pub fn height_with_gap(ui: &Ui) -> f32 {
    HEIGHT + space::S + 2.0 * ui.spacing().item_spacing.y
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Language;

    #[test]
    fn short_and_long_times_are_read_at_a_glance() {
        for (language, expected, [short, long]) in [
            (
                Language::English,
                ["\u{2013}", "1 ms", "50 ms", "0.25 s", "12.35 s", "321 s"],
                ["12.3 ms", "2.5000 s"],
            ),
            (
                Language::Chinese,
                [
                    "\u{2013}",
                    "1 毫秒",
                    "50 毫秒",
                    "0.25 秒",
                    "12.35 秒",
                    "321 秒",
                ],
                ["12.3 毫秒", "2.5000 秒"],
            ),
        ] {
            let texts = Texts::of(language);
            let times = [0.0, 0.0002, 0.05, 0.25, 12.345, 321.0];
            assert_eq!(times.map(|time| seconds(&texts, time)), expected);
            assert_eq!(precise(&texts, 0.01234), short);
            assert_eq!(precise(&texts, 2.5), long);
        }
    }

    #[test]
    fn every_kind_of_work_has_one_lane() {
        for work in Work::ALL {
            let lanes = LANES.iter().filter(|works| works.contains(&work)).count();
            assert_eq!(lanes, 1, "{work:?}");
        }
    }
}
