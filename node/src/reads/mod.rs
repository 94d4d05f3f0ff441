//! One's own reads: importing them, by hand and from sources, counting, searching and correcting them.

pub mod corrections;
pub mod counts;
pub mod importer;
pub mod intake;
mod merging;
mod places;
pub mod search;
mod sorting;
pub mod source_stats;
pub mod sources;
mod telling;
pub mod withdrawal;
