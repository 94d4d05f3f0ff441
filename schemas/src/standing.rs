//! What one side of an exchange owes the other: the place of its own entry in its own log, proven.
//!
//! The proof travels beside a message. Where it did not, or could not be checked yet, the receiver asks
//! for it later, of many exchanges at once.

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::digest::Digest;
use crate::entry::{EntryKind, Header};
use crate::entry_proof::EntryProof;
use crate::event::Event;
use crate::purpose::codes;

/// Most entries of one [`StandingRequest`]: their proofs fit one frame, however long the log is.
pub const MOST_ENTRIES: usize = 32;

codes! {
    /// Which entry of its log an agency owes the other side of an exchange.
    Part, "part of an exchange" {
        /// The requester's, of having sent the query.
        Sent = "sent",
        /// The owner's, of its answer or refusal.
        Replied = "replied",
        /// The requester's, of having received the answer.
        Received = "received",
    }
}

impl Part {
    /// The part that an entry with this header is, if it is one that is owed. One that commits to no
    /// envelope, such as that of a reply which is delivered again, says of no message that it was sent
    /// or came.
    #[must_use]
    pub fn of(header: &Header) -> Option<Self> {
        header.envelope?;
        match header.kind {
            EntryKind::QuerySent => Some(Self::Sent),
            EntryKind::QueryAnswered | EntryKind::QueryRefused => Some(Self::Replied),
            EntryKind::AnswerReceived => Some(Self::Received),
            _ => None,
        }
    }

    /// The part that the other side owes for an entry that says `event`; `decided` tells whether the
    /// refusal that it may be was decided. One that came from a check before the decision, such as
    /// that of a node which is overloaded, leaves nothing owed: its owner gives as many of them as it is
    /// sent queries.
    #[must_use]
    pub const fn owed_for(event: &Event, decided: bool) -> Option<Self> {
        match event {
            Event::QueryAnswered(_) => Some(Self::Sent),
            Event::QueryRefused(refused) if decided && !refused.redelivered => Some(Self::Sent),
            Event::AnswerReceived(_) => Some(Self::Replied),
            Event::RefusalReceived(_) if decided => Some(Self::Replied),
            Event::ReceiptRecorded(_) => Some(Self::Received),
            _ => None,
        }
    }
}

/// An entry of the receiver's log, as the sender knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EntryAsked {
    /// H(16 bytes of the query's id).
    pub query: Digest,
    /// H(the envelopes beside it), as its header says.
    pub envelope: Digest,
}

impl EntryAsked {
    /// Whether an entry with this header is the one that is meant, in a log that tells `agency` of it.
    #[must_use]
    pub fn is(&self, header: &Header, agency: &AgencyId) -> bool {
        Part::of(header).is_some()
            && header.query == Some(self.query)
            && header.envelope == Some(self.envelope)
            && header.peer.as_ref() == Some(agency)
    }
}

/// Asks where entries of the receiver's log stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StandingRequest {
    /// From 1 to [`MOST_ENTRIES`] of them.
    pub entries: Vec<EntryAsked>,
}

impl StandingRequest {
    /// Whether it asks for as many as one may.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        (1..=MOST_ENTRIES).contains(&self.entries.len())
    }
}

/// The proofs of those entries that stand in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StandingReply {
    /// At most one for each entry that was asked for, in any order.
    pub proofs: Vec<EntryProof>,
}
