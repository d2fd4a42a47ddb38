//! The editors of a bundle: what draws, and CLIP where sentences reach it that way. The second one,
//! `ip2p/`, is a plain InstructPix2Pix; what it does not bring itself it shares with the first.

use super::super::lgd::tokenizer;
use super::super::{Abilities, Component, EditError, Problem, WhichEditor};
use super::{Files, Parts, Slot, Turn, agree};
use crate::diffusion::{NoiseSchedule, ScheduleConfig};
use crate::models::{ClipText, ClipTextConfig, TextTokenizer, Unet, UnetConfig, Vae, VaeConfig};
use std::sync::Arc;

/// A denoiser with everything that belongs to it.
pub(in crate::pipeline) struct EditorParts {
    /// The denoiser.
    pub(in crate::pipeline) unet: Slot<Unet>,
    /// The autoencoder.
    pub(in crate::pipeline) vae: Arc<Slot<Vae>>,
    /// CLIP's text tower, where it reads the sentences.
    pub(in crate::pipeline) clip: Arc<Slot<ClipText>>,
    /// CLIP's tokenizer, where it reads the sentences.
    pub(in crate::pipeline) tokenizer: Option<Arc<TextTokenizer>>,
    /// The noise it was trained on.
    pub(in crate::pipeline) schedule: NoiseSchedule,
    pub(super) unet_config: Arc<UnetConfig>,
    pub(super) vae_config: Arc<VaeConfig>,
}

impl Parts {
    /// One of the editors; the first in place of a second one that the bundle does not have.
    pub(in crate::pipeline) fn editor(&self, which: WhichEditor) -> &EditorParts {
        match (which, &self.second) {
            (WhichEditor::Second, Some(second)) => second,
            (WhichEditor::Second, None) | (WhichEditor::First, _) => &self.first,
        }
    }
}

impl EditorParts {
    /// Its VAE, where `other` has another one.
    pub(super) fn own_vae(&self, other: &Self) -> Option<&Slot<Vae>> {
        (!Arc::ptr_eq(&self.vae, &other.vae)).then_some(&*self.vae)
    }

    /// Its CLIP, where `other` has another one.
    pub(super) fn own_clip(&self, other: &Self) -> Option<&Slot<ClipText>> {
        (!Arc::ptr_eq(&self.clip, &other.clip)).then_some(&*self.clip)
    }
}

impl Files {
    /// The first editor.
    pub(super) fn first_editor(&self) -> Result<EditorParts, EditError> {
        let (unet_config, unet) = self.unet(Component::Unet, Turn::Unet)?;
        let (vae_config, vae) = self.vae(Component::Vae, None)?;
        let (clip, tokenizer) = match Abilities::of(&self.bundle).reads_by_clip() {
            true => {
                let (config, clip) = self.clip(Component::TextEncoder, None)?;
                let context = self.bundle.manifest.dims.cross_attention;
                agree("width of the context", context, config.hidden_size)?;
                let tokenizer = tokenizer(&self.bundle, "tokenizer")?;
                (clip, Some(Arc::new(tokenizer)))
            }
            // Beside a latent translation and a T5 it has nothing to read.
            false => (Slot::absent(self.lacks(Component::TextEncoder)), None),
        };
        Ok(EditorParts {
            unet,
            vae: Arc::new(vae),
            clip: Arc::new(clip),
            tokenizer,
            schedule: self.schedule("scheduler/scheduler_config.json")?,
            unet_config,
            vae_config,
        })
    }

    /// The second editor, where the bundle has a whole one.
    pub(super) fn second_editor(
        &self,
        first: &EditorParts,
    ) -> Result<Option<EditorParts>, EditError> {
        if !Abilities::of(&self.bundle).second_editor {
            return Ok(None);
        }
        let (unet_config, unet) = self.unet(Component::SecondUnet, Turn::SecondEditor)?;
        let (vae_config, vae) = if self.bundle.has_network(Component::SecondVae) {
            let (config, vae) = self.vae(Component::SecondVae, Some(Turn::SecondEditor))?;
            (config, Arc::new(vae))
        } else {
            (first.vae_config.clone(), first.vae.clone())
        };
        let tower = match self.bundle.has_network(Component::SecondTextEncoder) {
            true => Component::SecondTextEncoder,
            false => Component::TextEncoder,
        };
        let clip = match tower == Component::TextEncoder && first.tokenizer.is_some() {
            true => first.clip.clone(),
            false => {
                let (config, clip) = self.clip(tower, Some(Turn::Encoder))?;
                agree_on_context(&unet_config, &config)?;
                Arc::new(clip)
            }
        };
        let own_tokenizer = Abilities::has_tokenizer(&self.bundle, "ip2p/tokenizer");
        let tokenizer = match (own_tokenizer, &first.tokenizer) {
            (true, _) => Arc::new(tokenizer(&self.bundle, "ip2p/tokenizer")?),
            (false, Some(tokenizer)) => tokenizer.clone(),
            (false, None) => Arc::new(tokenizer(&self.bundle, "tokenizer")?),
        };
        let own_schedule = "ip2p/scheduler/scheduler_config.json";
        let schedule = match self.bundle.has(own_schedule) {
            true => self.schedule(own_schedule)?,
            false => first.schedule.clone(),
        };
        Ok(Some(EditorParts {
            unet,
            vae,
            clip,
            tokenizer: Some(tokenizer),
            schedule,
            unet_config,
            vae_config,
        }))
    }

    fn unet(
        &self,
        component: Component,
        turn: Turn,
    ) -> Result<(Arc<UnetConfig>, Slot<Unet>), EditError> {
        let config: UnetConfig = self.config(component)?;
        let config = Arc::new(config);
        let own = config.clone();
        let slot = self.large_slot(component, turn, move |w| Unet::load(&own, w))?;
        Ok((config, slot))
    }

    fn vae(
        &self,
        component: Component,
        turn: Option<Turn>,
    ) -> Result<(Arc<VaeConfig>, Slot<Vae>), EditError> {
        let config: VaeConfig = self.config(component)?;
        let config = Arc::new(config);
        let own = config.clone();
        let slot = self.slot(component, turn, move |w| Vae::load(&own, w))?;
        Ok((config, slot))
    }

    fn clip(
        &self,
        component: Component,
        turn: Option<Turn>,
    ) -> Result<(ClipTextConfig, Slot<ClipText>), EditError> {
        let config: ClipTextConfig = self.config(component)?;
        let own = config.clone();
        let slot = self.slot(component, turn, move |w| ClipText::load(&own, w))?;
        Ok((config, slot))
    }

    /// The config beside the weights of a component.
    fn config<T: serde::de::DeserializeOwned>(&self, component: Component) -> Result<T, Problem> {
        let path = format!("{}/config.json", component.folder());
        self.bundle.config(&path)
    }

    fn schedule(&self, path: &str) -> Result<NoiseSchedule, Problem> {
        let config: ScheduleConfig = self.bundle.config(path)?;
        NoiseSchedule::new(&config).map_err(|e| {
            Problem::new(format!("Cannot use the noise schedule: {e}."))
                .hint(format!("Correct {path}, or copy the bundle again."))
        })
    }
}

/// The second editor's own words must fit its UNet.
fn agree_on_context(unet: &UnetConfig, clip: &ClipTextConfig) -> Result<(), Problem> {
    let (wanted, given) = (unet.cross_attention_dim.get(0), clip.hidden_size);
    if wanted == Some(given) {
        return Ok(());
    }
    let wanted = wanted.unwrap_or(0);
    Err(Problem::new(format!(
        "The second editor's UNet reads words of width {wanted}, but its text encoder makes them {given} wide."
    ))
    .hint("The parts come from different models. Use parts that were trained together."))
}
