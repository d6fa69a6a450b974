//! Reply codes: the three digits in front of a reply.

use core::fmt;

/// A reply code (RFC 959 4.2), 100 to 699. Codes that no RFC defines are kept, too: the first digit alone tells a client what to do.
///
/// ```
/// use ftp_proto::{Class, Code};
/// let code = Code::new(553).unwrap();
/// assert_eq!((code, code.class()), (Code::FILE_NAME_NOT_ALLOWED, Class::PermanentNegative));
/// assert!(code.is_negative());
/// // No RFC defines this code; its first digit tells what to do.
/// assert_eq!(Code::new(299).map(Code::class), Some(Class::Completion));
/// assert_eq!(Code::new(42), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

/// The meaning of a [`Code`]'s first digit (RFC 959 4.2; 6: RFC 2228 5).
///
/// ```
/// use ftp_proto::{Class, Code};
/// let may_retry = |code: Code| code.class() == Class::TransientNegative;
/// assert!(may_retry(Code::FILE_BUSY) && !may_retry(Code::FILE_UNAVAILABLE));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// 1yz: the action has begun; expect another reply before sending a new command.
    Preliminary,
    /// 2yz: the action is completed.
    Completion,
    /// 3yz: the command is accepted; the server waits for the next command of the sequence.
    Intermediate,
    /// 4yz: the command failed this time; the same command may succeed later.
    TransientNegative,
    /// 5yz: the command failed; the same command shouldn't be repeated.
    PermanentNegative,
    /// 6yz: a reply that a security mechanism has protected.
    Protected,
}

/// Defines the constants; `ALL` is for tests.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        impl Code {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            #[cfg(test)]
            const ALL: &'static [(&'static str, Self)] = &[$((stringify!($name), Self::$name)),*];
        }
    };
}

codes! {
    /// 110: restart marker, `MARK yyyy = mmmm` (RFC 959).
    RESTART_MARKER = 110;
    /// 120: service ready in nnn minutes (RFC 959).
    SERVICE_DELAYED = 120;
    /// 125: data connection already open; transfer starting (RFC 959).
    TRANSFER_STARTING = 125;
    /// 150: file status okay; about to open data connection (RFC 959).
    OPENING_DATA_CONNECTION = 150;
    /// 200: command okay (RFC 959).
    COMMAND_OKAY = 200;
    /// 202: command not implemented, superfluous at this site (RFC 959).
    SUPERFLUOUS = 202;
    /// 211: system status, system help, or the list of features (RFC 959, RFC 2389).
    SYSTEM_STATUS = 211;
    /// 212: directory status (RFC 959).
    DIRECTORY_STATUS = 212;
    /// 213: file status; the value that MDTM, SIZE, HASH or MFMT asked for (RFC 959, RFC 3659).
    FILE_STATUS = 213;
    /// 214: help message (RFC 959).
    HELP = 214;
    /// 215: name of the system type (RFC 959).
    SYSTEM_TYPE = 215;
    /// 216: status of the IPv6-to-IPv4 gateway (RFC 6384).
    GATEWAY_STATUS = 216;
    /// 220: service ready for new user (RFC 959), host accepted (RFC 7151).
    SERVICE_READY = 220;
    /// 221: service closing control connection (RFC 959).
    CLOSING_CONTROL_CONNECTION = 221;
    /// 225: data connection open; no transfer in progress (RFC 959).
    DATA_CONNECTION_OPEN = 225;
    /// 226: closing data connection; action successful (RFC 959).
    CLOSING_DATA_CONNECTION = 226;
    /// 227: entering passive mode (RFC 959).
    ENTERING_PASSIVE = 227;
    /// 228: entering long passive mode (RFC 1639).
    ENTERING_LONG_PASSIVE = 228;
    /// 229: entering extended passive mode (RFC 2428).
    ENTERING_EXTENDED_PASSIVE = 229;
    /// 230: user logged in, proceed (RFC 959).
    LOGGED_IN = 230;
    /// 232: user logged in, authorized by security data exchange (RFC 2228).
    LOGGED_IN_BY_SECURITY_EXCHANGE = 232;
    /// 234: security data exchange complete; `AUTH TLS` accepted (RFC 2228, RFC 4217).
    SECURITY_EXCHANGE_COMPLETE = 234;
    /// 235: security data exchange complete, with data for the client (RFC 2228).
    SECURITY_DATA_ACCEPTED = 235;
    /// 250: requested file action okay, completed (RFC 959).
    FILE_ACTION_COMPLETED = 250;
    /// 251: a hash value (proftpd's mod_digest).
    HASH_VALUE = 251;
    /// 257: path name created, or the current directory (RFC 959).
    PATH_NAME = 257;
    /// 331: user name okay, need password (RFC 959).
    NEED_PASSWORD = 331;
    /// 332: need account for login (RFC 959).
    NEED_ACCOUNT = 332;
    /// 334: security mechanism accepted, security data needed (RFC 2228).
    NEED_SECURITY_DATA = 334;
    /// 335: security data accepted, more needed (RFC 2228).
    NEED_MORE_SECURITY_DATA = 335;
    /// 336: user name okay, need password; a challenge is in the text (RFC 2228).
    NEED_PASSWORD_CHALLENGE = 336;
    /// 350: requested file action pending further information (RFC 959).
    PENDING_FURTHER_INFORMATION = 350;
    /// 421: service not available, closing control connection (RFC 959).
    SERVICE_NOT_AVAILABLE = 421;
    /// 425: can't open data connection (RFC 959).
    CANNOT_OPEN_DATA_CONNECTION = 425;
    /// 426: connection closed; transfer aborted (RFC 959).
    TRANSFER_ABORTED = 426;
    /// 431: need some unavailable resource to process security (RFC 2228).
    SECURITY_RESOURCE_UNAVAILABLE = 431;
    /// 450: requested file action not taken; file busy (RFC 959).
    FILE_BUSY = 450;
    /// 451: requested action aborted; local error (RFC 959).
    LOCAL_ERROR = 451;
    /// 452: requested action not taken; insufficient storage space (RFC 959).
    INSUFFICIENT_STORAGE = 452;
    /// 500: syntax error, command unrecognized or too long (RFC 959).
    SYNTAX_ERROR = 500;
    /// 501: syntax error in parameters or arguments (RFC 959).
    ARGUMENT_SYNTAX_ERROR = 501;
    /// 502: command not implemented (RFC 959).
    NOT_IMPLEMENTED = 502;
    /// 503: bad sequence of commands (RFC 959).
    BAD_SEQUENCE = 503;
    /// 504: command not implemented for that parameter (RFC 959).
    PARAMETER_NOT_IMPLEMENTED = 504;
    /// 506: action not implemented (RFC 775).
    ACTION_NOT_IMPLEMENTED = 506;
    /// 507: no superior directory (RFC 775).
    NO_SUPERIOR_DIRECTORY = 507;
    /// 521: supported address families (RFC 1639), or this PROT level does not fit the data connection
    /// (RFC 4217 10.2), or the directory exists (RFC 775). The command that it answers tells which.
    UNSUPPORTED_FAMILY_OR_PROTECTION = 521;
    /// 522: network protocol not supported, use `(1,2)` (RFC 2428), or TLS on the data connection failed
    /// (RFC 4217 10.2). The command that it answers tells which.
    UNSUPPORTED_PROTOCOL_OR_DATA_TLS = 522;
    /// 530: not logged in (RFC 959).
    NOT_LOGGED_IN = 530;
    /// 532: need account for storing files (RFC 959).
    NEED_ACCOUNT_FOR_STORING = 532;
    /// 533: command protection level denied for policy reasons (RFC 2228).
    PROTECTION_DENIED = 533;
    /// 534: request denied for policy reasons (RFC 2228).
    DENIED_BY_POLICY = 534;
    /// 535: failed security check (RFC 2228).
    SECURITY_CHECK_FAILED = 535;
    /// 536: requested PROT level not supported by mechanism (RFC 2228).
    PROT_NOT_SUPPORTED = 536;
    /// 537: command protection level not supported by mechanism (RFC 2228).
    PROTECTION_NOT_SUPPORTED = 537;
    /// 550: requested action not taken; file unavailable (RFC 959).
    FILE_UNAVAILABLE = 550;
    /// 551: requested action aborted; page type unknown (RFC 959).
    PAGE_TYPE_UNKNOWN = 551;
    /// 552: requested file action aborted; exceeded storage allocation (RFC 959).
    EXCEEDED_ALLOCATION = 552;
    /// 553: requested action not taken; file name not allowed (RFC 959).
    FILE_NAME_NOT_ALLOWED = 553;
    /// 554: restart or range invalid (proftpd, pure-ftpd).
    INVALID_RESTART = 554;
    /// 556: no hash for this file (draft-ietf-ftpext2-hash).
    HASH_NOT_ALLOWED = 556;
    /// 631: integrity protected reply (RFC 2228).
    INTEGRITY_PROTECTED = 631;
    /// 632: confidentiality and integrity protected reply (RFC 2228).
    CONFIDENTIALITY_AND_INTEGRITY_PROTECTED = 632;
    /// 633: confidentiality protected reply (RFC 2228).
    CONFIDENTIALITY_PROTECTED = 633;
}

impl Code {
    /// The code with this number; `None` unless it is 100 to 699.
    pub const fn new(value: u16) -> Option<Self> {
        match value {
            100..=699 => Some(Self(value)),
            _ => None,
        }
    }

    /// ```text
    /// reply-code = %x31-36 2DIGIT              ; RFC 959 4.2, RFC 2228 5
    /// ```
    #[inline]
    pub(crate) fn from_digits(digits: [u8; 3]) -> Option<Self> {
        let [hundreds, tens, ones] = digits.map(|digit| u32::from(digit.wrapping_sub(b'0')));
        if !(1..=6).contains(&hundreds) || tens > 9 || ones > 9 {
            return None;
        }
        let value = hundreds.wrapping_mul(100).wrapping_add(tens.wrapping_mul(10)).wrapping_add(ones);
        Some(Self(value as u16))
    }

    /// The code with a number that came out of a code.
    pub(super) const fn of_value(value: u16) -> Self {
        Self(value)
    }

    pub(crate) fn digits(self) -> [u8; 3] {
        let digit = |value: u16| b'0' | u8::try_from(value % 10).unwrap_or(0);
        [digit(self.0 / 100), digit(self.0 / 10), digit(self.0)]
    }

    /// The number, 100 to 699.
    pub const fn value(self) -> u16 {
        self.0
    }

    /// The meaning of the first digit.
    pub const fn class(self) -> Class {
        match self.0 {
            0..=199 => Class::Preliminary,
            200..=299 => Class::Completion,
            300..=399 => Class::Intermediate,
            400..=499 => Class::TransientNegative,
            500..=599 => Class::PermanentNegative,
            600.. => Class::Protected,
        }
    }

    /// Whether another reply follows (1yz).
    pub const fn is_preliminary(self) -> bool {
        matches!(self.class(), Class::Preliminary)
    }

    /// Whether the action is completed (2yz).
    pub const fn is_completion(self) -> bool {
        matches!(self.class(), Class::Completion)
    }

    /// Whether the server waits for the next command of a sequence (3yz).
    pub const fn is_intermediate(self) -> bool {
        matches!(self.class(), Class::Intermediate)
    }

    /// Whether the command failed (4yz, 5yz).
    pub const fn is_negative(self) -> bool {
        matches!(self.class(), Class::TransientNegative | Class::PermanentNegative)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Code {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        u.int_in_range(100..=699).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn every_value_from_100_to_699_is_its_three_digits_and_no_other_is_a_code() {
        for value in 0..=u16::MAX {
            let code = Code::new(value);
            assert_eq!(code.is_some(), (100..700).contains(&value), "{value}");
            let Some(code) = code else { continue };
            assert_eq!(format!("{code}").as_bytes(), code.digits());
            assert_eq!(Code::from_digits(code.digits()), Some(code));
        }
        for digits in [*b"000", *b"099", *b"700", *b"2 0", *b"23a", *b"-30", *b"2\xb30"] {
            assert_eq!(Code::from_digits(digits), None, "{}", digits.escape_ascii());
        }
    }

    #[test]
    fn the_first_digit_is_the_class() {
        use Class::*;
        let classes = [Preliminary, Completion, Intermediate, TransientNegative, PermanentNegative, Protected];
        for (value, class) in (100..).step_by(100).zip(classes) {
            assert_eq!(Code::new(value).unwrap().class(), class);
            assert_eq!(Code::new(value + 99).unwrap().class(), class);
            let code = Code::new(value).unwrap();
            assert_eq!(code.is_preliminary(), class == Preliminary);
            assert_eq!(code.is_completion(), class == Completion);
            assert_eq!(code.is_intermediate(), class == Intermediate);
            assert_eq!(code.is_negative(), matches!(class, TransientNegative | PermanentNegative));
            assert_eq!(format!("{code:?}"), format!("Code({value})"));
        }
    }

    #[test]
    fn constants_stand_in_order_and_are_codes() {
        assert!(Code::ALL.windows(2).all(|pair| pair[0].1 < pair[1].1));
        for (name, code) in Code::ALL {
            assert_eq!(Code::new(code.value()), Some(*code), "{name}");
        }
    }
}
