//! The frame: what it looks like, and every way to choose another one.

use super::Cx;
use crate::app::command::Command;
use crate::app::examples;
use crate::app::state::{Action, AppState, Page, TargetAction};
use crate::app::theme::{CARD_RADIUS, CONTROL_RADIUS, space};
use crate::app::widgets::{Slot, Wheel, card, field_frame, fit, hint, paint_picture};
use crate::job::{Frame, FrameOrigin, is_run_file};
use eframe::egui;
use egui::{
    Align2, Button, Color32, CornerRadius, FontId, Id, Key, Rect, RichText, Sense, Stroke,
    StrokeKind, TextEdit, Ui, WidgetInfo, pos2, vec2,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Thumbnails in a row.
const PER_ROW: usize = 6;

/// The draft of the path field, and which frame it was written for.
#[derive(Default)]
pub struct FramePanel {
    path: String,
    path_of: Option<PathBuf>,
}

impl FramePanel {
    /// Draws the panel in a page of this height.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, height: f32, actions: &mut Vec<Action>) {
        card(ui, cx.tokens, |ui| {
            picture_ui(ui, cx, (height * 0.5 - 130.0).clamp(150.0, 430.0));
            sources_ui(ui, cx, actions);
            self.path_ui(ui, cx, actions);
            examples_ui(ui, cx, actions);
        });
    }

    fn path_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let shown = match cx.state.frame.frame.as_ref().map(|frame| &frame.origin) {
            Some(FrameOrigin::File(path)) => Some(path.clone()),
            _ => None,
        };
        if shown != self.path_of {
            self.path = shown
                .as_deref()
                .map(|path| path.display().to_string())
                .unwrap_or_default();
            self.path_of = shown;
        }
        let id = Id::unique("frame-path");
        let field = TextEdit::singleline(&mut self.path)
            .hint_text(cx.tr("frame-path-hint"))
            .id(id)
            .desired_width(f32::INFINITY)
            .frame(field_frame(
                cx.tokens,
                ui.memory(|memory| memory.has_focus(id)),
            ));
        let response = ui.add(field);
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        response.accessible_name(cx.tr("frame-path"));
        let path = self.path.trim();
        if entered && !path.is_empty() {
            actions.push(Action::OpenPath(path.trim_matches('"').into()));
        }
    }
}

fn picture_ui(ui: &mut Ui, cx: &Cx<'_>, height: f32) {
    let size = vec2(ui.available_width(), height);
    let (well, response) = ui.allocate_exact_size(size, Sense::hover());
    let radius = CornerRadius::same(CARD_RADIUS - 4);
    ui.painter().rect_filled(well, radius, cx.tokens.well);
    let Some(frame) = &cx.state.frame.frame else {
        empty_ui(ui, cx, well);
        return;
    };
    let texture = cx
        .pictures
        .borrow_mut()
        .texture(ui.ctx(), Slot::Frame, &frame.display);
    let (width, height) = frame.image.dimensions();
    let rect = fit(vec2(width as f32, height as f32), well);
    paint_picture(ui.painter(), &texture, rect, CARD_RADIUS - 4);
    let name = name_of(frame, cx);
    let size = cx.text(
        "frame-size",
        &[
            ("width", (width as usize).into()),
            ("height", (height as usize).into()),
        ],
    );
    caption(ui, well, &format!("{name}  ·  {size}"));
    if cx.state.frame.opening {
        Wheel::new().paint_at(ui, Rect::from_center_size(well.center(), vec2(28.0, 28.0)));
    }
    let label = cx.text(
        "frame-picture",
        &[
            ("name", name.as_str().into()),
            ("width", (width as usize).into()),
            ("height", (height as usize).into()),
        ],
    );
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
}

fn empty_ui(ui: &mut Ui, cx: &Cx<'_>, well: Rect) {
    let middle = well.center();
    if cx.state.frame.opening {
        Wheel::new().paint_at(ui, Rect::from_center_size(middle, vec2(28.0, 28.0)));
        return;
    }
    let side = (well.height() * 0.45).min(96.0);
    let mouse = Rect::from_center_size(middle - vec2(0.0, 30.0), vec2(side * 0.79, side));
    ui.painter()
        .circle_filled(mouse.center(), side * 0.62, cx.tokens.art);
    paint_picture(ui.painter(), &cx.art.mouse, mouse, 0);
    let ways = match cx.state.drops_files {
        true => "frame-empty-hint",
        false => "frame-empty-hint-no-drop",
    };
    for (y, text, size, colour) in [
        (mouse.bottom() + 24.0, "frame-empty", 15.0, cx.tokens.text),
        (mouse.bottom() + 46.0, ways, 12.0, cx.tokens.text_weak),
    ] {
        ui.painter().text(
            pos2(middle.x, y),
            Align2::CENTER_CENTER,
            cx.tr(text),
            FontId::proportional(size),
            colour,
        );
    }
}

/// A small dark label in the lower left corner of a picture.
fn caption(ui: &Ui, well: Rect, text: &str) {
    let galley =
        ui.painter()
            .layout_no_wrap(text.to_owned(), FontId::proportional(11.5), Color32::WHITE);
    let room = well.shrink(space::S);
    let size = vec2((galley.size().x + 16.0).min(room.width()), 22.0);
    let rect = Rect::from_min_size(pos2(room.left(), room.bottom() - size.y), size);
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, CornerRadius::same(11), Color32::from_black_alpha(150));
    let text_at = pos2(rect.left() + 8.0, rect.center().y - galley.size().y / 2.0);
    painter.galley(text_at, galley, Color32::WHITE);
}

fn name_of(frame: &Frame, cx: &Cx<'_>) -> String {
    match &frame.origin {
        FrameOrigin::Example(file) => {
            let example = examples::by_file(file);
            example.map_or_else(|| file.clone(), |known| cx.tr(known.title_id).into_owned())
        }
        FrameOrigin::File(path) => file_name(path),
        FrameOrigin::Clipboard => cx.tr("frame-from-clipboard").into_owned(),
        FrameOrigin::Dropped => cx.tr("frame-from-drop").into_owned(),
        FrameOrigin::Result(_) => cx.tr("frame-from-result").into_owned(),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn sources_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 2.0 * ui.spacing().item_spacing.x) / 3.0;
        for command in [Command::Open, Command::Paste] {
            let keys = command
                .shortcut()
                .map(|keys| ui.ctx().format_shortcut(&keys))
                .unwrap_or_default();
            let button =
                Button::new(cx.tr(command.label()).into_owned()).min_size(vec2(width, 30.0));
            let tip = format!("{} ({keys})", cx.tr(command.tip()));
            if ui.add(button).on_hover_text(tip).clicked() {
                actions.extend(command.action(cx.state));
            }
        }
        let recent = egui::containers::menu::MenuButton::from_button(
            Button::new(cx.tr("frame-recent").into_owned()).min_size(vec2(width, 30.0)),
        );
        let (response, _) = recent.ui(ui, |ui| {
            ui.set_min_width(260.0);
            if cx.state.recent.is_empty() {
                hint(ui, cx.tokens, cx.tr("frame-recent-empty"));
            }
            for path in &cx.state.recent {
                let line = ui.button(file_name(path));
                if line.on_hover_text(path.display().to_string()).clicked() {
                    actions.push(Action::OpenPath(path.clone()));
                }
            }
        });
        response.on_hover_text(cx.tr("frame-recent-tip"));
    });
}

fn examples_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    hint(ui, cx.tokens, cx.tr("frame-examples"));
    let gap = 6.0;
    let side = ((ui.available_width() - gap * (PER_ROW as f32 - 1.0)) / PER_ROW as f32).floor();
    let chosen = match cx.state.frame.frame.as_ref().map(|frame| &frame.origin) {
        Some(FrameOrigin::Example(file)) => Some(file.as_str()),
        _ => None,
    };
    ui.spacing_mut().item_spacing = vec2(gap, gap);
    let last_row = examples::all().len().div_ceil(PER_ROW).saturating_sub(1);
    for (row, line) in examples::all().chunks(PER_ROW).enumerate() {
        ui.horizontal(|ui| {
            for (column, example) in line.iter().enumerate() {
                let is_chosen = chosen == Some(example.file.as_str());
                let index = row * PER_ROW + column;
                if thumbnail_ui(ui, cx, index, example, side, is_chosen) {
                    actions.push(Action::OpenExample(example.file.clone()));
                }
            }
        });
        if row == last_row {
            ui.add_space(-2.0);
        }
    }
}

fn thumbnail_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    index: usize,
    example: &examples::Example,
    side: f32,
    chosen: bool,
) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
    let ring = if chosen {
        Stroke::new(2.5, cx.tokens.accent)
    } else if response.hovered() || response.has_focus() {
        Stroke::new(2.0, cx.tokens.text_weak)
    } else {
        Stroke::NONE
    };
    let inner = if chosen { rect.shrink(3.5) } else { rect };
    cx.art
        .paint_thumbnail(ui.painter(), index, inner, CONTROL_RADIUS - 2);
    let radius = CornerRadius::same(CONTROL_RADIUS);
    ui.painter()
        .rect_stroke(rect, radius, ring, StrokeKind::Inside);
    let title = cx.tr(example.title_id);
    let label = cx.text("frame-example", &[("title", title.as_ref().into())]);
    response
        .widget_info(|| WidgetInfo::selected(egui::Role::Button, ui.is_enabled(), chosen, &label));
    response
        .on_hover_ui(|ui| {
            ui.label(title.as_ref());
            if let Some(question) = example.questions.first() {
                ui.label(RichText::new(question).small().color(cx.tokens.text_weak));
            }
        })
        .on_hover_cursor(egui::CursorIcon::PointingHand)
        .clicked()
}

/// Says over the whole window that a dragged picture may be dropped.
pub fn drop_overlay_ui(ctx: &egui::Context, cx: &Cx<'_>) {
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop"));
    let painter = ctx.layer_painter(layer);
    let whole = ctx.content_rect();
    painter.rect_filled(whole, CornerRadius::ZERO, cx.tokens.backdrop);
    let board = Rect::from_center_size(whole.center(), vec2(440.0, 260.0));
    painter.rect_filled(board, CornerRadius::same(20), cx.tokens.card);
    painter.rect_stroke(
        board.shrink(10.0),
        CornerRadius::same(14),
        Stroke::new(2.5, cx.tokens.accent),
        StrokeKind::Middle,
    );
    let mouse = Rect::from_center_size(board.center() - vec2(0.0, 34.0), vec2(79.0, 100.0));
    painter.circle_filled(mouse.center(), 66.0, cx.tokens.art);
    paint_picture(&painter, &cx.art.mouse, mouse, 0);
    let (here, hint) = match cx.state.page {
        Page::Models => ("models-drop-here", "models-drop-hint"),
        Page::Train => ("train-drop-here", "train-drop-hint"),
        Page::Dataset if cx.state.dataset.strip.is_some() => ("strip-drop-here", "strip-drop-hint"),
        Page::Dataset => ("dataset-drop-here", "dataset-drop-hint"),
        _ if compares(cx.state) => ("closer-drop-here", "frame-drop-hint"),
        _ => ("frame-drop-here", "frame-drop-hint"),
    };
    for (y, text, size, colour) in [
        (52.0, here, 17.0, cx.tokens.text),
        (78.0, hint, 12.5, cx.tokens.text_weak),
    ] {
        painter.text(
            board.center() + vec2(0.0, y),
            Align2::CENTER_CENTER,
            cx.tr(text),
            FontId::proportional(size),
            colour,
        );
    }
}

/// Whether a dropped picture is one to compare with: while two pictures are looked at closely.
fn compares(state: &AppState) -> bool {
    state.looking && state.run.is_some()
}

/// The actions of pictures dropped onto the window.
pub fn dropped(ctx: &egui::Context, state: &AppState) -> Vec<Action> {
    // One frame at a time: the last one dropped counts.
    let file = ctx.input_mut(|input| std::mem::take(&mut input.raw.dropped_files).pop());
    let Some(file) = file else {
        return Vec::new();
    };
    let path = file.path().to_owned();
    let target = compares(state) && !is_run_file(&path);
    if path.is_absolute() {
        return vec![if target {
            TargetAction::Open(path).into()
        } else {
            Action::OpenPath(path)
        }];
    }
    match file.bytes() {
        Ok(bytes) if target => {
            vec![TargetAction::OpenBytes(file_name(&path), Arc::from(bytes)).into()]
        }
        Ok(bytes) => vec![Action::OpenBytes(file_name(&path), Arc::from(bytes))],
        Err(error) => {
            tracing::warn!(%error, "a dropped file has no content");
            Vec::new()
        }
    }
}
