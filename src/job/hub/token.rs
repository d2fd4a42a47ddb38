//! The token that other programs of this machine use for the hub, so that nobody has to write it down a
//! second time.

use super::Secret;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// Where a token was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// In this variable of the environment.
    Variable(&'static str),
    /// In the file that the hub's own tools keep.
    File(PathBuf),
}

impl fmt::Display for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// The token of this machine, as the hub's own tools look for it: `HF_TOKEN`, then the file that
/// `hf auth login` writes.
pub fn found_token() -> Option<(Secret, TokenSource)> {
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_path_buf());
    find(&|name| std::env::var_os(name), home)
}

fn find(
    variable: &dyn Fn(&'static str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Option<(Secret, TokenSource)> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let secret = |text: String| Some(Secret::new(text)).filter(|secret| !secret.is_empty());
    for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
        let text = set(name).and_then(|value| value.into_string().ok());
        if let Some(token) = text.and_then(secret) {
            return Some((token, TokenSource::Variable(name)));
        }
    }
    let place = |name| set(name).map(PathBuf::from);
    let caches = || place("XDG_CACHE_HOME").or_else(|| Some(home?.join(".cache")));
    let folder = || place("HF_HOME").or_else(|| Some(caches()?.join("huggingface")));
    let file = place("HF_TOKEN_PATH").or_else(|| Some(folder()?.join("token")))?;
    let token = secret(std::fs::read_to_string(&file).ok()?)?;
    Some((token, TokenSource::File(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_the_hubs_own_tools_is_found_where_they_keep_it() -> std::io::Result<()> {
        let home = tempfile::tempdir()?;
        let other = tempfile::tempdir()?;
        let path = |name: &str| other.path().join(name);
        let usual = home.path().join(".cache/huggingface");
        std::fs::create_dir_all(&usual)?;
        let found = |variables: &[(&str, PathBuf)]| {
            let variables: Vec<(String, OsString)> = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
                .collect();
            let get = move |name: &'static str| {
                let known = variables.iter().find(|(known, _)| known == name);
                known.map(|(_, value)| value.clone())
            };
            let found = find(&get, Some(home.path().to_path_buf()));
            found.map(|(token, source)| (token.reveal().to_owned(), source))
        };
        assert_eq!(found(&[]), None);
        std::fs::write(usual.join("token"), " \n")?;
        assert_eq!(found(&[]), None, "an empty file holds no token");
        std::fs::write(usual.join("token"), "hf_usual\n")?;
        let file = TokenSource::File(usual.join("token"));
        assert_eq!(found(&[]), Some(("hf_usual".to_owned(), file)));

        std::fs::write(path("token"), "hf_home")?;
        std::fs::write(path("elsewhere"), "hf_elsewhere")?;
        let in_home = ("HF_HOME", other.path().to_path_buf());
        let named = ("HF_TOKEN_PATH", path("elsewhere"));
        let said = ("HF_TOKEN", PathBuf::from("hf_said"));
        let file = |name| TokenSource::File(path(name));
        for (variables, token, source) in [
            (vec![in_home.clone()], "hf_home", file("token")),
            (
                vec![in_home.clone(), named.clone()],
                "hf_elsewhere",
                file("elsewhere"),
            ),
            (
                vec![in_home, named, said],
                "hf_said",
                TokenSource::Variable("HF_TOKEN"),
            ),
        ] {
            assert_eq!(found(&variables), Some((token.to_owned(), source)));
        }
        Ok(())
    }
}
