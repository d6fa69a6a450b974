//! `ftp-doctor`: why data connections fail, and what to do.
//!
//! ```text
//!  a live server ─▶ probe: sessions, each of one route ─▶ events ─┐
//!  a log         ─▶ ftp_proto_doctor::read ──────────────▶ events ─┴▶ Evidence ─▶ diagnose ─▶ Findings ─▶ report, json
//!  a configuration file ─▶ ftp_proto_doctor::config ─▶ concerns ─────────────────────────────────────────▶ report, json
//! ```
//!
//! The same code reads what a probe has seen and what a log tells, so both give the same findings. The probe has an adapter of its own: it
//! connects to no address that a server names unless it is told to, transfers only listings, and knows how each socket ended.

pub mod cli;
mod json;
mod probe;
mod report;
mod session;
mod table;
mod wire;
