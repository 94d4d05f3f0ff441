//! The audit log: every access and every act that changes who may see what.
//!
//! Nothing leaves this node, and nobody sees an answer, before its entry is durable. The types see
//! to it: [`release::Released`] frames come only out of [`append::Appended`], which comes only out
//! of a durable append.

pub mod append;
mod binding;
pub mod check;
pub mod counted;
pub mod entry;
pub mod evidence;
pub mod judge;
mod ledger;
pub mod narrow;

pub mod offline;
pub mod reconcile;
pub mod release;
pub mod report;
pub(crate) mod standing;
pub mod tree;
pub mod verify;
pub mod view;
