//! Settings put over others.

use crate::pipeline::Problem;
use toml::{Table, Value};

/// Sets one `section.key=value`; the value is read as TOML, or taken as a text.
pub(super) fn set(table: &mut Table, setting: &str) -> Result<(), Problem> {
    let wrong = |what: &str| {
        Problem::new(format!("Cannot use the setting {setting:?}: {what}."))
            .hint("Write it as section.key=value, for example optim.lr=1e-4.")
    };
    let (path, text) = setting
        .split_once('=')
        .ok_or_else(|| wrong("there is no ="))?;
    let value = match format!("value = {text}").parse::<Table>() {
        Ok(mut read) => read
            .remove("value")
            .ok_or_else(|| wrong("there is no value"))?,
        Err(_) => Value::String(text.to_owned()),
    };
    let mut keys: Vec<&str> = path.trim().split('.').collect();
    let last = keys.pop().filter(|key| !key.is_empty());
    let last = last.ok_or_else(|| wrong("there is no key"))?;
    let mut section = table;
    for key in keys {
        let next = section
            .entry(key)
            .or_insert_with(|| Value::Table(Table::new()));
        section = next
            .as_table_mut()
            .ok_or_else(|| wrong("a part of its key is a value"))?;
    }
    section.insert(last.to_owned(), value);
    Ok(())
}

/// Puts `given` over `whole`, section by section. A schedule is taken as a whole: its kinds have
/// different keys.
pub(super) fn merge(whole: &mut Table, given: Table) {
    for (key, value) in given {
        match (whole.get_mut(&key), value) {
            (Some(Value::Table(section)), Value::Table(given)) if key != "schedule" => {
                merge(section, given);
            }
            // A whole number is fine where a fraction is expected.
            (Some(Value::Float(there)), Value::Integer(number)) => *there = number as f64,
            (_, value) => {
                whole.insert(key, value);
            }
        }
    }
}
