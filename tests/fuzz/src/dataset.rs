//! What `crate::dataset` offers the importer.

use std::path::Path;

/// Errors about data sets, which there are none of here.
pub enum DatasetError {}

impl DatasetError {
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
