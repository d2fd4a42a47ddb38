//! LGD Studio: ask a cartoon frame a causal question and watch diffusion draw the answer.
//!
//! This is the VQAI task of *Image Content Generation with Causal Reasoning* (AAAI 2024, arXiv
//! 2312.07132), and the method is LGD, latent-guided diffusion. The crate is one program; this page
//! is its map.
//!
//! | layer | module | what it is | may import |
//! |---|---|---|---|
//! | 5 faces | [`app`] | the window: state, actions, effects, pages and panels, close looks; the only user of egui | `job` |
//! | 5 faces | [`cli`] | the same jobs from a terminal | `job` |
//! | 4 seam | [`job`] | jobs in, events out; the threads and child processes, the queue, cancellation, run files, exports | all below |
//! | 3 programs | [`eval`] | CLIP similarity, the paper's Sim and AUC metrics, votes, reports | `pipeline` and below |
//! | 3 programs | [`train`] | config, one step, losses, optimiser, checkpoints, ranks, the loop of a run | `pipeline` and below |
//! | 2 method | [`pipeline`] | an [`EditRequest`](pipeline::EditRequest) to a picture; bundles, pictures, metadata | `models`, `diffusion`, `dataset`, `nn` |
//! | 1 parts | [`models`] | BLIP-2, T5, latent translation, UNet, VAE, CLIP: one file per network | `nn` |
//! | 1 parts | [`diffusion`] | noise schedules, samplers, guidance: pure maths on a `Denoiser` | `nn` |
//! | 1 parts | [`dataset`] | VQAI records: reading, editing, checking, preparing; the toon world that draws such data | `nn` |
//! | 0 tools | [`nn`] | differentiable layers, attention, seeded noise, resizing, weight files | none |
//!
//! A module never imports its own row or one above it; `tests/suite/layering.rs` checks that.
//!
//! # The path of one request
//!
//! 1. A click becomes an `Action`, the window's state turns it into a [`job::JobSpec`], and
//!    [`job::Jobs::submit`] hands it to the `lgd-worker` thread. The command line does the same.
//! 2. The worker calls [`pipeline::LgdPipeline::run`] with one request per column: the VAE and BLIP-2
//!    look at the frame once, the language model makes the latent (and writes the answer where a
//!    mode needs one), the latent translator turns both into the context of the cross-attention.
//! 3. A [`diffusion::Walk`] goes through the noise levels, all columns side by side, over the UNet
//!    under two-scale guidance, and the denoised estimate of every step is kept and reported.
//! 4. The VAE decodes, the picture is brought to the frame's size, and [`job::JobEvent::Drawn`]
//!    takes it back to the face that asked. [`job::JobSpec::Show`] decodes any earlier step later.
//!
//! A window's run is written down in `studio.db` before it may start. Its steps go to a journal and
//! its columns to a run file while it is drawn, so a killed program loses nothing.
//!
//! Below [`job`] everything is plain synchronous code that runs without a window, a thread or a GPU;
//! only [`train`] has two of its own: it reads its data ahead, and tells other ranks that it is alive.

pub mod app;
pub mod cli;
pub mod dataset;
pub mod diffusion;
pub mod eval;
pub mod job;
pub mod models;
pub mod nn;
pub mod pipeline;
pub mod train;
