//! VQAI: records, order, causal features, transforms; and the toon world, which makes such data.

mod categories;
mod causal;
mod error;
mod order;
mod records;
pub mod text;
pub mod toon;
pub mod transforms;

pub use categories::Categories;
pub use causal::CausalFeatures;
pub use error::{DatasetError, DatasetProblem};
pub use order::Order;
pub use records::{BrokenRecord, Record, Records};
