//! The networks that read and write, each of which a bundle may lack.

use super::super::{Component, EditError, Problem};
use super::{Files, Slot, Turn, agree};
use crate::models::eva_vit::EvaVit;
use crate::models::{Blip2, Blip2Config, QueryReader, T5Config, T5Encoder, T5Writer};
use crate::nn::Weights;
use std::sync::Arc;

/// BLIP-2, part by part.
pub(super) struct Language {
    /// None where the bundle has no BLIP-2.
    pub config: Option<Arc<Blip2Config>>,
    pub eyes: Slot<EvaVit>,
    pub queries: Slot<QueryReader>,
    pub encoder: Arc<Slot<T5Encoder>>,
    pub writer: Slot<T5Writer>,
}

impl Files {
    /// BLIP-2, or empty places for it.
    pub fn language(&self) -> Result<Language, EditError> {
        if !self.bundle.has_network(Component::Blip2) {
            let why = || self.lacks(Component::Blip2);
            return Ok(Language {
                config: None,
                eyes: Slot::absent(why()),
                queries: Slot::absent(why()),
                encoder: Arc::new(Slot::absent(why())),
                writer: Slot::absent(why()),
            });
        }
        let blip2: Blip2Config = self.bundle.config("blip2/config.json")?;
        self.rehearse(Component::Blip2, |w| Blip2::load(&blip2, w))?;
        let dims = &self.bundle.manifest.dims;
        agree("query tokens", dims.query_tokens, blip2.num_query_tokens)?;
        agree("text width", dims.text, blip2.text_config.d_model)?;
        let blip2 = Arc::new(blip2);

        let config = blip2.clone();
        let eyes = self.large_slot(Component::Blip2, Turn::Eyes, move |w| {
            only(w, &["vision_model"]);
            EvaVit::load(&config.vision_config, &w.pp("vision_model"))
        })?;
        let config = blip2.clone();
        let queries = self.slot(Component::Blip2, Some(Turn::Eyes), move |w| {
            only(w, &["query_tokens", "qformer", "language_projection"]);
            QueryReader::load(&config, w)
        })?;
        let config = blip2.clone();
        let encoder = self.large_slot(Component::Blip2, Turn::Encoder, move |w| {
            only(w, &["language_model"]);
            T5Encoder::load(&config.text_config, &w.pp("language_model"))
        })?;
        let encoder = Arc::new(encoder);
        let (config, reader) = (blip2.clone(), encoder.clone());
        let writer = self.large_slot(Component::Blip2, Turn::Writer, move |w| {
            only(w, &["language_model"]);
            let shared = reader.held().map(|encoder| encoder.shared().clone());
            T5Writer::load(&config.text_config, &w.pp("language_model"), shared)
        })?;
        Ok(Language {
            config: Some(blip2),
            eyes,
            queries,
            encoder,
            writer,
        })
    }

    /// The T5 of the sentences, where it has weights of its own.
    pub fn sentences(&self) -> Result<Option<Slot<T5Encoder>>, EditError> {
        let component = Component::SentenceEncoder;
        if !self.bundle.has_network(component) {
            return Ok(None);
        }
        let config: T5Config = self.bundle.config("t5_encoder/config.json")?;
        agree("text width", self.bundle.manifest.dims.text, config.d_model)?;
        let slot = self.large_slot(component, Turn::Encoder, move |w| {
            T5Encoder::load(&config, w)
        });
        slot.map(Some)
    }

    /// What is said to whoever asks for a network that is not there.
    pub fn lacks(&self, component: Component) -> Problem {
        let name = &self.bundle.manifest.name;
        Problem::new(format!("{name} has no {}.", component.title()))
            .hint("Choose another mode or another bundle.")
    }
}

/// Leaves everything of a BLIP-2 alone that is not below one of the names.
fn only(weights: &Weights, names: &[&str]) {
    let all = [
        "vision_model",
        "query_tokens",
        "qformer",
        "language_projection",
        "language_model",
    ];
    let others = all.iter().filter(|name| !names.contains(name));
    others.for_each(|name| weights.ignore(name));
}
