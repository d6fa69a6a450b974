//! `ftp-doctor`: why there is no data connection, and what to do.
//!
//! ```text
//!  a live server ─▶ probe: sessions, each of one route ─▶ events ─┐
//!  a log         ─▶ ftp_proto_doctor::read ──────────────▶ events ─┴▶ Evidence ─▶ diagnose ─▶ Findings ─▶ report, json
//!  a configuration file ─▶ ftp_proto_doctor::config ─▶ concerns ─────────────────────────────────────────▶ report, json
//! ```
//!
//! What a probe has seen and what a log tells are read by the same code, so both give the same findings. The probe is an adapter of
//! its own: it dials no address that a server names unless it is told to, moves nothing but a listing, and knows what became of each
//! socket.

pub mod cli;
mod json;
mod probe;
mod report;
mod session;
mod table;
mod wire;
