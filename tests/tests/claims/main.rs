//! What the nodes of several agencies do with one another, claim by claim: every test name is a
//! sentence that must hold, over real nodes, real sockets and the real binary.
//!
//! One program for all of it: each further file directly under `tests/` would link the whole node
//! once more. Claims run in one process with `cargo test` and in a process each with
//! `cargo nextest run`, so none may change what its process has one of: environment variables, the
//! working directory, limits.
//!
//! `cargo nextest run -p tests audit::` runs one folder; [`tests`] is what claims are made of.

mod audit;
mod authority;
mod cost;
mod documents;
mod exchange;
mod failures;
mod identity;
mod operating;
mod pages;
mod programs;
mod protocol;
mod reads;
mod simulation;
