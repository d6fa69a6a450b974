//! Recorded dialogues of real clients with real servers (`testdata/transcripts/`), replayed.

mod dialogue;
mod net;
mod oddities;
mod probes;
mod tracked;
mod transcripts;
