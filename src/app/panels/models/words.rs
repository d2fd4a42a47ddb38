//! Sizes, counts and badges in words.

use super::Cx;
use crate::app::panels::ask::seconds_text;
use crate::app::texts;
use crate::app::widgets::Tone;
use crate::job::library::{BundleDetails, BundleHome, LibraryEntry};
use crate::job::{GuidanceMode, Part};
use std::borrow::Cow;

/// A size for people, in powers of ten as disks are sold.
pub fn size(cx: &Cx<'_>, bytes: u64) -> String {
    let (id, divisor, decimals) = match bytes {
        0..1_000 => ("size-bytes", 1.0, 0),
        1_000..1_000_000 => ("size-kilobytes", 1e3, 0),
        1_000_000..1_000_000_000 => ("size-megabytes", 1e6, 1),
        _ => ("size-gigabytes", 1e9, 2),
    };
    let number = format!("{:.decimals$}", bytes as f64 / divisor);
    cx.text(id, &[("number", number.into())])
}

/// A large count for people.
pub fn count(cx: &Cx<'_>, number: usize) -> String {
    let steps = cx.texts.language().count_steps();
    let Some(step) = steps.into_iter().find(|step| number >= step.from) else {
        return texts::number(number as u64);
    };
    let decimals = step.decimals;
    let number = format!("{:.decimals$}", number as f64 / step.divisor);
    cx.text(step.text, &[("number", number.into())])
}

/// How much of something is done, and for how long it goes on.
pub fn progress(cx: &Cx<'_>, (done, all): (u64, u64), seconds_left: Option<f64>) -> String {
    let values = [
        ("done", size(cx, done).into()),
        ("all", size(cx, all).into()),
    ];
    let so_far = cx.text("models-progress", &values);
    match seconds_left {
        Some(seconds) => cx.clauses(&so_far, &time_left(cx, seconds)),
        None => so_far,
    }
}

/// What a part of a bundle is called.
pub fn part<'a>(cx: &'a Cx<'_>, part: Part) -> Cow<'a, str> {
    cx.tr(match part {
        Part::Blip2Tokenizer => "part-blip2-tokenizer",
        Part::Adapter => "part-adapter",
        Part::SentenceEncoder => "part-sentence-encoder",
        Part::TextEncoder => "part-text-encoder",
        Part::ClipTokenizer => "part-clip-tokenizer",
        Part::Scheduler => "part-scheduler",
        // Names, the same in every language.
        Part::Blip2 | Part::Unet | Part::Vae | Part::Clip => return part.title().into(),
    })
}

/// A time that is left, in words.
pub fn time_left(cx: &Cx<'_>, seconds: f64) -> String {
    match seconds {
        ..90.0 => seconds_text(cx, seconds),
        90.0..5400.0 => {
            let minutes = format!("{:.0}", seconds / 60.0);
            cx.text("models-minutes-left", &[("minutes", minutes.into())])
        }
        _ => {
            let hours = format!("{:.1}", seconds / 3600.0);
            cx.text("models-hours-left", &[("hours", hours.into())])
        }
    }
}

/// The name of a bundle, or of its folder when it does not say one.
pub fn name<'a>(cx: &'a Cx<'_>, entry: &'a LibraryEntry) -> Cow<'a, str> {
    match (
        &entry.name,
        entry.folder().and_then(|folder| folder.file_name()),
    ) {
        (Ok(name), _) => Cow::Borrowed(name),
        (Err(_), Some(folder)) => folder.to_string_lossy(),
        (Err(_), None) => cx.tr("models-unnamed"),
    }
}

/// What a bundle is, at a glance: badges with their tooltips.
pub fn badges<'a>(cx: &'a Cx<'_>, entry: &LibraryEntry) -> Vec<(Tone, Cow<'a, str>, Cow<'a, str>)> {
    let mut badges = Vec::new();
    let mut put = |tone, label, tip| badges.push((tone, cx.tr(label), cx.tr(tip)));
    if entry.source == cx.state.bundle_source {
        put(Tone::Accent, "badge-in-use", "badge-in-use-tip");
    }
    if cx.state.library.is_damaged(&entry.source) {
        put(Tone::Error, "badge-damaged", "badge-damaged-tip");
    }
    if let Some(Ok(details)) = cx.state.library.details(&entry.source)
        && let Some(about) = &details.report.badge
    {
        let tip = cx.tr("badge-about-tip");
        badges.push((Tone::Warning, cx.words(about), tip));
    }
    let mut put = |tone, label, tip| badges.push((tone, cx.tr(label), cx.tr(tip)));
    match entry.home {
        BundleHome::Program => put(Tone::Quiet, "badge-embedded", "badge-embedded-tip"),
        BundleHome::HubCache => put(Tone::Quiet, "badge-hub", "badge-hub-tip"),
        BundleHome::Added => put(Tone::Quiet, "badge-added", "badge-added-tip"),
        BundleHome::Data => {}
    }
    badges
}

/// Why a bundle cannot run a mode; none when it can.
pub fn why_not(details: &BundleDetails, mode: GuidanceMode) -> Option<&str> {
    let mut reasons = details.report.unavailable_modes.iter();
    let reason = reasons.find(|(name, _)| *name == mode.name());
    reason.map(|(_, why)| why.as_str())
}

/// The facts of a bundle in one line.
pub fn facts(cx: &Cx<'_>, details: &BundleDetails) -> String {
    let report = &details.report;
    let side = report.resolution;
    let mut facts = vec![
        size(cx, report.bytes),
        cx.text("models-resolution", &[("side", side.into())]),
        details.dtypes().join(" + "),
    ];
    facts.extend(report.licence.clone());
    facts.join("  ·  ")
}
