//! The one way in: the HTTP API of the running app. Every error that it answers with is a
//! [`problem::Problem`].
//!
//! The API is served on a 0600 Unix socket in the home: whoever can open it is the agency's own
//! account on that machine, which says nothing of who acts: that a session does ([`crate::sign_in`]), and
//! the entry says how she had signed in. What each route takes stands in [`ROUTES`]. What stands open
//! to the network, over HTTPS, is health, metrics and a way in for reads ([`open_router`]), and the part of the
//! API that programs are offered ([`programs`]).

pub mod access;
mod accounts;
pub mod alarms;
mod api;
pub mod chosen_audit;
mod client_certificate;
mod error;
mod extract;
pub mod https;
mod named_persons;
mod open;
mod openapi;
pub mod pinned;
pub mod problem;
mod program_streams;
mod program_turns;
mod program_uses;
pub mod programs;
mod rights;
mod router;
mod searching;
mod sent_forms;
pub mod socket;
mod state;
pub mod waiting;

pub use accounts::{AccountsDue, INACTIVE_DAYS};
pub use api::{Check, every_check};
pub use open::{CachedCounts, MetricsCache, MetricsToken, SendingTurns, router as open_router};
pub use openapi::DOCUMENT;
pub use program_turns::{AT_ONCE as PROGRAM_REQUESTS, ProgramTurns};
pub use program_uses::ProgramUses;
pub use router::{ALONE, OFFERED, ROUTES, programs_router, router};
pub use sent_forms::SentForms;
pub use state::AppState;
