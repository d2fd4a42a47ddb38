//! The networks a bundle can have, by folder.

/// A network of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// Vision tower, Q-Former and language model.
    Blip2,
    /// The T5 encoder that reads sentences for the editor, where it has weights of its own.
    SentenceEncoder,
    /// The denoiser.
    Unet,
    /// The autoencoder.
    Vae,
    /// The two linear layers of the latent translation.
    Adapter,
    /// CLIP's text tower, which steers an InstructPix2Pix.
    TextEncoder,
    /// The denoiser of the second editor.
    SecondUnet,
    /// The autoencoder of the second editor, where it is not the same.
    SecondVae,
    /// The text tower of the second editor.
    SecondTextEncoder,
    /// The judge of likeness.
    Clip,
}

impl Component {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Blip2,
        Self::SentenceEncoder,
        Self::Unet,
        Self::Vae,
        Self::Adapter,
        Self::TextEncoder,
        Self::SecondUnet,
        Self::SecondVae,
        Self::SecondTextEncoder,
        Self::Clip,
    ];

    /// Its folder in a bundle.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Blip2 => "blip2",
            Self::SentenceEncoder => "t5_encoder",
            Self::Unet => "unet",
            Self::Vae => "vae",
            Self::Adapter => "adapter",
            Self::TextEncoder => "text_encoder",
            Self::SecondUnet => "ip2p/unet",
            Self::SecondVae => "ip2p/vae",
            Self::SecondTextEncoder => "ip2p/text_encoder",
            Self::Clip => "clip",
        }
    }

    /// What a person calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Blip2 => "BLIP-2",
            Self::SentenceEncoder => "T5 of the sentences",
            Self::Unet => "UNet",
            Self::Vae => "VAE",
            Self::Adapter => "latent translation",
            Self::TextEncoder => "CLIP text encoder",
            Self::SecondUnet => "second editor's UNet",
            Self::SecondVae => "second editor's VAE",
            Self::SecondTextEncoder => "second editor's text encoder",
            Self::Clip => "CLIP",
        }
    }

    /// The published name of the weight file, without `.safetensors`.
    pub(crate) fn stem(self) -> &'static str {
        match self {
            Self::Blip2
            | Self::SentenceEncoder
            | Self::TextEncoder
            | Self::SecondTextEncoder
            | Self::Clip => "model",
            Self::Unet | Self::Vae | Self::SecondUnet | Self::SecondVae => {
                "diffusion_pytorch_model"
            }
            Self::Adapter => "adapter",
        }
    }
}
