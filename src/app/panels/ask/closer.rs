//! Looking closely: two of the run's pictures compared pixel by pixel, in place of the columns.

use super::Cx;
use super::columns::column_title;
use super::grid::short_cell_name;
use super::target::TargetMenu;
use crate::app::state::{Action, Likeness, Run, RunId};
use crate::app::theme::space;
use crate::app::widgets::{hint, look};
use crate::job::Target;
use eframe::egui;
use egui::{ComboBox, Rect, Ui, UiBuilder};
use image::RgbImage;
use look::{Look, LookState};
use std::sync::Arc;

/// Height of a histogram.
const HISTOGRAM: f32 = 84.0;

/// One of the pictures of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Frame,
    Target,
    Column(usize),
}

/// Which pictures are compared, and how.
pub struct CloserPanel {
    state: LookState,
    a: Side,
    b: Side,
    target: TargetMenu,
    /// The run and the cell that the sides were chosen for.
    chosen_for: Option<(RunId, usize)>,
    /// The target that was seen last.
    seen: Option<Arc<Target>>,
}

impl Default for CloserPanel {
    fn default() -> Self {
        Self {
            state: LookState::default(),
            a: Side::Frame,
            b: Side::Column(0),
            target: TargetMenu::default(),
            chosen_for: None,
            seen: None,
        }
    }
}

impl CloserPanel {
    /// Draws choices, view and numbers into `room`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        room: Rect,
        actions: &mut Vec<Action>,
    ) {
        let builder = UiBuilder::new().max_rect(room).id_salt("closer");
        let ui = &mut ui.new_child(builder);
        self.follow(run);
        self.sides_ui(ui, cx, run, actions);
        let (Some(a), Some(b)) = (picture(run, self.a), picture(run, self.b)) else {
            hint(ui, cx.tokens, cx.tr("closer-nothing"));
            return;
        };
        let (a_name, b_name) = (name(cx, run, self.a), name(cx, run, self.b));
        compare_ui(
            ui,
            cx,
            &mut self.state,
            [(a, &a_name), (b, &b_name)],
            actions,
        );
    }

    /// Another cell, another pair or a new target is what is looked at next.
    fn follow(&mut self, run: &Run) {
        let chosen = Some((run.id, run.chosen));
        if run.grid.is_some() && self.chosen_for != chosen {
            if run.pairs().is_some() {
                (self.a, self.b) = (Side::Column(0), Side::Column(1));
            } else {
                self.b = Side::Column(run.chosen);
            }
        }
        self.chosen_for = chosen;
        let same = match (&self.seen, &run.target) {
            (Some(seen), Some(target)) => Arc::ptr_eq(seen, target),
            (None, None) => true,
            _ => false,
        };
        if !same {
            self.seen.clone_from(&run.target);
            if run.target.is_some() {
                self.a = Side::Target;
            }
        }
    }

    fn sides_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, run: &Run, actions: &mut Vec<Action>) {
        let known = |side: Side| match side {
            Side::Frame => true,
            Side::Target => run.target.is_some(),
            Side::Column(index) => index < run.columns.len(),
        };
        // A column may have been taken out since.
        if !known(self.a) {
            self.a = Side::Frame;
        }
        if !known(self.b) {
            self.b = Side::Column(0);
        }
        ui.horizontal(|ui| {
            side_ui(ui, cx, run, "closer-a", &mut self.a);
            ui.label(cx.tr("closer-with"));
            side_ui(ui, cx, run, "closer-b", &mut self.b);
            let swap = ui.button(cx.tr("closer-swap"));
            if swap.on_hover_text(cx.tr("closer-swap-tip")).clicked() {
                std::mem::swap(&mut self.a, &mut self.b);
            }
            self.target.ui(ui, cx, run, actions);
        });
    }
}

/// Two pictures with their names, every way to compare them, and how similar they are, in the room
/// that is left.
pub fn compare_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    state: &mut LookState,
    [(a, a_name), (b, b_name)]: [(&Arc<RgbImage>, &str); 2],
    actions: &mut Vec<Action>,
) {
    let look = Look {
        texts: cx.texts,
        tokens: cx.tokens,
        a,
        b,
        a_name,
        b_name,
    };
    look.controls_ui(ui, state);
    ui.add_space(space::XS);
    let below = if state.histogram { HISTOGRAM } else { 0.0 } + 24.0;
    let mut well = ui.available_rect_before_wrap();
    well.max.y = (well.max.y - below).max(well.min.y + 60.0);
    let painter = &mut *cx.look.borrow_mut();
    look.view_ui(ui, painter, state, well);
    ui.advance_cursor_after_rect(well);
    look.histograms_ui(ui, painter, state);
    similarity_ui(ui, cx, a, b, actions);
}

fn side_ui(ui: &mut Ui, cx: &Cx<'_>, run: &Run, label: &'static str, side: &mut Side) {
    let combo = ComboBox::from_id_salt(label)
        .width(150.0)
        .selected_text(name(cx, run, *side))
        .show_ui(ui, |ui| {
            let columns = (0..run.columns.len()).map(Side::Column);
            let target = run.target.iter().map(|_| Side::Target);
            for choice in std::iter::once(Side::Frame).chain(target).chain(columns) {
                ui.selectable_value(side, choice, name(cx, run, choice));
            }
        });
    combo.response.accessible_name(cx.tr(label));
}

/// The picture of a side at the time of the cursor.
fn picture(run: &Run, side: Side) -> Option<&Arc<RgbImage>> {
    match side {
        Side::Frame => Some(&run.frame.display),
        Side::Target => run.target.as_ref().map(|target| &target.picture),
        Side::Column(index) => run.view(index).picture(),
    }
}

fn name(cx: &Cx<'_>, run: &Run, side: Side) -> String {
    let index = match side {
        Side::Frame => return cx.tr("closer-frame").into_owned(),
        Side::Target => return cx.tr("closer-target").into_owned(),
        Side::Column(index) => index,
    };
    if let Some(grid) = &run.grid {
        return short_cell_name(cx, grid, index);
    }
    let column = run.columns.get(index);
    let name = column.map_or_else(String::new, |column| column_title(cx, &column.request));
    // Two columns of one mode are told apart by their place.
    format!("{}  {name}", index + 1)
}

/// PSNR, SSIM and CLIP's opinion of the two pictures, measured by the file thread and the worker.
fn similarity_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    a: &Arc<RgbImage>,
    b: &Arc<RgbImage>,
    actions: &mut Vec<Action>,
) {
    if cx.state.should_measure(a, b) {
        actions.push(Action::Measure(a.clone(), b.clone()));
    }
    ui.horizontal(|ui| {
        let line = match cx.state.similarity_of(a, b) {
            Some(Some(similarity)) => cx.text(
                "closer-similarity",
                &[
                    ("psnr", number(similarity.psnr, 2).into()),
                    ("ssim", number(similarity.ssim, 4).into()),
                ],
            ),
            Some(None) | None => cx.tr("closer-measuring").into_owned(),
        };
        hint(ui, cx.tokens, line).on_hover_text(cx.tr("closer-similarity-tip"));
        let (clip, tip) = match cx.state.likeness_of(a, b) {
            Likeness::Known(cosine) => (format!("{cosine:.4}"), cx.tr("closer-clip-tip")),
            Likeness::Pending => ("…".to_owned(), cx.tr("closer-clip-tip")),
            Likeness::NoJudge => ("–".to_owned(), cx.tr("closer-clip-none")),
            Likeness::Failed(problem) => ("–".to_owned(), cx.problem(&problem).into()),
        };
        let text = cx.text("closer-clip", &[("cosine", clip.into())]);
        hint(ui, cx.tokens, text).on_hover_text(tip);
    });
}

/// A measure for people: infinite for equal pictures, a dash where it is not defined.
fn number(value: Option<f64>, digits: usize) -> String {
    match value {
        Some(value) if value.is_infinite() => "∞".to_owned(),
        Some(value) => format!("{value:.digits$}"),
        None => "–".to_owned(),
    }
}
