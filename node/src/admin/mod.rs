//! What administrators and approving officials do at their own node: people, cards, the policy,
//! agreements, written requests.
//!
//! Every act is a named user's, is judged on a snapshot of the registry, and becomes true with its
//! log entry: if the registry moved meanwhile, it is judged again.

pub mod agreements;
pub mod cards;
mod certificates;
pub mod clock;
pub mod delegations;
pub mod devices;
pub mod explain;
pub mod links;
pub mod night_desk;
pub mod open_case;
pub mod people;
pub mod policy;
pub mod programs;
pub mod receipts;
pub mod requests;
pub mod second_person;
mod signing_authority;
pub mod training;
pub mod user_change;
