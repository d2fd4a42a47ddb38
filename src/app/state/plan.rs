//! A grid before it is drawn: the axes as they are typed, and what they would draw.

use super::{AppState, Blocked, Form};
use crate::job::{
    Axis, AxisProblem, EditRequest, Grid, GuidanceMode, Parameter, RequestProblem, around,
};
use serde::{Deserialize, Serialize};

/// Distance of the text scales of a guidance map, in parts of the middle one.
const TEXT_SHARE: f64 = 0.4;
/// The same of the image scales.
const IMAGE_SHARE: f64 = 1.0 / 6.0;

/// The axes of a grid as a person writes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GridDraft {
    /// From left to right.
    pub x: AxisDraft,
    /// From top to bottom.
    pub y: AxisDraft,
    /// What steers all cells, unless an axis says so; the first mode of the form when empty.
    pub mode: Option<GuidanceMode>,
}

/// One axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AxisDraft {
    /// What varies; none for no axis.
    pub parameter: Option<Parameter>,
    /// The values as they are typed.
    pub values: String,
}

impl Default for GridDraft {
    /// A guidance map around the defaults.
    fn default() -> Self {
        Self::map(&EditRequest::default())
    }
}

impl GridDraft {
    /// A guidance map: five text scales and five image scales around those of `request`.
    pub fn map(request: &EditRequest) -> Self {
        let axis = |parameter| AxisDraft {
            parameter: Some(parameter),
            values: suggestion(parameter, request),
        };
        Self {
            x: axis(Parameter::GuidanceScale),
            y: axis(Parameter::ImageGuidanceScale),
            mode: None,
        }
    }
}

impl AxisDraft {
    /// Another parameter, with values that suit it.
    pub fn choose(&mut self, parameter: Option<Parameter>, request: &EditRequest) {
        if self.parameter != parameter {
            self.parameter = parameter;
            self.values =
                parameter.map_or_else(String::new, |parameter| suggestion(parameter, request));
        }
    }

    /// The axis, if there is to be one.
    ///
    /// # Errors
    /// With what is wrong with the values.
    pub fn axis(&self) -> Result<Option<Axis>, AxisProblem> {
        let parse = |parameter| Axis::parse(parameter, &self.values);
        self.parameter.map(parse).transpose()
    }
}

/// Values to start from.
fn suggestion(parameter: Parameter, request: &EditRequest) -> String {
    match parameter {
        Parameter::GuidanceScale => around(request.guidance_scale, TEXT_SHARE),
        Parameter::ImageGuidanceScale => around(request.image_guidance_scale, IMAGE_SHARE),
        Parameter::Seed => format!("{}..{}", request.seed, request.seed.saturating_add(3)),
        Parameter::Steps => "5,10,20,40".to_owned(),
        Parameter::Question => request.question.trim().to_owned(),
        Parameter::Answer => request.answer.clone().unwrap_or_default(),
        Parameter::Mode | Parameter::Sampler | Parameter::AnswerDecoding => {
            parameter.names().join(", ")
        }
    }
}

impl Form {
    /// What every cell of a grid starts from.
    pub fn grid_base(&self) -> EditRequest {
        EditRequest {
            question: self.request.question.trim().to_owned(),
            mode: self.grid.mode.unwrap_or(self.mode()),
            answer: None,
            branch: None,
            ..self.request.clone()
        }
    }

    /// The two questions of a counterfactual pair in every mode; none while only one is asked.
    pub fn pair(&self) -> Option<Grid> {
        let second = self.second.as_ref()?.trim().to_owned();
        let first = self.request.question.trim().to_owned();
        Some(Grid::pair([first, second], &self.modes))
    }
}

impl AppState {
    /// The grid that the form describes.
    ///
    /// # Errors
    /// With the reason why it cannot be drawn now.
    pub fn planned_grid(&self) -> Result<Grid, Blocked> {
        let axis = |draft: &super::AxisDraft| draft.axis().map_err(|_shown| Blocked::Axis);
        let grid = Grid {
            x: axis(&self.form.grid.x)?,
            y: axis(&self.form.grid.y)?,
        };
        let base = self.form.grid_base();
        grid.check(&base).map_err(Blocked::Grid)?;
        self.drawable(&grid.requests(&base))?;
        Ok(grid)
    }

    /// Whether these requests can be drawn now.
    pub(super) fn drawable(&self, requests: &[EditRequest]) -> Result<(), Blocked> {
        if self.frame.opening {
            return Err(Blocked::Opening);
        }
        if self.frame.frame.is_none() {
            return Err(Blocked::NoFrame);
        }
        for request in requests {
            if let Some(reason) = self.mode_missing(request) {
                return Err(Blocked::ModeMissing(reason.to_owned()));
            }
            match request.validate().into_iter().next() {
                Some(RequestProblem::EmptyQuestion) => return Err(Blocked::NoQuestion),
                Some(problem) => return Err(Blocked::Request(problem)),
                None => {}
            }
        }
        Ok(())
    }

    /// How long requests will take, in seconds, if they go on as the last run did; none before the
    /// first.
    pub fn seconds_for(&self, requests: &[EditRequest]) -> Option<f64> {
        let steps: usize = requests.iter().map(|request| request.steps).sum();
        self.seconds_for_steps(steps)
    }

    /// The same for so many steps.
    pub fn seconds_for_steps(&self, steps: usize) -> Option<f64> {
        Some(self.seconds_per_step? * steps as f64)
    }
}
