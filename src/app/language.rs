//! The languages of the window, and which one is shown.

use serde::{Deserialize, Deserializer, Serialize};
use unic_langid::LanguageIdentifier;

/// A language that has all texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Chinese in simplified characters.
    Chinese,
}

/// A step of large counts: from which count on it is used, what that count is divided by, and the
/// decimals that are shown.
pub struct CountStep {
    /// The smallest count.
    pub from: usize,
    /// The unit.
    pub divisor: f64,
    /// Digits behind the point.
    pub decimals: usize,
    /// The id of the text with the unit's name.
    pub text: &'static str,
}

impl Language {
    /// All of them.
    #[cfg(test)]
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Its texts, compiled in.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../../assets/i18n/en.ftl"),
            Self::Chinese => include_str!("../../assets/i18n/zh-CN.ftl"),
        }
    }

    /// Its sentences for what is told in English below the window; none for English itself.
    pub(super) fn catalogue(self) -> Option<&'static str> {
        match self {
            Self::English => None,
            Self::Chinese => Some(include_str!("../../assets/i18n/problems.zh-CN.po")),
        }
    }

    /// What rules of plurals go by. English has the root's, so that nothing can fail here.
    pub(super) fn identifier(self) -> LanguageIdentifier {
        match self {
            Self::English => LanguageIdentifier::default(),
            Self::Chinese => "zh-CN".parse().unwrap_or_default(),
        }
    }

    /// How large counts are told, largest first: English goes by thousands, Chinese by ten thousands.
    pub fn count_steps(self) -> [CountStep; 3] {
        let (large, middle, small) = match self {
            Self::English => (
                (1_000_000_000, 1e9, 2),
                (1_000_000, 1e6, 1),
                (10_000, 1e3, 0),
            ),
            // 亿, 百万 told as 万, and 万 with a digit behind the point.
            Self::Chinese => ((100_000_000, 1e8, 2), (1_000_000, 1e4, 0), (10_000, 1e4, 1)),
        };
        [
            (large, "count-large"),
            (middle, "count-middle"),
            (small, "count-small"),
        ]
        .map(|((from, divisor, decimals), text)| CountStep {
            from,
            divisor,
            decimals,
            text,
        })
    }
}

/// Which language is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum LanguageChoice {
    /// The system's when there are texts for it, English otherwise.
    #[default]
    #[serde(rename = "system")]
    System,
    /// Always English.
    #[serde(rename = "en")]
    English,
    /// Always Chinese in simplified characters.
    #[serde(rename = "zh-CN")]
    Chinese,
}

impl LanguageChoice {
    /// All choices, in the order they are shown.
    pub const ALL: [Self; 3] = [Self::System, Self::English, Self::Chinese];

    /// The language to show on a system with this locale, such as `zh-CN` or `en-GB`.
    ///
    /// All of written Chinese gets the simplified characters: who reads the traditional ones reads
    /// them with less effort than English.
    pub fn language(self, locale: Option<&str>) -> Language {
        match self {
            Self::English => Language::English,
            Self::Chinese => Language::Chinese,
            Self::System => {
                let locale = locale.unwrap_or_default();
                let language = locale.split(['-', '_', '.', '@']).next();
                match language.is_some_and(|language| language.eq_ignore_ascii_case("zh")) {
                    true => Language::Chinese,
                    false => Language::English,
                }
            }
        }
    }
}

impl<'de> Deserialize<'de> for LanguageChoice {
    /// A language of another version costs no settings: it counts as the system's.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(match name.as_str() {
            "en" => Self::English,
            "zh-CN" => Self::Chinese,
            _ => Self::System,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_decides_unless_a_person_did() {
        for (locale, expected) in [
            (None, Language::English),
            (Some("C"), Language::English),
            (Some("de-DE"), Language::English),
            (Some("zhx"), Language::English),
            (Some("zh"), Language::Chinese),
            (Some("zh-Hans-CN"), Language::Chinese),
            (Some("zh_CN.UTF-8"), Language::Chinese),
            (Some("zh-TW"), Language::Chinese),
        ] {
            assert_eq!(
                LanguageChoice::System.language(locale),
                expected,
                "{locale:?}"
            );
            assert_eq!(LanguageChoice::English.language(locale), Language::English);
            assert_eq!(LanguageChoice::Chinese.language(locale), Language::Chinese);
        }
    }

    #[test]
    fn choices_are_read_as_they_are_written() -> Result<(), toml::de::Error> {
        #[derive(Serialize, Deserialize)]
        struct File {
            language: LanguageChoice,
        }
        for language in LanguageChoice::ALL {
            let text = toml::to_string(&File { language }).unwrap_or_default();
            assert_eq!(toml::from_str::<File>(&text)?.language, language, "{text}");
        }
        let text = "language = \"nl\"";
        let other: File = toml::from_str(text)?;
        assert_eq!(other.language, LanguageChoice::System);
        Ok(())
    }

    #[test]
    fn plurals_have_the_rules_of_the_language() {
        for language in Language::ALL {
            let expected = match language {
                Language::English => "und",
                Language::Chinese => "zh-CN",
            };
            assert_eq!(language.identifier().to_string(), expected);
        }
    }
}
