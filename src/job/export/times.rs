//! The measured spans of a run as numbers: CSV for spreadsheets, JSON for programs.

use super::table::{cannot_write, csv};
use crate::job::Problem;
use crate::pipeline::{Span, Timings, Work, whole_file};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::Arc;

/// Writes the spans of a run's jobs: as JSON where the name ends in it, else as CSV with one row per
/// span.
///
/// # Errors
/// When nothing was measured, or the folder or the disk says no.
pub fn write(timings: &[Arc<Timings>], path: &Path) -> Result<(), Problem> {
    if timings.is_empty() {
        return Err(Problem::new(
            "The times of this run were not measured: an older version drew it.",
        )
        .hint("Draw it again."));
    }
    let ending = path.extension();
    let text = match ending.is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        true => as_json(timings)?,
        false => csv(&rows(timings))?,
    };
    whole_file::write_whole(path, text.as_bytes())?;
    Ok(())
}

fn rows(timings: &[Arc<Timings>]) -> Vec<Map<String, Value>> {
    let jobs = timings.iter().enumerate();
    let rows = jobs.flat_map(|(job, timings)| {
        let row = move |span: &Span| {
            let named = |index: &usize| timings.columns.get(*index).cloned();
            let columns: Vec<String> = span.columns.iter().filter_map(named).collect();
            let facts = [
                ("job", (job + 1).into()),
                ("work", span.work.name().into()),
                ("start_seconds", span.start.into()),
                ("seconds", span.seconds.into()),
                ("step", span.step.into()),
                ("columns", columns.join("; ").into()),
                ("parts", span.parts.into()),
                ("device", timings.device.clone().into()),
            ];
            facts.map(|(name, value)| (name.to_owned(), value)).into()
        };
        timings.spans.iter().map(row)
    });
    let rows: Vec<Vec<(String, Value)>> = rows.collect();
    rows.into_iter().map(Map::from_iter).collect()
}

fn as_json(timings: &[Arc<Timings>]) -> Result<String, Problem> {
    let jobs = timings.iter().map(|timings| {
        let totals = Work::ALL.map(|work| (work.name().to_owned(), timings.total(work).into()));
        let totals: Map<String, Value> = totals.into_iter().collect();
        let mut job = serde_json::to_value(timings.as_ref()).map_err(cannot_write)?;
        job["totals"] = totals.into();
        Ok(job)
    });
    let whole = json!({
        "program": "LGD Studio",
        "version": env!("CARGO_PKG_VERSION"),
        "jobs": jobs.collect::<Result<Vec<Value>, Problem>>()?,
    });
    let mut text = serde_json::to_string_pretty(&whole).map_err(cannot_write)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_rows_and_nothing_measured_is_said() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("times.csv");
        let problem = write(&[], &path).err().ok_or("nothing was written")?;
        assert!(problem.hint.is_some() && !path.exists());
        let span = Span {
            work: Work::Step,
            start: 0.5,
            seconds: 0.25,
            step: Some(3),
            columns: vec![0, 1],
            parts: 1,
        };
        let timings = Arc::new(Timings {
            device: "cpu f32".to_owned(),
            columns: vec!["answer, seed 1".to_owned(), "latent, seed 1".to_owned()],
            seconds: 0.75,
            spans: vec![span],
        });
        write(std::slice::from_ref(&timings), &path)?;
        let text = std::fs::read_to_string(&path)?;
        let expected = "job,work,start_seconds,seconds,step,columns,parts,device\r\n1,step,0.5,0.25,3,\"answer, seed 1; latent, seed 1\",1,cpu f32\r\n";
        assert_eq!(text, expected);
        let path = folder.path().join("times.json");
        write(std::slice::from_ref(&timings), &path)?;
        let value: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
        assert_eq!(value["jobs"][0]["totals"]["step"], 0.25);
        let back: Timings = serde_json::from_value(value["jobs"][0].clone())?;
        assert_eq!(back, *timings);
        Ok(())
    }
}
