//! Which tokens a word of a text became.

use super::{TextTokenizer, TokenizerError};
use std::ops::Range;

/// A word, or the punctuation beside one, and its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenWord {
    /// As it is written.
    pub text: String,
    /// Places among the ids of [`TextTokenizer::encode`] with the same length.
    pub tokens: Range<usize>,
}

impl TextTokenizer {
    /// The words of `text` that its first `max_length` tokens hold, in order; special tokens belong
    /// to none.
    ///
    /// # Errors
    /// When the text cannot be split.
    pub fn words(&self, text: &str, max_length: usize) -> Result<Vec<TokenWord>, TokenizerError> {
        let (encoding, _cut) = self.encoding(text, Some(max_length))?;
        let starts = starts(text);
        let word_at = |byte: usize| starts.partition_point(|start| *start <= byte);
        let mut words: Vec<(usize, Range<usize>, Range<usize>)> = Vec::new();
        // A token that is only the space before a word belongs to that word.
        let mut waiting = None;
        let tokens = encoding.get_offsets().iter();
        let special = encoding.get_special_tokens_mask();
        for (place, (&(start, end), special)) in tokens.zip(special).enumerate().take(max_length) {
            let slice = text.get(start..end).unwrap_or_default();
            let first = start + slice.len() - slice.trim_start().len();
            if *special == 1 {
                continue;
            }
            if first >= end {
                waiting.get_or_insert(place);
                continue;
            }
            let word = word_at(first);
            match words.last_mut() {
                Some((known, bytes, tokens)) if *known == word => {
                    bytes.end = bytes.end.max(end);
                    tokens.end = place + 1;
                }
                _ => {
                    let from = waiting.unwrap_or(place);
                    words.push((word, first..end, from..place + 1));
                }
            }
            waiting = None;
        }
        let words = words.into_iter().map(|(_, bytes, tokens)| TokenWord {
            text: text.get(bytes).unwrap_or_default().trim().to_owned(),
            tokens,
        });
        Ok(words.collect())
    }
}

/// Where words begin, and the punctuation before and after them, in bytes: `"let's go!"` has the
/// parts `"`, `let's`, `go` and `!"`.
fn starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut rest = 0;
    for chunk in text.split(char::is_whitespace) {
        let start = rest;
        rest += chunk.len();
        rest += text
            .get(rest..)
            .and_then(|t| t.chars().next())
            .map_or(0, char::len_utf8);
        if chunk.is_empty() {
            continue;
        }
        starts.push(start);
        let inside = |c: char| c.is_alphanumeric();
        let (Some(first), Some(last)) = (chunk.find(inside), chunk.rfind(inside)) else {
            continue;
        };
        let after = last
            + chunk
                .get(last..)
                .and_then(|t| t.chars().next())
                .map_or(0, char::len_utf8);
        starts.extend((first > 0).then_some(start + first));
        starts.extend((after < chunk.len()).then_some(start + after));
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_stands_apart_but_not_inside_words() {
        let text = "\u{201c}Let's go!\u{201d}  né(e)";
        let starts = starts(text);
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        let parts: Vec<&str> = starts
            .iter()
            .zip(ends)
            .map(|(a, b)| text[*a..b].trim())
            .collect();
        assert_eq!(parts, ["\u{201c}", "Let's", "go", "!\u{201d}", "né(e", ")"]);
    }
}
