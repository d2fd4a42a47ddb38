//! The one integration test binary.

#![expect(clippy::print_stdout, reason = "golden tests say how close they came")]

mod batches;
mod bundles;
mod checkpoints;
mod checkpoints_made;
mod cli;
mod cli_compare;
mod cli_export;
mod cli_grid;
mod cli_score;
mod denoising;
mod explain;
mod fake_hub;
mod golden;
mod gradients;
mod grids;
mod hub;
mod imports;
mod jobs;
mod kept_runs;
mod language;
mod layering;
mod look;
mod memory;
mod metadata;
mod networks;
mod pictures;
mod quantised;
mod recovery;
mod runs;
mod toon;
mod toon_tiny_drawing;
mod toon_tiny_language;
mod training;
mod training_runs;
mod vqai;
mod weights;
mod window;
mod window_columns;
mod window_explain;
mod window_files;
mod window_gallery;
mod window_grids;
mod window_hub;
mod window_models;
