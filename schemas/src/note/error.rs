//! Why bytes are no note, a text no key, or a note not to be believed; and how much a note may hold.

use super::name::{KeyName, KeyNameError};

/// Largest note, in bytes; room for [`MOST_SIGNATURES`] post-quantum ones.
pub const LARGEST: usize = 500_000;

/// Most signature lines of a note.
pub const MOST_SIGNATURES: usize = 64;

/// Why bytes are no note, a text no key, or a note not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`LARGEST`]; holds the length in bytes.
    #[error("a note of {0} bytes exceeds {LARGEST}")]
    TooLarge(usize),
    /// More than [`MOST_SIGNATURES`] lines.
    #[error("a note has at most {MOST_SIGNATURES} signatures")]
    TooManySignatures,
    /// Not a note.
    #[error("not a signed note: {0}")]
    Form(&'static str),
    /// Not a name.
    #[error(transparent)]
    Name(#[from] KeyNameError),
    /// Not a key, and why.
    #[error("`{0}` is not a verifier key: {1}")]
    Vkey(String, &'static str),
    /// Two trusted keys that nobody can tell apart by name and id.
    #[error("two different trusted keys are both named `{0}` and have the same id")]
    Ambiguous(KeyName),
    /// A trusted key's signature does not hold.
    #[error("the signature of `{0}` does not verify")]
    Signature(KeyName),
    /// No trusted key signed.
    #[error("no trusted key signed the note")]
    Untrusted,
}
