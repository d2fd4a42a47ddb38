//! The paper's evaluation: how alike CLIP finds generated pictures and their targets.
//!
//! [`read_folder`] finds the samples of a folder in the authors' layout and says what it leaves out,
//! [`score`] looks at their pictures, and [`Metrics`] are the four numbers of the paper's table. A
//! [`Report`] holds everything; it is compared with the paper's table or an earlier one and written
//! as JSON, CSV, LaTeX or one HTML file.
//!
//! PSNR and SSIM to the target need no CLIP, LPIPS needs weights of its own. Pictures of the toon world
//! also tell whether they show what had to happen ([`Truths`]).
//!
//! Source: *Image Content Generation with Causal Reasoning* (arXiv 2312.07132), section 5, and the
//! evaluator of the original (IEIT-AGI/MIX-Shannon, `src/models/evaluations/vqai_evaluator.py`),
//! pinned by `metrics/` of the golden numbers.

mod bootstrap;
mod causal;
mod compare;
mod folder;
mod html;
mod latex;
mod metrics;
mod report;
mod rows;
mod scoring;
mod votes;

pub use bootstrap::{RESAMPLES, intervals};
pub use causal::{CausalReport, Shown, Truths};
pub use compare::{Change, against, paper, paper_difference};
pub use folder::{Generated, ReadFolder, SampleFolder, Skipped, methods, read_folder};
pub use html::html;
pub use latex::{escaped as latex_escaped, latex};
pub use metrics::Metrics;
pub use report::{CategoryReport, MethodReport, PictureReport, Report, SampleReport};
pub use rows::{Row, picture_rows, rows};
pub use scoring::{Judges, Scored, score};
pub use votes::{
    CategoryVotes, Choice, ModeVotes, Rate, Vote, VoteReport, fleiss_kappa, krippendorff_alpha,
    paper_votes,
};
