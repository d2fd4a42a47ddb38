//! A report as tables for spreadsheets: one row per method and category, one per picture.

use super::{CategoryReport, Metrics, Report, paper};
use serde_json::{Map, Value, json};

/// One row: names of columns with their values.
pub type Row = Map<String, Value>;

/// One row per method and category.
pub fn rows(report: &Report) -> Vec<Row> {
    let methods = report.methods.iter();
    let rows = methods.flat_map(|method| {
        let categories = method.categories.iter().enumerate();
        categories.map(|(index, category)| {
            let mut row = Row::new();
            row.insert("method".to_owned(), method.name.clone().into());
            row.insert("pictures_per_sample".to_owned(), method.pictures.into());
            add_numbers(&mut row, category);
            // The paper's table is about all samples, which come first.
            let mode = method.mode.filter(|_| index == 0);
            add_metrics(&mut row, "paper_", mode.and_then(paper).as_ref());
            row
        })
    });
    rows.collect()
}

fn add_numbers(row: &mut Row, category: &CategoryReport) {
    row.insert("category".to_owned(), category.category.clone().into());
    row.insert("samples".to_owned(), category.samples.into());
    add_metrics(row, "", category.metrics.as_ref());
    add_metrics(row, "low_", category.low.as_ref());
    add_metrics(row, "high_", category.high.as_ref());
    let causal = category.causal;
    for (name, value) in [
        ("psnr_db", category.psnr),
        ("ssim", category.ssim),
        ("lpips", category.lpips),
        ("clip_direction", category.direction),
        ("causal_accuracy", causal.map(|c| c.right)),
        ("causal_low", causal.and_then(|c| Some(c.interval?.0))),
        ("causal_high", causal.and_then(|c| Some(c.interval?.1))),
        ("causal_unchanged", causal.map(|c| c.unchanged)),
        ("causal_chance", causal.map(|c| c.chance)),
    ] {
        row.insert(name.to_owned(), value.into());
    }
}

fn add_metrics(row: &mut Row, prefix: &str, metrics: Option<&Metrics>) {
    let values = metrics.map(Metrics::values);
    for (index, name) in Metrics::NAMES.iter().enumerate() {
        let name = name.to_lowercase().replace('-', "_");
        let value = values.and_then(|values| values.get(index).copied());
        row.insert(format!("{prefix}{name}"), value.into());
    }
}

/// One row per generated picture.
pub fn picture_rows(report: &Report) -> Vec<Row> {
    let mut rows = Vec::new();
    for method in &report.methods {
        for sample in &method.samples {
            for picture in &sample.pictures {
                let mut row = Row::new();
                let mut cell = |name: &str, value: Value| row.insert(name.to_owned(), value);
                cell("method", method.name.clone().into());
                cell("sample", sample.name.clone().into());
                cell("file", picture.file.clone().into());
                cell("seed", picture.seed.into());
                cell("score", picture.score.into());
                cell("score_against_input", picture.input_score.into());
                cell("score_of_input", sample.input_score.into());
                cell("psnr_db", picture.psnr.into());
                cell("ssim", picture.ssim.into());
                cell("lpips", picture.lpips.into());
                cell("clip_direction", picture.direction.into());
                cell("shows", json!(picture.shows));
                rows.push(row);
            }
        }
    }
    rows
}
