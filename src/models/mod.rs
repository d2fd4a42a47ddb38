//! One file per network, each any published size from its `config.json`.

pub mod blip2;
pub mod clip;
mod clip_encoder;
pub mod clip_text;
pub mod clip_vision;
pub mod eva_vit;
pub mod generation;
pub mod lpips;
pub mod qformer;
pub mod t5;
pub mod tokenizer;
pub mod translator;
pub mod unet;
pub mod vae;

pub use blip2::{Blip2, Blip2Config, Latent, QueryReader};
pub use clip::{Clip, ClipConfig};
pub use clip_text::{ClipText, ClipTextConfig};
pub use clip_vision::{ClipVision, ClipVisionConfig};
pub use generation::{AnswerRng, GenerationSettings, Hypothesis, Sampling};
pub use t5::{T5Config, T5Encoder, T5Writer};
pub use tokenizer::TextTokenizer;
pub use translator::LatentTranslator;
pub use unet::{Attended, CrossContext, Unet, UnetConfig};
pub use vae::{Posterior, Vae, VaeConfig};
