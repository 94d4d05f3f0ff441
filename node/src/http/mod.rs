//! The one way in: the HTTP API of the running app. Every error that it answers with is a
//! [`problem::Problem`].
//!
//! The API is served on a 0600 Unix socket in the home: whoever can open it is the agency's own
//! account on that machine. Who acts is said by a session ([`crate::sign_in`]), and its entry says how
//! she had signed in. A user who has bound no authenticator yet is named, and her entries say
//! `socket, uid N`. What stands
//! open to the network, over HTTPS, is health, metrics and a way in for reads ([`open_router`]).

pub mod alarms;
mod api;
mod error;
mod extract;
pub mod https;
mod open;
pub mod pinned;
mod privileged;
pub mod problem;
mod router;
pub mod socket;
mod state;

pub use open::{CachedCounts, MetricsCache, MetricsToken, SendingTurns, router as open_router};
pub use router::router;
pub use state::AppState;
