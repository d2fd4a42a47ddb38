//! What survives a restart: settings (the look) and the last session (frame, question, numbers).
//!
//! Two small TOML files. Keys this version does not know are kept; a file that cannot be read is
//! set aside and reported, never fatal. Reading happens once, before the window appears; writing
//! goes to the file thread.

use super::language::LanguageChoice;
use super::state::{
    DatasetMemory, EvaluationDraft, Form, Page, TrainDraft, VoteDraft, known_draft, known_page,
};
use crate::job::hub::NetworkSettings;
use crate::job::{BundleSource, DeviceChoice, GuidanceMode, MemorySize, Precision, Resources};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Light, dark, or what the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// As the system.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl ThemeChoice {
    /// All choices, in the order they are shown.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];
}

/// Whether things move that could stand still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MotionChoice {
    /// As the system, where that can be known.
    #[default]
    System,
    /// They move.
    Full,
    /// They stand still.
    Reduced,
}

impl MotionChoice {
    /// All choices, in the order they are shown.
    pub const ALL: [Self; 3] = [Self::System, Self::Full, Self::Reduced];

    /// Whether things stand still, with what the system says, if it says anything.
    pub fn reduced(self, system: Option<bool>) -> bool {
        match self {
            Self::System => system.unwrap_or(false),
            Self::Full => false,
            Self::Reduced => true,
        }
    }
}

/// Smallest interface size.
pub const MIN_SCALE: f32 = 0.5;
/// Largest interface size.
pub const MAX_SCALE: f32 = 3.0;

/// The look of the window, and what is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Theme.
    pub theme: ThemeChoice,
    /// Language.
    pub language: LanguageChoice,
    /// Size of the interface, 1 is normal.
    pub scale: f32,
    /// Whether things move that could stand still.
    pub motion: MotionChoice,
    /// Whether the machine is kept awake while there is work.
    pub stay_awake: bool,
    /// Whether the desktop says when long work has ended and nobody looked.
    pub announce: bool,
    /// Whether every run is kept.
    pub keep_runs: bool,
    /// Whether saved and exported pictures say nothing about how they were drawn.
    pub leave_out_settings: bool,
    /// Whether the model is asked about every finished picture.
    pub ask_back: bool,
    /// Which bundle answers, and where others are.
    #[serde(skip_serializing_if = "is_default")]
    pub models: ModelSettings,
    /// How the hub is reached.
    #[serde(skip_serializing_if = "is_default")]
    pub network: NetworkSettings,
    /// Where networks compute.
    #[serde(skip_serializing_if = "is_default")]
    pub device: DeviceChoice,
    /// The numbers in which the large networks compute.
    #[serde(skip_serializing_if = "is_default")]
    pub precision: Precision,
    /// The most memory that the networks may take, in bytes; all that is free without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<MemorySize>,
    /// Keys of other versions, kept as they are.
    #[serde(flatten)]
    pub rest: toml::Table,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Which bundle answers, and where others are looked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelSettings {
    /// The folder of the bundle that answers; none for the embedded one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<PathBuf>,
    /// Bundle folders that were added to the list.
    pub folders: Vec<PathBuf>,
    /// Keys of other versions, kept as they are.
    #[serde(flatten)]
    pub rest: toml::Table,
}

impl ModelSettings {
    /// The bundle that answers.
    pub fn source(&self) -> BundleSource {
        self.bundle
            .clone()
            .map_or(BundleSource::Embedded, BundleSource::Folder)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            language: LanguageChoice::default(),
            scale: 1.0,
            motion: MotionChoice::default(),
            stay_awake: true,
            announce: true,
            keep_runs: true,
            leave_out_settings: false,
            ask_back: false,
            models: ModelSettings::default(),
            network: NetworkSettings::default(),
            device: DeviceChoice::default(),
            precision: Precision::default(),
            memory_limit: None,
            rest: toml::Table::new(),
        }
    }
}

impl Settings {
    /// What networks may use.
    pub fn resources(&self) -> Resources {
        Resources {
            device: self.device,
            precision: self.precision,
            memory_limit: self.memory_limit,
        }
    }

    /// The same with an interface size that can be used.
    pub fn within_range(mut self) -> Self {
        self.scale = if self.scale.is_finite() {
            self.scale.clamp(MIN_SCALE, MAX_SCALE)
        } else {
            1.0
        };
        self
    }
}

/// A frame that can be opened again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SavedFrame {
    /// A drawn example, by file name.
    Example(String),
    /// A file.
    File(PathBuf),
}

/// Where the window is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowPlace {
    /// Its top left corner on the desktop of all monitors, in pixels; unknown where the desktop keeps
    /// that to itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corner: Option<[i32; 2]>,
    /// Whether it fills its monitor.
    pub maximized: bool,
}

/// What the person was doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// The page that was shown.
    #[serde(deserialize_with = "known_page")]
    pub page: Page,
    /// Files that were opened, newest first.
    pub recent: Vec<PathBuf>,
    /// Questions that were asked, newest last.
    pub history: Vec<String>,
    /// Inner size of the window, in points.
    pub window_size: Option<[f32; 2]>,
    /// Where the window is.
    #[serde(skip_serializing_if = "is_default")]
    pub window_place: WindowPlace,
    /// The frame.
    pub frame: Option<SavedFrame>,
    /// Question, mode and numbers.
    pub form: Form,
    /// The evaluation that is being set up.
    pub evaluation: EvaluationDraft,
    /// Who votes on what.
    pub votes: VoteDraft,
    /// Settings of a training run.
    #[serde(
        deserialize_with = "known_draft",
        skip_serializing_if = "Option::is_none"
    )]
    pub train: Option<TrainDraft>,
    /// Whether the welcome was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub welcomed: Option<bool>,
    /// The data set that was worked on.
    pub dataset: DatasetMemory,
}

impl Session {
    /// The same with at least one mode, whatever the file says.
    fn usable(mut self) -> Self {
        if self.form.modes.is_empty() {
            self.form.modes = Form::default().modes;
        }
        self.form.modes.truncate(GuidanceMode::ALL.len());
        self
    }
}

/// A file as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read<T> {
    /// Its content, or the defaults.
    pub value: T,
    /// Where an unreadable file was set aside.
    pub set_aside: Option<PathBuf>,
}

/// Reads the settings file.
pub fn read_settings(path: Option<&Path>) -> Read<Settings> {
    let read: Read<Settings> = read(path);
    if let Some(path) = path
        && !read.value.network.token.is_empty()
    {
        close_to_others(path);
    }
    Read {
        value: Settings::within_range(read.value),
        set_aside: read.set_aside,
    }
}

/// Takes the right to read a file from everybody but its owner: older versions left it open.
fn close_to_others(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let closed = std::fs::Permissions::from_mode(0o600);
        if let Err(error) = std::fs::set_permissions(path, closed) {
            tracing::warn!(path = %path.display(), %error, "stays open to others");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Reads the session file.
pub fn read_session(path: Option<&Path>) -> Read<Session> {
    let read = read(path);
    Read {
        value: Session::usable(read.value),
        set_aside: read.set_aside,
    }
}

/// What a file says, as far as it can be read. A broken one stays where it is: the window sets it
/// aside when it can say so.
pub fn peek<T: Default + serde::de::DeserializeOwned>(path: Option<&Path>) -> T {
    let text = path.and_then(|path| std::fs::read_to_string(path).ok());
    let value = text.and_then(|text| toml::from_str(&text).ok());
    value.unwrap_or_default()
}

fn read<T: Default + serde::de::DeserializeOwned>(path: Option<&Path>) -> Read<T> {
    let defaults = |set_aside| Read {
        value: T::default(),
        set_aside,
    };
    let Some(path) = path else {
        return defaults(None);
    };
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).unwrap_or_default(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return defaults(None),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "cannot be read");
            return defaults(None);
        }
    };
    match toml::from_str(&text) {
        // An empty file is what a full disk leaves behind; the defaults are right for it.
        Ok(value) => Read {
            value,
            set_aside: None,
        },
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "is broken and was set aside");
            let aside = path.with_extension("toml.broken");
            defaults(std::fs::rename(path, &aside).is_ok().then_some(aside))
        }
    }
}

/// The text of a settings or session file.
pub fn to_text<T: Serialize>(value: &T) -> Option<String> {
    match toml::to_string_pretty(value) {
        Ok(text) => Some(text),
        Err(error) => {
            tracing::warn!(%error, "settings cannot be written");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_survive_a_round_trip() -> Result<(), toml::de::Error> {
        let text = "theme = \"dark\"\nscale = 1.25\nfont = \"serif\"\n\n[gallery]\nrows = 3\n";
        let settings: Settings = toml::from_str(text)?;
        assert_eq!(settings.theme, ThemeChoice::Dark);
        let again = to_text(&settings).unwrap_or_default();
        assert!(again.contains("font = \"serif\""), "{again}");
        assert!(again.contains("[gallery]\nrows = 3"), "{again}");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_a_token_is_closed_to_others() -> std::io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("settings.toml");
        let mode = || std::fs::metadata(&path).map(|about| about.permissions().mode() & 0o777);
        std::fs::write(&path, "theme = \"dark\"\n")?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))?;
        read_settings(Some(&path));
        assert_eq!(mode()?, 0o644, "there is no secret in it");
        std::fs::write(&path, "[network]\ntoken = \"hf_x\"\n")?;
        let read = read_settings(Some(&path));
        assert_eq!(read.value.network.token.reveal(), "hf_x");
        assert_eq!(mode()?, 0o600);
        Ok(())
    }

    #[test]
    fn a_session_survives_a_round_trip() -> Result<(), toml::de::Error> {
        let mut session = Session {
            page: Page::Gallery,
            recent: vec!["a.png".into()],
            history: vec!["What happens if it rains?".into()],
            window_size: Some([1280.0, 800.0]),
            window_place: WindowPlace {
                corner: Some([-1920, 40]),
                maximized: true,
            },
            frame: Some(SavedFrame::Example("fishbowl.png".into())),
            form: Form::default(),
            evaluation: EvaluationDraft::default(),
            votes: VoteDraft::default(),
            train: None,
            dataset: DatasetMemory::default(),
            welcomed: Some(true),
        };
        session.form.request.question = "A \"quoted\"\nquestion".into();
        session.form.keep_seed = true;
        let text = to_text(&session).unwrap_or_default();
        assert_eq!(toml::from_str::<Session>(&text)?, session);
        Ok(())
    }

    #[test]
    fn a_broken_file_is_set_aside() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, "theme = [")?;
        let read = read_settings(Some(&path));
        assert_eq!(read.value, Settings::default());
        let aside = folder.path().join("settings.toml.broken");
        assert_eq!(read.set_aside.as_deref(), Some(aside.as_path()));
        assert!(aside.exists() && !path.exists());

        std::fs::rename(&aside, &path)?;
        assert_eq!(peek::<Settings>(Some(&path)), Settings::default());
        assert!(path.exists(), "a peek leaves it there");
        std::fs::write(&path, "language = \"zh-CN\"")?;
        let language = peek::<Settings>(Some(&path)).language;
        assert_eq!(language, LanguageChoice::Chinese);
        Ok(())
    }

    #[test]
    fn a_page_of_another_version_costs_no_session() -> Result<(), toml::de::Error> {
        let text = "page = \"stage\"\nhistory = [\"Why?\"]\n";
        let session: Session = toml::from_str(text)?;
        assert_eq!(session.page, Page::Ask);
        assert_eq!(session.history, ["Why?"]);
        Ok(())
    }

    #[test]
    fn nonsense_values_become_usable() {
        let folder = std::env::temp_dir();
        assert_eq!(
            read_settings(Some(&folder.join("no-such-file"))).value,
            Settings::default()
        );
        let settings = Settings {
            scale: f32::NAN,
            ..Settings::default()
        };
        assert_eq!(settings.within_range().scale, 1.0);
        let mut session = Session::default();
        session.form.modes.clear();
        assert_eq!(session.usable().form.modes.len(), 1);
    }
}
