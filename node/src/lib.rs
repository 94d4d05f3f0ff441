//! The node that an agency runs: the program `accord`.
//!
//! Arrows go one way, and are checked: `permission ← exchange ← {admin, auditing, retention, reads,
//! records} ← backup ← http ← run ← cli`. What stands to the left knows nothing of what stands to the right.

pub mod admin;
pub mod auditing;
pub mod backup;
pub mod certificate;
pub mod cli;
pub mod config;
pub mod conformance;
pub mod context;
pub mod exchange;
pub mod http;
pub mod pages;
pub mod permission;
pub mod reads;
pub mod records;
pub mod retention;
pub mod run;
pub mod sign_in;
