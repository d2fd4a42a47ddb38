//! The queue: what is drawn now, what comes next, and what is over; above the status bar, so that
//! the page stays usable.

use super::Cx;
use super::ask::{mode_colour, mode_texts, stage_text, time_left};
use crate::app::command::Command;
use crate::app::state::{Action, Column, Phase, QueueAction, Run, RunId};
use crate::app::theme::{self, CARD_RADIUS, space};
use crate::app::widgets::{Icon, fill_line, follow_focus, hint, icon_button, title};
use crate::job::GuidanceMode;
use eframe::egui;
use egui::{
    Align, Align2, Area, Button, CornerRadius, CursorIcon, Frame, Id, Label, Layout, Margin, Rect,
    RichText, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo, vec2,
};

/// Width of the panel.
const WIDTH: f32 = 430.0;
/// Height of a row.
const ROW: f32 = 68.0;
/// Most of the window's height that the lists take.
const LISTS: f32 = 0.6;
/// Side of the buttons of a row.
const SIDE: f32 = 24.0;

/// Draws the panel while it is open.
pub fn queue_ui(ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    if !cx.state.queue.open {
        return;
    }
    let place = vec2(
        super::RAIL_WIDTH + space::M,
        -super::STATUS_HEIGHT - space::S,
    );
    Area::new(Id::unique("queue"))
        .anchor(Align2::LEFT_BOTTOM, place)
        .order(egui::Order::Middle)
        .show(ctx, |ui| {
            Frame::new()
                .fill(cx.tokens.panel)
                .stroke(Stroke::new(1.0, cx.tokens.card_border))
                .corner_radius(CornerRadius::same(CARD_RADIUS))
                .shadow(theme::shadow(cx.tokens))
                .inner_margin(Margin::same(space::L as i8))
                .show(ui, |ui| {
                    ui.set_width(WIDTH);
                    head_ui(ui, cx, actions);
                    ui.add_space(space::XS);
                    let most = ctx.viewport_rect().height() * LISTS;
                    ScrollArea::vertical()
                        .max_height(most)
                        // The panel has the height it had before; what it shows may need more at once.
                        .min_scrolled_height(most)
                        .show(ui, |ui| {
                            follow_focus(ui);
                            lists_ui(ui, cx, actions);
                        });
                });
        });
}

fn head_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        title(ui, &cx.tr("queue-title"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icon_button(ui, Icon::Close, &cx.tr("queue-close"), SIDE).clicked() {
                actions.push(Action::Queue(QueueAction::Open(false)));
            }
            for command in [Command::CancelAll, Command::HoldQueue] {
                let action = command.action(cx.state);
                let label = match command {
                    Command::HoldQueue if cx.state.queue.held => "queue-continue",
                    _ => command.label(),
                };
                let button = Button::new(RichText::new(cx.tr(label)).size(13.0));
                let response = ui
                    .add_enabled(action.is_some(), button)
                    .on_hover_text(cx.tr(command.tip()))
                    .on_disabled_hover_text(cx.tr("queue-nothing"));
                if response.clicked() {
                    actions.extend(action);
                }
            }
        });
    });
}

fn lists_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    ui.set_width(WIDTH);
    ui.spacing_mut().item_spacing.y = space::XS;
    let waiting = cx.state.runs_in_queue();
    let over = cx.state.runs_over();
    if waiting.is_empty() {
        hint(ui, cx.tokens, cx.tr("queue-empty"));
    }
    if cx.state.queue.held {
        hint(ui, cx.tokens, cx.tr("queue-held"));
    }
    let last = waiting.len().saturating_sub(1);
    for (place, run) in waiting.iter().enumerate() {
        row_ui(ui, cx, run, Some((place, last)), actions);
    }
    if !over.is_empty() {
        ui.add_space(space::XS);
        hint(ui, cx.tokens, cx.tr("queue-over"));
        for run in over {
            row_ui(ui, cx, run, None, actions);
        }
    }
}

/// One run: handle, question, modes and state, buttons. `place` is where it stands among those with
/// work left, and the last such place.
fn row_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    run: &Run,
    place: Option<(usize, usize)>,
    actions: &mut Vec<Action>,
) {
    let size = vec2(ui.available_width(), ROW);
    let (rect, row) = ui.allocate_exact_size(size, Sense::click());
    let shown = cx
        .state
        .run
        .as_ref()
        .is_some_and(|other| other.id == run.id);
    let name = cx.text("queue-row", &[("question", run.question().into())]);
    row.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, shown, &name));
    ground(ui, cx, rect, shown, &row);
    let builder = UiBuilder::new()
        .max_rect(rect.shrink2(vec2(space::S, space::XS)))
        .layout(Layout::left_to_right(Align::Center))
        .id_salt(("queue-row", run.id.0));
    let mut inner = ui.new_child(builder);
    let waits = !run.columns.iter().any(Column::is_drawing);
    if place.is_some() {
        handle_ui(&mut inner, cx, run.id, waits);
    }
    inner.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        buttons_ui(ui, cx, run, place, waits, actions);
        ui.with_layout(Layout::top_down(Align::Min), |ui| words_ui(ui, cx, run));
    });
    if let (Some((place, _)), Some(moved)) = (place, row.dnd_release_payload::<RunId>()) {
        actions.push(Action::Queue(QueueAction::Move(*moved, place)));
    }
    if row.clicked() {
        actions.push(Action::Queue(QueueAction::Show(run.id)));
    }
    row.on_hover_text(cx.tr("queue-row-tip"));
}

/// What a row stands on: the run that is shown, one under the pointer, one a run may be dropped on.
fn ground(ui: &Ui, cx: &Cx<'_>, rect: Rect, shown: bool, row: &egui::Response) {
    let fill = match (shown, row.hovered() || row.has_focus()) {
        (true, _) => cx.tokens.accent_soft,
        (false, true) => cx.tokens.control,
        (false, false) => cx.tokens.card,
    };
    let radius = CornerRadius::same(10);
    ui.painter().rect_filled(rect, radius, fill);
    if row.dnd_hover_payload::<RunId>().is_some() {
        let line = Rect::from_min_size(rect.left_top(), vec2(rect.width(), 3.0));
        ui.painter()
            .rect_filled(line, CornerRadius::same(2), cx.tokens.accent);
    }
}

/// Six dots to drag a run by; what is at work has its place.
fn handle_ui(ui: &mut Ui, cx: &Cx<'_>, run: RunId, waits: bool) {
    let (rect, handle) = ui.allocate_exact_size(vec2(14.0, 28.0), Sense::drag());
    let colour = if waits {
        cx.tokens.text_weak
    } else {
        cx.tokens.accent
    };
    if waits {
        for (x, y) in [
            (-3.0, -7.0),
            (3.0, -7.0),
            (-3.0, 0.0),
            (3.0, 0.0),
            (-3.0, 7.0),
            (3.0, 7.0),
        ] {
            let at = rect.center() + vec2(x, y);
            ui.painter().circle_filled(at, 1.4, colour);
        }
        handle.dnd_set_drag_payload(run);
        handle
            .on_hover_cursor(CursorIcon::Grab)
            .on_hover_text(cx.tr("queue-drag-tip"));
    } else {
        ui.painter().circle_filled(rect.center(), 4.0, colour);
    }
}

fn words_ui(ui: &mut Ui, cx: &Cx<'_>, run: &Run) {
    ui.spacing_mut().item_spacing.y = 2.0;
    // Lines of text, not of controls.
    ui.spacing_mut().interact_size.y = 15.0;
    ui.add_space(1.0);
    ui.add(Label::new(RichText::new(run.question()).size(13.5)).truncate());
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for mode in modes_of(run) {
            let (dot, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
            ui.painter()
                .circle_filled(dot.center(), 3.5, mode_colour(cx, mode));
            hint(ui, cx.tokens, cx.tr(mode_texts(mode).0));
        }
    });
    let (text, fraction) = state_of(cx, run);
    let weak = RichText::new(text).small().color(cx.tokens.text_weak);
    ui.add(Label::new(weak).truncate());
    if let Some(fraction) = fraction {
        fill_line(ui, cx.tokens, fraction);
    }
}

fn modes_of(run: &Run) -> Vec<GuidanceMode> {
    let has = |mode: &GuidanceMode| run.columns.iter().any(|c| c.request.mode == *mode);
    GuidanceMode::ALL.into_iter().filter(has).collect()
}

/// Where a run stands, in words, and how far it is while it is at work.
fn state_of(cx: &Cx<'_>, run: &Run) -> (String, Option<f32>) {
    let phases = || run.columns.iter().map(|column| &column.phase);
    let running = phases().find_map(|phase| match phase {
        Phase::Running(progress) => Some(progress),
        _ => None,
    });
    if let Some(progress) = running {
        let mut words = vec![stage_text(cx, progress)];
        words.extend(time_left(cx, progress));
        return (words.join("  ·  "), Some(progress.fraction()));
    }
    let cut_off = run
        .columns
        .iter()
        .find(|column| matches!(column.phase, Phase::Interrupted { .. }));
    if let Some(column) = cut_off {
        return (interrupted_text(cx, column), None);
    }
    if run.is_active() {
        return (cx.tr("queue-waiting").into_owned(), None);
    }
    let failed = phases().find_map(|phase| match phase {
        Phase::Failed(problem) => Some(problem),
        _ => None,
    });
    let text = match failed {
        Some(problem) => cx.text(
            "queue-failed",
            &[("why", cx.message(problem).into_owned().into())],
        ),
        None if phases().any(|phase| matches!(phase, Phase::Cancelled)) => {
            cx.tr("answer-cancelled").into_owned()
        }
        None => cx.tr("queue-done").into_owned(),
    };
    (text, None)
}

/// How far a column was when the program ended.
pub fn interrupted_text(cx: &Cx<'_>, column: &Column) -> String {
    let (step, steps) = (column.track.len(), column.request.steps);
    cx.text(
        "answer-interrupted",
        &[("step", step.into()), ("steps", steps.into())],
    )
}

/// Moves, cancels, or draws again. From the right.
fn buttons_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    run: &Run,
    place: Option<(usize, usize)>,
    waits: bool,
    actions: &mut Vec<Action>,
) {
    let mut button = |ui: &mut Ui, icon, label: &'static str, action| {
        let name = cx.text(label, &[("question", run.question().into())]);
        if icon_button(ui, icon, &name, SIDE).clicked() {
            actions.push(Action::Queue(action));
        }
    };
    match place {
        Some((place, last)) => {
            button(ui, Icon::Close, "queue-cancel", QueueAction::Cancel(run.id));
            if waits && place < last {
                let down = QueueAction::Move(run.id, place + 1);
                button(ui, Icon::Down, "queue-down", down);
            }
            if waits && place > 0 {
                let up = QueueAction::Move(run.id, place - 1);
                button(ui, Icon::Up, "queue-up", up);
            }
        }
        None => {
            let shown = cx
                .state
                .run
                .as_ref()
                .is_some_and(|other| other.id == run.id);
            if !shown {
                let dismiss = QueueAction::Dismiss(run.id);
                button(ui, Icon::Close, "queue-dismiss", dismiss);
            }
            if run.columns.iter().any(Column::can_be_retried) {
                button(ui, Icon::Again, "queue-retry", QueueAction::Retry(run.id));
            }
        }
    }
}
