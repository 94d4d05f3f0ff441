//! An exchange as a log tells it: what reconciling pairs with what the other side tells.

use crate::digest::Digest;
use crate::query::QueryId;
use crate::statement::Reached;
use crate::time::Timestamp;

/// An exchange as the log's entries told it when they were appended, for reconciling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The entry that let the query or the reply go.
    pub entry: u64,
    /// Whether this node asked; otherwise the peer did.
    pub asked: bool,
    /// The query.
    pub query_id: QueryId,
    /// When it was signed.
    pub asked_at: Timestamp,
    /// How far it came.
    pub reached: Reached,
    /// Digest of the query's envelope.
    pub query: Digest,
    /// Digest of the reply's envelope.
    pub reply: Option<Digest>,
    /// Digest of the receipt's envelope.
    pub receipt: Option<Digest>,
    /// Whether it was turned away, and may have been answered later.
    pub turned_away: bool,
}
