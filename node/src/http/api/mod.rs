//! One file an area. A handler translates; what is done stands in `acts`, `query` and `audit`.

pub(super) mod agreements;
pub(super) mod audit;
pub(super) mod backup;
pub(super) mod cards;
pub(super) mod evidence;
pub(super) mod exports;
pub(super) mod holds;
mod lines;
pub(super) mod people;
pub(super) mod policy;
pub(super) mod queries;
pub(super) mod reads;
pub(super) mod reports;
pub(super) mod requests;
pub(super) mod sources;
pub(super) mod status;

use std::sync::Arc;

use axum::extract::State;

use crate::run::Node;

/// The node, as a handler receives it.
pub(super) type Here = State<Arc<Node>>;
