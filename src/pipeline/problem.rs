//! A failure told to people: what failed with its values, what to do, and which file.

use crate::nn::device::DeviceError;
use std::fmt;
use std::path::{Path, PathBuf};

/// One failure, ready to be shown in the window or printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// What failed, with the values.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The file it is about.
    pub file: Option<PathBuf>,
    /// What a window can do about it at a press.
    pub remedy: Option<Remedy>,
}

/// A way out of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Compute on the processor from now on.
    UseCpu,
}

impl Problem {
    /// A failure described by one sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the file it is about.
    #[must_use]
    pub fn file(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = Some(remedy);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n{hint}")?;
        }
        if let Some(file) = &self.file {
            write!(f, "\nFile: {}", file.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

impl From<DeviceError> for Problem {
    fn from(error: DeviceError) -> Self {
        Self {
            message: error.to_string(),
            hint: error.hint(),
            remedy: Some(Remedy::UseCpu),
            ..Self::default()
        }
    }
}

impl From<super::FrameError> for Problem {
    fn from(error: super::FrameError) -> Self {
        Self {
            message: error.message(),
            hint: Some(error.hint().to_owned()),
            file: error.path().map(Path::to_path_buf),
            ..Self::default()
        }
    }
}

impl From<crate::dataset::DatasetError> for Problem {
    fn from(error: crate::dataset::DatasetError) -> Self {
        Self {
            message: error.message(),
            hint: Some(error.hint().to_owned()),
            file: Some(error.path().to_path_buf()),
            ..Self::default()
        }
    }
}

impl From<super::SaveError> for Problem {
    fn from(error: super::SaveError) -> Self {
        Self {
            message: error.message(),
            hint: Some(error.hint().to_owned()),
            file: Some(error.path().to_path_buf()),
            ..Self::default()
        }
    }
}
