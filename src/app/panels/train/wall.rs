//! The sample wall: pinned questions below each other, the modes beside each other; a slider walks
//! through the steps at which they were drawn.

use super::{Cx, words::whole};
use crate::app::panels::ask::{message_ui, mode_texts};
use crate::app::state::{Action, Sample, TrainAction};
use crate::app::theme::space;
use crate::app::widgets::{Slot, accent_slider, fit, hint, paint_picture};
use crate::job::GuidanceMode;
use crate::job::training::{RunCard, SampleSet, TrainConfig};
use eframe::egui;
use egui::{
    Button, CornerRadius, Label, Rect, RichText, ScrollArea, Sense, Slider, Ui, WidgetInfo, vec2,
};
use std::path::{Path, PathBuf};

/// Draws the wall.
pub fn wall_ui(ui: &mut Ui, cx: &Cx<'_>, card: &RunCard, actions: &mut Vec<Action>) {
    let history = cx.state.train.histories.get(&card.folder);
    let sets = history
        .map(|history| history.samples.as_slice())
        .unwrap_or_default();
    let (Some(shown), Ok(config)) = (cx.state.train.wall_samples(), &card.config) else {
        let room = ui.available_rect_before_wrap();
        let (heading, hint) = (cx.tr("train-wall-empty"), cx.tr("train-wall-empty-hint"));
        message_ui(ui, cx, room, &cx.art.mouse, &heading, &hint);
        return;
    };
    time_ui(ui, cx, sets, shown, actions);
    ui.add_space(space::S);
    let unread: Vec<PathBuf> = shown
        .pictures
        .iter()
        .filter(|path| !cx.state.train.samples.contains_key(*path))
        .cloned()
        .collect();
    if !unread.is_empty() {
        actions.push(Action::Train(TrainAction::Read(unread)));
    }
    ScrollArea::vertical()
        .id_salt("train-wall")
        .auto_shrink(false)
        .show(ui, |ui| pictures_ui(ui, cx, shown, config));
}

/// The slider through the steps.
fn time_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    sets: &[SampleSet],
    shown: &SampleSet,
    actions: &mut Vec<Action>,
) {
    let last = sets.len().saturating_sub(1);
    let mut index = sets
        .iter()
        .position(|set| set.step == shown.step)
        .unwrap_or(last);
    let before = index;
    ui.horizontal(|ui| {
        let label = cx.tr("train-wall-step");
        ui.label(format!("{label} {}", shown.step));
        ui.spacing_mut().slider_width = (ui.available_width() - 130.0).max(80.0);
        let slider = Slider::new(&mut index, 0..=last).show_value(false);
        accent_slider(ui, cx.tokens, slider)
            .accessible_name(label.as_ref())
            .on_hover_text(cx.tr("train-wall-step-tip"));
        let follows = cx.state.train.wall.is_none();
        let newest = Button::selectable(follows, cx.tr("train-wall-newest"));
        let newest = ui.add(newest.frame_when_inactive(true));
        if newest
            .on_hover_text(cx.tr("train-wall-newest-tip"))
            .clicked()
        {
            actions.push(Action::Train(TrainAction::Wall(None)));
        }
    });
    if index != before
        && let Some(set) = sets.get(index)
    {
        actions.push(Action::Train(TrainAction::Wall(Some(set.step))));
    }
}

fn pictures_ui(ui: &mut Ui, cx: &Cx<'_>, shown: &SampleSet, config: &TrainConfig) {
    let modes = &config.sample.modes;
    let columns = modes.len().max(1) as f32;
    let gap = space::S;
    let side = ((ui.available_width() - gap * (columns - 1.0)) / columns).clamp(60.0, 320.0);
    ui.spacing_mut().item_spacing = vec2(gap, space::XS);
    ui.horizontal(|ui| {
        for mode in modes {
            let (rect, _) = ui.allocate_exact_size(vec2(side, 20.0), Sense::hover());
            let name = Label::new(RichText::new(cx.tr(mode_texts(*mode).0)).size(13.5));
            ui.put(rect, name);
        }
    });
    for (index, pinned) in config.sample.questions.iter().enumerate() {
        ui.horizontal(|ui| {
            for (column, mode) in modes.iter().enumerate() {
                let slot = Slot::Sample(index * modes.len() + column);
                let path = of_question(&shown.pictures, index, *mode);
                let mode = cx.tr(mode_texts(*mode).0);
                let values = [
                    ("question", pinned.question.as_str().into()),
                    ("mode", mode.as_ref().into()),
                    ("step", whole(shown.step).into()),
                ];
                let label = cx.text("train-wall-picture", &values);
                picture_ui(ui, cx, path, slot, side, &label);
            }
        });
        hint(ui, cx.tokens, &pinned.question);
        ui.add_space(space::S);
    }
}

/// The picture of a question in a mode: they are called `QUESTION_MODE.png`, counted from 1.
fn of_question(pictures: &[PathBuf], index: usize, mode: GuidanceMode) -> Option<&Path> {
    let stem = format!("{}_{}", index + 1, mode.name());
    let mut pictures = pictures.iter();
    let found = pictures.find(|path| path.file_stem().is_some_and(|name| name == stem.as_str()));
    found.map(PathBuf::as_path)
}

fn picture_ui(ui: &mut Ui, cx: &Cx<'_>, path: Option<&Path>, slot: Slot, side: f32, label: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, label));
    let radius = CornerRadius::same(10);
    ui.painter().rect_filled(rect, radius, cx.tokens.well);
    match path.and_then(|path| cx.state.train.samples.get(path)) {
        Some(Sample::Read(Ok(picture))) => {
            let mut pictures = cx.pictures.borrow_mut();
            let Some(texture) = pictures.within_budget(ui.ctx(), slot, picture) else {
                return;
            };
            let place = fit(vec2(picture.width() as f32, picture.height() as f32), rect);
            paint_picture(ui.painter(), &texture, place, 10);
            response.on_hover_text(label);
        }
        Some(Sample::Read(Err(problem))) => {
            let words =
                Label::new(RichText::new(cx.tr("train-wall-broken")).color(cx.tokens.error));
            let inside = Rect::from_center_size(rect.center(), vec2(side - 16.0, 40.0));
            ui.put(inside, words.wrap());
            response.on_hover_text(cx.problem(problem));
        }
        Some(Sample::Reading) | None => {}
    }
}
