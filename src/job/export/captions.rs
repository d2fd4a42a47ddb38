//! The words on exported pictures. Questions and answers stand there as they are; what the program adds
//! is in the language of whoever exports.

use std::collections::BTreeMap;

/// Everything the program writes on pictures; what stands in braces is filled in.
const ENGLISH: [&str; 16] = [
    "Frame",
    "Question",
    "Answer",
    "Latent",
    "Both",
    "Step {step} of {steps}",
    "{name}, from step {step}",
    "{name}, seed {seed}",
    "{name}, text {text}, image {image}",
    "Text scale",
    "Image scale",
    "Seed",
    "Steps",
    "Guided by",
    "Sampler",
    "Search of the answer",
];

/// Those words by their English, where they are others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captions(BTreeMap<&'static str, String>);

impl Captions {
    /// In the language that `words` speaks.
    pub fn said_by(words: impl Fn(&str) -> String) -> Self {
        let said = ENGLISH.map(|english| (english, words(english)));
        Self(said.into_iter().collect())
    }

    /// A caption with its values.
    pub(super) fn say(&self, english: &str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
        debug_assert!(ENGLISH.contains(&english), "{english} is not translated");
        let mut said = self
            .0
            .get(english)
            .map_or(english, String::as_str)
            .to_owned();
        for (name, value) in values {
            said = said.replace(&format!("{{{name}}}"), &value.to_string());
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_are_english_unless_somebody_speaks_otherwise() {
        let step = |captions: &Captions| {
            captions.say("Step {step} of {steps}", &[("step", &3), ("steps", &20)])
        };
        assert_eq!(step(&Captions::default()), "Step 3 of 20");
        let turned = Captions::said_by(|english| match english {
            "Step {step} of {steps}" => "{steps} / {step}".to_owned(),
            other => other.to_uppercase(),
        });
        assert_eq!(step(&turned), "20 / 3");
        assert_eq!(turned.say("Frame", &[]), "FRAME");
    }
}
