//! A message of the desktop.

use super::{PROGRAM, PROGRAM_ID};
use notify_rust::Notification;

/// Shows a message; a desktop without messages is no failure.
pub(super) fn announce(title: &str, body: &str) {
    let mut notice = Notification::new();
    notice.appname(PROGRAM).summary(title).icon(PROGRAM_ID);
    // Bodies may be read as markup.
    notice.body(&escaped(body));
    #[cfg(all(unix, not(target_os = "macos")))]
    notice.hint(notify_rust::Hint::DesktopEntry(PROGRAM_ID.to_owned()));
    match notice.show() {
        Ok(_) => tracing::debug!("announced"),
        Err(error) => tracing::info!(%error, "the desktop shows no messages"),
    }
}

/// The text where `<` begins a tag and `&` an entity; elsewhere as it is.
fn escaped(text: &str) -> String {
    if cfg!(any(target_os = "macos", windows)) {
        return text.to_owned();
    }
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_person_wrote_is_no_markup() {
        assert_eq!(
            escaped("Is 1 < 2 & <b>true</b>?"),
            "Is 1 &lt; 2 &amp; &lt;b&gt;true&lt;/b&gt;?"
        );
    }
}
