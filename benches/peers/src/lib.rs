//! Only benches: `cargo bench`.
