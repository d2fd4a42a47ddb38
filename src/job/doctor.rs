//! What this machine can run: facts with a hint for each problem.

use super::{DeviceChoice, Places, dialogs};
use serde::Serialize;
use std::path::Path;

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What to do, when it is not as it should be.
    pub hint: Option<String>,
}

impl Finding {
    fn fact(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            what,
            found: found.into(),
            hint: None,
        }
    }

    fn problem(what: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            what,
            found: found.into(),
            hint: Some(hint.into()),
        }
    }
}

/// Looks at everything.
pub fn examine() -> Vec<Finding> {
    let mut findings = vec![
        Finding::fact(
            "program",
            format!(
                "LGD Studio {}, {} {}",
                env!("CARGO_PKG_VERSION"),
                std::env::consts::OS,
                std::env::consts::ARCH
            ),
        ),
        Finding::fact("processor", processor()),
        memory(),
        Finding::fact(
            "compute devices",
            DeviceChoice::available()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        ),
        Finding::fact("GPU support in this build", gpu_features()),
        display(),
        file_dialogs(),
    ];
    findings.extend(adapters());
    findings.extend(folders());
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
        format!("{threads} threads, {}", extensions.join(" and "))
    }
}

/// The embedded bundle needs well under half a gigabyte.
const ENOUGH_MEMORY_MIB: u64 = 600;

fn memory() -> Finding {
    let Ok(mut system) = sysinfo::System::new() else {
        return Finding::fact("memory", "unknown on this system");
    };
    system.refresh_memory();
    let (total, free) = (system.total_memory() >> 20, system.available_memory() >> 20);
    let found = format!("{total} MiB, {free} MiB available");
    if free >= ENOUGH_MEMORY_MIB {
        Finding::fact("memory", found)
    } else {
        Finding::problem(
            "memory",
            found,
            "Close other programs: the embedded bundle needs about 400 MiB.",
        )
    }
}

fn gpu_features() -> &'static str {
    if cfg!(feature = "cuda") {
        "CUDA"
    } else if cfg!(feature = "metal") {
        "Metal"
    } else {
        "none; build with --features cuda or --features metal to compute on a GPU"
    }
}

fn display() -> Finding {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return Finding::fact("display", "the system's own");
    }
    match (set("WAYLAND_DISPLAY"), set("DISPLAY")) {
        (Some(display), _) => Finding::fact("display", format!("Wayland {display}")),
        (None, Some(display)) => Finding::fact("display", format!("X11 {display}")),
        (None, None) => Finding::problem(
            "display",
            "none",
            "The window needs one. From a terminal alone use `lgd-studio ask IMAGE QUESTION`.",
        ),
    }
}

fn file_dialogs() -> Finding {
    match dialogs::provider() {
        Ok(provider) => Finding::fact("file dialogs", provider),
        Err(problem) => Finding::problem("file dialogs", "none", problem.hint.unwrap_or_default()),
    }
}

/// Drivers the window can draw with.
fn adapters() -> Vec<Finding> {
    let instance = wgpu::Instance::default();
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    if found.is_empty() {
        return vec![Finding::problem(
            "graphics driver",
            "none",
            "The window needs Vulkan, Metal, DirectX 12 or OpenGL. On Debian and Ubuntu `apt install mesa-vulkan-drivers` is enough, even without a GPU.",
        )];
    }
    found
        .iter()
        .map(|adapter| {
            let info = adapter.get_info();
            Finding::fact(
                "graphics driver",
                format!("{} ({:?}, {:?})", info.name, info.backend, info.device_type),
            )
        })
        .collect()
}

fn folders() -> Vec<Finding> {
    let Some(places) = Places::of_user() else {
        return vec![Finding::problem(
            "folders",
            "the system knows no home folder",
            "Set LGD_STUDIO_HOME to a folder of your own.",
        )];
    };
    [
        ("settings", &places.config),
        ("data", &places.data),
        ("cache", &places.cache),
        ("state", &places.state),
    ]
    .map(|(what, folder)| folder_finding(what, folder))
    .into()
}

fn folder_finding(what: &'static str, folder: &Path) -> Finding {
    let shown = folder.display().to_string();
    // The folder itself may not exist yet; then the nearest one above decides.
    let existing = folder.ancestors().find(|parent| parent.is_dir());
    let writable = existing.is_some_and(|parent| tempfile::tempfile_in(parent).is_ok());
    if writable {
        Finding::fact(what, shown)
    } else {
        Finding::problem(
            what,
            format!("{shown} (not writable)"),
            "Change its permissions, or set LGD_STUDIO_HOME to another folder.",
        )
    }
}
