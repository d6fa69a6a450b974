//! Two kinds of time: moments of the machines' clock, and the `time-val` on the wire.

pub(crate) mod calendar;

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use nom::Parser;
use nom::bytes::complete::take;
use nom::character::complete::{char, digit1};
use nom::combinator::{cut, eof, map, map_opt, opt};
use nom::error::ErrorKind;
use nom::sequence::preceded;

use crate::grammar::{Fault, Kind, Read, whole};

/// A moment, as the time since an origin that the application chooses, such as the program's start. The crate has no clock: the
/// application passes the current moment to every `poll`, and deadlines are moments.
///
/// It is exact to the nanosecond. The last moment is 584 years after the origin: in 2554 if the origin is 1970.
///
/// ```
/// use ftp_proto::Instant;
/// use std::time::Duration;
/// // Kept once; each poll gets `Instant::from_origin(origin.elapsed())`.
/// let origin = std::time::Instant::now();
/// let now = Instant::from_origin(origin.elapsed());
/// let deadline = now.after(Duration::from_secs(60));
/// assert_eq!(deadline.saturating_since(now), Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant {
    /// Half the size of a [`Duration`]: a session keeps half a dozen of them.
    nanoseconds: u64,
}

impl Instant {
    /// The moment `elapsed` after the origin, or the last moment if that is earlier.
    #[inline]
    pub const fn from_origin(elapsed: Duration) -> Self {
        Self { nanoseconds: nanoseconds(elapsed) }
    }

    /// The time since the origin.
    #[inline]
    pub const fn since_origin(self) -> Duration {
        Duration::from_nanos(self.nanoseconds)
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    #[inline]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanoseconds.saturating_sub(earlier.nanoseconds))
    }

    /// The moment `wait` later, or the last moment if that is earlier.
    #[inline]
    #[must_use]
    pub const fn after(self, wait: Duration) -> Self {
        Self { nanoseconds: self.nanoseconds.saturating_add(nanoseconds(wait)) }
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instant").field(&self.since_origin()).finish()
    }
}

const fn nanoseconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos() as u64)
}

/// A `time-val` (RFC 3659 2.3): a date and time in UTC, to the nanosecond.
///
/// ```
/// let time = ftp_proto::Time::parse(b"20240229235960.25").unwrap();
/// assert_eq!((time.year(), time.second(), time.nanosecond()), (2024, 60, 250_000_000));
/// assert_eq!(time.to_string(), "20240229235960.25");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
}

/// Why text or numbers are not a [`Time`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeError {
    /// The text isn't 14 digits, optionally followed by a dot and a fraction.
    Syntax {
        /// The place of the mistake, in bytes from 0.
        at: usize,
    },
    /// The year is above 9999, or there is no such month, or that month has no such day.
    Date,
    /// The hour is above 23, the minute above 59, the second above 60, or the fraction a second or more.
    TimeOfDay,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { at } => write!(f, "not YYYYMMDDhhmmss[.fraction]: mistake at byte {at}"),
            Self::Date => f.write_str("no such date"),
            Self::TimeOfDay => f.write_str("no such time of day"),
        }
    }
}

impl core::error::Error for TimeError {}

impl Time {
    /// A moment in UTC. An error if there is no such date or time of day; any minute may have a second 60.
    pub fn new(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Result<Self, TimeError> {
        if year > 9999 || day == 0 || day > days(year, month) {
            return Err(TimeError::Date);
        }
        if hour > 23 || minute > 59 || second > 60 {
            return Err(TimeError::TimeOfDay);
        }
        Ok(Self { year, month, day, hour, minute, second, nanosecond: 0 })
    }

    /// The same moment with this fraction of its second, in nanoseconds. An error from 1,000,000,000 on.
    pub fn with_nanosecond(self, nanosecond: u32) -> Result<Self, TimeError> {
        if nanosecond > 999_999_999 { Err(TimeError::TimeOfDay) } else { Ok(Self { nanosecond, ..self }) }
    }

    /// The year, 0 to 9999.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The hour, 0 to 23.
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// The second, 0 to 60; 60 is a leap second.
    pub const fn second(self) -> u8 {
        self.second
    }

    /// The fraction of the second in nanoseconds.
    pub const fn nanosecond(self) -> u32 {
        self.nanosecond
    }

    /// Reads `YYYYMMDDhhmmss`, optionally with a fraction of any length; digits after the ninth are ignored. Allocates nothing.
    // RFC 3659 2.3: time-val = 14DIGIT [ "." 1*DIGIT ]
    pub fn parse(text: &[u8]) -> Result<Self, TimeError> {
        whole(Self::read, text).map_err(|fault| match fault.kind {
            Wrong::Syntax => TimeError::Syntax { at: fault.at(text) },
            Wrong::Value(error) => error,
        })
    }

    fn read(input: &[u8]) -> Read<'_, Self, Wrong> {
        let (input, (year, month, day)) = (four, two, two).parse_complete(input)?;
        let (input, (hour, minute, second)) = (two, two, two).parse_complete(input)?;
        let (input, fraction) = opt(preceded(char('.'), cut(digit1))).parse_complete(input)?;
        // Nine digits, so below 10^9.
        let nine = fraction.unwrap_or_default().iter().chain(core::iter::repeat(&b'0')).take(9);
        let value = |value: u32, digit: &u8| value.wrapping_mul(10).wrapping_add(u32::from(digit.wrapping_sub(b'0')));
        let time = Self::new(year, month, day, hour, minute, second);
        let time = time.and_then(|time| time.with_nanosecond(nine.fold(0, value)));
        // A text of the wrong form is a mistake of syntax, whatever its date is.
        let (input, _) = eof(input)?;
        time.map(|time| (input, time)).map_err(|error| nom::Err::Error(Fault::new(input, Wrong::Value(error))))
    }

    /// The moment this many seconds after the beginning of 1970 in UTC, or before it if negative. An error outside the years 0 to
    /// 9999.
    ///
    /// ```
    /// use ftp_proto::Time;
    /// let time = Time::from_unix_seconds(1_700_000_000)?;
    /// assert_eq!(time.to_string(), "20231114221320");
    /// assert_eq!(time.unix_seconds(), 1_700_000_000);
    /// # Ok::<(), ftp_proto::TimeError>(())
    /// ```
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, TimeError> {
        calendar::of_epoch(seconds).ok_or(TimeError::Date)
    }

    /// The seconds from the beginning of 1970 in UTC to this moment, negative before it. A leap second counts as the second after it;
    /// the fraction is dropped.
    pub fn unix_seconds(self) -> i64 {
        calendar::to_epoch(self)
    }

    /// Appends the time as it goes over the wire, with the fraction if there is one.
    pub fn encode(&self, out: &mut Vec<u8>) {
        crate::address::write(out, self);
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, nanosecond } = *self;
        write!(f, "{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")?;
        if nanosecond == 0 {
            return Ok(());
        }
        let mut fraction = nanosecond;
        let mut width: usize = 9;
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            width = width.saturating_sub(1);
        }
        write!(f, ".{fraction:0width$}")
    }
}

/// Every moment that can be written.
#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Time {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let (year, month) = (u.int_in_range(0..=9999)?, u.int_in_range(1..=12)?);
        let day = u.int_in_range(1..=days(year, month))?;
        let (hour, minute, second) = (u.int_in_range(0..=23)?, u.int_in_range(0..=59)?, u.int_in_range(0..=60)?);
        let time = Self::new(year, month, day, hour, minute, second);
        let time = time.and_then(|time| time.with_nanosecond(u.int_in_range(0..=999_999_999).unwrap_or(0)));
        time.map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

/// What is wrong with a text that is not a time.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Syntax,
    Value(TimeError),
}

impl Kind for Wrong {
    fn of(_: ErrorKind) -> Self {
        Self::Syntax
    }
}

/// `DIGIT`
fn digit(input: &[u8]) -> Read<'_, u8, Wrong> {
    map_opt(take(1usize), |digit: &[u8]| match digit {
        [digit @ b'0'..=b'9'] => Some(digit.wrapping_sub(b'0')),
        _ => None,
    })
    .parse_complete(input)
}

/// `2DIGIT`
fn two(input: &[u8]) -> Read<'_, u8, Wrong> {
    map((digit, digit), |(tens, ones)| tens.wrapping_mul(10).wrapping_add(ones)).parse_complete(input)
}

/// `4DIGIT`
fn four(input: &[u8]) -> Read<'_, u16, Wrong> {
    map((two, two), |(hundreds, ones)| u16::from(hundreds).wrapping_mul(100).wrapping_add(u16::from(ones)))
        .parse_complete(input)
}

/// The days of a month of the Gregorian calendar; 0 if there is no such month.
fn days(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn every_day_of_four_centuries_both_ways() {
        let mut count = 0;
        for year in 2000..2400 {
            for month in 0..=13 {
                for day in 0..=32 {
                    let Ok(time) = Time::new(year, month, day, 23, 59, 60) else { continue };
                    assert_eq!(Time::parse(time.to_string().as_bytes()), Ok(time));
                    count += 1;
                }
            }
        }
        assert_eq!(count, 146_097);
    }

    #[test]
    fn a_fraction_of_any_length() {
        for (text, nanosecond, shown) in [
            ("20240101000000", 0, "20240101000000"),
            ("20240101000000.0", 0, "20240101000000"),
            ("20240101000000.5", 500_000_000, "20240101000000.5"),
            ("20240101000000.000000001", 1, "20240101000000.000000001"),
            ("20240101000000.1234567899", 123_456_789, "20240101000000.123456789"),
            ("99991231235959.999999999999", 999_999_999, "99991231235959.999999999"),
        ] {
            let time = Time::parse(text.as_bytes()).unwrap();
            assert_eq!((time.nanosecond(), time.to_string().as_str()), (nanosecond, shown));
            let mut out = Vec::new();
            time.encode(&mut out);
            assert_eq!(out, shown.as_bytes());
        }
    }

    #[test]
    fn what_is_no_time() {
        for (text, error) in [
            ("", TimeError::Syntax { at: 0 }),
            ("2024010100000", TimeError::Syntax { at: 13 }),
            ("202401010000000", TimeError::Syntax { at: 14 }),
            ("191000101000000", TimeError::Syntax { at: 14 }),
            ("20240101 00000", TimeError::Syntax { at: 8 }),
            ("20240101000000.", TimeError::Syntax { at: 15 }),
            ("20240101000000.5x", TimeError::Syntax { at: 16 }),
            ("20240101000000x", TimeError::Syntax { at: 14 }),
            ("20240001000000", TimeError::Date),
            ("20241301000000", TimeError::Date),
            ("20240100000000", TimeError::Date),
            ("20230229000000", TimeError::Date),
            ("21000229000000", TimeError::Date),
            ("20240101240000", TimeError::TimeOfDay),
            ("20240101006000", TimeError::TimeOfDay),
            ("20240101000061", TimeError::TimeOfDay),
        ] {
            assert_eq!(Time::parse(text.as_bytes()), Err(error), "{text}");
        }
        assert_eq!(Time::new(10_000, 1, 1, 0, 0, 0), Err(TimeError::Date));
        let time = Time::new(2024, 1, 1, 0, 0, 0).unwrap();
        assert_eq!(time.with_nanosecond(1_000_000_000), Err(TimeError::TimeOfDay));
    }
}
