//! The numbers of a run: one row per column, one row per step. CSV for spreadsheets, JSON for programs
//! with the complete requests.

use crate::job::{Divergence, EditResult, Estimate, Problem, RunFile, psnr, ssim};
use crate::pipeline::{Stage, whole_file};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// The stages that have a row of their own, in order.
const STAGES: [Stage; 5] = [
    Stage::Loading,
    Stage::ReadingFrame,
    Stage::Thinking,
    Stage::Drawing,
    Stage::Finishing,
];

/// Writes the two tables: columns at `path`, steps beside it.
///
/// # Errors
/// When the folder or the disk says no.
pub(super) fn write_csv(run: &RunFile, path: &Path) -> Result<(), Problem> {
    let columns: Vec<_> = (0..run.columns.len())
        .map(|i| column_facts(run, i))
        .collect();
    let main = csv(&columns)?;
    let steps = csv(&steps(run))?;
    // First the one that was named: most of what can go wrong is said about it.
    whole_file::write_whole(path, main.as_bytes())?;
    whole_file::write_whole(&steps_path(path), steps.as_bytes())?;
    Ok(())
}

/// Where the table of the steps goes: `name.csv` has it in `name-steps.csv`.
fn steps_path(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-steps.csv"))
}

/// Writes everything as one object.
///
/// # Errors
/// When the folder or the disk says no.
pub(super) fn write_json(run: &RunFile, path: &Path) -> Result<(), Problem> {
    let columns: Vec<_> = (0..run.columns.len())
        .map(|i| column_facts(run, i))
        .collect();
    let whole = json!({
        "program": "LGD Studio",
        "version": env!("CARGO_PKG_VERSION"),
        "columns": columns,
        "steps": steps(run),
    });
    let mut text = serde_json::to_string_pretty(&whole).map_err(cannot_write)?;
    text.push('\n');
    whole_file::write_whole(path, text.as_bytes())?;
    Ok(())
}

pub(super) fn cannot_write(error: serde_json::Error) -> Problem {
    Problem::new(format!("The numbers cannot be written: {error}."))
        .hint("Export the run in another format.")
}

/// Everything known about a column; what is not known is null.
fn column_facts(run: &RunFile, index: usize) -> Map<String, Value> {
    let mut facts = Map::new();
    let Some(column) = run.columns.get(index) else {
        return facts;
    };
    let request = serde_json::to_value(&column.request).unwrap_or_default();
    let answer = column.answer.as_ref();
    let mut fact = |name: &str, value: Value| {
        facts.insert(name.to_owned(), value);
    };
    fact("column", (index + 1).into());
    for name in ["mode", "seed", "question"] {
        fact(name, request[name].clone());
    }
    fact("answer", answer.map(|answer| answer.text.clone()).into());
    fact("answer_given", answer.map(|answer| answer.given).into());
    fact(
        "answer_score",
        answer.and_then(|answer| answer.score).into(),
    );
    for name in [
        "steps",
        "guidance_scale",
        "image_guidance_scale",
        "sampler",
        "noise",
    ] {
        fact(name, request[name].clone());
    }
    let branch = column.request.branch.as_ref();
    fact("branch_step", branch.map(|branch| branch.step).into());
    fact("bundle", column.bundle.clone().into());
    fact(
        "bundle_fingerprint",
        column.bundle_fingerprint.clone().into(),
    );
    fact("device", column.device.clone().into());
    fact("frame", column.frame.name.clone().into());
    fact("frame_sha256", column.frame.sha256.clone().into());
    fact("width_px", column.picture.width().into());
    fact("height_px", column.picture.height().into());
    seconds(column, &mut fact);
    distances(run, column, &mut fact);
    let check = column.check.as_ref();
    fact(
        "check_question",
        check.map(|check| check.question.clone()).into(),
    );
    fact(
        "check",
        check.map(|check| check.judgement.verdict().name()).into(),
    );
    fact(
        "check_score",
        check.map_or(Value::Null, |c| rounded(c.judgement.score())),
    );
    fact("notices", column.notices.join(" ").into());
    fact("request", request);
    facts
}

fn seconds(column: &EditResult, fact: &mut dyn FnMut(&str, Value)) {
    let of = |stage: Stage| {
        let known = column.stages.iter().find(|known| known.stage == stage);
        known.map(|known| known.seconds)
    };
    let all: f64 = column.stages.iter().map(|stage| stage.seconds).sum();
    fact("seconds", rounded(all));
    for stage in STAGES {
        let name = serde_json::to_value(stage).unwrap_or_default();
        let name = name.as_str().unwrap_or_default().replace('-', "_");
        fact(
            &format!("seconds_{name}"),
            of(stage).map_or(Value::Null, rounded),
        );
    }
}

/// How far the finished picture is from the frame: in latents, and in pixels as they are shown.
fn distances(run: &RunFile, column: &EditResult, fact: &mut dyn FnMut(&str, Value)) {
    let latents = column.track.last().zip(run.seen.as_ref());
    let distance = latents.and_then(|(last, frame)| last.distance(frame));
    fact(
        "distance_to_frame",
        distance.map_or(Value::Null, |d| rounded(f64::from(d))),
    );
    let measured = |value: Option<f64>| match value {
        // JSON has no infinity, and equal pictures are worth telling from unknown ones.
        Some(value) if value.is_infinite() => "inf".into(),
        Some(value) => rounded(value),
        None => Value::Null,
    };
    let (frame, picture) = (&run.frame, &column.display);
    fact("psnr_to_frame", measured(psnr(frame, picture).ok()));
    fact("ssim_to_frame", measured(ssim(frame, picture).ok()));
}

/// One row per step: how far the columns are apart, and each from the frame.
fn steps(run: &RunFile) -> Vec<Map<String, Value>> {
    let tracks: Vec<&[Estimate]> = run.columns.iter().map(|c| &*c.track).collect();
    let steps = tracks.iter().map(|track| track.len()).max().unwrap_or(0);
    let number = |value: Option<f32>| value.map_or(Value::Null, |v| rounded(f64::from(v)));
    let rows = (0..steps).map(|index| {
        let apart = Divergence::at(index, &tracks, run.seen.as_ref());
        let mut row = Map::new();
        row.insert("step".to_owned(), (index + 1).into());
        row.insert("between_columns".to_owned(), number(apart.between));
        for (column, distance) in apart.to_frame.into_iter().enumerate() {
            row.insert(format!("column_{}_to_frame", column + 1), number(distance));
        }
        row
    });
    rows.collect()
}

/// Six digits: more would pretend that half precision knew them.
fn rounded(value: f64) -> Value {
    ((value * 1e6).round() / 1e6).into()
}

/// A table with the names of the first row as its head (RFC 4180).
///
/// # Errors
/// When a value cannot be written.
pub(in crate::job) fn csv(rows: &[Map<String, Value>]) -> Result<String, Problem> {
    let mut text = String::new();
    let Some(first) = rows.first() else {
        return Ok(text);
    };
    let head: Vec<String> = first.keys().map(|name| cell(name)).collect();
    text.push_str(&head.join(","));
    text.push_str("\r\n");
    for row in rows {
        let mut cells = Vec::new();
        for value in row.values() {
            cells.push(match value {
                Value::Null => String::new(),
                Value::String(words) => cell(words),
                other => cell(&serde_json::to_string(other).map_err(cannot_write)?),
            });
        }
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    Ok(text)
}

/// A value as a cell, quoted where it has to be.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_only_where_they_must_be() -> Result<(), Problem> {
        let row = |name: &str, value: Value| {
            let mut row = Map::new();
            row.insert("name".to_owned(), name.into());
            row.insert("value".to_owned(), value);
            row
        };
        let rows = [
            row("plain", 0.25.into()),
            row("a \"b\", c", Value::Null),
            row("two\nlines", json!({ "x": 1 })),
        ];
        let expected = "name,value\r\nplain,0.25\r\n\"a \"\"b\"\", c\",\r\n\"two\nlines\",\"{\"\"x\"\":1}\"\r\n";
        assert_eq!(csv(&rows)?, expected);
        Ok(())
    }
}
