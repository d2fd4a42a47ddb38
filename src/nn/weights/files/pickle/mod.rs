//! Python's pickles, read as data.
//!
//! A pickle is a small program that builds objects and may call any function it names. Here it runs
//! on a machine that has no functions: dicts, lists, texts and numbers become plain values, and
//! every call becomes a note of what would have been called with what. So nothing in a file is ever
//! executed. Values lie in one flat heap and refer to each other by number, so sharing works and no
//! depth of nesting can overflow a stack; how much a file may build is limited.
//! Source: the opcodes' descriptions in Python's `pickletools`, protocols 2 to 5.

mod machine;
mod value;

pub use machine::{MAX_BYTES, interpret};
pub use value::{Heap, Id, Object, Value};
