//! What a window starts with, and how everything behind it comes to be.

use super::desktop::Desktop;
use super::panels::{
    AskPage, ConferencePage, DatasetPage, EvaluatePage, GalleryPage, HelpPage, LogPage, ModelsPage,
    Notices, Palette, TrainPage, VotePage,
};
use super::saving::Written;
use super::settings::{Settings, peek, read_session, read_settings};
use super::state::{AppState, ConferenceAction, NoticeKind, Page};
use super::widgets::{Art, FocusRing};
use super::{FrameTimes, LanguageChoice, LgdApp, Texts, Theme, fonts, look};
use crate::job::care::{CareTask, Past, StartMark, note};
use crate::job::hub::TokenSource;
use crate::job::{
    BundleSource, DeviceChoice, FilmSource, Jobs, JobsConfig, Places, Resources, Sabotage,
    TrainingTask,
};
use eframe::{egui, egui_wgpu};
use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

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
    /// Where the person is, for times of the day; UTC without.
    pub zone: Option<TimeZone>,
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
                window: true,
            },
            move || {
                wake.request_repaint();
            },
        )?;
        let mut app = Self {
            written: Written::of(&state),
            jobs,
            texts: Texts::of(language).in_zone(config.zone.clone().unwrap_or(TimeZone::UTC)),
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
            frame_begun: Instant::now(),
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
}

/// The language that was chosen, and nothing else of the settings.
fn peek_language(places: Option<&Places>) -> LanguageChoice {
    let settings: Settings = peek(places.map(Places::settings_file).as_deref());
    settings.language
}
