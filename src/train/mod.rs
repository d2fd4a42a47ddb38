//! Training: losses so far.

pub mod loss;
