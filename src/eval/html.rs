//! A report as one HTML file that needs nothing else: numbers, differences, and the pictures inside.

use super::{
    CategoryReport, CausalReport, MethodReport, Metrics, RESAMPLES, Report, SampleReport, Shown,
    against, paper,
};
use crate::nn::cancel;
use crate::nn::resize::{Filter, resize};
use crate::pipeline::EditError;
use crate::pipeline::frame_image::{self, Reading};
use crate::pipeline::metadata::{self, PictureFormat, PictureTexts};
use std::fmt::Write as _;
use std::path::Path;

/// Height of a picture, in pixels.
const THUMBNAIL: u32 = 112;
/// Samples that are shown per method at each end, the best and the worst: of the thousands of a
/// whole validation the file would grow to hundreds of megabytes.
const SHOWN_AT_EACH_END: usize = 20;

/// Colours are those of the window, in its two themes.
const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Evaluation</title>
<style>
:root { --ground: #fffaf3; --card: #ffffff; --line: #e9dfd2; --ink: #2d2438; --quiet: #6d6276; --accent: #2a7784; --up: #2f7a4d; --down: #b3312f; color-scheme: light dark }
@media (prefers-color-scheme: dark) { :root { --ground: #211c28; --card: #2b2533; --line: #43394e; --ink: #f1e9e2; --quiet: #b3a6bd; --accent: #6fc0cb; --up: #7fc79a; --down: #f0918c } }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 74rem; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.7rem; margin: 0 } h2 { margin: 2.5rem 0 .5rem; font-size: 1.25rem } h3 { margin: 1.75rem 0 .5rem; font-size: 1rem }
p { margin: .25rem 0; max-width: 60rem } .quiet, small { color: var(--quiet) } small { display: block; font-size: .78rem }
.scroll { overflow-x: auto } table { border-collapse: collapse; background: var(--card); border: 1px solid var(--line); min-width: 40rem }
th, td { padding: .4rem .8rem; text-align: right; border-top: 1px solid var(--line); font-variant-numeric: tabular-nums; vertical-align: top } th { font-weight: 600; border-top: 0 } th:first-child, td:first-child { text-align: left }
.up { color: var(--up) } .down { color: var(--down) }
.sample { margin: .75rem 0 1.25rem } .row { display: flex; flex-wrap: wrap; gap: .5rem } figure { margin: 0 } figure img { height: 112px; display: block; border-radius: 4px } figcaption { font-size: .78rem; color: var(--quiet); font-variant-numeric: tabular-nums } .best figcaption { color: var(--accent); font-weight: 600 }
li { margin: .2rem 0 }
</style>
";

/// What the last columns mean.
const CAUSAL_WORDS: &str = "<p class=\"quiet\">Causal accuracy: the share of pictures to which, of all outcomes that are possible in the frame, the right one is the nearest. Unchanged: the share to which the frame itself is.</p>\n";

/// The file, with the differences to `earlier` where there is such a report and its name.
///
/// # Errors
/// [`EditError::Cancelled`]. A picture that has gone since is left out.
pub fn html(report: &Report, earlier: Option<(&Report, &str)>) -> Result<String, EditError> {
    let mut text = String::from(HEAD);
    let _ = write!(
        text,
        "<h1>Evaluation</h1>\n<p class=\"quiet\">{} {}. CLIP: {}. Below each number is its 95 % interval: {RESAMPLES} bootstrap draws of whole samples.</p>\n",
        escaped(&report.program),
        escaped(&report.version),
        escaped(match report.clip.as_str() {
            "" => "none, so no similarities",
            clip => clip,
        })
    );
    if !report.lpips.is_empty() {
        let name = escaped(&report.lpips);
        let _ = writeln!(
            text,
            "<p class=\"quiet\">{name} to the target: smaller is more alike.</p>"
        );
    }
    for line in &report.drawn {
        let _ = writeln!(text, "<p class=\"quiet\">{}</p>", escaped(line));
    }
    if has_causal(report) {
        text.push_str(CAUSAL_WORDS);
    }
    for method in &report.methods {
        let _ = write!(
            text,
            "<h2>{}</h2>\n<p class=\"quiet\">{} pictures per sample.</p>\n",
            escaped(&method.name),
            method.pictures
        );
        numbers(&mut text, method, earlier);
        pictures(&mut text, method)?;
        left_out(&mut text, method);
    }
    text.push_str("</html>\n");
    Ok(text)
}

fn numbers(text: &mut String, method: &MethodReport, earlier: Option<(&Report, &str)>) {
    text.push_str("<div class=\"scroll\"><table>\n<tr><th>Category<th>Samples");
    for name in Metrics::NAMES {
        let _ = write!(text, "<th>{name}");
    }
    text.push_str("<th>PSNR in dB<th>SSIM");
    let columns = Columns::of(method);
    for (name, there) in [
        ("LPIPS", columns.lpips),
        ("CLIP direction", columns.similar),
    ] {
        if there {
            let _ = write!(text, "<th>{name}");
        }
    }
    text.push_str(if columns.causal {
        "<th>Causal accuracy<th>Unchanged\n"
    } else {
        "\n"
    });
    let changes = earlier.map(|(earlier, name)| (against(method, earlier), name));
    for (index, category) in method.categories.iter().enumerate() {
        category_row(text, category, columns);
        if let Some(paper) = method.mode.and_then(paper).filter(|_| index == 0) {
            difference_row(
                text,
                "to the paper",
                category.metrics.map(|m| m.minus(&paper)),
            );
        }
        if let Some((changes, name)) = &changes
            && let Some(change) = changes.iter().find(|c| c.category == category.category)
        {
            difference_row(text, &format!("to {name}"), Some(change.difference));
        }
    }
    text.push_str("</table></div>\n");
}

/// Columns that not every table has: one of dashes says nothing.
#[derive(Clone, Copy)]
struct Columns {
    similar: bool,
    lpips: bool,
    causal: bool,
}

impl Columns {
    fn of(method: &MethodReport) -> Self {
        let any = |has: fn(&CategoryReport) -> bool| method.categories.iter().any(has);
        Self {
            similar: any(|category| category.metrics.is_some()),
            lpips: any(|category| category.lpips.is_some()),
            causal: any(|category| category.causal.is_some()),
        }
    }
}

fn category_row(text: &mut String, category: &CategoryReport, columns: Columns) {
    let _ = write!(
        text,
        "<tr><td>{}<td>{}",
        escaped(&category.category),
        category.samples
    );
    for index in 0..Metrics::NAMES.len() {
        let value = |metrics: &Option<Metrics>| Some(*metrics.as_ref()?.values().get(index)?);
        match (
            value(&category.metrics),
            value(&category.low),
            value(&category.high),
        ) {
            (Some(mean), Some(low), Some(high)) => {
                let _ = write!(text, "<td>{mean:.4}<small>{low:.4} – {high:.4}</small>");
            }
            (Some(mean), ..) => {
                let _ = write!(text, "<td>{mean:.4}");
            }
            (None, ..) => text.push_str("<td>–"),
        }
    }
    for (value, digits, there) in [
        (category.psnr, 2, true),
        (category.ssim, 4, true),
        (category.lpips, 4, columns.lpips),
        (category.direction, 4, columns.similar),
    ] {
        if !there {
            continue;
        }
        let _ = match value {
            Some(value) => write!(text, "<td>{value:.digits$}"),
            None => write!(text, "<td>–"),
        };
    }
    if let Some(causal) = category.causal {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let _ = write!(text, "<td>{}<small>", percent(causal.right));
        if let Some((low, high)) = causal.interval {
            let _ = write!(text, "{} – {}, ", percent(low), percent(high));
        }
        let _ = write!(
            text,
            "a guess {}</small><td>{}",
            percent(causal.chance),
            percent(causal.unchanged)
        );
    }
    text.push('\n');
}

fn has_causal(report: &Report) -> bool {
    let categories = report.methods.iter().flat_map(|method| &method.categories);
    categories
        .into_iter()
        .any(|category| category.causal.is_some())
}

fn difference_row(text: &mut String, to: &str, difference: Option<Metrics>) {
    let Some(difference) = difference else {
        return;
    };
    let _ = write!(
        text,
        "<tr><td class=\"quiet\">difference {}<td>",
        escaped(to)
    );
    for value in difference.values() {
        let class = if value < 0.0 { "down" } else { "up" };
        let _ = write!(text, "<td class=\"{class}\">{value:+.4}");
    }
    text.push('\n');
}

fn pictures(text: &mut String, method: &MethodReport) -> Result<(), EditError> {
    let mut ranked: Vec<((&str, f64), &SampleReport)> = method
        .samples
        .iter()
        .filter_map(|sample| Some((rank(sample)?, sample)))
        .collect();
    ranked.sort_by(|a, b| b.0.1.total_cmp(&a.0.1));
    let total = ranked.len();
    let cut = total > 2 * SHOWN_AT_EACH_END;
    let (best, worst) = ranked.split_at(if cut { SHOWN_AT_EACH_END } else { total });
    let worst = worst.get(worst.len().saturating_sub(SHOWN_AT_EACH_END)..);
    let groups = if cut {
        vec![
            (
                format!("The {SHOWN_AT_EACH_END} best of {total} samples"),
                best,
            ),
            (
                format!("The {SHOWN_AT_EACH_END} worst"),
                worst.unwrap_or_default(),
            ),
        ]
    } else {
        vec![("All samples, the best first".to_owned(), best)]
    };
    for (title, samples) in groups
        .into_iter()
        .filter(|(_, samples)| !samples.is_empty())
    {
        let _ = writeln!(text, "<h3>{title}</h3>");
        for (rank, sample) in samples {
            if cancel::checkpoint().is_err() {
                return Err(EditError::Cancelled);
            }
            sample_row(text, sample, *rank);
        }
    }
    Ok(())
}

/// What the samples are sorted by, and what it is called: Sim-Avg, or without CLIP the share of right
/// pictures, or SSIM.
fn rank(sample: &SampleReport) -> Option<(&'static str, f64)> {
    if let Some(metrics) = sample.metrics() {
        return Some(("Sim-Avg", metrics.sim_avg));
    }
    if let Some(causal) = CausalReport::of(&[sample]) {
        return Some(("causal accuracy", causal.right));
    }
    let ssim = sample.pictures.iter().filter_map(|picture| picture.ssim);
    let (sum, count) = ssim.fold((0.0, 0), |(sum, count), ssim| (sum + ssim, count + 1));
    (count > 0).then(|| ("SSIM", sum / f64::from(count)))
}

fn sample_row(text: &mut String, sample: &SampleReport, (what, mean): (&str, f64)) {
    let _ = writeln!(
        text,
        "<div class=\"sample\"><p>{} <span class=\"quiet\">{what} {mean:.4}</span></p><div class=\"row\">",
        escaped(&sample.name)
    );
    figure(text, &sample.folder.join(&sample.input), "frame", false);
    figure(text, &sample.folder.join(&sample.target), "target", false);
    let best = sample
        .pictures
        .iter()
        .filter_map(|picture| picture.score)
        .reduce(f64::max);
    for picture in &sample.pictures {
        let seed = picture
            .seed
            .map_or_else(String::new, |seed| format!(" · seed {seed}"));
        let score = picture.score.map(|score| format!("{score:.2}"));
        let shows = picture.shows.map(|shown| match shown {
            Shown::Right => "right",
            Shown::Unchanged => "unchanged",
            Shown::Wrong => "wrong",
        });
        let words = [score.as_deref(), shows];
        let caption = words.into_iter().flatten().collect::<Vec<_>>().join(" ") + &seed;
        figure(
            text,
            &sample.folder.join(&picture.file),
            &caption,
            picture.score == best && best.is_some(),
        );
    }
    text.push_str("</div></div>\n");
}

fn figure(text: &mut String, path: &Path, caption: &str, best: bool) {
    let Some(jpeg) = thumbnail(path) else {
        return;
    };
    let class = if best { " class=\"best\"" } else { "" };
    let _ = writeln!(
        text,
        "<figure{class}><img alt=\"{0}\" src=\"data:image/jpeg;base64,{1}\"><figcaption>{0}</figcaption></figure>",
        escaped(caption),
        base64(&jpeg)
    );
}

/// A small JPEG of the picture; none when it cannot be read any more.
fn thumbnail(path: &Path) -> Option<Vec<u8>> {
    let picture = frame_image::open(path, Reading::AsStored).ok()?;
    let (width, height) = picture.dimensions();
    let scaled = u64::from(width) * u64::from(THUMBNAIL) / u64::from(height.max(1));
    let width = u32::try_from(scaled)
        .unwrap_or(THUMBNAIL)
        .clamp(1, 4 * THUMBNAIL);
    let small = resize(&picture, width, THUMBNAIL, Filter::Lanczos);
    metadata::encode(&small, PictureFormat::Jpeg, &PictureTexts::none()).ok()
}

fn left_out(text: &mut String, method: &MethodReport) {
    if !method.skipped.is_empty() {
        text.push_str("<h3>Folders that were skipped</h3>\n<ul>\n");
        for skipped in &method.skipped {
            let (name, reason) = (escaped(&skipped.name), escaped(&skipped.reason));
            let _ = writeln!(text, "<li>{name} <span class=\"quiet\">{reason}</span>");
        }
        text.push_str("</ul>\n");
    }
    if !method.unlisted.is_empty() {
        let _ = writeln!(
            text,
            "<h3>Samples that the categories do not list</h3>\n<p>{}</p>",
            escaped(&method.unlisted.join(", "))
        );
    }
}

fn escaped(words: &str) -> String {
    words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() {
                letter as char
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfb]), "//77");
    }

    #[test]
    fn names_cannot_become_markup() -> Result<(), EditError> {
        let report = Report {
            clip: "<script>".to_owned(),
            methods: vec![MethodReport {
                name: "a & b".to_owned(),
                ..MethodReport::default()
            }],
            ..Report::default()
        };
        let text = html(&report, None)?;
        assert!(
            text.contains("&lt;script&gt;") && text.contains("a &amp; b"),
            "{text}"
        );
        assert!(!text.contains("<script"), "{text}");
        Ok(())
    }
}
