//! May this query be answered? Decided and recorded through the crate's public interface, beside the
//! texts that demand it.
//!
//! One program for all of it: each further file directly under `tests/` would be linked by itself.

#![cfg(test)]

mod counted_up;
mod coverage;
mod decisions;
mod fixtures;
mod generated;
mod json_schemas;
mod law;
mod lifecycle;
mod own_reads;
mod policy_check;
mod policy_demands;
mod policy_files;
mod reasons;
mod released;
mod screening;
mod unprintable;
mod written_requests;
