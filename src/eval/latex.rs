//! A report as a LaTeX table (package `booktabs`), ready to be put into a paper.

use super::{CategoryReport, Metrics, Report, paper};
use std::fmt::Write as _;

/// What a row says after the paper's four metrics.
#[derive(Clone, Copy)]
struct Columns {
    lpips: bool,
    causal: bool,
}

/// The table: the methods and the paper's rows for their modes, then every category.
pub fn latex(report: &Report) -> String {
    let categories = || report.methods.iter().flat_map(|method| &method.categories);
    let columns = Columns {
        lpips: categories().any(|category| category.lpips.is_some()),
        causal: categories().any(|category| category.causal.is_some()),
    };
    let mut names: Vec<&str> = Metrics::NAMES.to_vec();
    names.extend(["PSNR", "SSIM"]);
    names.extend(columns.lpips.then_some("LPIPS"));
    names.extend(columns.causal.then_some("Causal accuracy"));
    let mut text = String::from("% Needs \\usepackage{booktabs}\n\\begin{tabular}{ll");
    text.push_str(&"r".repeat(1 + names.len()));
    text.push_str("}\n\\toprule\nMethod & Samples of & Samples");
    for name in names {
        text.push_str(" & ");
        text.push_str(name);
    }
    text.push_str(" \\\\\n\\midrule\n");
    for method in &report.methods {
        for (index, category) in method.categories.iter().enumerate() {
            let count = category.samples.to_string();
            let words = [&*method.name, &*category.category, &*count];
            line(&mut text, words, category, columns);
            if let Some(paper) = method.mode.and_then(paper).filter(|_| index == 0) {
                let name = format!("{} (paper)", method.name);
                let words = [&*name, &*category.category, ""];
                let published = CategoryReport {
                    metrics: Some(paper),
                    ..CategoryReport::default()
                };
                line(&mut text, words, &published, columns);
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

/// One row.
fn line(
    text: &mut String,
    [method, of, samples]: [&str; 3],
    category: &CategoryReport,
    columns: Columns,
) {
    let _ = write!(text, "{} & {} & {samples}", escaped(method), escaped(of));
    let metrics = category.metrics.as_ref().map(Metrics::values);
    let metric = |index: usize| metrics.and_then(|values| values.get(index).copied());
    let mut cells: Vec<(Option<f64>, usize)> = (0..Metrics::NAMES.len())
        .map(|index| (metric(index), 4))
        .collect();
    cells.extend([(category.psnr, 2), (category.ssim, 4)]);
    cells.extend(columns.lpips.then_some((category.lpips, 4)));
    let right = category.causal.map(|causal| causal.right);
    cells.extend(columns.causal.then_some((right, 4)));
    for (value, digits) in cells {
        let _ = match value {
            Some(value) => write!(text, " & {value:.digits$}"),
            None => write!(text, " & --"),
        };
    }
    text.push_str(" \\\\\n");
}

/// Words with everything escaped that LaTeX would read as a command.
pub fn escaped(words: &str) -> String {
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
    use crate::eval::MethodReport;
    use crate::pipeline::GuidanceMode;

    #[test]
    fn a_table_has_every_row_and_no_stray_command() {
        let category = |name: &str, metrics| CategoryReport {
            category: name.to_owned(),
            samples: 3,
            metrics,
            psnr: metrics.map(|_| 20.125),
            lpips: metrics.map(|_| 0.25),
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
            "latent & total sample & 3 & 0.5000 & 0.6000 & 0.7000 & 0.8000 & 20.12 & -- & 0.2500 \\\\"
        );
        assert!(
            rows[2].starts_with("latent (paper) & total sample &  & 0.8589"),
            "{text}"
        );
        assert_eq!(
            rows[3],
            "latent & 50\\% \\textbackslash{}of\\_it & 3 & -- & -- & -- & -- & -- & -- & -- \\\\"
        );
        assert!(
            text.ends_with("\\\\\n\\bottomrule\n\\end{tabular}\n"),
            "{text}"
        );
    }
}
