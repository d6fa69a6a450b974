//! Dates and times of day, as the dialects write them, and the inference of missing years.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_while1};
use nom::character::complete::one_of;
use nom::combinator::{map_opt, opt, verify};
use nom::sequence::{delimited, preceded, separated_pair, terminated};
use nom::{IResult, Parser};

use super::column::{Read, any_blanks, blanks, digits, is_blank, word_end};
use super::entry::{Modified, Precision, Zone};
use super::months;
use crate::time::Time;
use crate::time::calendar;

/// A day in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    /// `None` if there is no year.
    pub(super) year: Option<u16>,
    pub(super) month: u8,
    pub(super) day: u8,
}

/// A time of day in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) nanosecond: u32,
    pub(super) precision: Precision,
}

/// The order of a date's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    MonthDayYear,
    DayMonthYear,
    YearMonthDay,
}

/// What the reading of a line depends on: the current time, and what earlier lines have shown.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// A day after the listing's `now`. A time without a year is the latest one before it. The day allows for servers with a fast clock
    /// or in another zone.
    horizon: Time,
    /// The order of numeric dates, once a date was read that fits one order alone.
    pub(super) order: Option<Order>,
    /// How many columns of a Unix line come before its date.
    pub(super) columns: usize,
}

impl Known {
    pub(super) fn new(now: Time) -> Self {
        Self { horizon: calendar::next_day(now).unwrap_or(now), order: None, columns: 4 }
    }

    /// Without what earlier lines have shown.
    pub(super) fn forgotten(&self) -> Self {
        Self { horizon: self.horizon, order: None, columns: 4 }
    }

    /// A time to the minute, without a year.
    #[inline(always)]
    pub(super) fn recent(&self, month: u8, day: u8, hour: u8, minute: u8) -> Option<Modified> {
        if hour == 24 || (month, day) == (2, 29) {
            let clock = Clock { hour, minute, second: 0, nanosecond: 0, precision: Precision::Minute };
            return self.modified(Day { year: None, month, day }, Some(clock));
        }
        let last = self.horizon;
        let last_of_year = u32::from_be_bytes([last.month(), last.day(), last.hour(), last.minute()]);
        let is_over = u32::from_be_bytes([month, day, hour, minute]) <= last_of_year;
        let year = last.year().checked_sub(u16::from(!is_over))?;
        let time = Time::new(year, month, day, hour, minute, 0).ok()?;
        Some(Modified { year_inferred: true, ..Modified::new(time, Precision::Minute, Zone::Server) })
    }

    /// The time of this day and time of day; `None` if there is no such time.
    pub(super) fn modified(&self, day: Day, clock: Option<Clock>) -> Option<Modified> {
        let Some(clock) = clock else {
            let time = self.dated(day, |year| Time::new(year, day.month, day.day, 0, 0, 0).ok())?;
            return Some(Modified {
                year_inferred: day.year.is_none(),
                ..Modified::new(time, Precision::Day, Zone::Server)
            });
        };
        let time = self.dated(day, |year| clock.on(year, day))?;
        Some(Modified { year_inferred: day.year.is_none(), ..Modified::new(time, clock.precision, Zone::Server) })
    }

    /// The time in the line's year, or in the latest year in which it isn't in the future: on 1 January, 31 December was last year, and
    /// 29 February was in the last leap year.
    fn dated(&self, day: Day, of_year: impl Fn(u16) -> Option<Time>) -> Option<Time> {
        if let Some(year) = day.year {
            return of_year(year);
        }
        // Two leap years are at most eight years apart.
        (0..9).find_map(|back| of_year(self.horizon.year().checked_sub(back)?).filter(|time| *time <= self.horizon))
    }
}

impl Clock {
    /// The time of day on this day; 24:00 is the beginning of the next day.
    fn on(self, year: u16, day: Day) -> Option<Time> {
        let ends_day = self.hour == 24 && self.minute == 0 && self.second == 0;
        let hour = if ends_day { 0 } else { self.hour };
        let time = Time::new(year, day.month, day.day, hour, self.minute, self.second).ok()?;
        let time = time.with_nanosecond(self.nanosecond).ok()?;
        if ends_day { calendar::next_day(time) } else { Some(time) }
    }
}

/// The time in UTC, of one in a zone so many minutes ahead of UTC.
pub(super) fn in_utc(modified: Modified, minutes: i16) -> Option<Modified> {
    let time = calendar::shifted(modified.time, i64::from(minutes).wrapping_mul(-60))?;
    Some(Modified { time, zone: Zone::Utc, ..modified })
}

/// The time so many seconds after the beginning of 1970 in UTC.
pub(super) fn epoch(seconds: u64) -> Option<Modified> {
    let time = calendar::of_epoch(i64::try_from(seconds).ok()?)?;
    Some(Modified::new(time, Precision::Second, Zone::Utc))
}

/// `hour ":" minute [":" second ["." 1*DIGIT]]`, in 24 hours.
#[inline]
pub(super) fn clock(input: &[u8]) -> Read<'_, Clock> {
    let (rest, (hour, minute)) = separated_pair(digits(1, 2), tag(&b":"[..]), digits(2, 2)).parse_complete(input)?;
    let (rest, second) = opt(preceded(tag(&b":"[..]), digits(2, 2))).parse_complete(rest)?;
    let (rest, fraction) = if second.is_some() { opt(fraction).parse_complete(rest)? } else { (rest, None) };
    let precision = match (second, fraction) {
        (_, Some(_)) => Precision::Fraction,
        (Some(_), None) => Precision::Second,
        (None, None) => Precision::Minute,
    };
    // Each has at most two digits.
    let [hour, minute, second] = [hour, minute, second.unwrap_or(0)].map(|part| part as u8);
    Ok((rest, Clock { hour, minute, second, nanosecond: fraction.unwrap_or(0), precision }))
}

/// Like [`clock`], but in 12 hours if `AM`, `PM`, `a` or `p` follows: 12:00AM is midnight, 12:00PM noon.
pub(super) fn clock_of_halves(input: &[u8]) -> Read<'_, Clock> {
    let (rest, clock) = clock(input)?;
    let half = delimited(any_blanks, one_of("AaPp"), terminated(opt(one_of("Mm")), word_end));
    let (rest, half) = opt(half).parse_complete(rest)?;
    let hour = match (half.map(|half| half.to_ascii_lowercase()), clock.hour) {
        (None, hour) => hour,
        (Some('a'), 12) => 0,
        (Some('a'), hour @ 1..=11) => hour,
        (Some('p'), 12) => 12,
        (Some('p'), hour @ 1..=11) => hour.wrapping_add(12),
        _ => return fail(),
    };
    Ok((rest, Clock { hour, ..clock }))
}

/// `"." 1*DIGIT`: nanoseconds; digits after the ninth are ignored.
fn fraction(input: &[u8]) -> Read<'_, u32> {
    let digits = preceded(tag(&b"."[..]), take_while1(|byte: u8| byte.is_ascii_digit()));
    let nine = |digits: &[u8]| {
        let nine = digits.iter().chain(core::iter::repeat(&b'0')).take(9);
        nine.fold(0u32, |value, digit| value.wrapping_mul(10).wrapping_add(u32::from(digit.wrapping_sub(b'0'))))
    };
    digits.map(nine).parse_complete(input)
}

/// `("+" / "-") 4DIGIT`: an offset from UTC, in minutes.
pub(super) fn offset(input: &[u8]) -> Read<'_, i16> {
    let (rest, (sign, value)) = (one_of("+-"), digits(4, 4)).parse_complete(input)?;
    let minutes = (value / 100).wrapping_mul(60).wrapping_add(value % 100) as i16;
    Ok((rest, if sign == '-' { minutes.wrapping_neg() } else { minutes }))
}

/// Four digits.
#[inline]
pub(super) fn year(input: &[u8]) -> Read<'_, u16> {
    digits(4, 4)(input)
}

/// The year of 2, 3 or 4 digits: `69` is 2069, `70` is 1970, `103` is 2003.
pub(super) fn short_year(input: &[u8]) -> Read<'_, u16> {
    map_opt(digits(2, 4), century).parse_complete(input)
}

fn century(year: u16) -> Option<u16> {
    match year {
        0..70 => year.checked_add(2000),
        70..1000 => year.checked_add(1900),
        _ => Some(year),
    }
}

/// The name of a month in any language that [`months`] knows, up to a blank, a dot, a comma or a dash.
#[inline]
pub(super) fn month_name(input: &[u8]) -> Read<'_, u8> {
    // English comes first, as it is by far the most frequent.
    if let Some((name, rest)) = input.split_first_chunk::<3>()
        && rest.first().is_none_or(|byte| !byte.is_ascii_alphabetic() && byte.is_ascii())
        && let Some(month) = months::english(*name)
    {
        return Ok((rest, month));
    }
    let name = take_till1(|byte| is_blank(byte) || matches!(byte, b'.' | b',' | b'-'));
    map_opt(name, months::any).parse_complete(input)
}

/// `month-name SP day`, perhaps with a dot or comma after the month.
#[inline]
pub(super) fn month_and_day(input: &[u8]) -> Read<'_, (u8, u8)> {
    let (rest, month) = month_name(input)?;
    let (rest, _) = opt(one_of(".,")).parse_complete(rest)?;
    let (rest, day) = preceded(blanks, digits(1, 2)).parse_complete(rest)?;
    Ok((rest, (month, day as u8)))
}

/// `day ("-" / " " / ". ") month-name`, perhaps with a dot or comma after it.
pub(super) fn day_and_month(input: &[u8]) -> Read<'_, (u8, u8)> {
    let between = alt((tag(&b"-"[..]), blanks, terminated(tag(&b"."[..]), any_blanks)));
    let (rest, (day, month)) = separated_pair(digits(1, 2), between, month_name).parse_complete(input)?;
    let (rest, _) = opt(one_of(".")).parse_complete(rest)?;
    let (rest, _) = opt(one_of(",")).parse_complete(rest)?;
    Ok((rest, (month, day as u8)))
}

/// `month "-" day`, as numbers: `09-26`. The day comes first if the numbers demand it, or earlier dates did.
pub(super) fn two_numbers<'a>(known: &mut Known, input: &'a [u8]) -> Read<'a, (u8, u8)> {
    let (rest, (first, second)) = separated_pair(digits(1, 2), tag(&b"-"[..]), digits(1, 2)).parse_complete(input)?;
    let order = match (first, second, known.order) {
        (13.., ..) | (_, ..=12, Some(Order::DayMonthYear)) => Order::DayMonthYear,
        _ => Order::MonthDayYear,
    };
    if first > 12 || second > 12 {
        known.order = Some(order);
    }
    let (first, second) = (first as u8, second as u8);
    Ok((rest, if order == Order::DayMonthYear { (second, first) } else { (first, second) }))
}

/// `day "-" month-name "-" year`: `7-JAN-2024`, `18-Mar-24`.
pub(super) fn day_month_year(input: &[u8]) -> Read<'_, Day> {
    let (rest, ((month, day), year)) =
        separated_pair(day_and_month, tag(&b"-"[..]), short_year).parse_complete(input)?;
    Ok((rest, Day { year: Some(year), month, day }))
}

/// Three numbers with `-`, `/` or `.` between them: `04-27-24`, `2024-04-14`, `23.02.24`. They are in the order that their values demand,
/// or otherwise in the order of earlier dates, or otherwise in the dialect's usual one; with dots the day comes first. Four digits are a
/// year; a number above 12 is not a month, and one above 31 not a day.
pub(super) fn numeric<'a>(known: &mut Known, usual: Order, input: &'a [u8]) -> Read<'a, Day> {
    let (rest, first) = digits(1, 4)(input)?;
    let (rest, separator) = one_of("-/.").parse_complete(rest)?;
    let same = |input: &'a [u8]| -> Read<'a, char> {
        verify(one_of("-/."), |found| *found == separator).parse_complete(input)
    };
    let (rest, (second, third)) = separated_pair(digits(1, 2), same, digits(1, 4)).parse_complete(rest)?;
    let order = match (first, second, third) {
        (32.., ..) => Order::YearMonthDay,
        (_, 13.., _) => Order::MonthDayYear,
        // A day, or a year of two digits if years come first.
        (13.., ..) if known.order.unwrap_or(usual) == Order::YearMonthDay && third <= 31 => Order::YearMonthDay,
        (13.., ..) => Order::DayMonthYear,
        _ if third > 31 && known.order == Some(Order::YearMonthDay) => usual,
        _ => match (known.order, separator) {
            (Some(order), _) => order,
            (None, '.') => Order::DayMonthYear,
            (None, _) => usual,
        },
    };
    if first > 12 || second > 12 {
        known.order = Some(order);
    }
    let (year, month, day) = match order {
        Order::MonthDayYear => (third, first, second),
        Order::DayMonthYear => (third, second, first),
        Order::YearMonthDay => (first, second, third),
    };
    let part = |value: u16| u8::try_from(value);
    match (century(year), part(month), part(day)) {
        (Some(year), Ok(month @ 1..=12), Ok(day @ 1..=31)) => Ok((rest, Day { year: Some(year), month, day })),
        _ => fail(),
    }
}

pub(super) fn fail<'a, T>() -> IResult<&'a [u8], T, ()> {
    Err(nom::Err::Error(()))
}
