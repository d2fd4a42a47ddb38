//! Another text of a JSON file in which only the edited values differ: order of keys, indentation and
//! everything unknown stay byte for byte.

mod records;

use super::tree::{FieldNode, Kind, Node, parse};
use serde_json::Value;
use std::ops::Range;

/// What replaces a part of a text.
#[derive(Debug)]
pub(super) struct Patch {
    span: Range<usize>,
    text: String,
}

/// A list of records as text, with the places of everything in it.
pub(super) struct Document<'a> {
    source: &'a str,
    root: Node,
    patches: Vec<Patch>,
    /// Whether letters beyond ASCII are written as escapes, as Python does by default.
    escapes: bool,
}

impl<'a> Document<'a> {
    /// Reads a text; none when it is no JSON.
    pub(super) fn read(source: &'a str) -> Option<Self> {
        Some(Self {
            root: parse(source)?,
            patches: Vec::new(),
            escapes: source.is_ascii() && source.contains("\\u"),
            source,
        })
    }

    /// The number of the record of that name: at its place, or wherever it is now. None when it is
    /// gone, or when there are several of that name somewhere else.
    pub(super) fn find(&self, index: usize, name: &str) -> Option<usize> {
        let named = |item: &Node| {
            let field = item.field("sample_name");
            field
                .and_then(|field| field.value.text(self.source))
                .as_deref()
                == Some(name)
        };
        let items = self.root.items();
        if items.get(index).is_some_and(named) {
            return Some(index);
        }
        let mut found = items.iter().enumerate().filter(|(_, item)| named(item));
        match (found.next(), found.next()) {
            (Some((index, _)), None) => Some(index),
            _ => None,
        }
    }

    /// The value of a record's field.
    pub(super) fn value(&self, record: usize, key: &str) -> Option<Value> {
        let field = self.root.items().get(record)?.field(key)?;
        serde_json::from_str(self.source.get(field.value.span.clone())?).ok()
    }

    /// Gives a record's field another value, adds the field, or takes it out.
    pub(super) fn set(&mut self, record: usize, key: &str, value: Option<&Value>) {
        let Some(item) = self.root.items().get(record) else {
            return;
        };
        let patch = match (item.field(key), value) {
            (Some(field), Some(value)) => {
                let span = field.value.span.clone();
                let text =
                    self.written_like(value, span.clone(), self.indent_at(field.key_span.start));
                Some(Patch { span, text })
            }
            (None, Some(value)) => self.added(item, key, value),
            (Some(_), None) => removed(item, key),
            (None, None) => None,
        };
        self.patches.extend(patch);
    }

    /// Puts a name into the list `to` of a file of categories and takes it out of all others but the
    /// list `keep`; a list that is not there is made.
    pub(super) fn move_name(&mut self, name: &str, keep: &str, to: Option<&str>) {
        let is_it = |node: &Node| node.text(self.source).as_deref() == Some(name);
        let mut patches = Vec::new();
        for list in self.root.fields() {
            let items = list.value.items();
            let Some(at) = items.iter().position(is_it) else {
                continue;
            };
            if list.key == keep || Some(list.key.as_str()) == to {
                continue;
            }
            let before = at.checked_sub(1).and_then(|i| items.get(i));
            let span = match (before, items.get(at), items.get(at + 1)) {
                (Some(before), Some(item), _) => before.span.end..item.span.end,
                (None, Some(item), Some(after)) => item.span.start..after.span.start,
                // The only one: its line goes with it.
                _ => list.value.span.start + 1..list.value.span.end - 1,
            };
            patches.push(Patch {
                span,
                text: String::new(),
            });
        }
        if let Some(key) = to {
            let quoted = self.quote(name);
            patches.extend(match self.root.field(key) {
                Some(list) if list.value.items().iter().any(is_it) => None,
                Some(list) => self.pushed(&list.value, &quoted),
                None => self.added(&self.root, key, &Value::Array(vec![name.into()])),
            });
        }
        self.patches.extend(patches);
    }

    /// The text with everything that was asked for.
    pub(super) fn finish(mut self) -> String {
        self.patches.sort_by_key(|patch| patch.span.start);
        let mut text = String::with_capacity(self.source.len() + 1024);
        let mut at = 0;
        for patch in &self.patches {
            if patch.span.start < at {
                continue; // two of one place: the first was the whole of it
            }
            text.push_str(self.source.get(at..patch.span.start).unwrap_or_default());
            text.push_str(&patch.text);
            at = patch.span.end;
        }
        text.push_str(self.source.get(at..).unwrap_or_default());
        text
    }

    /// What stands between two fields of an object.
    fn between(&self, object: &Node) -> String {
        let cut = |span: Range<usize>| self.source.get(span).unwrap_or_default().to_owned();
        match object.fields() {
            [.., a, b] => cut(a.value.span.end..b.key_span.start),
            [only] => format!(",{}", cut(object.span.start + 1..only.key_span.start)),
            [] => ", ".to_owned(),
        }
    }

    /// What stands between a key and its value.
    fn colon(&self, field: &FieldNode) -> &str {
        let span = field.key_span.end..field.value.span.start;
        self.source.get(span).unwrap_or(": ")
    }

    fn added(&self, object: &Node, key: &str, value: &Value) -> Option<Patch> {
        let key = self.quote(key);
        let Some(last) = object.fields().last() else {
            let at = object.span.start + 1;
            let text = format!("{key}: {}", self.written(value, ": "));
            return Some(Patch { span: at..at, text });
        };
        let colon = self.colon(last);
        let at = last.value.span.end;
        let value = match &last.value.kind {
            // Lists of a file of categories go on as the others are written.
            Kind::Array(items) if !items.is_empty() && value.is_array() => self.written_like(
                value,
                last.value.span.clone(),
                self.indent_at(last.key_span.start),
            ),
            _ => self.written(value, colon),
        };
        Some(Patch {
            span: at..at,
            text: format!("{}{key}{colon}{value}", self.between(object)),
        })
    }

    fn pushed(&self, list: &Node, text: &str) -> Option<Patch> {
        let cut = |span: Range<usize>| self.source.get(span).unwrap_or_default();
        let items = list.items();
        let Some(last) = items.last() else {
            return Some(Patch {
                span: list.span.clone(),
                text: format!("[{text}]"),
            });
        };
        let between = match items {
            [.., a, b] => cut(a.span.end..b.span.start).to_owned(),
            _ => format!(",{}", cut(list.span.start + 1..last.span.start)),
        };
        let at = last.span.end;
        Some(Patch {
            span: at..at,
            text: format!("{between}{text}"),
        })
    }

    /// The white space at the start of the line on which something stands.
    fn indent_at(&self, at: usize) -> &str {
        let line = self.source[..at].rfind('\n').map_or(0, |end| end + 1);
        let rest = &self.source[line..at];
        let blank = rest.len() - rest.trim_start().len();
        &rest[..blank]
    }

    /// A value on one line or on several, as the value it replaces.
    fn written_like(&self, value: &Value, old: Range<usize>, indent: &str) -> String {
        let old = self.source.get(old).unwrap_or_default();
        let (Value::Array(items), true) = (value, old.contains('\n')) else {
            let colon = if self.source.contains("\": ") {
                ": "
            } else {
                ":"
            };
            return self.written(value, colon);
        };
        let inner = old.split('\n').nth(1).unwrap_or_default();
        let inner = &inner[..inner.len() - inner.trim_start().len()];
        let items = items
            .iter()
            .map(|item| format!("\n{inner}{}", self.written(item, ": ")));
        let items: Vec<_> = items.collect();
        if items.is_empty() {
            return "[]".to_owned();
        }
        format!("[{}\n{indent}]", items.join(","))
    }

    /// A value on one line; `colon` says how airy the file is.
    fn written(&self, value: &Value, colon: &str) -> String {
        let comma = if colon.ends_with(' ') { ", " } else { "," };
        match value {
            Value::String(text) => self.quote(text),
            Value::Array(items) => {
                let items = items.iter().map(|item| self.written(item, colon));
                format!("[{}]", items.collect::<Vec<_>>().join(comma))
            }
            Value::Object(fields) => {
                let colon = if colon.ends_with(' ') { ": " } else { ":" };
                let fields = fields.iter().map(|(key, value)| {
                    format!("{}{colon}{}", self.quote(key), self.written(value, colon))
                });
                format!("{{{}}}", fields.collect::<Vec<_>>().join(comma))
            }
            other => other.to_string(),
        }
    }

    fn quote(&self, text: &str) -> String {
        let quoted = Value::from(text).to_string();
        if !self.escapes {
            return quoted;
        }
        let mut ascii = String::with_capacity(quoted.len());
        for letter in quoted.chars() {
            if letter.is_ascii() {
                ascii.push(letter);
            } else {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    ascii.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
        ascii
    }
}

fn removed(object: &Node, key: &str) -> Option<Patch> {
    let fields = object.fields();
    let at = fields.iter().rposition(|field| field.key == key)?;
    let field = fields.get(at)?;
    let before = at.checked_sub(1).and_then(|i| fields.get(i));
    let span = match (before, fields.get(at + 1)) {
        (Some(before), _) => before.value.span.end..field.value.span.end,
        (None, Some(after)) => field.key_span.start..after.key_span.start,
        (None, None) => field.key_span.start..field.value.span.end,
    };
    Some(Patch {
        span,
        text: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LIST: &str = "[\n {\n  \"sample_name\": \"A\",\n  \"odd\":  [1,2 ],\n  \"question\": \"Why?\",\n  \"sent\": \"\\u00e9\"\n },\n {\"sample_name\":\"B\", \"question\": \"B?\"}\n]\n";

    fn edited(change: impl FnOnce(&mut Document<'_>)) -> String {
        let mut document = Document::read(LIST).expect("it is JSON");
        change(&mut document);
        document.finish()
    }

    #[test]
    fn only_the_edited_value_differs() {
        let text = edited(|list| list.set(0, "question", Some(&json!("What \"happens\"?"))));
        assert_eq!(text, LIST.replace("\"Why?\"", "\"What \\\"happens\\\"?\""));
        assert_eq!(edited(|_| {}), LIST);
    }

    #[test]
    fn letters_are_escaped_where_the_file_does_so() {
        let text = edited(|list| list.set(0, "sent", Some(&json!("Ü🐭"))));
        assert_eq!(text, LIST.replace("\\u00e9", "\\u00dc\\ud83d\\udc2d"));
    }

    #[test]
    fn a_new_key_is_written_like_its_neighbours_and_goes_away_again() {
        let text = edited(|list| {
            list.set(0, "chain", Some(&json!(["a", "b"])));
            list.set(1, "category", Some(&json!("more entities")));
        });
        assert!(
            text.contains("\"\\u00e9\",\n  \"chain\": [\"a\", \"b\"]\n }"),
            "{text}"
        );
        assert!(
            text.contains("\"B?\", \"category\": \"more entities\"}"),
            "{text}"
        );
        let mut again = Document::read(&text).expect("it is JSON");
        again.set(0, "chain", None);
        again.set(1, "category", None);
        assert_eq!(again.finish(), LIST);
    }

    #[test]
    fn a_record_is_found_after_others_were_put_before_it() {
        let list = Document::read(LIST).expect("it is JSON");
        assert_eq!(list.find(0, "A"), Some(0));
        assert_eq!(list.find(0, "B"), Some(1));
        assert_eq!(list.find(0, "C"), None);
    }

    #[test]
    fn a_name_moves_between_lists_of_categories() {
        let lists = "{\n \"total sample\": [\n  \"A\",\n  \"B\"\n ],\n \"x\": [\n  \"A\",\n  \"B\"\n ],\n \"y\": []\n}";
        let mut document = Document::read(lists).expect("it is JSON");
        document.move_name("A", "total sample", Some("y"));
        let text = document.finish();
        assert_eq!(
            text,
            "{\n \"total sample\": [\n  \"A\",\n  \"B\"\n ],\n \"x\": [\n  \"B\"\n ],\n \"y\": [\"A\"]\n}"
        );
        let mut document = Document::read(lists).expect("it is JSON");
        document.move_name("B", "total sample", Some("z"));
        assert!(document.finish().contains("\"y\": [],\n \"z\": [\"B\"]\n}"));
    }
}
