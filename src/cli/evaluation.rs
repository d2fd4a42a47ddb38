//! The numbers of an evaluation as a table in the terminal.

use super::{GlobalArgs, output};
use crate::job::{
    CategoryReport, Evaluation, MethodReport, Metrics, Report, against, paper_difference,
};
use std::path::Path;

/// Width of the first column.
const NAME: usize = 26;
/// Columns of the toon world: share of right pictures, of a guess, and of those that show the frame.
const CAUSAL: &str = "    right  a guess  unchanged";

/// Prints an evaluation: a table, or with `--json` the whole report. `earlier` is the file that the
/// earlier report came from, `written` where the report went.
pub(super) fn print(
    found: &Evaluation,
    earlier: Option<&Path>,
    written: Option<&Path>,
    global: &GlobalArgs,
) {
    if global.json {
        output::json(&found.report);
        return;
    }
    let earlier = found.earlier.as_ref().zip(earlier);
    for method in &found.report.methods {
        table(method, earlier);
    }
    match found.report.clip.as_str() {
        "" => output::line("CLIP: none, so no similarities"),
        clip => output::line(format!("CLIP: {clip}")),
    }
    if let Some(path) = written {
        output::line(path.display());
    }
}

fn table(method: &MethodReport, earlier: Option<(&Report, &Path)>) {
    output::line(format!(
        "{}: {} samples with {} pictures each",
        method.name,
        method.samples.len(),
        method.pictures
    ));
    let names: String = Metrics::NAMES
        .iter()
        .map(|name| format!("{name:>10}"))
        .collect();
    let causal = method.categories.iter().any(|c| c.causal.is_some());
    output::line(format!(
        "{:<NAME$}{:>8}{names}{:>9}{:>8}{:>10}{}",
        "",
        "samples",
        "PSNR",
        "SSIM",
        "direction",
        if causal { CAUSAL } else { "" }
    ));
    for (index, category) in method.categories.iter().enumerate() {
        output::line(numbers(category));
        if index == 0
            && let (Some(low), Some(high)) = (&category.low, &category.high)
        {
            output::line(beside("  95 % from", low));
            output::line(beside("        to", high));
        }
    }
    if let Some(difference) = paper_difference(method) {
        output::line(change("difference to the paper", &difference));
    }
    if let Some((report, path)) = earlier {
        let name = path.file_name().unwrap_or_default().display();
        let changes = against(method, report);
        if changes.is_empty() {
            output::line(format!("{name} has no numbers to compare with."));
        } else {
            output::line(format!("difference to {name}"));
        }
        for found in changes {
            output::line(change(&format!("  {}", found.category), &found.difference));
        }
    }
    if !method.skipped.is_empty() {
        output::line(format!("Skipped folders: {}", method.skipped.len()));
    }
    for skipped in &method.skipped {
        output::line(format!("  {}: {}", skipped.name, skipped.reason));
    }
    if !method.unlisted.is_empty() {
        output::line(format!(
            "Not in the categories, so in no number: {}",
            method.unlisted.join(", ")
        ));
    }
    output::line("");
}

fn numbers(category: &CategoryReport) -> String {
    let cell = |value: Option<f64>, width: usize, digits: usize| match value {
        Some(value) => format!("{value:>width$.digits$}"),
        None => format!("{:>width$}", "–"),
    };
    let metrics = category.metrics.as_ref().map(Metrics::values);
    let cells: String = (0..Metrics::NAMES.len())
        .map(|i| cell(metrics.and_then(|values| values.get(i).copied()), 10, 4))
        .collect();
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let causal = category.causal.map(|causal| {
        let (right, chance) = (percent(causal.right), percent(causal.chance));
        format!("{right:>9}{chance:>9}{:>11}", percent(causal.unchanged))
    });
    format!(
        "{:<NAME$}{:>8}{cells}{}{}{}{}",
        category.category,
        category.samples,
        cell(category.psnr, 9, 2),
        cell(category.ssim, 8, 4),
        cell(category.direction, 10, 4),
        causal.unwrap_or_default()
    )
}

/// Metrics in the columns of the table, without anything else.
fn beside(name: &str, metrics: &Metrics) -> String {
    let cells: String = metrics
        .values()
        .iter()
        .map(|value| format!("{value:>10.4}"))
        .collect();
    format!("{name:<NAME$}{:>8}{cells}", "")
}

fn change(name: &str, difference: &Metrics) -> String {
    let cells: String = difference
        .values()
        .iter()
        .map(|value| format!("{value:>+10.4}"))
        .collect();
    format!("{name:<NAME$}{:>8}{cells}", "")
}
