//! Asking and answering: drafts, checks, and the exchange itself.
//!
//! This room names no network and no HTTP type: the wire is behind [`ports`].

pub mod answer;
pub mod ask;
pub(crate) mod authorities;
pub mod consistency;
mod corrected;
pub mod deliver;
pub mod documents;
pub mod heads;
pub mod host;
mod paging;
mod photographs;
mod proof;
mod rejects;
pub mod rerun;
pub mod statements;
mod turns;
pub mod verify;
pub mod witness;

use crate::context::NodeContext;
