//! The options of a transfer.

use alloc::boxed::Box;
use core::ops::RangeInclusive;

use super::{Plan, Request};
use crate::client::misuse::Misuse;
use crate::command::{Form, Type, Verb};
use crate::session::Session;

/// The options of one request, which [`Client::start`](crate::Client::start) checks.
#[derive(Debug, Clone, Default)]
pub(in crate::client) struct Options {
    representation: Representation,
    /// The first byte and the last (RANG).
    pub(super) range: Option<(u64, u64)>,
    /// Where the transfer begins, in bytes from the start of the file (REST). It overrides the request's and the session's.
    pub(super) offset: Option<u64>,
    /// How many bytes the whole file has to have.
    pub(super) total: Option<u64>,
    /// Whether SIZE is asked for the total.
    pub(super) sized: bool,
}

/// The TYPE of a transfer.
#[derive(Debug, Clone, Copy, Default)]
enum Representation {
    /// A for LIST and NLST, I for files; none for MLSD, to which TYPE doesn't apply (RFC 3659 7).
    #[default]
    Usual,
    InForce,
    This(Type),
}

impl Options {
    /// The TYPE that has to be in force for this command; `None`: any.
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
    /// The TYPE of a transfer or listing (RFC 959 3.1.1). TYPE is sent first, unless it is in force already, and stays in force afterwards.
    /// The default is I for files, and A for LIST and NLST.
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

    /// Makes a transfer or listing use the TYPE in force: none is sent.
    ///
    /// ```
    /// use ftp_proto::client::Request;
    /// let listing = Request::names(None).representation_in_force();
    /// ```
    pub fn representation_in_force(mut self) -> Self {
        self.options_mut().representation = Representation::InForce;
        self
    }

    /// Where a RETR, STOR or APPE begins, in bytes from the start of the file (REST), in place of the offset that the request was made
    /// with. An offset of 0 fits any transfer.
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

    /// The bytes of the file that a RETR or STOR transfers, counted from 0, the last one included (RANG, draft-bryan-ftp-range); no
    /// offset may be given as well. A download that brings more bytes is [`Failure::Incomplete`](crate::client::Failure::Incomplete); it
    /// may bring fewer if the file ends before.
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

    /// The size of the whole file in bytes, whatever the offset is, for RETR in TYPE I or L 8, MODE S and STRU F. If the offset and the
    /// bytes that came don't add up to it, the request fails with [`Incomplete`](crate::client::Failure::Incomplete); if the server tells
    /// another size beforehand, with [`Changed`](crate::client::Failure::Changed), before a byte is moved.
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

    /// The same, with the size that the server tells: SIZE (RFC 3659 4) is sent before the transfer command. If the server refuses it, the
    /// transfer goes on unchecked. If the offset is the file's size already, nothing is left to fetch: the request succeeds with 0 bytes and
    /// SIZE's reply, and no data connection is made.
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

    /// Why the request's options can't be had in this session.
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
