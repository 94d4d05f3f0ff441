//! May this query be answered?
//!
//! This crate is pure: policies, agreements and requests come in as text or values, the present
//! instant is a parameter, and [`decide::decide`] is total. A refusal is data with a code, a
//! sentence and citations; an error means that a document could not be read, and then the answer
//! is no.

pub mod agreement;
pub mod approval;
pub mod authority_index;
pub mod decide;
pub mod difference;
mod document;
mod facts;
pub mod law;
pub mod lifecycle;
pub mod policy;
mod reasons;
pub mod recorded;
pub mod request;
mod rules;
pub mod screening;
mod search_limits;
pub mod succession;
pub mod template;

pub use document::DocumentError;
