//! The columns of a run as a LaTeX table (package `booktabs`) with caption and label, ready to be put
//! into a paper.

use super::Export;
use crate::eval::latex_escaped as escaped;
use crate::job::{EditResult, Problem, RunFile, psnr, ssim};
use crate::pipeline::whole_file;
use std::fmt::Write as _;

/// Writes the table of a run.
///
/// # Errors
/// When the folder or the disk says no.
pub(super) fn write(export: &Export) -> Result<(), Problem> {
    let text = table(&export.run, export.with_settings);
    whole_file::write_whole(&export.path, text.as_bytes()).map_err(Problem::from)
}

fn table(run: &RunFile, with_settings: bool) -> String {
    let judged = run.columns.iter().any(|column| column.check.is_some());
    let mut names = vec![("Mode", "l")];
    names.extend(with_settings.then_some(("Seed", "r")));
    names.extend([("Written answer", "p{5cm}"), ("PSNR", "r"), ("SSIM", "r")]);
    names.extend(judged.then_some(("Judged", "l")));
    names.push(("Seconds", "r"));
    let kinds: String = names.iter().map(|(_, kind)| *kind).collect();
    let heads: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    let mut text = String::from(
        "% Needs \\usepackage{booktabs}. Words that are not Latin need an engine for Unicode, such as lualatex.\n\\begin{table}[t]\n\\centering\n",
    );
    let _ = writeln!(text, "\\caption{{{}}}", caption(run, with_settings, judged));
    let _ = writeln!(text, "\\label{{tab:{}}}", label(run));
    let _ = writeln!(text, "\\begin{{tabular}}{{{kinds}}}\n\\toprule");
    let _ = writeln!(text, "{} \\\\\n\\midrule", heads.join(" & "));
    for column in &run.columns {
        let cells = row(run, column, with_settings, judged);
        let _ = writeln!(text, "{} \\\\", cells.join(" & "));
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n\\end{table}\n");
    text
}

fn row(run: &RunFile, column: &EditResult, with_settings: bool, judged: bool) -> Vec<String> {
    let mut mode = column.request.mode.name().to_owned();
    if let Some(branch) = &column.request.branch {
        mode = format!("{mode}, from step {}", branch.step);
    }
    let number = |value: Option<f64>, digits: usize| match value {
        Some(value) if value.is_infinite() => "$\\infty$".to_owned(),
        Some(value) => format!("{value:.digits$}"),
        None => "--".to_owned(),
    };
    let mut cells = vec![escaped(&mode)];
    if with_settings {
        cells.push(column.request.seed.to_string());
    }
    let answer = column.answer.as_ref().map(|answer| escaped(&answer.text));
    cells.push(answer.unwrap_or_else(|| "--".to_owned()));
    let (frame, picture) = (&run.frame, &column.display);
    cells.push(number(psnr(frame, picture).ok(), 2));
    cells.push(number(ssim(frame, picture).ok(), 4));
    if judged {
        let verdict = column.check.as_ref().map(|check| {
            let judgement = check.judgement;
            format!("{} ({:.2})", judgement.verdict().name(), judgement.score())
        });
        cells.push(verdict.unwrap_or_else(|| "--".to_owned()));
    }
    let seconds: f64 = column.stages.iter().map(|stage| stage.seconds).sum();
    cells.push(number((seconds > 0.0).then_some(seconds), 2));
    cells
}

fn caption(run: &RunFile, with_settings: bool, judged: bool) -> String {
    let Some(first) = run.columns.first() else {
        return String::new();
    };
    let request = &first.request;
    let mut caption = format!("Answers to ``{}''", escaped(&request.question));
    if with_settings {
        let _ = write!(
            caption,
            " by {} ({} steps, text scale {}, image scale {}; {})",
            escaped(&first.bundle),
            request.steps,
            request.guidance_scale,
            request.image_guidance_scale,
            escaped(&first.device)
        );
    }
    caption.push_str(". PSNR (dB) and SSIM are to the frame.");
    if judged {
        caption.push_str(" Judged by the model that guided the drawing, with its score.");
    }
    caption
}

/// The first words of the question, as LaTeX takes them in a label.
fn label(run: &RunFile) -> String {
    let question = run.columns.first().map(|c| c.request.question.as_str());
    let words = question
        .unwrap_or_default()
        .split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .take(6)
        .map(str::to_lowercase)
        .collect();
    match words.is_empty() {
        true => "answers".to_owned(),
        false => words.join("-"),
    }
}
