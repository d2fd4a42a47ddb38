//! A folder of generated pictures in the authors' layout: one folder per sample with
//! `input_img.jpg`, `target_img.jpg` and one JPEG per seed.
//!
//! The rules are the original's: hidden folders are passed over, only files that end in `.jpg` count,
//! and a sample is used when it has exactly as many of them as the evaluation needs. The original
//! passes over all others without a word; here each is named with the reason.

use crate::pipeline::{GuidanceMode, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// What the file of the frame has in its name.
const INPUT: &str = "input_img";
/// What the file of the target has in its name.
const TARGET: &str = "target_img";

/// One sample with all its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleFolder {
    /// Its name.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// The frame.
    pub input: PathBuf,
    /// What the answer should look like.
    pub target: PathBuf,
    /// The generated pictures, by file name; `idx_10` after `idx_9`.
    pub generated: Vec<Generated>,
}

/// One generated picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The file.
    pub path: PathBuf,
    /// The number after `seed_`, where the name has one.
    pub seed: Option<u64>,
}

/// A folder that is not used, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The name of the folder.
    pub name: String,
    /// A sentence.
    pub reason: String,
}

/// What a folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadFolder {
    /// The usable samples, by name.
    pub samples: Vec<SampleFolder>,
    /// The others, by name.
    pub skipped: Vec<Skipped>,
    /// Generated pictures of every usable sample.
    pub pictures: usize,
}

/// The JPEG files of one sample.
struct Files {
    name: String,
    path: PathBuf,
    files: Vec<String>,
}

/// Finds the samples of `folders`, which may be the shards of one evaluation.
///
/// `pictures` is how many generated pictures a sample must have; without, it is what most of the
/// samples have. A sample that is in several folders is used once.
///
/// # Errors
/// When a folder cannot be listed.
pub fn read_folder(folders: &[PathBuf], pictures: Option<usize>) -> Result<ReadFolder, Problem> {
    let mut found = Vec::new();
    let mut skipped = Vec::new();
    for folder in folders {
        list(folder, &mut found, &mut skipped)?;
    }
    let pictures = pictures.unwrap_or_else(|| usual(&found));
    let mut samples: BTreeMap<String, SampleFolder> = BTreeMap::new();
    for files in found {
        let name = files.name.clone();
        match usable(files, pictures) {
            Err(reason) => skipped.push(Skipped { name, reason }),
            Ok(sample) => match samples.get(&name) {
                None => {
                    samples.insert(name, sample);
                }
                Some(first) => skipped.push(Skipped {
                    reason: format!(
                        "The sample is in several folders; {} counts, {} does not.",
                        first.path.display(),
                        sample.path.display()
                    ),
                    name,
                }),
            },
        }
    }
    skipped.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(ReadFolder {
        samples: samples.into_values().collect(),
        skipped,
        pictures,
    })
}

/// The evaluations below the folders: those in subfolders named after a guidance mode, as `validate`
/// writes them, or the folders themselves. Each has a name, the mode where it is known, and its
/// folders.
pub fn methods(folders: &[PathBuf]) -> Vec<(String, Option<GuidanceMode>, Vec<PathBuf>)> {
    let of_modes = GuidanceMode::ALL.into_iter().filter_map(|mode| {
        let below = folders.iter().map(|folder| folder.join(mode.name()));
        let below: Vec<PathBuf> = below.filter(|folder| folder.is_dir()).collect();
        (!below.is_empty()).then(|| (mode.name().to_owned(), Some(mode), below))
    });
    let of_modes: Vec<_> = of_modes.collect();
    if !of_modes.is_empty() {
        return of_modes;
    }
    let name = folders.first().map(|folder| {
        let whole = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
        whole
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    });
    let name = name.unwrap_or_default();
    let mode = GuidanceMode::ALL
        .into_iter()
        .find(|mode| mode.name() == name);
    vec![(name, mode, folders.to_vec())]
}

fn list(folder: &Path, found: &mut Vec<Files>, skipped: &mut Vec<Skipped>) -> Result<(), Problem> {
    let unlisted = |e: io::Error| {
        let message = match e.kind() {
            io::ErrorKind::NotFound => "There is no such folder.".to_owned(),
            io::ErrorKind::NotADirectory => "This is a file, not a folder.".to_owned(),
            _ => format!("The folder cannot be listed: {e}."),
        };
        Problem::new(message)
            .hint("Name the folder that holds one folder of pictures per sample.")
            .file(folder)
    };
    for entry in std::fs::read_dir(folder).map_err(unlisted)? {
        let path = entry.map_err(unlisted)?.path();
        if !path.is_dir() {
            continue; // a contact sheet lies beside its folder
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.') {
            let reason = "Its name starts with a dot.".to_owned();
            skipped.push(Skipped { name, reason });
            continue;
        }
        match jpegs(&path) {
            Ok(files) => found.push(Files { name, path, files }),
            Err(e) => skipped.push(Skipped {
                name,
                reason: format!("It cannot be listed: {e}."),
            }),
        }
    }
    found.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    Ok(())
}

fn jpegs(folder: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".jpg") {
            files.push(name);
        }
    }
    files.sort_by_key(|name| (index(name), name.clone()));
    Ok(files)
}

/// The number after `idx_`; pictures without one come last.
fn index(name: &str) -> u64 {
    number_after(name, "idx_").unwrap_or(u64::MAX)
}

fn number_after(name: &str, mark: &str) -> Option<u64> {
    let (_, rest) = name.split_once(mark)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest.get(..digits)?.parse().ok()
}

/// How many generated pictures most samples have; of several such numbers the largest.
fn usual(found: &[Files]) -> usize {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for files in found {
        *counts
            .entry(files.files.len().saturating_sub(2))
            .or_default() += 1;
    }
    counts.remove(&0);
    let usual = counts
        .into_iter()
        .max_by_key(|(pictures, times)| (*times, *pictures));
    usual.map_or(0, |(pictures, _)| pictures)
}

/// The sample, or why it is not used.
fn usable(found: Files, pictures: usize) -> Result<SampleFolder, String> {
    let Files { name, path, files } = found;
    let expected = pictures + 2;
    if files.is_empty() {
        return Err("It has no JPEG files.".to_owned());
    }
    if files.len() != expected {
        let which = if files.len() > expected {
            let more = files.len() - expected;
            format!("{more} too many")
        } else {
            format!("{} missing", expected - files.len())
        };
        return Err(format!(
            "It has {} JPEG files, but {expected} are needed: input, target and {pictures} generated; {which}.",
            files.len()
        ));
    }
    let only = |mark: &str| -> Result<PathBuf, String> {
        let mut with = files.iter().filter(|file| file.contains(mark));
        match (with.next(), with.next()) {
            (Some(file), None) => Ok(path.join(file)),
            (None, _) => Err(format!("It has no {mark}.jpg.")),
            (Some(_), Some(_)) => Err(format!("It has several files with {mark} in their names.")),
        }
    };
    let (input, target) = (only(INPUT)?, only(TARGET)?);
    let others = files
        .iter()
        .filter(|file| !file.contains(INPUT) && !file.contains(TARGET));
    let generated = others.map(|file| Generated {
        path: path.join(file),
        seed: number_after(file, "seed_"),
    });
    Ok(SampleFolder {
        generated: generated.collect(),
        input,
        target,
        name,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(root: &Path, name: &str, files: &[&str]) -> io::Result<()> {
        std::fs::create_dir_all(root.join(name))?;
        for file in files {
            std::fs::write(root.join(name).join(file), "x")?;
        }
        Ok(())
    }

    #[test]
    fn samples_are_found_and_every_other_folder_is_named() -> Result<(), Box<dyn std::error::Error>>
    {
        let root = tempfile::tempdir()?;
        let root = root.path();
        let good = [
            "input_img.jpg",
            "target_img.jpg",
            "idx_10_method_LGD_seed_7.jpg",
            "idx_9_method_LGD_seed_13.jpg",
        ];
        sample(
            root,
            "a",
            &[good.as_slice(), &["notes.txt", "more.JPG"]].concat(),
        )?;
        sample(root, "b", &good)?;
        sample(root, "missing", &good[..3])?;
        sample(root, "too many", &[good.as_slice(), &["one.jpg"]].concat())?;
        sample(
            root,
            "no target",
            &[&good[..1], &["1.jpg", "2.jpg", "3.jpg"]].concat(),
        )?;
        sample(root, "empty", &[])?;
        sample(root, ".hidden", &good)?;
        std::fs::write(root.join("a.jpg"), "a contact sheet")?;
        let read = read_folder(&[root.to_owned()], None)?;
        assert_eq!(read.pictures, 2);
        let names: Vec<_> = read.samples.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let seeds: Vec<_> = read.samples[0].generated.iter().map(|g| g.seed).collect();
        assert_eq!(seeds, [Some(13), Some(7)], "by number, not by letter");
        let reasons: Vec<_> = read
            .skipped
            .iter()
            .map(|s| (s.name.as_str(), s.reason.as_str()))
            .collect();
        let [hidden, empty, missing, no_target, too_many] = reasons.as_slice() else {
            return Err(format!("{reasons:?}").into());
        };
        assert_eq!(*hidden, (".hidden", "Its name starts with a dot."));
        assert_eq!(*empty, ("empty", "It has no JPEG files."));
        assert!(
            missing.1.contains("3 JPEG files") && missing.1.contains("1 missing"),
            "{missing:?}"
        );
        assert!(no_target.1.contains("no target_img"), "{no_target:?}");
        assert!(
            too_many.0 == "too many" && too_many.1.contains("1 too many"),
            "{too_many:?}"
        );

        // Shards: what is in both counts once.
        let other = tempfile::tempdir()?;
        sample(other.path(), "b", &good)?;
        sample(other.path(), "c", &good)?;
        let shards = [root.to_owned(), other.path().to_owned()];
        let merged = read_folder(&shards, Some(2))?;
        assert_eq!(merged.samples.len(), 3);
        assert!(
            merged
                .skipped
                .iter()
                .any(|s| s.name == "b" && s.reason.contains("several folders"))
        );
        assert!(read_folder(&[root.join("nowhere")], None).is_err());
        Ok(())
    }
}
