//! Looking closely: two of the run's pictures compared pixel by pixel, in place of the columns.

use super::Cx;
use super::columns::column_title;
use crate::app::state::{Action, Run};
use crate::app::theme::space;
use crate::app::widgets::{hint, look};
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
    Column(usize),
}

/// Which pictures are compared, and how.
pub struct CloserPanel {
    state: LookState,
    a: Side,
    b: Side,
}

impl Default for CloserPanel {
    fn default() -> Self {
        Self {
            state: LookState::default(),
            a: Side::Frame,
            b: Side::Column(0),
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
        self.sides_ui(ui, cx, run);
        let (Some(a), Some(b)) = (picture(run, self.a), picture(run, self.b)) else {
            hint(ui, cx.tokens, cx.tr("closer-nothing"));
            return;
        };
        let (a_name, b_name) = (name(cx, run, self.a), name(cx, run, self.b));
        let look = Look {
            texts: cx.texts,
            tokens: cx.tokens,
            a,
            b,
            a_name: &a_name,
            b_name: &b_name,
        };
        look.controls_ui(ui, &mut self.state);
        ui.add_space(space::XS);
        let below = if self.state.histogram { HISTOGRAM } else { 0.0 } + 24.0;
        let mut well = ui.available_rect_before_wrap();
        well.max.y = (well.max.y - below).max(well.min.y + 60.0);
        let painter = &mut *cx.look.borrow_mut();
        look.view_ui(ui, painter, &mut self.state, well);
        ui.advance_cursor_after_rect(well);
        look.histograms_ui(ui, painter, &self.state);
        similarity_ui(ui, cx, a, b, actions);
    }

    fn sides_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, run: &Run) {
        let known = |side: Side| match side {
            Side::Frame => true,
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
        });
    }
}

fn side_ui(ui: &mut Ui, cx: &Cx<'_>, run: &Run, label: &'static str, side: &mut Side) {
    let combo = ComboBox::from_id_salt(label)
        .width(150.0)
        .selected_text(name(cx, run, *side))
        .show_ui(ui, |ui| {
            let columns = (0..run.columns.len()).map(Side::Column);
            for choice in std::iter::once(Side::Frame).chain(columns) {
                ui.selectable_value(side, choice, name(cx, run, choice));
            }
        });
    combo.response.accessible_name(cx.tr(label));
}

/// The picture of a side at the time of the cursor.
fn picture(run: &Run, side: Side) -> Option<&Arc<RgbImage>> {
    match side {
        Side::Frame => Some(&run.frame.display),
        Side::Column(index) => run.view(index).picture(),
    }
}

fn name(cx: &Cx<'_>, run: &Run, side: Side) -> String {
    let Side::Column(index) = side else {
        return cx.tr("closer-frame").into_owned();
    };
    let column = run.columns.get(index);
    let name = column.map_or_else(String::new, |column| column_title(cx, &column.request));
    // Two columns of one mode are told apart by their place.
    format!("{}  {name}", index + 1)
}

/// PSNR and SSIM of the two pictures, measured by the file thread.
fn similarity_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    a: &Arc<RgbImage>,
    b: &Arc<RgbImage>,
    actions: &mut Vec<Action>,
) {
    let line = match cx.state.similarity_of(a, b) {
        Some(Some(similarity)) => cx.text(
            "closer-similarity",
            &[
                ("psnr", number(similarity.psnr, 2).into()),
                ("ssim", number(similarity.ssim, 4).into()),
            ],
        ),
        Some(None) => cx.tr("closer-measuring").into_owned(),
        None => {
            actions.push(Action::Measure(a.clone(), b.clone()));
            cx.tr("closer-measuring").into_owned()
        }
    };
    hint(ui, cx.tokens, line).on_hover_text(cx.tr("closer-similarity-tip"));
}

/// A measure for people: infinite for equal pictures, a dash where it is not defined.
fn number(value: Option<f64>, digits: usize) -> String {
    match value {
        Some(value) if value.is_infinite() => "∞".to_owned(),
        Some(value) => format!("{value:.digits$}"),
        None => "–".to_owned(),
    }
}
