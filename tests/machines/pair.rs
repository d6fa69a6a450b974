//! Both machines against each other.

mod answers;
mod faults;
mod requests;
mod server;
mod tls;
