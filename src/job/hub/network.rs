//! How the hub is reached, as a person set it.

use super::found_token;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The hub itself.
pub const HUB: &str = "https://huggingface.co";

/// How the hub is reached. Whatever is set here, nothing is asked of the network by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkSettings {
    /// Nothing is asked of the network at all.
    pub offline: bool,
    /// Address of a mirror; empty for [`HUB`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    /// Address of a proxy; empty for the one of the environment, if there is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub proxy: String,
    /// Token for repositories that ask for one; empty for the one that [`found_token`] finds.
    #[serde(skip_serializing_if = "Secret::is_empty")]
    pub token: Secret,
    /// Keys of other versions, kept as they are.
    #[serde(flatten)]
    pub rest: toml::Table,
}

impl NetworkSettings {
    /// The same where the environment fills what is empty: `HF_HUB_OFFLINE`, `HF_ENDPOINT`, and the
    /// token that [`found_token`] finds.
    pub fn with_environment(mut self) -> Self {
        let set = |name| {
            std::env::var(name)
                .ok()
                .filter(|value| !value.trim().is_empty())
        };
        let on = |value: String| !matches!(value.trim(), "0" | "false" | "no" | "off");
        self.offline |= set("HF_HUB_OFFLINE").is_some_and(on);
        if self.endpoint.trim().is_empty() {
            self.endpoint = set("HF_ENDPOINT").unwrap_or_default();
        }
        if self.token.is_empty() {
            self.token = found_token().map(|(token, _)| token).unwrap_or_default();
        }
        self
    }

    /// The address requests go to, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        match self.endpoint.trim().trim_end_matches('/') {
            "" => HUB,
            mirror => mirror,
        }
    }
}

/// A text that logs and error messages never show.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// The text itself, for a field that hides it and for the one header it is for.
    pub fn reveal(&self) -> &str {
        self.0.trim()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "none" } else { "hidden" })
    }
}

/// How long to wait for a server, and how often to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until a server that is silent says the next word.
    pub read: Duration,
    /// Attempts in a row that bring nothing before a download gives up.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles from one to the next.
    pub first_wait: Duration,
    /// The longest wait that a server may ask for.
    pub longest_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            read: Duration::from_secs(12),
            attempts: 6,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(300),
        }
    }
}

impl Patience {
    /// The wait after so many attempts that brought nothing.
    pub(super) fn wait_after(&self, failed: u32) -> Duration {
        let doubled = self
            .first_wait
            .saturating_mul(1 << failed.saturating_sub(1).min(10));
        doubled.min(self.longest_wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_shows() -> Result<(), toml::ser::Error> {
        let settings = NetworkSettings {
            token: Secret::new(" hf_secret ".to_owned()),
            ..NetworkSettings::default()
        };
        assert!(!format!("{settings:?}").contains("hf_secret"));
        assert_eq!(settings.token.reveal(), "hf_secret");
        assert!(
            toml::to_string(&settings)?.contains("hf_secret"),
            "it is kept"
        );
        Ok(())
    }

    #[test]
    fn an_empty_mirror_is_the_hub() {
        let mut settings = NetworkSettings::default();
        assert_eq!(settings.endpoint(), HUB);
        settings.endpoint = " http://127.0.0.1:8080/ ".to_owned();
        assert_eq!(settings.endpoint(), "http://127.0.0.1:8080");
    }

    #[test]
    fn waits_double_up_to_a_limit() {
        let patience = Patience::default();
        let waits = [1, 2, 3, 4].map(|failed| patience.wait_after(failed).as_secs());
        assert_eq!(waits, [1, 2, 4, 8]);
        assert_eq!(patience.wait_after(30).as_secs(), 300);
    }
}
