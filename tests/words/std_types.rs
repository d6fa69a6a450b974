//! The feature `std`: io errors and times of the system.

use std::io::{Error, ErrorKind};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ftp_proto::{ControlError, DataError, Time, TimeError};

#[test]
fn io_errors_say_why() {
    for (kind, data, control) in [
        (ErrorKind::ConnectionRefused, DataError::Refused, ControlError::Local),
        (ErrorKind::ConnectionReset, DataError::Refused, ControlError::Closed),
        (ErrorKind::TimedOut, DataError::TimedOut, ControlError::TimedOut),
        (ErrorKind::HostUnreachable, DataError::Unreachable, ControlError::TimedOut),
        (ErrorKind::NetworkUnreachable, DataError::Unreachable, ControlError::TimedOut),
        (ErrorKind::AddrInUse, DataError::NoPort, ControlError::Local),
        (ErrorKind::BrokenPipe, DataError::Local, ControlError::Closed),
        (ErrorKind::UnexpectedEof, DataError::Local, ControlError::Closed),
        (ErrorKind::PermissionDenied, DataError::Local, ControlError::Local),
    ] {
        let error = Error::from(kind);
        assert_eq!((DataError::from(kind), DataError::from(&error)), (data, data), "{kind}");
        assert_eq!((ControlError::from(kind), ControlError::from(&error)), (control, control), "{kind}");
        assert_eq!(DataError::from(error), data);
    }
}

#[test]
fn times_of_the_system_both_ways() {
    for (text, offset) in [("19700101000000", 0i64), ("20231114221320", 1_700_000_000), ("19691231235959", -1)] {
        let time: Time = text.parse().unwrap();
        let distance = Duration::from_secs(offset.unsigned_abs());
        let system = if offset < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance };
        assert_eq!(SystemTime::try_from(time), Ok(system));
        assert_eq!(Time::try_from(system), Ok(time));
    }
    for text in ["20231114221320.25", "19691231235958.999999999", "19691231235959.5"] {
        let time: Time = text.parse().unwrap();
        assert_eq!(Time::try_from(SystemTime::try_from(time).unwrap()), Ok(time), "{text}");
    }
    let late = UNIX_EPOCH + Duration::from_secs(253_402_300_800);
    assert_eq!(Time::try_from(late), Err(TimeError::Date));
}
