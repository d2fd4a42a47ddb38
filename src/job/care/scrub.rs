//! Takes out of a text what is nobody else's business: secrets, and the name in the home folder.

use std::path::Path;

/// Words in the name of a setting that holds a secret.
const SECRET: [&str; 5] = ["token", "secret", "password", "credential", "api_key"];

/// A text in which the home folder is `~`.
pub(super) fn without_home(text: &str, home: Option<&Path>) -> String {
    let home = home.and_then(Path::to_str).filter(|home| home.len() > 1);
    home.map_or_else(|| text.to_owned(), |home| text.replace(home, "~"))
}

/// Settings without tokens, or why there are none: what cannot be read cannot be looked through.
pub(super) fn settings(text: &str) -> String {
    match text.parse::<toml::Table>() {
        Ok(mut table) => {
            clean(&mut table);
            table.to_string()
        }
        Err(_) => "# The settings cannot be read, so they are left out.\n".to_owned(),
    }
}

fn clean(table: &mut toml::Table) {
    table.retain(|name, _| {
        let name = name.to_lowercase();
        !SECRET.iter().any(|word| name.contains(word))
    });
    for (_, value) in table.iter_mut() {
        clean_value(value);
    }
}

fn clean_value(value: &mut toml::Value) {
    match value {
        toml::Value::Table(table) => clean(table),
        toml::Value::Array(values) => values.iter_mut().for_each(clean_value),
        toml::Value::String(text) => *text = without_login(text),
        _ => {}
    }
}

/// An address without the name and password before its host.
fn without_login(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let host = rest.split('/').next().unwrap_or_default();
    match host.rsplit_once('@') {
        Some((login, _)) => format!("{scheme}://{}", rest.get(login.len() + 1..).unwrap_or("")),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_the_settings_stays() {
        let text = "theme = \"dark\"\nfutureToken = \"abc\"\n\n[network]\ntoken = \"hf_x\"\nproxy = \"http://me:pass@host:80/x@y\"\n\n[[other]]\nPassword = \"p\"\nname = \"n\"\n";
        let clean = settings(text);
        for secret in ["hf_x", "abc", "pass", "Password", "\"p\""] {
            assert!(!clean.contains(secret), "{secret} in {clean}");
        }
        assert!(clean.contains("theme = \"dark\""));
        assert!(clean.contains("http://host:80/x@y"), "{clean}");
        assert!(!settings("token = \"hf_x").contains("hf_x"));
    }

    #[test]
    fn the_home_folder_has_no_name() {
        let home = Path::new("/home/someone");
        let text = without_home("saved in /home/someone/pictures", Some(home));
        assert_eq!(text, "saved in ~/pictures");
        assert_eq!(without_home("a/b", Some(Path::new("/"))), "a/b");
    }
}
