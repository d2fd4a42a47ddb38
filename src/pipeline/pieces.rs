//! What the positions of the context stand for, and leaving some of it out.
//!
//! The context is `[queries then question ; text]` (see `conditioning`). A [`Piece`] is what a person
//! can point at: a word, or a learned query. Leaving a piece out puts the null condition's features in
//! its positions, so that everything else stays as it was and where it was.

use super::{GuidanceMode, Problem};
use crate::models::tokenizer::TokenWord;
use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// Which part of the context a piece belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PieceOf {
    /// The learned queries that read the frame.
    Query,
    /// The question.
    Question,
    /// The answer.
    Answer,
}

impl PieceOf {
    /// The name used on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Question => "question",
            Self::Answer => "answer",
        }
    }

    /// Whether the editor sees it in a mode.
    pub fn seen_in(self, mode: GuidanceMode) -> bool {
        match self {
            Self::Query => matches!(mode, GuidanceMode::Latent | GuidanceMode::Both),
            Self::Question => mode != GuidanceMode::Answer,
            Self::Answer => mode.needs_answer(),
        }
    }
}

/// A word of what the editor sees, or a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Piece {
    /// Where it belongs.
    pub of: PieceOf,
    /// Its place there, from 1.
    pub place: usize,
    /// The word; empty for a query.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub word: String,
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            PieceOf::Query => write!(f, "query {}", self.place),
            _ => f.write_str(&self.word),
        }
    }
}

/// What some positions of the context stand for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Meaning {
    /// A word or a query.
    Piece(Piece),
    /// The end token of a text.
    End(PieceOf),
    /// The padding after a text.
    Padding(PieceOf),
    /// The empty text, in the part that the mode does not use.
    Nothing,
}

/// Neighbouring positions of the context with one meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextUnit {
    /// What they stand for.
    pub meaning: Meaning,
    /// The positions.
    pub positions: Range<usize>,
}

impl ContextUnit {
    /// The piece, unless it is an end, padding or nothing.
    pub fn piece(&self) -> Option<&Piece> {
        match &self.meaning {
            Meaning::Piece(piece) => Some(piece),
            _ => None,
        }
    }
}

/// Lists what the positions of a context mean, part by part.
#[derive(Default)]
pub(super) struct ContextUnits {
    units: Vec<ContextUnit>,
    length: usize,
}

impl ContextUnits {
    fn push(&mut self, meaning: Meaning, count: usize) {
        if count > 0 {
            let positions = self.length..self.length + count;
            self.length = positions.end;
            self.units.push(ContextUnit { meaning, positions });
        }
    }

    /// `count` learned queries.
    pub(super) fn queries(&mut self, count: usize) {
        for place in 1..=count {
            let piece = Piece {
                of: PieceOf::Query,
                place,
                word: String::new(),
            };
            self.push(Meaning::Piece(piece), 1);
        }
    }

    /// A text in `room` positions, `tokens` of which are not padding.
    pub(super) fn text(&mut self, of: PieceOf, words: Vec<TokenWord>, tokens: usize, room: usize) {
        let start = self.length;
        for (index, TokenWord { text, tokens }) in words.into_iter().enumerate() {
            let piece = Piece {
                of,
                place: index + 1,
                word: text,
            };
            // Special tokens before a word stay without a name of their own.
            let count = (start + tokens.end).saturating_sub(self.length);
            self.push(Meaning::Piece(piece), count);
        }
        let used = self.length - start;
        self.push(Meaning::End(of), tokens.min(room).saturating_sub(used));
        let used = self.length - start;
        self.push(Meaning::Padding(of), room.saturating_sub(used));
    }

    /// The empty text in `room` positions.
    pub(super) fn nothing(&mut self, room: usize) {
        self.push(Meaning::Nothing, room);
    }

    /// The finished list.
    pub(super) fn finish(self) -> Vec<ContextUnit> {
        self.units
    }
}

/// The positions of `pieces`, rising.
pub(super) fn positions_of(
    pieces: &[Piece],
    units: &[ContextUnit],
) -> std::result::Result<Vec<usize>, Problem> {
    let mut positions = Vec::new();
    for piece in pieces {
        let there = |unit: &&ContextUnit| {
            let known = unit.piece();
            known.is_some_and(|k| (k.of, k.place) == (piece.of, piece.place))
        };
        let unit = units.iter().find(there);
        let is_it = |word: &str| piece.word.is_empty() || piece.word == word;
        match unit.and_then(|unit| Some((unit, unit.piece()?))) {
            Some((unit, known)) if is_it(&known.word) => positions.extend(unit.positions.clone()),
            _ => return Err(no_such_piece(piece, units)),
        }
    }
    positions.sort_unstable();
    positions.dedup();
    Ok(positions)
}

fn no_such_piece(piece: &Piece, units: &[ContextUnit]) -> Problem {
    let known = units.iter().filter_map(ContextUnit::piece);
    let known: Vec<&Piece> = known.filter(|known| known.of == piece.of).collect();
    if piece.of == PieceOf::Query {
        let message = format!("There is no query {}.", piece.place);
        return Problem::new(message)
            .hint(format!("This bundle's queries are 1 to {}.", known.len()));
    }
    let words: Vec<String> = known.iter().map(|known| known.to_string()).collect();
    Problem::new(format!(
        "The {} has no word \u{201c}{}\u{201d} in place {}, so it cannot be left out.",
        piece.of.name(),
        piece.word,
        piece.place
    ))
    .hint(format!("Its words are: {}.", words.join(" ")))
}

/// `context` with the null condition's features in `positions`.
///
/// - `context`: (1, L1 + L2, C), of which the first part has `first` positions, L1
/// - `null_context`: (1, 2 N, C); both of its parts have N positions
///
/// Where the null condition is shorter than a part, its last position (padding) stands for the rest.
pub(super) fn left_out(
    context: &Tensor,
    null_context: &Tensor,
    first: usize,
    positions: &[usize],
) -> Result<Tensor> {
    let (_, length, _) = context.dims3()?;
    let null = null_context.dim(1)? / 2;
    let last = null.saturating_sub(1);
    let source = |position: usize| match position {
        kept if positions.binary_search(&kept).is_err() => kept,
        p if p < first => length + p.min(last),
        p => length + null + (p - first).min(last),
    };
    let ids: Vec<u32> = (0..length)
        .map(|position| source(position) as u32)
        .collect();
    let ids = Tensor::from_vec(ids, length, context.device())?;
    Tensor::cat(&[context, null_context], 1)?.index_select(&ids, 1) // (1, L1 + L2, C)
}

/// `context` (1, L, C) with the features of `null_context`, of the same shape, in `positions`.
pub(super) fn replaced(
    context: &Tensor,
    null_context: &Tensor,
    positions: &[usize],
) -> Result<Tensor> {
    let (_, length, _) = context.dims3()?;
    let source = |position: usize| match positions.binary_search(&position) {
        Ok(_) => (length + position) as u32,
        Err(_) => position as u32,
    };
    let ids: Vec<u32> = (0..length).map(source).collect();
    let ids = Tensor::from_vec(ids, length, context.device())?;
    Tensor::cat(&[context, null_context], 1)?.index_select(&ids, 1) // (1, L, C)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn word(text: &str, tokens: Range<usize>) -> TokenWord {
        TokenWord {
            text: text.to_owned(),
            tokens,
        }
    }

    #[test]
    fn every_position_has_one_meaning() {
        let mut units = ContextUnits::default();
        units.queries(2);
        let words = vec![word("a", 0..1), word("hungry", 1..3)];
        units.text(PieceOf::Question, words, 4, 6);
        units.nothing(3);
        let units = units.finish();
        let ranges: Vec<_> = units.iter().map(|unit| unit.positions.clone()).collect();
        assert_eq!(ranges, [0..1, 1..2, 2..3, 3..5, 5..6, 6..8, 8..11]);
        assert_eq!(units[4].meaning, Meaning::End(PieceOf::Question));
        assert_eq!(units[5].meaning, Meaning::Padding(PieceOf::Question));

        let hungry = units[3].piece().cloned().expect("a word");
        assert_eq!(
            positions_of(std::slice::from_ref(&hungry), &units),
            Ok(vec![3, 4])
        );
        let other = Piece {
            word: "sad".to_owned(),
            ..hungry
        };
        let problem = positions_of(&[other], &units).expect_err("another word");
        assert!(problem.hint.is_some_and(|hint| hint.contains("a hungry")));
    }

    #[test]
    fn what_is_left_out_becomes_the_null_condition() -> Result<()> {
        // A first part of four positions, a second of two; a null condition of two and two.
        let context = Tensor::arange(0f32, 6.0, &Device::Cpu)?.reshape((1, 6, 1))?;
        let null = Tensor::new(&[[[10f32], [11.0], [20.0], [21.0]]], &Device::Cpu)?;
        let numbers = |positions: &[usize]| -> Result<Vec<f32>> {
            left_out(&context, &null, 4, positions)?
                .flatten_all()?
                .to_vec1()
        };
        assert_eq!(numbers(&[])?, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(numbers(&[1, 5])?, [0.0, 11.0, 2.0, 3.0, 4.0, 21.0]);
        let everything = [0, 1, 2, 3, 4, 5];
        assert_eq!(numbers(&everything)?, [10.0, 11.0, 11.0, 11.0, 20.0, 21.0]);
        Ok(())
    }
}
