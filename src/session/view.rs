//! The state of a [`Session`], as its methods tell it.

use super::Session;
use super::due::Awaited;
use super::state::{LoginState, Security, Setup};
use crate::command::{Form, Mode, Protection, Structure, Type, Verb};

impl Session {
    /// How far the login has come.
    pub fn login(&self) -> LoginState {
        self.login
    }

    /// The representation type that TYPE set (RFC 959 3.1.1); `A` at first.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// session.command(&Command::parse(b"TYPE I")?);
    /// assert_eq!(session.representation(), ftp_proto::Type::Ascii(None), "not before the server agrees");
    /// session.reply(Code::COMMAND_OKAY);
    /// assert_eq!(session.representation(), ftp_proto::Type::Image);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn representation(&self) -> Type {
        self.representation
    }

    /// The file structure that STRU set (RFC 959 3.1.2); `F` at first.
    pub fn structure(&self) -> Structure {
        self.structure
    }

    /// The transfer mode that MODE set (RFC 959 3.4); `S` at first.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// TYPE, STRU and MODE together.
    pub(crate) fn form(&self) -> Form {
        Form { representation: self.representation, structure: self.structure, mode: self.mode }
    }

    /// The offset at which the next transfer begins, in bytes from the start of the file (REST, RFC 3659 5); 0 if REST set none.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// session.command(&Command::parse(b"REST 512")?);
    /// session.reply(Code::PENDING_FURTHER_INFORMATION);
    /// assert_eq!(session.restart_offset(), 512);
    /// // The transfer command spends it, whatever becomes of the transfer.
    /// session.command(&Command::parse(b"RETR a")?);
    /// session.reply(Code::FILE_UNAVAILABLE);
    /// assert_eq!(session.restart_offset(), 0);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn restart_offset(&self) -> u64 {
        self.restart
    }

    /// Which data connection is set up for the next transfer.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::session::Setup;
    /// session.command(&Command::Pasv);
    /// session.reply(Code::ENTERING_PASSIVE);
    /// assert_eq!(session.setup(), Setup::Passive);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn setup(&self) -> Setup {
        self.setup
    }

    /// Whether EPSV ALL was accepted (RFC 2428 4), so that only EPSV may set up data connections.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// session.command(&Command::parse(b"EPSV ALL")?);
    /// session.reply(Code::COMMAND_OKAY);
    /// assert!(session.epsv_all());
    /// let (_, advice) = session.command(&Command::Pasv);
    /// assert!(advice.is_err());
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn epsv_all(&self) -> bool {
        self.epsv_all
    }

    /// The protection level that PROT set (RFC 4217 9): at first `C`, but `P` if TLS began with the connection or by AUTH SSL or AUTH
    /// TLS-P.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::Protection;
    /// for line in [&b"AUTH TLS"[..], b"PBSZ 0", b"PROT P"] {
    ///     let command = Command::parse(line)?;
    ///     let is_auth = matches!(command, Command::Auth(_));
    ///     session.command(&command);
    ///     session.reply(if is_auth { Code::SECURITY_EXCHANGE_COMPLETE } else { Code::COMMAND_OKAY });
    ///     if is_auth {
    ///         session.tls_began();
    ///     }
    /// }
    /// assert!(session.is_secured());
    /// assert_eq!(session.protection(), Protection::Private);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// Whether TLS protects the control connection, or is about to: AUTH was accepted or TLS began with the connection, and neither CCC
    /// nor REIN has ended TLS.
    pub fn is_secured(&self) -> bool {
        self.security >= Security::Established
    }

    /// Whether the control connection is about to end: QUIT was answered, or the server sent 221 or 421.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// session.command(&Command::Quit);
    /// session.reply(Code::CLOSING_CONTROL_CONNECTION);
    /// assert!(session.is_ending());
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn is_ending(&self) -> bool {
        self.ending
    }

    /// What the next reply most likely answers: whatever is due first. `None` if nothing is due.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::{Verb, session::Awaited};
    /// session.command(&Command::Noop);
    /// session.command(&Command::Pwd);
    /// assert_eq!(session.awaited(), Some(Awaited::Command(Verb::Noop)));
    /// assert_eq!((session.replies_due(), session.replies_due_to(Verb::Pwd)), (2, 1));
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn awaited(&self) -> Option<Awaited> {
        self.due.front().map(|due| due.awaited)
    }

    /// How many final replies are due: one for each command without one, and the greeting until it has come.
    pub fn replies_due(&self) -> usize {
        self.due.len()
    }

    /// How many final replies to commands with this verb are due.
    pub fn replies_due_to(&self, verb: Verb) -> usize {
        self.due.iter().filter(|due| due.is(verb)).count()
    }

    /// Whether a transfer has begun, with its preliminary reply, and has not ended.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// session.command(&Command::parse(b"RETR a")?);
    /// session.reply(Code::OPENING_DATA_CONNECTION);
    /// assert!(session.is_transferring());
    /// session.reply(Code::CLOSING_DATA_CONNECTION);
    /// assert!(!session.is_transferring());
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn is_transferring(&self) -> bool {
        self.due.iter().any(|due| due.begun && due.is_transfer())
    }
}
