//! The importer without the part that computes on tensors.

#[path = "../../../../src/pipeline/problem.rs"]
mod problem;

pub mod import;

pub use problem::Problem;

use serde::Serialize;
use std::path::Path;

/// The ways to steer, as the program has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum GuidanceMode {
    Question,
    Answer,
    Latent,
    Both,
}

impl GuidanceMode {
    pub const ALL: [Self; 4] = [Self::Question, Self::Answer, Self::Latent, Self::Both];
}

/// Errors about pictures, which there are none of here.
pub enum FrameError {}
/// Errors about saving, which nothing does here.
pub enum SaveError {}

impl FrameError {
    pub fn message(&self) -> String {
        match *self {}
    }
    pub fn hint(&self) -> &'static str {
        match *self {}
    }
    pub fn path(&self) -> Option<&Path> {
        match *self {}
    }
}

impl SaveError {
    pub fn message(&self) -> String {
        match *self {}
    }
    pub fn hint(&self) -> &'static str {
        match *self {}
    }
    pub fn path(&self) -> &Path {
        match *self {}
    }
}
