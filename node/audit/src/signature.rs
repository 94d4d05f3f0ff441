//! A signature beside an entry, and whether it counts against who has made it.

use super::key_times::KeyEnd;
use super::signed_by::SignedBy;

/// A signature that stands beside an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose it is.
    pub by: SignedBy,
    /// The entry.
    pub entry: u64,
    /// The end of the key because of which it does not count against who has made it.
    pub discounted: Option<KeyEnd>,
}
