//! One file an area. A handler translates; what is done stands in the rooms below.

pub(super) mod agreements;
pub(super) mod audit;
pub(super) mod audits;
pub(super) mod backup;
pub(super) mod cards;
mod checks;
pub(super) mod clock;
pub(super) mod devices;
pub(super) mod duties;
pub(super) mod evidence;
pub(super) mod exports;
pub(super) mod holds;
pub(super) mod incidents;
mod lines;
pub(super) mod night_desk;
pub(super) mod people;
pub(super) mod policy;
pub(super) mod program_sessions;
pub(super) mod programs;
pub(super) mod public;
pub(super) mod queries;
pub(super) mod reads;
pub(super) mod records;
pub(super) mod reports;
pub(super) mod requests;
pub(super) mod sign_in;
pub(super) mod sources;
pub(super) mod status;

pub use checks::Check;
pub use status::every_check;
