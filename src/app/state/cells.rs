//! Runs whose columns are the cells of a grid: drawing, choosing and adopting them.

use super::{Action, AppState, Column, Dialog, Effect, GridDraft, Phase, Run};
use crate::job::{Axis, EditRequest, Grid, JobId, MAX_CELLS, Stage};

/// What a person does with grids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridAction {
    /// Opens the dialog, with a guidance map around the form's values or as it was left.
    Plan {
        /// Whether a guidance map is wanted.
        map: bool,
    },
    /// Draws the planned grid.
    Draw,
    /// Draws the cells that were cancelled or failed.
    DrawRest,
    /// Shows a cell large.
    Choose(usize),
    /// Takes the values of a cell into the form.
    Adopt(usize),
}

impl From<GridAction> for Action {
    fn from(action: GridAction) -> Self {
        Self::Grid(action)
    }
}

impl Run {
    /// Lays the columns out as the cells of a grid. `home` has the values the grid was planned
    /// around; its cell, or else the middle one, is chosen first and compared with the others.
    pub fn arrange(&mut self, grid: Grid, home: &EditRequest) {
        let middle = (grid.height() / 2) * grid.width() + grid.width() / 2;
        self.home = grid.cell_of(home).unwrap_or(middle);
        self.chosen = self.home;
        self.grid = Some(grid);
    }

    /// The grid, if the run is one whose cells are looked at one by one. The few of a pair stand
    /// side by side like other columns.
    pub fn board(&self) -> Option<&Grid> {
        self.grid.as_ref().filter(|grid| !grid.is_pair())
    }

    /// The rows of a counterfactual pair.
    pub fn pairs(&self) -> Option<&Grid> {
        self.grid.as_ref().filter(|grid| grid.is_pair())
    }

    /// The columns whose distances are measured: all of a few, and of a grid the chosen cell and the
    /// one it is compared with.
    pub fn measured(&self) -> Vec<usize> {
        if self.board().is_none() {
            return (0..self.columns.len()).collect();
        }
        let mut measured = vec![self.chosen, self.home];
        measured.dedup();
        measured
    }

    /// Cells that are finished, and how many were asked for.
    pub fn cells_done(&self) -> (usize, usize) {
        let done = self.columns.iter().filter(|c| c.result().is_some()).count();
        (done, self.columns.len())
    }

    /// Places finished columns of a file into their cells; what is missing can be drawn again. False
    /// when they do not belong to the grid.
    pub(super) fn fill(&mut self, grid: Grid) -> bool {
        let Some(first) = self.columns.first().map(|c| c.request.clone()) else {
            return false;
        };
        if grid.cells() > MAX_CELLS {
            return false;
        }
        let requests = grid.requests(&first);
        if requests
            .iter()
            .any(|request| !request.validate().is_empty())
        {
            return false;
        }
        let mut cells: Vec<Column> = requests
            .into_iter()
            .map(|request| Column {
                phase: Phase::Cancelled,
                ..Column::new(request)
            })
            .collect();
        let known = self.columns.iter().map(|column| {
            let place = grid.cell_of(&column.request)?;
            cells.get(place).map(|_there| place)
        });
        let Some(places) = known.collect::<Option<Vec<usize>>>() else {
            return false;
        };
        for (place, column) in places.into_iter().zip(self.columns.drain(..)) {
            if let Some(cell) = cells.get_mut(place) {
                *cell = column;
            }
        }
        self.columns = cells;
        self.arrange(grid, &first);
        true
    }
}

impl AppState {
    /// Performs what a person does with grids.
    pub(super) fn apply_to_grid(&mut self, action: GridAction) -> Vec<Effect> {
        match action {
            GridAction::Plan { map } => self.plan_grid(map),
            GridAction::Draw => return self.draw_grid(),
            GridAction::DrawRest => return self.draw_rest(),
            GridAction::Choose(cell) => return self.choose_cell(cell),
            GridAction::Adopt(cell) => self.adopt(cell),
        }
        Vec::new()
    }

    /// Opens the dialog in which a grid is planned, with a guidance map around the form's values or
    /// as it was left.
    fn plan_grid(&mut self, map: bool) {
        // What steers is asked anew, starting from the mode of the form.
        self.form.grid.mode = None;
        if map {
            let mut form = self.form.clone();
            form.grid = GridDraft::map(&form.request);
            if form != self.form {
                self.undo.settle();
                self.edit_form(form);
                self.undo.settle();
            }
        }
        self.dialog = Some(Dialog::Grid);
    }

    /// Draws the grid that the form describes.
    fn draw_grid(&mut self) -> Vec<Effect> {
        let (Ok(grid), Some(frame)) = (self.planned_grid(), self.frame.frame.clone()) else {
            return Vec::new();
        };
        self.dialog = None;
        self.looking = false;
        self.remember_question();
        let base = self.form.grid_base();
        let effects = self.submit(frame, grid.requests(&base));
        if let Some(run) = &mut self.run {
            run.arrange(grid, &base);
        }
        effects
    }

    /// Draws the cells of a grid that were cancelled or failed.
    fn draw_rest(&mut self) -> Vec<Effect> {
        if self.is_running() {
            return Vec::new();
        }
        let Some(run) = self.run.as_mut() else {
            return Vec::new();
        };
        let mut rest = Vec::new();
        for (index, column) in run.columns.iter_mut().enumerate() {
            if column.result().is_none() {
                *column = Column::new(column.request.clone());
                rest.push(index);
            }
        }
        let id = run.id;
        if rest.is_empty() {
            return Vec::new();
        }
        self.submit_columns(id, rest)
    }

    /// Chooses a cell; its picture at the cursor is decoded.
    fn choose_cell(&mut self, cell: usize) -> Vec<Effect> {
        let Some(run) = self.run.as_mut().filter(|run| cell < run.columns.len()) else {
            return Vec::new();
        };
        if run.chosen == cell {
            return Vec::new();
        }
        run.chosen = cell;
        run.measure(1);
        self.show_cursor()
    }

    /// Takes the values of a cell's axes into the form, as one step that can be undone. A given
    /// answer is left out: it belongs to its picture.
    fn adopt(&mut self, cell: usize) {
        let Some(grid) = self.run.as_ref().and_then(|run| run.grid.clone()) else {
            return;
        };
        let mut form = self.form.clone();
        for (axis, index) in grid.axes(cell) {
            match axis {
                Axis::Answer(_) => {}
                Axis::Mode(modes) => form.modes = modes.get(index).copied().into_iter().collect(),
                Axis::Seed(_) => {
                    axis.set(index, &mut form.request);
                    form.keep_seed = true;
                }
                _ => axis.set(index, &mut form.request),
            }
        }
        if form.modes.is_empty() {
            form.modes.clone_from(&self.form.modes);
        }
        if form != self.form {
            self.undo.settle();
            self.edit_form(form);
            self.undo.settle();
        }
    }

    /// The cell of the run's grid that has the form's values now.
    pub fn present_cell(&self) -> Option<usize> {
        let grid = self.run.as_ref()?.board()?;
        let mut request = self.form.grid_base();
        if self.form.modes.len() == 1 {
            request.mode = self.form.mode();
        }
        grid.cell_of(&request)
    }

    /// Learns from a finished job how long a step of a column takes.
    pub(super) fn note_speed(&mut self, job: JobId) {
        let Some(run) = &self.run else {
            return;
        };
        let of_job = run.columns.iter().filter_map(|column| {
            let result = column.result()?;
            (result.job == job).then_some(result)
        });
        let (mut steps, mut seconds) = (0, 0.0f64);
        for result in of_job {
            steps += result.track.len();
            let drawing = result
                .stages
                .iter()
                .filter(|stage| matches!(stage.stage, Stage::Drawing | Stage::Finishing));
            // Every column tells what the run took until it was done.
            seconds = seconds.max(drawing.map(|stage| stage.seconds).sum());
        }
        if steps > 0 && seconds > 0.0 {
            self.seconds_per_step = Some(seconds / steps as f64);
        }
    }

    /// Draws both questions of a counterfactual pair, in every mode.
    pub(super) fn draw_pair(&mut self, grid: Grid) -> Vec<Effect> {
        let Some(frame) = self.frame.frame.clone() else {
            return Vec::new();
        };
        let base = self.form.grid_base();
        let effects = self.submit(frame, grid.requests(&base));
        if let Some(run) = &mut self.run {
            run.arrange(grid, &base);
        }
        effects
    }
}
