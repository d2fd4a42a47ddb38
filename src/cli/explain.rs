//! What `ask` says about words: leaving some out, and explaining the picture in a folder.

use super::session::Session;
use super::{Failure, output};
use crate::job::{
    Attention, BundleSource, ContextUnit, EditRequest, EditResult, Explaining, Frame, GuidanceMode,
    HeatMap, JobEvent, Meaning, Piece, PieceEffect, PieceOf, Problem, write_text,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The pieces that the words on the command line mean: every place where a word occurs, or a query by
/// its number.
pub(super) fn pieces_of(
    words: &[String],
    session: &mut Session,
    bundle: BundleSource,
    frame: Frame,
    request: &EditRequest,
) -> Result<Vec<Piece>, Failure> {
    let events = session.explain(bundle, frame, request, Explaining::Units)?;
    let units = events.into_iter().find_map(|event| match event {
        JobEvent::Units(_, units) => Some(units),
        _ => None,
    });
    let units = units.unwrap_or_default();
    let known: Vec<&Piece> = units.iter().filter_map(ContextUnit::piece).collect();
    let mut pieces = Vec::new();
    for word in words {
        let asked = word.trim().to_lowercase();
        let is_it = |piece: &&&Piece| piece.to_string().to_lowercase() == asked;
        let before = pieces.len();
        pieces.extend(known.iter().filter(is_it).map(|piece| (*piece).clone()));
        if pieces.len() == before {
            return Err(Failure::Usage(unknown(word, &known)));
        }
    }
    Ok(pieces)
}

fn unknown(word: &str, known: &[&Piece]) -> String {
    let of = |of: PieceOf| {
        let names = known.iter().filter(|piece| piece.of == of);
        names.map(ToString::to_string).collect::<Vec<_>>()
    };
    let mut lines = vec![format!(
        "There is no word \u{201c}{word}\u{201d} in what the editor sees, so it cannot be left out. Choose one of these."
    )];
    for (title, names) in [
        ("Question", of(PieceOf::Question)),
        ("Answer", of(PieceOf::Answer)),
    ] {
        if !names.is_empty() {
            lines.push(format!("{title}: {}", names.join(" ")));
        }
    }
    if let (Some(first), Some(last)) = (of(PieceOf::Query).first(), of(PieceOf::Query).last()) {
        lines.push(format!("Queries: \"{first}\" to \"{last}\""));
    }
    lines.join("\n")
}

/// One word or query and what was found about it.
struct Row {
    piece: Piece,
    attention: f32,
    attention_map: PathBuf,
    effect: Option<(Arc<PieceEffect>, PathBuf)>,
}

/// What was found about a picture.
pub(super) struct Explanation {
    folder: PathBuf,
    rows: Vec<Row>,
    /// The share of the attention that goes to no word and no query.
    rest: f32,
    reading: Option<String>,
}

/// Explains a finished picture and writes heat maps and `effect.csv` into a folder.
pub(super) fn explain(
    folder: &Path,
    session: &mut Session,
    bundle: &BundleSource,
    frame: &Frame,
    result: &EditResult,
) -> Result<Explanation, Failure> {
    std::fs::create_dir_all(folder).map_err(|e| {
        Problem::new(format!("The folder cannot be made: {e}."))
            .hint("Choose another one with --explain.")
            .file(folder)
    })?;
    let ask = |session: &mut Session, what| {
        session.explain(bundle.clone(), frame.clone(), &result.request, what)
    };
    let what = Explaining::Attention(Some(result.picture.clone()));
    let found = ask(session, what)?
        .into_iter()
        .find_map(|event| match event {
            JobEvent::Attended(_, attention, _) => Some(attention),
            _ => None,
        });
    let attention =
        found.ok_or_else(|| Problem::new("The worker ended without an explanation."))?;
    let last = attention.steps.len();
    let units = attention.leg_at(last).map_or(&[][..], |leg| &leg.units);
    let words: Vec<Piece> = units
        .iter()
        .filter_map(ContextUnit::piece)
        .filter(|piece| piece.of != PieceOf::Query)
        .cloned()
        .collect();
    let effects: Vec<Arc<PieceEffect>> = ask(session, Explaining::Effects(words))?
        .into_iter()
        .filter_map(|event| match event {
            JobEvent::Effect(_, effect) => Some(effect),
            _ => None,
        })
        .collect();
    let sees_latent = matches!(
        result.request.mode,
        GuidanceMode::Latent | GuidanceMode::Both
    );
    let reading = if sees_latent {
        ask(session, Explaining::Reading)?
            .into_iter()
            .find_map(|event| match event {
                JobEvent::Read(_, text) => Some(text),
                _ => None,
            })
    } else {
        None
    };
    let largest = effects.iter().map(|effect| effect.change.largest());
    let most = largest.fold(0.0, f32::max);
    let mut rows = Vec::new();
    let mut rest = 0.0;
    for unit in units {
        let map = map_of(&attention, unit, last);
        let share = map.values.iter().sum::<f32>() / map.values.len().max(1) as f32;
        let Meaning::Piece(piece) = &unit.meaning else {
            rest += share;
            continue;
        };
        let path = |kind: &str| folder.join(format!("{kind}-{}.png", file_stem(piece)));
        let attention_map = path("attention");
        let over = map.over(&result.display, map.largest());
        session.save_picture(Arc::new(over), &attention_map)?;
        let effect = effects.iter().find(|effect| effect.piece == *piece);
        let effect = match effect {
            Some(effect) => {
                let over = effect.change.over(&result.display, most);
                session.save_picture(Arc::new(over), &path("effect"))?;
                Some((effect.clone(), path("effect")))
            }
            None => None,
        };
        rows.push(Row {
            piece: piece.clone(),
            attention: share,
            attention_map,
            effect,
        });
    }
    write_text(&folder.join("effect.csv"), &table(&rows))?;
    Ok(Explanation {
        folder: folder.to_owned(),
        rows,
        rest,
        reading,
    })
}

fn map_of(attention: &Attention, unit: &ContextUnit, step: usize) -> HeatMap {
    let [_, height, width] = attention.shape;
    HeatMap {
        width,
        height,
        values: attention.map(unit, step, true),
    }
}

/// `question-07-hungry`, `query-03`.
fn file_stem(piece: &Piece) -> String {
    let letters = |c: char| if c.is_alphanumeric() { c } else { ' ' };
    let word: String = piece.word.to_lowercase().chars().map(letters).collect();
    let numbered = format!("{}-{:02}", piece.of.name(), piece.place);
    let parts = std::iter::once(numbered.as_str()).chain(word.split_whitespace());
    parts.collect::<Vec<_>>().join("-")
}

/// One line per word and query; the effect of queries is not measured.
fn table(rows: &[Row]) -> String {
    let mut text = "of,place,word,attention_share,effect_mean,effect_largest\n".to_owned();
    for row in rows {
        let Piece { of, place, word } = &row.piece;
        let word = word.replace('"', "\"\"");
        let (mean, largest) = row.effect.as_ref().map_or_else(
            || (String::new(), String::new()),
            |(effect, _)| (format!("{:.4}", effect.mean), effect.largest.to_string()),
        );
        let (of, share) = (of.name(), row.attention);
        text += &format!("{of},{place},\"{word}\",{share:.6},{mean},{largest}\n");
    }
    text
}

impl Explanation {
    /// For programs.
    pub(super) fn json(&self) -> Value {
        let pieces = self.rows.iter().map(|row| {
            let effect = row.effect.as_ref().map(|(effect, map)| {
                json!({ "mean": effect.mean, "largest": effect.largest, "map": map })
            });
            json!({
                "of": row.piece.of,
                "place": row.piece.place,
                "word": row.piece.word,
                "attention": row.attention,
                "attention_map": row.attention_map,
                "effect": effect,
            })
        });
        json!({
            "folder": self.folder,
            "pieces": pieces.collect::<Vec<_>>(),
            "attention_elsewhere": self.rest,
            "latent_reads": self.reading,
        })
    }

    /// For people.
    pub(super) fn print(&self) {
        if let Some(reading) = &self.reading {
            output::line(format!("{:<20} {reading}", "The latent reads as"));
        }
        output::line(format!("{:<20} {:>9} {:>9}", "Word", "attention", "effect"));
        for row in &self.rows {
            let name = row.piece.to_string();
            let share = format!("{:.1} %", 100.0 * row.attention);
            let effect = row.effect.as_ref();
            let effect = effect.map_or_else(String::new, |(e, _)| format!("{:.2}", e.mean));
            output::line(format!("{name:<20} {share:>9} {effect:>9}").trim_end());
        }
        let rest = format!("{:.1} %", 100.0 * self.rest);
        output::line(format!("{:<20} {rest:>9}", "Ends, padding, empty"));
        output::line(self.folder.display());
    }
}
