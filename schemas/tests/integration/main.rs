//! What crosses a wire or enters a log, checked from outside the crate: against published vectors,
//! other implementations and the files that other implementers read.
//!
//! One program for all of it: each further file directly under `tests/` would be linked by itself.

#![cfg(test)]

mod cards;
mod checkpoint;
mod entry_kinds;
mod json_schemas;
mod merkle;
mod note;
mod proof;
mod vectors;
mod witness;
