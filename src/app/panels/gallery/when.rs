//! How long ago something was, in words.

use super::Cx;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

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

/// Year, month and day of a number of days since 1970: counted in eras of 400 years that begin in
/// March, so that the leap day is the last one.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468; // since March of the year 0
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leaps = of_era / 1_460 - of_era / 36_524 + of_era / 146_096;
    let year_of_era = (of_era - leaps) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (seconds, expected) in [
            (0, (1970, 1, 1)),
            (951_782_399, (2000, 2, 28)),
            (951_782_400, (2000, 2, 29)),
            (951_868_800, (2000, 3, 1)),
            (1_795_478_400, (2026, 11, 24)),
            (-1, (1969, 12, 31)),
        ] {
            assert_eq!(civil(i64::div_euclid(seconds, 24 * 60 * 60)), expected);
        }
    }
}
