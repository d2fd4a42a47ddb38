//! A quick answer below the question that is being written.

use super::Cx;
use crate::app::panels::ask::mode_texts;
use crate::app::state::{Action, BundleState, DatasetAction, SKETCH_STEPS};
use crate::app::theme::space;
use crate::app::widgets::{Slot, Wheel, fit, paint_picture, tick};
use eframe::egui;
use egui::{Label, Rect, RichText, Sense, Ui, WidgetInfo, vec2};

/// Height of the picture.
const HEIGHT: f32 = 120.0;

/// Draws the choice, and the picture where it was chosen.
pub fn sketch_ui(ui: &mut Ui, cx: &Cx<'_>, place: usize, actions: &mut Vec<Action>) {
    let dataset = &cx.state.dataset;
    let mut on = dataset.memory.sketching;
    let ready = matches!(cx.state.bundle, BundleState::Ready(_));
    let draw = |ui: &mut Ui| tick(ui, cx.tokens, &mut on, cx.tr("dataset-sketch"));
    let check = ui.add_enabled_ui(ready, draw).inner;
    let check = check.on_disabled_hover_text(cx.tr("dataset-sketch-loading"));
    if check.on_hover_text(cx.tr("dataset-sketch-tip")).changed() {
        actions.push(DatasetAction::Sketch(on).into());
    }
    let sketch = &dataset.sketch;
    if !dataset.memory.sketching || sketch.place != Some(place) {
        return;
    }
    if let Some(problem) = &sketch.failed {
        ui.colored_label(cx.tokens.error, cx.problem(problem));
        return;
    }
    if sketch.picture.is_none() && sketch.job.is_none() {
        return;
    }
    ui.horizontal_top(|ui| {
        let (well, response) = ui.allocate_exact_size(vec2(HEIGHT * 1.3, HEIGHT), Sense::hover());
        ui.painter().rect_filled(well, 8, cx.tokens.well);
        if let Some(picture) = &sketch.picture {
            let texture = cx
                .pictures
                .borrow_mut()
                .texture(ui.ctx(), Slot::Sketch, picture);
            let size = vec2(picture.width() as f32, picture.height() as f32);
            paint_picture(ui.painter(), &texture, fit(size, well), 7);
        }
        if sketch.job.is_some() {
            let corner = well.right_bottom() - vec2(2.0 * space::S, 2.0 * space::S);
            Wheel::new().paint_at(ui, Rect::from_center_size(corner, vec2(18.0, 18.0)));
        }
        let form = &cx.state.form;
        let mode = form.modes.first().copied().unwrap_or(form.request.mode);
        let values = [
            ("steps", SKETCH_STEPS.into()),
            ("mode", cx.tr(mode_texts(mode).0).into_owned().into()),
        ];
        let text = cx.text("dataset-sketch-what", &values);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &text));
        // It must not make the pane wider.
        let text = RichText::new(text).small().color(cx.tokens.text_weak);
        ui.add(Label::new(text).wrap());
    });
}
