//! Asking and answering: drafts, checks, and the exchange itself.
//!
//! This room names no network and no HTTP type: the wire is behind `peer::link`.

pub(crate) mod agreement_parties;
mod alarms;
pub mod answer;
pub mod ask;
pub(crate) mod authorities;
pub(crate) mod cards;
mod co_parties;
pub mod consistency;
pub mod deliver;
pub mod documents;
mod fair_scheduler;
mod in_flight;
pub(crate) mod judged;
mod named_machines;
pub mod node_identity;
mod not_served;
mod observed;
mod paging;
pub mod peer_server;
mod photographs;
mod rejections;
pub mod rerun;
pub mod seen;
pub mod standing;
pub mod statements;
mod steps;
pub mod verify;
pub mod witness;

use crate::context::NodeContext;
