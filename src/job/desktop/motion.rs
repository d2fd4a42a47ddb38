//! Whether the system asks programs for less motion.

/// What the system says; none where it says nothing, or where we know no way to ask.
#[cfg(all(unix, not(target_os = "macos")))]
pub(super) fn reduced() -> Option<bool> {
    // The portal is how every desktop of today can be asked, in the words of each.
    const PLACES: [(&str, &str); 3] = [
        ("org.freedesktop.appearance", "reduced-motion"),
        ("org.gnome.desktop.interface", "enable-animations"),
        ("org.kde.kdeglobals.KDE", "AnimationDurationFactor"),
    ];
    let bus = zbus::blocking::connection::Builder::session()
        .and_then(|builder| builder.method_timeout(super::PATIENCE).build())
        .inspect_err(|error| tracing::debug!(%error, "no session bus"))
        .ok()?;
    PLACES.iter().find_map(|(group, key)| {
        let answer = bus.call_method(
            Some("org.freedesktop.portal.Desktop"),
            "/org/freedesktop/portal/desktop",
            Some("org.freedesktop.portal.Settings"),
            "ReadOne",
            &(*group, *key),
        );
        let body = answer.ok()?.body();
        let value: zbus::zvariant::Value<'_> = body.deserialize().ok()?;
        said(key, &value)
    })
}

/// Elsewhere nobody is asked.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(super) fn reduced() -> Option<bool> {
    None
}

/// What the value of a key means.
#[cfg(all(unix, not(target_os = "macos")))]
fn said(key: &str, value: &zbus::zvariant::Value<'_>) -> Option<bool> {
    use zbus::zvariant::Value;
    match (key, value) {
        ("reduced-motion", Value::U32(wish)) => Some(*wish == 1),
        ("enable-animations", Value::Bool(moving)) => Some(!moving),
        // Written as text, like everything in that file.
        ("AnimationDurationFactor", Value::Str(factor)) => {
            factor.parse::<f64>().ok().map(|factor| factor == 0.0)
        }
        (_, Value::Value(inner)) => said(key, inner),
        _ => None,
    }
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use super::said;
    use zbus::zvariant::Value;

    #[test]
    fn each_desktop_is_understood_in_its_own_words() {
        for (key, value, expected) in [
            ("reduced-motion", Value::U32(1), Some(true)),
            ("reduced-motion", Value::U32(0), Some(false)),
            ("enable-animations", Value::Bool(false), Some(true)),
            ("enable-animations", Value::Bool(true), Some(false)),
            ("AnimationDurationFactor", Value::from("0"), Some(true)),
            ("AnimationDurationFactor", Value::from("1.5"), Some(false)),
            ("AnimationDurationFactor", Value::from("soon"), None),
            ("enable-animations", Value::U32(1), None),
        ] {
            assert_eq!(said(key, &value), expected, "{key} {value:?}");
            let wrapped = Value::Value(Box::new(value));
            assert_eq!(said(key, &wrapped), expected, "{key} wrapped");
        }
    }
}
