//! Holds the catalogues against the sources: what can reach the window from below has to be in them.
//!
//! Nobody marks sentences for translation, so that none is forgotten: of the layers below the window
//! every text of two words or more counts, unless it stands where only programmers read it, and of the
//! window itself what becomes a `Problem`. Entries with the context `system` are words of systems and
//! libraries, which stand within our sentences.

use super::template::Template;
use super::{BETWEEN, Catalogue};
use crate::app::language::Language;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// The context of what the embedded bundle says of itself.
const BUNDLE: &str = "bundle";

/// Layers whose texts count, and what stands beside them.
const BELOW: [&str; 8] = [
    "dataset",
    "diffusion",
    "eval",
    "job",
    "models",
    "nn",
    "pipeline",
    "train",
];

/// Calls and macros whose texts are for logs, for tests, or for comparing.
const UNSEEN: [&str; 21] = [
    "trace!",
    "debug!",
    "info!",
    "warn!",
    "error!",
    "debug_span!",
    "info_span!",
    "trace_span!",
    "panic!",
    "unreachable!",
    "assert!",
    "assert_eq!",
    "assert_ne!",
    "debug_assert!",
    "expect",
    "contains",
    "starts_with",
    "ends_with",
    "split_once",
    "strip_prefix",
    "strip_suffix",
];

/// Where the failures of tensor code are quoted as they are: shapes that cannot be are our mistakes.
const TENSORS: [&str; 3] = ["diffusion", "nn", "train"];

/// Files that write in English for others.
const FILES: [&str; 8] = [
    // Exported tables, figures and reports.
    "eval/html.rs",
    "eval/latex.rs",
    "job/export/board.rs",
    "job/export/figure.rs",
    "job/export/latex.rs",
    // Questions and answers, which the models know in English, and drawings.
    "dataset/text.rs",
    "dataset/toon/reasoning.rs",
    "dataset/toon/render.rs",
];

/// Texts that stay as they are: names, keys of files, and what is read by models and programs.
const TEXTS: [&str; 21] = [
    "# The settings cannot be read, so they are left out.",
    "CFG scale",
    "EVA ViT-g",
    "Guidance mode",
    "Image CFG scale",
    "JPEG XL",
    "LGD Studio",
    "LGD Studio {}, {} {}",
    "Question: Could this picture be the answer to “{asked}”? Answer yes or no. Answer:",
    "Question: Does this picture show that {}? Answer yes or no. Answer:",
    "Stable Diffusion 1.x",
    "Stable Diffusion 2.x",
    "The last lines of the log",
    "The way there",
    "at {} in thread {}",
    "id, created, question, requests, bundle, bundle_fingerprint, bundle_source, frame, frame_sha256, finished, state, problem, starred, file",
    "let's do the causal reasoning step by step.",
    "lgd noise tape 1",
    "on a device",
    "total sample",
    "{when} UTC, version {}, {}",
];

/// What of our sources the catalogues are about.
#[derive(Default)]
struct Sources {
    /// Sentences that have to be translated, and where the first of each stands.
    wanted: BTreeMap<String, String>,
    /// Every line of a text in the sources.
    all: BTreeSet<String>,
    /// Texts of [`TEXTS`] and files of [`FILES`] that are there.
    excepted: BTreeSet<&'static str>,
}

impl Sources {
    fn read() -> Self {
        let mut sources = Self::default();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        sources.folder(&root, &root);
        sources
    }

    fn folder(&mut self, root: &Path, folder: &Path) {
        let entries = std::fs::read_dir(folder).expect("the sources are there");
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.strip_prefix(root).unwrap_or(&path);
            let name = name.to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                self.folder(root, &path);
            } else if let Some(bare) = name.strip_suffix(".rs")
                && !bare.ends_with("tests")
                && !bare.contains("/tests")
            {
                let text = std::fs::read_to_string(&path).expect("sources can be read");
                let tokens: TokenStream = text.parse().expect("sources are Rust");
                self.tokens(tokens, &name, &mut Vec::new());
            }
        }
    }

    /// Walks through tokens. `within` are the names that stand before the brackets around them.
    fn tokens(&mut self, tokens: TokenStream, file: &str, within: &mut Vec<String>) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Punct(sign) if sign.as_char() == '#' => {
                    let inner = matches!(tokens.get(at), Some(TokenTree::Punct(_)));
                    at += usize::from(inner);
                    let Some(TokenTree::Group(attribute)) = tokens.get(at) else {
                        continue;
                    };
                    at += 1;
                    let words = attribute.stream().to_string();
                    if words.starts_with("error") {
                        self.tokens(attribute.stream(), file, within);
                    } else if words.starts_with("cfg") && words.contains("test") {
                        at = behind_item(&tokens, at);
                    }
                }
                TokenTree::Group(group) => {
                    within.push(name_before(&tokens, at - 1));
                    self.tokens(group.stream(), file, within);
                    within.pop();
                }
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.text(&text.value(), file, within);
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    fn text(&mut self, text: &str, file: &str, within: &[String]) {
        let layer = file.split('/').next().unwrap_or_default();
        let within = |names: &[&str]| within.iter().any(|name| names.contains(&name.as_str()));
        let seen = match BELOW.contains(&layer) {
            true => !(within(&UNSEEN) || TENSORS.contains(&layer) && within(&["bail!"])),
            false => layer == "app" && within(&["Problem::new", "hint"]),
        };
        let excepted = FILES.iter().find(|name| **name == file);
        for line in text.split('\n').map(str::trim) {
            self.all.insert(line.to_owned());
            if !seen || !is_sentence(line) || is_sql(text) {
                continue;
            }
            if let Some(file) = excepted {
                self.excepted.insert(file);
            } else if let Some(text) = TEXTS.iter().find(|text| **text == line) {
                self.excepted.insert(text);
            } else {
                let line = line.to_owned();
                self.wanted.entry(line).or_insert_with(|| file.to_owned());
            }
        }
    }
}

/// Whether a text has at least two words beside its holes.
fn is_sentence(text: &str) -> bool {
    let template = Template::new(text);
    let words = template.words().flat_map(|words| words.split(' '));
    let letters = |word: &&str| word.chars().filter(char::is_ascii_alphabetic).count() >= 2;
    words.filter(letters).count() >= 2 && text.contains(' ')
}

fn is_sql(text: &str) -> bool {
    let verbs = ["DELETE ", "INSERT ", "PRAGMA ", "SELECT ", "UPDATE "];
    verbs.iter().any(|verb| text.starts_with(verb))
}

/// Behind the item that begins here: its body, or a semicolon.
fn behind_item(tokens: &[TokenTree], from: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(sign) => sign.as_char() == ';',
        _ => false,
    };
    let rest = tokens.get(from..).unwrap_or_default();
    rest.iter()
        .position(ends)
        .map_or(tokens.len(), |end| from + end + 1)
}

/// What stands before a bracket: `format!`, `hint`, `Problem::new`.
fn name_before(tokens: &[TokenTree], group: usize) -> String {
    let word = |back: usize| {
        tokens
            .get(group.checked_sub(back)?)
            .map(TokenTree::to_string)
    };
    match (word(1).as_deref(), word(2), word(3), word(4)) {
        (Some("!"), Some(name), ..) => format!("{name}!"),
        (Some(name), Some(_), Some(colon), Some(owner)) if colon == ":" => {
            format!("{owner}::{name}")
        }
        (name, ..) => name.unwrap_or_default().to_owned(),
    }
}

/// The entries of every catalogue: context, English, other.
fn entries() -> Vec<(Option<String>, String, String)> {
    let sources = Language::ALL.into_iter().filter_map(Language::catalogue);
    let entries = sources.flat_map(|source| {
        let file = polib::po_file::parse_from_reader(source.as_bytes());
        let file = file.expect("the catalogue can be read");
        let entries = file.messages().map(|message| {
            let context = message.msgctxt().map(str::to_owned);
            let other = message.msgstr().unwrap_or_default().to_owned();
            (context, message.msgid().to_owned(), other)
        });
        entries.collect::<Vec<_>>()
    });
    entries.collect()
}

#[test]
fn every_sentence_is_translated_and_every_translation_is_used() {
    let sources = Sources::read();
    assert!(sources.wanted.len() > 900, "{}", sources.wanted.len());
    let entries = entries();
    let ours = entries.iter().filter(|(context, ..)| context.is_none());
    let known: BTreeSet<&str> = ours.map(|(_, english, _)| english.as_str()).collect();
    let missing: Vec<_> = sources
        .wanted
        .iter()
        .filter(|(text, _)| !known.contains(text.as_str()))
        .collect();
    assert!(missing.is_empty(), "not translated: {missing:#?}");
    let embedded = include_str!("../../../models/toon-tiny/lgd.json");
    for (_, text, _) in entries
        .iter()
        .filter(|entry| entry.0.as_deref() == Some(BUNDLE))
    {
        assert!(
            embedded.contains(text),
            "the embedded bundle does not say {text}"
        );
    }
    let unused: Vec<_> = known
        .iter()
        .filter(|text| !sources.all.contains(**text))
        .collect();
    assert!(unused.is_empty(), "not in the sources: {unused:#?}");
    let excepted: BTreeSet<&str> = FILES.into_iter().chain(TEXTS).collect();
    let stale: Vec<_> = excepted.difference(&sources.excepted).collect();
    assert!(stale.is_empty(), "excepted, but not there: {stale:#?}");
}

#[test]
fn translations_have_the_holes_and_the_stops_of_their_sentences() {
    for (context, english, other) in entries() {
        let (from, to) = (Template::new(&english), Template::new(&other));
        let holes = |template: &Template| template.holes().iter().cloned().collect();
        let (wanted, found): (BTreeSet<_>, BTreeSet<_>) = (holes(&from), holes(&to));
        assert_eq!(found, wanted, "{english}");
        assert!(!other.is_empty(), "{english}");
        let stops = |text: &str| text.ends_with(['.', '?', '。', '？']);
        let ours = context.is_none() && !other.ends_with('}');
        assert!(
            !ours || stops(&english) == stops(&other),
            "{english}: {other}"
        );
        let half = ["，", "。", "；", "："]
            .iter()
            .any(|sign| other.contains(&format!("{sign} ")) || other.contains(&format!(" {sign}")));
        assert!(!half || context.as_deref() == Some(BETWEEN), "{other}");
    }
}

#[test]
fn every_sentence_is_found_again_by_what_it_becomes() {
    let catalogue = Language::Chinese.catalogue().map(Catalogue::read);
    let catalogue = catalogue.expect("there is a Chinese catalogue");
    let mut lost = Vec::new();
    for (context, english, other) in entries() {
        if context.as_deref() == Some(BETWEEN) {
            continue;
        }
        let (from, to) = (Template::new(&english), Template::new(&other));
        let values: HashMap<_, _> = from
            .holes()
            .iter()
            .enumerate()
            .map(|(at, hole)| (hole, format!("v{at}")))
            .collect();
        let (text, expected) = (from.fill(&values), to.fill(&values));
        let found = catalogue.translated(&text);
        if found.as_deref() != Some(&expected) {
            lost.push((english, expected, found));
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn a_new_sentence_is_missed() {
    let source = r#"
        fn read(file: &Path) -> Result<(), Problem> {
            tracing::warn!("nobody translates a log");
            Err(Problem::new(format!("The {what} has fallen over."))
                .hint("Pick it up."))
        }
        #[derive(thiserror::Error)]
        enum Fall { #[error("it fell from {0} m")] Deep(u32), #[error(transparent)] Io(Io) }
        #[cfg(test)]
        mod tests { const NAME: &str = "not a word of it"; }
        /// Nor of this.
        const TWO: &str = "one line\n and another";
    "#;
    let read = |file: &str| {
        let mut sources = Sources::default();
        let tokens = source.parse().expect("it is Rust");
        sources.tokens(tokens, file, &mut Vec::new());
        sources.wanted.into_keys().collect::<Vec<_>>()
    };
    let (new, deep) = ("The {what} has fallen over.", "it fell from {0} m");
    let all = ["Pick it up.", new, "and another", deep, "one line"];
    assert_eq!(read("job/files.rs"), all);
    assert_eq!(read("app/state/mod.rs"), ["Pick it up.", new]);
}

#[test]
fn the_window_shows_no_problem_as_it_is() {
    fn read(folder: &Path, raw: &mut Vec<String>) {
        let entries = std::fs::read_dir(folder).expect("the panels are there");
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() {
                read(&path, raw);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("sources can be read");
            for words in ["problem.message", "problem.hint", "&problem.to_string(), "] {
                if text.contains(words) {
                    raw.push(format!("{}: {words}", path.display()));
                }
            }
        }
    }
    let mut raw = Vec::new();
    let panels = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app/panels");
    read(&panels, &mut raw);
    let raw: Vec<_> = raw
        .iter()
        .filter(|line| !line.contains("panels/mod.rs"))
        .collect();
    assert!(
        raw.is_empty(),
        "Cx::message, more and problem translate: {raw:#?}"
    );
}
