//! What a crash report says about the machine, noted while all is well: in the middle of a panic
//! nobody may be asked.

use std::collections::BTreeMap;
use std::sync::Mutex;

static FACTS: Mutex<BTreeMap<&'static str, String>> = Mutex::new(BTreeMap::new());

/// Notes something that a crash report should say, in place of what was noted under that name.
pub fn note(name: &'static str, value: impl Into<String>) {
    if let Ok(mut facts) = FACTS.lock() {
        facts.insert(name, value.into());
    }
}

/// Everything that was noted; nothing rather than waiting for somebody.
pub(super) fn noted() -> BTreeMap<String, String> {
    let facts = FACTS.try_lock();
    let facts = facts.map(|facts| {
        facts
            .iter()
            .map(|(k, v)| ((*k).to_owned(), v.clone()))
            .collect()
    });
    facts.unwrap_or_default()
}
