//! Lists and ranges as they are typed.

use super::{AxisProblem, Parameter, Parsed};
use crate::job::MAX_CELLS;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What stands between commas and line ends.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    let entries = text.split([',', ';', '\n']).map(str::trim);
    entries.filter(|entry| !entry.is_empty())
}

pub(super) fn sentences(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

pub(super) fn named<T: DeserializeOwned>(parameter: Parameter, text: &str) -> Parsed<Vec<T>> {
    let read = |entry: &str| {
        let name = Value::String(entry.to_lowercase());
        serde_json::from_value(name)
            .map_err(|_unknown| AxisProblem::Unknown(parameter, entry.to_owned()))
    };
    entries(text).map(read).collect()
}

/// A range as it is written: first, last and step, the step being 1 where there is none.
fn range(entry: &str) -> Option<(&str, &str, &str)> {
    let (first, rest) = entry.split_once("..")?;
    let (last, step) = rest.split_once(':').unwrap_or((rest, "1"));
    Some((first.trim(), last.trim(), step.trim()))
}

pub(super) fn whole_numbers(parameter: Parameter, text: &str) -> Parsed<Vec<u64>> {
    let number = |text: &str| number::<u64>(parameter, text);
    let mut values = Vec::new();
    for entry in entries(text) {
        let Some((first, last, step)) = range(entry) else {
            values.push(number(entry)?);
            continue;
        };
        let (first, last, step) = (number(first)?, number(last)?, number(step)?);
        if last < first || step == 0 {
            return Err(AxisProblem::EmptyRange(entry.to_owned()));
        }
        let steps = (last - first) / step;
        if steps >= MAX_CELLS as u64 {
            return Err(AxisProblem::TooMany);
        }
        values.extend((0..=steps).map(|index| first + index * step));
    }
    Ok(values)
}

pub(super) fn scales(parameter: Parameter, text: &str) -> Parsed<Vec<f64>> {
    let number = |text: &str| {
        number::<f64>(parameter, text).and_then(|value| {
            let real = value.is_finite().then_some(value);
            real.ok_or_else(|| AxisProblem::NotANumber(parameter, text.to_owned()))
        })
    };
    let mut values = Vec::new();
    for entry in entries(text) {
        let Some((first, last, step)) = range(entry) else {
            values.push(number(entry)?);
            continue;
        };
        let (first, last, step) = (number(first)?, number(last)?, number(step)?);
        if last < first || step <= 0.0 {
            return Err(AxisProblem::EmptyRange(entry.to_owned()));
        }
        // 0.1 is not a sum of halves: the last value may be a hair beyond.
        let steps = ((last - first) / step + 1e-6).floor();
        if steps >= MAX_CELLS as f64 {
            return Err(AxisProblem::TooMany);
        }
        values.extend((0..=steps as usize).map(|index| tidy(first + index as f64 * step)));
    }
    Ok(values)
}

fn number<T: std::str::FromStr>(parameter: Parameter, text: &str) -> Parsed<T> {
    text.parse()
        .map_err(|_other| AxisProblem::NotANumber(parameter, text.to_owned()))
}

/// Without the dust of adding: six decimals.
pub(super) fn tidy(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
