//! What was found in files of other programs, and what a bundle makes of it: plain data.

use super::super::GuidanceMode;
use crate::nn::StoredDtype;
use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;

/// A part of a bundle that original files can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Image encoder, Q-Former and language model.
    Blip2,
    /// How the language model's texts become tokens; files only.
    Blip2Tokenizer,
    /// The denoiser.
    Unet,
    /// The autoencoder.
    Vae,
    /// The linear layers of the latent translation.
    Adapter,
    /// The T5 encoder that reads sentences for the editor (tanh GELU), beside BLIP-2's own.
    SentenceEncoder,
    /// CLIP's text tower, which steers plain InstructPix2Pix.
    TextEncoder,
    /// How CLIP's texts become tokens; files only.
    ClipTokenizer,
    /// The noise schedule; files only.
    Scheduler,
    /// The judge of likeness, both towers.
    Clip,
}

impl Part {
    /// What a person calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Blip2 => "BLIP-2",
            Self::Blip2Tokenizer => "BLIP-2's tokenizer",
            Self::Unet => "UNet",
            Self::Vae => "VAE",
            Self::Adapter => "latent translation",
            Self::SentenceEncoder => "T5 of the sentences",
            Self::TextEncoder => "CLIP text encoder",
            Self::ClipTokenizer => "CLIP's tokenizer",
            Self::Scheduler => "noise schedule",
            Self::Clip => "CLIP",
        }
    }

    /// Its folder in a bundle. Both tokenizers lie where the published layouts have them.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Blip2 | Self::Blip2Tokenizer => "blip2",
            Self::Unet => "unet",
            Self::Vae => "vae",
            Self::Adapter => "adapter",
            Self::SentenceEncoder => "t5_encoder",
            Self::TextEncoder => "text_encoder",
            Self::ClipTokenizer => "tokenizer",
            Self::Scheduler => "scheduler",
            Self::Clip => "clip",
        }
    }

    /// The published name of its weight file without `.safetensors`; none for parts of files only.
    pub fn stem(self) -> Option<&'static str> {
        match self {
            Self::Blip2 | Self::SentenceEncoder | Self::TextEncoder | Self::Clip => Some("model"),
            Self::Unet | Self::Vae => Some("diffusion_pytorch_model"),
            Self::Adapter => Some("adapter"),
            Self::Blip2Tokenizer | Self::ClipTokenizer | Self::Scheduler => None,
        }
    }

    /// What its config is called.
    pub fn config_name(self) -> &'static str {
        match self {
            Self::Scheduler => "scheduler_config.json",
            _ => "config.json",
        }
    }

    /// Where people usually get it.
    pub fn usual_source(self) -> &'static str {
        match self {
            Self::Blip2 | Self::Blip2Tokenizer => {
                "Salesforce/blip2-flan-t5-xl or Salesforce/blip2-flan-t5-xxl on Hugging Face"
            }
            Self::Unet | Self::Vae | Self::TextEncoder | Self::ClipTokenizer | Self::Scheduler => {
                "timbrooks/instruct-pix2pix on Hugging Face"
            }
            Self::Adapter => "the authors' LGD checkpoint, or a training run of your own",
            Self::SentenceEncoder => "google/flan-t5-xl or google/flan-t5-xxl on Hugging Face",
            Self::Clip => "openai/clip-vit-base-patch32 on Hugging Face",
        }
    }
}

/// Which of two sets of weights a checkpoint kept while it was trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightKind {
    /// The weights as the last step left them.
    #[default]
    Plain,
    /// Their running average, which validation uses.
    Ema,
}

/// Where a stored tensor is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TensorPlace {
    /// Index into [`Recognised::weight_files`].
    pub file: usize,
    /// Its name there.
    pub name: String,
}

/// How a tensor of the bundle is made from stored ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TensorOperation {
    /// The only source, bytes unchanged.
    Copy,
    /// The only source, bytes unchanged under a shape without the trailing 1x1 of a kernel.
    Squeeze,
    /// `[queries ; zeros ; values]`: the sources are LAVIS's `q_bias` and `v_bias`.
    QueryValueBias,
    /// The only source, a table of one class token and a square grid, resized to another grid:
    /// bicubic, as LAVIS does when a network is loaded for larger pictures.
    ResizePositions {
        /// Cells along one side, stored.
        from: usize,
        /// Cells along one side, wanted.
        to: usize,
    },
    /// Rows `start..end` of the only source, for projections stored merged.
    Rows {
        /// The first row.
        start: usize,
        /// The row behind the last.
        end: usize,
    },
    /// The only source, a matrix, with rows and columns exchanged.
    Transpose,
}

/// One tensor of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedTensor {
    /// Its published name.
    pub name: String,
    /// Its shape in the bundle.
    pub dims: Vec<usize>,
    /// Its dtype as stored; the operation keeps it.
    pub dtype: StoredDtype,
    /// What it is made from, in the order the operation wants.
    pub sources: Vec<TensorPlace>,
    /// How.
    pub operation: TensorOperation,
}

impl PlannedTensor {
    /// Numbers in it.
    pub fn parameters(&self) -> u64 {
        self.dims.iter().map(|&d| d as u64).product()
    }

    /// Bytes of it at its stored dtype.
    pub fn bytes(&self) -> u64 {
        (self.parameters() * self.dtype.bitsize() as u64).div_ceil(8)
    }
}

/// A small file that is taken over as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedFile {
    /// Its name in the component's folder.
    pub name: String,
    /// Where it is now.
    pub source: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

/// One component that was recognised.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecognisedComponent {
    /// What it is.
    pub part: Part,
    /// Which of two sets of weights; a part may be there in both kinds.
    pub kind: WeightKind,
    /// Whether it belongs to the second editor, plain InstructPix2Pix beside LGD (`ip2p/`).
    pub second_editor: bool,
    /// Architecture and size, as shown: "Flan-T5-XL with EVA ViT-g, 364 pixels".
    pub architecture: String,
    /// The files or the folder it was found in.
    pub origin: PathBuf,
    /// The layout it was found in, as shown: "Lightning checkpoint of LGD".
    pub layout: String,
    /// Its config in the published layout, to be written as [`Part::config_name`]; none for parts
    /// without one and where a file of `files` is it.
    pub config: Option<Value>,
    /// Settings in `config` that no file and no shape told, so that the published value was taken.
    pub assumed: Vec<String>,
    /// Its tensors, sorted by name; empty for parts of files only.
    pub tensors: Vec<PlannedTensor>,
    /// Files that go into its folder beside the weights.
    pub files: Vec<PlannedFile>,
    /// Stored dtypes, most frequent first: "F32", "F16".
    pub dtypes: Vec<String>,
    /// Numbers in its tensors.
    pub parameters: u64,
    /// Bytes of its tensors at their stored dtypes, and of its files.
    pub bytes: u64,
    /// The licence, when a file says one.
    pub licence: Option<String>,
}

impl RecognisedComponent {
    /// Its folder in a bundle.
    pub fn folder(&self) -> String {
        let folder = self.part.folder();
        if self.second_editor {
            format!("ip2p/{folder}")
        } else {
            folder.to_owned()
        }
    }
}

/// Something a bundle or a mode needs and that was not found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingPart {
    /// What.
    pub part: Part,
    /// What exactly is missing, as a sentence.
    pub what: String,
    /// Where people usually get it.
    pub usual_source: String,
}

/// Whether a way to steer becomes possible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModeOutlook {
    /// The way to steer.
    pub mode: GuidanceMode,
    /// What it still needs; empty when it is possible.
    pub missing: Vec<Part>,
}

impl ModeOutlook {
    /// Whether nothing is missing.
    pub fn is_possible(&self) -> bool {
        self.missing.is_empty()
    }
}

/// A stored tensor or a value that no component takes, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOver {
    /// Where it is.
    pub place: TensorPlace,
    /// Why it is left out: "a table of the noise schedule", "not known".
    pub reason: String,
    /// Whether the reason is known; unknown ones are shown as a warning.
    pub expected: bool,
}

/// A weight file that the plan reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WeightFileRef {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its format, as shown: "safetensors", "PyTorch zip".
    pub format: String,
}

/// What files of other programs hold and how a bundle is made of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Recognised {
    /// The folders and files that were looked at.
    pub looked_at: Vec<PathBuf>,
    /// Weight files of the plan; [`TensorPlace::file`] counts in them.
    pub weight_files: Vec<WeightFileRef>,
    /// What was recognised, in the order of [`Part`]; averages after the plain weights.
    pub components: Vec<RecognisedComponent>,
    /// All ways to steer, possible or not.
    pub modes: Vec<ModeOutlook>,
    /// What a complete bundle would need beside this.
    pub missing: Vec<MissingPart>,
    /// Tensors that are left out.
    pub left_over: Vec<LeftOver>,
    /// What a person should know before converting: guessed settings, a text-to-image UNet, refused
    /// objects in a pickle.
    pub warnings: Vec<String>,
    /// A name for the bundle, taken from the folder or file.
    pub suggested_name: String,
    /// The licences of the components, joined, when any is written down.
    pub licence: Option<String>,
    /// Side of the square the editor works at, in pixels.
    pub resolution: usize,
}

impl Recognised {
    /// Whether any part is there as a running average as well.
    pub fn has_ema(&self) -> bool {
        self.components.iter().any(|c| c.kind == WeightKind::Ema)
    }

    /// The components a bundle is made of, each part once: the averages where they are wanted and
    /// there, the plain weights everywhere else.
    pub fn chosen(&self, wanted: WeightKind) -> Vec<&RecognisedComponent> {
        let other = |c: &RecognisedComponent| {
            self.components.iter().any(|o| {
                o.part == c.part
                    && o.second_editor == c.second_editor
                    && o.kind != c.kind
                    && o.kind == wanted
            })
        };
        let components = self.components.iter();
        components
            .filter(|c| c.kind == wanted || !other(c))
            .collect()
    }

    /// The component of that part of the first editor, plain or average.
    pub fn component(&self, part: Part, kind: WeightKind) -> Option<&RecognisedComponent> {
        self.components
            .iter()
            .find(|c| c.part == part && c.kind == kind && !c.second_editor)
    }
}
