//! The Hugging Face hub: its cache on this machine, and downloads from it on request.

mod cache;

pub use cache::cache_folder;
