//! What is to be made, how far it is, and what came out: plain data for both faces.

use crate::pipeline::import::WeightKind;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The number format weights are stored in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredAs {
    /// As the original has it, tensor by tensor.
    #[default]
    AsStored,
    /// 32 bits per number.
    F32,
    /// 16 bits per number, fine steps, largest value 65504.
    F16,
    /// 16 bits per number, the range of f32, coarse steps.
    Bf16,
}

impl StoredAs {
    /// All formats, in the order they are shown.
    pub const ALL: [Self; 4] = [Self::AsStored, Self::F32, Self::F16, Self::Bf16];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::AsStored => "as-stored",
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }
}

/// A model of published sizes that can be made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Stable Diffusion 1.5 with BLIP-2 Flan-T5-XL.
    Sd15FlanT5Xl,
    /// Stable Diffusion 1.5 with BLIP-2 Flan-T5-XXL: the sizes of the published LGD.
    Sd15FlanT5Xxl,
    /// InstructPix2Pix without a language model.
    Sd15Ip2p,
    /// The sizes of the bundle inside the program.
    ToonTiny,
    /// Loads and draws in milliseconds.
    Tiny,
}

impl Preset {
    /// All presets, in the order they are shown.
    pub const ALL: [Self; 5] = [
        Self::Sd15FlanT5Xl,
        Self::Sd15FlanT5Xxl,
        Self::Sd15Ip2p,
        Self::ToonTiny,
        Self::Tiny,
    ];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sd15FlanT5Xl => "sd15-flan-t5-xl",
            Self::Sd15FlanT5Xxl => "sd15-flan-t5-xxl",
            Self::Sd15Ip2p => "sd15-ip2p",
            Self::ToonTiny => "toon-tiny",
            Self::Tiny => "tiny",
        }
    }

    /// What it is, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sd15FlanT5Xl => "Stable Diffusion 1.5 with BLIP-2 Flan-T5-XL",
            Self::Sd15FlanT5Xxl => "Stable Diffusion 1.5 with BLIP-2 Flan-T5-XXL",
            Self::Sd15Ip2p => "InstructPix2Pix without a language model",
            Self::ToonTiny => "the sizes of the bundle inside the program",
            Self::Tiny => "the smallest that runs, for tests",
        }
    }
}

/// A name that is none of the ones there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("There is no {what} \"{given}\". Choose one of {known}.")]
pub struct UnknownName {
    what: &'static str,
    given: String,
    known: String,
}

/// Reads and writes an enum by its `name`, so that command line, window and files agree.
macro_rules! by_name {
    ($kind:ty, $what:literal) => {
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $kind {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                let known = Self::ALL.into_iter().find(|known| known.name() == text);
                known.ok_or_else(|| UnknownName {
                    what: $what,
                    given: text.to_owned(),
                    known: Self::ALL.map(Self::name).join(", "),
                })
            }
        }
    };
}

by_name!(StoredAs, "number format");
by_name!(Preset, "preset");

/// An import: what to read, where to write, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportSpec {
    /// Folders and files of original weights.
    pub paths: Vec<PathBuf>,
    /// The bundle folder to make; it must not exist yet, or be empty. Not read when only looking.
    pub to: PathBuf,
    /// The bundle's name; the folder's when absent.
    pub name: Option<String>,
    /// The number format to write.
    pub stored_as: StoredAs,
    /// Which weights of a training checkpoint to take, where it has both.
    pub weights: WeightKind,
    /// Folders of the bundle to make (`unet`, `blip2`, …); everything found when absent.
    pub parts: Option<Vec<String>>,
    /// Use the weights where they are and write only a description that names their folders. For
    /// folders in the published layouts, such as those of the Hugging Face cache.
    pub in_place: bool,
}

impl ImportSpec {
    /// An import of everything that is found, with the weights that the authors validate with.
    pub fn new(paths: Vec<PathBuf>, to: PathBuf) -> Self {
        Self {
            paths,
            to,
            name: None,
            stored_as: StoredAs::default(),
            weights: WeightKind::Ema,
            parts: None,
            in_place: false,
        }
    }
}

/// A bundle of random weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RandomSpec {
    /// Its sizes.
    pub preset: Preset,
    /// The bundle folder to make; it must not exist yet, or be empty.
    pub to: PathBuf,
    /// The bundle's name; one made of the preset when absent.
    pub name: Option<String>,
    /// The number format; "as stored" means the one the preset is published in.
    pub stored_as: StoredAs,
    /// Same seed, same weights.
    pub seed: u64,
}

/// What a build is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildStage {
    /// Reading what the original files hold.
    Reading,
    /// Comparing what an earlier build finished with its checksums.
    Checking,
    /// Writing weights.
    Writing,
}

impl BuildStage {
    /// What happens, in plain words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Reading => "Reading the originals",
            Self::Checking => "Checking what is there",
            Self::Writing => "Writing weights",
        }
    }
}

/// How far a build is.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildProgress {
    /// What it is doing.
    pub stage: BuildStage,
    /// The file at hand, by path inside the bundle.
    pub file: String,
    /// Bytes that are done, those of an earlier build included.
    pub bytes_done: u64,
    /// Bytes in all.
    pub bytes_total: u64,
    /// Estimated seconds until the end; nothing in the first moments.
    pub seconds_left: Option<f64>,
}

/// A finished bundle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MadeBundle {
    /// Where it is.
    pub folder: PathBuf,
    /// Its name.
    pub name: String,
    /// Bytes of all its files; of the description alone where weights are used in place.
    pub bytes: u64,
    /// Of these, bytes an earlier, stopped build had written.
    pub bytes_kept: u64,
    /// Wall-clock seconds.
    pub seconds: f64,
}
