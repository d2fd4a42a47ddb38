//! The window: state, actions, effects, panels, widgets, theme; the only user of egui.
//!
//! The order of a frame is here and nowhere else: `logic` drains what the jobs reported; `ui`
//! reads keys and draws, both of which only collect actions; then the actions are applied to the
//! state; then their effects are performed.

mod care_command;
mod command;
mod desktop;
mod door;
mod effects;
mod examples;
mod fonts;
mod frame_times;
mod language;
mod pair_command;
mod panels;
mod settings;
mod state;
mod texts;
mod theme;
mod vote_command;
mod widgets;
mod window;

pub use door::Door;
pub use frame_times::{FrameTimes, TimeSummary};
pub use language::{Language, LanguageChoice};
pub use settings::{
    ModelSettings, MotionChoice, SavedFrame, Session, Settings, ThemeChoice, WindowPlace,
};
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
use eframe::{egui, egui_wgpu};
use egui::{
    CentralPanel, Frame, Margin, Panel, Rect, ScrollArea, ThemePreference, UiBuilder, vec2,
};
use panels::{
    AskPage, ConferencePage, Cx, DatasetPage, EvaluatePage, GalleryPage, HelpPage, LogPage,
    ModelsPage, Notices, Palette, TrainPage, VotePage,
};
use settings::{read_session, read_settings, to_text};
use state::Effect;
use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use theme::space;
use widgets::{Art, FocusRing, Pictures, follow_focus_in};

use crate::job::care::{CareTask, Past, StartMark, note};
use crate::job::hub::TokenSource;
use crate::job::{
    BundleSource, DeviceChoice, FileTask, FilmSource, JobEvent, Jobs, JobsConfig, Places, Problem,
    Resources, Sabotage, TrainingTask,
};

/// How long changes wait before they are written.
const SAVE_AFTER: Duration = Duration::from_millis(800);

/// Room that every page needs, in points.
const LEAST_ROOM: egui::Vec2 = vec2(1240.0, 700.0);

/// What a window starts with.
#[derive(Clone, Debug, Default)]
pub struct AppConfig {
    /// Files to open in place of the last frame: runs, and the first picture.
    pub files: Vec<PathBuf>,
    /// Whether the desktop has no way to drop files here.
    pub no_drop: bool,
    /// The bundle that answers; without, the one that was chosen last.
    pub bundle: Option<BundleSource>,
    /// The Hugging Face cache; without, it is not looked into.
    pub hub_cache: Option<PathBuf>,
    /// Where a token for the hub was found; without, the settings may have one.
    pub hub_token: Option<TokenSource>,
    /// What networks may use, in place of the settings.
    pub resources: Resources,
    /// Where settings and session are; without, nothing is remembered.
    pub places: Option<Places>,
    /// Language and region of the system, such as `zh-CN`; English without.
    pub locale: Option<String>,
    /// Makes rolled seeds differ from start to start.
    pub dice: u64,
    /// Recordings to begin conference mode with at once.
    pub conference: Option<FilmSource>,
    /// What training runs are started with; without, this program itself.
    pub program: Option<PathBuf>,
    /// Failures that a soak test asks for.
    pub sabotage: Sabotage,
    /// Safe mode: usual settings, the embedded model on the processor, and nothing of the person's is
    /// read or written.
    pub safe: bool,
    /// What is known of earlier starts.
    pub past: Past,
    /// The mark of this start, to be taken away at its end.
    pub mark: Option<Arc<StartMark>>,
    /// Whether nobody was here before.
    pub first_run: bool,
}

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
}

/// The files as they are on disk.
#[derive(Default)]
struct Written {
    settings: Option<String>,
    session: Option<String>,
}

impl LgdApp {
    /// Reads settings and session, starts the jobs and asks for the bundle and the frame.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(cc: &eframe::CreationContext<'_>, config: AppConfig) -> std::io::Result<Self> {
        let mut app = Self::open(&cc.egui_ctx, cc.wgpu_render_state.as_ref(), config)?;
        app.join_desktop(cc);
        Ok(app)
    }

    /// The same where the window is there already.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn open(
        ctx: &egui::Context,
        render: Option<&egui_wgpu::RenderState>,
        mut config: AppConfig,
    ) -> std::io::Result<Self> {
        let theme = Theme::load();
        theme.install(ctx);
        fonts::install(ctx);
        if let Some(render) = render {
            let info = render.adapter.get_info();
            note("graphics", format!("{} ({:?})", info.name, info.backend));
        }
        // What belongs to the person; in safe mode it is as if there was nothing.
        let own = config.places.clone().filter(|_| !config.safe);
        let mut settings = read_settings(own.as_ref().map(Places::settings_file).as_deref());
        let session = read_session(own.as_ref().map(Places::session_file).as_deref());
        if config.safe {
            // Safe, but in words that can be read.
            settings.value.language = peek_language(config.places.as_ref());
            config.bundle = None;
            config.hub_cache = None;
            config.resources = Resources {
                device: DeviceChoice::Cpu,
                ..Resources::default()
            };
        }
        let last = session.value.frame.clone();
        let welcomed = session.value.welcomed;
        let language = settings.value.language.language(config.locale.as_deref());
        let chosen = settings.value.models.source();
        let bundle = config.bundle.unwrap_or(chosen);
        let mut state = AppState::new(settings.value, session.value, bundle, config.dice);
        state.resources = config.resources.or(state.settings.resources());
        state.keeps_runs = own.is_some();
        state.care.safe = config.safe;
        state.care.places = config.places.clone();
        state.care.program = config.program.clone();
        state.library.hub_cache = config.hub_cache;
        state.library.hub.token_found = config.hub_token;
        state.library.import.shelf = own.as_ref().map(Places::bundles);
        state.gallery.cache = own.as_ref().map(|places| places.cache.clone());
        state.evaluate.home = own.as_ref().map(|p| p.data.join("evaluations"));
        state.evaluate.clip = own.as_ref().map(|p| p.data.join("clip"));
        state.evaluate.lpips = own.as_ref().map(|p| p.data.join("lpips"));
        state.drops_files = !config.no_drop;
        if let Some(aside) = settings.set_aside {
            state.notify(NoticeKind::SettingsBroken(aside));
        }
        if let Some(aside) = session.set_aside {
            state.notify(NoticeKind::SessionBroken(aside));
        }
        let wake = ctx.clone();
        let jobs = Jobs::start(
            JobsConfig {
                resources: state.resources,
                places: config.places.clone(),
                program: config.program,
                sabotage: config.sabotage,
                safe: config.safe,
            },
            move || {
                wake.request_repaint();
            },
        )?;
        let mut app = Self {
            written: Written {
                settings: to_text(&state.settings),
                session: to_text(&state.session()),
            },
            jobs,
            texts: Texts::of(language),
            theme,
            art: Art::load(ctx),
            pictures: RefCell::default(),
            look: RefCell::new(look::LookPainter::new(render)),
            ask: AskPage::default(),
            conference: ConferencePage::default(),
            gallery: GalleryPage::default(),
            dataset: DatasetPage::default(),
            models: ModelsPage::default(),
            evaluate: EvaluatePage::default(),
            vote: VotePage::default(),
            train: TrainPage::default(),
            log: LogPage::default(),
            help: HelpPage,
            spots: RefCell::default(),
            notices: Notices::default(),
            palette: Palette::default(),
            places: own,
            mark: config.mark,
            opened: false,
            locale: config.locale,
            applied: None,
            desktop: Desktop::default(),
            ring: FocusRing::default(),
            full_screen: false,
            changed: None,
            times: FrameTimes::default(),
            state,
        };
        if app.places.is_some() {
            // The queue of training runs goes on, whatever page is shown.
            let watched = app.state.page == Page::Train;
            app.jobs.training(TrainingTask::Watch(watched));
        }
        let effects = app.state.start(config.files, last);
        app.perform(effects);
        app.jobs.care(CareTask::ReadRequests);
        let unattended = config.conference.is_some();
        let bad_end = config.past.bad_end.filter(|_| !unattended);
        if let Some(end) = bad_end {
            let effects = app.state.ended_badly(end);
            app.perform(effects);
        }
        if !unattended && !config.safe {
            app.state.welcome(config.first_run, welcomed);
        }
        if let Some(recordings) = config.conference {
            app.act(ConferenceAction::Enter(recordings).into());
        }
        app.apply_look(ctx);
        Ok(app)
    }

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

    /// Writes what changed, now.
    pub fn save(&mut self) {
        self.changed = None;
        let Some(places) = &self.places else {
            return;
        };
        for (path, text, written) in [
            (
                places.settings_file(),
                to_text(&self.state.settings),
                &mut self.written.settings,
            ),
            (
                places.session_file(),
                to_text(&self.state.session()),
                &mut self.written.session,
            ),
        ] {
            if let Some(text) = text
                && written.as_ref() != Some(&text)
            {
                self.jobs.files(FileTask::WriteText(path, text.clone()));
                *written = Some(text);
            }
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Some(action) = effects::perform(effect, &mut self.jobs) {
                let more = self.state.apply(action);
                self.perform(more);
            }
        }
    }

    fn drain_events(&mut self) {
        let mut any = false;
        while let Some(event) = self.jobs.try_event() {
            log(&event);
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

    fn apply_look(&mut self, ctx: &egui::Context) {
        let full_screen = self.state.conference.is_some();
        if self.full_screen != full_screen {
            self.full_screen = full_screen;
            ctx.send_viewport_cmd(egui::ViewportCommand::Fullscreen(full_screen));
        }
        let language = self.state.settings.language;
        let language = language.language(self.locale.as_deref());
        if self.texts.language() != language {
            // Every text is looked up when it is drawn, so the next frame has the other language.
            self.texts = Texts::of(language);
        }
        let settings = &self.state.settings;
        let reduced = settings.motion.reduced(self.state.system_reduces_motion);
        let look = (settings.theme, settings.scale, reduced);
        if self.applied == Some(look) {
            return;
        }
        let before = self.applied.replace(look);
        ctx.set_theme(match look.0 {
            ThemeChoice::System => ThemePreference::System,
            ThemeChoice::Light => ThemePreference::Light,
            ThemeChoice::Dark => ThemePreference::Dark,
        });
        ctx.set_zoom_factor(look.1);
        if before.is_some_and(|(_, _, reduced)| reduced) != look.2 {
            theme::set_motion(ctx, !look.2);
        }
    }

    fn save_when_due(&mut self, ctx: &egui::Context) {
        let Some(changed) = self.changed else {
            return;
        };
        let waited = changed.elapsed();
        if waited >= SAVE_AFTER {
            self.save();
        } else {
            ctx.request_repaint_after(SAVE_AFTER - waited);
        }
    }

    fn draw(&mut self, ui: &mut egui::Ui, actions: &mut Vec<Action>) {
        let ctx = ui.ctx().clone();
        let Self {
            state,
            texts,
            theme,
            art,
            pictures,
            look,
            ask,
            conference,
            gallery,
            dataset,
            models,
            evaluate,
            vote,
            train,
            log,
            help,
            spots,
            notices,
            palette,
            places,
            ring,
            ..
        } = self;
        let tokens = theme.tokens(&ctx);
        let cx = Cx {
            state,
            texts,
            tokens,
            pictures,
            look,
            art,
            spots,
            places: places.as_ref(),
        };
        spots.borrow_mut().clear();
        if let Some(shown) = &cx.state.conference {
            conference.ui(ui, &cx, shown, actions);
            return;
        }
        roomy(ui, tokens, |ui| {
            let side = Frame::new().fill(tokens.panel);
            // The keyboard goes from the rail over the page to the bar, so that is drawn last.
            let whole = ui.available_rect_before_wrap();
            // Between page and bar stands a line of nothing, a pixel high.
            ui.painter().rect_filled(whole, 0.0, tokens.panel);
            let (above, bar) = whole.split_top_bottom_at_y(whole.bottom() - panels::STATUS_HEIGHT);
            ui.scope_builder(UiBuilder::new().max_rect(above), |ui| {
                Panel::left("rail")
                    .resizable(false)
                    .exact_size(panels::RAIL_WIDTH)
                    .frame(side.inner_margin(Margin::symmetric(0, space::M as i8)))
                    .show(ui, |ui| panels::rail_ui(ui, &cx, actions));
                CentralPanel::default()
                    .frame(Frame::new().fill(tokens.background))
                    .show(ui, |ui| match cx.state.page {
                        Page::Ask => ask.ui(ui, &cx, actions),
                        Page::Gallery => gallery.ui(ui, &cx, actions),
                        Page::Vote => vote.ui(ui, &cx, actions),
                        Page::Evaluate => evaluate.ui(ui, &cx, actions),
                        Page::Train => train.ui(ui, &cx, actions),
                        Page::Dataset => dataset.ui(ui, &cx, actions),
                        Page::Models => models.ui(ui, &cx, actions),
                        Page::Log => log.ui(ui, &cx, actions),
                        Page::Help => help.ui(ui, &cx, actions),
                    });
            });
            ui.scope_builder(UiBuilder::new().max_rect(bar), |ui| {
                Panel::bottom("status")
                    .exact_size(panels::STATUS_HEIGHT)
                    .frame(side.inner_margin(Margin::symmetric(space::L as i8, 0)))
                    .show(ui, |ui| panels::status_bar_ui(ui, &cx, actions));
            });
        });
        match cx.state.dialog {
            Some(Dialog::Settings) => panels::preferences_ui(&ctx, &cx, actions),
            Some(Dialog::About) => panels::about_ui(&ctx, &cx, actions),
            Some(Dialog::Palette) => palette.ui(&ctx, &cx, actions),
            Some(Dialog::Hub) => models.hub_ui(&ctx, &cx, actions),
            Some(Dialog::Import) => models.import_ui(&ctx, &cx, actions),
            Some(Dialog::Network) => panels::network_ui(&ctx, &cx, actions),
            Some(Dialog::Grid) => panels::grid_setup_ui(&ctx, &cx, actions),
            Some(Dialog::Story) => panels::story_ui(&ctx, &cx, actions),
            Some(Dialog::Welcome) => panels::welcome_ui(&ctx, &cx, actions),
            Some(Dialog::LastEnd) => panels::last_end_ui(&ctx, &cx, actions),
            Some(Dialog::Package) => panels::package_ui(&ctx, &cx, actions),
            Some(Dialog::Doctor) => panels::doctor_ui(&ctx, &cx, actions),
            Some(Dialog::ImportSettings) => panels::exchange_ui(&ctx, &cx, actions),
            Some(Dialog::Quit) => panels::quit_ui(&ctx, &cx, actions),
            None => {}
        }
        panels::tour_ui(&ctx, &cx, &spots.borrow(), actions);
        panels::queue_ui(&ctx, &cx, actions);
        panels::offer_ui(&ctx, &cx, actions);
        panels::exporting_ui(&ctx, &cx, actions);
        notices.ui(&ctx, &cx, actions);
        panels::drop_overlay_ui(&ctx, &cx);
        ring.ui(&ctx, tokens);
    }
}

/// Draws where a page has room: in a window that is smaller than pages can be, as with a very large
/// interface, they keep their size and the window scrolls over them.
fn roomy(ui: &mut egui::Ui, tokens: &Tokens, add: impl FnOnce(&mut egui::Ui)) {
    let room = ui.available_size();
    if room.x >= LEAST_ROOM.x && room.y >= LEAST_ROOM.y {
        return add(ui);
    }
    // The bars stand beside the page, on nothing.
    ui.painter()
        .rect_filled(ui.max_rect(), 0.0, tokens.background);
    ScrollArea::both()
        .id_salt("window")
        .auto_shrink(false)
        .show(ui, |ui| {
            let page = Rect::from_min_size(ui.min_rect().min, room.max(LEAST_ROOM));
            follow_focus_in(ui, page);
            ui.scope_builder(UiBuilder::new().max_rect(page), |ui| {
                ui.set_min_size(page.size());
                add(ui);
            });
        });
}

impl eframe::App for LgdApp {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
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
        let started = Instant::now();
        let ctx = ui.ctx().clone();
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
        self.times.push(started.elapsed());
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

/// One line per event that a person would notice; never what they asked.
fn log(event: &JobEvent) {
    match event {
        JobEvent::Drawn(job, column, result) => {
            let seconds: f64 = result.stages.iter().map(|stage| stage.seconds).sum();
            let (mode, seed) = (result.request.mode.name(), result.request.seed);
            tracing::info!(
                "answer {}.{column} drawn: {mode}, seed {seed}, {seconds:.2} s",
                job.0
            );
        }
        JobEvent::Failed(job, problem) => {
            tracing::error!("job {} failed: {}", job.0, unnamed(problem));
        }
        JobEvent::Cancelled(job) => tracing::info!("job {} cancelled", job.0),
        JobEvent::Saved(path) | JobEvent::Exported(_, path) => {
            // A file is named after its question, so its name stays out.
            let kind = path.extension().unwrap_or_default().to_string_lossy();
            let folder = path.parent().unwrap_or(path);
            tracing::info!("saved a {kind} file in {}", folder.display());
        }
        JobEvent::FrameFailed(problem) | JobEvent::FileFailed(problem) => {
            tracing::warn!("{}", unnamed(problem));
        }
        JobEvent::Loaded(_, summary) => {
            note("model", &summary.name);
            note("device", &summary.device);
        }
        _ => {}
    }
}

/// A problem without the name of its file, which may be a question.
fn unnamed(problem: &Problem) -> Problem {
    Problem {
        file: problem
            .file
            .as_ref()
            .and_then(|file| Some(file.parent()?.to_path_buf())),
        ..problem.clone()
    }
}

/// The language that was chosen, and nothing else of the settings.
fn peek_language(places: Option<&Places>) -> LanguageChoice {
    let settings: Settings = settings::peek(places.map(Places::settings_file).as_deref());
    settings.language
}
