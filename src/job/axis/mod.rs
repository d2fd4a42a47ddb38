//! An axis of a grid: one parameter of a request and the values it takes, as they are typed and as
//! a run file keeps them.

mod parameter;
mod problem;
mod reading;

pub use parameter::Parameter;
pub use problem::AxisProblem;

use super::{AnswerDecoding, EditRequest, GuidanceMode, MAX_CELLS, Sampler};
use reading::{named, scales, sentences, tidy, whole_numbers};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A parameter with its values, at least one, none of them twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "parameter", content = "values", rename_all = "kebab-case")]
pub enum Axis {
    /// [`Parameter::GuidanceScale`].
    GuidanceScale(Vec<f64>),
    /// [`Parameter::ImageGuidanceScale`].
    ImageGuidanceScale(Vec<f64>),
    /// [`Parameter::Seed`].
    Seed(Vec<u64>),
    /// [`Parameter::Steps`].
    Steps(Vec<u64>),
    /// [`Parameter::Mode`].
    Mode(Vec<GuidanceMode>),
    /// [`Parameter::Sampler`].
    Sampler(Vec<Sampler>),
    /// [`Parameter::Question`].
    Question(Vec<String>),
    /// [`Parameter::Answer`].
    Answer(Vec<String>),
    /// [`Parameter::AnswerDecoding`].
    AnswerDecoding(Vec<AnswerDecoding>),
}

type Parsed<T> = Result<T, AxisProblem>;

impl Axis {
    /// Reads values as a person types them: numbers and names with commas or on lines of their own,
    /// ranges as `first..last:step`, sentences one per line.
    ///
    /// # Errors
    /// With what is wrong and how it is written.
    pub fn parse(parameter: Parameter, text: &str) -> Parsed<Self> {
        let axis = match parameter {
            Parameter::GuidanceScale => Self::GuidanceScale(scales(parameter, text)?),
            Parameter::ImageGuidanceScale => Self::ImageGuidanceScale(scales(parameter, text)?),
            Parameter::Seed => Self::Seed(whole_numbers(parameter, text)?),
            Parameter::Steps => Self::Steps(whole_numbers(parameter, text)?),
            Parameter::Mode => Self::Mode(named(parameter, text)?),
            Parameter::Sampler => Self::Sampler(named(parameter, text)?),
            Parameter::AnswerDecoding => Self::AnswerDecoding(named(parameter, text)?),
            Parameter::Question => Self::Question(sentences(text)),
            Parameter::Answer => Self::Answer(sentences(text)),
        };
        if axis.is_empty() {
            return Err(AxisProblem::Empty(parameter));
        }
        if axis.len() > MAX_CELLS {
            return Err(AxisProblem::TooMany);
        }
        let labels: Vec<String> = (0..axis.len()).map(|index| axis.label(index)).collect();
        for (index, label) in labels.iter().enumerate() {
            if labels.iter().take(index).any(|earlier| earlier == label) {
                return Err(AxisProblem::Twice(label.clone()));
            }
        }
        Ok(axis)
    }

    /// The different values that requests have, in their order; none where some request has no such
    /// value.
    pub fn of(parameter: Parameter, requests: &[EditRequest]) -> Option<Self> {
        fn different<T: PartialEq + Clone>(
            requests: &[EditRequest],
            value: impl Fn(&EditRequest) -> T,
        ) -> Vec<T> {
            let mut values: Vec<T> = Vec::new();
            for value in requests.iter().map(value) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            values
        }
        Some(match parameter {
            Parameter::GuidanceScale => {
                Self::GuidanceScale(different(requests, |r| r.guidance_scale))
            }
            Parameter::ImageGuidanceScale => {
                Self::ImageGuidanceScale(different(requests, |r| r.image_guidance_scale))
            }
            Parameter::Seed => Self::Seed(different(requests, |r| r.seed)),
            Parameter::Steps => Self::Steps(different(requests, |r| r.steps as u64)),
            Parameter::Mode => Self::Mode(different(requests, |r| r.mode)),
            Parameter::Sampler => Self::Sampler(different(requests, |r| r.sampler)),
            Parameter::Question => Self::Question(different(requests, |r| r.question.clone())),
            Parameter::Answer => {
                let answers = different(requests, |r| r.answer.clone());
                Self::Answer(answers.into_iter().collect::<Option<_>>()?)
            }
            Parameter::AnswerDecoding => {
                Self::AnswerDecoding(different(requests, |r| r.answer_settings.decoding))
            }
        })
    }

    /// What it varies.
    pub fn parameter(&self) -> Parameter {
        match self {
            Self::GuidanceScale(_) => Parameter::GuidanceScale,
            Self::ImageGuidanceScale(_) => Parameter::ImageGuidanceScale,
            Self::Seed(_) => Parameter::Seed,
            Self::Steps(_) => Parameter::Steps,
            Self::Mode(_) => Parameter::Mode,
            Self::Sampler(_) => Parameter::Sampler,
            Self::Question(_) => Parameter::Question,
            Self::Answer(_) => Parameter::Answer,
            Self::AnswerDecoding(_) => Parameter::AnswerDecoding,
        }
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        match self {
            Self::GuidanceScale(values) | Self::ImageGuidanceScale(values) => values.len(),
            Self::Seed(values) | Self::Steps(values) => values.len(),
            Self::Mode(values) => values.len(),
            Self::Sampler(values) => values.len(),
            Self::Question(values) | Self::Answer(values) => values.len(),
            Self::AnswerDecoding(values) => values.len(),
        }
    }

    /// Whether it has none; never true for one that was parsed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value as it is typed; empty beyond the last.
    pub fn label(&self, index: usize) -> String {
        fn at<T>(values: &[T], index: usize, text: impl Fn(&T) -> String) -> String {
            values.get(index).map(text).unwrap_or_default()
        }
        match self {
            Self::GuidanceScale(values) | Self::ImageGuidanceScale(values) => {
                at(values, index, f64::to_string)
            }
            Self::Seed(values) | Self::Steps(values) => at(values, index, u64::to_string),
            Self::Mode(values) => at(values, index, name_of),
            Self::Sampler(values) => at(values, index, name_of),
            Self::Question(values) | Self::Answer(values) => at(values, index, String::clone),
            Self::AnswerDecoding(values) => at(values, index, name_of),
        }
    }

    /// Puts a value into a request; nothing beyond the last.
    pub fn set(&self, index: usize, request: &mut EditRequest) {
        fn put<T: Clone>(values: &[T], index: usize, place: &mut T) {
            if let Some(value) = values.get(index) {
                place.clone_from(value);
            }
        }
        match self {
            Self::GuidanceScale(values) => put(values, index, &mut request.guidance_scale),
            Self::ImageGuidanceScale(values) => {
                put(values, index, &mut request.image_guidance_scale);
            }
            Self::Seed(values) => put(values, index, &mut request.seed),
            Self::Steps(values) => {
                if let Some(steps) = values.get(index) {
                    request.steps = usize::try_from(*steps).unwrap_or(usize::MAX);
                }
            }
            Self::Mode(values) => put(values, index, &mut request.mode),
            Self::Sampler(values) => put(values, index, &mut request.sampler),
            Self::Question(values) => put(values, index, &mut request.question),
            Self::Answer(values) => request.answer = values.get(index).cloned(),
            Self::AnswerDecoding(values) => {
                put(values, index, &mut request.answer_settings.decoding);
            }
        }
    }

    /// The value that a request has, by index.
    pub fn position(&self, request: &EditRequest) -> Option<usize> {
        fn find<T: PartialEq>(values: &[T], wanted: &T) -> Option<usize> {
            values.iter().position(|value| value == wanted)
        }
        match self {
            Self::GuidanceScale(values) => find(values, &request.guidance_scale),
            Self::ImageGuidanceScale(values) => find(values, &request.image_guidance_scale),
            Self::Seed(values) => find(values, &request.seed),
            Self::Steps(values) => find(values, &(request.steps as u64)),
            Self::Mode(values) => find(values, &request.mode),
            Self::Sampler(values) => find(values, &request.sampler),
            Self::Question(values) => find(values, &request.question),
            Self::Answer(values) => find(values, request.answer.as_ref()?),
            Self::AnswerDecoding(values) => find(values, &request.answer_settings.decoding),
        }
    }
}

/// The name a value has in files.
fn name_of<T: Serialize>(value: &T) -> String {
    let name = serde_json::to_value(value).ok();
    let name = name.as_ref().and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

/// Five values as they are typed, evenly around `middle`, which is the third of them while the
/// first is not below 0; `share` is their distance in parts of `middle`.
pub fn around(middle: f64, share: f64) -> String {
    let step = ((middle * share / 0.05).round() * 0.05).max(0.05);
    let first = tidy((middle - 2.0 * step).max(0.0));
    let (last, step) = (tidy(first + 4.0 * step), tidy(step));
    format!("{first}..{last}:{step}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(parameter: Parameter, text: &str) -> Parsed<Vec<String>> {
        let axis = Axis::parse(parameter, text)?;
        Ok((0..axis.len()).map(|index| axis.label(index)).collect())
    }

    #[test]
    fn lists_ranges_names_and_lines_are_read() -> Parsed<()> {
        use Parameter as P;
        for (parameter, text, expected) in [
            (P::GuidanceScale, "1..9:2", vec!["1", "3", "5", "7", "9"]),
            (P::GuidanceScale, " 1, 2.50 ,5", vec!["1", "2.5", "5"]),
            (
                P::ImageGuidanceScale,
                "1..1.3:0.1",
                vec!["1", "1.1", "1.2", "1.3"],
            ),
            (P::ImageGuidanceScale, "0.5..2", vec!["0.5", "1.5"]),
            (P::Seed, "1391, 3..5", vec!["1391", "3", "4", "5"]),
            (P::Steps, "5..20:5", vec!["5", "10", "15", "20"]),
            (P::Mode, "Latent,both", vec!["latent", "both"]),
            (
                P::Question,
                "One, two?\n\n Three? ",
                vec!["One, two?", "Three?"],
            ),
        ] {
            assert_eq!(labels(parameter, text)?, expected, "{text}");
        }
        for parameter in [P::Mode, P::Sampler, P::AnswerDecoding] {
            let names = parameter.names();
            assert_eq!(labels(parameter, &names.join(","))?, names);
        }
        Ok(())
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        use Parameter as P;
        for (parameter, text, expected) in [
            (P::GuidanceScale, "  ", "There are no values"),
            (P::GuidanceScale, "1,two", "\"two\" is not a number"),
            (P::GuidanceScale, "inf", "\"inf\" is not a number"),
            (P::Seed, "1.5", "\"1.5\" is not a whole number"),
            (P::Seed, "9..1", "9..1 has no values"),
            (P::GuidanceScale, "1..9:0", "1..9:0 has no values"),
            (P::Seed, "0..18446744073709551615", "more than 64"),
            (P::ImageGuidanceScale, "0..100:0.001", "more than 64"),
            (P::Mode, "latent,dream", "question, answer, latent, both"),
            (P::Steps, "5,10,5", "5 is there twice"),
            (P::Question, "\n", "one per line"),
        ] {
            let problem = Axis::parse(parameter, text).expect_err(text).to_string();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }

    #[test]
    fn a_value_is_put_into_a_request_and_found_again() -> Parsed<()> {
        for parameter in Parameter::ALL {
            let text = match parameter.names().as_slice() {
                [] if parameter.is_text() => "One?\nTwo?\nThree?".to_owned(),
                [] => "2..4".to_owned(),
                names => names[..3].join(","),
            };
            let axis = Axis::parse(parameter, &text)?;
            for index in 0..3 {
                let mut request = EditRequest::default();
                axis.set(index, &mut request);
                assert_eq!(axis.position(&request), Some(index), "{parameter:?}");
                let mut same = request.clone();
                axis.set(7, &mut same);
                let kept = parameter == Parameter::Answer || same == request;
                assert!(kept, "there is no eighth value");
            }
            let kept = serde_json::to_string(&axis).expect("it can be written");
            let again: Axis = serde_json::from_str(&kept).expect("it can be read");
            assert_eq!(again, axis);
            assert!(kept.contains(parameter.name()), "{kept}");
        }
        Ok(())
    }

    #[test]
    fn five_values_stand_around_the_middle() -> Parsed<()> {
        for (middle, share, expected) in [
            (5.0, 0.4, "1..9:2"),
            (7.5, 0.4, "1.5..13.5:3"),
            (1.5, 1.0 / 6.0, "1..2:0.25"),
            (0.0, 0.4, "0..0.2:0.05"),
        ] {
            let text = around(middle, share);
            assert_eq!(text, expected);
            let values = Axis::parse(Parameter::GuidanceScale, &text)?;
            assert_eq!(values.len(), 5);
        }
        Ok(())
    }
}
