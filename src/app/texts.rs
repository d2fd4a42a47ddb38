//! Every text of the window, from one Fluent file, so that a second language is a file.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use std::borrow::Cow;
use unic_langid::LanguageIdentifier;

/// The English texts, compiled in.
const ENGLISH: &str = include_str!("../../assets/i18n/en.ftl");

/// Looks texts up by id.
pub struct Texts {
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    /// The English texts.
    pub fn english() -> Self {
        // What could be parsed is kept; a test proves that nothing is lost in the compiled-in file.
        let resource = FluentResource::try_new(ENGLISH.to_owned())
            .unwrap_or_else(|(resource, _problems)| resource);
        let mut bundle = FluentBundle::new(vec![LanguageIdentifier::default()]);
        // No invisible direction marks around values: they would end up in copied text.
        bundle.set_use_isolating(false);
        bundle.add_resource_overriding(resource);
        Self { bundle }
    }

    /// The text with this id; the id itself when there is none.
    pub fn get(&self, id: &'static str) -> Cow<'_, str> {
        self.format(id, None)
    }

    /// The text with this id and these values filled in.
    pub fn with(&self, id: &'static str, values: &[(&'static str, Value)]) -> String {
        let mut args = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            args.set(*name, value.0.clone());
        }
        self.format(id, Some(&args)).into_owned()
    }

    fn format(&self, id: &'static str, args: Option<&FluentArgs<'_>>) -> Cow<'_, str> {
        let Some(pattern) = self
            .bundle
            .get_message(id)
            .and_then(|message| message.value())
        else {
            tracing::debug!(id, "a text is missing");
            return Cow::Borrowed(id);
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, args, &mut errors);
        if !errors.is_empty() {
            tracing::debug!(id, ?errors, "a text lacks a value");
        }
        Cow::Owned(text.into_owned())
    }

    /// Whether there is a text with this id.
    pub fn has(&self, id: &str) -> bool {
        self.bundle.has_message(id)
    }
}

/// A value inside a text.
pub struct Value(FluentValue<'static>);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(FluentValue::String(Cow::Owned(text.to_owned())))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self(FluentValue::String(Cow::Owned(text)))
    }
}

impl From<usize> for Value {
    /// A plain number, without thousands separators; a text can tell one from several by it.
    fn from(number: usize) -> Self {
        Self(number.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn sources(folder: &Path, into: &mut String) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                sources(&path, into)?;
            } else if path.extension().is_some_and(|end| end == "rs") {
                into.push_str(&std::fs::read_to_string(&path)?);
            }
        }
        Ok(())
    }

    fn ids() -> BTreeSet<&'static str> {
        ENGLISH
            .lines()
            .filter(|line| !line.starts_with(['#', ' ']))
            .filter_map(|line| line.split_once(" = "))
            .map(|(id, _text)| id)
            .collect()
    }

    #[test]
    fn the_english_file_parses() {
        assert!(FluentResource::try_new(ENGLISH.to_owned()).is_ok());
        let texts = Texts::english();
        assert!(!ids().is_empty());
        for id in ids() {
            assert!(texts.has(id), "{id} is lost");
        }
    }

    #[test]
    fn one_is_told_from_several() {
        let texts = Texts::english();
        for (count, expected) in [
            (0, "0 bundles"),
            (1, "one bundle"),
            (2, "2 bundles"),
            (12_345, "12345 bundles"),
        ] {
            let values = [("count", Value::from(count))];
            assert_eq!(texts.with("models-count", &values), expected);
        }
    }

    #[test]
    fn every_text_is_used_and_every_used_text_exists() -> std::io::Result<()> {
        let mut code = String::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app"),
            &mut code,
        )?;
        let unused: Vec<_> = ids()
            .into_iter()
            .filter(|id| !code.contains(&format!("\"{id}\"")))
            .collect();
        assert!(unused.is_empty(), "never used: {unused:?}");

        let texts = Texts::english();
        let mut missing = Vec::new();
        for call in ["texts.get(\"", "texts.with(\"", "tr(\"", ".text(\""] {
            for rest in code.split(call).skip(1) {
                if let Some((id, _)) = rest.split_once('"')
                    && !texts.has(id)
                {
                    missing.push(id.to_owned());
                }
            }
        }
        assert!(missing.is_empty(), "not in the file: {missing:?}");
        Ok(())
    }

    #[test]
    fn values_are_filled_in() {
        let texts = Texts::english();
        assert_eq!(
            texts.with(
                "stage-drawing",
                &[("step", 12.into()), ("steps", 2000.into())]
            ),
            "Drawing 12 of 2000"
        );
    }
}
