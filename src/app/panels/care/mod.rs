//! What the program shows about itself: its log, how it ended the last time, the debug package, what
//! this machine can run, and settings of a file.

mod doctor;
mod exchange;
mod last_end;
mod log;
mod package;

pub use doctor::doctor_ui;
pub use exchange::exchange_ui;
pub use last_end::last_end_ui;
pub use log::LogPage;
pub use package::package_ui;

use super::Cx;
use super::models::size;
use super::when::{ago, now};
