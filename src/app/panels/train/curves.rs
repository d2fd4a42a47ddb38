//! The curves of a run, with those of another one for comparison. They come with a bounded number of
//! points, so drawing them costs the same whatever the length of the run.

use super::{Cx, words};
use crate::app::panels::ask::message_ui;
use crate::app::state::{Action, TrainAction};
use crate::app::theme::space;
use crate::app::widgets::{accent_slider, tick};
use crate::job::training::{Curves, RunCard};
use eframe::egui;
use egui::{Align, Color32, ComboBox, Layout, RichText, Slider, Ui, Vec2b};
use egui_plot::{GridMark, HoverPosition, Line, LineStyle, Plot, PlotPoints};
use std::ops::RangeInclusive;

/// A curve that can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Series {
    Total,
    Noise,
    Answer,
    Contrastive,
    Norm,
}

impl Series {
    const ALL: [Self; 5] = [
        Self::Total,
        Self::Noise,
        Self::Answer,
        Self::Contrastive,
        Self::Norm,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::Total => "train-series-total",
            Self::Noise => "train-series-noise",
            Self::Answer => "train-series-answer",
            Self::Contrastive => "train-series-contrastive",
            Self::Norm => "train-series-norm",
        }
    }

    fn points(self, curves: &Curves) -> &[[f64; 2]] {
        match self {
            Self::Total => &curves.total,
            Self::Noise => &curves.noise,
            Self::Answer => &curves.answer,
            Self::Contrastive => &curves.contrastive,
            Self::Norm => &curves.grad_norm,
        }
    }

    fn colour(self, cx: &Cx<'_>) -> Color32 {
        match self {
            Self::Total => cx.tokens.accent,
            Self::Noise => cx.tokens.mode_question,
            Self::Answer => cx.tokens.mode_answer,
            Self::Contrastive => cx.tokens.mode_latent,
            Self::Norm => cx.tokens.text_weak,
        }
    }
}

/// How curves are shown.
pub struct CurvesView {
    shown: Vec<Series>,
    log_scale: bool,
    smoothing: f64,
    reset: bool,
}

impl Default for CurvesView {
    fn default() -> Self {
        Self {
            shown: vec![
                Series::Total,
                Series::Noise,
                Series::Answer,
                Series::Contrastive,
            ],
            log_scale: true,
            smoothing: 0.6,
            reset: false,
        }
    }
}

impl CurvesView {
    /// Draws the curves of a run.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, card: &RunCard, actions: &mut Vec<Action>) {
        let train = &cx.state.train;
        let history = train.histories.get(&card.folder);
        let Some(curves) = history
            .map(|history| &history.curves)
            .filter(|c| !c.total.is_empty())
        else {
            let room = ui.available_rect_before_wrap();
            let (heading, hint) = (
                cx.tr("train-curves-empty"),
                cx.tr("train-curves-empty-hint"),
            );
            message_ui(ui, cx, room, &cx.art.mouse, &heading, &hint);
            return;
        };
        self.tools_ui(ui, cx, card, curves, actions);
        ui.add_space(space::XS);
        let other = train.compared.as_ref().and_then(|run| {
            let history = train.histories.get(run)?;
            Some((train.run(run)?.name.as_str(), &history.curves))
        });
        let height = ui.available_height();
        let small = (height * 0.3).clamp(90.0, 190.0);
        self.losses_ui(ui, cx, curves, other, height - small - space::S);
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            let width = (ui.available_width() - space::M) / 2.0;
            let size = egui::vec2(width, small);
            let lr = (cx.tr("train-series-lr").into_owned(), &curves.lr);
            let speed = (cx.tr("train-series-speed").into_owned(), &curves.speed);
            for ((name, points), of_other, colour) in [
                (lr, other.map(|(_, curves)| &curves.lr), cx.tokens.accent),
                (
                    speed,
                    other.map(|(_, curves)| &curves.speed),
                    cx.tokens.mode_latent,
                ),
            ] {
                ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
                    let title = RichText::new(&name).small().color(cx.tokens.text_weak);
                    ui.label(title);
                    // A flat curve has a scale, too.
                    let plot = plot(cx, &name, ui.available_height()).include_y(0.0);
                    plot.show(ui, |plot| {
                        plot.line(line(&name, points.to_vec(), colour, false));
                        if let Some(points) = of_other {
                            let colour = colour.gamma_multiply(0.6);
                            plot.line(line("other", points.to_vec(), colour, true));
                        }
                    });
                });
            }
        });
        self.reset = false;
    }

    fn tools_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        card: &RunCard,
        curves: &Curves,
        actions: &mut Vec<Action>,
    ) {
        ui.horizontal_wrapped(|ui| {
            for series in Series::ALL {
                if series.points(curves).is_empty() {
                    continue;
                }
                let shown = self.shown.contains(&series);
                let colour = if shown {
                    series.colour(cx)
                } else {
                    cx.tokens.text_weak
                };
                let words = RichText::new(cx.tr(series.text())).color(colour);
                let toggle = ui.selectable_label(shown, words);
                if toggle.on_hover_text(cx.tr("train-series-tip")).clicked() {
                    match shown {
                        true => self.shown.retain(|known| *known != series),
                        false => self.shown.push(series),
                    }
                }
            }
            ui.separator();
            tick(ui, cx.tokens, &mut self.log_scale, cx.tr("train-log-scale"))
                .on_hover_text(cx.tr("train-log-scale-tip"));
            let label = cx.tr("train-smoothing");
            ui.label(label.as_ref());
            ui.spacing_mut().slider_width = 70.0;
            let slider = Slider::new(&mut self.smoothing, 0.0..=0.99).show_value(false);
            accent_slider(ui, cx.tokens, slider)
                .accessible_name(label.as_ref())
                .on_hover_text(cx.tr("train-smoothing-tip"));
            let whole = ui.button(cx.tr("train-zoom-reset"));
            self.reset = whole.on_hover_text(cx.tr("train-zoom-reset-tip")).clicked();
            compare_ui(ui, cx, card, actions);
        });
    }

    fn losses_ui(
        &self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        curves: &Curves,
        other: Option<(&str, &Curves)>,
        height: f32,
    ) {
        let log_scale = self.log_scale;
        let value = move |y: f64| if log_scale { 10f64.powf(y) } else { y };
        let plot = plot(cx, "train-losses", height.max(120.0))
            .y_axis_formatter(move |mark: GridMark, _: &RangeInclusive<f64>| {
                words::at_line(value(mark.value))
            })
            .label_formatter(move |hover: &HoverPosition<'_>| {
                let (name, at) = match hover {
                    HoverPosition::NearDataPoint {
                        plot_name,
                        position,
                        ..
                    } => (*plot_name, position),
                    HoverPosition::Elsewhere { position } => ("", position),
                };
                let loss = words::loss(value(at.y));
                let point = format!("{:.0}: {loss}", at.x);
                Some(match name {
                    "" => point,
                    name => format!("{name}\n{point}"),
                })
            });
        let plot = if self.reset { plot.reset() } else { plot };
        plot.show(ui, |plot| {
            for series in &self.shown {
                let colour = series.colour(cx);
                let name = cx.tr(series.text());
                let points = self.prepared(series.points(curves));
                plot.line(line(&name, points, colour, false));
                if let Some((run, curves)) = other {
                    let values = [("series", name.as_ref().into()), ("name", run.into())];
                    let name = cx.text("train-other", &values);
                    let points = self.prepared(series.points(curves));
                    plot.line(line(&name, points, colour.gamma_multiply(0.65), true));
                }
            }
        });
    }

    /// Points as they are drawn: smoothed, and as logarithms where the scale is one.
    fn prepared(&self, points: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let mut smoothed = smooth(points, self.smoothing);
        if self.log_scale {
            smoothed.retain(|[_, value]| *value > 0.0);
            for [_, value] in &mut smoothed {
                *value = value.log10();
            }
        }
        smoothed
    }
}

/// A running mean that begins with the first value.
fn smooth(points: &[[f64; 2]], weight: f64) -> Vec<[f64; 2]> {
    let mut mean = None;
    let smoothed = points.iter().map(|&[step, value]| {
        let now = mean.map_or(value, |mean: f64| mean * weight + value * (1.0 - weight));
        mean = Some(now);
        [step, now]
    });
    smoothed.collect()
}

fn line<'a>(name: &str, points: Vec<[f64; 2]>, colour: Color32, dashed: bool) -> Line<'a> {
    let line = Line::new(name, PlotPoints::from(points))
        .color(colour)
        .width(1.6);
    match dashed {
        true => line.style(LineStyle::dashed_loose()),
        false => line,
    }
}

/// A plot that follows the run until somebody zooms; all of a run share their steps.
fn plot<'a>(cx: &Cx<'_>, name: &str, height: f32) -> Plot<'a> {
    Plot::new(name)
        .height(height)
        .show_crosshair(true)
        .allow_scroll(false)
        .allow_zoom(Vec2b::new(true, true))
        .auto_bounds(Vec2b::TRUE)
        .grid_spacing(egui::Rangef::new(14.0, 120.0))
        .grid_color(cx.tokens.text_weak.gamma_multiply(0.4))
        .y_axis_min_width(44.0)
        .y_axis_formatter(|mark: GridMark, _: &RangeInclusive<f64>| words::at_line(mark.value))
        .link_axis(egui::Id::unique("train-steps"), Vec2b::new(true, false))
        .link_cursor(egui::Id::unique("train-steps"), Vec2b::new(true, false))
}

fn compare_ui(ui: &mut Ui, cx: &Cx<'_>, card: &RunCard, actions: &mut Vec<Action>) {
    let train = &cx.state.train;
    let runs = train.runs.iter().flat_map(|runs| runs.iter());
    let others: Vec<&RunCard> = runs.filter(|run| run.folder != card.folder).collect();
    if others.is_empty() {
        return;
    }
    let none = cx.tr("train-compare-none");
    let compared = train.compared.as_ref().and_then(|run| train.run(run));
    let shown = compared.map_or_else(|| none.to_string(), |run| run.name.clone());
    let label = cx.tr("train-compare");
    ui.label(label.as_ref())
        .on_hover_text(cx.tr("train-compare-tip"));
    let combo = ComboBox::from_id_salt("train-compare")
        .width(110.0)
        .truncate()
        .selected_text(shown)
        .show_ui(ui, |ui| {
            let mut choose = |ui: &mut Ui, name: &str, run: Option<&RunCard>| {
                let folder = run.map(|run| run.folder.clone());
                if ui
                    .selectable_label(train.compared == folder, name)
                    .clicked()
                {
                    actions.push(Action::Train(TrainAction::Compare(folder)));
                }
            };
            choose(ui, &none, None);
            for run in others {
                choose(ui, &run.name, Some(run));
            }
        });
    combo.response.accessible_name(label.as_ref());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_keeps_a_flat_curve_and_calms_a_jumping_one() {
        let flat = [[1.0, 2.0], [2.0, 2.0]];
        assert_eq!(smooth(&flat, 0.9), flat);
        let jumping: Vec<[f64; 2]> = (0..100)
            .map(|step| [step as f64, (step % 2) as f64])
            .collect();
        assert_eq!(smooth(&jumping, 0.0), jumping);
        let calm = smooth(&jumping, 0.95);
        assert!(
            calm[90..]
                .iter()
                .all(|[_, value]| (value - 0.5).abs() < 0.05)
        );
    }
}
