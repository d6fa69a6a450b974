//! A transparent proxy for other people's FTP sessions: what either side says goes through the crate's
//! [`Rewrite`](ftp_proto::tracker::Rewrite), and the data connections that it expects are the only ones that are made.
//!
//! ```text
//! client ◀── control ──▶ Side ── bytes ─▶ Rewrite ─▶ bytes ── Side ◀── control ──▶ server
//!                                           │ events, addresses
//!                              Policy, Record (the log), Witness (the doctor), Ways
//! client ◀── data ──────────────────────▶ carry ◀───────────────────── data ─────▶ server
//! ```
//!
//! [`options`] is the command line, [`adapter`] accepts sessions, and a [`session`] is one of them. [`control`] is a side's
//! control connection, [`data`] makes data connections and [`pump`] carries them, [`policy`] says what is refused, [`record`] writes
//! the [`log`], and [`trouble`] has the doctor explain in it what failed.

pub mod adapter;
pub mod control;
pub mod data;
pub mod log;
pub mod options;
pub mod policy;
pub mod pump;
pub mod record;
pub mod session;
pub mod trouble;
