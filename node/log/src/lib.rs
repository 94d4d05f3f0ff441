//! The audit log: every access and every act that changes who may see what.
//!
//! Nothing leaves this node, and nobody sees an answer, before its entry is durable. The types see
//! to it: [`release::Released`] frames come only out of [`append::Appended`], which comes only out
//! of a durable append, or carry nobody's data.

pub mod acknowledgement;
pub mod anchor;
pub mod append;
mod append_error;
mod appended;
pub mod arrived;
pub mod backup_seal;
pub mod bookkeeping;
pub mod card;
pub mod clock;
pub mod clock_guard;
pub mod corrections;
pub mod cosigning;
pub mod database_head;
pub mod entries;
pub mod entry;
pub mod keys;
mod ledger;
pub mod metrics;
pub mod narrowing;
mod places;
pub mod posted;
mod prepared;
pub mod proofs;
mod recent;
pub mod registry;
pub mod registry_chain;
pub mod release;
pub mod standing;
mod writer;
