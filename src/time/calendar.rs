//! Days and seconds of the Gregorian calendar, for times that are counted, shifted or rounded up.

use super::Time;

const DAY: i64 = 86_400;

/// The moment `seconds` after the beginning of 1970 in UTC; `None` outside of the years 0 to 9999.
pub(crate) fn of_epoch(seconds: i64) -> Option<Time> {
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = of_days(days)?;
    let part = |value: i64| u8::try_from(value).ok();
    let (hour, minute, second) = (part(second / 3600)?, part(second % 3600 / 60)?, part(second % 60)?);
    Time::new(year, month, day, hour, minute, second).ok()
}

/// The seconds from the beginning of 1970 to this moment; a leap second counts as the next one.
pub(crate) fn to_epoch(time: Time) -> i64 {
    let clock = [(time.hour(), 3600), (time.minute(), 60), (time.second(), 1)];
    let seconds: i64 = clock.iter().map(|(count, length)| i64::from(*count).wrapping_mul(*length)).sum();
    to_days(time.year(), time.month(), time.day()).wrapping_mul(DAY).wrapping_add(seconds)
}

/// The moment `seconds` later, with the same fraction of its second.
pub(crate) fn shifted(time: Time, seconds: i64) -> Option<Time> {
    of_epoch(to_epoch(time).checked_add(seconds)?)?.with_nanosecond(time.nanosecond()).ok()
}

// Both ways count in years that begin with March, so that the leap day is the last of a year, and in cycles of 400 years, which
// have 146,097 days each. Nothing below is larger than 2^48 for the years 0 to 9999.

fn to_days(year: u16, month: u8, day: u8) -> i64 {
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let year = if month <= 2 { year.wrapping_sub(1) } else { year };
    let month = month.wrapping_add(9) % 12;
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    let of_months = month.wrapping_mul(153).wrapping_add(2) / 5;
    let of_years = year.wrapping_mul(365).wrapping_add(year / 4).wrapping_sub(year / 100);
    let in_cycle = of_years.wrapping_add(of_months).wrapping_add(day).wrapping_sub(1);
    cycle.wrapping_mul(146_097).wrapping_add(in_cycle).wrapping_sub(719_468)
}

fn of_days(days: i64) -> Option<(u16, u8, u8)> {
    let days = days.checked_add(719_468)?;
    let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = (day / 1460).wrapping_sub(day / 36_524).wrapping_add(day / 146_096);
    let year = day.wrapping_sub(leap_days) / 365;
    let day = day.wrapping_sub(year.wrapping_mul(365).wrapping_add(year / 4).wrapping_sub(year / 100));
    let month = day.wrapping_mul(5).wrapping_add(2) / 153;
    let day = day.wrapping_sub(month.wrapping_mul(153).wrapping_add(2) / 5).wrapping_add(1);
    let month = month.wrapping_add(2) % 12;
    let year = cycle.checked_mul(400)?.checked_add(year)?.checked_add(i64::from(month <= 1))?;
    Some((u16::try_from(year).ok()?, u8::try_from(month.wrapping_add(1)).ok()?, u8::try_from(day).ok()?))
}

/// The same time of the next day.
pub(crate) fn next_day(time: Time) -> Option<Time> {
    shifted(time, DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_calendar_both_ways() {
        let mut days = to_days(0, 1, 1);
        for year in 0..=9999 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if Time::new(year, month, day, 0, 0, 0).is_ok() {
                        assert_eq!((to_days(year, month, day), of_days(days)), (days, Some((year, month, day))));
                        days += 1;
                    }
                }
            }
        }
        assert_eq!(of_days(days), Some((10_000, 1, 1)));
        assert_eq!(of_epoch(days * DAY), None);
    }

    #[test]
    fn seconds_both_ways() {
        for (seconds, text) in [
            (0, "19700101000000"),
            (-1, "19691231235959"),
            (1_700_000_000, "20231114221320"),
            (4_107_542_399, "21000228235959"),
            (253_402_300_799, "99991231235959"),
        ] {
            let time = Time::parse(text.as_bytes()).unwrap();
            assert_eq!((of_epoch(seconds), to_epoch(time)), (Some(time), seconds), "{text}");
        }
        assert_eq!(of_epoch(i64::MAX).or(of_epoch(i64::MIN)), None);
    }
}
