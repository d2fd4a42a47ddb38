//! Looking at bundles without running them: list, inspect, verify.

use super::library::{self, FileCheck, FileVerdict, VerifyReport};
use super::{BundleSource, GuidanceMode, Places, Problem};
use crate::pipeline::build::BuildProgress;
use crate::pipeline::{Abilities, Bundle, EditError, WhichEditor};
use candle_core::{DType, Device};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a bundle says about itself, and what is really there.
#[derive(Clone, Debug, Serialize)]
pub struct BundleReport {
    /// Its name.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// The licence of the weights, when it is written down.
    pub licence: Option<String>,
    /// Side of the square the editor works at, in pixels.
    pub resolution: usize,
    /// Modes that can run.
    pub modes: Vec<&'static str>,
    /// Modes that a second editor draws, plain InstructPix2Pix in `ip2p/`; none without one.
    pub second_editor_modes: Vec<&'static str>,
    /// Modes that cannot run, with the reason.
    pub unavailable_modes: Vec<(&'static str, String)>,
    /// What a person must know before believing its pictures ("random weights"), if anything.
    pub badge: Option<String>,
    /// Folders outside the bundle whose files it uses in place.
    pub links: Vec<PathBuf>,
    /// Its networks.
    pub components: Vec<ComponentReport>,
    /// Size of all files in bytes.
    pub bytes: u64,
}

/// One network of a bundle.
#[derive(Clone, Debug, Serialize)]
pub struct ComponentReport {
    /// What a person calls it.
    pub name: &'static str,
    /// Numbers in its tensors.
    pub parameters: usize,
    /// Tensors.
    pub tensors: usize,
    /// Stored dtypes, most frequent first.
    pub dtypes: Vec<String>,
}

/// Reads what a bundle is made of.
///
/// # Errors
/// When a file is missing or unreadable.
pub fn inspect(source: &BundleSource) -> Result<BundleReport, Problem> {
    let bundle = Bundle::open(source)?;
    let mut components = Vec::new();
    for component in bundle.components() {
        let weights = bundle.weights(component, DType::F32, &Device::Cpu)?;
        let stored = weights.stored();
        components.push(ComponentReport {
            name: component.title(),
            parameters: stored.parameters,
            tensors: stored.tensors,
            dtypes: stored.dtypes,
        });
    }
    let mut bytes = 0;
    for file in bundle.files()? {
        bytes += bundle.size(&file)?;
    }
    let abilities = Abilities::of(&bundle);
    let unavailable = abilities.unavailable_modes();
    let mut modes = GuidanceMode::ALL.to_vec();
    modes.retain(|mode| abilities.missing_for(*mode).is_none());
    let manifest = &bundle.manifest;
    Ok(BundleReport {
        name: manifest.name.clone(),
        description: manifest.description.clone(),
        licence: manifest.licence.clone(),
        resolution: manifest.resolution,
        second_editor_modes: modes
            .iter()
            .filter(|mode| abilities.editor_of(**mode) == WhichEditor::Second)
            .map(|mode| mode.name())
            .collect(),
        modes: modes.iter().map(|mode| mode.name()).collect(),
        unavailable_modes: unavailable
            .into_iter()
            .map(|(mode, reason)| (mode.name(), reason))
            .collect(),
        badge: manifest.badge().map(str::to_owned),
        links: manifest.links.values().cloned().collect(),
        components,
        bytes,
    })
}

/// What a check of a bundle found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verification {
    /// Files whose checksum is right.
    pub checked: usize,
    /// Files without a checksum in `lgd.json`.
    pub unlisted: Vec<String>,
    /// Whether the networks were loaded; those that do not fit into free memory are not.
    pub loaded: bool,
    /// Everything that is wrong; empty for a good bundle.
    pub problems: Vec<String>,
}

/// Compares every checksum and loads every network strictly; `report` hears how far it is.
///
/// # Errors
/// When there is no readable bundle at all; damage inside one is in the report. [`EditError::Cancelled`]
/// when it was stopped.
pub(crate) fn verify(
    source: &BundleSource,
    report: &mut dyn FnMut(BuildProgress),
) -> Result<Verification, EditError> {
    let mut found = Verification::default();
    let mut on_file = |FileCheck { path, verdict }: FileCheck| match verdict {
        FileVerdict::Right => found.checked += 1,
        FileVerdict::Unlisted => found.unlisted.push(path),
        FileVerdict::Changed => found.problems.push(format!(
            "{path} has changed: its checksum is not the one in lgd.json."
        )),
        FileVerdict::Unreadable(problem) => found.problems.push(problem.to_string()),
    };
    match library::verify(source, &mut on_file, report) {
        VerifyReport::Done { networks, loaded } => {
            found.loaded = loaded;
            found
                .problems
                .extend(networks.map(|problem| problem.to_string()));
            Ok(found)
        }
        VerifyReport::Stopped => Err(EditError::Cancelled),
        VerifyReport::Failed(problem) => Err(problem.into()),
    }
}

/// A bundle the program found by itself.
#[derive(Clone, Debug)]
pub struct KnownBundle {
    /// Where it is.
    pub source: BundleSource,
    /// Its name, or why it cannot be read.
    pub name: Result<String, Problem>,
}

/// The bundles this program knows without being told a path: the embedded one and those in the
/// data folder.
///
/// # Errors
/// When the data folder cannot be listed; a missing one is empty.
pub fn list(places: Option<&Places>) -> Result<Vec<KnownBundle>, Problem> {
    let known = |source: BundleSource| KnownBundle {
        name: Bundle::open(&source).map(|bundle| bundle.manifest.name),
        source,
    };
    let mut found = vec![known(BundleSource::Embedded)];
    let Some(folder) = places.map(Places::bundles).filter(|folder| folder.is_dir()) else {
        return Ok(found);
    };
    let problem = |e: std::io::Error| {
        Problem::new(format!("The bundle folder cannot be listed: {e}."))
            .hint("Check its permissions.")
            .file(&folder)
    };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        // Hidden folders hold what was deleted or is not finished.
        let hidden = entry_name(&path).starts_with('.');
        if path.is_dir() && !hidden {
            folders.push(path);
        }
    }
    folders.sort();
    found.extend(
        folders
            .into_iter()
            .map(|path| known(BundleSource::Folder(path))),
    );
    Ok(found)
}

fn entry_name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// The bundle a person means: nothing or the embedded one's name, a folder, or the name of a folder
/// in the data directory.
pub fn find(wanted: Option<&Path>, places: Option<&Places>) -> BundleSource {
    let Some(wanted) = wanted else {
        return BundleSource::Embedded;
    };
    if wanted.is_dir() {
        return BundleSource::Folder(wanted.to_path_buf());
    }
    if wanted.as_os_str() == "embedded" || wanted.as_os_str() == "toon-tiny" {
        return BundleSource::Embedded;
    }
    match places.map(|places| places.bundles().join(wanted)) {
        Some(folder) if folder.is_dir() => BundleSource::Folder(folder),
        _ => BundleSource::Folder(wanted.to_path_buf()),
    }
}
