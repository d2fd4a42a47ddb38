//! What is looked for, in which order, and as cards or rows.

use super::{Cx, words};
use crate::app::command::{Command, PairCommand};
use crate::app::state::{
    Action, CategoryChoice, DatasetAction, HealthAction, OpenFolder, PairFilter, PairOrder,
    PairView,
};
use crate::app::theme::space;
use crate::app::widgets::{Choice, combo, field_frame, hint, segmented};
use crate::job::datasets::{CATEGORIES, ReviewState};
use eframe::egui;
use egui::{Align, Button, Id, Layout, TextEdit, Ui};

/// Width of the search field.
const SEARCH: f32 = 180.0;

/// Which wish to write into the search was heard last.
#[derive(Default)]
pub struct Toolbar {
    heard: u64,
}

impl Toolbar {
    /// Draws the bar.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, actions: &mut Vec<Action>) {
        let dataset = &cx.state.dataset;
        head_ui(ui, cx, open, actions);
        // Findings have their own choices, and so have frames.
        if (open.health.shown || dataset.strip.is_some()) && !dataset.looking {
            return;
        }
        let mut filter = dataset.filter.clone();
        let (mut order, mut view) = (dataset.memory.order, dataset.memory.view);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            self.search_ui(ui, cx, &mut filter);
            choices_ui(ui, cx, open, &mut filter);
            let orders =
                PairOrder::ALL.map(|order| (order, cx.tr(words::order(order)).into_owned()));
            combo(
                ui,
                "dataset-order",
                &cx.tr("dataset-order"),
                &mut order,
                &orders,
            );
            if !filter.is_empty() {
                let clear = ui.button(cx.tr("gallery-clear"));
                if clear.on_hover_text(cx.tr("dataset-clear-tip")).clicked() {
                    filter = PairFilter::default();
                }
            }
            let views = [
                Choice::new(
                    PairView::Cards,
                    cx.tr("dataset-cards"),
                    cx.tr("dataset-cards-tip"),
                ),
                Choice::new(
                    PairView::Rows,
                    cx.tr("dataset-rows"),
                    cx.tr("dataset-rows-tip"),
                ),
            ];
            segmented(ui, cx.tokens, 130.0, &mut view, &views);
        });
        if filter != dataset.filter {
            actions.push(DatasetAction::Search(filter).into());
        }
        if order != dataset.memory.order {
            actions.push(DatasetAction::Order(order).into());
        }
        if view != dataset.memory.view {
            actions.push(DatasetAction::View(view).into());
        }
    }

    fn search_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, filter: &mut PairFilter) {
        let id = Id::unique("dataset-search");
        let focused = ui.memory(|memory| memory.has_focus(id));
        let field = TextEdit::singleline(&mut filter.words)
            .id(id)
            .hint_text(cx.tr("dataset-search-hint"))
            .desired_width(SEARCH)
            .frame(field_frame(cx.tokens, focused));
        let response = ui.add(field);
        let (asked, field) = cx.state.dataset.writing;
        if asked != self.heard {
            self.heard = asked;
            if field.is_none() {
                response.request_focus();
            }
        }
        response.accessible_name(cx.tr("dataset-search"));
    }
}

/// Which folder it is, how many pairs are shown, and the way to another one.
fn head_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let path = open.folder.path.display().to_string();
        let name = open.folder.path.file_name();
        let name = name.map_or_else(|| path.clone(), |name| name.to_string_lossy().into_owned());
        ui.heading(name).on_hover_text(&path);
        let (all, shown) = (open.folder.pairs.len(), open.shown.len());
        let count = match shown == all {
            true => cx.text("dataset-count", &[("count", all.into())]),
            false => {
                let values = [("shown", shown.into()), ("count", all.into())];
                cx.text("dataset-count-some", &values)
            }
        };
        hint(ui, cx.tokens, count);
        if !open.folder.unreadable.is_empty() {
            let count = open.folder.unreadable.len();
            let text = cx.text("dataset-unreadable", &[("count", count.into())]);
            let lines = open
                .folder
                .unreadable
                .iter()
                .take(12)
                .map(|record| format!("{} {}: {}", record.split, record.number, record.reason));
            let lines: Vec<_> = lines.collect();
            let warning = ui.colored_label(cx.tokens.warning, text);
            warning.on_hover_text(lines.join("\n"));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = ui.button(cx.tr("dataset-close"));
            if close.on_hover_text(cx.tr("dataset-close-tip")).clicked() {
                actions.push(DatasetAction::Close.into());
            }
            let health = Button::selectable(open.health.shown, cx.tr("health-title"));
            let health = ui.add(health.frame_when_inactive(true));
            if health.on_hover_text(cx.tr("health-title-tip")).clicked() {
                actions.push(HealthAction::Show(!open.health.shown).into());
            }
            let look = Command::Pair(PairCommand::Look);
            let label = match cx.state.dataset.looking {
                true => "dataset-back",
                false => look.label(),
            };
            let keys = look.shortcut().map(|keys| ui.ctx().format_shortcut(&keys));
            let tip = format!("{} ({})", cx.tr(look.tip()), keys.unwrap_or_default());
            let possible = look.action(cx.state);
            let button = ui.add_enabled(possible.is_some(), Button::new(cx.tr(label)));
            let button = button.on_disabled_hover_text(cx.tr("dataset-nothing"));
            if button.on_hover_text(tip).clicked() {
                actions.extend(possible);
            }
            let new = Command::Pair(PairCommand::New);
            let keys = new.shortcut().map(|keys| ui.ctx().format_shortcut(&keys));
            let tip = format!("{} ({})", cx.tr(new.tip()), keys.unwrap_or_default());
            let possible = new.action(cx.state);
            let shown = cx.state.dataset.strip.is_some();
            let button = Button::selectable(shown, cx.tr(new.label())).frame_when_inactive(true);
            let button = ui.add_enabled(possible.is_some(), button);
            let button = button.on_disabled_hover_text(cx.tr("dataset-locked"));
            if button.on_hover_text(tip).clicked() {
                actions.extend(possible);
            }
        });
    });
}

fn choices_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, filter: &mut PairFilter) {
    // One list is no choice.
    if open.folder.splits.len() > 1 {
        let all = (None, cx.tr("dataset-all-splits").into_owned());
        let names = open.folder.splits.iter();
        let names = names.map(|split| (Some(split.name.clone()), split.name.clone()));
        let splits: Vec<_> = std::iter::once(all).chain(names).collect();
        combo(
            ui,
            "dataset-split",
            &cx.tr("dataset-split"),
            &mut filter.split,
            &splits,
        );
    }
    let mut categories = vec![
        (None, cx.tr("dataset-all-categories").into_owned()),
        (
            Some(CategoryChoice::None),
            cx.tr("dataset-no-category").into_owned(),
        ),
    ];
    categories.extend(CATEGORIES.iter().map(|name| {
        let choice = CategoryChoice::Is((*name).to_owned());
        (Some(choice), words::category(cx, name).into_owned())
    }));
    let label = cx.tr("dataset-category");
    combo(
        ui,
        "dataset-category",
        &label,
        &mut filter.category,
        &categories,
    );

    let all = (None, cx.tr("dataset-all-states").into_owned());
    let states =
        ReviewState::ALL.map(|state| (Some(state), cx.tr(words::review(state).0).into_owned()));
    let states: Vec<_> = std::iter::once(all).chain(states).collect();
    combo(
        ui,
        "dataset-state",
        &cx.tr("dataset-state"),
        &mut filter.state,
        &states,
    );

    let answers = [
        (None, cx.tr("dataset-any-answer").into_owned()),
        (Some(true), cx.tr("dataset-with-answer").into_owned()),
        (Some(false), cx.tr("dataset-without-answer").into_owned()),
    ];
    combo(
        ui,
        "dataset-answer",
        &cx.tr("dataset-answered"),
        &mut filter.answered,
        &answers,
    );
}
