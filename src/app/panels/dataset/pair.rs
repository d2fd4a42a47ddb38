//! The pair under the cursor: its pictures, and everything that is written about it, edited in place.

use super::{Cx, failed_ui, message_ui, waiting_ui, words};
use crate::app::command::{Command, PairCommand};
use crate::app::state::{Action, DatasetAction, OpenFolder, Saving};
use crate::app::theme::{CARD_RADIUS, space};
use crate::app::widgets::{
    Slot, badge, card, composed, field_frame, fit, follow_focus, hint, paint_picture,
};
use crate::job::BundleSource;
use crate::job::datasets::{CATEGORIES, Field, Pair, Proposal, Verdict};
use eframe::egui;
use egui::{
    Button, CornerRadius, Id, Rect, RichText, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, pos2,
    vec2,
};
use serde_json::{Value, json};

/// Which wish to write into a field was heard last, and the tokens of the question.
#[derive(Default)]
pub struct PairPanel {
    heard: u64,
    counted: Counted,
}

/// The tokens of a question, counted once and not in every frame.
#[derive(Default)]
struct Counted {
    question: String,
    of: BundleSource,
    tokens: Option<(usize, usize)>,
}

impl Counted {
    /// Tokens of the question and the most that the model reads, once a model is loaded.
    fn of(&mut self, cx: &Cx<'_>, question: &str) -> Option<(usize, usize)> {
        let bundle = &cx.state.bundle_source;
        if self.tokens.is_none() || self.question != question || self.of != *bundle {
            self.tokens = cx.state.tokens_of(question);
            question.clone_into(&mut self.question);
            self.of.clone_from(bundle);
        }
        self.tokens
    }
}

impl PairPanel {
    /// Draws the panel.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, actions: &mut Vec<Action>) {
        card(ui, cx.tokens, |ui| {
            ui.set_min_size(ui.available_size());
            let Some((place, pair)) = open.current() else {
                let room = ui.available_rect_before_wrap();
                let (heading, hint) = (cx.tr("dataset-select"), cx.tr("dataset-select-hint"));
                message_ui(ui, cx, room, &cx.art.mouse, &heading, &hint);
                return;
            };
            ScrollArea::vertical()
                .id_salt("pair")
                .auto_shrink(false)
                .show(ui, |ui| {
                    follow_focus(ui);
                    ui.spacing_mut().item_spacing.y = space::S;
                    head_ui(ui, cx, open, pair);
                    if let Some(reason) = pair.excluded() {
                        super::health::excluded_ui(ui, cx, reason);
                    }
                    if !cx.state.dataset.looking {
                        pictures_ui(ui, cx, open, actions);
                    }
                    self.fields_ui(ui, cx, open, (place, pair), actions);
                    category_ui(ui, cx, open, (place, pair), actions);
                    review_ui(ui, cx, open, pair, actions);
                });
        });
    }

    fn fields_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        open: &OpenFolder,
        (place, pair): (usize, &Pair),
        actions: &mut Vec<Action>,
    ) {
        let (asked, wanted) = cx.state.dataset.writing;
        let fresh = std::mem::replace(&mut self.heard, asked) != asked;
        let chain = pair.chain.join("\n");
        for (field, label, hint_text, text, rows) in [
            (
                Field::Question,
                "dataset-question",
                "dataset-question-hint",
                &pair.question,
                2,
            ),
            (
                Field::Answer,
                "dataset-answer",
                "dataset-answer-hint",
                &pair.answer,
                2,
            ),
            (
                Field::Chain,
                "dataset-chain",
                "dataset-chain-hint",
                &chain,
                3,
            ),
        ] {
            ui.horizontal(|ui| {
                ui.label(RichText::new(cx.tr(label)).strong());
                if field == Field::Question
                    && let Some(tokens) = self.counted.of(cx, text)
                {
                    tokens_ui(ui, cx, tokens);
                }
            });
            let mut draft = text.clone();
            // A field of its own for every pair: its own undo must not bring back another's words.
            let id = Id::unique(("pair-field", place, field.key()));
            let focused = ui.memory(|memory| memory.has_focus(id));
            let response = composed(ui, id, usize::MAX, &mut draft, |ui, text, _| {
                let edit = TextEdit::multiline(text)
                    .id(id)
                    .hint_text(cx.tr(hint_text))
                    .desired_rows(rows)
                    .desired_width(f32::INFINITY)
                    .frame(field_frame(cx.tokens, focused));
                ui.add_enabled(open.is_editable(), edit)
            });
            let response = response.on_disabled_hover_text(cx.tr("dataset-locked"));
            response.clone().accessible_name(cx.tr(label));
            if fresh && wanted == Some(field) {
                response.request_focus();
            }
            if draft != *text {
                let value = value_of(field, &draft);
                actions.push(DatasetAction::Edit(place, field, value).into());
            }
            if response.lost_focus() {
                actions.push(Action::Settle);
            }
            if field == Field::Question {
                super::sketch::sketch_ui(ui, cx, place, actions);
            }
        }
    }
}

/// What is written for a text; a chain that is empty is none.
fn value_of(field: Field, text: &str) -> Option<Value> {
    match field {
        Field::Chain if text.is_empty() => None,
        Field::Chain => Some(json!(text.split('\n').collect::<Vec<_>>())),
        _ => Some(json!(text)),
    }
}

/// Name, split and whether everything is saved.
fn head_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, pair: &Pair) {
    ui.horizontal(|ui| {
        ui.heading(&pair.place.name);
        hint(ui, cx.tokens, &pair.place.split);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let (text, tip) = match &open.saving {
                Saving::Saved => ("dataset-saved", "dataset-saved-tip"),
                Saving::Noted => ("dataset-noted", "dataset-noted-tip"),
                Saving::Failed(_) => ("dataset-not-saved", "dataset-not-saved-tip"),
            };
            hint(ui, cx.tokens, cx.tr(text)).on_hover_text(cx.tr(tip));
            if let Some(at) = open.position() {
                let values = [("at", (at + 1).into()), ("count", open.shown.len().into())];
                hint(ui, cx.tokens, cx.text("dataset-position", &values));
            }
        });
    });
}

fn pictures_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, actions: &mut Vec<Action>) {
    let width = ui.available_width();
    let (well, response) = ui.allocate_exact_size(vec2(width, width * 0.42), Sense::click());
    match open
        .pictures
        .as_ref()
        .filter(|(of, _)| Some(*of) == open.cursor)
    {
        Some((_, Ok(pictures))) => {
            let half = vec2((width - 6.0) / 2.0, well.height());
            let sides = [
                (Slot::PairBefore, &pictures.before, well.left()),
                (Slot::PairAfter, &pictures.after, well.right() - half.x),
            ];
            for (slot, picture, left) in sides {
                let place = Rect::from_min_size(pos2(left, well.top()), half);
                let radius = CornerRadius::same(CARD_RADIUS - 4);
                ui.painter().rect_filled(place, radius, cx.tokens.well);
                let mut pictures = cx.pictures.borrow_mut();
                let Some(texture) = pictures.within_budget(ui.ctx(), slot, picture) else {
                    continue; // two large photographs are not uploaded in one frame
                };
                let size = vec2(picture.width() as f32, picture.height() as f32);
                paint_picture(ui.painter(), &texture, fit(size, place), CARD_RADIUS - 5);
            }
        }
        Some((_, Err(problem))) => failed_ui(ui, cx, well, problem),
        None => waiting_ui(ui, well, &cx.tr("dataset-decoding")),
    }
    let label = cx.tr("dataset-pictures");
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, label.as_ref()));
    let response = response.on_hover_text(cx.tr(Command::Pair(PairCommand::Look).tip()));
    if response.on_hover_cursor(egui::CursorIcon::ZoomIn).clicked() {
        actions.push(DatasetAction::Look(true).into());
    }
}

/// Tokens of the question, as the loaded model counts them, and the most that it reads.
fn tokens_ui(ui: &mut Ui, cx: &Cx<'_>, (count, limit): (usize, usize)) {
    let values = [("count", count.into()), ("limit", limit.into())];
    let text = RichText::new(cx.text("dataset-tokens", &values)).small();
    let colour = match count > limit {
        true => cx.tokens.error,
        false => cx.tokens.text_weak,
    };
    ui.label(text.color(colour))
        .on_hover_text(cx.tr("dataset-tokens-tip"));
}

fn category_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    open: &OpenFolder,
    (place, pair): (usize, &Pair),
    actions: &mut Vec<Action>,
) {
    ui.label(RichText::new(cx.tr("dataset-category")).strong());
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::XS, space::XS);
        for (number, category) in CATEGORIES.iter().enumerate() {
            let taken = pair.category.as_deref() == Some(category);
            let words = words::category(cx, category);
            let key = (number + 1).to_string();
            let button = Button::selectable(taken, words.as_ref())
                .frame_when_inactive(true)
                .right_text(RichText::new(&key).small().weak());
            let response = ui.add_enabled(open.is_editable(), button);
            let response = response.on_disabled_hover_text(cx.tr("dataset-locked"));
            let tip = cx.text("dataset-category-tip", &[("key", key.into())]);
            if response.on_hover_text(tip).clicked() && !taken {
                actions.push(Action::Settle);
                let value = Some(json!(category));
                actions.push(DatasetAction::Edit(place, Field::Category, value).into());
                actions.push(Action::Settle);
            }
        }
    });
    if let Some(proposal) = open.proposal(place) {
        proposal_ui(ui, cx, pair, &proposal, actions);
    }
    let own = |category: &&String| !CATEGORIES.contains(&category.as_str());
    if let Some(category) = pair.category.as_ref().filter(own) {
        let values = [("category", category.as_str().into())];
        hint(ui, cx.tokens, cx.text("dataset-own-category", &values));
    }
}

/// What the assistant would say.
fn proposal_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    pair: &Pair,
    proposal: &Proposal,
    actions: &mut Vec<Action>,
) {
    let percent = (100.0 * proposal.confidence).round() as usize;
    let agrees = pair.category.as_deref() == Some(proposal.category);
    let words = words::category(cx, proposal.category);
    let values = [
        ("category", words.as_ref().into()),
        ("percent", percent.into()),
    ];
    let text = match agrees {
        true => cx.text("dataset-proposal-agrees", &values),
        false => cx.text("dataset-proposal", &values),
    };
    ui.horizontal_wrapped(|ui| {
        hint(ui, cx.tokens, text).on_hover_text(cx.tr("dataset-proposal-tip"));
        let Some(take) = PairCommand::Proposal.action(cx.state) else {
            return;
        };
        let keys = ui.ctx().format_shortcut(&PairCommand::Proposal.shortcut());
        let button = Button::new(cx.tr("dataset-take-proposal"))
            .right_text(RichText::new(keys).small().weak());
        let tip = cx.tr(PairCommand::Proposal.texts().1);
        if ui.add(button).on_hover_text(tip).clicked() {
            actions.extend([Action::Settle, take, Action::Settle]);
        }
    });
}

/// What one thinks of the pair; what others think only after that.
fn review_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, pair: &Pair, actions: &mut Vec<Action>) {
    let me = cx.state.dataset.me();
    let mine = pair.verdict_of(&me);
    ui.horizontal(|ui| {
        ui.label(RichText::new(cx.tr("dataset-review")).strong());
        let (text, tone) = words::review(pair.review_state(&me));
        badge(ui, cx.tokens, tone, &cx.tr(text));
    });
    ui.horizontal(|ui| {
        for (command, verdict) in [
            (PairCommand::Accept, Verdict::Accepted),
            (PairCommand::Reject, Verdict::Rejected),
        ] {
            let (label, tip) = command.texts();
            let keys = ui.ctx().format_shortcut(&command.shortcut());
            let button = Button::selectable(mine == Some(verdict), cx.tr(label))
                .frame_when_inactive(true)
                .right_text(RichText::new(keys).small().weak());
            let response = ui.add_enabled(open.is_editable(), button);
            let response = response.on_disabled_hover_text(cx.tr("dataset-locked"));
            if response.on_hover_text(cx.tr(tip)).clicked() {
                actions.extend(command.action(cx.state));
            }
        }
        let mut name = cx.state.dataset.memory.annotator.clone();
        let id = Id::unique("dataset-annotator");
        let focused = ui.memory(|memory| memory.has_focus(id));
        let response = composed(ui, id, usize::MAX, &mut name, |ui, text, _| {
            let field = TextEdit::singleline(text)
                .id(id)
                .hint_text(cx.tr("dataset-annotator-hint"))
                .desired_width(f32::INFINITY)
                .frame(field_frame(cx.tokens, focused));
            ui.add(field)
        });
        let response = response.on_hover_text(cx.tr("dataset-annotator-tip"));
        response.accessible_name(cx.tr("dataset-annotator"));
        if name != cx.state.dataset.memory.annotator {
            actions.push(DatasetAction::Annotator(name).into());
        }
    });
    let others = pair.reviews.iter().filter(|review| review.annotator != me);
    if mine.is_none() {
        if others.count() > 0 {
            hint(ui, cx.tokens, cx.tr("dataset-others-hidden"));
        }
        return;
    }
    for review in others {
        let id = match review.verdict {
            Verdict::Accepted => "dataset-other-accepted",
            Verdict::Rejected => "dataset-other-rejected",
        };
        let values = [("name", review.annotator.as_str().into())];
        hint(ui, cx.tokens, cx.text(id, &values));
    }
}
