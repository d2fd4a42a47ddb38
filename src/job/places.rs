//! Where files live (DESIGN section 6): the system's own folders for "LGD Studio", or everything
//! below `LGD_STUDIO_HOME`.

use std::path::PathBuf;

/// The folders of the program. None of them need exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// `settings.toml`.
    pub config: PathBuf,
    /// Bundles and everything else a person would back up.
    pub data: PathBuf,
    /// What may be deleted at any time.
    pub cache: PathBuf,
    /// The session and logs.
    pub state: PathBuf,
}

impl Places {
    /// The folders of this user; `None` when the system knows no home folder.
    pub fn of_user() -> Option<Self> {
        if let Some(home) = std::env::var_os("LGD_STUDIO_HOME").filter(|home| !home.is_empty()) {
            let home = PathBuf::from(home);
            return Some(Self {
                cache: home.join("cache"),
                config: home.clone(),
                data: home.clone(),
                state: home,
            });
        }
        let dirs = directories::ProjectDirs::from("", "", "LGD Studio")?;
        Some(Self {
            config: dirs.config_dir().to_path_buf(),
            data: dirs.data_dir().to_path_buf(),
            cache: dirs.cache_dir().to_path_buf(),
            state: dirs
                .state_dir()
                .unwrap_or_else(|| dirs.data_local_dir())
                .to_path_buf(),
        })
    }

    /// The settings a person edits.
    pub fn settings_file(&self) -> PathBuf {
        self.config.join("settings.toml")
    }

    /// What the window remembers from the last time.
    pub fn session_file(&self) -> PathBuf {
        self.state.join("session.toml")
    }

    /// The log, a file per day.
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }

    /// Reports of mistakes of the program.
    pub fn crashes(&self) -> PathBuf {
        self.state.join("crashes")
    }

    /// Marks of the windows that are open.
    pub fn starts(&self) -> PathBuf {
        self.state.join("starts")
    }

    /// Every request that was made of the network.
    pub fn requests_file(&self) -> PathBuf {
        self.state.join("requests.jsonl")
    }

    /// Where runs are kept.
    pub fn runs(&self) -> PathBuf {
        self.data.join("runs")
    }

    /// Where training runs are kept.
    pub fn training(&self) -> PathBuf {
        self.data.join("training")
    }

    /// What frozen networks made of training data; may be deleted at any time.
    pub fn features(&self) -> PathBuf {
        self.cache.join("features")
    }

    /// Where bundles are looked for by name.
    pub fn bundles(&self) -> PathBuf {
        self.data.join("bundles")
    }
}
