//! The debug package: one zip file with what helps to find a mistake, and nothing that a person did
//! not tick.

use super::{report, scrub};
use crate::job::{Places, Problem, doctor};
use crate::pipeline::whole_file::write_whole;
use std::fmt::Write as _;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Most bytes of a log or a list that are packed, from its end.
const MOST_TEXT: u64 = 2 << 20;
/// Crash reports that are packed, the newest.
const REPORTS: usize = 5;
/// Largest run that is packed, in bytes.
const MOST_RUN: u64 = 256 << 20;

/// What a person ticks; nothing of it is packed otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PackageChoice {
    /// The session: questions, answers typed in, and names of opened files.
    pub questions: bool,
    /// The newest kept run: its frame, its question and its pictures.
    pub pictures: bool,
}

/// What a file of the package is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackagePart {
    /// Versions, devices and folders.
    Machine,
    /// The settings, without tokens.
    Settings,
    /// A log file.
    Log,
    /// A crash report.
    Report,
    /// Every request that was made.
    Requests,
    /// The session, because it was ticked.
    Session,
    /// A run, because it was ticked.
    Run,
}

/// A file of the package before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageItem {
    /// Its name in the package.
    pub name: String,
    /// What it is.
    pub part: PackagePart,
    /// Its size in bytes.
    pub bytes: usize,
}

/// A package that is to be written.
#[derive(Clone, Debug)]
pub struct Package {
    /// What was ticked.
    pub choice: PackageChoice,
    /// Where everything is.
    pub places: Places,
    /// Where it goes; before that is known, the suggested name.
    pub path: PathBuf,
}

struct Member {
    name: String,
    part: PackagePart,
    bytes: Vec<u8>,
}

impl Package {
    /// What it would hold now.
    pub(super) fn items(places: &Places, choice: PackageChoice) -> Vec<PackageItem> {
        let members = gather(places, choice).into_iter();
        members
            .map(|member| PackageItem {
                name: member.name,
                part: member.part,
                bytes: member.bytes.len(),
            })
            .collect()
    }

    /// Writes it as a whole or not at all.
    ///
    /// # Errors
    /// When the disk says no.
    pub(in crate::job) fn write(&self) -> Result<(), Problem> {
        let packed = pack(&gather(&self.places, self.choice)).map_err(|error| {
            Problem::new(format!("The package cannot be made: {error}.")).file(&self.path)
        })?;
        write_whole(&self.path, &packed).map_err(Problem::from)
    }
}

fn pack(members: &[Member]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // No codec is part of the program; logs of two weeks are small.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for member in members {
        zip.start_file(&member.name, stored)?;
        zip.write_all(&member.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Everything that is packed. What cannot be read is left out: a package must not fail for what is
/// broken, because that is what it is about.
fn gather(places: &Places, choice: PackageChoice) -> Vec<Member> {
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_path_buf());
    let text = |name: &str, part, text: String| Member {
        name: name.to_owned(),
        part,
        bytes: scrub::without_home(&text, home.as_deref()).into_bytes(),
    };
    let mut members = vec![text("machine.txt", PackagePart::Machine, machine())];
    if let Some(settings) = end_of(&places.settings_file()) {
        let settings = scrub::settings(&settings);
        members.push(text("settings.toml", PackagePart::Settings, settings));
    }
    let files = |folder: PathBuf, newest: usize| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        let from = paths.len().saturating_sub(newest);
        paths.split_off(from)
    };
    for path in files(places.logs(), usize::MAX) {
        if path.extension().is_some_and(|end| end == "log")
            && let Some(log) = end_of(&path)
        {
            let name = format!("logs/{}", name_of(&path));
            members.push(text(&name, PackagePart::Log, log));
        }
    }
    let reports = report::list(&places.crashes());
    for path in reports.iter().rev().take(REPORTS) {
        if let Some(report) = end_of(path) {
            let name = format!("crashes/{}", name_of(path));
            members.push(text(&name, PackagePart::Report, report));
        }
    }
    if let Some(requests) = end_of(&places.requests_file()) {
        members.push(text("requests.jsonl", PackagePart::Requests, requests));
    }
    if choice.questions
        && let Some(session) = end_of(&places.session_file())
    {
        members.push(text("session.toml", PackagePart::Session, session));
    }
    if choice.pictures
        && let Some(path) = newest_run(&places.runs())
        && let Ok(bytes) = std::fs::read(&path)
    {
        members.push(Member {
            name: format!("run/{}", name_of(&path)),
            part: PackagePart::Run,
            bytes,
        });
    }
    members
}

/// What the doctor finds, as a text.
fn machine() -> String {
    let mut text = String::new();
    for finding in doctor::examine() {
        let (what, found) = (finding.what, &finding.found);
        let written = match &finding.hint {
            Some(hint) => writeln!(text, "{what}: {found}\n    -> {hint}"),
            None => writeln!(text, "{what}: {found}"),
        };
        debug_assert!(written.is_ok(), "a text takes everything");
    }
    text
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The end of a text file; none when it cannot be read.
fn end_of(path: &Path) -> Option<String> {
    let mut file = std::fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST_TEXT)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(MOST_TEXT).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn newest_run(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let runs = entries.filter_map(|entry| {
        let about = entry.metadata().ok()?;
        let path = entry.path();
        let is_run = path.extension().is_some_and(|end| end == "lgdrun");
        (is_run && about.len() <= MOST_RUN).then_some((about.modified().ok()?, path))
    });
    runs.max().map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn home() -> std::io::Result<(tempfile::TempDir, Places)> {
        let home = tempfile::tempdir()?;
        let places = Places {
            config: home.path().join("config"),
            data: home.path().join("data"),
            cache: home.path().join("cache"),
            state: home.path().join("state"),
        };
        for (path, text) in [
            (places.settings_file(), "[network]\ntoken = \"hf_secret\"\n"),
            (places.session_file(), "history = [\"Why does it rain?\"]\n"),
            (places.logs().join("lgd-studio.2026-11-29.log"), "a line\n"),
            (places.crashes().join("crash-1-2-0.json"), "{}"),
            (places.requests_file(), "{}\n"),
            (places.runs().join("1.lgdrun"), "a run"),
        ] {
            std::fs::create_dir_all(path.parent().unwrap_or(home.path()))?;
            std::fs::write(path, text)?;
        }
        Ok((home, places))
    }

    fn unpack(path: &Path) -> Result<BTreeMap<String, String>, Box<dyn std::error::Error>> {
        let mut zip = zip::ZipArchive::new(std::fs::File::open(path)?)?;
        let mut files = BTreeMap::new();
        for index in 0..zip.len() {
            let mut file = zip.by_index(index)?;
            let name = file.name()?.into_owned();
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            files.insert(name, text);
        }
        Ok(files)
    }

    #[test]
    fn nothing_is_packed_that_was_not_ticked() -> Outcome {
        let (home, places) = home()?;
        let mut package = Package {
            choice: PackageChoice::default(),
            places: places.clone(),
            path: home.path().join("package.zip"),
        };
        package.write()?;
        let files = unpack(&package.path)?;
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        let expected = [
            "crashes/crash-1-2-0.json",
            "logs/lgd-studio.2026-11-29.log",
            "machine.txt",
            "requests.jsonl",
            "settings.toml",
        ];
        assert_eq!(names, expected);
        assert!(files.values().all(|text| !text.contains("hf_secret")));
        assert!(files["machine.txt"].contains("LGD Studio"));

        package.choice = PackageChoice {
            questions: true,
            pictures: true,
        };
        let listed = Package::items(&places, package.choice);
        package.write()?;
        let files = unpack(&package.path)?;
        assert_eq!(
            files.len(),
            listed.len(),
            "what was shown is what is written"
        );
        assert!(files["session.toml"].contains("rain"));
        assert_eq!(files["run/1.lgdrun"], "a run");
        Ok(())
    }

    #[test]
    fn a_folder_that_takes_no_file_leaves_nothing_behind() -> Outcome {
        let (home, places) = home()?;
        let folder = home.path().join("gone");
        let package = Package {
            choice: PackageChoice::default(),
            places,
            path: folder.join("package.zip"),
        };
        let problem = package.write().err().ok_or("there is no such folder")?;
        assert!(problem.hint.is_some() && problem.file.is_some());
        assert!(!folder.exists());
        Ok(())
    }
}
