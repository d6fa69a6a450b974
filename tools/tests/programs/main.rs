//! The programs as processes, against each other, by hand and against scripts, over loopback; and the server's file-system
//! module without them.
#![cfg(unix)]

mod asked;
mod broken_mirrors;
mod certificate;
mod clients;
mod interrupted;
mod kept;
mod listings;
mod lost;
mod mirror;
mod modes;
mod odd;
mod options;
mod plainly;
mod processes;
mod readme;
mod scripted;
mod servers;
mod servers_tls;
mod text;
mod tls;
mod tree;
mod trouble;
mod uploads;
mod writes;
