//! Sentences from below the window, in the window's language.
//!
//! Failures, findings and reasons are told in English where they happen, with `format!` and
//! `#[error("…")]`; the command line, log files and bug reports keep them so. As with gettext, the
//! English sentence is the key: a catalogue (`assets/i18n/problems.*.po`) has each sentence as it
//! stands in the source, with its holes, and its translation. When a text is shown, the sentence it was
//! made with is found again, what filled the holes is taken out, translated where it is a known
//! sentence itself, and put into the translation. What is not known (a library's own words, an answer
//! of a server) stays as it is.

#[cfg(test)]
mod sources;
mod template;

use std::cell::RefCell;
use std::collections::HashMap;
use template::{Hole, Template, Weight};

/// Texts that are kept with their translations; a window shows far fewer at a time.
const KEPT: usize = 1024;
/// Sentences within sentences, as deep as they are looked into.
const DEEPEST: usize = 6;
/// Letters of a sentence with holes that may be an item of a list.
const ITEM: usize = 5;
/// Letters and signs of a sentence that may begin with more than one word of any kind.
const SURE: usize = 10;
/// Bytes of a text; more is the output of a program and no sentence.
const LONGEST: usize = 4096;
/// Sentences that one of the catalogue may be.
const SEVERAL: usize = 4;
/// The context of entries that stand between sentences, not for one.
const BETWEEN: &str = "between";
/// What lists are held together with.
const JOINTS: [&str; 3] = ["; ", ", ", " and "];
/// What a reason stands behind.
const COLON: &str = ": ";
/// What ends a sentence.
const STOP: &str = ".";

/// Sentences with holes that begin, or end, with the same letter; the surest first.
type Shelf = HashMap<u8, Vec<Entry>>;

struct Entry {
    weight: Weight,
    english: Template,
    other: Template,
}

/// The sentences of a language other than English.
#[derive(Default)]
pub struct Catalogue {
    /// Sentences without holes.
    plain: HashMap<String, String>,
    /// What stands between sentences and items.
    between: HashMap<String, String>,
    /// Sentences that begin with a word.
    heads: Shelf,
    /// Sentences that begin with a hole, by the last letter.
    tails: Shelf,
    /// Sentences that begin and end with a hole.
    loose: Vec<Entry>,
    /// What was asked before. Texts are few, and the same in every frame.
    known: RefCell<HashMap<String, Option<String>>>,
}

impl Catalogue {
    /// Reads a catalogue. What cannot be read is left out: a test proves that the compiled-in ones are
    /// whole.
    pub fn read(source: &str) -> Self {
        let mut catalogue = Self::default();
        let Ok(entries) = polib::po_file::parse_from_reader(source.as_bytes()) else {
            return catalogue;
        };
        for message in entries.messages() {
            let other = message.msgstr().unwrap_or_default();
            if message.msgctxt() == Some(BETWEEN) {
                let between = (message.msgid().to_owned(), other.to_owned());
                catalogue.between.extend([between]);
                continue;
            }
            let (english, other) = (Template::new(message.msgid()), Template::new(other));
            if english.holes().is_empty() {
                let plain = (english.head().to_owned(), other.head().to_owned());
                catalogue.plain.insert(plain.0, plain.1);
                continue;
            }
            let shelf = match (english.head().bytes().next(), english.tail().bytes().last()) {
                (Some(first), _) => catalogue.heads.entry(first).or_default(),
                (None, Some(last)) => catalogue.tails.entry(last).or_default(),
                (None, None) => &mut catalogue.loose,
            };
            shelf.push(Entry {
                weight: english.weight(),
                english,
                other,
            });
        }
        let shelves = catalogue.heads.values_mut();
        for shelf in shelves
            .chain(catalogue.tails.values_mut())
            .chain([&mut catalogue.loose])
        {
            shelf.sort_by_key(|entry| std::cmp::Reverse(entry.weight));
        }
        catalogue
    }

    /// The text in this language, when it is made of sentences of the catalogue.
    pub fn translated(&self, text: &str) -> Option<String> {
        if text.len() > LONGEST {
            return None;
        }
        if let Some(known) = self.known.borrow().get(text) {
            return known.clone();
        }
        let translated = self.find(text, DEEPEST);
        let mut known = self.known.borrow_mut();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(text.to_owned(), translated.clone());
        translated
    }

    fn find(&self, text: &str, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        if text.trim().is_empty() {
            return None;
        }
        self.sentence(text, depth)
            .or_else(|| self.lines(text, depth))
            .or_else(|| self.sentences(text, depth))
            .or_else(|| self.reason(text, depth))
            .or_else(|| self.of_name(text, depth))
    }

    /// A text that is one sentence of the catalogue.
    fn sentence(&self, text: &str, depth: usize) -> Option<String> {
        let plain = self.plain.get(text).cloned();
        plain
            .or_else(|| self.stopped(text))
            .or_else(|| self.list(text, depth))
            .or_else(|| self.filled(text, depth, 0))
    }

    /// A sentence without holes that lost its stop inside another, or got one there.
    fn stopped(&self, text: &str) -> Option<String> {
        let stop = self.between(STOP);
        match text.strip_suffix(STOP) {
            Some(bare) => Some(format!("{}{stop}", self.plain.get(bare)?)),
            None => {
                let whole = self.plain.get(&format!("{text}{STOP}"))?;
                Some(whole.strip_suffix(stop).unwrap_or(whole).to_owned())
            }
        }
    }

    /// A sentence with holes and so many letters: of those that fit, the one with the most words.
    fn filled(&self, text: &str, depth: usize, least: usize) -> Option<String> {
        let (first, last) = (text.bytes().next()?, text.bytes().last()?);
        // Of several lines, what does not begin like the text is one of them.
        let one = (!text.contains('\n')).then_some(());
        let shelves = [
            self.heads.get(&first),
            one.and_then(|()| self.tails.get(&last)),
            one.map(|()| &self.loose),
        ];
        let fitting = shelves.into_iter().flatten().filter_map(|shelf| {
            shelf.iter().find_map(|entry| {
                let values = entry.english.values(text)?;
                let sure = entry.weight.signs >= SURE || !entry.english.head().is_empty();
                let one = || !values.first().is_some_and(|value| value.contains(' '));
                (sure || one()).then_some((entry, values))
            })
        });
        let (entry, values) = fitting.max_by_key(|(entry, _)| entry.weight)?;
        (entry.weight.letters >= least).then_some(())?;
        let mut inside: HashMap<&Hole, String> = HashMap::new();
        for (hole, value) in entry.english.holes().iter().zip(values) {
            let told = self.find(value, depth);
            inside
                .entry(hole)
                .or_insert_with(|| told.unwrap_or_else(|| value.to_owned()));
        }
        Some(entry.other.fill(&inside))
    }

    /// Lines that stand below each other, each on its own.
    fn lines(&self, text: &str, depth: usize) -> Option<String> {
        let lines = text.split('\n').map(|line| {
            let words = line.trim_start();
            let space = line.get(..line.len() - words.len()).unwrap_or_default();
            Some(space.to_owned() + &self.find(words, depth)?)
        });
        text.contains('\n').then_some(())?;
        some(text.split('\n').zip(lines), "\n")
    }

    /// Sentences that stand behind each other: as many as possible at once, because one of the
    /// catalogue may be several.
    fn sentences(&self, text: &str, depth: usize) -> Option<String> {
        let starts: Vec<usize> = starts(text).collect();
        (starts.len() > 1).then_some(())?;
        let mut told: Vec<(&str, Option<String>)> = Vec::new();
        let mut at = 0;
        while let Some(&from) = starts.get(at) {
            let ends = (at + 1..=starts.len().min(at + SEVERAL)).rev();
            let mut found = ends.filter_map(|end| {
                let until = starts.get(end).copied().unwrap_or(text.len());
                let words = text.get(from..until)?.trim_end();
                // All of it is no sentence, or nobody would have come here.
                let whole = at == 0 && end == starts.len();
                let told = (!whole).then(|| self.sentence(words, depth))?;
                (told.is_some() || end == at + 1).then_some((end, words, told))
            });
            let (end, words, other) = found.next()?;
            told.push((words, other));
            at = end;
        }
        let mut joined = String::new();
        let known = told.iter().any(|(_, other)| other.is_some());
        for (words, other) in told {
            let wide = joined.chars().next_back().is_some_and(template::is_wide);
            if !joined.is_empty() && !wide {
                joined.push(' ');
            }
            joined.push_str(other.as_deref().unwrap_or(words));
        }
        known.then_some(joined)
    }

    /// A list of which every item is known; without a stop, which would make it a sentence.
    fn list(&self, text: &str, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        (!text.ends_with(STOP)).then_some(())?;
        let mut joints = JOINTS.iter().filter(|joint| text.contains(**joint));
        joints.find_map(|joint| {
            let items = text.split(joint).map(|item| {
                let plain = self.plain.get(item).cloned();
                plain.or_else(|| self.filled(item, depth, ITEM))
            });
            let items: Vec<String> = items.collect::<Option<_>>()?;
            Some(items.join(self.between(joint)))
        })
    }

    /// Something, and a known reason.
    fn reason(&self, text: &str, depth: usize) -> Option<String> {
        let (what, why) = text.split_once(COLON)?;
        let why = self.find(why, depth)?;
        let what = self.find(what, depth).unwrap_or_else(|| what.to_owned());
        Some(what + self.between(COLON) + &why)
    }

    /// A name, and what is known to be said of things: "conv_in.weight is missing".
    fn of_name(&self, text: &str, depth: usize) -> Option<String> {
        let (name, said) = text.split_once(' ')?;
        let said = said.contains(' ').then(|| self.sentence(said, depth));
        Some(format!("{name} {}", said??))
    }

    fn between<'a>(&'a self, joint: &'a str) -> &'a str {
        self.between.get(joint).map_or(joint, String::as_str)
    }
}

/// The parts of a text, translated where they are known, when at least one is.
fn some<'t>(parts: impl Iterator<Item = (&'t str, Option<String>)>, joint: &str) -> Option<String> {
    let mut known = false;
    let parts = parts.map(|(english, other)| {
        known |= other.is_some();
        other.unwrap_or_else(|| english.to_owned())
    });
    let parts: Vec<String> = parts.collect();
    known.then(|| parts.join(joint))
}

/// Where the sentences of a text begin: behind a stop and a space, with a large letter.
fn starts(text: &str) -> impl Iterator<Item = usize> {
    let behind = [". ", "? ", "! "].into_iter().flat_map(|stop| {
        let found = text.match_indices(stop);
        found.map(|(at, stop)| at + stop.len())
    });
    let mut starts: Vec<usize> = behind
        .filter(|at| {
            let next = text.get(*at..).and_then(|rest| rest.chars().next());
            next.is_some_and(|letter| letter.is_uppercase() || matches!(letter, '"' | '“' | '`'))
        })
        .collect();
    starts.push(0);
    starts.sort_unstable();
    starts.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Language, Texts};
    use crate::job::Problem;

    fn told(english: &str) -> String {
        let texts = Texts::of(Language::Chinese);
        texts.words(english).into_owned()
    }

    #[test]
    fn values_within_sentences_are_told_too() {
        for (english, expected) in [
            (
                "Cannot read the tokenizer: No such file or directory (os error 2).",
                "无法读取分词器：没有这个文件或文件夹（系统错误 2）。",
            ),
            (
                "The second editor's UNet cannot be loaded. Copy the bundle again, or choose another one.",
                "无法加载第二编辑器的 UNet。请重新复制模型包，或选择其他模型包。",
            ),
            (
                "toon-tiny cannot draw in mode latent. The bundle has no BLIP-2, whose latent this mode draws from.",
                "toon-tiny 无法用模式“潜变量”绘制。模型包没有 BLIP-2，而此模式按它的潜变量绘制。",
            ),
            (
                "Cannot read the picture: the PNG file is damaged (its decoder gave up).",
                "无法读取图片：PNG 文件已损坏（解码器放弃了）。",
            ),
            (
                "This run needs more memory than is free; it goes on with T5 in 8 bits, one network at a time.",
                "本次运行需要的内存超过可用内存；将以 T5 使用 8 位，一次一个网络的方式继续。",
            ),
        ] {
            assert_eq!(told(english), expected);
        }
    }

    #[test]
    fn lines_sentences_and_lists_are_told_one_by_one() {
        for (english, expected) in [
            (
                "Cannot load the UNet: 1 tensor has another shape, 7 tensors are missing.\n  conv_in.weight is (320, 4, 3, 3), expected (320, 8, 3, 3)\n  and 2 more",
                "无法加载 UNet：1 个张量的形状不同，7 个张量缺失。\n  conv_in.weight 为 (320, 4, 3, 3)，应为 (320, 8, 3, 3)\n  还有 2 个",
            ),
            (
                "Something new happened. The disk is full. And this too.",
                "Something new happened. 磁盘已满。And this too.",
            ),
            (
                "Cannot load the UNet: conv_in.weight is (320, 4, 3, 3), expected (320, 8, 3, 3).",
                "无法加载 UNet：conv_in.weight 为 (320, 4, 3, 3)，应为 (320, 8, 3, 3)。",
            ),
            (
                "It has 3 JPEG files, but 4 are needed: input, target and 2 generated; 1 missing.",
                "其中有 3 个 JPEG 文件，但需要 4 个：输入、目标和 2 张生成的图片；缺 1 个。",
            ),
            (
                "Rank 3 ended: The disk is full.",
                "rank 3 已结束：磁盘已满。",
            ),
        ] {
            assert_eq!(told(english), expected);
        }
    }

    #[test]
    fn what_is_not_known_stays() {
        let text = "invalid type: string \"a\", expected u64 at line 3 column 7";
        assert_eq!(told(text), text);
        assert_eq!(told(""), "");
        assert_eq!(
            told(&format!("Cannot read the scene: {text}.")),
            format!("无法读取场景：{text}。")
        );
        assert_eq!(
            Texts::english().words("The disk is full."),
            "The disk is full."
        );
    }

    #[test]
    fn a_problem_is_told_line_by_line() {
        let problem = Problem::new("The disk is full.")
            .hint("Make room, then continue. What has arrived is kept.")
            .file("weights.bin");
        let texts = Texts::of(Language::Chinese);
        let expected = "磁盘已满。\n请腾出空间，然后继续。已下载的内容会保留。\nweights.bin";
        assert_eq!(texts.problem(&problem), expected);
        let english =
            "The disk is full.\nMake room, then continue. What has arrived is kept.\nweights.bin";
        assert_eq!(Texts::english().problem(&problem), english);
    }

    /// Far more than is needed: a window that draws 60 frames in a second looks up a few new texts.
    #[test]
    fn no_text_keeps_the_window_waiting() {
        let catalogue = Catalogue::read(Language::Chinese.catalogue().unwrap_or_default());
        let odd = "Cannot read {}: a, b and c; d: e. Fall, and rise. ".repeat(80);
        for text in [&odd[..], "the folder, ", "a: b: c: d: e: f: g: h"] {
            let started = std::time::Instant::now();
            catalogue.translated(text);
            let took = started.elapsed();
            assert!(took.as_millis() < 50, "{took:?} for {text}");
        }
    }

    #[test]
    fn a_text_is_looked_up_once() {
        let catalogue = Catalogue::read(Language::Chinese.catalogue().unwrap_or_default());
        for _ in 0..2 {
            assert!(catalogue.translated("The disk is full.").is_some());
            assert!(catalogue.translated("of nobody").is_none());
        }
        assert_eq!(catalogue.known.borrow().len(), 2);
        for number in 0..=KEPT {
            catalogue.translated(&number.to_string());
        }
        assert!(catalogue.known.borrow().len() <= KEPT);
    }
}
