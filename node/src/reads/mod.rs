//! One's own reads: importing them, by hand and from sources, searching them, correcting them.

pub mod corrections;
pub mod import;
pub mod intake;
pub mod search;
pub mod sources;
