//! What several test programs share.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod application;
pub mod counting;
pub mod pair;
pub mod script;
pub mod served;
pub mod table;
