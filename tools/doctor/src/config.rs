//! Servers' configuration files.
