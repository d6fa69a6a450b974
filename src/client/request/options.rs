//! What an application may want of a transfer beside the usual.

use alloc::boxed::Box;
use core::ops::RangeInclusive;

use super::{Plan, Request};
use crate::client::misuse::Misuse;
use crate::command::{Form, Type, Verb};
use crate::session::Session;

/// The options of one request; [`Client::start`](crate::Client::start) judges them.
#[derive(Debug, Clone, Default)]
pub(in crate::client) struct Options {
    representation: Representation,
    /// The first byte and the last (RANG).
    pub(super) range: Option<(u64, u64)>,
    /// How many bytes from the start of the file it begins (REST), in place of what the request or the session has.
    pub(super) offset: Option<u64>,
    /// How many bytes the whole file has.
    pub(super) total: Option<u64>,
    /// SIZE is asked for it.
    pub(super) sized: bool,
}

/// The TYPE that a transfer is made in.
#[derive(Debug, Clone, Copy, Default)]
enum Representation {
    /// A for LIST and NLST, I for files; MLSD has one of its own (RFC 3659 7).
    #[default]
    Usual,
    InForce,
    This(Type),
}

impl Options {
    /// The TYPE that has to be in force for this command, if it matters.
    pub(super) fn representation(&self, verb: Verb) -> Option<Type> {
        match self.representation {
            Representation::InForce => None,
            Representation::This(representation) => Some(representation),
            Representation::Usual if verb == Verb::Mlsd => None,
            Representation::Usual if matches!(verb, Verb::List | Verb::Nlst) => Some(Type::Ascii(None)),
            Representation::Usual => Some(Type::Image),
        }
    }
}

/// Options of transfers. Each method can be called on any request; [`Client::start`](crate::Client::start) rejects one
/// that doesn't fit ([`Misuse::Unfitting`]) or that contradicts another ([`Misuse::Contradictory`]).
impl Request {
    /// The TYPE of a transfer or a listing (RFC 959 3.1.1): TYPE is sent before it, unless it is in force. Without this it is I for
    /// files, and A for LIST and NLST. It stays in force.
    ///
    /// ```
    /// use ftp_proto::client::Request;
    /// use ftp_proto::{Path, Type};
    /// let text = Request::retrieve(Path::new("notes.txt")?, 0).representation(Type::Ascii(None));
    /// let bytes = Request::store(Path::new("image")?, 0).representation(Type::LOCAL_8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn representation(mut self, representation: Type) -> Self {
        self.options_mut().representation = Representation::This(representation);
        self
    }

    /// A transfer or a listing uses the TYPE in force; none is sent.
    ///
    /// ```
    /// use ftp_proto::client::Request;
    /// let listing = Request::names(None).representation_in_force();
    /// ```
    pub fn representation_in_force(mut self) -> Self {
        self.options_mut().representation = Representation::InForce;
        self
    }

    /// RETR, STOR and APPE: from so many bytes of the file on (REST), in place of what the request was made with. Any transfer
    /// can begin at 0.
    ///
    /// ```
    /// use ftp_proto::Command;
    /// use ftp_proto::client::Request;
    /// let rest = Request::transfer(Command::parse(b"RETR image")?).unwrap().offset(1024);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn offset(mut self, bytes: u64) -> Self {
        self.options_mut().offset = Some(bytes);
        self
    }

    /// RETR and STOR: these bytes of the file alone, counted from 0, the last one included (RANG,
    /// draft-bryan-ftp-range). It takes the place of an offset. A download that brings more is
    /// [`Failure::Incomplete`](crate::client::Failure::Incomplete); it may bring fewer where the file ends before.
    ///
    /// ```
    /// use ftp_proto::Path;
    /// use ftp_proto::client::Request;
    /// let first_kibibyte = Request::retrieve(Path::new("image")?, 0).range(0..=1023);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn range(mut self, bytes: RangeInclusive<u64>) -> Self {
        self.options_mut().range = Some(bytes.into_inner());
        self
    }

    /// RETR in TYPE I or L 8, MODE S and STRU F: the whole file has so many bytes, from its start, whatever the offset
    /// is. That is binding: where the offset and what came are not that many in the end, the failure is
    /// [`Incomplete`](crate::client::Failure::Incomplete). Where the server tells another total beforehand, it is
    /// [`Changed`](crate::client::Failure::Changed), before a byte was moved.
    ///
    /// ```
    /// use ftp_proto::Path;
    /// use ftp_proto::client::Request;
    /// // 500 of 1,000 bytes are here already.
    /// let rest = Request::retrieve(Path::new("image")?, 500).expecting(1_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expecting(mut self, total: u64) -> Self {
        self.options_mut().total = Some(total);
        self
    }

    /// The same, by what the server says: SIZE (RFC 3659 4) comes before the transfer command. A server that doesn't
    /// know it, or refuses it, binds itself to nothing, and the transfer goes on. Where the offset is the whole file
    /// already, nothing is left to fetch: the request succeeds with 0 bytes and SIZE's reply, and no data connection is
    /// made.
    ///
    /// ```
    /// use ftp_proto::Path;
    /// use ftp_proto::client::Request;
    /// let whole = Request::retrieve(Path::new("image")?, 0).sized();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sized(mut self) -> Self {
        self.options_mut().sized = true;
        self
    }

    fn options_mut(&mut self) -> &mut Options {
        self.options.get_or_insert_with(Box::default)
    }

    /// Why its options can't be had in this session.
    pub(in crate::client) fn misuse(&self, session: &Session) -> Option<Misuse> {
        let options = self.options.as_deref()?;
        let (verb, offset) = match &self.plan {
            Plan::Transfer { command, offset } => {
                (command.verb(), options.offset.or(*offset).unwrap_or(session.restart_offset()))
            }
            Plan::List(_) => (Verb::List, 0),
            Plan::Script(_) | Plan::Hash(_) => return Some(Misuse::Unfitting),
        };
        let counts = options.total.is_some() || options.sized;
        let ranged = options.range.is_some() && !matches!(verb, Verb::Retr | Verb::Stor);
        let begun = options.offset.is_some_and(|bytes| bytes > 0);
        let placed = begun && !matches!(verb, Verb::Retr | Verb::Stor | Verb::Appe);
        if counts && verb != Verb::Retr || ranged || placed {
            return Some(Misuse::Unfitting);
        }
        let representation = options.representation(verb).unwrap_or(session.representation());
        let form = Form { representation, ..session.form() };
        let misplaced = options.range.is_some_and(|(first, last)| offset > 0 || first > last);
        (misplaced || counts && !form.is_verbatim()).then_some(Misuse::Contradictory)
    }
}
