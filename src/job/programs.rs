//! Other programs that may be installed here.

use std::ffi::OsStr;
use std::path::PathBuf;

/// Where a program is that the search path leads to; none when it is not installed.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    find_in(name, &std::env::var_os("PATH")?)
}

fn find_in(name: &str, path: &OsStr) -> Option<PathBuf> {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let folders = std::env::split_paths(path);
    let mut places = folders
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name));
    places.find(|place| place.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_where_the_search_path_leads() -> Result<(), Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        let (first, second) = (home.path().join("a"), home.path().join("b"));
        let path = std::env::join_paths([&first, &second])?;
        assert_eq!(find_in("tool", &path), None);
        std::fs::create_dir(&second)?;
        let place = second.join(format!("tool{}", std::env::consts::EXE_SUFFIX));
        std::fs::write(&place, "")?;
        assert_eq!(find_in("tool", &path), Some(place));
        Ok(())
    }
}
