//! States, numbers and presets in words.

use super::Cx;
use crate::app::panels::models::time_left;
use crate::app::widgets::Tone;
use crate::job::DeviceChoice;
use crate::job::training::{Group, Preset, RunCard, RunState};
use std::path::Path;

/// The badge of a state: its tone and the ids of its text and tooltip.
pub fn state(state: RunState) -> (Tone, &'static str, &'static str) {
    match state {
        RunState::Waiting => (Tone::Quiet, "train-waiting", "train-waiting-tip"),
        RunState::Starting => (Tone::Accent, "train-starting", "train-starting-tip"),
        RunState::Training => (Tone::Accent, "train-training", "train-training-tip"),
        RunState::Paused => (Tone::Warning, "train-paused", "train-paused-tip"),
        RunState::Stopped => (Tone::Quiet, "train-stopped", "train-stopped-tip"),
        RunState::Finished => (Tone::Quiet, "train-finished", "train-finished-tip"),
        RunState::Failed => (Tone::Error, "train-failed", "train-failed-tip"),
        RunState::Killed => (Tone::Error, "train-killed", "train-killed-tip"),
    }
}

/// The ids of a preset's text and tooltip.
pub fn preset(preset: Preset) -> (&'static str, &'static str) {
    match preset {
        Preset::Full => ("train-preset-full", "train-preset-full-tip"),
        Preset::Adapter => ("train-preset-adapter", "train-preset-adapter-tip"),
        Preset::Lora => ("train-preset-lora", "train-preset-lora-tip"),
        Preset::ToonTiny => ("train-preset-toon", "train-preset-toon-tip"),
        Preset::Answers => ("train-preset-answers", "train-preset-answers-tip"),
        Preset::Autoencoder => ("train-preset-autoencoder", "train-preset-autoencoder-tip"),
    }
}

/// The ids of a group's text and tooltip.
pub fn group(group: Group) -> (&'static str, &'static str) {
    match group {
        Group::Unet => ("train-group-unet", "train-group-unet-tip"),
        Group::Lora => ("train-group-lora", "train-group-lora-tip"),
        Group::Adapter => ("train-group-adapter", "train-group-adapter-tip"),
        Group::Qformer => ("train-group-qformer", "train-group-qformer-tip"),
        Group::T5Proj => ("train-group-t5", "train-group-t5-tip"),
        Group::Predictive => ("train-group-predictive", "train-group-predictive-tip"),
        Group::Vision => ("train-group-vision", "train-group-vision-tip"),
        Group::Language => ("train-group-language", "train-group-language-tip"),
        Group::Scene => ("train-group-scene", "train-group-scene-tip"),
        Group::Encoder => ("train-group-encoder", "train-group-encoder-tip"),
        Group::Decoder => ("train-group-decoder", "train-group-decoder-tip"),
    }
}

/// The devices of a run.
pub fn devices(cx: &Cx<'_>, devices: &[DeviceChoice]) -> String {
    let names = devices.iter().map(|device| match device {
        DeviceChoice::Cpu => cx.tr("train-cpu").into_owned(),
        card => card.to_string(),
    });
    names.collect::<Vec<_>>().join(" + ")
}

/// A whole number for a text.
pub fn whole(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// How far a run is.
pub fn steps(cx: &Cx<'_>, card: &RunCard) -> String {
    let values = [
        ("step", whole(card.step).into()),
        ("steps", whole(card.steps).into()),
    ];
    cx.text("train-steps", &values)
}

/// Pace and time left of a run at work.
pub fn pace(cx: &Cx<'_>, card: &RunCard) -> Option<String> {
    let seconds = card.seconds_per_step?;
    let pace = seconds_per_step(cx, seconds);
    Some(match left(cx, card) {
        Some(left) => format!("{pace}  ·  {left}"),
        None => pace,
    })
}

/// Time left of a run at work.
pub fn left(cx: &Cx<'_>, card: &RunCard) -> Option<String> {
    let seconds = card.seconds_left()?;
    Some(time_left(cx, seconds))
}

/// Seconds of a step.
pub fn seconds_per_step(cx: &Cx<'_>, seconds: f64) -> String {
    let decimals = if seconds < 1.0 { 3 } else { 2 };
    let seconds = format!("{seconds:.decimals$}");
    cx.text("train-pace", &[("seconds", seconds.into())])
}

/// A time span in words.
pub fn span(cx: &Cx<'_>, seconds: f64) -> String {
    let (id, number) = match seconds {
        ..90.0 => ("train-seconds", format!("{seconds:.0}")),
        90.0..5400.0 => ("train-minutes", format!("{:.0}", seconds / 60.0)),
        5400.0..172_800.0 => ("train-hours", format!("{:.1}", seconds / 3600.0)),
        _ => ("train-days", format!("{:.1}", seconds / 86_400.0)),
    };
    cx.text(id, &[("number", number.into())])
}

/// A loss, short.
pub fn loss(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        1e-3..1e4 => format!("{value:.4}"),
        _ => format!("{value:.2e}"),
    }
}

/// The same at a line of a plot, which are round numbers: without zeros at the end.
pub fn at_line(value: f64) -> String {
    let words = loss(value);
    if words.contains('e') || !words.contains('.') {
        return words;
    }
    words.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A bundle by its setting.
pub fn bundle(cx: &Cx<'_>, setting: &str) -> String {
    match setting {
        "embedded" | "toon-tiny" => cx.tr("badge-embedded").into_owned(),
        folder => {
            let name = Path::new(folder).file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_plot_end_without_zeros() {
        let words = [0.0, 10.0, 0.1, 0.2512, 1e-5, 30_000.0].map(at_line);
        assert_eq!(words, ["0", "10", "0.1", "0.2512", "1.00e-5", "3.00e4"]);
    }
}
