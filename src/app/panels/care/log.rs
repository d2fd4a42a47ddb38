//! The Log page: every line of two weeks, of which only those on screen are drawn. Reading and
//! searching happen on another thread.

use super::Cx;
use crate::app::panels::ask::{message_next_ui, message_ui};
use crate::app::panels::when::to_the_second;
use crate::app::state::{Action, CareAction};
use crate::app::theme::{CONTROL_RADIUS, space};
use crate::app::widgets::{Choice, field_frame, hint, main_pane, segmented, tick, words_in};
use crate::job::Problem;
use crate::job::logs::{LogLevel, LogLine, LogQuery, LogShown};
use eframe::egui;
use egui::{
    Align, Button, CornerRadius, Frame, Id, Label, Layout, Margin, Rect, RichText, ScrollArea,
    Sense, TextEdit, Ui, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;
use std::time::Duration;

/// Height of a line.
const ROW: f32 = 24.0;
/// Widths of day and time, of the level, and of the thread.
const COLUMNS: [f32; 3] = [168.0, 84.0, 104.0];
/// Lines that are copied at once, the newest; a clipboard is no place for more.
const COPIED: usize = 2000;
/// Height of the chosen line in full.
const CHOSEN: f32 = 150.0;

/// The view state of the page.
#[derive(Default)]
pub struct LogPage {
    /// The line that is shown in full.
    chosen: Option<Arc<LogLine>>,
}

impl LogPage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let log = &cx.state.care.log;
        if log.followed {
            ui.ctx().request_repaint_after(Duration::from_secs(1));
            if log.is_due(cx.state.now) {
                actions.push(CareAction::LookAgain.into());
            }
        }
        main_pane(space::M).show(ui, |ui| match &log.shown {
            Some(Err(problem)) => unreadable_ui(ui, cx, problem, actions),
            Some(Ok(shown)) if shown.known == 0 => {
                let room = ui.available_rect_before_wrap();
                let (heading, words) = (cx.tr("log-empty"), cx.tr("log-empty-hint"));
                message_ui(ui, cx, room, &cx.art.mouse, &heading, &words);
            }
            Some(Ok(shown)) => {
                toolbar_ui(ui, cx, shown, actions);
                ui.add_space(space::M);
                self.lines_ui(ui, cx, shown, actions);
            }
            None => {
                hint(ui, cx.tokens, cx.tr("log-reading"));
            }
        });
    }

    fn lines_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, shown: &LogShown, actions: &mut Vec<Action>) {
        if shown.lines.is_empty() {
            let room = ui.available_rect_before_wrap();
            let (heading, hint) = (cx.tr("log-nothing"), cx.tr("log-nothing-hint"));
            let words = (heading.as_ref(), hint.as_ref());
            if message_next_ui(ui, cx, room, &cx.art.mouse, words, &cx.tr("log-clear")) {
                actions.push(CareAction::Search(LogQuery::default()).into());
            }
            return;
        }
        let below = if self.chosen.is_some() {
            CHOSEN + space::M
        } else {
            0.0
        };
        let list = Frame::new()
            .fill(cx.tokens.card)
            .corner_radius(CornerRadius::same(CONTROL_RADIUS))
            .inner_margin(Margin::same(6));
        list.show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ScrollArea::vertical()
                .id_salt("log")
                .auto_shrink(false)
                .max_height(ui.available_height() - below - 12.0)
                .stick_to_bottom(cx.state.care.log.followed)
                .show_rows(ui, ROW, shown.lines.len(), |ui, rows| {
                    for line in shown.lines.get(rows).unwrap_or_default() {
                        let chosen = self.chosen.as_ref() == Some(line);
                        if line_ui(ui, cx, line, chosen) {
                            self.chosen = (!chosen).then(|| line.clone());
                        }
                    }
                });
        });
        if let Some(line) = self.chosen.clone() {
            ui.add_space(space::M);
            self.chosen_ui(ui, cx, &line);
        }
    }

    /// A line with all its words, to be read and copied.
    fn chosen_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, line: &LogLine) {
        let card = Frame::new()
            .fill(cx.tokens.card)
            .corner_radius(CornerRadius::same(CONTROL_RADIUS))
            .inner_margin(Margin::same(space::M as i8));
        card.show(ui, |ui| {
            ui.set_height(CHOSEN - 2.0 * space::M);
            ui.horizontal(|ui| {
                let place = format!("{}  ·  {}", line.target, line.process);
                hint(ui, cx.tokens, place).on_hover_text(cx.tr("log-place-tip"));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if ui.button(cx.tr("log-close-line")).clicked() {
                        self.chosen = None;
                    }
                    if ui.button(cx.tr("log-copy-line")).clicked() {
                        ui.ctx().copy_text(line.to_string());
                    }
                });
            });
            ScrollArea::vertical()
                .id_salt("log-line")
                .auto_shrink(false)
                .show(ui, |ui| {
                    let words = RichText::new(&line.text).monospace();
                    ui.add(Label::new(words).wrap().selectable(true));
                });
        });
    }
}

/// Why there is no log, and the one thing to do about it.
fn unreadable_ui(ui: &mut Ui, cx: &Cx<'_>, problem: &Problem, actions: &mut Vec<Action>) {
    let room = ui.available_rect_before_wrap();
    let (heading, why) = (cx.tr("log-unreadable"), cx.problem(problem));
    let (words, next) = ((heading.as_ref(), why.as_str()), cx.tr("log-again"));
    if message_next_ui(ui, cx, room, &cx.art.sad_cat, words, &next) {
        actions.push(CareAction::LookAgain.into());
    }
}

fn toolbar_ui(ui: &mut Ui, cx: &Cx<'_>, shown: &LogShown, actions: &mut Vec<Action>) {
    let log = &cx.state.care.log;
    let mut query = log.query.clone();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let levels = LogLevel::ALL.map(|level| {
            let (label, tip) = match level {
                LogLevel::Info => ("log-all", "log-all-tip"),
                LogLevel::Warning => ("log-warnings", "log-warnings-tip"),
                LogLevel::Error => ("log-errors", "log-errors-tip"),
            };
            Choice::new(level, cx.tr(label), cx.tr(tip))
        });
        segmented(ui, cx.tokens, 300.0, &mut query.least, &levels);
        let id = Id::unique("log-search");
        let focused = ui.memory(|memory| memory.has_focus(id));
        let field = TextEdit::singleline(&mut query.words)
            .id(id)
            .hint_text(cx.tr("log-search-hint"))
            .desired_width(200.0)
            .frame(field_frame(cx.tokens, focused));
        ui.add(field).accessible_name(cx.tr("log-search"));
        let mut followed = log.followed;
        tick(ui, cx.tokens, &mut followed, cx.tr("log-follow"))
            .on_hover_text(cx.tr("log-follow-tip"));
        if followed != log.followed {
            actions.push(CareAction::Follow(followed).into());
        }
        let copy = ui.add_enabled(!shown.lines.is_empty(), Button::new(cx.tr("log-copy")));
        if copy.on_hover_text(cx.tr("log-copy-tip")).clicked() {
            ui.ctx().copy_text(newest(shown));
        }
        if cx.state.care.places.is_some() {
            let open = ui.button(cx.tr("log-folder"));
            if open.on_hover_text(cx.tr("log-folder-tip")).clicked() {
                actions.push(CareAction::OpenLogs.into());
            }
        }
        let values = [
            ("shown", shown.lines.len().into()),
            ("count", shown.known.into()),
        ];
        hint(ui, cx.tokens, cx.text("log-count", &values));
    });
    if query != log.query {
        actions.push(CareAction::Search(query).into());
    }
}

/// The newest lines as one text.
fn newest(shown: &LogShown) -> String {
    let from = shown.lines.len().saturating_sub(COPIED);
    let lines = shown.lines.get(from..).unwrap_or_default().iter();
    let lines: Vec<String> = lines.map(|line| line.to_string()).collect();
    lines.join("\n")
}

/// One line; true when it is clicked.
fn line_ui(ui: &mut Ui, cx: &Cx<'_>, line: &LogLine, chosen: bool) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    if !ui.is_rect_visible(rect) {
        return false;
    }
    let tokens = cx.tokens;
    let fill = match (chosen, response.hovered() || response.has_focus()) {
        (true, _) => Some(tokens.accent_soft),
        (false, true) => Some(tokens.control),
        _ => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, CornerRadius::same(5), fill);
    }
    let (level, colour) = match line.level {
        LogLevel::Info => ("log-level-info", tokens.text_weak),
        LogLevel::Warning => ("log-level-warning", tokens.warning),
        LogLevel::Error => ("log-level-error", tokens.error),
    };
    let time = to_the_second(cx.texts, &line.at);
    let level = cx.tr(level);
    let mut left = rect.left() + 6.0;
    let mut cell = |width: f32, words: &str, colour| {
        let place = Rect::from_min_size(pos2(left, rect.top() + 4.0), vec2(width - 8.0, ROW));
        words_in(ui, place, words, 12.5, 1, colour);
        left += width;
    };
    cell(COLUMNS[0], &time, tokens.text_weak);
    cell(COLUMNS[1], &level, colour);
    cell(COLUMNS[2], &line.thread, tokens.text_weak);
    let rest = (rect.width() - COLUMNS.iter().sum::<f32>() - 6.0).max(40.0);
    let words = if line.level == LogLevel::Info {
        tokens.text
    } else {
        colour
    };
    cell(rest, line.first(), words);
    let label = format!("{time} {level} {}", line.first());
    let button = egui::Role::Button;
    response.widget_info(|| WidgetInfo::selected(button, true, chosen, &label));
    response.clicked()
}
