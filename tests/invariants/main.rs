//! What must hold for any input (`tests/rigs/src/invariants/`), tried on many.

mod inputs;
