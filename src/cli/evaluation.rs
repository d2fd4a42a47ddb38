//! The numbers of an evaluation as a table in the terminal.

use super::{GlobalArgs, output};
use crate::job::{
    CategoryReport, Evaluation, MethodReport, Metrics, Report, WHERE_CLIP_IS, against,
    paper_difference,
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
    if !found.report.lpips.is_empty() {
        output::line(format!("{} to the target", found.report.lpips));
    }
    if found.report.clip.is_empty() {
        output::line(WHERE_CLIP_IS);
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
    let any = |has: fn(&CategoryReport) -> bool| method.categories.iter().any(has);
    let columns = Columns {
        similar: any(|category| category.metrics.is_some()),
        lpips: any(|category| category.lpips.is_some()),
        causal: any(|category| category.causal.is_some()),
    };
    let mut names = String::new();
    if columns.similar {
        names.extend(Metrics::NAMES.map(|name| format!("{name:>10}")));
    }
    names.push_str(&format!("{:>9}{:>8}", "PSNR", "SSIM"));
    for (name, there) in [
        ("   LPIPS", columns.lpips),
        (" direction", columns.similar),
        (CAUSAL, columns.causal),
    ] {
        names.push_str(if there { name } else { "" });
    }
    output::line(format!("{:<NAME$}{:>8}{names}", "", "samples"));
    for (index, category) in method.categories.iter().enumerate() {
        output::line(numbers(category, columns));
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

/// Columns that not every table has: one of dashes says nothing.
#[derive(Clone, Copy)]
struct Columns {
    similar: bool,
    lpips: bool,
    causal: bool,
}

fn numbers(category: &CategoryReport, columns: Columns) -> String {
    let cell = |value: Option<f64>, width: usize, digits: usize| match value {
        Some(value) => format!("{value:>width$.digits$}"),
        None => format!("{:>width$}", "–"),
    };
    let metrics = category.metrics.as_ref().map(Metrics::values);
    let metric = |i: usize| metrics.and_then(|values| values.get(i).copied());
    let similar = |cells: String| {
        if columns.similar {
            cells
        } else {
            String::new()
        }
    };
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let causal = category.causal.map(|causal| {
        let (right, chance) = (percent(causal.right), percent(causal.chance));
        format!("{right:>9}{chance:>9}{:>11}", percent(causal.unchanged))
    });
    let cells = (0..Metrics::NAMES.len()).map(|i| cell(metric(i), 10, 4));
    [
        format!("{:<NAME$}{:>8}", category.category, category.samples),
        similar(cells.collect()),
        cell(category.psnr, 9, 2),
        cell(category.ssim, 8, 4),
        match columns.lpips {
            true => cell(category.lpips, 8, 4),
            false => String::new(),
        },
        similar(cell(category.direction, 10, 4)),
        causal.unwrap_or_default(),
    ]
    .concat()
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
