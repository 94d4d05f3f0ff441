//! Who somebody is: what people sign in by, how it is verified, and the sessions that follow.
//!
//! This crate knows no log and no rights. Which authenticators count stands in the registry, and
//! whoever calls this crate writes the entries. What stands in the database signs nobody in by
//! itself: a verifier counts only under the digest that the log tells, and what opens codes is
//! sealed under a key that is not in the database.

pub mod block_list;
pub mod card;
pub mod challenges;
pub mod code;
pub mod key;
pub mod password;
pub mod provider;
pub mod sealing;
mod secret;
pub mod sessions;
pub mod throttle;
mod token;
pub mod verifier;

pub use secret::Secret;
pub use token::{
    NoRandomness, Token, enrolment_code, enrolment_digest, random, terminal_code,
    terminal_code_as_printed,
};
