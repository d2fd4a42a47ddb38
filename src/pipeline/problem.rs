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
    /// A failure described by one sentence. The numbers that systems give their errors are left out: they
    /// tell a reader nothing that the words beside them do not.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: without_numbers(&message.into()),
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

/// A message without ` (os error 2)` and the like.
fn without_numbers(message: &str) -> String {
    // In parts, because it is no sentence that anybody translates.
    let before_number = [" (os", "error "].join(" ");
    let mut kept = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once(&before_number) {
        kept.push_str(before);
        let number = after.trim_start_matches('-');
        let number = number.trim_start_matches(|c: char| c.is_ascii_digit());
        match number.strip_prefix(')') {
            Some(after) => rest = after,
            None => {
                kept.push_str(&before_number);
                rest = after;
            }
        }
    }
    kept + rest
}

impl From<DeviceError> for Problem {
    fn from(error: DeviceError) -> Self {
        Self {
            hint: error.hint(),
            ..Self::new(error.to_string()).remedy(Remedy::UseCpu)
        }
    }
}

impl From<super::FrameError> for Problem {
    fn from(error: super::FrameError) -> Self {
        Self {
            file: error.path().map(Path::to_path_buf),
            ..Self::new(error.message()).hint(error.hint())
        }
    }
}

impl From<crate::dataset::DatasetError> for Problem {
    fn from(error: crate::dataset::DatasetError) -> Self {
        Self::new(error.message())
            .hint(error.hint())
            .file(error.path())
    }
}

impl From<super::SaveError> for Problem {
    fn from(error: super::SaveError) -> Self {
        Self::new(error.message())
            .hint(error.hint())
            .file(error.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_system_are_left_out_of_messages() {
        let missing = std::io::Error::from_raw_os_error(2);
        assert!(missing.to_string().contains("os error"), "{missing}");
        let problem = Problem::new(format!("The folder cannot be read: {missing}."));
        assert!(!problem.message.contains("os error"), "{problem}");
        assert!(problem.message.ends_with('.'), "{problem}");
        for (said, told) in [
            ("A (os error 2) and B (os error -17).", "A and B."),
            ("No space left (os error 28)", "No space left"),
            (
                "A picture (os error of mine).",
                "A picture (os error of mine).",
            ),
            ("Nothing to leave out.", "Nothing to leave out."),
            ("", ""),
        ] {
            assert_eq!(Problem::new(said).message, told);
        }
    }
}
