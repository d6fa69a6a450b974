//! Programs that others would write, each the way it is done.

mod proxy;
