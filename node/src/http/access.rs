//! What a route takes of whoever asks. Every route says it in the table of [`super::ROUTES`]; one that
//! said nothing would take most.

use schemas::program::ProgramScope;

/// What a route takes of whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing, for this reason.
    Nobody(&'static str),
    /// That she is signed in.
    SignedIn,
    /// That she is signed in and has proved lately who she is (CJISSECPOL, IA-11): approving, signing,
    /// people, keys, backup, policy, and what administrators and auditors decide.
    Privileged,
}

/// A route of the API.
#[derive(Debug)]
pub struct Route {
    /// Its method, in small letters.
    pub method: &'static str,
    /// Its path, with its parts in braces.
    pub path: &'static str,
    /// What it takes.
    pub access: Access,
}

/// A route that a program is offered without a person.
#[derive(Debug)]
pub struct Alone {
    /// Its method, in small letters.
    pub method: &'static str,
    /// Its path below `/api/v1`.
    pub path: &'static str,
    /// The scope that it takes, where it takes one.
    pub scope: Option<ProgramScope>,
}

/// A route that programs are offered.
#[derive(Debug)]
pub struct Offered {
    /// Its method, in small letters.
    pub method: &'static str,
    /// Its path below `/api/v1`.
    pub path: &'static str,
    /// The scope that it takes.
    pub scope: ProgramScope,
}
