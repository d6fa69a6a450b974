//! The client's machine against a scripted server.

mod attempts;
mod closing;
mod complaints;
mod deadlines;
mod faults;
mod guesses;
mod noise;
mod requests;
mod routes;
mod security;
mod suspects;
mod suspects_swept;
mod tables;
mod tls;
