//! The client's machine against a scripted server.

mod attempts;
mod closing;
mod complaints;
mod deadlines;
mod evidence;
mod faults;
mod floods;
mod guesses;
mod lengths;
mod noise;
mod options;
mod plainly;
mod relayed;
mod requests;
mod routes;
mod security;
mod security_suspects;
mod starting;
mod suspects;
mod suspects_in_transfers;
mod suspects_swept;
mod tables;
mod tls;
mod writes;
