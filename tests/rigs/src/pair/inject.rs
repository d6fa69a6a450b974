//! One fault at one step of a dialogue, whatever the step is.

use std::time::Duration;

use ftp_proto::client::Violation;

use super::{End, Pair};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The client reads the end of the control connection, and nothing of what the server says behind it.
    ClientHearsTheEnd,
    /// The server reads the end of the control connection, and nothing of what the client says behind it.
    ServerHearsTheEnd,
    /// Both do.
    ControlBreaks,
    /// Nothing passes on the control connection any more, and neither side hears that it has ended.
    Silence,
    /// What the server says arrives so late, in seconds.
    Late(u64),
    /// The server says a line that nothing asked for.
    Says(&'static str),
    /// The next so many data connections are refused, whoever makes them.
    DialsRefused(u32),
    /// Data connections break after so many bytes.
    DataBreaks(usize),
    /// Somebody else connects to the listening socket first.
    Stranger,
    /// Data connections have TLS sessions of their own.
    NewDataSession,
    /// TLS on the control connection can't begin at this end.
    HandshakeFails(End),
    /// The adapter drops the client's next question unanswered.
    ClientDrops,
    /// The adapter drops the server's next question unanswered.
    ServerDrops,
}

impl Fault {
    /// Whether the two ends can have seen different replies by it.
    pub fn is_in_control(self) -> bool {
        match self {
            Self::ClientHearsTheEnd
            | Self::ServerHearsTheEnd
            | Self::ControlBreaks
            | Self::Silence
            | Self::Late(_)
            | Self::HandshakeFails(_)
            | Self::Says(_) => true,
            Self::DialsRefused(_)
            | Self::DataBreaks(_)
            | Self::Stranger
            | Self::NewDataSession
            | Self::ClientDrops
            | Self::ServerDrops => false,
        }
    }
}

/// The state of the fault that is to come, or has come.
#[derive(Default)]
pub struct Injector {
    /// How many things have happened at both ends. Polls that bring nothing don't count: how many there are is no matter of
    /// the dialogue.
    pub step: usize,
    pub planned: Option<(usize, Fault)>,
    pub(super) client_deaf: bool,
    pub(super) server_deaf: bool,
    pub(super) late_until: Duration,
    pub(super) client_drops: bool,
    pub(super) server_drops: bool,
}

impl Pair {
    /// The fault comes if this step is the one.
    pub(super) fn inject(&mut self) {
        let step = self.injector.step;
        let Some((_, fault)) = self.injector.planned.take_if(|(at, _)| *at == step) else { return };
        self.apart |= fault.is_in_control();
        match fault {
            Fault::ClientHearsTheEnd => self.end_client_input(),
            Fault::ServerHearsTheEnd => self.end_server_input(),
            Fault::ControlBreaks => {
                self.end_client_input();
                self.end_server_input();
            }
            Fault::Silence => (self.injector.client_deaf, self.injector.server_deaf) = (true, true),
            Fault::Late(seconds) => self.injector.late_until = self.now + Duration::from_secs(seconds),
            Fault::Says(line) => self.control.slip_in(End::Client, format!("{line}\r\n").as_bytes()),
            Fault::DialsRefused(times) => {
                (self.faults.client_dials_refused, self.faults.server_dials_refused) = (times, true);
            }
            Fault::DataBreaks(after) => self.faults.data_breaks_after = Some(after),
            Fault::Stranger => self.faults.stranger_connects_first = true,
            Fault::NewDataSession => self.faults.data_session_is_new = true,
            Fault::HandshakeFails(end) => self.faults.handshake_fails = Some(end),
            Fault::ClientDrops => self.injector.client_drops = true,
            Fault::ServerDrops => self.injector.server_drops = true,
        }
    }

    fn end_client_input(&mut self) {
        self.control.clear(End::Client);
        self.injector.client_deaf = true;
        self.client.received(b"");
    }

    fn end_server_input(&mut self) {
        self.control.clear(End::Server);
        self.injector.server_deaf = true;
        self.server.received(b"");
    }

    /// Says QUIT and runs both machines until the client asks for the end.
    pub fn quit(&mut self) -> Result<(), Violation> {
        self.client.quit();
        self.until(Self::client_closed).map(|ended| assert!(ended.is_none(), "{ended:?}"))
    }
}
