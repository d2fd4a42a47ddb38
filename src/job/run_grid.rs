//! A grid: a run whose columns are the cells of two axes, drawn from one request.

use super::{Axis, EditRequest, GuidanceMode, Parameter};
use serde::{Deserialize, Serialize};

/// Most cells of a grid.
pub const MAX_CELLS: usize = 64;

/// Two axes, of which one may be missing. Cells are counted row by row from the upper left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grid {
    /// From left to right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<Axis>,
    /// From top to bottom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<Axis>,
}

/// Why a grid cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridProblem {
    /// There is no axis.
    #[error("Choose what varies: at least one axis.")]
    NoAxis,
    /// Both axes vary the same.
    #[error("Both axes vary the same. Choose another parameter for one of them.")]
    SameParameter,
    /// More cells than anybody can compare.
    #[error("{0} pictures are too many for one grid: the most are {most}, because every one is kept with all its steps and has to be large enough to see. Use fewer values.", most = MAX_CELLS)]
    TooMany(usize),
    /// An answer has no effect in some cells.
    #[error("The answer steers only the modes answer and both. Choose one of these modes.")]
    NoAnswer,
}

impl Grid {
    /// Two questions in every mode: a counterfactual pair per row.
    pub fn pair(questions: [String; 2], modes: &[GuidanceMode]) -> Self {
        Self {
            x: Some(Axis::Question(questions.into())),
            y: Some(Axis::Mode(modes.to_vec())),
        }
    }

    /// The grid whose cells, in order, are `requests`; none where they are no grid.
    pub fn of(requests: &[EditRequest]) -> Option<Self> {
        let first = requests.first()?;
        let varying: Vec<Axis> = Parameter::ALL
            .into_iter()
            .filter_map(|parameter| Axis::of(parameter, requests))
            .filter(|axis| axis.len() > 1)
            .collect();
        let grids = match varying.as_slice() {
            [x] => vec![(Some(x.clone()), None)],
            [a, b] => vec![
                (Some(a.clone()), Some(b.clone())),
                (Some(b.clone()), Some(a.clone())),
            ],
            _ => return None,
        };
        let mut grids = grids.into_iter().map(|(x, y)| Self { x, y });
        grids.find(|grid| grid.cells() == requests.len() && grid.requests(first) == requests)
    }

    /// Whether every row is a counterfactual pair: the same but for two questions.
    pub fn is_pair(&self) -> bool {
        matches!(&self.x, Some(Axis::Question(questions)) if questions.len() == 2)
    }

    /// Cells in a row.
    pub fn width(&self) -> usize {
        self.x.as_ref().map_or(1, Axis::len)
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.y.as_ref().map_or(1, Axis::len)
    }

    /// Cells in all.
    pub fn cells(&self) -> usize {
        self.width() * self.height()
    }

    /// The axes that are there, with the place of a cell on each.
    pub fn axes(&self, cell: usize) -> impl Iterator<Item = (&Axis, usize)> {
        let (column, row) = (cell % self.width().max(1), cell / self.width().max(1));
        let x = self.x.iter().map(move |axis| (axis, column));
        x.chain(self.y.iter().map(move |axis| (axis, row)))
    }

    /// What a cell draws: `base` with the values of its place.
    pub fn request(&self, cell: usize, base: &EditRequest) -> EditRequest {
        let mut request = base.clone();
        for (axis, index) in self.axes(cell) {
            axis.set(index, &mut request);
        }
        request
    }

    /// What every cell draws, in order.
    pub fn requests(&self, base: &EditRequest) -> Vec<EditRequest> {
        let cells = 0..self.cells();
        cells.map(|cell| self.request(cell, base)).collect()
    }

    /// The cell whose values a request has.
    pub fn cell_of(&self, request: &EditRequest) -> Option<usize> {
        let place = |axis: &Option<Axis>| match axis {
            Some(axis) => axis.position(request),
            None => Some(0),
        };
        Some(place(&self.y)? * self.width() + place(&self.x)?)
    }

    /// Whether it can be drawn from `base`, apart from what is wrong with a single request.
    ///
    /// # Errors
    /// With the first reason why not.
    pub fn check(&self, base: &EditRequest) -> Result<(), GridProblem> {
        let parameters: Vec<Parameter> = self.axes(0).map(|(axis, _)| axis.parameter()).collect();
        match parameters.as_slice() {
            [] => return Err(GridProblem::NoAxis),
            [x, y] if x == y => return Err(GridProblem::SameParameter),
            _ => {}
        }
        if self.cells() > MAX_CELLS {
            return Err(GridProblem::TooMany(self.cells()));
        }
        let answers = parameters.iter().any(|parameter| parameter.needs_answer());
        let requests = self.requests(base);
        if answers && requests.iter().any(|request| !request.mode.needs_answer()) {
            return Err(GridProblem::NoAnswer);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid {
            x: Axis::parse(Parameter::GuidanceScale, "1,3,5").ok(),
            y: Axis::parse(Parameter::Seed, "7,8").ok(),
        }
    }

    #[test]
    fn cells_are_counted_row_by_row() {
        let requests = grid().requests(&EditRequest::default());
        let drawn: Vec<_> = requests
            .iter()
            .map(|r| (r.seed, r.guidance_scale))
            .collect();
        let expected = [(7, 1.0), (7, 3.0), (7, 5.0), (8, 1.0), (8, 3.0), (8, 5.0)];
        assert_eq!(drawn, expected);
        for (cell, request) in requests.iter().enumerate() {
            assert_eq!(grid().cell_of(request), Some(cell));
        }
        assert_eq!(grid().cell_of(&EditRequest::default()), None);
        let one = Grid { y: None, ..grid() };
        assert_eq!((one.width(), one.height(), one.cells()), (3, 1, 3));
        assert_eq!(one.cell_of(&requests[5]), Some(2));
    }

    #[test]
    fn grids_that_cannot_be_drawn_say_why() {
        let base = EditRequest::default();
        let axis = |parameter, text: &str| Axis::parse(parameter, text).ok();
        let latent = axis(Parameter::AnswerDecoding, "greedy,beams");
        let with = |x: &Option<Axis>, y: &Option<Axis>| Grid {
            x: x.clone(),
            y: y.clone(),
        };
        let seeds = axis(Parameter::Seed, "1..9");
        for (grid, problem) in [
            (with(&None, &None), GridProblem::NoAxis),
            (with(&seeds, &seeds), GridProblem::SameParameter),
            (
                with(&seeds, &axis(Parameter::GuidanceScale, "1..8")),
                GridProblem::TooMany(72),
            ),
            (with(&latent, &None), GridProblem::NoAnswer),
        ] {
            assert_eq!(grid.check(&base), Err(problem));
        }
        let modes = axis(Parameter::Mode, "answer,both");
        assert_eq!(with(&latent, &modes).check(&base), Ok(()));
        assert_eq!(grid().check(&base), Ok(()));
    }

    #[test]
    fn a_grid_is_known_by_its_cells() {
        let base = EditRequest::default();
        let requests = grid().requests(&base);
        assert_eq!(Grid::of(&requests), Some(grid()));
        assert_eq!(Grid::of(&requests[..5]), None, "a cell is missing");
        let turned = Grid {
            x: grid().y,
            y: grid().x,
        };
        assert_eq!(Grid::of(&turned.requests(&base)), Some(turned));
        let one = Grid { y: None, ..grid() };
        assert_eq!(Grid::of(&one.requests(&base)), Some(one));
        assert_eq!(Grid::of(&[base]), None, "nothing varies");
    }

    #[test]
    fn two_questions_are_a_pair() {
        let questions = ["What if it rains?", "What if it snows?"].map(str::to_owned);
        let pair = Grid::pair(questions, &[GuidanceMode::Answer, GuidanceMode::Latent]);
        assert!(pair.is_pair() && !grid().is_pair());
        assert_eq!((pair.width(), pair.height()), (2, 2));
    }
}
