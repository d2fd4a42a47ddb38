//! What is evaluated: data, bundle, modes, numbers, folders; what that means; and the way to start.

use super::{Cx, act, pick, time_left, trouble_ui};
use crate::app::panels::ask::mode_texts;
use crate::app::state::{Action, DraftProblem, EvaluateAction, EvaluationDraft};
use crate::app::theme::space;
use crate::app::widgets::{
    Choice, card, follow_focus, hint, line_field, number_row, primary_button, quiet_line, title,
    toggles,
};
use crate::job::{BundleSource, Expected, FolderUse, GuidanceMode, paper_settings};
use eframe::egui;
use egui::{Align, Button, ComboBox, Label, Layout, RichText, ScrollArea, Ui, vec2};
use std::path::PathBuf;

/// Height of the foot with the start.
const FOOT: f32 = 118.0;
/// What it grows by for a problem with what to do and the file.
const TROUBLE: f32 = 44.0;

/// Text fields while they are typed in; the state hears of them when they are left.
#[derive(Default)]
pub struct FormPanel {
    fields: [Field; 6],
}

#[derive(Default)]
struct Field {
    text: String,
    shown: String,
}

/// What a field is about.
#[derive(Clone, Copy)]
struct FieldTexts {
    label: &'static str,
    tip: &'static str,
    /// What stands there while it is empty.
    empty: &'static str,
}

impl FormPanel {
    /// Draws the form.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let mut draft = cx.state.evaluate.draft.clone();
        let work = cx
            .state
            .evaluate
            .outlook
            .as_ref()
            .map(|outlook| &outlook.work);
        let trouble = if matches!(work, Some(Err(_))) {
            TROUBLE
        } else {
            0.0
        };
        let height = ui.available_height() - FOOT - trouble;
        let cards = ScrollArea::vertical()
            .id_salt("evaluate-form")
            .max_height(height)
            .auto_shrink([false, false])
            .show(ui, |ui| {
                follow_focus(ui);
                let width = ui.available_width();
                ui.set_width(width);
                ui.spacing_mut().item_spacing.y = space::S;
                card(ui, cx.tokens, |ui| {
                    self.data_ui(ui, cx, &mut draft, actions)
                });
                card(ui, cx.tokens, |ui| self.numbers_ui(ui, cx, &mut draft));
                card(ui, cx.tokens, |ui| {
                    self.places_ui(ui, cx, &mut draft, actions)
                });
                width
            });
        if draft != cx.state.evaluate.draft {
            actions.push(act(EvaluateAction::Edit(Box::new(draft))));
        }
        ui.add_space(space::S);
        start_ui(ui, cx, cards.inner, actions);
    }

    fn data_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        draft: &mut EvaluationDraft,
        actions: &mut Vec<Action>,
    ) {
        ui.set_width(ui.available_width());
        title(ui, &cx.tr("evaluate-what"));
        let texts = FieldTexts {
            label: "evaluate-data",
            tip: "evaluate-data-tip",
            empty: "evaluate-data-hint",
        };
        let button = Some(FolderUse::EvaluatedData);
        self.folder_ui(ui, cx, 0, texts, &mut draft.dataset, button, actions);
        ui.horizontal(|ui| {
            ui.label(cx.tr("evaluate-split"))
                .on_hover_text(cx.tr("evaluate-split-tip"));
            let known = cx.state.evaluate.outlook.as_ref();
            let mut splits = known.map(|known| known.splits.clone()).unwrap_or_default();
            if !splits.contains(&draft.split) {
                splits.push(draft.split.clone());
            }
            let splits = splits.into_iter().map(|split| (split.clone(), split));
            let label = cx.tr("evaluate-split");
            combo(
                ui,
                &label,
                &mut draft.split,
                &splits.collect::<Vec<_>>(),
                110.0,
            );
        });
        bundle_ui(ui, cx, draft);
        ui.label(cx.tr("evaluate-modes"))
            .on_hover_text(cx.tr("evaluate-modes-tip"));
        let choices = GuidanceMode::ALL.map(|mode| {
            let (name, tip) = mode_texts(mode);
            Choice::new(mode, cx.tr(name), cx.tr(tip))
        });
        let width = ui.available_width();
        if let Some(mode) = toggles(ui, cx.tokens, width, &draft.modes, &choices) {
            let taken = |other: &GuidanceMode| draft.modes.contains(other) != (*other == mode);
            draft.modes = GuidanceMode::ALL.into_iter().filter(taken).collect();
        }
    }

    fn numbers_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, draft: &mut EvaluationDraft) {
        ui.set_width(ui.available_width());
        title(ui, &cx.tr("evaluate-how"));
        let paper = draft.as_paper();
        if paper == *draft {
            hint(ui, cx.tokens, cx.tr("evaluate-as-paper"));
        } else if quiet_line(ui, cx.tokens, &cx.tr("evaluate-to-paper"))
            .on_hover_text(cx.tr("evaluate-to-paper-tip"))
            .clicked()
        {
            *draft = paper;
        }
        for (index, label, tip, empty, value) in [
            (
                1,
                "evaluate-seeds",
                "evaluate-seeds-tip",
                "evaluate-seeds-hint",
                &mut draft.seeds,
            ),
            (
                2,
                "evaluate-limit",
                "evaluate-limit-tip",
                "evaluate-limit-hint",
                &mut draft.limit,
            ),
        ] {
            let texts = FieldTexts { label, tip, empty };
            let width = ui.available_width();
            self.field_ui(ui, cx, index, texts, value, width);
        }
        let settings = paper_settings();
        let tip = |id, paper: String| cx.text(id, &[("default", paper.into())]);
        let label = cx.tr("settings-steps");
        let about = tip("evaluate-steps-tip", settings.steps.to_string());
        number_row(
            ui,
            cx.tokens,
            &label,
            &about,
            &mut draft.steps,
            10..=100,
            1..=1000,
            0,
        );
        for (label, about, value, paper, usual) in [
            (
                "settings-guidance",
                "evaluate-guidance-tip",
                &mut draft.guidance_scale,
                settings.guidance_scale,
                1.0..=15.0,
            ),
            (
                "settings-image-guidance",
                "evaluate-image-guidance-tip",
                &mut draft.image_guidance_scale,
                settings.image_guidance_scale,
                0.5..=3.0,
            ),
        ] {
            let (label, about) = (cx.tr(label), tip(about, paper.to_string()));
            number_row(ui, cx.tokens, &label, &about, value, usual, 0.0..=100.0, 2);
        }
    }

    fn places_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        draft: &mut EvaluationDraft,
        actions: &mut Vec<Action>,
    ) {
        ui.set_width(ui.available_width());
        title(ui, &cx.tr("evaluate-where"));
        let texts = FieldTexts {
            label: "evaluate-output",
            tip: "evaluate-output-tip",
            empty: "evaluate-output-hint",
        };
        let button = Some(FolderUse::EvaluationFolder);
        self.folder_ui(ui, cx, 3, texts, &mut draft.output, button, actions);
        let texts = FieldTexts {
            label: "evaluate-clip",
            tip: "evaluate-clip-tip",
            empty: "evaluate-clip-hint",
        };
        self.folder_ui(
            ui,
            cx,
            4,
            texts,
            &mut draft.clip,
            Some(FolderUse::Clip),
            actions,
        );
        let texts = FieldTexts {
            label: "evaluate-lpips",
            tip: "evaluate-lpips-tip",
            empty: "evaluate-lpips-hint",
        };
        let button = Some(FolderUse::Lpips);
        self.folder_ui(ui, cx, 5, texts, &mut draft.lpips, button, actions);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one row of a form, called by name order"
    )]
    fn folder_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        index: usize,
        texts: FieldTexts,
        path: &mut PathBuf,
        what_for: Option<FolderUse>,
        actions: &mut Vec<Action>,
    ) {
        const BUTTON: f32 = 84.0;
        let mut text = path.display().to_string();
        let before = text.clone();
        ui.label(cx.tr(texts.label)).on_hover_text(cx.tr(texts.tip));
        ui.horizontal(|ui| {
            let width = ui.available_width() - BUTTON - space::S;
            self.input_ui(ui, cx, index, texts, &mut text, width);
            let label = cx.text(
                "evaluate-choose-label",
                &[("what", cx.tr(texts.label).as_ref().into())],
            );
            let button = Button::new(cx.tr("evaluate-choose")).min_size(vec2(BUTTON, 30.0));
            let button = ui.add(button).on_hover_text(&label);
            if button.accessible_name(label).clicked()
                && let Some(what_for) = what_for
            {
                actions.push(pick(what_for));
            }
        });
        if text != before {
            *path = PathBuf::from(text.trim().trim_matches('"'));
        }
    }

    fn field_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        index: usize,
        texts: FieldTexts,
        value: &mut String,
        width: f32,
    ) {
        ui.label(cx.tr(texts.label)).on_hover_text(cx.tr(texts.tip));
        self.input_ui(ui, cx, index, texts, value, width);
    }

    fn input_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        index: usize,
        texts: FieldTexts,
        value: &mut String,
        width: f32,
    ) {
        let Some(field) = self.fields.get_mut(index) else {
            return;
        };
        if field.shown != *value {
            field.shown.clone_from(value);
            field.text.clone_from(value);
        }
        let (label, empty) = (cx.tr(texts.label), cx.tr(texts.empty));
        let input = line_field(ui, cx.tokens, &label, &empty, &mut field.text, width);
        let input = input.on_hover_text(cx.tr(texts.tip));
        if input.lost_focus() && field.text != *value {
            value.clone_from(&field.text);
            field.shown.clone_from(&field.text);
        }
    }
}

fn bundle_ui(ui: &mut Ui, cx: &Cx<'_>, draft: &mut EvaluationDraft) {
    ui.horizontal(|ui| {
        ui.label(cx.tr("evaluate-bundle"))
            .on_hover_text(cx.tr("evaluate-bundle-tip"));
        let bundles = cx.state.library.bundles.iter().flatten();
        let named = bundles.filter_map(|entry| {
            let name = entry.name.as_ref().ok()?;
            Some((Some(entry.source.clone()), name.clone()))
        });
        let in_use = (None, cx.tr("evaluate-bundle-in-use").into_owned());
        let choices: Vec<(Option<BundleSource>, String)> =
            std::iter::once(in_use).chain(named).collect();
        let label = cx.tr("evaluate-bundle");
        combo(ui, &label, &mut draft.bundle, &choices, 190.0);
    });
}

/// A small list of choices; its name is heard, its value is seen.
fn combo<T: Clone + PartialEq>(
    ui: &mut Ui,
    name: &str,
    value: &mut T,
    choices: &[(T, String)],
    width: f32,
) {
    let selected = choices.iter().find(|(choice, _)| choice == value);
    let text = selected.map(|(_, text)| text.clone()).unwrap_or_default();
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let combo = ComboBox::from_id_salt(("evaluate", name)).selected_text(text);
        let shown = combo.width(width).show_ui(ui, |ui| {
            for (choice, text) in choices {
                ui.selectable_value(value, choice.clone(), text);
            }
        });
        shown.response.accessible_name(name).on_hover_text(name);
    });
}

/// What there is to do, and the button that does it, as wide as the cards above.
fn start_ui(ui: &mut Ui, cx: &Cx<'_>, width: f32, actions: &mut Vec<Action>) {
    let evaluate = &cx.state.evaluate;
    let wanted = cx.state.evaluation_wanted();
    let work = evaluate.outlook.as_ref().map(|outlook| &outlook.work);
    let blocked = match (&wanted, work) {
        (Err(problem), _) => Some(cx.tr(missing(*problem)).into_owned()),
        (Ok(_), _) if evaluate.going.is_some() => Some(cx.tr("evaluate-busy").into_owned()),
        (Ok(_), Some(Err(problem))) => Some(cx.message(problem).into_owned()),
        (Ok(_), _) => None,
    };
    match (&wanted, work) {
        (Err(problem), _) => {
            hint(ui, cx.tokens, cx.tr(missing(*problem)));
        }
        (Ok(_), Some(Err(problem))) => {
            ScrollArea::vertical()
                .id_salt("evaluate-trouble")
                .max_height(FOOT + TROUBLE - 52.0)
                .show(ui, |ui| trouble_ui(ui, cx, problem));
        }
        (Ok(_), Some(Ok(work))) => expected_ui(ui, cx, work),
        (Ok(_), None) => {
            hint(ui, cx.tokens, cx.tr("evaluate-looking"));
        }
    }
    ui.add_space(space::XS);
    let label = match work {
        Some(Ok(work)) if work.pictures == 0 && work.kept > 0 => "evaluate-judge",
        Some(Ok(work)) if work.kept > 0 => "evaluate-resume",
        _ => "evaluate-start",
    };
    let label = cx.tr(label);
    let size = vec2(width, 36.0);
    let start = primary_button(ui, cx.tokens, &label, "", size, blocked.is_none());
    let start = start
        .accessible_name(label.as_ref())
        .on_hover_text(cx.tr("evaluate-start-tip"))
        .on_disabled_hover_text(blocked.unwrap_or_default());
    if start.clicked() {
        actions.push(act(EvaluateAction::Start));
    }
}

fn missing(problem: DraftProblem) -> &'static str {
    match problem {
        DraftProblem::NoData => "evaluate-no-data",
        DraftProblem::NoMode => "evaluate-no-mode",
        DraftProblem::Seeds => "evaluate-bad-seeds",
        DraftProblem::Limit => "evaluate-bad-limit",
        DraftProblem::NoFolder => "evaluate-no-folder",
    }
}

/// Pictures and time.
fn expected_ui(ui: &mut Ui, cx: &Cx<'_>, work: &Expected) {
    let mut words = cx.text(
        "evaluate-expected",
        &[
            ("samples", work.samples.into()),
            ("pictures", work.pictures.into()),
        ],
    );
    if work.kept > 0 {
        words += " ";
        words += &cx.text("evaluate-kept", &[("count", work.kept.into())]);
    }
    let steps = work.pictures * cx.state.evaluate.draft.steps;
    if steps > 0 {
        words += " ";
        words += &match cx.state.seconds_for_steps(steps) {
            Some(seconds) => {
                let left = time_left(cx, seconds);
                cx.text("evaluate-forecast", &[("time", left.into())])
            }
            None => cx.tr("evaluate-no-forecast").into_owned(),
        };
    }
    if !work.skipped.is_empty() {
        words += " ";
        words += &cx.text("evaluate-unusable", &[("count", work.skipped.len().into())]);
    }
    let reasons = work.skipped.iter().take(20);
    let reasons: Vec<String> = reasons
        .map(|skipped| cx.reason(&skipped.name, &skipped.reason))
        .collect();
    let words = RichText::new(words).size(13.0).color(cx.tokens.text_weak);
    let label = ui.add(Label::new(words).wrap());
    if !reasons.is_empty() {
        label.on_hover_text(reasons.join("\n"));
    }
}
