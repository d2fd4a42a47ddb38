//! What tells selected runs apart: one row per setting that is not the same in all of them.

use crate::job::{EditRequest, RunEntry};
use serde_json::Value;

/// A setting and its value in every run, in the order of the selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which setting; a field of the request, or one of `modes`, `seeds`, `bundle`, `frame`.
    pub setting: String,
    /// Its values; empty where there is none.
    pub values: Vec<String>,
}

/// Every setting of one run, in a fixed order. Columns share all of them but mode, seed and answer.
pub fn settings(run: &RunEntry) -> Vec<(String, String)> {
    let list = |parts: Vec<String>| parts.join(", ");
    let mut settings = vec![
        ("question".to_owned(), run.question.clone()),
        (
            "modes".to_owned(),
            list(run.modes.iter().map(|m| m.name().to_owned()).collect()),
        ),
        (
            "seeds".to_owned(),
            list(run.seeds.iter().map(u64::to_string).collect()),
        ),
    ];
    let given = run
        .columns
        .iter()
        .filter_map(|column| column.answer.clone());
    settings.push(("answer".to_owned(), list(given.collect())));
    let first = run.columns.first().cloned().unwrap_or_default();
    settings.extend(numbers(&first));
    let branches = run
        .columns
        .iter()
        .filter_map(|c| Some(c.branch.as_ref()?.step.to_string()));
    settings.push(("branch".to_owned(), list(branches.collect())));
    settings.push(("bundle".to_owned(), run.bundle.clone()));
    settings.push((
        "frame".to_owned(),
        run.frame.name.clone().unwrap_or_default(),
    ));
    settings
}

/// The fields of a request that are not told otherwise, nested ones with a dot.
fn numbers(request: &EditRequest) -> Vec<(String, String)> {
    /// Told by the run, or without influence on the picture.
    const ELSEWHERE: [&str; 6] = ["question", "mode", "seed", "answer", "branch", "preview"];
    let request = serde_json::to_value(request).unwrap_or_default();
    let fields = request.as_object().into_iter().flatten();
    let told = fields.filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
    // What draws the picture first, how the answer is written after it.
    let (nested, flat): (Vec<_>, Vec<_>) = told.partition(|(_, value)| value.is_object());
    let mut numbers: Vec<(String, String)> = flat
        .into_iter()
        .map(|(name, value)| (name.clone(), plain(value)))
        .collect();
    for (name, value) in nested {
        let parts = value.as_object().into_iter().flatten();
        numbers.extend(parts.map(|(part, value)| (format!("{name}.{part}"), plain(value))));
    }
    numbers
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(words) => words.clone(),
        other => other.to_string(),
    }
}

/// The rows in which the runs differ; none for fewer than two.
pub fn differences(runs: &[&RunEntry]) -> Vec<Row> {
    let all: Vec<Vec<(String, String)>> = runs.iter().map(|run| settings(run)).collect();
    let Some(first) = all.first() else {
        return Vec::new();
    };
    let mut rows: Vec<Row> = first
        .iter()
        .map(|(setting, _)| Row {
            setting: setting.clone(),
            values: all
                .iter()
                .map(|known| {
                    let value = known.iter().find(|(name, _)| name == setting);
                    value.map(|(_, value)| value.clone()).unwrap_or_default()
                })
                .collect(),
        })
        .collect();
    rows.retain(|row| {
        row.values
            .iter()
            .any(|value| Some(value) != row.values.first())
    });
    // Two frames may share a name.
    let frames = runs.iter().map(|run| &run.frame.sha256);
    let other_pixels = frames
        .clone()
        .any(|sha256| Some(sha256) != frames.clone().next());
    if other_pixels && rows.iter().all(|row| row.setting != "frame") {
        let values = runs.iter().map(|run| {
            let short: String = run.frame.sha256.chars().take(8).collect();
            format!("{} ({short})", run.frame.name.clone().unwrap_or_default())
        });
        rows.push(Row {
            setting: "frame".to_owned(),
            values: values.collect(),
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::*;

    #[test]
    fn only_what_differs_has_a_row() {
        let (one, mut other) = (entry(1), entry(2));
        assert_eq!(differences(&[&one]), []);
        assert_eq!(
            differences(&[&one, &other]),
            [],
            "the same but for its number"
        );
        other.seeds = vec![8];
        for column in &mut other.columns {
            column.steps = 50;
            column.answer_settings.beams = 9;
        }
        let rows = differences(&[&one, &other, &one]);
        let row = |setting: &str, values: [&str; 3]| Row {
            setting: setting.to_owned(),
            values: values.map(str::to_owned).to_vec(),
        };
        let expected = [
            row("seeds", ["7", "8", "7"]),
            row("steps", ["20", "50", "20"]),
            row("answer_settings.beams", ["5", "9", "5"]),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn frames_of_one_name_are_told_apart_by_their_pixels() {
        let (one, mut other) = (entry(1), entry(2));
        other.frame.sha256 = "ffffffffff".to_owned();
        let rows = differences(&[&one, &other]);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].setting, "frame");
        assert!(rows[0].values[1].contains("ffffffff"), "{rows:?}");
    }
}
