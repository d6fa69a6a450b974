//! The client's machine against a scripted server.

mod attempts;
mod closing;
mod complaints;
mod deadlines;
mod faults;
mod floods;
mod guesses;
mod requests;
mod routes;
mod security;
mod tables;
mod tls;
