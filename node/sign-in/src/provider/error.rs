//! Why single sign-on comes to nothing, in sentences for whoever wanted to sign in.

use schemas::names::ProgramName;

use crate::NoRandomness;

/// Why single sign-on comes to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SignOnError {
    /// The provider is away, or not what was configured.
    #[error(
        "{label} cannot be asked ({why}); sign in with a security key, or with a password and code, or try again later"
    )]
    Unreachable {
        /// The provider.
        label: String,
        /// What is wrong.
        why: String,
    },
    /// What it says does not hold.
    #[error("what {label} says cannot be believed: {why}; tell an administrator")]
    Untrusted {
        /// The provider.
        label: String,
        /// What is wrong.
        why: String,
    },
    /// It says no.
    #[error("{label} did not sign you in (`{code}`); try again, or ask those who run it")]
    Declined {
        /// The provider.
        label: String,
        /// The code of its error.
        code: String,
    },
    /// It signed somebody in by one factor.
    #[error(
        "{label} says that you proved who you are by {said}, which are not two factors here; take a way with two there, or sign in with a security key or with a password and code"
    )]
    OneFactor {
        /// The provider.
        label: String,
        /// How.
        said: String,
    },
    /// She proved who she is too long ago.
    #[error(
        "you signed in at {label} too long ago, or have used that already; sign in there once more"
    )]
    TooLongAgo {
        /// The provider.
        label: String,
    },
    /// It is not said by what it knows a program.
    #[error(
        "nothing says by what {label} knows program `{program}`: set its client id under `[provider.programs]` in accord.toml, or have her approve a code (`POST /api/v1/session`)"
    )]
    ProgramUnknown {
        /// The provider.
        label: String,
        /// The program.
        program: ProgramName,
    },
    /// The answer is to no request of this browser.
    #[error(
        "this answer belongs to no sign-in that was begun here within ten minutes; begin again"
    )]
    NotBegun,
    /// Too many come at once.
    #[error("too many sign in at this moment; try again")]
    Busy,
    /// It has no secret.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}
