//! Sentences with holes, as `format!` and `#[error("…")]` write them.

use std::cmp::Reverse;
use std::collections::HashMap;

/// What names a hole: its place among the arguments, or its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hole {
    /// `{}` counts on, `{2}` says it.
    Place(usize),
    /// `{name}`.
    Name(String),
}

/// What of a text a sentence accounts for: the more letters, the fewer holes and the more signs, the
/// surer it is the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight {
    /// Letters and digits.
    pub letters: usize,
    holes: Reverse<usize>,
    /// All of it, with spaces.
    pub signs: usize,
}

/// A sentence with holes. How a value is written (`{share:.1}`) is no concern of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The words before each hole, and behind the last one: always one more than holes.
    words: Vec<String>,
    holes: Vec<Hole>,
}

impl Template {
    /// Reads a sentence as it stands in the source; `{{` and `}}` are braces.
    pub fn new(text: &str) -> Self {
        let (mut words, mut holes) = (vec![String::new()], Vec::new());
        let mut counted = 0;
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, behind) = rest.split_at(at);
            let mut letters = behind.chars();
            let (brace, doubled) = (letters.next(), letters.next());
            add(&mut words, before);
            if brace == doubled || brace == Some('}') {
                add(&mut words, behind.get(..1).unwrap_or_default());
                rest = behind
                    .get(1 + usize::from(brace == doubled)..)
                    .unwrap_or_default();
                continue;
            }
            let (hole, behind) = behind[1..].split_once('}').unwrap_or((&behind[1..], ""));
            let name = hole.split(':').next().unwrap_or_default().trim();
            holes.push(match (name, name.parse()) {
                ("", _) => {
                    counted += 1;
                    Hole::Place(counted - 1)
                }
                (_, Ok(place)) => Hole::Place(place),
                (name, Err(_)) => Hole::Name(name.to_owned()),
            });
            words.push(String::new());
            rest = behind;
        }
        add(&mut words, rest);
        Self { words, holes }
    }

    /// The holes, in the order of the sentence.
    pub fn holes(&self) -> &[Hole] {
        &self.holes
    }

    /// The words before the first hole; all of it where there is none.
    pub fn head(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The words behind the last hole.
    pub fn tail(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }

    /// The words around the holes.
    #[cfg(test)]
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// How sure it is that a text is this sentence.
    pub fn weight(&self) -> Weight {
        let signs = self.words.iter().flat_map(|words| words.chars());
        let letters = signs.clone().filter(|sign| sign.is_alphanumeric());
        Weight {
            letters: letters.count(),
            holes: Reverse(self.holes.len()),
            signs: signs.count(),
        }
    }

    /// What fills the holes when the text is this sentence. Where a value holds words of the sentence
    /// as well, the hole ends at the first of them.
    pub fn values<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (tail, between) = self.words.split_last()?;
        let Some((head, between)) = between.split_first() else {
            return (text == tail).then(Vec::new);
        };
        let mut rest = text.strip_prefix(head.as_str())?;
        rest = rest.strip_suffix(tail.as_str())?;
        let mut values = Vec::with_capacity(self.holes.len());
        for words in between {
            let (value, behind) = rest.split_once(words.as_str())?;
            values.push(value);
            rest = behind;
        }
        values.push(rest);
        Some(values)
    }

    /// The sentence with these values. A space that keeps Latin letters away from Chinese ones goes
    /// where both sides are Chinese, and a stop that the value brings along is not doubled.
    pub fn fill(&self, values: &HashMap<&Hole, String>) -> String {
        let mut text = self.head().to_owned();
        for (hole, words) in self.holes.iter().zip(self.words.iter().skip(1)) {
            let value = values.get(hole).map_or("", String::as_str);
            let apart = text.strip_suffix(' ');
            if value.starts_with(is_wide) && apart.is_some_and(|text| text.ends_with(is_wide)) {
                text.pop();
            }
            text.push_str(value);
            let apart = words.strip_prefix(' ');
            text.push_str(match (text.chars().next_back(), apart) {
                (Some(last), Some(words)) if is_wide(last) && words.starts_with(is_wide) => words,
                (Some('。' | '？' | '！'), None) => words.trim_start_matches('。'),
                _ => words,
            });
        }
        text
    }
}

fn add(words: &mut [String], text: &str) {
    if let Some(last) = words.last_mut() {
        last.push_str(text);
    }
}

/// Chinese letters and signs.
pub fn is_wide(letter: char) -> bool {
    matches!(letter, '\u{2e80}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}' | '“' | '”' | '…')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, values: &[&str]) -> String {
        let template = Template::new(template);
        let holes = template.holes().iter();
        let values = holes.zip(values.iter().map(|value| (*value).to_owned()));
        template.fill(&values.collect())
    }

    #[test]
    fn holes_are_found_as_format_finds_them() {
        let template = Template::new("{{{}}} {name:>4} of {2}, {:.1} GB and {x:#04x}");
        let name = |name: &str| Hole::Name(name.to_owned());
        assert_eq!(template.head(), "{");
        assert_eq!(
            template.holes(),
            [
                Hole::Place(0),
                name("name"),
                Hole::Place(2),
                Hole::Place(1),
                name("x")
            ]
        );
        assert_eq!(Template::new("100 % {").tail(), "");
        assert_eq!(Template::new("}").head(), "}");
    }

    #[test]
    fn values_come_out_of_a_text() {
        for (template, text, expected) in [
            ("It rains.", "It rains.", Some(vec![])),
            ("It rains.", "It rains", None),
            (
                "Cannot read {}: {e}.",
                "Cannot read a: b: c.",
                Some(vec!["a", "b: c"]),
            ),
            ("{} is gone", "the dog is gone", Some(vec!["the dog"])),
            ("{} is gone", "the dog is here", None),
            ("{}{}", "ab", Some(vec!["", "ab"])),
            ("a{}a", "a", None),
            ("寿 {}", "寿 司", Some(vec!["司"])),
        ] {
            assert_eq!(Template::new(template).values(text), expected, "{text}");
        }
    }

    #[test]
    fn values_are_set_like_type() {
        for (template, values, expected) in [
            (
                "无法读取 {}：{}。",
                ["a.png", "没有权限"],
                "无法读取 a.png：没有权限。",
            ),
            (
                "无法加载 {}：{}。",
                ["权重", "它是空的。"],
                "无法加载权重：它是空的。",
            ),
            ("有 {} 个，共 {} 个", ["三", "4"], "有三个，共 4 个"),
            ("{} 在 {} 中", ["“甲”", "乙"], "“甲”在乙中"),
        ] {
            assert_eq!(filled(template, &values), expected);
        }
    }
}
