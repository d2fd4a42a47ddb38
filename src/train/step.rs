//! One training step of LGD.
//!
//! `L = L_diffusion + 0.1 L_answer + 0.1 L_cpc`. In the form LGD ships (`hybrid`) the latent that
//! reaches the editor is detached, so the loss falls into two independent graphs: the answer and the
//! contrastive loss train BLIP-2's bridge, the diffusion loss trains the UNet and the latent
//! translation. They are run one after the other, so only one of them is in memory at a time.
//! Source: Image Content Generation with Causal Reasoning, section 4; the authors' training code,
//! pinned by `golden/lgd`.

use super::conditions::Conditions;
use super::editor::EditorTask;
use super::gradients::Gradients;
use super::loss::{self, CpcMethod};
use super::networks::Networks;
use crate::models::Latent;
use candle_core::{DType, Result, Tensor, Var, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which way the latent takes to the editor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Conditioning {
    /// Detached: `[mlp(latent_mlp(latent)) ; mlp(text)]`; two independent graphs.
    #[default]
    #[serde(rename = "hybrid")]
    Detached,
    /// Linked: `[mlp(predictive_code) ; mlp(text)]`, where the code is the contrastive loss's
    /// projection of the latent; the diffusion loss reaches BLIP-2.
    #[serde(rename = "hybrid_predictive_code")]
    Linked,
}

/// Weights and forms of the losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepSettings {
    /// The latent's way to the editor.
    pub conditioning: Conditioning,
    /// Weight of the answer's cross-entropy.
    pub answer_weight: f64,
    /// Weight of the contrastive loss.
    pub cpc_weight: f64,
    /// Form of the contrastive loss.
    pub cpc_method: CpcMethod,
    /// Weight of the scene's cross-entropy, where BLIP-2 learns to see.
    pub scene_weight: f64,
    /// Whether the editor learns, or what carries the latent into it: else no picture is looked at.
    pub trains_editor: bool,
    /// How the error of the predicted noise is weighted.
    pub noise: NoiseWeights,
    /// Share of samples that lose their text, their picture, and both: one each.
    pub dropout: f32,
    /// Whether the editor's pieces are computed again on the way back instead of being kept.
    pub recompute: bool,
}

/// How the squared error of the predicted noise is weighted; LGD weights nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NoiseWeights {
    /// Largest signal-to-noise ratio that counts in full, 0 for no limit: a weight of
    /// `min(gamma / snr, 1)`. Source: Hang et al., "Efficient Diffusion Training via Min-SNR Weighting
    /// Strategy", section 3.4, for predicted noise.
    pub min_snr: f64,
    /// How much more a cell counts where the frame after differs from the frame before.
    pub change: f64,
}

/// A picture, or what the frozen autoencoder made of it.
pub enum Picture {
    /// (B, 3, H, W) in -1..1.
    Pixels(Tensor),
    /// Mean and log-variance of its latents, (B, 8, h, w).
    Moments(Tensor),
    /// Nobody looks at it: the editor does not learn.
    Unseen,
}

/// The frame as BLIP-2 sees it, or what its frozen parts made of it.
pub enum Seen {
    /// Normalised, (B, 3, S, S).
    Pixels(Tensor),
    /// Image tokens before the last norm of the image encoder, (B, 1 + P, D).
    Tokens(Tensor),
    /// The latent of frame and question, (B, Q + L, D), where nothing of BLIP-2 is trained.
    Latent(Tensor),
}

/// A text for the editor, or what the frozen language model made of it.
pub enum Words {
    /// (B, S).
    Ids(Tensor),
    /// (B, S, D).
    States(Tensor),
}

/// The samples of a step. B samples, pictures of H x W pixels.
pub struct Batch {
    /// The frame before.
    pub image: Picture,
    /// The frame after.
    pub edited: Picture,
    /// The frame before, for BLIP-2.
    pub seen: Seen,
    /// What BLIP-2 is asked, (B, L), and its mask, where padding is masked.
    pub question_ids: Tensor,
    /// (B, L), 1 for tokens.
    pub question_mask: Tensor,
    /// Whether the encoder may not look at padding.
    pub mask_padding: bool,
    /// The answers, (B, A), -100 for padding.
    pub answer_labels: Tensor,
    /// (B, A), 1 for tokens; the original gives it to the decoder without shifting it.
    pub answer_mask: Tensor,
    /// Weights of the answers' losses, (B).
    pub answer_weights: Tensor,
    /// The sentences the editor reads.
    pub sentences: Words,
    /// The empty text at the length of a sentence; B is 1.
    pub null: Words,
    /// Whether a sample's editor sees the latent; the others see the empty text in its place.
    pub sees_latent: Vec<bool>,
    /// The classes of the frame's scene, (B, parts), -100 where a record does not say.
    pub scene: Option<Tensor>,
    /// Features to pull near and push away, (B, F, D), and how many come first that are near.
    pub causal: Option<(Tensor, Vec<usize>)>,
}

/// The random numbers of a step.
pub struct Draws {
    /// Time step of each sample.
    pub timesteps: Vec<usize>,
    /// The noise that is to be predicted, (B, 4, h, w).
    pub noise: Tensor,
    /// Noise of the posterior that the target latents are drawn from, (B, 4, h, w).
    pub posterior_noise: Tensor,
    /// Uniform numbers that decide what the editor is not told, (B).
    pub conditioning: Vec<f32>,
    /// The same for the contrastive loss, which draws its own, (B).
    pub contrastive: Vec<f32>,
}

/// The terms of the loss, unweighted; absent where nothing of theirs is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// The weighted sum of all terms.
    pub total: f32,
    /// Mean squared error of the predicted noise.
    pub diffusion: Option<f32>,
    /// The answer's cross-entropy.
    pub answer: Option<f32>,
    /// The contrastive loss.
    pub contrastive: Option<f32>,
    /// How far pictures are from what the autoencoder makes of them.
    #[serde(default)]
    pub reconstruction: Option<f32>,
    /// Distance of its latents from a normal distribution, in nats per picture.
    #[serde(default)]
    pub divergence: Option<f32>,
    /// Cross-entropy of the scene that is read off while BLIP-2 learns to see.
    #[serde(default)]
    pub scene: Option<f32>,
}

impl Losses {
    /// All terms, in an order of their own.
    pub(super) fn terms(&self) -> [Option<f32>; 6] {
        let Self {
            total: _,
            diffusion,
            answer,
            contrastive,
            reconstruction,
            divergence,
            scene,
        } = self;
        [
            *diffusion,
            *answer,
            *contrastive,
            *reconstruction,
            *divergence,
            *scene,
        ]
    }

    /// The same from terms in that order, without their sum.
    pub(super) fn of_terms(mut next: impl FnMut() -> Option<f32>) -> Self {
        Self {
            total: 0.0,
            diffusion: next(),
            answer: next(),
            contrastive: next(),
            reconstruction: next(),
            divergence: next(),
            scene: next(),
        }
    }

    /// Adds a share of another sample group's losses.
    pub fn add_share(&mut self, other: &Self, share: f32) {
        let add = |a: &mut Option<f32>, b: Option<f32>| {
            if let Some(b) = b {
                *a = Some(a.unwrap_or(0.0) + b * share);
            }
        };
        self.total += other.total * share;
        add(&mut self.diffusion, other.diffusion);
        add(&mut self.answer, other.answer);
        add(&mut self.contrastive, other.contrastive);
        add(&mut self.reconstruction, other.reconstruction);
        add(&mut self.divergence, other.divergence);
        add(&mut self.scene, other.scene);
    }
}

/// Runs forward and backward; the parameters stay as they are.
///
/// `watch` sees intermediate results by name, for tests and diagnosis.
///
/// # Errors
/// On shapes that do not fit, or when cancelled.
pub fn step(
    networks: &Networks,
    parameters: &BTreeMap<String, Var>,
    settings: &StepSettings,
    batch: &Batch,
    draws: &Draws,
    watch: &mut dyn FnMut(&'static str, &Tensor),
) -> Result<(Losses, Gradients)> {
    let mut losses = Losses::default();
    let mut gradients = Gradients::default();

    // 1. BLIP-2 reads frame and question, and is judged by its answer and its code.
    let Read {
        latent,
        embeds,
        queries,
    } = networks.read(batch)?;
    watch("latent", &latent.hidden_states);
    let null = networks.states(&batch.null)?; // (1, S, D)
    let code = predictive_code(networks, batch, draws, settings, &latent, &null)?;
    let language = language_loss(
        networks,
        batch,
        settings,
        &latent,
        code.as_ref(),
        &mut losses,
        watch,
    )?;
    let scene = match (embeds, queries) {
        (Some(embeds), Some(queries)) => {
            scene_loss(networks, batch, settings, &embeds, &queries, &mut losses)?
        }
        _ => None,
    };
    let language = together(language, scene)?;
    let linked = settings.conditioning == Conditioning::Linked;
    if !linked && let Some(loss) = &language {
        losses.total += loss.to_scalar::<f32>()?;
        gradients.collect(parameters, &mut loss.backward()?)?;
    }

    // 2. The editor learns to predict the noise.
    let stream = match (linked, code) {
        (true, None) => bail!("the linked form needs the projection of the contrastive loss"),
        (true, Some(_)) => latent.hidden_states.clone(),
        (false, _) => latent.hidden_states.detach(),
    };
    drop(latent);
    if !settings.trains_editor {
        return Ok((losses, gradients));
    }
    let task = EditorTask::new(networks, batch, draws, settings, &stream, &null, watch)?;
    let language = language.filter(|_| linked);
    if let Some(language) = &language {
        losses.total += language.to_scalar::<f32>()?;
    }
    let (diffusion, rest) = match settings.recompute {
        true => {
            task.loss_recomputed(networks, &mut |store| gradients.collect(parameters, store))?
        }
        false => task.loss(networks)?,
    };
    losses.diffusion = Some(diffusion);
    losses.total += diffusion;
    if let Some(whole) = together(rest, language)? {
        gradients.collect(parameters, &mut whole.backward()?)?;
    }
    Ok((losses, gradients))
}

/// The sum of two losses, of which either may be missing.
fn together(one: Option<Tensor>, other: Option<Tensor>) -> Result<Option<Tensor>> {
    match (one, other) {
        (Some(one), Some(other)) => (one + other).map(Some),
        (one, other) => Ok(one.or(other)),
    }
}

/// What BLIP-2 made of frames and questions.
struct Read {
    latent: Latent,
    /// Image tokens, (B, 1 + P, D_image), where it looked at the frames now.
    embeds: Option<Tensor>,
    /// What the queries found in them, (B, Q, D_query).
    queries: Option<Tensor>,
}

impl Networks {
    /// Lets BLIP-2 read frames and questions.
    fn read(&self, batch: &Batch) -> Result<Read> {
        let blip2 = &self.blip2;
        let embeds = match &batch.seen {
            Seen::Latent(hidden_states) => {
                let latent = Latent {
                    attention_mask: hidden_states.narrow(2, 0, 1)?.ones_like()?.squeeze(2)?,
                    hidden_states: hidden_states.clone(),
                };
                return Ok(Read {
                    latent,
                    embeds: None,
                    queries: None,
                });
            }
            Seen::Pixels(pixel_values) => blip2.image_embeds(pixel_values)?,
            Seen::Tokens(tokens) => blip2.vision_model().normed(tokens)?,
        };
        let queries = blip2.read_image(&embeds)?;
        let mask = batch.mask_padding.then_some(&batch.question_mask);
        Ok(Read {
            latent: blip2.encode(&blip2.project(&queries)?, &batch.question_ids, mask)?,
            embeds: Some(embeds),
            queries: Some(queries),
        })
    }

    /// T5 states (B, S, D) of texts for the editor.
    pub(super) fn states(&self, words: &Words) -> Result<Tensor> {
        match words {
            Words::Ids(ids) => self.sentence(ids),
            Words::States(states) => Ok(states.clone()),
        }
    }

    /// T5 states (B, S, D) of sentences for the editor, without a mask, as the original encodes them.
    pub(super) fn sentence(&self, ids: &Tensor) -> Result<Tensor> {
        match &self.sentences {
            Some(encoder) => encoder.forward(ids),
            None => self.blip2.encode_text(ids, None),
        }
    }
}

/// The code of every sample, (B, Q + L, D), with its own dropout of the text.
fn predictive_code(
    networks: &Networks,
    batch: &Batch,
    draws: &Draws,
    settings: &StepSettings,
    latent: &Latent,
    null: &Tensor,
) -> Result<Option<Tensor>> {
    let wanted = settings.conditioning == Conditioning::Linked || batch.causal.is_some();
    let Some(projection) = networks.predictive_proj.as_ref().filter(|_| wanted) else {
        return Ok(None);
    };
    let conditions = Conditions::drawn(&draws.contrastive, settings.dropout);
    let kept = conditions.latent_or_null(&latent.hidden_states, null)?;
    projection.forward(&kept.states).map(Some)
}

/// The loss of the scene, weighted, or nothing where nobody reads it.
fn scene_loss(
    networks: &Networks,
    batch: &Batch,
    settings: &StepSettings,
    embeds: &Tensor,
    queries: &Tensor,
    losses: &mut Losses,
) -> Result<Option<Tensor>> {
    let (Some(heads), Some(classes)) = (&networks.scene_heads, &batch.scene) else {
        return Ok(None);
    };
    let loss = heads.loss(embeds, queries, classes)?;
    losses.scene = Some(loss.to_scalar()?);
    (loss * settings.scene_weight).map(Some)
}

/// `0.1 L_answer + 0.1 L_cpc`, or nothing where no variable is behind it.
fn language_loss(
    networks: &Networks,
    batch: &Batch,
    settings: &StepSettings,
    latent: &Latent,
    code: Option<&Tensor>,
    losses: &mut Losses,
    watch: &mut dyn FnMut(&'static str, &Tensor),
) -> Result<Option<Tensor>> {
    let mut total: Option<Tensor> = None;
    let mut add = |loss: Tensor, weight: f64| -> Result<()> {
        let weighted = (loss * weight)?;
        total = Some(match total.take() {
            Some(sum) => (sum + weighted)?,
            None => weighted,
        });
        Ok(())
    };
    // A latent that BLIP-2 made long ago, or with nothing trained in it, is judged by nobody.
    let judged = !matches!(batch.seen, Seen::Latent(_));
    if settings.answer_weight > 0.0 && judged {
        let logits =
            networks
                .blip2
                .logits(latent, &batch.answer_labels, Some(&batch.answer_mask))?;
        if logits.track_op() {
            watch("decoder_logits", &logits);
            let (labels, weights) = (&batch.answer_labels, &batch.answer_weights);
            let answer = loss::weighted_cross_entropy(&logits, labels, weights)?;
            losses.answer = Some(answer.to_scalar()?);
            add(answer, settings.answer_weight)?;
        }
    }
    if let (Some(code), Some((samples, near))) = (code, &batch.causal)
        && settings.cpc_weight > 0.0
        && code.track_op()
    {
        watch("predictive_code", code);
        let (_, length, _) = code.dims3()?;
        let queries = networks.blip2.config().num_query_tokens;
        let tokens = batch
            .question_mask
            .to_dtype(DType::U32)?
            .sum(1)?
            .to_vec1::<u32>()?;
        let ends: Vec<usize> = tokens
            .into_iter()
            .map(|tokens| loss::eos_position(queries, tokens as usize, length))
            .collect();
        let contrastive = loss::cpc_batch(code, samples, near, &ends, settings.cpc_method)?;
        losses.contrastive = Some(contrastive.to_scalar()?);
        add(contrastive, settings.cpc_weight)?;
    }
    Ok(total)
}
