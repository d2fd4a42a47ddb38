//! Why weights could not be loaded, in words for people.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Most tensors one message names.
const LISTED: usize = 12;

/// Why weights could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be opened or read.
    #[error("{}", self.text())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what its name says, or damaged.
    #[error("{}", self.text())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong with it, as a clause: "it is empty".
        reason: String,
    },
    /// The file is not read for a reason that another download does not help against.
    #[error("{}", self.text())]
    Refused {
        /// The file.
        file: PathBuf,
        /// Why, as a clause: "it tries to run a command".
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// The file is fine, but its tensors are not the ones the network needs.
    #[error("{0}")]
    Tensors(Box<TensorReport>),
    /// Anything else about weights.
    #[error("{0}")]
    Invalid(String),
}

impl LoadError {
    /// A damaged file; `reason` is a clause: "it is empty".
    pub(super) fn malformed(file: &Path, reason: impl Into<String>) -> Self {
        Self::Malformed {
            file: file.to_owned(),
            reason: reason.into(),
        }
    }

    /// What failed, with the values; possibly several lines.
    pub fn message(&self) -> String {
        match self {
            Self::Unreadable { source, .. } => {
                let reason = match source.kind() {
                    std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                    std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
                    std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
                    _ => source.to_string(),
                };
                format!("Cannot open the weight file: {reason}.")
            }
            Self::Malformed { reason, .. } | Self::Refused { reason, .. } => {
                format!("Cannot read the weight file: {reason}.")
            }
            Self::Tensors(report) => report.message(),
            Self::Invalid(message) => message.clone(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable { source, .. } => Some(match source.kind() {
                std::io::ErrorKind::NotFound => {
                    "The bundle is incomplete. Download or copy it again."
                }
                std::io::ErrorKind::PermissionDenied => "Check the permissions of the file.",
                _ => "Check that the disk is connected and readable.",
            }),
            Self::Malformed { .. } => {
                Some("The download may be incomplete or damaged. Download or copy the file again.")
            }
            Self::Refused { hint, .. } => Some(hint),
            Self::Tensors(report) => Some(report.hint()),
            Self::Invalid(_) => None,
        }
    }

    /// The file it is about.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Unreadable { file, .. }
            | Self::Malformed { file, .. }
            | Self::Refused { file, .. } => Some(file),
            Self::Tensors(report) => report.files.first().map(PathBuf::as_path),
            Self::Invalid(_) => None,
        }
    }

    fn text(&self) -> String {
        let mut text = self.message();
        if let Some(hint) = self.hint() {
            text += &format!("\n{hint}");
        }
        if let Some(file) = self.file() {
            text += &format!("\nFile: {}", file.display());
        }
        text
    }
}

/// What is wrong with one tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum TensorProblem {
    /// It has another shape than the network needs.
    Shape {
        /// The stored shape.
        found: Vec<usize>,
        /// The needed shape.
        expected: Vec<usize>,
    },
    /// It is not in the file.
    Missing,
    /// It holds this many NaN or infinite values.
    NotFinite(usize),
    /// It is stored in a number format that is not supported.
    Format(String),
    /// It is in the file, but the network has no use for it.
    Unexpected,
}

impl TensorProblem {
    fn rank(&self) -> usize {
        match self {
            Self::Shape { .. } => 0,
            Self::Missing => 1,
            Self::NotFinite(_) => 2,
            Self::Format(_) => 3,
            Self::Unexpected => 4,
        }
    }
}

impl fmt::Display for TensorProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { found, expected } => {
                write!(f, "is {}, expected {}", Dims(found), Dims(expected))
            }
            Self::Missing => f.write_str("is missing"),
            Self::NotFinite(1) => f.write_str("holds a NaN or infinite value"),
            Self::NotFinite(count) => write!(f, "holds {count} NaN or infinite values"),
            Self::Format(format) => write!(f, "is stored as {format}, which cannot be read"),
            Self::Unexpected => f.write_str("is not part of this model"),
        }
    }
}

struct Dims<'a>(&'a [usize]);

impl fmt::Display for Dims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.0.iter().map(usize::to_string).collect();
        write!(f, "({})", dims.join(", "))
    }
}

/// All problems of one set of weights.
#[derive(Clone, Debug)]
pub struct TensorReport {
    /// What was being loaded: "the UNet".
    pub what: String,
    /// Whether at least one tensor was right.
    pub any_used: bool,
    /// The files, as they should be shown.
    pub files: Vec<PathBuf>,
    /// Full tensor name to problem; never empty.
    pub problems: BTreeMap<String, TensorProblem>,
}

impl TensorReport {
    /// What failed: one sentence for one problem, else a count and a list.
    pub fn message(&self) -> String {
        let Self { what, problems, .. } = self;
        let mut sorted: Vec<_> = problems.iter().collect();
        sorted.sort_by_key(|(_, problem)| problem.rank());
        if let [(name, problem)] = sorted.as_slice() {
            return format!("Cannot load {what}: {name} {problem}.");
        }
        let mut text = format!("Cannot load {what}: {}.", self.counts());
        for (name, problem) in sorted.iter().take(LISTED) {
            text += &format!("\n  {name} {problem}");
        }
        if sorted.len() > LISTED {
            text += &format!("\n  and {} more", sorted.len() - LISTED);
        }
        text
    }

    fn counts(&self) -> String {
        let words = [
            ("has another shape", "have another shape"),
            ("is missing", "are missing"),
            ("is not finite", "are not finite"),
            ("cannot be read", "cannot be read"),
            ("is not part of this model", "are not part of this model"),
        ];
        let counted = words.iter().enumerate().filter_map(|(rank, (one, many))| {
            let matching = self.problems.values().filter(|p| p.rank() == rank);
            match matching.count() {
                0 => None,
                1 => Some(format!("1 tensor {one}")),
                n => Some(format!("{n} tensors {many}")),
            }
        });
        counted.collect::<Vec<_>>().join(", ")
    }

    /// What to do, guessed from the problems.
    pub fn hint(&self) -> &'static str {
        let any = |test: fn(&TensorProblem) -> bool| self.problems.values().any(test);
        let editor_input = self
            .problems
            .iter()
            .find_map(|(name, problem)| match problem {
                TensorProblem::Shape { found, expected } if name.ends_with("conv_in.weight") => {
                    (expected.get(1) == Some(&8)).then(|| found.get(1).copied())?
                }
                _ => None,
            });
        match editor_input {
            Some(4) => {
                return "This looks like a text-to-image checkpoint. Choose an InstructPix2Pix one.";
            }
            Some(9) => {
                return "This looks like an inpainting checkpoint. Choose an InstructPix2Pix one.";
            }
            _ => {}
        }
        if any(|p| matches!(p, TensorProblem::NotFinite(_))) {
            "The file is damaged, or the training that wrote it had diverged. Use an earlier or another checkpoint."
        } else if !self.any_used {
            "The file holds other weights. Choose the one that belongs to this part of the model."
        } else if any(|p| matches!(p, TensorProblem::Shape { .. })) {
            "The config.json beside the file may describe another size. Take both from the same model."
        } else if any(|p| matches!(p, TensorProblem::Missing)) {
            "The checkpoint is incomplete or of another version. Take config.json and weights from the same model."
        } else if any(|p| matches!(p, TensorProblem::Format(_))) {
            "Convert the weights to float16, bfloat16 or float32."
        } else {
            "The weights may belong to another model. Take config.json and weights from the same one."
        }
    }
}

impl fmt::Display for TensorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.message(), self.hint())?;
        match self.files.as_slice() {
            [] => Ok(()),
            [file] => write!(f, "\nFile: {}", file.display()),
            [first, rest @ ..] => write!(f, "\nFile: {} and {} more", first.display(), rest.len()),
        }
    }
}
