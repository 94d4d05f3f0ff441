//! The node that an agency runs.

pub mod audit;
pub mod query;
