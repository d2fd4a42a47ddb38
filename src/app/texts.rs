//! Every text of the window, from one Fluent file per language.

use super::catalogue::Catalogue;
use super::language::Language;
use crate::job::Problem;
use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use jiff::tz::TimeZone;
use std::borrow::Cow;

/// Whole numbers from here on have their thousands apart; four digits are read at a glance, and both
/// languages may leave them together.
const GROUPED: u64 = 10_000;

/// Looks texts up by id.
pub struct Texts {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    /// Sentences from below the window; English ones need none.
    catalogue: Option<Catalogue>,
    /// Where times are told for.
    zone: TimeZone,
}

impl Texts {
    /// The texts of a language.
    pub fn of(language: Language) -> Self {
        // What could be parsed is kept; a test proves that nothing is lost in the compiled-in files.
        let resource = FluentResource::try_new(language.source().to_owned())
            .unwrap_or_else(|(resource, _problems)| resource);
        let mut bundle = FluentBundle::new(vec![language.identifier()]);
        // No invisible direction marks around values: they would end up in copied text.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(grouped));
        bundle.add_resource_overriding(resource);
        Self {
            language,
            bundle,
            catalogue: language.catalogue().map(Catalogue::read),
            zone: TimeZone::UTC,
        }
    }

    /// The same with times of this zone; without, they are told in UTC.
    #[must_use]
    pub fn in_zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Where times are told for.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The English texts.
    pub fn english() -> Self {
        Self::of(Language::English)
    }

    /// The language they are in.
    pub fn language(&self) -> Language {
        self.language
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

    /// A sentence from below the window, which tells it in English.
    pub fn words<'a>(&self, english: &'a str) -> Cow<'a, str> {
        let catalogue = self.catalogue.as_ref();
        let words = catalogue.and_then(|catalogue| catalogue.translated(english));
        words.map_or(Cow::Borrowed(english), Cow::Owned)
    }

    /// What to do about a problem and the file it is about, each a line of its own.
    pub fn more(&self, problem: &Problem) -> Vec<String> {
        let hint = problem.hint.as_deref().map(|hint| self.words(hint));
        let file = problem.file.as_ref().map(|file| file.display().to_string());
        hint.map(Cow::into_owned).into_iter().chain(file).collect()
    }

    /// All lines of a problem.
    pub fn problem(&self, problem: &Problem) -> String {
        let message = self.words(&problem.message).into_owned();
        let lines: Vec<String> = [message].into_iter().chain(self.more(problem)).collect();
        lines.join("\n")
    }

    /// Whether there is a text with this id.
    pub fn has(&self, id: &str) -> bool {
        self.bundle.has_message(id)
    }
}

/// A whole number as English and Chinese write it: 1234, 12,345.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    if number < GROUPED {
        return digits;
    }
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Numbers within texts.
fn grouped<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    let FluentValue::Number(value) = value else {
        return None;
    };
    let whole = value.value.fract() == 0.0 && value.value >= 0.0;
    whole.then(|| number(value.value as u64))
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
    /// A number, with its thousands apart where it is long; a text can tell one from several by it.
    fn from(number: usize) -> Self {
        Self(number.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    /// Texts that are the same in every language: names, units, and what a person types.
    const SAME: [&str; 38] = [
        "answer-ready-hint",
        "app-title",
        "closer-clip",
        "closer-similarity",
        "evaluate-clip",
        "evaluate-lpips",
        "evaluate-psnr",
        "evaluate-seeds-hint",
        "evaluate-ssim",
        "frame-size",
        "hub-revision-hint",
        "import-bf16",
        "import-f16",
        "import-f32",
        "look-gain-value",
        "look-one-to-one",
        "models-resolution",
        "noise-mt19937",
        "noise-philox",
        "preferences-language-en",
        "preferences-language-zh",
        "preferences-memory-most",
        "sampler-dpm-solver-2m",
        "sampler-euler-ancestral",
        "sampler-euler-ancestral-diffusers",
        "shortcut-newline-keys",
        "size-gigabytes",
        "size-kilobytes",
        "size-megabytes",
        "timeline-at",
        "train-degrees",
        "train-group-lora",
        "train-group-qformer",
        "train-preset-lora",
        "vote-acc",
        "vote-alpha",
        "vote-chosen",
        "vote-kappa",
    ];

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

    /// The messages of a language as they are written, by id.
    fn messages(language: Language) -> BTreeMap<&'static str, String> {
        let mut messages = BTreeMap::new();
        let mut id = "";
        for line in language.source().lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let begins = line.split_once(" = ").filter(|_| !line.starts_with(' '));
            if let Some((new, text)) = begins {
                id = new;
                let before = messages.insert(id, text.to_owned());
                assert!(before.is_none(), "{language:?}: {id} is there twice");
            } else if let Some(text) = messages.get_mut(id) {
                text.push('\n');
                text.push_str(line);
            }
        }
        messages
    }

    /// The names of the values that are filled into a message.
    fn values(message: &str) -> BTreeSet<&str> {
        let names = message.split('$').skip(1);
        names
            .map(|rest| {
                let end = rest.find(|letter: char| !letter.is_alphanumeric());
                rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
            })
            .collect()
    }

    #[test]
    fn every_file_parses() {
        for language in Language::ALL {
            let parsed = FluentResource::try_new(language.source().to_owned());
            let problems = parsed.err().map(|(_, problems)| problems);
            assert!(problems.is_none(), "{language:?}: {problems:?}");
            let (texts, messages) = (Texts::of(language), messages(language));
            assert!(!messages.is_empty());
            for id in messages.keys() {
                assert!(texts.has(id), "{language:?}: {id} is lost");
            }
        }
    }

    #[test]
    fn every_language_has_the_same_texts_with_the_same_values() {
        let english = messages(Language::English);
        for language in Language::ALL {
            let other = messages(language);
            let missing: Vec<_> = english
                .keys()
                .filter(|id| !other.contains_key(*id))
                .collect();
            assert!(missing.is_empty(), "{language:?} lacks {missing:?}");
            let unknown: Vec<_> = other
                .keys()
                .filter(|id| !english.contains_key(*id))
                .collect();
            assert!(unknown.is_empty(), "{language:?} has besides {unknown:?}");
            for (id, message) in &english {
                let (ours, theirs) = (values(message), other.get(id).map(|text| values(text)));
                assert_eq!(theirs, Some(ours), "{language:?}: values of {id}");
            }
        }
    }

    #[test]
    fn every_text_is_translated() {
        let english = messages(Language::English);
        let chinese = messages(Language::Chinese);
        let same: Vec<_> = english
            .iter()
            .filter(|(id, text)| chinese.get(*id) == Some(text))
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(same, SAME);
    }

    #[test]
    fn one_is_told_from_several() {
        for (language, count, expected) in [
            (Language::English, 0, "0 bundles"),
            (Language::English, 1, "one bundle"),
            (Language::English, 2, "2 bundles"),
            (Language::English, 12_345, "12,345 bundles"),
            (Language::Chinese, 1, "1 个模型包"),
            (Language::Chinese, 12_345, "12,345 个模型包"),
        ] {
            let values = [("count", Value::from(count))];
            assert_eq!(Texts::of(language).with("models-count", &values), expected);
        }
    }

    #[test]
    fn every_text_is_used_and_every_used_text_exists() -> std::io::Result<()> {
        let mut code = String::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app"),
            &mut code,
        )?;
        for language in Language::ALL {
            let messages = messages(language);
            let unused: Vec<_> = messages
                .keys()
                .filter(|id| !code.contains(&format!("\"{id}\"")))
                .collect();
            assert!(unused.is_empty(), "{language:?}, never used: {unused:?}");

            let mut missing = Vec::new();
            for call in ["texts.get(\"", "texts.with(\"", "tr(\"", ".text(\""] {
                for rest in code.split(call).skip(1) {
                    if let Some((id, _)) = rest.split_once('"')
                        && !messages.contains_key(id)
                    {
                        missing.push(id.to_owned());
                    }
                }
            }
            assert!(missing.is_empty(), "{language:?} lacks {missing:?}");
        }
        Ok(())
    }

    #[test]
    fn values_are_filled_in() {
        for (language, expected) in [
            (Language::English, "Drawing 12 of 2000"),
            (Language::Chinese, "正在绘制 12/2000"),
        ] {
            let values = [("step", 12.into()), ("steps", 2000.into())];
            assert_eq!(Texts::of(language).with("stage-drawing", &values), expected);
        }
    }
}
