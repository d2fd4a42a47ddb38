//! Descriptions of the two kinds of bundle, and tokenizers for those that are made up.

use super::disk;
use crate::nn::LatentRgb;
use crate::pipeline::manifest::{Defaults, Dims, PreviewRules, TextRules};
use crate::pipeline::{AnswerDecoding, GuidanceMode, Manifest, Problem, embedded};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The sentence the authors put behind every question.
const LGD_SUFFIX: &str = " let's do the causal reasoning step by step.";
/// Mean of CLIP's pixel values, which BLIP-2 shares.
const CLIP_MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
/// Standard deviation of CLIP's pixel values.
const CLIP_STD: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// The description of a kind of bundle, without name and files.
pub(super) struct Template {
    dims: Dims,
    text: TextRules,
    defaults: Defaults,
}

impl Template {
    /// LGD as its authors validate it: a question of 45 tokens with their sentence behind it,
    /// sentences of 77 without a mask, five sampled beams. Source: DESIGN section 10.
    pub(super) fn lgd(text: usize, cross_attention: usize, query_tokens: usize) -> Self {
        Self {
            dims: Dims {
                text,
                cross_attention,
                query_tokens,
            },
            text: TextRules {
                max_length: 45,
                sent_max_length: Some(77),
                question_template: format!("{{question}}{LGD_SUFFIX}"),
                question_attention_mask: true,
                answer_reads_whole_question: true,
                sent_attention_mask: false,
                null_text: String::new(),
            },
            defaults: Defaults {
                mode: GuidanceMode::Latent,
                image_scale: 1.8,
                ..defaults()
            },
        }
    }

    /// InstructPix2Pix as it was published: CLIP's 77 tokens and nothing else.
    pub(super) fn instruct_pix2pix(cross_attention: usize) -> Self {
        Self {
            dims: Dims {
                text: 0,
                cross_attention,
                query_tokens: 0,
            },
            text: TextRules {
                max_length: 77,
                sent_max_length: Some(77),
                question_template: "{question}".to_owned(),
                question_attention_mask: true,
                answer_reads_whole_question: false,
                sent_attention_mask: false,
                null_text: String::new(),
            },
            defaults: Defaults {
                mode: GuidanceMode::Question,
                image_scale: 1.5,
                ..defaults()
            },
        }
    }

    /// The image guidance scale it starts with.
    pub(super) fn image_scale(&self) -> f64 {
        self.defaults.image_scale
    }

    /// The description of a bundle of that kind, whose editor works at `resolution` pixels.
    pub(super) fn manifest(self, name: String, description: String, resolution: usize) -> Manifest {
        let Self {
            dims,
            text,
            defaults,
        } = self;
        Manifest {
            format: 1,
            name,
            description,
            licence: None,
            random: false,
            links: BTreeMap::new(),
            resolution,
            dims,
            text,
            defaults,
            image_mean: CLIP_MEAN,
            image_std: CLIP_STD,
            preview: Some(PreviewRules {
                latent_rgb: Some(stable_diffusion_colours()),
            }),
            sha256: BTreeMap::new(),
        }
    }
}

fn defaults() -> Defaults {
    Defaults {
        mode: GuidanceMode::default(),
        steps: 50,
        text_scale: 7.5,
        image_scale: 1.5,
        seed: 0,
        answer_beams: 5,
        answer_decoding: Some(AnswerDecoding::Paper),
        answer_max_tokens: 77,
    }
}

/// What colours the latents of Stable Diffusion 1.x roughly stand for: a linear fit that the
/// community has passed on for years, here for colours in 0..1.
fn stable_diffusion_colours() -> LatentRgb {
    LatentRgb {
        matrix: vec![
            [0.1756, 0.1149, 0.1614],
            [0.1625, 0.2487, 0.1175],
            [-0.1415, 0.0881, 0.1361],
            [-0.1060, -0.1308, -0.3589],
        ],
        bias: [0.5; 3],
    }
}

/// The embedded bundle's tokenizer with unused words up to T5's number of tokens, so that every id
/// a made-up language model writes has a word. `rows` is the size of its table of tokens.
pub(super) fn t5_tokenizer(rows: usize) -> Result<Vec<(&'static str, Vec<u8>)>, Problem> {
    let read = |name: &str| {
        let path = format!("blip2/{name}");
        embedded::file(&path)
            .map(|(_, bytes)| bytes.to_vec())
            .ok_or_else(|| Problem::new(format!("The embedded bundle has no {path}.")))
    };
    let damaged =
        |e: serde_json::Error| Problem::new(format!("The embedded tokenizer cannot be read: {e}."));
    let mut tokenizer: Value = serde_json::from_slice(&read("tokenizer.json")?).map_err(damaged)?;
    if let Some(vocabulary) = tokenizer["model"]["vocab"].as_object_mut() {
        for id in vocabulary.len()..rows {
            vocabulary.insert(format!("\u{2581}unused{id}"), json!(id));
        }
    }
    Ok(vec![
        ("tokenizer.json", tokenizer.to_string().into_bytes()),
        ("tokenizer_config.json", read("tokenizer_config.json")?),
        ("special_tokens_map.json", read("special_tokens_map.json")?),
        ("generation_config.json", read("generation_config.json")?),
    ])
}

/// A tokenizer in CLIP's layout that reads byte by byte and has as many tokens as CLIP's.
pub(super) fn clip_tokenizer(tokens: usize) -> Vec<(&'static str, Vec<u8>)> {
    let bytes: Vec<char> = byte_letters();
    let ends = bytes.iter().map(|letter| format!("{letter}</w>"));
    let words = bytes.iter().map(char::to_string).chain(ends);
    let unused = (0..).map(|i| format!("unused{i}</w>"));
    let mut vocabulary = Map::new();
    for (id, word) in words
        .chain(unused)
        .take(tokens.saturating_sub(2))
        .enumerate()
    {
        vocabulary.insert(word, json!(id));
    }
    for word in ["<|startoftext|>", "<|endoftext|>"] {
        let id = vocabulary.len();
        vocabulary.insert(word.to_owned(), json!(id));
    }
    let about = json!({
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "model_max_length": 77,
        "tokenizer_class": "CLIPTokenizer",
    });
    vec![
        (
            "vocab.json",
            Value::Object(vocabulary).to_string().into_bytes(),
        ),
        ("merges.txt", b"#version: 0.2\n".to_vec()),
        ("tokenizer_config.json", disk::json(&about)),
    ]
}

/// The letter that stands for each byte in byte-level vocabularies, printable bytes first. Source:
/// GPT-2's vocabulary, which CLIP's is made like.
fn byte_letters() -> Vec<char> {
    let printable = |b: &u32| matches!(b, 33..=126 | 161..=172 | 174..=255);
    let others = (0..256_u32).filter(|b| !printable(b)).count() as u32;
    let codes = (0..256).filter(printable).chain(256..256 + others);
    codes.filter_map(char::from_u32).collect()
}
