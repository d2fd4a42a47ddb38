//! What is wrong with a file, before it is known which file it is.

use super::LoadError;
use std::path::Path;

/// A reason why a file is not read.
#[derive(Debug)]
pub struct Flaw {
    /// A clause: "it is empty".
    reason: String,
    /// What to do, where "download it again" is not the answer.
    hint: Option<&'static str>,
}

impl Flaw {
    /// A whole file that is not read, for a reason of its own.
    pub fn refused(reason: impl Into<String>, hint: &'static str) -> Self {
        Self {
            reason: reason.into(),
            hint: Some(hint),
        }
    }

    /// The error about `file`.
    pub fn of(self, file: &Path) -> LoadError {
        match self.hint {
            Some(hint) => LoadError::Refused {
                file: file.to_owned(),
                reason: self.reason,
                hint,
            },
            None => LoadError::malformed(file, self.reason),
        }
    }
}

/// Damage, described by a clause.
impl From<String> for Flaw {
    fn from(reason: String) -> Self {
        Self { reason, hint: None }
    }
}

impl From<&str> for Flaw {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}
