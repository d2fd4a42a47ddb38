//! Opens the window: size, icon, graphics backend, and clear words where there is no display or no
//! driver.

use super::settings::{Session, Settings, peek};
use super::texts::Texts;
use super::{AppConfig, LgdApp};
use crate::job::instance::{self, Claim};
use crate::job::{BundleSource, FilmSource, Places, Resources, hub};
use eframe::egui;
use egui::ViewportBuilder;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the window calls itself to the desktop: its class on X11, its application id on Wayland.
pub const APP_ID: &str = "lgd-studio";

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
    let texts = Texts::of(settings.language.language(locale.as_deref()));
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
    let session: Session = peek(places.as_ref().map(Places::session_file).as_deref());
    let size = session.window_size.unwrap_or([1280.0, 800.0]);
    let native = eframe::NativeOptions {
        viewport: viewport(&texts, size).with_maximized(session.window_place.maximized),
        centered: session.window_place.corner.is_none(),
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
        places,
        program: None,
        locale,
        dice: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos() as u64),
    };
    let opened = eframe::run_native(
        APP_ID,
        native,
        Box::new(move |cc| {
            let mut app = LgdApp::new(cc, config)?;
            if let Some(instance) = instance {
                app.listen(instance);
            }
            Ok(Box::new(app))
        }),
    );
    opened.map_err(|error| explain(&texts, error))
}

fn viewport(texts: &Texts, size: [f32; 2]) -> ViewportBuilder {
    let builder = ViewportBuilder::default()
        .with_title(texts.get("app-title"))
        .with_app_id(APP_ID)
        .with_inner_size(size)
        .with_min_inner_size([980.0, 640.0]);
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
