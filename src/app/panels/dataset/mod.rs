//! The Dataset page: the pairs of an opened folder as cards or rows, or two pictures compared; what is
//! written about the pair under the cursor on the right.

mod cards;
mod health;
mod opening;
mod pair;
mod rows;
mod sketch;
mod strip;
mod toolbar;
mod warnings;
mod words;

use super::Cx;
use super::ask::{compare_ui, failed_ui, message_above, message_ui};
use crate::app::command;
use crate::app::state::{Action, AppState, DatasetAction, OpenFolder, PairView, StripAction};
use crate::app::theme::space;
use crate::app::widgets::look::LookState;
use crate::app::widgets::{Wheel, in_view, main_pane, right_pane};
use eframe::egui;
use egui::{Key, Modifiers, Rect, Ui, WidgetInfo, vec2};

/// The view states of the page.
#[derive(Default)]
pub struct DatasetPage {
    opening: opening::OpeningPanel,
    cards: cards::CardsPanel,
    rows: rows::RowsPanel,
    pair: pair::PairPanel,
    toolbar: toolbar::Toolbar,
    strip: strip::StripPanel,
    look: LookState,
    /// The cursor of the last frame: where it has moved since, it is brought into view.
    cursor: Option<usize>,
    /// Whether something had the focus in the last frame: an Escape that leaves a field leaves nothing
    /// else.
    focused: bool,
}

impl DatasetPage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let dataset = &cx.state.dataset;
        if let Some(path) = &dataset.opening {
            let room = ui.available_rect_before_wrap();
            let label = cx.text(
                "dataset-opening",
                &[("path", path.display().to_string().into())],
            );
            waiting_ui(ui, room, &label);
            return;
        }
        let Some(open) = &dataset.open else {
            self.opening.ui(ui, cx, actions);
            return;
        };
        let width = ui.available_width();
        right_pane(
            "dataset-right",
            (width * 0.32).clamp(360.0, 520.0),
            space::M,
        )
        .show(ui, |ui| self.pair.ui(ui, cx, open, actions));
        main_pane(space::M).show(ui, |ui| {
            self.toolbar.ui(ui, cx, open, actions);
            warnings::warnings_ui(ui, cx, open, actions);
            ui.add_space(space::S);
            if open.health.shown && !dataset.looking {
                health::health_ui(ui, cx, open, actions);
                return;
            }
            self.list_ui(ui, cx, open, actions);
        });
        self.focused = ui.memory(|memory| memory.focused().is_some());
    }

    fn list_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, actions: &mut Vec<Action>) {
        self.keys(ui.ctx(), cx, open, actions);
        if cx.state.dataset.looking {
            self.looking_ui(ui, cx, open, actions);
            return;
        }
        if let Some(strip) = &cx.state.dataset.strip {
            self.strip.ui(ui, cx, (open, strip), actions);
            return;
        }
        if open.shown.is_empty() {
            let room = ui.available_rect_before_wrap();
            let (heading, hint) = if open.folder.pairs.is_empty() {
                (cx.tr("dataset-no-pairs"), cx.tr("dataset-no-pairs-hint"))
            } else {
                (cx.tr("dataset-nothing"), cx.tr("dataset-nothing-hint"))
            };
            message_ui(ui, cx, room, &cx.art.mouse, &heading, &hint);
            return;
        }
        if self.cursor != open.cursor {
            self.cursor = open.cursor;
            self.cards.follow();
            self.rows.follow();
        }
        match cx.state.dataset.memory.view {
            PairView::Cards => self.cards.ui(ui, cx, open, actions),
            PairView::Rows => self.rows.ui(ui, cx, open, actions),
        }
    }

    fn keys(&self, ctx: &egui::Context, cx: &Cx<'_>, open: &OpenFolder, actions: &mut Vec<Action>) {
        let looking = cx.state.dataset.looking;
        let free = cx.state.dialog.is_none() && ctx.memory(|memory| memory.focused().is_none());
        let pressed = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let left = free && !self.focused;
        let picking = cx.state.dataset.strip.is_some() && !looking;
        if picking {
            if free {
                actions.extend(strip::moves(ctx));
            }
            if left && pressed(Key::Escape) {
                actions.push(StripAction::Show(false).into());
            }
            return;
        }
        if free && open.cursor.is_some() && !looking && pressed(Key::Enter) {
            actions.push(DatasetAction::Look(true).into());
        }
        if left && looking && pressed(Key::Escape) {
            actions.push(DatasetAction::Look(false).into());
        }
        // While two pictures are compared the arrows move the view.
        if !looking {
            actions.extend(command::arrows(ctx, cx.state, self.cards.per_row()));
        }
    }

    fn looking_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        open: &OpenFolder,
        actions: &mut Vec<Action>,
    ) {
        let room = ui.available_rect_before_wrap();
        match open
            .pictures
            .as_ref()
            .filter(|(of, _)| Some(*of) == open.cursor)
        {
            Some((_, Ok(pictures))) => {
                let (before, after) = (cx.tr("dataset-before"), cx.tr("dataset-after"));
                let sides = [(&pictures.before, &*before), (&pictures.after, &*after)];
                compare_ui(ui, cx, &mut self.look, sides, actions);
            }
            Some((_, Err(problem))) => failed_ui(ui, cx, room, problem),
            None => waiting_ui(ui, room, &cx.tr("dataset-decoding")),
        }
    }
}

fn waiting_ui(ui: &mut Ui, room: Rect, label: &str) {
    let place = Rect::from_center_size(in_view(ui, room).center(), vec2(28.0, 28.0));
    Wheel::new().paint_at(ui, place);
    let response = ui.interact(room, ui.scope_id().with("waiting"), egui::Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Status, true, label));
}

/// The actions of files dropped onto the page: a data set that is opened, or while a new pair is
/// picked, frames for it.
pub fn dropped(ctx: &egui::Context, state: &AppState) -> Vec<Action> {
    let files = ctx.input_mut(|input| std::mem::take(&mut input.raw.dropped_files));
    let paths = files.into_iter().map(|file| file.path().to_owned());
    let mut paths: Vec<_> = paths.filter(|path| path.is_absolute()).collect();
    if state.dataset.strip.is_some() {
        let any = !paths.is_empty();
        return any
            .then(|| StripAction::Take(paths).into())
            .into_iter()
            .collect();
    }
    let path = paths.pop();
    path.map(|path| DatasetAction::Open(path).into())
        .into_iter()
        .collect()
}
