//! Settings into a file and back: what would change is shown before it does, and can be taken back
//! after it did. A token never leaves the settings file of the program.

use super::{AppState, Dialog, Effect, NoticeKind};
use crate::app::settings::{MAX_SCALE, MIN_SCALE, Settings, to_text};
use crate::job::hub::Secret;
use crate::job::{FileTask, FolderUse, Problem};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Largest file that can be settings, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// One setting that an import changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name in the file, such as `network.offline`.
    pub name: String,
    /// What it is now, and what it will be; none where it is as in a new installation.
    pub values: (Option<String>, Option<String>),
}

/// Settings of a file, before they are used.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Where they are from.
    pub file: PathBuf,
    /// What would be used.
    pub settings: Settings,
    /// What is different from now.
    pub changes: Vec<Change>,
    /// Names that this version does not know; they are left out.
    pub unknown: Vec<String>,
    /// Whether the size of the interface was brought into its range.
    pub limited: bool,
}

impl Exchange {
    /// Reads the settings of a text.
    ///
    /// # Errors
    /// When they cannot be read, or are none.
    pub fn read(text: &str, file: PathBuf, now: &Settings) -> Result<Self, Problem> {
        let unusable = |why: String| {
            Problem::new(format!("These are no settings that can be used: {why}"))
                .hint("Choose a file that was written with Export settings. Nothing has changed.")
                .file(&file)
        };
        if text.len() > MOST_BYTES {
            return Err(unusable("the file is too large.".to_owned()));
        }
        let mut settings: Settings = toml::from_str(text)
            .map_err(|error| unusable(error.message().trim_end_matches('.').to_owned() + "."))?;
        let mut unknown: Vec<String> = settings.rest.keys().cloned().collect();
        let within = |name: &'static str, rest: &toml::Table| -> Vec<String> {
            rest.keys().map(|key| format!("{name}.{key}")).collect()
        };
        unknown.extend(within("models", &settings.models.rest));
        unknown.extend(within("network", &settings.network.rest));
        let all = text.parse::<toml::Table>().map_or(0, |table| table.len());
        if settings.rest.len() == all {
            return Err(unusable("none of its names is a setting.".to_owned()));
        }
        // What only other versions know stays as it is here.
        settings.rest = now.rest.clone();
        settings.models.rest = now.models.rest.clone();
        settings.network.rest = now.network.rest.clone();
        if settings.network.token.is_empty() {
            settings.network.token = now.network.token.clone();
        }
        let limited = !(MIN_SCALE..=MAX_SCALE).contains(&settings.scale);
        let settings = settings.within_range();
        Ok(Self {
            changes: changes(now, &settings),
            file,
            settings,
            unknown,
            limited,
        })
    }
}

/// What is different between two settings, by name.
fn changes(before: &Settings, after: &Settings) -> Vec<Change> {
    let (before, after) = (values(before), values(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let pairs = names.into_iter().map(|name| Change {
        name: name.clone(),
        values: (before.get(name).cloned(), after.get(name).cloned()),
    });
    pairs
        .filter(|change| change.values.0 != change.values.1)
        .map(hidden)
        .collect()
}

/// A token is never shown, only that it changes.
fn hidden(change: Change) -> Change {
    if change.name != "network.token" {
        return change;
    }
    let dots = |value: Option<String>| value.map(|_| "••••".to_owned());
    let (before, after) = change.values;
    Change {
        name: change.name,
        values: (dots(before), dots(after)),
    }
}

/// Every setting as a text, by its name with those of its tables.
fn values(settings: &Settings) -> BTreeMap<String, String> {
    fn flatten(before: &str, table: &toml::Table, into: &mut BTreeMap<String, String>) {
        for (key, value) in table {
            let name = match before {
                "" => key.clone(),
                before => format!("{before}.{key}"),
            };
            match value {
                toml::Value::Table(table) => flatten(&name, table, into),
                toml::Value::String(text) => drop(into.insert(name, text.clone())),
                other => drop(into.insert(name, other.to_string())),
            }
        }
    }
    let text = to_text(settings).unwrap_or_default();
    let mut table = text.parse::<toml::Table>().unwrap_or_default();
    // Tables that say nothing but the usual are left out of a file; here they are compared.
    for (name, part) in [
        ("models", toml::Value::try_from(&settings.models)),
        ("network", toml::Value::try_from(&settings.network)),
    ] {
        table.extend(part.ok().map(|part| (name.to_owned(), part)));
    }
    let mut all = BTreeMap::new();
    flatten("", &table, &mut all);
    all
}

impl AppState {
    /// Asks where the settings go. The token stays here.
    pub(super) fn export_settings(&self) -> Vec<Effect> {
        let mut settings = self.settings.clone();
        settings.network.token = Secret::default();
        let name = "lgd-studio-settings.toml".to_owned();
        let text = to_text(&settings);
        let task = text.map(|text| FileTask::PickSettings(text, name.into()));
        task.map(Effect::Files).into_iter().collect()
    }

    pub(super) fn pick_settings() -> Vec<Effect> {
        vec![Effect::Files(FileTask::PickFolder(FolderUse::SettingsFile))]
    }

    /// A file was chosen: what it would change is shown.
    pub(in crate::app::state) fn settings_read(
        &mut self,
        file: PathBuf,
        text: Result<String, Problem>,
    ) {
        let read = text.and_then(|text| Exchange::read(&text, file, &self.settings));
        self.care.exchange = Some(read.map(Box::new));
        self.dialog = Some(Dialog::ImportSettings);
    }

    /// Uses what was shown.
    pub(super) fn take_imported(&mut self) -> Vec<Effect> {
        let Some(Ok(exchange)) = self.care.exchange.take() else {
            return Vec::new();
        };
        self.dialog = Some(Dialog::Settings);
        let before = Box::new(self.settings.clone());
        let effects = self.take_settings(exchange.settings);
        self.notify(NoticeKind::SettingsImported(before));
        effects
    }

    /// Puts everything back to what a new installation has.
    pub(super) fn reset_settings(&mut self) -> Vec<Effect> {
        let before = Box::new(self.settings.clone());
        let effects = self.take_settings(Settings {
            // What other versions know was never set here.
            rest: self.settings.rest.clone(),
            ..Settings::default()
        });
        self.notify(NoticeKind::SettingsReset(before));
        effects
    }

    /// Takes other settings, with the bundle that they name.
    pub(super) fn take_settings(&mut self, settings: Settings) -> Vec<Effect> {
        let source = settings.models.source();
        let other = source != self.settings.models.source();
        let mut effects = self.edit_settings(settings);
        if other {
            effects.extend(self.use_bundle(source));
        }
        effects
    }
}
