//! A new pair is picked from frames: both pictures large, the filmstrip below, then its name and the
//! button that adds it.

mod film;

use super::{Cx, failed_ui, message_ui, waiting_ui};
use crate::app::command::{Command, PairCommand};
use crate::app::panels::ask::seconds_text;
use crate::app::state::{
    Action, FRAMES_PER_SECOND, OpenFolder, OpenStrip, StripAction, StripBlocked,
};
use crate::app::theme::{CARD_RADIUS, CONTROL_RADIUS, space};
use crate::app::widgets::{
    Slot, combo, fill_line, fit, hint, line_field, paint_picture, primary_button,
};
use crate::job::datasets::{Gathering, LargeFrame, StripSource};
use crate::job::{FolderUse, Problem};
use eframe::egui;
use egui::{
    Button, Color32, CornerRadius, Frame, Key, Margin, Modifiers, Rect, RichText, Sense, Ui,
    UiBuilder, epaint::RectShape, pos2, vec2,
};

/// Height of the row with the name of the pair.
const FOOT: f32 = 46.0;

/// View state of the filmstrip.
#[derive(Default)]
pub struct StripPanel {
    path: String,
    film: film::Film,
}

/// Where the keys of this frame move the cursor.
pub fn moves(ctx: &egui::Context) -> Vec<Action> {
    let moves = [
        (Key::ArrowLeft, -1),
        (Key::ArrowRight, 1),
        (Key::PageUp, -10),
        (Key::PageDown, 10),
        (Key::Home, isize::MIN / 2),
        (Key::End, isize::MAX / 2),
    ];
    let pressed = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let moves = moves.into_iter().filter(|(key, _)| pressed(*key));
    moves.map(|(_, by)| StripAction::Move(by).into()).collect()
}

impl StripPanel {
    /// Draws the panel.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        (open, strip): (&OpenFolder, &OpenStrip),
        actions: &mut Vec<Action>,
    ) {
        self.source_ui(ui, cx, strip, actions);
        if let Some(progress) = &strip.gathering {
            gathering_ui(ui, cx, strip, progress, actions);
        }
        if let Some(problem) = &strip.failed {
            problem_ui(ui, cx, problem);
        }
        let room = ui.available_rect_before_wrap();
        if strip.frames.is_empty() {
            if strip.gathering.is_none() {
                let (heading, hint) = (cx.tr("strip-empty"), cx.tr("strip-empty-hint"));
                message_ui(ui, cx, room, &cx.art.mouse, &heading, &hint);
            }
            return;
        }
        let foot = Rect::from_min_max(pos2(room.left(), room.bottom() - FOOT), room.max);
        let film_top = foot.top() - film::HEIGHT - space::S;
        let film = Rect::from_min_max(
            pos2(room.left(), film_top),
            pos2(room.right(), film_top + film::HEIGHT),
        );
        let wells = Rect::from_min_max(
            pos2(room.left(), room.top() + space::S),
            pos2(room.right(), film_top - space::S),
        );
        wells_ui(ui, cx, strip, wells);
        let mut child = ui.new_child(UiBuilder::new().max_rect(film).id_salt("film"));
        self.film.ui(&mut child, cx, strip, actions);
        let mut child = ui.new_child(UiBuilder::new().max_rect(foot).id_salt("strip-foot"));
        foot_ui(&mut child, cx, (open, strip), actions);
        ui.allocate_rect(room, Sense::hover());
    }

    /// Where the frames come from.
    fn source_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        strip: &OpenStrip,
        actions: &mut Vec<Action>,
    ) {
        let videos = cx.state.dataset.reads_videos;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            for (label, tip, what_for, possible) in [
                (
                    "strip-pictures",
                    "strip-pictures-tip",
                    FolderUse::FramePictures,
                    true,
                ),
                (
                    "strip-folder",
                    "strip-folder-tip",
                    FolderUse::FramesFolder,
                    true,
                ),
                (
                    "strip-video",
                    "strip-video-tip",
                    FolderUse::Video,
                    videos == Some(true),
                ),
            ] {
                let button = ui.add_enabled(possible, Button::new(cx.tr(label)));
                let button = button.on_disabled_hover_text(cx.tr("strip-no-ffmpeg"));
                if button.on_hover_text(cx.tr(tip)).clicked() {
                    actions.push(StripAction::Pick(what_for).into());
                }
            }
            if videos == Some(true) {
                let name = |rate: &f32| match *rate == 1.0 {
                    true => cx.tr("strip-rate-one").into_owned(),
                    false => cx.text("strip-rate-value", &[("rate", rate.to_string().into())]),
                };
                let rates = FRAMES_PER_SECOND.map(|rate| (rate, name(&rate)));
                let mut rate = strip.per_second;
                combo(ui, "strip-rate", &cx.tr("strip-rate"), &mut rate, &rates);
                if rate != strip.per_second {
                    actions.push(StripAction::PerSecond(rate).into());
                }
            }
            let width = ui.available_width();
            let (name, empty) = (cx.tr("strip-path"), cx.tr("strip-path-hint"));
            let field = line_field(ui, cx.tokens, &name, &empty, &mut self.path, width);
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let path = self.path.trim().trim_matches('"');
            if entered && !path.is_empty() {
                actions.push(StripAction::Take(vec![path.into()]).into());
                self.path.clear();
            }
        });
        if videos == Some(false) {
            hint(ui, cx.tokens, cx.tr("strip-no-ffmpeg"));
        }
    }
}

fn gathering_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    strip: &OpenStrip,
    progress: &Gathering,
    actions: &mut Vec<Action>,
) {
    ui.horizontal(|ui| {
        let mut text = match strip.source {
            Some(StripSource::Video(..)) => {
                cx.text("strip-gathering", &[("count", progress.frames.into())])
            }
            _ => cx.tr("strip-reading").into_owned(),
        };
        if let Some(seconds) = progress.seconds_left {
            text = format!("{text}  ·  {}", seconds_text(cx, seconds));
        }
        ui.label(text);
        let stop = ui.button(cx.tr("strip-stop"));
        if stop.on_hover_text(cx.tr("strip-stop-tip")).clicked() {
            actions.push(StripAction::Stop.into());
        }
    });
    fill_line(ui, cx.tokens, progress.share.unwrap_or_default());
}

fn problem_ui(ui: &mut Ui, cx: &Cx<'_>, problem: &Problem) {
    ui.add_space(space::XS);
    Frame::new()
        .fill(cx.tokens.error_soft)
        .corner_radius(CornerRadius::same(CONTROL_RADIUS))
        .inner_margin(Margin::symmetric(10, 8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.label(RichText::new(cx.message(problem)).color(cx.tokens.error));
            ui.label(
                RichText::new(cx.more(problem).join("\n"))
                    .small()
                    .color(cx.tokens.error),
            );
        });
}

/// Both pictures. Where none is picked, the frame under the cursor shows through.
fn wells_ui(ui: &mut Ui, cx: &Cx<'_>, strip: &OpenStrip, room: Rect) {
    const HEAD: f32 = 22.0;
    let half = (room.width() - space::M) / 2.0;
    for (side, picked, slot, name, empty) in [
        (
            0.0,
            strip.before,
            Slot::PickedBefore,
            "dataset-before",
            "strip-take-before",
        ),
        (
            1.0,
            strip.after,
            Slot::PickedAfter,
            "dataset-after",
            "strip-take-after",
        ),
    ] {
        let left = room.left() + side * (half + space::M);
        let whole = Rect::from_min_size(pos2(left, room.top()), vec2(half, room.height()));
        let well = Rect::from_min_max(whole.min + vec2(0.0, HEAD), whole.max);
        let radius = CornerRadius::same(CARD_RADIUS - 4);
        ui.painter().rect_filled(well, radius, cx.tokens.well);
        let frame = picked.unwrap_or(strip.cursor);
        let large = strip.large(frame);
        let about = match picked {
            Some(frame) => about(cx, strip, frame),
            None => cx.tr(empty).into_owned(),
        };
        let line = Rect::from_min_size(whole.min, vec2(half, HEAD));
        let mut child = ui.new_child(UiBuilder::new().max_rect(line).id_salt(name));
        child.horizontal(|ui| {
            ui.label(RichText::new(cx.tr(name)).strong());
            hint(ui, cx.tokens, about);
        });
        match large {
            Some(Ok(large)) => picture_ui(ui, cx, large, (slot, well), picked.is_some()),
            Some(Err(problem)) => failed_ui(ui, cx, well, problem),
            None => {
                let mut child = ui.new_child(UiBuilder::new().max_rect(well).id_salt((name, 1)));
                waiting_ui(&mut child, well, &cx.tr("dataset-decoding"));
            }
        }
    }
}

/// The file of a frame and its size.
fn about(cx: &Cx<'_>, strip: &OpenStrip, frame: usize) -> String {
    let file = strip.frames.get(frame).and_then(|path| path.file_name());
    let file = file.unwrap_or_default().to_string_lossy().into_owned();
    match strip.large(frame) {
        Some(Ok(LargeFrame { size, .. })) => {
            let values = [
                ("file", file.into()),
                ("width", (size.0 as usize).into()),
                ("height", (size.1 as usize).into()),
            ];
            cx.text("strip-picked", &values)
        }
        _ => file,
    }
}

fn picture_ui(ui: &Ui, cx: &Cx<'_>, large: &LargeFrame, (slot, well): (Slot, Rect), picked: bool) {
    let picture = &large.picture;
    let mut pictures = cx.pictures.borrow_mut();
    let Some(texture) = pictures.within_budget(ui.ctx(), slot, picture) else {
        return; // two large photographs are not uploaded in one frame
    };
    let size = vec2(picture.width() as f32, picture.height() as f32);
    let place = fit(size, well.shrink(2.0));
    if picked {
        paint_picture(ui.painter(), &texture, place, CARD_RADIUS - 5);
        return;
    }
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    let faint = RectShape::filled(
        place,
        CornerRadius::same(CARD_RADIUS - 5),
        Color32::from_white_alpha(70),
    );
    ui.painter().add(faint.with_texture(texture.id(), whole));
}

/// What the pair is called, which list it joins, and the button.
fn foot_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    (open, strip): (&OpenFolder, &OpenStrip),
    actions: &mut Vec<Action>,
) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        ui.label(cx.tr("strip-name"));
        let mut name = strip.name.clone();
        let (label, empty) = (cx.tr("strip-name"), cx.tr("strip-name-hint"));
        line_field(ui, cx.tokens, &label, &empty, &mut name, 170.0);
        if name != strip.name {
            actions.push(StripAction::Name(name).into());
        }
        let splits = open.folder.splits.iter();
        let splits = splits.map(|split| (split.name.clone(), split.name.clone()));
        let splits: Vec<_> = splits.collect();
        let mut split = strip.split.clone();
        combo(
            ui,
            "strip-split",
            &cx.tr("strip-split"),
            &mut split,
            &splits,
        );
        if split != strip.split {
            actions.push(StripAction::Split(split).into());
        }
        let add = Command::Pair(PairCommand::Add);
        let keys = add.shortcut().map(|keys| ui.ctx().format_shortcut(&keys));
        let blocked = cx.state.dataset.strip_blocked();
        let reason = blocked
            .map(|blocked| reason(cx, blocked))
            .unwrap_or_default();
        let label = cx.tr(add.label());
        let keys = keys.unwrap_or_default();
        let size = vec2(170.0, 34.0);
        let button = primary_button(ui, cx.tokens, &label, &keys, size, blocked.is_none());
        let button = button
            .accessible_name(label.as_ref())
            .on_hover_text(cx.tr(add.tip()))
            .on_disabled_hover_text(&reason);
        if button.clicked() {
            actions.push(StripAction::Add.into());
        }
        if blocked.is_some() {
            hint(ui, cx.tokens, reason);
        } else if strip.cut {
            hint(ui, cx.tokens, cx.tr("strip-cut"));
        }
    });
}

/// Why the pair cannot be added yet, in plain words.
fn reason(cx: &Cx<'_>, blocked: StripBlocked) -> String {
    let id = match blocked {
        StripBlocked::Locked => "dataset-locked",
        StripBlocked::Adding => "strip-adding",
        StripBlocked::NoBefore => "strip-no-before",
        StripBlocked::NoAfter => "strip-no-after",
        StripBlocked::Decoding => "dataset-decoding",
        StripBlocked::Unreadable => "strip-unreadable",
        StripBlocked::BadName => "strip-bad-name",
        StripBlocked::NameTaken => "strip-name-taken",
        StripBlocked::Sizes(before, after) => {
            let size = |(width, height): (u32, u32)| format!("{width} × {height}").into();
            let values = [("before", size(before)), ("after", size(after))];
            return cx.text("strip-sizes", &values);
        }
    };
    cx.tr(id).into_owned()
}
