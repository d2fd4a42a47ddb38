//! What is wrong with the program's own files: settings, log, room, the chosen bundle, crashes.

use super::{Finding, Topic};
use crate::job::care::crash_reports;
use crate::job::hub::{RequestBook, free_bytes};
use crate::job::{Places, logs};
use std::path::{Path, PathBuf};

/// Room that runs and their journals need to be comfortable, in bytes.
const ENOUGH_ROOM: u64 = 1 << 30;
/// A mistake is worth a word for so many seconds.
const RECENT: u64 = 14 * 24 * 60 * 60;

/// Looks at everything in these places.
pub(super) fn examine(places: &Places) -> Vec<Finding> {
    let settings = std::fs::read_to_string(places.settings_file()).ok();
    let mut findings = vec![log(places), room(places), network(places), crashes(places)];
    findings.extend(settings.as_deref().and_then(|text| broken(places, text)));
    findings.extend(settings.as_deref().and_then(bundle));
    findings
}

fn log(places: &Places) -> Finding {
    let folder = places.logs();
    let shown = folder.display().to_string();
    match logs::days(&folder) {
        Ok(0) => Finding::fact(Topic::Log, format!("{shown} (nothing yet)")),
        Ok(days) => Finding::fact(Topic::Log, format!("{shown} ({days} of 14 days)")),
        Err(error) => Finding::problem(
            Topic::Log,
            format!("{shown} ({error})"),
            "Make it a folder that you may read and write, or delete what is in its place. The program works without it.",
        ),
    }
}

fn room(places: &Places) -> Finding {
    let Some(free) = free_bytes(&places.data) else {
        return Finding::fact(Topic::Room, "unknown on this system");
    };
    let found = format!("{:.1} GB for runs and bundles", free as f64 / 1e9);
    if free >= ENOUGH_ROOM {
        Finding::fact(Topic::Room, found)
    } else {
        Finding::problem(
            Topic::Room,
            found,
            "Delete runs in the Gallery or bundles on the Models page, or set LGD_STUDIO_HOME to a folder on another disk.",
        )
    }
}

fn network(places: &Places) -> Finding {
    let (_, count) = RequestBook::of(Some(places)).read();
    Finding::fact(
        Topic::Network,
        format!("{count} ever; only downloads that somebody starts ask the network"),
    )
}

fn crashes(places: &Places) -> Finding {
    let reports = crash_reports(places);
    let age = |path: &PathBuf| {
        let modified = std::fs::metadata(path).and_then(|about| about.modified());
        modified.ok()?.elapsed().ok().map(|age| age.as_secs())
    };
    let newest = reports.last();
    let recent = newest.and_then(age).is_some_and(|age| age < RECENT);
    match newest {
        Some(newest) if recent => Finding::problem(
            Topic::Crashes,
            format!("{}, the newest {}", reports.len(), newest.display()),
            "Please report it with a debug package: Settings, Make debug package.",
        ),
        _ => Finding::fact(Topic::Crashes, reports.len().to_string()),
    }
}

/// A settings file that cannot be read; the next window sets it aside.
fn broken(places: &Places, text: &str) -> Option<Finding> {
    let error = text.parse::<toml::Table>().err()?;
    let file = places.settings_file();
    Some(Finding::problem(
        Topic::Settings,
        format!("{} cannot be read: {}", file.display(), error.message()),
        "Mend or delete it. The window sets it aside and starts with the usual settings.",
    ))
}

/// A chosen bundle that is not there.
fn bundle(settings: &str) -> Option<Finding> {
    let table: toml::Table = settings.parse().ok()?;
    let folder = table.get("models")?.get("bundle")?.as_str()?;
    let finding = match Path::new(folder).join("lgd.json").is_file() {
        true => Finding::fact(Topic::Bundle, folder),
        false => Finding::problem(
            Topic::Bundle,
            format!("{folder} (not there)"),
            "Choose another bundle on the Models page, or bring the folder back.",
        ),
    };
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_a_remedy() -> std::io::Result<()> {
        let home = tempfile::tempdir()?;
        let places = Places {
            config: home.path().join("config"),
            data: home.path().join("data"),
            cache: home.path().join("cache"),
            state: home.path().join("state"),
        };
        let problems = |places: &Places| {
            let found = examine(places).into_iter();
            let problems = found.filter(|finding| finding.hint.is_some());
            let topics = problems.map(|finding| finding.topic);
            // The disk of this machine is its own matter.
            topics
                .filter(|topic| *topic != Topic::Room)
                .collect::<Vec<_>>()
        };
        assert_eq!(problems(&places), []);
        std::fs::create_dir_all(&places.config)?;
        std::fs::create_dir_all(places.crashes())?;
        std::fs::write(places.logs(), "in the way")?;
        std::fs::write(places.crashes().join("crash-1-2-3.json"), "{}")?;
        std::fs::write(places.settings_file(), "theme = [")?;
        let expected = [Topic::Log, Topic::Crashes, Topic::Settings];
        assert_eq!(problems(&places), expected);
        std::fs::write(places.settings_file(), "[models]\nbundle = \"/gone\"\n")?;
        let expected = [Topic::Log, Topic::Crashes, Topic::Bundle];
        assert_eq!(problems(&places), expected);
        Ok(())
    }
}
