//! The one way in: the HTTP API of the running node.
//!
//! For now it is served on a 0600 Unix socket in the home: whoever can open it is the agency's own
//! account on that machine. Every act names a user, and its entry says `socket, uid N`.

pub mod alarms;
mod api;
mod error;
mod router;
pub mod socket;

pub use router::router;
