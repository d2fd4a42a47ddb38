//! `lgd.json`: what the published configs of a bundle do not say (DESIGN section 3).

use super::{AnswerDecoding, AnswerSettings, EditRequest, GuidanceMode, Problem};
use crate::nn::LatentRgb;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The format version this program reads.
const FORMAT: u32 = 1;

/// The description of a bundle.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Manifest {
    /// Version of this file's format.
    pub format: u32,
    /// The bundle's name, as shown.
    pub name: String,
    /// One sentence about it.
    #[serde(default)]
    pub description: String,
    /// The licence of the weights.
    #[serde(default)]
    pub licence: Option<String>,
    /// Whether the weights are made up, so that its pictures mean nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub random: bool,
    /// Parts that lie elsewhere: a folder of the bundle (`unet`), and the folder it stands for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, PathBuf>,
    /// Side of the square the editor works at, in pixels.
    pub resolution: usize,
    /// Widths and token counts.
    pub dims: Dims,
    /// How texts become tokens.
    pub text: TextRules,
    /// Starting values of a request.
    pub defaults: Defaults,
    /// Mean of BLIP-2's pixel values, 0..1 RGB.
    pub image_mean: [f32; 3],
    /// Standard deviation of BLIP-2's pixel values, 0..1 RGB.
    pub image_std: [f32; 3],
    /// Cheap previews.
    #[serde(default)]
    pub preview: Option<PreviewRules>,
    /// SHA-256 of every file, by path inside the bundle.
    #[serde(default)]
    pub sha256: BTreeMap<String, String>,
}

/// Widths and token counts that the networks must agree on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Dims {
    /// Width D of the language model; 0 without one.
    #[serde(default)]
    pub text: usize,
    /// Width of the UNet's context.
    pub cross_attention: usize,
    /// Learned queries Q; 0 without a language model.
    #[serde(default)]
    pub query_tokens: usize,
}

/// How questions and sentences are tokenised.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct TextRules {
    /// Tokens of the question beside the queries; longer questions are cut.
    pub max_length: usize,
    /// Tokens of a sentence that the editor reads; as `max_length` when absent.
    #[serde(default)]
    pub sent_max_length: Option<usize>,
    /// What the language model is asked; `{question}` stands for the question.
    pub question_template: String,
    /// Whether the latent's encoder masks the padding of the question.
    #[serde(default = "yes")]
    pub question_attention_mask: bool,
    /// Whether the answer is written after the whole question, neither padded nor cut.
    #[serde(default, skip_serializing_if = "is_false")]
    pub answer_reads_whole_question: bool,
    /// Whether the encoder masks the padding of sentences.
    #[serde(default)]
    pub sent_attention_mask: bool,
    /// The text of the null condition.
    #[serde(default)]
    pub null_text: String,
}

impl TextRules {
    /// What the language model is asked for a question.
    pub fn asked(&self, question: &str) -> String {
        self.question_template.replace("{question}", question)
    }
}

fn yes() -> bool {
    true
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Starting values of a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Defaults {
    /// Guidance mode.
    pub mode: GuidanceMode,
    /// Denoising steps.
    pub steps: usize,
    /// Text guidance scale.
    pub text_scale: f64,
    /// Image guidance scale.
    pub image_scale: f64,
    /// Seed.
    #[serde(default)]
    pub seed: u64,
    /// Beams of the written answer; 1 is greedy.
    #[serde(default = "one")]
    pub answer_beams: usize,
    /// How the answer is searched; as `answer_beams` says when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_decoding: Option<AnswerDecoding>,
    /// Longest answer, in tokens.
    pub answer_max_tokens: usize,
}

fn one() -> usize {
    1
}

/// How latents are shown without the decoder.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PreviewRules {
    /// The linear map from latents to colours.
    #[serde(default)]
    pub latent_rgb: Option<LatentRgb>,
}

impl Manifest {
    /// Reads the text of an `lgd.json`.
    ///
    /// # Errors
    /// When it is not JSON of this format, or its numbers cannot be meant.
    pub fn parse(text: &[u8]) -> Result<Self, Problem> {
        let manifest: Self = serde_json::from_slice(text).map_err(|e| {
            Problem::new(format!("Cannot read the bundle's description: {e}."))
                .hint("It may be damaged or of another program. Copy the bundle again.")
        })?;
        if manifest.format != FORMAT {
            return Err(Problem::new(format!(
                "This bundle has format {}, but this program reads format {FORMAT}.",
                manifest.format
            ))
            .hint("Use the version of LGD Studio the bundle was made for, or import the weights again."));
        }
        let sane = |name: &str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(Problem::new(format!(
                    "The bundle's {name} is {value}, but it must be between {low} and {high}."
                ))
                .hint("Correct lgd.json, or copy the bundle again."))
            }
        };
        sane("resolution", manifest.resolution, 16, 4096)?;
        sane("text.max_length", manifest.text.max_length, 1, 4096)?;
        sane("defaults.steps", manifest.defaults.steps, 1, 1000)?;
        if !manifest.text.question_template.contains("{question}") {
            return Err(
                Problem::new("The bundle's question template has no {question} in it.")
                    .hint("Correct text.question_template in lgd.json."),
            );
        }
        Ok(manifest)
    }

    /// What a person must know before believing the bundle's pictures, if anything.
    pub fn badge(&self) -> Option<&'static str> {
        self.random.then_some("random weights")
    }

    /// The quick guess of a latent's colours, if the bundle has one.
    pub fn latent_rgb(&self) -> Option<&LatentRgb> {
        self.preview.as_ref()?.latent_rgb.as_ref()
    }

    /// The first 16 hexadecimal digits of the sha256 over the description, which itself holds the
    /// sha256 of every file: equal for bundles with equal files.
    pub fn fingerprint(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        let digest = Sha256::digest(&text);
        digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
    }

    /// The bundle's defaults as a request with an empty question.
    pub fn default_request(&self) -> EditRequest {
        let d = &self.defaults;
        EditRequest {
            mode: d.mode,
            steps: d.steps,
            guidance_scale: d.text_scale,
            image_guidance_scale: d.image_scale,
            seed: d.seed,
            answer_settings: AnswerSettings {
                decoding: d.answer_decoding.unwrap_or(if d.answer_beams > 1 {
                    AnswerDecoding::Beams
                } else {
                    AnswerDecoding::Greedy
                }),
                beams: if d.answer_beams > 1 {
                    d.answer_beams
                } else {
                    AnswerSettings::default().beams
                },
                max_tokens: d.answer_max_tokens,
                ..AnswerSettings::default()
            },
            ..EditRequest::default()
        }
    }
}
