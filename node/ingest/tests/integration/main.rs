//! Bytes of readers and vendors, through the crate's public interface.
//!
//! One program for all of it: each further file directly under `tests/` would be linked by itself.

#![cfg(test)]

mod malformed_input;
mod many_rows;
