//! Which device computes.

use candle_core::{DType, Device};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A person's choice of device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The first GPU this build can use, else the CPU.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The CUDA device of that number.
    Cuda(usize),
    /// Apple's GPU.
    Metal,
}

/// Why a device is not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// This build has no support for it.
    #[error("This program was built without {0} support.")]
    NotBuilt(&'static str, &'static str),
    /// The driver or the device said no.
    #[error("The device {0} cannot be used: {1}.")]
    Unavailable(DeviceChoice, String),
    /// The name is none of ours.
    #[error("\"{0}\" is not a device. Use auto, cpu, cuda:0 (or another number) or metal.")]
    Unknown(String),
}

impl DeviceError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotBuilt(_, feature) => Some(format!(
                "Compute on the processor (device cpu), or build the program with `cargo build --release --features {feature}`."
            )),
            Self::Unavailable(..) => Some(
                "Compute on the processor (device cpu), or check the driver with `lgd-studio doctor`."
                    .to_owned(),
            ),
            // The message says it itself.
            Self::Unknown(_) => None,
        }
    }
}

impl DeviceChoice {
    /// Opens the device.
    ///
    /// # Errors
    /// When the build or the machine lacks it; `Auto` falls back to the CPU instead.
    pub fn open(self) -> Result<Device, DeviceError> {
        let unavailable = |e: candle_core::Error| DeviceError::Unavailable(self, e.to_string());
        match self {
            Self::Auto if candle_core::utils::cuda_is_available() => {
                Ok(Device::new_cuda(0).unwrap_or(Device::Cpu))
            }
            Self::Auto if candle_core::utils::metal_is_available() => {
                Ok(Device::new_metal(0).unwrap_or(Device::Cpu))
            }
            Self::Auto | Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(_) if !candle_core::utils::cuda_is_available() => {
                Err(DeviceError::NotBuilt("CUDA", "cuda"))
            }
            Self::Cuda(ordinal) => Device::new_cuda(ordinal).map_err(unavailable),
            Self::Metal if !candle_core::utils::metal_is_available() => {
                Err(DeviceError::NotBuilt("Metal", "metal"))
            }
            Self::Metal => Device::new_metal(0).map_err(unavailable),
        }
    }

    /// The devices this build could open here, the one `Auto` takes first.
    pub fn available() -> Vec<Self> {
        let mut found = Vec::new();
        if candle_core::utils::cuda_is_available() {
            found.extend(
                (0..16)
                    .take_while(|n| Device::new_cuda(*n).is_ok())
                    .map(Self::Cuda),
            );
        }
        if candle_core::utils::metal_is_available() {
            found.push(Self::Metal);
        }
        found.push(Self::Cpu);
        found
    }
}

/// The numbers in which the large networks compute: the image encoder, the language model and the
/// UNet. Everything else, and every norm, softmax and sampler state, is f32 always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Precision {
    /// bf16 on CUDA, f32 elsewhere: processors have no fast bf16 here.
    #[default]
    Auto,
    /// 32 bits.
    F32,
    /// 16 bits with the range of f32: half the memory, about three digits.
    Bf16,
    /// 8-bit products in the UNet, f32 elsewhere; on a GPU as `Auto`. About half of the
    /// time of f32 on a processor with AVX-512 VNNI and BF16, with a third of the UNet's memory and about
    /// two digits.
    Int8,
}

impl Precision {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Auto, Self::F32, Self::Bf16, Self::Int8];

    /// The dtype of the large networks on an open device.
    pub fn dtype(self, device: &Device) -> DType {
        match self {
            Self::Auto | Self::Int8 if device.is_cuda() => DType::BF16,
            Self::Auto | Self::F32 | Self::Int8 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }

    /// What it comes to on an open device: 16 or 32 bits.
    pub fn taken_on(self, device: &Device) -> Self {
        match self.dtype(device) {
            DType::BF16 => Self::Bf16,
            _ => Self::F32,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        })
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|p| p.to_string() == text);
        known.ok_or_else(|| format!("\"{text}\" is not a precision. Use auto, f32, bf16 or int8."))
    }
}

/// A short name of an open device: "cpu", "cuda", "metal".
pub fn device_name(device: &Device) -> &'static str {
    match device {
        Device::Cpu => "cpu",
        Device::Cuda(_) => "cuda",
        Device::Metal(_) => "metal",
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(ordinal) => write!(f, "cuda:{ordinal}"),
            Self::Metal => f.write_str("metal"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        match text.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "metal" => Ok(Self::Metal),
            other => other
                .strip_prefix("cuda:")
                .and_then(|n| n.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| DeviceError::Unknown(text.to_owned())),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = DeviceError;

    fn try_from(text: String) -> Result<Self, DeviceError> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

impl TryFrom<String> for Precision {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Precision> for String {
    fn from(choice: Precision) -> Self {
        choice.to_string()
    }
}
