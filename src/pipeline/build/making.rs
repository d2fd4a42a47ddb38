//! Writing a recipe down: checked first, stoppable at any time, whole at the end.
//!
//! The bundle grows in `NAME.part` beside its place. Every weight file is written beside its own
//! place, brought to the disk, renamed and only then entered into the journal. The description comes
//! last, and the folder is renamed when all is there. So whatever stops a build leaves either nothing
//! of the bundle or a folder from which the same build goes on.

use super::disk;
use super::journal::{self, Claim, Done, Journal};
use super::meter::Meter;
use super::recipe::Recipe;
use super::shard::{Shard, shards};
use super::{BuildProgress, BuildStage, MadeBundle};
use crate::nn::cancel;
use crate::pipeline::{EditError, Manifest, Problem};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Largest weight file that is written.
pub(crate) const SHARD_BYTES: u64 = 2 << 30;
/// Room that a file system needs for itself.
const SLACK_BYTES: u64 = 16 << 20;

/// Makes the bundle `to`, with weight files of at most `shard_bytes`; `report` hears how far it is.
///
/// # Errors
/// [`EditError::Cancelled`], or what could not be done. Either way, the same call goes on later.
pub(crate) fn make(
    recipe: &Recipe,
    to: &Path,
    shard_bytes: u64,
    report: &mut dyn FnMut(BuildProgress),
) -> Result<MadeBundle, EditError> {
    let started = Instant::now();
    let plan = Plan::of(recipe, shard_bytes);
    let bytes_kept = if is_taken(to)? {
        // Stopped between the last rename and cleaning up: nothing is left to do but that.
        if !(journal::is_being_made(to) && plan.is_finished_in(to)) {
            return Err(
                Problem::new("There is something at the bundle's place already.")
                    .hint("Choose a folder that does not exist yet, or delete this one first.")
                    .file(to)
                    .into(),
            );
        }
        journal::clean_up(to);
        plan.weight_bytes()
    } else {
        let folder = part_folder(to)?;
        let _claim = Claim::of(&folder)?;
        let mut build = Build {
            journal: Journal::open(&folder),
            meter: Meter::new(plan.weight_bytes(), report),
            plan: &plan,
            folder: &folder,
        };
        let kept = build.check_what_is_there()?;
        build.write_all(kept)?;
        build.describe(&recipe.manifest)?;
        settle(&folder, to)?;
        kept
    };
    Ok(MadeBundle {
        folder: to.to_path_buf(),
        name: recipe.manifest.name.clone(),
        bytes: plan.weight_bytes() + plan.files.values().map(|f| f.len() as u64).sum::<u64>(),
        bytes_kept,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// The folder a bundle grows in.
pub(crate) fn part_of(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    to.with_file_name(name)
}

/// The folder a bundle grows in, made when there is none. A folder of that name that is not ours is
/// left alone.
fn part_folder(to: &Path) -> Result<PathBuf, Problem> {
    let part = part_of(to);
    if is_taken(&part)? && !journal::is_being_made(&part) {
        return Err(
            Problem::new("A folder of another kind is where the bundle would grow.")
                .hint("Choose another name for the bundle, or move that folder away.")
                .file(part),
        );
    }
    std::fs::create_dir_all(&part).map_err(|e| disk::write_problem(&e, &part))?;
    Ok(part)
}

/// Whether something is there; an empty folder is nothing.
fn is_taken(path: &Path) -> Result<bool, Problem> {
    match std::fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(disk::write_problem(&error, path)),
    }
}

/// Moves the finished folder to its place and removes the traces of the build.
fn settle(part: &Path, to: &Path) -> Result<(), Problem> {
    let problem = |e: io::Error| disk::write_problem(&e, to);
    if to.is_dir() {
        std::fs::remove_dir(to).map_err(problem)?; // it is empty
    }
    std::fs::rename(part, to).map_err(problem)?;
    disk::sync_folder(to.parent());
    journal::clean_up(to);
    Ok(())
}

/// Every file the bundle will have, except its description.
struct Plan<'a> {
    files: BTreeMap<String, Vec<u8>>,
    shards: Vec<Shard<'a>>,
}

impl<'a> Plan<'a> {
    fn of(recipe: &'a Recipe, shard_bytes: u64) -> Self {
        let mut plan = Self {
            files: recipe.files.clone(),
            shards: Vec::new(),
        };
        for weights in &recipe.weights {
            let (more, index) = shards(weights, shard_bytes);
            plan.shards.extend(more);
            plan.files.extend(index);
        }
        plan
    }

    fn weight_bytes(&self) -> u64 {
        self.shards.iter().map(|shard| shard.bytes).sum()
    }

    fn is_finished_in(&self, folder: &Path) -> bool {
        let journal = Journal::open(folder);
        let has = |shard: &Shard<'_>| {
            journal
                .done
                .get(&shard.file)
                .is_some_and(|d| d.plan == shard.plan)
        };
        folder.join("lgd.json").is_file() && self.shards.iter().all(has)
    }
}

/// A build at work.
struct Build<'a> {
    plan: &'a Plan<'a>,
    folder: &'a Path,
    journal: Journal,
    meter: Meter<'a>,
}

impl Build<'_> {
    /// Keeps what an earlier build finished and is as it left it; removes everything else. Returns
    /// the bytes that are kept.
    fn check_what_is_there(&mut self) -> Result<u64, EditError> {
        let mut kept = BTreeMap::new();
        for shard in &self.plan.shards {
            let Some(done) = self.journal.done.get(&shard.file) else {
                continue;
            };
            let path = self.folder.join(&shard.file);
            let size = std::fs::metadata(&path).map_or(0, |about| about.len());
            if done.plan != shard.plan || size != shard.bytes {
                continue;
            }
            let before = self.meter.done;
            self.meter.begin(BuildStage::Checking, &shard.file);
            let mut tick = |bytes| {
                self.meter.advance(bytes);
                cancel::checkpoint().map_err(io::Error::other)
            };
            match disk::sha256(&path, &mut tick) {
                Ok(sha256) if sha256 == done.sha256 => {
                    kept.insert(shard.file.clone(), done.clone());
                }
                _ if cancel::checkpoint().is_err() => return Err(EditError::Cancelled),
                _ => self.meter.done = before, // changed or unreadable: made again
            }
        }
        self.journal.done = kept;
        self.journal.save(self.folder)?;
        let known = self.journal.done.keys().map(|file| self.folder.join(file));
        remove_others(self.folder, &known.collect())?;
        Ok(self.journal.done.values().map(|done| done.bytes).sum())
    }

    /// Writes everything that is not there yet.
    fn write_all(&mut self, kept: u64) -> Result<(), EditError> {
        let small: u64 = self.plan.files.values().map(|file| file.len() as u64).sum();
        let needed = self.plan.weight_bytes() - kept + small + SLACK_BYTES;
        disk::room_for(needed, self.folder)?;
        for (file, bytes) in &self.plan.files {
            disk::write(&self.folder.join(file), bytes)?;
        }
        for shard in &self.plan.shards {
            if self.journal.done.contains_key(&shard.file) {
                continue;
            }
            self.meter.begin(BuildStage::Writing, &shard.file);
            let mut tick = |bytes| {
                self.meter.advance(bytes);
                cancel::checkpoint().map_err(|_cancelled| EditError::Cancelled)
            };
            let sha256 = shard.write(self.folder, &mut tick)?;
            let done = Done {
                plan: shard.plan.clone(),
                bytes: shard.bytes,
                sha256,
            };
            self.journal.done.insert(shard.file.clone(), done);
            self.journal.save(self.folder)?;
        }
        Ok(())
    }

    /// Writes the description, which makes the folder a bundle.
    fn describe(&self, manifest: &Manifest) -> Result<(), Problem> {
        let mut manifest = manifest.clone();
        for (file, bytes) in &self.plan.files {
            let sha256 = disk::hex(Sha256::new_with_prefix(bytes));
            manifest.sha256.insert(file.clone(), sha256);
        }
        for (file, done) in &self.journal.done {
            manifest.sha256.insert(file.clone(), done.sha256.clone());
        }
        disk::write(&self.folder.join("lgd.json"), &disk::json(&manifest))
    }
}

/// Removes every file below `folder` that is neither of the build nor in `keep`.
fn remove_others(folder: &Path, keep: &BTreeSet<PathBuf>) -> Result<(), Problem> {
    let problem = |e: io::Error| disk::write_problem(&e, folder);
    for entry in std::fs::read_dir(folder).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        let path = entry.path();
        if entry.file_type().map_err(problem)?.is_dir() {
            remove_others(&path, keep)?;
        } else if !keep.contains(&path) && !journal::is_of_making(&entry.file_name()) {
            std::fs::remove_file(&path).map_err(problem)?;
        }
    }
    Ok(())
}
