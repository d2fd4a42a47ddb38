//! Text to token ids and back, for CLIP (byte-level BPE) and T5 (sentence pieces).
//!
//! A thin layer over the `tokenizers` crate that fixes the conventions of the published bundles:
//! padding to a fixed length with the bundle's own padding token, truncation that is reported
//! instead of silent, and decoding without special tokens. One type serves every text network.

mod words;

pub use words::TokenWord;

use candle_core::{Device, Tensor};
use serde_json::{Value, json};
use std::path::Path;
use tokenizers::TruncationDirection;

/// Why a tokenizer could not be read or used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// A file of the tokenizer cannot be read.
    #[error("Cannot read the tokenizer: {message}.\nFile: {file}")]
    Unreadable {
        /// The file as the user knows it.
        file: String,
        /// What went wrong.
        message: String,
    },
    /// The tokenizer definition is not usable.
    #[error("Cannot load the tokenizer: {0}")]
    Invalid(String),
    /// A text could not be encoded or decoded.
    #[error("Cannot split the text into tokens: {0}")]
    Text(String),
}

/// One encoded text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids, special tokens and padding included.
    pub ids: Vec<u32>,
    /// 1 for a token, 0 for padding; as long as `ids`.
    pub mask: Vec<u32>,
    /// How many tokens of the text did not fit and were cut.
    pub cut: usize,
}

impl Encoded {
    /// Number of tokens that are not padding, special tokens included.
    pub fn tokens(&self) -> usize {
        self.mask.iter().filter(|&&kept| kept == 1).count()
    }
}

/// A tokenizer with its padding token.
#[derive(Clone, Debug)]
pub struct TextTokenizer {
    inner: tokenizers::Tokenizer,
    pad_id: u32,
    clean_up: bool,
}

impl TextTokenizer {
    /// From the bytes of a `tokenizer.json`.
    ///
    /// Padding is `<pad>` where that token exists, else end-of-text; see
    /// [`TextTokenizer::with_config`].
    ///
    /// # Errors
    /// When the bytes are no tokenizer definition.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TokenizerError> {
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes)
            .map_err(|e| TokenizerError::Invalid(e.to_string()))?;
        // Lengths are the caller's business: a file may carry the settings it was saved with.
        inner.with_padding(None);
        inner
            .with_truncation(None)
            .map_err(|e| TokenizerError::Invalid(e.to_string()))?;
        let pad_id = ["<pad>", END_OF_TEXT]
            .iter()
            .find_map(|token| inner.token_to_id(token))
            .unwrap_or_default();
        Ok(Self {
            inner,
            pad_id,
            clean_up: true,
        })
    }

    /// From the bytes of CLIP's `vocab.json` and `merges.txt`.
    ///
    /// # Errors
    /// When either is malformed or the vocabulary lacks the start and end tokens.
    pub fn from_vocab_and_merges(vocab: &[u8], merges: &[u8]) -> Result<Self, TokenizerError> {
        let vocab: Value = serde_json::from_slice(vocab)
            .map_err(|e| TokenizerError::Invalid(format!("vocab.json: {e}")))?;
        let merges = std::str::from_utf8(merges)
            .map_err(|e| TokenizerError::Invalid(format!("merges.txt: {e}")))?;
        Self::from_json(clip_definition(&vocab, merges)?.to_string().as_bytes())
    }

    /// Takes the padding token and the decoding clean-up from a `tokenizer_config.json`.
    ///
    /// # Errors
    /// When the bytes are no JSON object or name a padding token that does not exist.
    pub fn with_config(mut self, bytes: &[u8]) -> Result<Self, TokenizerError> {
        let config: Value = serde_json::from_slice(bytes)
            .map_err(|e| TokenizerError::Invalid(format!("tokenizer_config.json: {e}")))?;
        if let Some(clean_up) = config["clean_up_tokenization_spaces"].as_bool() {
            self.clean_up = clean_up;
        }
        // A token is written as a string or as an object with its content.
        let pad = &config["pad_token"];
        match pad.as_str().or_else(|| pad["content"].as_str()) {
            Some(pad) => self.with_pad_token(pad),
            None => Ok(self),
        }
    }

    /// Pads with `token` instead.
    ///
    /// # Errors
    /// When the vocabulary has no such token.
    pub fn with_pad_token(mut self, token: &str) -> Result<Self, TokenizerError> {
        self.pad_id = self.inner.token_to_id(token).ok_or_else(|| {
            TokenizerError::Invalid(format!(
                "the padding token {token} is not in the vocabulary"
            ))
        })?;
        Ok(self)
    }

    /// From a published folder: `tokenizer.json`, or `vocab.json` with `merges.txt`, and the
    /// optional `tokenizer_config.json`.
    ///
    /// # Errors
    /// When the files are missing, unreadable or malformed.
    pub fn from_folder(folder: &Path) -> Result<Self, TokenizerError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|e| TokenizerError::Unreadable {
                file: path.display().to_string(),
                message: e.to_string(),
            })
        };
        let tokenizer =
            if !folder.join("tokenizer.json").is_file() && folder.join("vocab.json").is_file() {
                Self::from_vocab_and_merges(&read("vocab.json")?, &read("merges.txt")?)?
            } else {
                Self::from_json(&read("tokenizer.json")?)?
            };
        if folder.join("tokenizer_config.json").is_file() {
            tokenizer.with_config(&read("tokenizer_config.json")?)
        } else {
            Ok(tokenizer)
        }
    }

    /// Id that fills the positions after a text.
    pub fn pad_id(&self) -> u32 {
        self.pad_id
    }

    /// Number of token ids, added tokens included.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Encodes with special tokens and without padding; `max_length` counts special tokens too.
    ///
    /// # Errors
    /// When the text cannot be split.
    pub fn encode(&self, text: &str, max_length: Option<usize>) -> Result<Encoded, TokenizerError> {
        let (encoding, cut) = self.encoding(text, max_length)?;
        let mut ids = encoding.get_ids().to_vec();
        if let Some(max_length) = max_length {
            ids.truncate(max_length); // fewer places than special tokens
        }
        Ok(Encoded {
            mask: vec![1; ids.len()],
            ids,
            cut,
        })
    }

    /// What the tokenizer itself makes of a text, special tokens included, and how many tokens were
    /// cut.
    fn encoding(
        &self,
        text: &str,
        max_length: Option<usize>,
    ) -> Result<(tokenizers::Encoding, usize), TokenizerError> {
        let failed = |e: tokenizers::Error| TokenizerError::Text(e.to_string());
        let mut encoding = self.inner.encode(text, false).map_err(failed)?;
        let special = self
            .inner
            .get_post_processor()
            .map_or(0, |p| tokenizers::PostProcessor::added_tokens(p, false));
        let length = encoding.len();
        if let Some(max_length) = max_length {
            let room = max_length.saturating_sub(special);
            if length > room {
                encoding.truncate(room, 0, TruncationDirection::Right);
            }
        }
        let cut = length - encoding.len();
        let encoding = self
            .inner
            .post_process(encoding, None, true)
            .map_err(failed)?;
        Ok((encoding, cut))
    }

    /// Encodes to exactly `length` ids: what is longer is cut, what is shorter is padded.
    ///
    /// # Errors
    /// When the text cannot be split.
    pub fn encode_padded(&self, text: &str, length: usize) -> Result<Encoded, TokenizerError> {
        let mut encoded = self.encode(text, Some(length))?;
        encoded.ids.resize(length, self.pad_id);
        encoded.mask.resize(length, 0);
        Ok(encoded)
    }

    /// Text of `ids`, special tokens left out.
    ///
    /// # Errors
    /// When the ids cannot be joined.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        let text = self
            .inner
            .decode(ids, true)
            .map_err(|e| TokenizerError::Text(e.to_string()))?;
        Ok(if self.clean_up {
            close_up_spaces(&text)
        } else {
            text
        })
    }

    /// The piece of text behind one id, for showing tokens one by one.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }
}

/// Stacks encoded texts of one length into ids and mask, both (B, L) of `u32`.
///
/// # Errors
/// When the lengths differ or the device refuses.
pub fn stack(encoded: &[Encoded], device: &Device) -> candle_core::Result<(Tensor, Tensor)> {
    let length = encoded.first().map_or(0, |e| e.ids.len());
    let shape = (encoded.len(), length);
    let ids: Vec<u32> = encoded.iter().flat_map(|e| e.ids.clone()).collect();
    let mask: Vec<u32> = encoded.iter().flat_map(|e| e.mask.clone()).collect();
    Ok((
        Tensor::from_vec(ids, shape, device)?,
        Tensor::from_vec(mask, shape, device)?,
    ))
}

/// CLIP's start token.
const START_OF_TEXT: &str = "<|startoftext|>";
/// CLIP's end token, which is also its padding in Stable Diffusion 1.x.
const END_OF_TEXT: &str = "<|endoftext|>";

/// The `tokenizer.json` that belongs to CLIP's two-file form.
fn clip_definition(vocab: &Value, merges: &str) -> Result<Value, TokenizerError> {
    let id = |token: &str| {
        vocab[token].as_u64().ok_or_else(|| {
            TokenizerError::Invalid(format!("vocab.json has no {token}; this is not CLIP's"))
        })
    };
    let (start, end) = (id(START_OF_TEXT)?, id(END_OF_TEXT)?);
    let merges: Vec<&str> = merges
        .lines()
        .filter(|line| !line.starts_with("#version") && !line.trim().is_empty())
        .collect();
    let special = |id: u64, content: &str| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": true, "special": true})
    };
    // Words, single digits, or runs of anything else; spaces vanish.
    let words = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [special(start, START_OF_TEXT), special(end, END_OF_TEXT)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
            {"type": "Lowercase"},
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": words}, "behavior": "Removed", "invert": true},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
        ]},
        "post_processor": {"type": "RobertaProcessing", "sep": [END_OF_TEXT, end],
            "cls": [START_OF_TEXT, start], "trim_offsets": false, "add_prefix_space": false},
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": END_OF_TEXT,
            "continuing_subword_prefix": "", "end_of_word_suffix": "</w>", "fuse_unk": false,
            "vocab": vocab, "merges": merges},
    }))
}

/// Removes the spaces that word-wise decoding leaves before punctuation and contractions.
fn close_up_spaces(text: &str) -> String {
    let pairs = [
        (" .", "."),
        (" ?", "?"),
        (" !", "!"),
        (" ,", ","),
        (" ' ", "'"),
        (" n't", "n't"),
        (" 'm", "'m"),
        (" 's", "'s"),
        (" 've", "'ve"),
        (" 're", "'re"),
    ];
    pairs
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny_clip() -> TextTokenizer {
        let mut vocab = serde_json::Map::new();
        for (id, token) in ["a", "a</w>", "b", "b</w>", "ab</w>"].iter().enumerate() {
            vocab.insert((*token).to_owned(), json!(id));
        }
        vocab.insert(START_OF_TEXT.to_owned(), json!(5));
        vocab.insert(END_OF_TEXT.to_owned(), json!(6));
        let vocab = Value::Object(vocab).to_string();
        TextTokenizer::from_vocab_and_merges(vocab.as_bytes(), b"#version: 0.2\na b</w>\n")
            .expect("a valid definition")
    }

    #[test]
    fn clip_wraps_pads_and_reports_what_it_cut() {
        let tokenizer = tiny_clip();
        let padded = tokenizer.encode_padded("AB  a", 6).expect("plain text");
        assert_eq!(padded.ids, [5, 4, 1, 6, 6, 6]);
        assert_eq!(padded.mask, [1, 1, 1, 1, 0, 0]);
        assert_eq!((padded.tokens(), padded.cut), (4, 0));
        let cut = tokenizer.encode_padded("a b a b", 4).expect("plain text");
        assert_eq!(cut.ids, [5, 1, 3, 6]);
        assert_eq!(cut.cut, 2);
        let none = tokenizer.encode_padded("a b", 1).expect("plain text");
        assert_eq!((none.ids.len(), none.cut), (1, 2));
    }

    #[test]
    fn a_padding_token_outside_the_vocabulary_is_refused() {
        let config = br#"{"pad_token": {"content": "<none>"}}"#;
        assert!(tiny_clip().with_config(config).is_err());
        let config = br#"{"pad_token": "a"}"#;
        assert_eq!(
            tiny_clip().with_config(config).map(|t| t.pad_id()).ok(),
            Some(0)
        );
    }
}
