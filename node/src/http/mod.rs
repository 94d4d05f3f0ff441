//! The one way in: the HTTP API of the running node.
//!
//! The API is served on a 0600 Unix socket in the home: whoever can open it is the agency's own
//! account on that machine. Every act names a user, and its entry says `socket, uid N`. What stands
//! open to the network, over HTTPS, is health, metrics and a way in for reads ([`open_router`]).

pub mod alarms;
mod api;
mod error;
pub mod https;
mod open;
pub mod pinned;
mod router;
pub mod socket;

pub use open::{MetricsToken, router as open_router};
pub use router::router;
