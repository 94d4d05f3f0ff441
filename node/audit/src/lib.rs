//! What an auditor does with logs: verify one, decide again what it says was decided, reconcile two,
//! report on one. Pure: entries in, findings out; no node, no database and no network.

mod binding;
pub mod check;
pub mod evidence;
pub mod judge;
pub mod narrow;
pub mod offline;
pub mod reconcile;
pub mod report;
pub mod tree;
pub mod verify;
pub mod view;
pub mod wording;
