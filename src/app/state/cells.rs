//! Runs whose columns are the cells of a grid: drawing, choosing and adopting them.

use super::{Action, AppState, Column, Dialog, Effect, GridDraft, MAX_COLUMNS, Phase, Run};
use crate::job::{Axis, EditRequest, Frame, Grid, JobId, MAX_CELLS, Stage};

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
    /// Lays the columns out as the cells of a grid. `home` is the cell the grid was planned around;
    /// it, or else the middle one, is chosen first and compared with the others.
    pub fn arrange(&mut self, grid: Grid, home: Option<usize>) {
        let middle = (grid.height() / 2) * grid.width() + grid.width() / 2;
        self.home = home.unwrap_or(middle);
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

    /// Seconds that a step of one column took in a job, as far as its columns are finished.
    pub fn pace(&self, job: JobId) -> Option<f64> {
        let results = self.columns.iter().filter_map(|column| column.result());
        let (mut steps, mut seconds) = (0, 0.0f64);
        for result in results.filter(|result| result.job == job) {
            steps += result.track.len();
            let drawing = result
                .stages
                .iter()
                .filter(|stage| matches!(stage.stage, Stage::Drawing | Stage::Finishing));
            // Every column tells what the run took until it was done.
            seconds = seconds.max(drawing.map(|stage| stage.seconds).sum());
        }
        (steps > 0 && seconds > 0.0).then(|| seconds / steps as f64)
    }

    /// Lays out what a file or the store kept. Many columns without axes, because the program ended
    /// before a file was written, may still be those of a grid.
    pub(super) fn fill_or_guess(&mut self, grid: Option<&Grid>) {
        let many = self.columns.len() > MAX_COLUMNS;
        let guess = || {
            let requests: Vec<_> = self.columns.iter().map(|c| c.request.clone()).collect();
            Grid::of(&requests).filter(|_| many)
        };
        if let Some(grid) = grid.cloned().or_else(guess)
            && !self.fill(grid)
        {
            tracing::warn!("the columns of the run do not belong to its grid");
        }
    }

    /// Places finished columns of a file into their cells; what is missing can be drawn again. False
    /// when they do not belong to the grid.
    fn fill(&mut self, grid: Grid) -> bool {
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
        self.arrange(grid, None);
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
        self.draw_cells(frame, grid, &base)
    }

    fn draw_cells(&mut self, frame: Frame, grid: Grid, base: &EditRequest) -> Vec<Effect> {
        let mut run = Run::new(self.new_run_id(), frame, grid.requests(base));
        let home = grid.cell_of(base);
        run.arrange(grid, home);
        self.draw_run(run)
    }

    /// Draws the cells of a grid that were cancelled or failed.
    fn draw_rest(&mut self) -> Vec<Effect> {
        let Some(run) = &self.run else {
            return Vec::new();
        };
        let open = |index: &usize| {
            run.columns
                .get(*index)
                .is_some_and(|c| c.result().is_none())
        };
        let rest = (0..run.columns.len()).filter(open).collect();
        self.redraw_columns(run.id, rest)
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
        let pace = self.run.as_ref().and_then(|run| run.pace(job));
        self.seconds_per_step = pace.or(self.seconds_per_step);
    }

    /// Draws both questions of a counterfactual pair, in every mode.
    pub(super) fn draw_pair(&mut self, grid: Grid) -> Vec<Effect> {
        let Some(frame) = self.frame.frame.clone() else {
            return Vec::new();
        };
        let base = self.form.grid_base();
        self.draw_cells(frame, grid, &base)
    }
}
