//! The requests of a script.

use ftp_proto::client::{PlaintextAccepted, Request};
use ftp_proto::{Argument, Command, Mode, Password, Path, Time};

use crate::invariants::script::SECRET;

/// A name in which all is odd that can be: blanks, quotes, and what Telnet would take out.
pub const ODD: &[u8] = b" \"a\" \xff\xff\xff\xf1";
/// What a request of the script expects, in bytes.
const EXPECTED: u64 = 1000;

pub const ANY_LENGTH: (u64, u64) = (0, u64::MAX);

/// How many bytes are bound to come for this request, at least and at most.
pub fn length(choice: u8) -> (u64, u64) {
    match (choice % 32, choice >> 5 & 3) {
        (17, 1) => (EXPECTED, EXPECTED),
        (17, 3) => (0, 3),
        _ => ANY_LENGTH,
    }
}

/// A request of each kind.
pub fn request(choice: u8) -> Request {
    let path = Path::new(if choice & 128 == 0 { &b"file"[..] } else { ODD }).unwrap();
    let secret = Password::new(SECRET).unwrap();
    let user = Argument::new("anna").unwrap();
    match choice % 32 {
        0 => Request::login(user, secret, None),
        1 => Request::login(user, secret.borrowed(), Some(secret.borrowed())),
        2 => Request::change_directory(path),
        3 => Request::change_to_parent(),
        4 => Request::print_directory(),
        5 => Request::make_directory(path),
        6 => Request::remove_directory(path),
        7 => Request::remove(path),
        8 => Request::rename(path.borrowed(), path.borrowed()),
        9 => Request::size(path),
        10 => Request::modified(path),
        11 => Request::features(),
        12 => Request::system(),
        13 => Request::noop(),
        14 => Request::list(Some(path)),
        15 => Request::names(None),
        16 => Request::machine_list(None),
        17 => match choice >> 5 & 3 {
            0 => Request::retrieve(path, 0),
            1 => Request::retrieve(path, 0).expecting(EXPECTED),
            2 => Request::retrieve(path, 0).sized(),
            _ => Request::retrieve(path, 0).range(7..=9),
        },
        18 => Request::retrieve(path, 7),
        19 => Request::store(path, u64::from(choice >> 5)),
        20 => Request::append(path),
        21 => match choice >> 5 {
            0 => Request::quit(),
            1 => Request::relayed(Command::Retr(path)).unwrap().offset(7),
            2 => Request::relayed(Command::Rein).unwrap(),
            3 => Request::command(Command::Mode(Mode::Block)).unwrap(),
            _ => Request::command(Command::Help(None)).unwrap(),
        },
        22 => Request::secure(),
        23 => Request::clear_command_channel(PlaintextAccepted::knowingly()),
        24 => Request::reinitialise(),
        25 => Request::utf8(),
        26 => Request::host(user),
        27 => Request::status(None),
        28 => Request::set_modified(path, Time::parse(b"20240229235960.5").unwrap()),
        29 => Request::hash(path),
        30 => Request::plain_list(None),
        _ => Request::store_unique(Some(path)),
    }
}
