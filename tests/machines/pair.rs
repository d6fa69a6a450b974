//! Both machines against each other.

mod answers;
mod commit;
mod faults;
mod names;
mod requests;
mod server;
mod tls;
