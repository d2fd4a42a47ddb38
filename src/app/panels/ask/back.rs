//! Asking a finished picture back: a line below the answer with what the bundle's own model says
//! about the picture, and a small form with the check question.

use super::Cx;
use super::columns::mode_texts;
use super::progress::stage_text;
use crate::app::state::{Action, BundleState, Column, Explain, Inquiry, Topic};
use crate::app::theme::space;
use crate::app::widgets::{composed, field_frame, hint};
use crate::job::{Check, CheckKind, Judgement, Verdict};
use eframe::egui;
use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{
    Button, CornerRadius, Frame, Id, Label, Margin, PopupCloseBehavior, RichText, TextEdit, Ui,
    WidgetInfo,
};

/// Height of the line.
pub const HEIGHT: f32 = 28.0;

/// The check question as it is being written.
#[derive(Default)]
pub struct BackPanel {
    question: String,
    /// What it was made of.
    of: Option<(CheckKind, String, Option<String>)>,
}

impl BackPanel {
    /// Draws the line of a finished column.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        column: &Column,
        index: usize,
        actions: &mut Vec<Action>,
    ) {
        let kind = match &cx.state.bundle {
            BundleState::Ready(summary) => summary.check,
            BundleState::Loading | BundleState::Failed(_) => None,
        };
        ui.horizontal(|ui| {
            ui.set_min_height(HEIGHT - space::XS);
            match column.explained.inquiry(Topic::Check) {
                Inquiry::Running(_, progress) => {
                    let words = match progress.cancelling {
                        true => cx.tr("stage-cancelling").into_owned(),
                        false => {
                            cx.text("back-asking", &[("stage", stage_text(cx, progress).into())])
                        }
                    };
                    let stop = Button::new(cx.tr("command-cancel")).small();
                    if ui.add_enabled(!progress.cancelling, stop).clicked() {
                        actions.push(Action::Explain(Explain::Stop(index, Topic::Check)));
                    }
                    hint(ui, cx.tokens, words);
                    return;
                }
                Inquiry::Failed(problem) => {
                    self.menu_ui(ui, cx, kind, column, index, actions);
                    let line = RichText::new(cx.message(problem))
                        .small()
                        .color(cx.tokens.error);
                    ui.add(Label::new(line).truncate())
                        .on_hover_text(cx.problem(problem));
                    return;
                }
                Inquiry::Cancelled | Inquiry::Idle => {}
            }
            if let Some(check) = &column.explained.check {
                verdict_ui(ui, cx, check);
            }
            self.menu_ui(ui, cx, kind, column, index, actions);
        });
    }

    /// The button that opens the form, and the form.
    fn menu_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        kind: Option<CheckKind>,
        column: &Column,
        index: usize,
        actions: &mut Vec<Action>,
    ) {
        let asked = column.explained.check.is_some();
        let text = match asked {
            true => cx.tr("back-again"),
            false => cx.tr("back-ask"),
        };
        let words = text.to_string();
        let text = RichText::new(text).size(13.5).color(cx.tokens.accent);
        let Some(kind) = kind else {
            let button = Button::new(text).frame_when_inactive(false);
            ui.add_enabled(false, button)
                .on_disabled_hover_text(cx.tr("back-no-model"));
            return;
        };
        let answer = column.answer.as_ref().map(|answer| answer.text.clone());
        let made_of = (kind, column.request.question.clone(), answer);
        if self.of.as_ref() != Some(&made_of) {
            self.question = kind.question(&made_of.1, made_of.2.as_deref());
            self.of = Some(made_of);
        }
        let button = Button::new(text).frame_when_inactive(false);
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let (response, _) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
            self.form_ui(ui, cx, kind, column, index, actions);
        });
        // Beside others each says whose it is.
        let several = cx.state.run.as_ref();
        if several.is_some_and(|run| run.columns.len() > 1) {
            let (mode, _) = mode_texts(column.request.mode);
            let values = [
                ("words", words.into()),
                ("mode", cx.tr(mode).as_ref().into()),
            ];
            response
                .clone()
                .accessible_name(cx.text("back-of", &values));
        }
        response.on_hover_text(cx.tr("back-ask-tip"));
    }

    fn form_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        kind: CheckKind,
        column: &Column,
        index: usize,
        actions: &mut Vec<Action>,
    ) {
        ui.set_width(340.0);
        ui.spacing_mut().item_spacing.y = space::S;
        let name = cx.tr("back-question");
        ui.label(RichText::new(name.as_ref()).strong());
        let id = Id::unique(("back", index));
        let focused = ui.memory(|memory| memory.has_focus(id));
        composed(ui, id, usize::MAX, &mut self.question, |ui, text, _| {
            let field = TextEdit::multiline(text)
                .id(id)
                .desired_rows(2)
                .desired_width(f32::INFINITY)
                .frame(field_frame(cx.tokens, focused));
            ui.add(field).accessible_name(name);
        });
        let about = match kind {
            CheckKind::YesNo => "back-yes-no",
            CheckKind::SameQuestion => "back-same",
        };
        hint(ui, cx.tokens, cx.tr(about));
        ui.horizontal(|ui| {
            let question = self.question.trim();
            let ask = ui.add_enabled(!question.is_empty(), Button::new(cx.tr("back-go")));
            let ask = ask.on_disabled_hover_text(cx.tr("back-empty"));
            if ask.clicked() {
                let ask = Explain::Check(index, question.to_owned());
                actions.push(Action::Explain(ask));
                ui.close();
            }
            let answer = column.answer.as_ref().map(|answer| answer.text.as_str());
            let usual = kind.question(&column.request.question, answer);
            let reset = ui.add_enabled(self.question != usual, Button::new(cx.tr("back-usual")));
            if reset.on_hover_text(cx.tr("back-usual-tip")).clicked() {
                self.question = usual;
            }
        });
    }
}

/// Yes or no with its score, and who says so.
fn verdict_ui(ui: &mut Ui, cx: &Cx<'_>, check: &Check) {
    let score = check.judgement.score();
    let tokens = cx.tokens;
    let (word, sure, colours) = match check.judgement.verdict() {
        Verdict::Yes => (
            "back-yes",
            score,
            (tokens.on_accent_soft, tokens.accent_soft),
        ),
        Verdict::No => (
            "back-no",
            1.0 - score,
            (tokens.warning, tokens.warning_soft),
        ),
        Verdict::Open => ("back-open", score, (tokens.text_weak, tokens.well)),
    };
    let percent = format!("{:.0}", 100.0 * sure);
    let text = cx.text(word, &[("percent", percent.into())]);
    let label = cx.clauses(&text, &cx.tr("back-judged"));
    let pill = Frame::new()
        .fill(colours.1)
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::symmetric(8, 2))
        .show(ui, |ui| {
            ui.label(RichText::new(&text).small().strong().color(colours.0))
        });
    pill.inner
        .widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &label));
    let tip = tip(cx, check);
    pill.response.on_hover_text(&tip);
    let judged = RichText::new(cx.tr("back-judged")).small();
    let judged = Label::new(judged.color(cx.tokens.text_weak)).truncate();
    ui.add(judged).on_hover_text(tip);
}

/// The question, the numbers behind the score, and what they are worth.
fn tip(cx: &Cx<'_>, check: &Check) -> String {
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let numbers = match check.judgement {
        Judgement::YesNo { yes, said } => {
            let values = [("yes", percent(yes).into()), ("said", percent(said).into())];
            let mut line = cx.text("back-yes-no-numbers", &values);
            if check.judgement.verdict() == Verdict::Open {
                line = format!("{line}\n{}", cx.tr("back-hardly"));
            }
            line
        }
        Judgement::SameQuestion { before, after } => {
            let values = [
                ("before", percent(before).into()),
                ("after", percent(after).into()),
            ];
            let mut line = cx.text("back-same-numbers", &values);
            if check.judgement.verdict() == Verdict::Open {
                line = format!("{line}\n{}", cx.tr("back-open-tip"));
            }
            line
        }
    };
    let asked = cx.text(
        "back-asked",
        &[("question", check.question.as_str().into())],
    );
    let says = cx.text("back-says", &[("answer", check.says.as_str().into())]);
    format!("{asked}\n{says}\n{numbers}\n{}", cx.tr("back-judged-tip"))
}
