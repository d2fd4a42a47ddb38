//! What is wrong with a data set, and what could be done about it. Looking changes nothing: every
//! finding may carry a proposed edit, which a person reviews, applies and takes back like any other.
//!
//! | file | what it is |
//! |---|---|
//! | `pictures` | size, content and perceptual hash of every picture, read once |
//! | `similar` | pictures that look alike, found without comparing everything twice |
//! | `texts` | questions that give the answer away, that are too long or missing |
//! | `findings` | the checks themselves |

mod findings;
mod pictures;
mod similar;
mod texts;

pub use findings::{Examination, Finding, FindingKind, HealthReport, TokenRule, examine};
pub use texts::gives_away;
