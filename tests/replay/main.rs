//! Recorded dialogues of real clients with real servers (`testdata/transcripts/`), replayed.

mod dialogue;
mod oddities;
mod probes;
mod transcripts;
