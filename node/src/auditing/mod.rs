//! What auditors do at their own node: read and export the log, report on it, draw samples, record
//! audits, resolve alarms, put evidence together. Looking is logged before anything is shown.

pub mod alarms;
pub mod audits;
mod danger;
pub mod duties;
pub mod entries;
pub mod evidence;
pub mod explaining;
pub mod export;
pub mod incident;
mod looks;
pub mod mentions;
pub mod periodic;
pub mod proofs;
pub mod public;
pub mod reconcile_schedule;
pub mod reports;
pub mod unseen;
mod walking;
pub mod who_saw;
