//! The window by accessible label, as a screen reader would use it, with the real jobs and the
//! embedded bundle behind it. Only the snapshots need a graphics adapter.

use eframe::egui;
use egui::Key;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, AppConfig, AppState, BundleState, Column, Dialog, LgdApp, Page};
use lgd_studio::job::{DeviceChoice, GuidanceMode, Places, Resources};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub type Outcome = Result<(), Box<dyn Error>>;
pub type Window = Harness<'static, LgdApp>;

/// Patience with a busy machine; nothing here needs more than a few seconds of its own.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn places(home: &Path) -> Places {
    Places {
        config: home.join("config"),
        data: home.join("data"),
        cache: home.join("cache"),
        state: home.join("state"),
    }
}

pub fn config(home: &Path) -> AppConfig {
    AppConfig {
        resources: Resources {
            device: DeviceChoice::Cpu,
            ..Resources::default()
        },
        places: Some(places(home)),
        dice: 1,
        program: Some(env!("CARGO_BIN_EXE_lgd-studio").into()),
        ..AppConfig::default()
    }
}

pub fn open(config: AppConfig) -> Window {
    open_sized(config, [1280.0, 800.0])
}

pub fn open_sized(config: AppConfig, size: [f32; 2]) -> Window {
    Harness::builder()
        .with_size(size)
        .build_eframe(|cc| LgdApp::new(cc, config).expect("the threads start"))
}

/// Steps the window until something holds.
pub fn wait(window: &mut Window, what: &str, mut holds: impl FnMut(&mut Window) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds(window) {
        assert!(Instant::now() < end, "waited in vain until {what}");
        window.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    // One more frame, so that what is on screen follows the state.
    window.step();
}

pub fn state(window: &Window) -> &AppState {
    window.state().state()
}

pub fn wait_until_ready(window: &mut Window) {
    wait(window, "bundle and frame are there", |window| {
        matches!(state(window).bundle, BundleState::Ready(_)) && state(window).frame.frame.is_some()
    });
}

/// Presses a button. A dialog that opens is measured before it is seen.
pub fn click(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(6);
}

pub fn has_text(window: &Window, text: &str) -> bool {
    window.query_all_by_label_contains(text).next().is_some()
}

pub fn ask_quickly(window: &mut Window, change: impl FnOnce(&mut lgd_studio::app::Form)) {
    let mut form = state(window).form.clone();
    change(&mut form);
    window.state_mut().act(Action::EditForm(Box::new(form)));
}

/// A window in which these modes have drawn.
pub fn drawn(home: &Path, modes: &[GuidanceMode], steps: usize) -> Window {
    let mut window = open(config(home));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| {
        form.modes = modes.to_vec();
        form.request.steps = steps;
    });
    window.step();
    window.key_press(Key::Enter);
    wait(&mut window, "the columns are drawn", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| run.columns.iter().all(|c| c.result().is_some()))
    });
    window
}

pub fn column(window: &Window, index: usize) -> &Column {
    let run = state(window).run.as_ref().expect("there is a run");
    &run.columns[index]
}

/// A window in the language of a system.
pub fn open_in(locale: &str, home: &Path) -> Window {
    open(AppConfig {
        locale: Some(locale.to_owned()),
        ..config(home)
    })
}

pub const PAGES: [Page; 9] = [
    Page::Ask,
    Page::Gallery,
    Page::Dataset,
    Page::Vote,
    Page::Evaluate,
    Page::Train,
    Page::Models,
    Page::Log,
    Page::Help,
];

/// The dialogs that need nothing to have happened before.
pub const DIALOGS: [Dialog; 10] = [
    Dialog::Settings,
    Dialog::About,
    Dialog::Palette,
    Dialog::Hub,
    Dialog::Import,
    Dialog::Network,
    Dialog::Grid,
    Dialog::Welcome,
    Dialog::Package,
    Dialog::Doctor,
];

pub fn show_page(window: &mut Window, page: Page) {
    window.state_mut().act(Action::ShowPage(page));
    window.run_steps(6);
}

/// Shows a dialog over the page, does something with it, and closes it.
pub fn with_dialog(window: &mut Window, dialog: Dialog, look: impl FnOnce(&mut Window)) {
    window.state_mut().act(Action::ShowDialog(dialog));
    window.run_steps(6);
    look(window);
    window.state_mut().act(Action::CloseDialog);
    window.run_steps(6);
}

/// With a cache of the hub of its own.
pub fn config_with_hub(home: &Path) -> AppConfig {
    AppConfig {
        hub_cache: Some(home.join("hub")),
        ..config(home)
    }
}

/// Shows the Models page, until the shelves were looked through.
pub fn show_models(window: &mut Window) {
    window.state_mut().act(Action::ShowPage(Page::Models));
    wait(window, "the shelves were looked through", |window| {
        state(window).library.bundles.is_some()
    });
}

/// A file as the system drops it.
#[derive(Debug)]
pub struct Dropped(pub PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// Drops a file on the window.
pub fn drop_file(window: &mut Window, path: &Path) {
    let dropped = Dropped(path.to_owned());
    window.input_mut().dropped_files.push(Arc::new(dropped));
    window.step();
}

/// Whether a graphics adapter can draw snapshots; without one the test is skipped, loudly.
pub fn can_draw() -> bool {
    let setup = egui_kittest::wgpu::default_wgpu_setup();
    let found = pollster::block_on(async {
        let instance = setup.new_instance().await;
        let adapters = instance
            .enumerate_adapters(eframe::wgpu::Backends::all())
            .await;
        !adapters.is_empty()
    });
    let required = std::env::var_os("LGD_REQUIRE_WINDOW_TESTS").is_some_and(|value| value == "1");
    assert!(
        found || !required,
        "LGD_REQUIRE_WINDOW_TESTS=1, but there is no graphics adapter; install mesa-vulkan-drivers"
    );
    if !found {
        println!("skipped: no graphics adapter to draw the window with");
    }
    found
}
