//! The question: what happens if …

use super::Cx;
use crate::app::command::Command;
use crate::app::examples;
use crate::app::state::{Action, Blocked, Form, Stop};
use crate::app::theme::space;
use crate::app::widgets::{
    Icon, card, composed, field_frame, follow_focus, hint, icon_button, primary_button, quiet_line,
    title,
};
use crate::job::FrameOrigin;
use eframe::egui;
use egui::{
    Align, Event, Id, Key, KeyboardShortcut, Layout, Modifiers, RichText, ScrollArea, TextEdit, Ui,
    vec2,
};

/// Least room in which suggested questions are shown, in points: their title and one of them.
const LEAST_SUGGESTIONS: f32 = 40.0;

/// Where the person is in the history of questions.
#[derive(Default)]
pub struct QuestionPanel {
    /// Place in the history, counted from its end; none while they write something new.
    back: Option<usize>,
    /// What was written before they went back.
    unsent: String,
    /// Whether the cursor was in the first and in the last line when last seen.
    at_edges: (bool, bool),
}

/// Id of the field, so that the rest of the page can ask about its focus.
pub fn field_id() -> Id {
    Id::unique("question")
}

impl QuestionPanel {
    /// Draws the panel; it takes the rest of the height.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, form: &mut Form, actions: &mut Vec<Action>) {
        card(ui, cx.tokens, |ui| {
            ui.set_min_height(ui.available_height());
            ui.set_max_height(ui.available_height());
            ui.horizontal(|ui| {
                title(ui, &cx.tr("question-title"));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| tokens_ui(ui, cx));
            });
            if self.field_ui(ui, cx, form) | second_ui(ui, cx, form) {
                actions.push(Action::Generate);
            }
            generate_ui(ui, cx, actions);
            suggestions_ui(ui, cx, form);
        });
    }

    /// The field; true when Enter asks for an answer.
    fn field_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, form: &mut Form) -> bool {
        let id = field_id();
        let mut asked = false;
        let focused = ui.memory(|memory| memory.has_focus(id));
        if self.shown(cx) != Some(&form.request.question) {
            // Edited since, or replaced: the history starts from its end again.
            self.back = None;
        }
        if focused {
            asked = take_plain_key(ui, Key::Enter);
            if self.at_edges.0 && take_plain_key(ui, Key::ArrowUp) {
                self.go_back(cx, form);
            } else if self.at_edges.1 && self.back.is_some() && take_plain_key(ui, Key::ArrowDown) {
                self.go_forward(cx, form);
            }
        }
        let output = ScrollArea::vertical()
            .id_salt("question-scroll")
            .max_height(86.0)
            .show(ui, |ui| {
                let text = &mut form.request.question;
                composed(ui, id, usize::MAX, text, |ui, text, _| {
                    TextEdit::multiline(text)
                        .id(id)
                        .hint_text(cx.tr("question-hint"))
                        .desired_rows(2)
                        .desired_width(f32::INFINITY)
                        .frame(field_frame(cx.tokens, focused))
                        .return_key(KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter))
                        .show(ui)
                })
            })
            .inner;
        if let Some(cursor) = output.cursor_range {
            let row = output.galley.layout_from_cursor(cursor.primary).row;
            self.at_edges = (row == 0, row + 1 >= output.galley.rows.len());
        }
        cx.spot(Stop::Question, output.response.response.rect);
        output
            .response
            .response
            .accessible_name(cx.tr("question-field"));
        asked
    }

    /// The question of the history that is shown.
    fn shown<'a>(&self, cx: &Cx<'a>) -> Option<&'a String> {
        let history = &cx.state.history;
        history
            .len()
            .checked_sub(self.back?.checked_add(1)?)
            .and_then(|index| history.get(index))
    }

    fn go_back(&mut self, cx: &Cx<'_>, form: &mut Form) {
        let history = &cx.state.history;
        let next = self.back.map_or(0, |back| back + 1);
        let Some(question) = next
            .checked_add(1)
            .and_then(|back| history.len().checked_sub(back))
            .and_then(|index| history.get(index))
        else {
            return;
        };
        if self.back.is_none() {
            self.unsent.clone_from(&form.request.question);
        }
        self.back = Some(next);
        form.request.question.clone_from(question);
    }

    fn go_forward(&mut self, cx: &Cx<'_>, form: &mut Form) {
        match self.back {
            Some(back) if back > 0 => {
                let history = &cx.state.history;
                if let Some(question) = history
                    .len()
                    .checked_sub(back)
                    .and_then(|index| history.get(index))
                {
                    form.request.question.clone_from(question);
                }
                self.back = Some(back - 1);
            }
            Some(_) => {
                form.request.question = std::mem::take(&mut self.unsent);
                self.back = None;
            }
            None => {}
        }
    }
}

/// The second question, or the way to it; true when Enter in it asks for the answers.
fn second_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form) -> bool {
    let id = Id::unique("second-question");
    let Some(second) = &mut form.second else {
        ui.spacing_mut().button_padding = vec2(6.0, 3.0);
        let line = quiet_line(ui, cx.tokens, &cx.tr("question-two"));
        if line.on_hover_text(cx.tr("question-two-tip")).clicked() {
            let known = suggested(cx).iter();
            let mut others = known.filter(|question| **question != form.request.question);
            form.second = Some(others.next().cloned().unwrap_or_default());
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        return false;
    };
    let focused = ui.memory(|memory| memory.has_focus(id));
    let asked = focused && take_plain_key(ui, Key::Enter);
    let mut closed = false;
    ui.horizontal(|ui| {
        let room = ui.available_width() - 28.0 - ui.spacing().item_spacing.x;
        let response = composed(ui, id, usize::MAX, second, |ui, text, _| {
            let field = TextEdit::singleline(text)
                .id(id)
                .hint_text(cx.tr("question-second-hint"))
                .desired_width(room)
                .frame(field_frame(cx.tokens, focused));
            ui.add_sized(vec2(room, 30.0), field)
        });
        let response = response.on_hover_text(cx.tr("question-two-tip"));
        response.accessible_name(cx.tr("question-second"));
        closed = icon_button(ui, Icon::Close, &cx.tr("question-one"), 28.0).clicked();
    });
    if closed {
        form.second = None;
    }
    asked
}

/// Removes a key press without modifiers from the input; whether there was one.
fn take_plain_key(ui: &Ui, wanted: Key) -> bool {
    ui.input_mut(|input| {
        let place = input.events.iter().position(|event| {
            matches!(event, Event::Key { key, pressed: true, modifiers, .. }
                if *key == wanted && modifiers.is_none())
        });
        place.map(|place| input.events.remove(place)).is_some()
    })
}

fn tokens_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(limit) = cx.state.token_limit() else {
        return;
    };
    let (text, colour) = match cx.state.question_tokens {
        Some(count) => {
            let over = count > limit;
            let values = [("count", count.into()), ("limit", limit.into())];
            if over {
                (cx.text("question-tokens-over", &values), cx.tokens.warning)
            } else {
                (cx.text("question-tokens", &values), cx.tokens.text_weak)
            }
        }
        None => (
            cx.text("question-tokens-limit", &[("limit", limit.into())]),
            cx.tokens.text_weak,
        ),
    };
    ui.label(RichText::new(text).small().color(colour))
        .on_hover_text(cx.text("question-tokens-tip", &[("limit", limit.into())]));
}

/// The button this page is about, and Cancel beside it while an answer is drawn. What is asked then
/// waits for its turn.
fn generate_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    /// Height of the buttons.
    const HEIGHT: f32 = 42.0;
    /// Width of Cancel.
    const CANCEL: f32 = 116.0;
    let keys = |ui: &Ui, command: Command| {
        let keys = command.shortcut();
        keys.map(|keys| ui.ctx().format_shortcut(&keys))
            .unwrap_or_default()
    };
    ui.horizontal(|ui| {
        let running = cx.state.is_running();
        let mut width = ui.available_width();
        if running {
            width -= CANCEL + ui.spacing().item_spacing.x;
        }
        let (label, tip) = if cx.state.is_busy() {
            ("command-queue-up", "command-queue-up-tip")
        } else {
            (Command::Generate.label(), Command::Generate.tip())
        };
        let blocked = cx.state.generate_blocked();
        let (label, size) = (cx.tr(label), vec2(width, HEIGHT));
        let enter = keys(ui, Command::Generate);
        let draw = primary_button(ui, cx.tokens, &label, &enter, size, blocked.is_none())
            .accessible_name(label)
            .on_hover_text(cx.tr(tip))
            .on_disabled_hover_text(blocked.map(|why| reason(cx, &why)).unwrap_or_default());
        cx.spot(Stop::Draw, draw.rect);
        if draw.clicked() {
            actions.push(Action::Generate);
        }
        if running {
            let label = cx.tr(Command::Cancel.label());
            let button = egui::Button::new(RichText::new(label.as_ref()).size(14.5))
                .right_text(RichText::new(keys(ui, Command::Cancel)).small().weak())
                .corner_radius(egui::CornerRadius::same(10))
                .min_size(vec2(CANCEL, HEIGHT));
            let cancel = ui
                .add(button)
                .accessible_name(label)
                .on_hover_text(cx.tr(Command::Cancel.tip()));
            if cancel.clicked() {
                actions.push(Action::Cancel);
            }
        }
    });
}

/// Why Generate is not possible, in words.
pub fn reason(cx: &Cx<'_>, blocked: &Blocked) -> String {
    match blocked {
        Blocked::NoFrame => cx.tr("blocked-no-frame").into_owned(),
        Blocked::Opening => cx.tr("blocked-opening").into_owned(),
        Blocked::NoQuestion => cx.tr("blocked-no-question").into_owned(),
        Blocked::ModeMissing(reason) => cx.words(reason).into_owned(),
        Blocked::Request(problem) => cx.words(&problem.to_string()).into_owned(),
        Blocked::SecondQuestion => cx.tr("blocked-second-question").into_owned(),
        Blocked::Axis => cx.tr("blocked-axis").into_owned(),
        Blocked::Grid(problem) => cx.words(&problem.to_string()).into_owned(),
    }
}

/// The questions that suit the frame.
fn suggested(cx: &Cx<'_>) -> &'static [String] {
    match cx.state.frame.frame.as_ref().map(|frame| &frame.origin) {
        Some(FrameOrigin::Example(file)) => examples::questions(file),
        _ => &[],
    }
}

fn suggestions_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form) {
    let questions = suggested(cx);
    ui.add_space(space::XS);
    if questions.is_empty() {
        hint(ui, cx.tokens, cx.tr("question-again"));
        return;
    }
    // In a low window there is no room for them, and what cannot be seen may not take the focus.
    if ui.available_height() < LEAST_SUGGESTIONS {
        return;
    }
    hint(ui, cx.tokens, cx.tr("question-suggestions"));
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.spacing_mut().button_padding = vec2(6.0, 3.0);
    ScrollArea::vertical()
        .id_salt("suggestions")
        .min_scrolled_height(0.0)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            follow_focus(ui);
            for question in questions {
                if *question == form.request.question {
                    continue;
                }
                if quiet_line(ui, cx.tokens, question).clicked() {
                    form.request.question.clone_from(question);
                    ui.memory_mut(|memory| memory.request_focus(field_id()));
                }
            }
        });
}
