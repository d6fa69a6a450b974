//! RFC 959 section 6 as a table, without a role.

mod replies;
mod states;
