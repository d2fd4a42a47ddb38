//! The window: state, actions, effects, panels, widgets, theme; the only user of egui.
//!
//! The order of a frame is here and nowhere else: `logic` drains what the jobs reported; `ui`
//! reads keys and draws, both of which only collect actions; then the actions are applied to the
//! state; then their effects are performed.

mod appearance;
mod catalogue;
mod command;
mod desktop;
mod door;
mod drawing;
mod effects;
mod event_log;
mod examples;
mod fonts;
mod frame_times;
mod language;
mod panels;
mod saving;
mod settings;
mod start;
mod state;
mod texts;
mod theme;
mod widgets;
mod window;

pub use door::Door;
pub use frame_times::{FrameTimes, TimeSummary};
pub use language::{Language, LanguageChoice};
pub use settings::{
    ModelSettings, MotionChoice, SavedFrame, Session, Settings, ThemeChoice, WindowPlace,
};
pub use start::AppConfig;
pub use state::{
    Action, AppState, AxisDraft, Ballot, BundleState, Care, CareAction, CategoryChoice, Change,
    Check, Column, Conference, ConferenceAction, CoverState, Dataset, DatasetAction, DatasetMemory,
    Dialog, Download, DownloadState, DraftProblem, Ended, Evaluate, EvaluateAction, Evaluating,
    EvaluationDraft, Exchange, Explain, Explained, Exporting, Filter, Form, Found, GalleryAction,
    GridAction, GridDraft, Guide, GuideAction, HealthAction, HubAction, ImportAction, ImportPlan,
    ImportStep, Importing, Inquiry, LastEnd, Library, LibraryAction, Likeness, NoticeKind, Offer,
    OfferChoice, OpenFolder, OpenPoll, OpenStrip, Page, PairFilter, PairOrder, PairView, Parting,
    Phase, Picked, QueueAction, Recall, Run, Saving, Scene, Shelved, ShownEvaluation, Stake, Stop,
    StoryAction, StripAction, StripBlocked, Tally, TargetAction, ThumbState, Times, Topic, Train,
    TrainAction, TrainBlocked, TrainDraft, Trial, View, VoteAction, VoteDraft, Voting, Work,
    WorkKind,
};
pub use texts::Texts;
pub use theme::{Theme, Tokens};
pub use widgets::look;
pub use window::{APP_ID, Options, WindowError, run};

use desktop::Desktop;
use eframe::egui;
use panels::{
    AskPage, ConferencePage, DatasetPage, EvaluatePage, GalleryPage, HelpPage, LogPage, ModelsPage,
    Notices, Palette, TrainPage, VotePage,
};
use saving::Written;
use state::Effect;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;
use widgets::{Art, FocusRing, Pictures};

use crate::job::care::{CareTask, StartMark};
use crate::job::{JobEvent, Jobs, Places};

/// The program behind the window.
pub struct LgdApp {
    state: AppState,
    jobs: Jobs,
    texts: Texts,
    theme: Theme,
    art: Art,
    pictures: RefCell<Pictures>,
    look: RefCell<look::LookPainter>,
    ask: AskPage,
    conference: ConferencePage,
    gallery: GalleryPage,
    dataset: DatasetPage,
    models: ModelsPage,
    evaluate: EvaluatePage,
    vote: VotePage,
    train: TrainPage,
    log: LogPage,
    help: HelpPage,
    spots: RefCell<panels::Spots>,
    notices: Notices,
    palette: Palette,
    places: Option<Places>,
    locale: Option<String>,
    applied: Option<(ThemeChoice, f32, bool)>,
    desktop: Desktop,
    ring: FocusRing,
    full_screen: bool,
    changed: Option<Instant>,
    mark: Option<Arc<StartMark>>,
    opened: bool,
    written: Written,
    times: FrameTimes,
    /// When work on this frame began.
    frame_begun: Instant,
}

impl LgdApp {
    /// The state, to look at.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Work on the UI thread per frame so far.
    pub fn times(&self) -> &FrameTimes {
        &self.times
    }

    /// Pictures uploaded so far.
    pub fn uploads(&self) -> usize {
        self.pictures.borrow().uploads()
    }

    /// Does what a person would have asked for.
    pub fn act(&mut self, action: Action) {
        let effects = self.state.apply(action);
        self.perform(effects);
        self.changed.get_or_insert_with(Instant::now);
    }

    /// Takes in an event as if a job had reported it.
    pub fn receive(&mut self, event: JobEvent) {
        let effects = self.state.on_event(event);
        self.perform(effects);
        self.changed.get_or_insert_with(Instant::now);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Some(action) = effects::perform(effect, &mut self.jobs, &self.texts) {
                let more = self.state.apply(action);
                self.perform(more);
            }
        }
    }

    fn drain_events(&mut self) {
        let mut any = false;
        while let Some(event) = self.jobs.try_event() {
            event_log::log(&event);
            let effects = self.state.on_event(event);
            self.perform(effects);
            any = true;
        }
        for preview in self.jobs.take_previews() {
            self.state.on_preview(preview);
        }
        self.state.on_spans(self.jobs.take_spans());
        self.state.on_library_news(self.jobs.take_library_news());
        self.state.on_training_news(self.jobs.take_training_news());
        self.state.on_dataset_news(self.jobs.take_dataset_news());
        self.state.on_making(self.jobs.take_making());
        if let Some((job, progress)) = self.jobs.take_loading() {
            self.state.on_loading(job, progress);
        }
        if any {
            self.changed.get_or_insert_with(Instant::now);
        }
    }
}

impl eframe::App for LgdApp {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.frame_begun = Instant::now();
        self.state.begin_frame(ctx.input(|input| input.time));
        self.drain_events();
        if !self.opened && !matches!(self.state.bundle, BundleState::Loading) {
            self.opened = true;
            if let Some(mark) = &self.mark {
                self.jobs.care(CareTask::Opened(mark.clone()));
            }
        }
        self.meet_desktop(ctx);
        self.save_when_due(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        widgets::watch_composing(&ctx);
        let mut actions = if self.state.conference.is_some() {
            panels::conference_keys(&ctx)
        } else {
            let mut actions = panels::dropped(&ctx, &self.state);
            actions.extend(panels::tour_keys(&ctx, &self.state));
            actions.extend(command::from_keys(&ctx, &self.state));
            actions
        };
        self.draw(ui, &mut actions);
        if ctx.input(|input| input.pointer.any_released()) {
            actions.push(Action::Settle);
        }
        actions.extend(self.place_changes(&ctx));
        for action in actions {
            self.act(action);
            ctx.request_repaint();
        }
        self.apply_look(&ctx);
        if self.state.quitting {
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        self.times.push(self.frame_begun.elapsed());
    }

    fn on_exit(&mut self) {
        self.save();
        if let Some(mark) = &self.mark {
            mark.end();
        }
        let times = self.times.summary();
        tracing::debug!(?times, "work on the UI thread per frame");
    }
}
