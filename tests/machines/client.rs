//! The client's machine against a scripted server.

mod complaints;
mod faults;
mod requests;
mod routes;
mod security;
mod tables;
mod tls;
