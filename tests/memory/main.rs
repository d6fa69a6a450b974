//! What is allocated, and what is held: under an allocator that counts.

mod allocations;
mod codec;
mod diagnosis;
mod sessions;
mod tracker;

use ftp_proto_rigs::counting::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
