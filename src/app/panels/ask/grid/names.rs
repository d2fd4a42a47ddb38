//! What parameters, values and cells are called.

use super::super::Cx;
use super::super::columns::mode_texts;
use super::super::drawing::{decoding_texts, sampler_name};
use crate::job::{Axis, Grid, Parameter};

/// What a parameter is called.
pub fn parameter_name(cx: &Cx<'_>, parameter: Parameter) -> String {
    let id = match parameter {
        Parameter::GuidanceScale => "settings-guidance",
        Parameter::ImageGuidanceScale => "settings-image-guidance",
        Parameter::Seed => "settings-seed",
        Parameter::Steps => "settings-steps",
        Parameter::Mode => "mode-title",
        Parameter::Sampler => "settings-sampler",
        Parameter::Question => "question-title",
        Parameter::Answer => "grid-answer",
        Parameter::AnswerDecoding => "settings-decoding",
    };
    cx.tr(id).into_owned()
}

/// A value of an axis in words.
pub fn value_name(cx: &Cx<'_>, axis: &Axis, index: usize) -> String {
    let id = match axis {
        Axis::Mode(values) => values.get(index).map(|mode| mode_texts(*mode).0),
        Axis::Sampler(values) => values.get(index).map(|sampler| sampler_name(*sampler)),
        Axis::AnswerDecoding(values) => values.get(index).map(|value| decoding_texts(*value).0),
        _ => None,
    };
    id.map_or_else(|| axis.label(index), |id| cx.tr(id).into_owned())
}

/// The same where there is little room: "5 · 1.5", sentences by their place.
pub fn short_cell_name(cx: &Cx<'_>, grid: &Grid, cell: usize) -> String {
    let values = grid.axes(cell).map(|(axis, index)| {
        if axis.parameter().is_text() {
            format!("{} {}", parameter_name(cx, axis.parameter()), index + 1)
        } else {
            value_name(cx, axis, index)
        }
    });
    values.collect::<Vec<_>>().join(" · ")
}

/// A cell by its values: "Text scale 5, Image scale 1.5".
pub fn cell_name(cx: &Cx<'_>, grid: &Grid, cell: usize) -> String {
    let values = grid.axes(cell).map(|(axis, index)| {
        let name = parameter_name(cx, axis.parameter());
        format!("{name} {}", value_name(cx, axis, index))
    });
    cx.list(&values.collect::<Vec<_>>())
}
