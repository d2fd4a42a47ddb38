//! The map in `lib.rs`, enforced: no import points upwards or sideways, egui stays in `app`, candle
//! below `job`, threads and channels in `job`.

use crate::golden::TestResult;
use std::path::{Path, PathBuf};

/// Modules from the bottom up, with the modules each may import besides itself.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("nn", &[]),
    ("models", &["nn"]),
    ("diffusion", &["nn"]),
    ("dataset", &["nn"]),
    ("pipeline", &["models", "diffusion", "dataset", "nn"]),
    (
        "eval",
        &["pipeline", "models", "diffusion", "dataset", "nn"],
    ),
    (
        "train",
        &["pipeline", "models", "diffusion", "dataset", "nn"],
    ),
    (
        "job",
        &[
            "train",
            "eval",
            "pipeline",
            "models",
            "diffusion",
            "dataset",
            "nn",
        ],
    ),
    ("app", &["job"]),
    ("cli", &["job"]),
];

/// Words that only some modules may use.
const RESTRICTED: [(&str, &[&str]); 6] = [
    ("egui", &["app"]),
    ("eframe", &["app"]),
    (
        "candle_core",
        &[
            "nn",
            "models",
            "diffusion",
            "dataset",
            "pipeline",
            "train",
            "job",
        ],
    ),
    ("candle_nn", &["nn"]),
    // Training reads its data ahead, and keeps in touch with other ranks, on threads of its own.
    ("std::thread", &["job", "train"]),
    ("crossbeam_channel", &["job"]),
];

struct Source {
    module: String,
    path: PathBuf,
    text: String,
}

fn sources() -> TestResult<Vec<Source>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let inside = path.strip_prefix(&root)?;
                let first = inside
                    .iter()
                    .next()
                    .ok_or("no component")?
                    .to_string_lossy();
                let module = first.trim_end_matches(".rs").to_owned();
                let text = std::fs::read_to_string(&path)?;
                found.push(Source { module, path, text });
            }
        }
    }
    Ok(found)
}

/// Code lines with their numbers: comments and a file's own unit tests say what they like.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line))
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn every_import_points_downwards() -> TestResult {
    let mut wrong = Vec::new();
    for source in sources()? {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == source.module) else {
            if !["lib", "main"].contains(&source.module.as_str()) {
                wrong.push(format!("{} is in no layer", source.path.display()));
            }
            continue;
        };
        for (number, line) in code(&source.text) {
            for target in line.split("crate::").skip(1) {
                let name: String = target
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let known = ALLOWED.iter().any(|(module, _)| *module == name);
                if known && name != source.module && !allowed.contains(&name.as_str()) {
                    wrong.push(format!("{}:{number} imports {name}", source.path.display()));
                }
            }
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

#[test]
fn egui_candle_threads_and_channels_stay_in_their_places() -> TestResult {
    let mut wrong = Vec::new();
    for source in sources()? {
        for (word, modules) in RESTRICTED {
            if modules.contains(&source.module.as_str()) {
                continue;
            }
            for (number, line) in code(&source.text) {
                let uses = line.match_indices(word).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
                });
                // Asking how many cores there are starts no thread.
                if uses && !line.contains("available_parallelism") {
                    wrong.push(format!("{}:{number} uses {word}", source.path.display()));
                }
            }
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}
