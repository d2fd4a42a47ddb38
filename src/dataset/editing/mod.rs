//! A VQAI folder as annotators work on it: pairs read from every list, edits that touch nothing but
//! what was edited, a journal from which a killed program takes them up again, and a lock that keeps
//! two windows from writing over each other.
//!
//! | file | what it is |
//! |---|---|
//! | `tree` | where everything stands in the text of a JSON file |
//! | `rewrite` | another text in which only the edited values differ, or whole records come and go |
//! | `pair` | one pair of frames with everything written about it |
//! | `folder` | all pairs of a folder, and what cannot be read |
//! | `journal` | edits that are not in the lists yet, on disk |
//! | `adding` | new pairs: pictures copied into the folder, a record at the end of a list |
//! | `editor` | an opened folder: notes edits, saves them, meets what others wrote |

mod adding;
mod editor;
mod folder;
mod journal;
mod pair;
mod rewrite;
mod tree;

pub use adding::NewPair;
pub use editor::{Conflict, Editor, Holder, SaveReport};
pub use folder::{Folder, Split, UnreadableRecord, read_folder};
pub use pair::{CATEGORIES, Change, Field, Pair, Place, Review, ReviewState, Verdict};
