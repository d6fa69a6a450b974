//! Both machines against each other.

mod answers;
mod commit;
mod faults;
mod forms;
mod names;
mod requests;
mod server;
mod standing;
mod tls;
