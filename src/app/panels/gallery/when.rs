//! How long ago something was, in words.

use super::Cx;
use crate::job::clock::civil;

pub use crate::job::clock::now;

/// How long ago a time was, or its date when that says more.
pub fn ago(cx: &Cx<'_>, then: i64, now: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let count = |unit: i64| [("count", ((now - then) / unit).max(0).to_string().into())];
    match now - then {
        ..MINUTE => cx.tr("when-now").into_owned(),
        MINUTE..HOUR => cx.text("when-minutes", &count(MINUTE)),
        HOUR..DAY => cx.text("when-hours", &count(HOUR)),
        DAY..604_800 => cx.text("when-days", &count(DAY)),
        _ => date(cx, then),
    }
}

/// The day of a time (UTC), as the language writes it.
pub fn date(cx: &Cx<'_>, seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(24 * 60 * 60));
    let values = [
        ("year", format!("{year:04}").into()),
        ("month", format!("{month:02}").into()),
        ("day", format!("{day:02}").into()),
    ];
    cx.text("when-date", &values)
}
