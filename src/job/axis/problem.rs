//! Why the values of an axis cannot be used.

use super::Parameter;
use crate::job::MAX_CELLS;

/// Why values cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AxisProblem {
    /// There are none.
    #[error("There are no values. {how}", how = how(*.0))]
    Empty(Parameter),
    /// An entry is not a number of the right kind.
    #[error("\"{entry}\" is not {kind}. {how}", entry = .1, kind = kind(*.0), how = how(*.0))]
    NotANumber(Parameter, String),
    /// A range that goes nowhere.
    #[error(
        "The range {0} has no values: it needs a first number, a last one that is not smaller, and a step above 0, for example 1..9:2."
    )]
    EmptyRange(String),
    /// An entry is no name of this parameter.
    #[error("\"{entry}\" is not known. {how}", entry = .1, how = how(*.0))]
    Unknown(Parameter, String),
    /// An entry stands there twice.
    #[error("{0} is there twice. Every value is drawn once.")]
    Twice(String),
    /// More than a grid can have.
    #[error("These are more than {most} values, which is the most for a whole grid. Use a larger step, or fewer values.", most = MAX_CELLS)]
    TooMany,
}

/// What a value of a number has to be.
fn kind(parameter: Parameter) -> &'static str {
    match parameter {
        Parameter::GuidanceScale | Parameter::ImageGuidanceScale => "a number",
        _ => "a whole number",
    }
}

/// How values are written.
fn how(parameter: Parameter) -> String {
    match parameter {
        Parameter::GuidanceScale | Parameter::ImageGuidanceScale => {
            "Write a list or a range, for example 1,2.5,5 or 1..9:2.".to_owned()
        }
        Parameter::Seed | Parameter::Steps => {
            "Write a list or a range, for example 5,10,20 or 1..8.".to_owned()
        }
        Parameter::Question | Parameter::Answer => "Write one per line.".to_owned(),
        Parameter::Mode | Parameter::Sampler | Parameter::AnswerDecoding => {
            format!("Write a list of {}.", parameter.names().join(", "))
        }
    }
}
