//! What this machine can run: facts with a hint for each problem.

mod own;

use super::devices::Devices;
use super::{DeviceChoice, Places, dialogs, programs};
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// The program itself.
    Program,
    /// The processor.
    Processor,
    /// Main memory.
    Memory,
    /// What networks can compute on.
    Devices,
    /// What this build can compute on.
    Build,
    /// Where the window opens.
    Display,
    /// What shows file dialogs.
    Dialogs,
    /// What draws the window.
    Graphics,
    /// All folders.
    Folders,
    /// The folder of the settings, and what is in it.
    Settings,
    /// The folder of runs and bundles.
    Data,
    /// The folder of what may be deleted.
    Cache,
    /// The folder of the session.
    State,
    /// The log.
    Log,
    /// Free space.
    Room,
    /// The bundle that was chosen.
    Bundle,
    /// What takes frames out of videos.
    Video,
    /// What shows folders.
    FileManager,
    /// What was asked of the network.
    Network,
    /// Mistakes of the program.
    Crashes,
}

impl Topic {
    fn words(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Processor => "processor",
            Self::Memory => "memory",
            Self::Devices => "compute devices",
            Self::Build => "GPU support in this build",
            Self::Display => "display",
            Self::Dialogs => "file dialogs",
            Self::Graphics => "graphics driver",
            Self::Folders => "folders",
            Self::Settings => "settings",
            Self::Data => "data",
            Self::Cache => "cache",
            Self::State => "state",
            Self::Log => "log",
            Self::Room => "free space",
            Self::Bundle => "chosen bundle",
            Self::Video => "video frames",
            Self::FileManager => "file manager",
            Self::Network => "network requests",
            Self::Crashes => "crash reports",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    #[serde(skip)]
    pub topic: Topic,
    /// The same in words.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What to do, when it is not as it should be.
    pub hint: Option<String>,
}

impl Finding {
    fn fact(topic: Topic, found: impl Into<String>) -> Self {
        Self {
            topic,
            what: topic.words(),
            found: found.into(),
            hint: None,
        }
    }

    fn problem(topic: Topic, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..Self::fact(topic, found)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<28}{}", self.what, self.found)?;
        match &self.hint {
            Some(hint) => write!(f, "\n{:<28}  -> {hint}", ""),
            None => Ok(()),
        }
    }
}

/// Looks at everything.
pub fn examine() -> Vec<Finding> {
    let mut findings = vec![
        Finding::fact(
            Topic::Program,
            format!(
                "LGD Studio {}, {} {}",
                env!("CARGO_PKG_VERSION"),
                std::env::consts::OS,
                std::env::consts::ARCH
            ),
        ),
        Finding::fact(Topic::Processor, processor()),
        memory(),
        Finding::fact(
            Topic::Devices,
            DeviceChoice::available()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        ),
        build(),
        display(),
        file_dialogs(),
    ];
    findings.extend(adapters());
    findings.extend(folders());
    findings.extend([video(), file_manager()]);
    if let Some(places) = Places::of_user() {
        findings.extend(own::examine(&places));
    }
    findings
}

fn processor() -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut extensions = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx2") {
            extensions.push("AVX2");
        }
        if std::arch::is_x86_feature_detected!("avx512f") {
            extensions.push("AVX-512");
        }
    }
    if extensions.is_empty() {
        format!("{threads} threads")
    } else {
        format!("{threads} threads, {}", extensions.join(", "))
    }
}

/// The embedded bundle needs well under half a gigabyte.
const ENOUGH_MEMORY_MIB: u64 = 600;

fn memory() -> Finding {
    let Ok(mut system) = sysinfo::System::new() else {
        return Finding::fact(Topic::Memory, "unknown on this system");
    };
    system.refresh_memory();
    let (total, free) = (system.total_memory() >> 20, system.available_memory() >> 20);
    let found = format!("{total} MiB, {free} MiB available");
    if free >= ENOUGH_MEMORY_MIB {
        Finding::fact(Topic::Memory, found)
    } else {
        Finding::problem(
            Topic::Memory,
            found,
            "Close other programs: the embedded bundle needs about 400 MiB.",
        )
    }
}

/// What this build can compute on; a card that it cannot use is worth a word.
fn build() -> Finding {
    let unused = || {
        let all = Devices::open().read().into_iter();
        let mut cards = all.filter(|facts| facts.device.is_none());
        cards.next().map(|card| card.name)
    };
    if cfg!(feature = "cuda") {
        Finding::fact(Topic::Build, "CUDA")
    } else if cfg!(feature = "metal") {
        Finding::fact(Topic::Build, "Metal")
    } else if let Some(card) = unused() {
        Finding::problem(
            Topic::Build,
            format!("none, although there is a {card}"),
            "Take the CUDA build, or build with --features cuda, to compute on it.",
        )
    } else {
        Finding::fact(
            Topic::Build,
            "none; build with --features cuda or --features metal to compute on a GPU",
        )
    }
}

/// Only the frames of videos need it, so it is a hint and nothing more.
fn video() -> Finding {
    match programs::find("ffmpeg") {
        Some(path) => Finding::fact(Topic::Video, path.display().to_string()),
        None => Finding::problem(
            Topic::Video,
            "ffmpeg is not installed",
            "Only needed for videos. Install ffmpeg, and restart the program.",
        ),
    }
}

fn file_manager() -> Finding {
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return Finding::fact(Topic::FileManager, "the system's own");
    }
    match programs::find("xdg-open") {
        Some(path) => Finding::fact(Topic::FileManager, path.display().to_string()),
        None => Finding::problem(
            Topic::FileManager,
            "xdg-open is not installed",
            "Install xdg-utils, or open folders yourself; every path can be copied.",
        ),
    }
}

fn display() -> Finding {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return Finding::fact(Topic::Display, "the system's own");
    }
    match (set("WAYLAND_DISPLAY"), set("DISPLAY")) {
        (Some(display), _) => Finding::fact(Topic::Display, format!("Wayland {display}")),
        (None, Some(display)) => Finding::fact(Topic::Display, format!("X11 {display}")),
        (None, None) => Finding::problem(
            Topic::Display,
            "none",
            "The window needs one. Without it use `lgd-studio ask IMAGE QUESTION`.",
        ),
    }
}

fn file_dialogs() -> Finding {
    match dialogs::provider() {
        Ok(provider) => Finding::fact(Topic::Dialogs, provider),
        Err(problem) => Finding::problem(Topic::Dialogs, "none", problem.hint.unwrap_or_default()),
    }
}

/// Drivers the window can draw with.
fn adapters() -> Vec<Finding> {
    let instance = wgpu::Instance::default();
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    if found.is_empty() {
        return vec![Finding::problem(
            Topic::Graphics,
            "none",
            "The window needs Vulkan, Metal, DirectX 12 or OpenGL. On Debian and Ubuntu `apt install mesa-vulkan-drivers` is enough, even without a GPU.",
        )];
    }
    found
        .iter()
        .map(|adapter| {
            let info = adapter.get_info();
            Finding::fact(
                Topic::Graphics,
                format!("{} ({:?}, {:?})", info.name, info.backend, info.device_type),
            )
        })
        .collect()
}

fn folders() -> Vec<Finding> {
    let Some(places) = Places::of_user() else {
        return vec![Finding::problem(
            Topic::Folders,
            "the system knows no home folder",
            "Set LGD_STUDIO_HOME to a folder of your own.",
        )];
    };
    [
        (Topic::Settings, &places.config),
        (Topic::Data, &places.data),
        (Topic::Cache, &places.cache),
        (Topic::State, &places.state),
    ]
    .map(|(topic, folder)| folder_finding(topic, folder))
    .into()
}

fn folder_finding(topic: Topic, folder: &Path) -> Finding {
    let shown = folder.display().to_string();
    // The folder itself may not exist yet; then the nearest one above decides.
    let existing = folder.ancestors().find(|parent| parent.is_dir());
    let writable = existing.is_some_and(|parent| tempfile::tempfile_in(parent).is_ok());
    if writable {
        Finding::fact(topic, shown)
    } else {
        Finding::problem(
            topic,
            format!("{shown} (not writable)"),
            "Change its permissions, or set LGD_STUDIO_HOME to another folder.",
        )
    }
}
