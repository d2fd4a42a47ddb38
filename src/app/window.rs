//! Opens the window: size, icon, graphics backend, and clear words where there is no display or no
//! driver.

use super::settings::{Session, Settings, peek};
use super::texts::Texts;
use super::{AppConfig, Door};
use crate::job::instance::{self, Claim};
use crate::job::{BundleSource, FilmSource, Places, Resources, care, hub};
use eframe::{egui, egui_wgpu, wgpu};
use egui::ViewportBuilder;
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the window calls itself to the desktop: its class on X11, its application id on Wayland.
pub const APP_ID: &str = "lgd-studio";

/// Smallest size of the window, in points. Pages that need more room are scrolled: a screen with a large
/// scale factor may be smaller than they are.
const LEAST_SIZE: [f32; 2] = [640.0, 400.0];

/// What the window starts with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Files to open: runs, and the first picture.
    pub files: Vec<PathBuf>,
    /// Whether a window of its own is wanted, even where one is open.
    pub new_window: bool,
    /// The bundle that answers; without, the one that was chosen last.
    pub bundle: Option<BundleSource>,
    /// What networks may use, in place of the settings.
    pub resources: Resources,
    /// Recordings to begin conference mode with.
    pub conference: Option<FilmSource>,
    /// Safe mode.
    pub safe: bool,
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// There is no display to open it on.
    #[error("{0}")]
    NoDisplay(String),
    /// Nothing can draw it.
    #[error("{0}")]
    NoGraphics(String),
    /// The program could not be started.
    #[error("{0}")]
    Start(String),
}

/// Runs the window until it is closed.
///
/// # Errors
/// When there is no display, no graphics driver or no thread; the message names the command line.
pub fn run(options: Options) -> Result<(), WindowError> {
    let places = Places::of_user();
    let locale = sys_locale::get_locale();
    let settings: Settings = peek(places.as_ref().map(Places::settings_file).as_deref());
    let language = settings.language.language(locale.as_deref());
    let texts = Texts::of(language);
    if !has_display() {
        return Err(WindowError::NoDisplay(
            texts.get("window-no-display").into_owned(),
        ));
    }
    let mut instance = None;
    if let Some(places) = &places
        && !options.new_window
    {
        match instance::claim(places, &options.files) {
            Claim::First(first) => instance = Some(first),
            Claim::HandedOver => {
                tracing::info!("the window that is open has it");
                return Ok(());
            }
            Claim::Alone => {}
        }
    }
    let (mark, past) = match &places {
        Some(places) => care::begin(places, options.safe),
        None => (None, care::Past::default()),
    };
    let plain = options.safe || past.keeps_failing();
    let mark = mark.map(Arc::new);
    let (ended, told) = (mark.clone(), mark.clone());
    let session_file = places.as_ref().map(Places::session_file);
    let first_run = session_file.as_ref().is_some_and(|file| !file.exists());
    let session: Session = peek(session_file.as_deref());
    let size = session.window_size.unwrap_or([1280.0, 800.0]);
    let native = eframe::NativeOptions {
        viewport: viewport(&texts, size).with_maximized(session.window_place.maximized),
        centered: session.window_place.corner.is_none(),
        wgpu_options: drawing(plain),
        ..eframe::NativeOptions::default()
    };
    let config = AppConfig {
        files: options.files,
        no_drop: on_wayland(),
        bundle: options.bundle,
        hub_cache: hub::cache_folder(),
        hub_token: hub::found_token().map(|(_, source)| source),
        resources: options.resources,
        conference: options.conference,
        safe: options.safe,
        past,
        mark,
        first_run,
        places,
        program: None,
        sabotage: crate::job::Sabotage::default(),
        locale,
        zone: Some(TimeZone::system()),
        dice: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos() as u64),
    };
    let opened = eframe::run_native(
        APP_ID,
        native,
        Box::new(move |cc| {
            let ending = end_when_told(&cc.egui_ctx, told);
            let door = Door::new(cc, config, language)?.ending_with(ending);
            Ok(Box::new(match instance {
                Some(instance) => door.listening(instance),
                None => door,
            }))
        }),
    );
    if let (Err(_), Some(mark)) = (&opened, ended) {
        // Why there is no window is said at once; that needs no question at the next start.
        mark.end();
    }
    opened.map_err(|error| explain(&texts, error))
}

/// Ctrl-C, a logout and a shutdown end the program as closing the window does, so that nothing is told
/// about it at the next start. Whoever asks a second time is not made to wait.
fn end_when_told(ctx: &egui::Context, mark: Option<Arc<care::StartMark>>) -> Arc<AtomicBool> {
    let ending = Arc::new(AtomicBool::new(false));
    let (told, ctx) = (ending.clone(), ctx.clone());
    let handler = move || {
        if told.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        // At a logout the display may be gone before a frame is drawn.
        if let Some(mark) = &mark {
            mark.end();
        }
        ctx.request_repaint();
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::warn!("Ctrl-C will not be graceful: {error}");
    }
    ending
}

/// How the window is drawn: by the processor alone where graphics may be what fails and there is a
/// driver for it, otherwise as usual.
fn drawing(plain: bool) -> egui_wgpu::WgpuConfiguration {
    let mut options = egui_wgpu::WgpuConfiguration::default();
    if plain && let egui_wgpu::WgpuSetup::CreateNew(setup) = &mut options.wgpu_setup {
        setup.native_adapter_selector = Some(Arc::new(|adapters, surface| {
            let usable = |adapter: &&wgpu::Adapter| {
                surface.is_none_or(|surface| adapter.is_surface_supported(surface))
            };
            let by_processor =
                |adapter: &&wgpu::Adapter| adapter.get_info().device_type == wgpu::DeviceType::Cpu;
            let usable: Vec<_> = adapters.iter().filter(usable).collect();
            let plain = usable.iter().copied().find(by_processor);
            let chosen = plain.or_else(|| usable.first().copied()).cloned();
            chosen.ok_or_else(|| "no graphics driver can draw the window".to_owned())
        }));
    }
    options
}

fn viewport(texts: &Texts, size: [f32; 2]) -> ViewportBuilder {
    let builder = ViewportBuilder::default()
        .with_title(texts.get("app-title"))
        .with_app_id(APP_ID)
        .with_inner_size(size)
        .with_min_inner_size(LEAST_SIZE);
    let icon = include_bytes!("../../assets/icon/hicolor/256.png");
    match eframe::icon_data::from_png_bytes(icon) {
        Ok(icon) => builder.with_icon(icon),
        Err(error) => {
            tracing::warn!(%error, "the icon cannot be decoded");
            builder
        }
    }
}

/// Whether a display can be expected. Only Unix desktops tell before one is opened.
fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(all(unix, not(target_os = "macos")))
        || set("DISPLAY")
        || set("WAYLAND_DISPLAY")
        || set("WAYLAND_SOCKET")
}

/// Whether the window will be one of Wayland, where our window library hears of no dropped files.
fn on_wayland() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(all(unix, not(target_os = "macos"))) && (set("WAYLAND_DISPLAY") || set("WAYLAND_SOCKET"))
}

fn explain(texts: &Texts, error: eframe::Error) -> WindowError {
    tracing::debug!(?error, "no window");
    match error {
        eframe::Error::AppCreation(error) => WindowError::Start(error.to_string()),
        eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => {
            WindowError::NoDisplay(texts.get("window-no-display").into_owned())
        }
        other => {
            let detail = other.to_string();
            WindowError::NoGraphics(texts.with("window-no-graphics", &[("detail", detail.into())]))
        }
    }
}
