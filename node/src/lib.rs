//! The node that an agency runs.
//!
//! Arrows go one way: `cli → {http, peer} → intake → {acts, query} → {audit, registry} → {store, images}`.
//! `query` names no network or HTTP type; only [`node`] names a concrete store and network.

pub mod acts;
pub mod anchor;
pub mod audit;
pub mod backup;
pub mod certificate;
pub mod cli;
pub mod clock;
pub mod config;
pub mod conformance;
pub mod database;
pub mod home;
pub mod http;
pub mod images;
pub mod intake;
pub mod keys;
pub mod node;
pub mod office;
pub mod peer;
pub mod query;
pub mod registry;
pub mod store;
mod wording;
