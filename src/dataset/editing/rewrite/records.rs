//! Whole records: one more at the end of a list, laid out like the last one, and one taken out, so
//! that the text is again what it was.

use super::{Document, Patch};
use crate::dataset::editing::tree::Node;
use serde_json::Value;

impl Document<'_> {
    /// Records in the list.
    pub(in crate::dataset::editing) fn count(&self) -> usize {
        self.root.items().len()
    }

    /// Whether the list has a record of that name.
    pub(in crate::dataset::editing) fn names(&self, name: &str) -> bool {
        let mut items = self.root.items().iter();
        items.any(|item| {
            let field = item.field("sample_name");
            field
                .and_then(|field| field.value.text(self.source))
                .as_deref()
                == Some(name)
        })
    }

    /// A record as a value.
    pub(in crate::dataset::editing) fn record(&self, index: usize) -> Option<Value> {
        let item = self.root.items().get(index)?;
        serde_json::from_str(self.source.get(item.span.clone())?).ok()
    }

    /// Adds a record at the end. Its keys come in the order of the last record, which also says how
    /// it is indented.
    pub(in crate::dataset::editing) fn append(&mut self, fields: &[(&str, Value)]) {
        let items = self.root.items();
        let patch = match items {
            [] => Patch {
                span: self.root.span.clone(),
                text: format!("[\n    {}\n]", self.spread(fields)),
            },
            [.., last] => {
                let between = match items {
                    [.., a, b] => self.cut(a.span.end..b.span.start).to_owned(),
                    _ => {
                        let lead = self.cut(self.root.span.start + 1..last.span.start);
                        format!(",{lead}")
                    }
                };
                Patch {
                    span: last.span.end..last.span.end,
                    text: format!("{between}{}", self.like(last, fields)),
                }
            }
        };
        self.patches.push(patch);
    }

    /// Takes a record out, with what parted it from its neighbour.
    pub(in crate::dataset::editing) fn remove(&mut self, index: usize) {
        let items = self.root.items();
        let before = index.checked_sub(1).and_then(|i| items.get(i));
        let span = match (before, items.get(index), items.get(index + 1)) {
            (Some(before), Some(item), _) => before.span.end..item.span.end,
            (None, Some(item), Some(after)) => item.span.start..after.span.start,
            (None, Some(_), None) => self.root.span.start + 1..self.root.span.end - 1,
            (_, None, _) => return,
        };
        self.patches.push(Patch {
            span,
            text: String::new(),
        });
    }

    /// Puts a name at the end of a list of a file of categories, where there is such a list.
    pub(in crate::dataset::editing) fn push_name(&mut self, list: &str, name: &str) {
        let quoted = self.quote(name);
        let list = self.root.field(list);
        let patch = list.and_then(|list| self.pushed(&list.value, &quoted));
        self.patches.extend(patch);
    }

    /// A record laid out like `model`.
    fn like(&self, model: &Node, fields: &[(&str, Value)]) -> String {
        let known = model.fields();
        let (Some(first), Some(last)) = (known.first(), known.last()) else {
            return self.written(&fields.iter().cloned().collect(), ": ");
        };
        let (colon, comma) = (self.colon(last), self.between(model));
        let place = |key: &str| known.iter().position(|field| field.key == key);
        let mut ordered: Vec<&(&str, Value)> = fields.iter().collect();
        ordered.sort_by_key(|(key, _)| place(key).unwrap_or(usize::MAX));
        let lines = ordered.iter().map(|(key, value)| {
            format!("{}{colon}{}", self.quote(key), self.written(value, colon))
        });
        let lines: Vec<String> = lines.collect();
        let lead = self.cut(model.span.start..first.key_span.start);
        let tail = self.cut(last.value.span.end..model.span.end);
        format!("{lead}{}{tail}", lines.join(&comma))
    }

    /// The first record of a list: one key a line, as Python's `json.dump` with an indent of four.
    fn spread(&self, fields: &[(&str, Value)]) -> String {
        let lines = fields.iter().map(|(key, value)| {
            let value = self.written(value, ": ");
            format!("\n        {}: {value}", self.quote(key))
        });
        let lines: Vec<String> = lines.collect();
        format!("{{{}\n    }}", lines.join(","))
    }

    fn cut(&self, span: std::ops::Range<usize>) -> &str {
        self.source.get(span).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields() -> Vec<(&'static str, Value)> {
        vec![
            ("sample_name", json!("C")),
            ("image1_name", json!("Ca.jpg")),
            ("image2_name", json!("Cb.jpg")),
            ("question", json!("")),
            ("sent", json!("")),
        ]
    }

    fn appended(list: &str) -> String {
        let mut document = Document::read(list).expect("it is JSON");
        document.append(&fields());
        document.finish()
    }

    /// What was appended goes away without a trace.
    fn there_and_back(list: &str) -> String {
        let longer = appended(list);
        let values: Vec<Value> = serde_json::from_str(&longer).expect("it is JSON");
        let last = values.last().expect("a record");
        assert_eq!(last["image2_name"], "Cb.jpg", "{longer}");
        let mut document = Document::read(&longer).expect("it is JSON");
        assert!(document.names("C") && !document.names("D"));
        assert_eq!(document.record(document.count() - 1).as_ref(), Some(last));
        document.remove(document.count() - 1);
        assert_eq!(document.finish(), list, "{longer}");
        longer
    }

    #[test]
    fn a_record_is_laid_out_like_the_last_one() {
        let text = there_and_back(
            "[\n {\n  \"question\": \"Why?\",\n  \"sample_name\": \"A\",\n  \"theirs\":  [1,2 ]\n },\n {\n  \"question\": \"B?\",\n  \"sample_name\": \"B\"\n }\n]\n",
        );
        assert!(
            text.ends_with(
                "\"B\"\n },\n {\n  \"question\": \"\",\n  \"sample_name\": \"C\",\n  \"image1_name\": \"Ca.jpg\",\n  \"image2_name\": \"Cb.jpg\",\n  \"sent\": \"\"\n }\n]\n"
            ),
            "{text}"
        );
        let dense = there_and_back("[{\"sample_name\":\"A\",\"sent\":\"x\"}]");
        assert!(
            dense.contains("\"x\"},{\"sample_name\":\"C\",\"sent\":\"\",\"image1"),
            "{dense}"
        );
        there_and_back("[{\"sample_name\": \"A\"}]");
        there_and_back("[ {}, {} ]");
    }

    #[test]
    fn the_first_record_makes_a_list_like_those_of_python() {
        let text = there_and_back("[]");
        assert!(
            text.starts_with("[\n    {\n        \"sample_name\": \"C\",\n"),
            "{text}"
        );
    }

    #[test]
    fn a_name_joins_a_list_of_categories() {
        let lists = "{\"total sample\": [\"A\"], \"x\": []}";
        let mut document = Document::read(lists).expect("it is JSON");
        document.push_name("total sample", "C");
        document.push_name("no such list", "C");
        assert_eq!(
            document.finish(),
            "{\"total sample\": [\"A\",\"C\"], \"x\": []}"
        );
    }
}
