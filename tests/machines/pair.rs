//! Both machines against each other.

mod faults;
mod requests;
mod server;
mod tls;
