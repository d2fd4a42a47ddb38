//! A counterfactual pair: one frame, one noise tape, two questions, and what changed between the
//! answers. One row per mode.

use super::Cx;
use super::column::ColumnPanel;
use super::columns::well_ui;
use crate::app::state::{Action, Run};
use crate::app::theme::space;
use crate::app::widgets::{cells, fit, hint, look};
use crate::job::{Axis, Grid};
use eframe::egui;
use egui::{DragValue, Label, Rect, RichText, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use look::{DifferenceKind, MAX_GAIN, Room, Scene, Shade, Viewport, view_px};

/// First question, second question, difference.
const PER_ROW: usize = 3;
/// Height of the line with the questions.
const HEAD: f32 = 34.0;

/// View state of the pair.
pub struct PairPanel {
    columns: Vec<ColumnPanel>,
    gain: u8,
}

impl Default for PairPanel {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            gain: 2,
        }
    }
}

impl PairPanel {
    /// Draws the pairs into `room`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &Run,
        pairs: &Grid,
        room: Rect,
        actions: &mut Vec<Action>,
    ) {
        let ui = &mut ui.new_child(UiBuilder::new().max_rect(room).id_salt("pair"));
        let rows = pairs.height();
        let (width, height) = run.frame.display.dimensions();
        let picture = vec2(width as f32, height as f32);
        let below = room.with_min_y(room.top() + HEAD);
        let foot = ColumnPanel::compact_foot(run, room.width() / PER_ROW as f32 - space::M);
        let places = cells(
            rows * PER_ROW,
            Some(PER_ROW),
            below,
            space::M,
            picture,
            foot,
        );
        self.head_ui(ui, cx, pairs, room, &places);
        self.columns
            .resize_with(run.columns.len(), ColumnPanel::default);
        for (row, places) in places.chunks(PER_ROW).enumerate() {
            let questions = [row * 2, row * 2 + 1];
            for (index, place) in questions.into_iter().zip(places) {
                let builder = UiBuilder::new().max_rect(*place).id_salt(("pair", index));
                let ui = &mut ui.new_child(builder);
                if let Some(panel) = self.columns.get_mut(index) {
                    panel.compact_ui(ui, cx, run, index, actions);
                }
            }
            if let Some(place) = places.last() {
                let builder = UiBuilder::new().max_rect(*place).id_salt(("change", row));
                let ui = &mut ui.new_child(builder);
                self.change_ui(ui, cx, run, questions);
            }
        }
    }

    /// The questions above their pictures, and how strongly the difference is shown.
    fn head_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, pairs: &Grid, room: Rect, places: &[Rect]) {
        let Some(Axis::Question(questions)) = &pairs.x else {
            return;
        };
        let line = |place: &Rect| {
            let right = pos2(place.right(), room.top() + HEAD - space::XS);
            Rect::from_min_max(pos2(place.left(), room.top()), right)
        };
        for (question, place) in questions.iter().zip(places) {
            let text = Label::new(RichText::new(question).size(12.5)).truncate();
            let ui = &mut ui.new_child(UiBuilder::new().max_rect(line(place)));
            ui.horizontal_centered(|ui| ui.add(text).on_hover_text(question));
        }
        let Some(place) = places.get(2) else {
            return;
        };
        let ui = &mut ui.new_child(UiBuilder::new().max_rect(line(place)));
        ui.horizontal_centered(|ui| {
            let title = Label::new(RichText::new(cx.tr("pair-change")).size(12.5));
            ui.add(title).on_hover_text(cx.tr("pair-change-tip"));
            let gain = DragValue::new(&mut self.gain)
                .range(1..=MAX_GAIN)
                .prefix("× ")
                .speed(0.1);
            ui.add(gain)
                .on_hover_text(cx.tr("look-gain-tip"))
                .accessible_name(cx.tr("look-gain"));
        });
    }

    /// What changed from the first answer to the second at the time of the cursor.
    fn change_ui(&self, ui: &mut Ui, cx: &Cx<'_>, run: &Run, [first, second]: [usize; 2]) {
        let foot = ColumnPanel::compact_foot(run, ui.available_width());
        let well = well_ui(ui, cx, ui.available_height() - foot);
        let (Some(a), Some(b)) = (run.view(first).picture(), run.view(second).picture()) else {
            return;
        };
        let (width, height) = a.dimensions();
        let rect = fit(vec2(width as f32, height as f32), well);
        let view = Room {
            view: view_px(rect, ui.ctx().pixels_per_point()),
            picture: [width, height],
        };
        let shade = Shade::Difference {
            kind: DifferenceKind::RedBlue,
            gain: self.gain,
        };
        let placement = Viewport::default().place(view);
        let scene = Scene::new(view, placement, b.dimensions().into(), shade);
        let id = ui.scope_id().with("change");
        cx.look.borrow_mut().paint(ui, id, rect, scene, [a, b]);
        let response = ui.interact(rect, id, Sense::hover());
        let label = cx.tr("pair-change-picture");
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, label.as_ref()));
        response.on_hover_text(cx.tr("pair-change-tip"));
        ui.add_space(space::XS);
        hint(ui, cx.tokens, cx.tr("pair-change-legend"));
    }
}
