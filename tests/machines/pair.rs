//! Both machines against each other.

mod answers;
mod faults;
mod names;
mod requests;
mod server;
mod tls;
