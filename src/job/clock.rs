//! Days and times of the system's clock in UTC, as files and lists write them.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Now, in seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
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

/// The day of a time, as `2026-11-29`; such names sort like their days.
pub(super) fn day(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// A time to the second, as `2026-11-29 10:44:18`.
pub fn stamp(seconds: i64) -> String {
    let of_day = seconds.rem_euclid(DAY);
    let (hours, minutes) = (of_day / 3600, of_day / 60 % 60);
    let day = day(seconds);
    format!("{day} {hours:02}:{minutes:02}:{:02}", of_day % 60)
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
            assert_eq!(civil(i64::div_euclid(seconds, DAY)), expected);
        }
        assert_eq!(stamp(951_782_399), "2000-02-28 23:59:59");
    }
}
