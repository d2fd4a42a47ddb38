//! The pictures of a folder, in the order a person would give them.

use crate::job::Problem;
use crate::job::files::PICTURE_EXTENSIONS;
use std::path::{Path, PathBuf};

/// The pictures in a folder, `frame-2` before `frame-10`.
///
/// # Errors
/// When it cannot be listed, or there are none.
pub(super) fn pictures(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let unlisted = |e: std::io::Error| {
        let message = match e.kind() {
            std::io::ErrorKind::NotFound => "There is no such folder.".to_owned(),
            _ => format!("The folder cannot be listed: {e}."),
        };
        let hint = "Choose a folder with the frames as pictures.";
        Problem::new(message).hint(hint).file(folder)
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unlisted)? {
        let path = entry.map_err(unlisted)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if is_picture(&path) && !name.starts_with('.') && path.is_file() {
            found.push((natural(&name), path));
        }
    }
    if found.is_empty() {
        return Err(Problem::new("There are no pictures in this folder.")
            .hint("Choose a folder with the frames as pictures, PNG or JPEG for example.")
            .file(folder));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Whether a file is a picture, by its ending.
pub(super) fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| PICTURE_EXTENSIONS.contains(&ending.as_str()))
}

/// A part of a name: digits by their value, everything else as it is.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u128),
    Text(String),
}

/// What names are sorted by.
fn natural(name: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for letter in name.to_lowercase().chars() {
        match (parts.last_mut(), letter.to_digit(10)) {
            (Some(Part::Number(value)), Some(digit)) => {
                *value = value.saturating_mul(10).saturating_add(digit.into());
            }
            (_, Some(digit)) => parts.push(Part::Number(digit.into())),
            (Some(Part::Text(text)), None) => text.push(letter),
            (_, None) => parts.push(Part::Text(letter.to_string())),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_in_the_order_of_their_numbers() -> Result<(), Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        let none = pictures(home.path()).expect_err("it is empty");
        assert!(none.message.contains("no pictures"), "{none}");
        for name in [
            "f-10.jpg",
            "F-9.PNG",
            "f-2.jpg",
            "notes.txt",
            ".hidden.png",
            "a.webp",
        ] {
            std::fs::write(home.path().join(name), "")?;
        }
        std::fs::create_dir(home.path().join("folder.png"))?;
        let found = pictures(home.path())?;
        let names = found.iter().filter_map(|path| path.file_name()?.to_str());
        let names: Vec<&str> = names.collect();
        assert_eq!(names, ["a.webp", "f-2.jpg", "F-9.PNG", "f-10.jpg"]);
        let gone = pictures(&home.path().join("nowhere")).expect_err("it is not there");
        assert!(gone.message.contains("no such folder"), "{gone}");
        Ok(())
    }
}
