//! A report as a LaTeX table (package `booktabs`), ready to be put into a paper.

use super::{Metrics, Report, paper};
use std::fmt::Write as _;

/// The table: the methods and the paper's rows for their modes, then every category.
pub fn latex(report: &Report) -> String {
    let mut text = String::from("% Needs \\usepackage{booktabs}\n\\begin{tabular}{llrrrrr");
    let categories = || report.methods.iter().flat_map(|method| &method.categories);
    let causal = categories().any(|category| category.causal.is_some());
    text.push_str(if causal { "r}" } else { "}" });
    text.push_str("\n\\toprule\nMethod & Samples of & Samples");
    for name in Metrics::NAMES {
        text.push_str(" & ");
        text.push_str(name);
    }
    text.push_str(if causal { " & Causal accuracy" } else { "" });
    text.push_str(" \\\\\n\\midrule\n");
    for method in &report.methods {
        for (index, category) in method.categories.iter().enumerate() {
            let count = category.samples.to_string();
            let metrics = category.metrics.as_ref();
            let right = category.causal.map(|causal| causal.right);
            let right = causal.then_some(right);
            let words = [&*method.name, &*category.category, &*count];
            line(&mut text, words, metrics, right);
            if let Some(paper) = method.mode.and_then(paper).filter(|_| index == 0) {
                let name = format!("{} (paper)", method.name);
                let words = [&*name, &*category.category, ""];
                line(&mut text, words, Some(&paper), causal.then_some(None));
            }
        }
        text.push_str("\\midrule\n");
    }
    if let Some(whole) = text.strip_suffix("\\midrule\n") {
        text.truncate(whole.len());
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n");
    text
}

/// One row; `causal` is the last cell, where the table has such a column.
fn line(
    text: &mut String,
    [method, category, samples]: [&str; 3],
    metrics: Option<&Metrics>,
    causal: Option<Option<f64>>,
) {
    let cell = |text: &mut String, value: Option<f64>| {
        let _ = match value {
            Some(value) => write!(text, " & {value:.4}"),
            None => write!(text, " & --"),
        };
    };
    let _ = write!(
        text,
        "{} & {} & {samples}",
        escaped(method),
        escaped(category)
    );
    for index in 0..Metrics::NAMES.len() {
        let value = metrics.and_then(|metrics| metrics.values().get(index).copied());
        cell(text, value);
    }
    if let Some(right) = causal {
        cell(text, right);
    }
    text.push_str(" \\\\\n");
}

/// Words with everything escaped that LaTeX would read as a command.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => text.extend(['\\', letter]),
            '~' => text.push_str("\\textasciitilde{}"),
            '^' => text.push_str("\\textasciicircum{}"),
            '\\' => text.push_str("\\textbackslash{}"),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{CategoryReport, MethodReport};
    use crate::pipeline::GuidanceMode;

    #[test]
    fn a_table_has_every_row_and_no_stray_command() {
        let category = |name: &str, metrics| CategoryReport {
            category: name.to_owned(),
            samples: 3,
            metrics,
            ..CategoryReport::default()
        };
        let report = Report {
            methods: vec![MethodReport {
                name: "latent".to_owned(),
                mode: Some(GuidanceMode::Latent),
                categories: vec![
                    category(
                        "total sample",
                        Some(Metrics::from_values([0.5, 0.6, 0.7, 0.8])),
                    ),
                    category("50% \\of_it", None),
                ],
                ..MethodReport::default()
            }],
            ..Report::default()
        };
        let text = latex(&report);
        let rows: Vec<&str> = text.lines().filter(|line| line.ends_with("\\\\")).collect();
        assert_eq!(rows.len(), 4, "{text}");
        assert_eq!(
            rows[1],
            "latent & total sample & 3 & 0.5000 & 0.6000 & 0.7000 & 0.8000 \\\\"
        );
        assert!(
            rows[2].starts_with("latent (paper) & total sample &  & 0.8589"),
            "{text}"
        );
        assert_eq!(
            rows[3],
            "latent & 50\\% \\textbackslash{}of\\_it & 3 & -- & -- & -- & -- \\\\"
        );
        assert!(
            text.ends_with("\\\\\n\\bottomrule\n\\end{tabular}\n"),
            "{text}"
        );
    }
}
