//! The dates of `ls -l` and its imitators, in any order and language.
//!
//! ```text
//! date      = month-name day (clock / year)                ; "Mar  9 14:05", "Mar  9  2019", "Oct 08, 2002 09:47"
//!           / month-name day clock year                    ; "Mar  9 14:05:33 2024"
//!           / day month-name (clock / year)                ; "01 oct 2024", "30. Jan., 12:40", "01-jun-99"
//!           / year "-" month "-" day [clock [offset]]      ; "2024-06-07 21:22", "2024.07.15", and with day or month first
//!           / month "-" day (clock / year)                 ; "07-08 03:26", "09-26 2000", and with day first, "26-05 2002"
//!           / day "." month "." (clock / year)             ; " 9.11.  2019", " 9. 6. 14:05"
//!           / month day (clock / year) / year month day    ; "3 29 03:26", "2005 1 6": numbers
//!           / year month-name day                          ; "2019 nov    9"
//! clock     = hour (":" / ".") minute [":" second]
//! ```
//! In the form of numbers, letters that aren't ASCII may follow a number (`3月 29日`). A date of three numbers without a time of day may
//! be filled up with blanks: with one, as by GNU's `ls --time-style=iso`, and in Polish always (`2019-03-09  old`); with up to two if
//! dots or slashes are between the numbers. In German GNU's `ls` fills up a year (`9. Jan 2019  old`).

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till};
use nom::character::complete::one_of;
use nom::combinator::opt;
use nom::sequence::{preceded, separated_pair, terminated};

use super::column::{Read, any_blanks, blanks, digits, is_blank, word_end};
use super::date::{self, Clock, Day, Known, Order};
use super::entry::{Modified, Precision};

#[inline]
pub(super) fn date_of<'a>(input: &'a [u8], known: &mut Known) -> Option<(&'a [u8], Modified)> {
    if let Ok((rest, (month, day))) = date::month_and_day(input) {
        return behind_month_and_day(rest, month, day, known);
    }
    iso(input, known).or_else(|| day_first(input, known)).or_else(|| of_numbers(input, known))
}

/// `clock [year]`, `year`, or `, year clock`.
#[inline]
fn behind_month_and_day<'a>(input: &'a [u8], month: u8, day: u8, known: &Known) -> Option<(&'a [u8], Modified)> {
    let day = |year| Day { year, month, day };
    let (rest, (comma, _)) = (opt(one_of(".,")), blanks).parse_complete(input).ok()?;
    if let Ok((rest, year)) = number_of(4, 4)(rest) {
        let clock = preceded(blanks, date::clock).parse_complete(rest);
        let (rest, clock) = match clock {
            // Without the comma, a time of day here is the beginning of a name.
            Ok((rest, clock)) if comma.is_some() => (rest, Some(clock)),
            _ => (rest, None),
        };
        return Some((rest, known.modified(day(Some(year)), clock)?));
    }
    let (rest, clock) = clock(rest).ok()?;
    // BSD's `ls -lT`: seconds, and a year after them.
    if rest.first() == Some(&b' ') && clock.precision > Precision::Minute {
        let year = preceded(blanks, terminated(date::year, word_end)).parse_complete(rest);
        if let Ok((rest, year)) = year {
            return Some((rest, known.modified(day(Some(year)), Some(clock))?));
        }
    }
    Some((rest, known.modified(day(None), Some(clock))?))
}

/// Three numbers with `-`, `.` or `/` between them, a time of day, an offset from UTC.
fn iso<'a>(input: &'a [u8], known: &mut Known) -> Option<(&'a [u8], Modified)> {
    let (rest, day) = date::numeric(known, Order::MonthDayYear, input).ok()?;
    let Ok((rest, clock)) = preceded(blanks, terminated(date::clock, word_end)).parse_complete(rest) else {
        let most = match input.iter().find(|byte| !byte.is_ascii_digit()) {
            Some(b'-') if input.get(4) == Some(&b'-') => 1,
            Some(b'.' | b'/') => 2,
            _ => 0,
        };
        return Some((behind_filling(most, rest), known.modified(day, None)?));
    };
    let modified = known.modified(day, Some(clock))?;
    match preceded(blanks, terminated(date::offset, word_end)).parse_complete(rest) {
        Ok((rest, minutes)) => Some((rest, date::in_utc(modified, minutes)?)),
        Err(_) => Some((rest, modified)),
    }
}

/// The rest after the blanks that fill up a day without a time of day, at most `most`. One blank is always left.
fn behind_filling(most: usize, rest: &[u8]) -> &[u8] {
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    rest.get(blanks.saturating_sub(1).min(most)..).unwrap_or(rest)
}

/// `01 oct 2024`, `30. Jan., 12:40`, `01-jun-99`, `09-26 2000`.
fn day_first<'a>(input: &'a [u8], known: &mut Known) -> Option<(&'a [u8], Modified)> {
    if let Ok((rest, day)) = terminated(date::day_month_year, word_end).parse_complete(input) {
        return Some((rest, known.modified(day, None)?));
    }
    let dot = || tag(&b"."[..]);
    let dotted = (digits(1, 2), dot(), any_blanks, digits(1, 2), dot());
    let dotted = dotted.map(|(day, _, _, month, _)| (month as u8, day as u8));
    let of_numbers = |input| date::two_numbers(known, input);
    let (rest, (month, day)) = alt((date::day_and_month, dotted, of_numbers)).parse_complete(input).ok()?;
    let (rest, between) = blanks(rest).ok()?;
    let (rest, modified) = year_or_clock(rest, month, day, known)?;
    // GNU's `ls` fills up a year in German.
    let is_german = input.iter().find(|byte| !byte.is_ascii_digit()) == Some(&b'.') && between == b" ";
    let is_filled = is_german && modified.precision == Precision::Day;
    Some((behind_filling(usize::from(is_filled), rest), modified))
}

/// `3 29 03:26`, `3 29 2005`, `2005 1 6`, `2005 jan 6`; letters that aren't ASCII may follow a number.
fn of_numbers<'a>(input: &'a [u8], known: &Known) -> Option<(&'a [u8], Modified)> {
    if let Ok((rest, year)) = number_of(4, 4)(input) {
        let of_numbers = (number_of(1, 2), any_blanks, number_of(1, 2));
        let of_numbers = of_numbers.map(|(month, _, day)| (month as u8, day as u8));
        let month_and_day = preceded(any_blanks, alt((of_numbers, date::month_and_day)));
        let (rest, (month, day)) = terminated(month_and_day, word_end).parse_complete(rest).ok()?;
        return Some((rest, known.modified(Day { year: Some(year), month, day }, None)?));
    }
    let (rest, (month, _, day, _)) =
        (number_of(1, 2), any_blanks, number_of(1, 2), blanks).parse_complete(input).ok()?;
    year_or_clock(rest, month as u8, day as u8, known)
}

fn year_or_clock<'a>(input: &'a [u8], month: u8, day: u8, known: &Known) -> Option<(&'a [u8], Modified)> {
    if let Ok((rest, year)) = terminated(number_of(4, 4), word_end).parse_complete(input) {
        return Some((rest, known.modified(Day { year: Some(year), month, day }, None)?));
    }
    let (rest, clock) = clock(input).ok()?;
    Some((rest, known.modified(Day { year: None, month, day }, Some(clock))?))
}

/// `14:05`, and `14.05` in Italian, Hungarian and others.
#[inline]
fn clock(input: &[u8]) -> Read<'_, Clock> {
    let dotted =
        |input| terminated(separated_pair(digits(1, 2), tag(&b"."[..]), digits(2, 2)), word_end).parse_complete(input);
    date::clock(input).or_else(|_| {
        let (rest, (hour, minute)) = dotted(input)?;
        let [hour, minute] = [hour, minute].map(|part| part as u8);
        Ok((rest, Clock { hour, minute, second: 0, nanosecond: 0, precision: Precision::Minute }))
    })
}

/// Digits, and letters after them that aren't ASCII. In Shift JIS the second byte of such a letter may be ASCII.
fn number_of<'a>(least: usize, most: usize) -> impl Fn(&'a [u8]) -> Read<'a, u16> {
    move |input| {
        let (rest, value) = digits(least, most)(input)?;
        if rest.first().is_none_or(u8::is_ascii) {
            return Ok((rest, value));
        }
        let (rest, _) = take_till(|byte: u8| is_blank(byte) || byte.is_ascii_digit()).parse_complete(rest)?;
        Ok((rest, value))
    }
}
