//! Which device computes.

use candle_core::Device;
use std::fmt;
use std::str::FromStr;

/// A person's choice of device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
    #[error(
        "This program was built without {0} support. Use --device cpu, or build it with `cargo build --release --features {1}`."
    )]
    NotBuilt(&'static str, &'static str),
    /// The driver or the device said no.
    #[error(
        "The device {0} cannot be used: {1}. Use --device cpu, or check the driver with `lgd-studio doctor`."
    )]
    Unavailable(DeviceChoice, String),
    /// The name is none of ours.
    #[error("\"{0}\" is not a device. Use auto, cpu, cuda:0 (or another number) or metal.")]
    Unknown(String),
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
