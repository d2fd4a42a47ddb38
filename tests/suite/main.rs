//! The one integration test binary.

#![expect(clippy::print_stdout, reason = "golden tests say how close they came")]

mod cli;
mod denoising;
mod golden;
mod gradients;
mod jobs;
mod language;
mod layering;
mod metadata;
mod networks;
mod pictures;
mod toon_tiny_drawing;
mod toon_tiny_language;
mod weights;
mod window;
