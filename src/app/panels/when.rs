//! Times in words: how long ago, on which day, when exactly; local time in the order of the language.
//! Files and the command line keep UTC.

use super::Cx;
use crate::app::texts::Texts;
use jiff::Timestamp;
use jiff::civil::DateTime;

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
        _ => date(cx.texts, then),
    }
}

/// The day of a time in seconds since 1970.
pub fn date(texts: &Texts, seconds: i64) -> String {
    day(texts, local(texts, seconds))
}

/// Day, hour and minute of a time in seconds since 1970.
pub fn moment(texts: &Texts, seconds: i64) -> String {
    told(texts, "when-moment", local(texts, seconds))
}

/// A time to the second that a file has as `2026-11-29T10:44:18Z`; what is no time, as it is.
pub fn to_the_second(texts: &Texts, utc: &str) -> String {
    match utc.parse::<Timestamp>() {
        Ok(time) => told(texts, "when-second", texts.zone().to_datetime(time)),
        Err(_) => utc.to_owned(),
    }
}

/// A time no calendar has counts as its nearest.
fn local(texts: &Texts, seconds: i64) -> DateTime {
    let limits = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
    let seconds = seconds.clamp(*limits.start(), *limits.end());
    let time = Timestamp::from_second(seconds).unwrap_or_default();
    texts.zone().to_datetime(time)
}

fn day(texts: &Texts, time: DateTime) -> String {
    let values = [
        ("year", time.year().to_string().into()),
        ("month", usize::from(time.month().unsigned_abs()).into()),
        ("day", time.day().to_string().into()),
    ];
    texts.with("when-date", &values)
}

fn told(texts: &Texts, id: &'static str, time: DateTime) -> String {
    let values = [
        ("date", day(texts, time).into()),
        ("hour", format!("{:02}", time.hour()).into()),
        ("minute", format!("{:02}", time.minute()).into()),
        ("second", format!("{:02}", time.second()).into()),
    ];
    texts.with(id, &values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Language;
    use jiff::tz::{Offset, TimeZone};

    #[test]
    fn times_are_local_and_in_the_order_of_the_language() {
        // 2026-11-28, 22:04:05 in UTC.
        const TIME: i64 = 1_795_903_445;
        for (language, hours, expected) in [
            (
                Language::English,
                0,
                ["28 Nov 2026", "28 Nov 2026, 22:04", "28 Nov 2026, 22:04:05"],
            ),
            (
                Language::English,
                -8,
                ["28 Nov 2026", "28 Nov 2026, 14:04", "28 Nov 2026, 14:04:05"],
            ),
            (
                Language::Chinese,
                8,
                [
                    "2026年11月29日",
                    "2026年11月29日 06:04",
                    "2026年11月29日 06:04:05",
                ],
            ),
        ] {
            let texts = Texts::of(language).in_zone(TimeZone::fixed(Offset::constant(hours)));
            let found = [
                date(&texts, TIME),
                moment(&texts, TIME),
                to_the_second(&texts, "2026-11-28T22:04:05Z"),
            ];
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn summer_and_the_turn_of_the_year_are_the_zone_s() -> Result<(), jiff::Error> {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3")?;
        let texts = Texts::english().in_zone(zone);
        for (utc, expected) in [
            ("2026-07-01T10:00:00Z", "1 Jul 2026, 12:00:00"),
            ("2026-12-31T23:30:00Z", "1 Jan 2027, 00:30:00"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(to_the_second(&texts, utc), expected);
        }
        assert_eq!(date(&texts, i64::MIN), "2 Jan -9999");
        Ok(())
    }
}
