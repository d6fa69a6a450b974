//! The feature `std`: conversions from and to the types of std that an adapter deals with.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::data::DataError;
use crate::outbox::ControlError;
use crate::time::{Time, TimeError};

/// The reason why a data connection wasn't made.
impl From<io::ErrorKind> for DataError {
    fn from(kind: io::ErrorKind) -> Self {
        use io::ErrorKind as Kind;
        match kind {
            Kind::ConnectionRefused | Kind::ConnectionReset => Self::Refused,
            Kind::TimedOut => Self::TimedOut,
            Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => Self::Unreachable,
            Kind::AddrInUse => Self::NoPort,
            _ => Self::Local,
        }
    }
}

/// The reason why the control connection can't be used any more.
impl From<io::ErrorKind> for ControlError {
    fn from(kind: io::ErrorKind) -> Self {
        use io::ErrorKind as Kind;
        match kind {
            Kind::BrokenPipe
            | Kind::ConnectionAborted
            | Kind::ConnectionReset
            | Kind::NotConnected
            | Kind::UnexpectedEof
            | Kind::WriteZero => Self::Closed,
            Kind::TimedOut | Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => Self::TimedOut,
            _ => Self::Local,
        }
    }
}

macro_rules! from_io {
    ($($name:ident)+) => {$(
        impl From<&io::Error> for $name {
            fn from(error: &io::Error) -> Self {
                error.kind().into()
            }
        }

        impl From<io::Error> for $name {
            fn from(error: io::Error) -> Self {
                error.kind().into()
            }
        }
    )+};
}

from_io! { DataError ControlError }

/// A leap second counts as the second after it. An error if the system can't represent so early a time: on Windows before 1601.
impl TryFrom<Time> for SystemTime {
    type Error = TimeError;
    fn try_from(time: Time) -> Result<Self, TimeError> {
        let seconds = time.unix_seconds();
        let distance = Duration::from_secs(seconds.unsigned_abs());
        let whole = if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
        let fraction = Duration::from_nanos(u64::from(time.nanosecond()));
        whole.and_then(|whole| whole.checked_add(fraction)).ok_or(TimeError::Date)
    }
}

/// An error outside the years 0 to 9999.
impl TryFrom<SystemTime> for Time {
    type Error = TimeError;
    fn try_from(time: SystemTime) -> Result<Self, TimeError> {
        let (seconds, nanosecond) = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => (i64::try_from(since.as_secs()), since.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let fraction = before.subsec_nanos();
                let whole = before.as_secs().saturating_add(u64::from(fraction > 0));
                let nanosecond = if fraction > 0 { 1_000_000_000u32.saturating_sub(fraction) } else { 0 };
                (i64::try_from(whole).map(i64::wrapping_neg), nanosecond)
            }
        };
        Self::from_unix_seconds(seconds.map_err(|_| TimeError::Date)?)?.with_nanosecond(nanosecond)
    }
}
