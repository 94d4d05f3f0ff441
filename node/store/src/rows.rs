//! What becomes durable with an entry of the log, in one transaction.

use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::frame::FrameKind;
use schemas::outcome::OutcomeCode;
use schemas::plate::Plate;
use schemas::query::QueryId;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;

use crate::mentions::Mention;
use crate::search::terms::Terms;

/// An entry with all that becomes durable with it.
#[derive(Debug)]
pub struct Row {
    /// The header.
    pub header: Header,
    /// The header's one byte form.
    pub header_bytes: String,
    /// Salt of the body's digest.
    pub salt: [u8; schemas::entry::SALT],
    /// The body's JSON.
    pub body: String,
    /// The envelopes beside it, one a line.
    pub envelopes: Option<String>,
    /// The hashes of the perfect subtrees above the leaf that it completed, lowest first.
    pub nodes: Vec<Digest>,
    /// What its body mentions, each once: what it is looked for by as long as the body is kept.
    pub mentions: Vec<Mention>,
    /// What else changes in the same transaction.
    pub changes: StateChanges,
}

/// What changes together with an entry.
#[derive(Debug, Default)]
pub struct StateChanges {
    /// A change of the registry, as JSON.
    pub change: Option<String>,
    /// A query that may now leave.
    pub asked: Option<Asked>,
    /// An earlier query that is now settled.
    pub settled: Option<Settled>,
    /// A peer's query that is now answered or refused.
    pub served: Option<Served>,
    /// The receipt of a peer that has come.
    pub receipted: Option<Receipted>,
    /// Pages to keep.
    pub pages: Option<Pages>,
    /// What must reach peers.
    pub outbox: Vec<OutboxMessage>,
    /// Reads to store; their ids are known to be new.
    pub reads: Vec<Read>,
    /// New versions of reads, at most one of each; they may be among those to store.
    pub corrected: Vec<Corrected>,
    /// Reads to destroy.
    pub purged: Vec<ReadId>,
    /// Kept pages to destroy, by the entry that they came with.
    pub ended: Vec<u64>,
    /// An entry of a peer's log that this entry leaves unproven.
    pub owed: Option<NewDebt>,
    /// What a peer has proven.
    pub proved: Option<Proved>,
    /// A peer whose debts count for no bound any more.
    pub waived: Option<AgencyId>,
    /// Plates whose reads it released or showed, each once: who saw a plate is found by them for as long as
    /// the body is kept.
    pub shown: Vec<Plate>,
    /// Earlier entries that are found and kept by another time than that of their stamp.
    pub restamped: Option<Restamped>,
}

/// A clock was accepted: of the entries before, those that a wrong one stamped are found, and kept, by
/// the time that the right one tells. Their headers stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restamped {
    /// The time of the entry before.
    pub last: Timestamp,
    /// Entries from this time on were stamped by a clock that was behind, where one was set back before.
    pub behind_since: Option<Timestamp>,
}

/// An entry that a peer's log must hold and that it has not proven: of the exchange that an entry of
/// this log tells.
#[derive(Debug, Clone)]
pub struct NewDebt {
    /// Whose log.
    pub peer: AgencyId,
    /// The query of the exchange.
    pub query_id: QueryId,
    /// H(the envelopes beside that entry).
    pub envelope: Digest,
}

/// A debt as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    /// The entry of this log that left it.
    pub entry: u64,
    /// When that was appended.
    pub at: Timestamp,
    /// The query of the exchange.
    pub query_id: QueryId,
    /// H(the envelopes beside the entry that is owed).
    pub envelope: Digest,
    /// Whether it counts for no bound: what is owed was lost, as a person said.
    pub waived: bool,
}

/// Debts that a peer has paid.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The peer.
    pub peer: AgencyId,
    /// The debts, by the entry of this log that left each.
    pub debts: Vec<u64>,
    /// How many of them counted.
    pub counted: u32,
}

/// One's own read, as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnRead {
    /// The read.
    pub read: Read,
    /// Its version: 1 until it is corrected or told better.
    pub version: u32,
    /// Whether a person corrected it.
    pub corrected: bool,
    /// The entry that brought it.
    pub brought_by: u64,
    /// The entry that withdrew it: no search finds it.
    pub withdrawn: Option<u64>,
}

/// One's own read that some entries brought or told otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct BroughtRead {
    /// The read.
    pub read: Read,
    /// Its version.
    pub version: u32,
    /// What it was before those entries told it otherwise; absent where they brought it.
    pub before: Option<Read>,
}

/// A new version of a read. Those that it replaces are kept beside it, and end with it. Of a read that is
/// not stored any more, nothing is kept.
#[derive(Debug, Clone)]
pub struct Corrected {
    /// The read as it is now; its camera is the one it has.
    pub read: Read,
    /// What it was, each with its version.
    pub was: Vec<(u32, Read)>,
    /// Whether it is withdrawn: from then on nothing finds it.
    pub withdrawn: bool,
}

impl Corrected {
    /// What it is found by: plate and terms.
    pub(super) fn found_by(&self) -> (&str, Terms) {
        match self.withdrawn {
            true => ("", Terms::none()),
            false => (self.read.plate.as_str(), Terms::of(&self.read)),
        }
    }
}

/// A read was released by an answer.
#[derive(Debug, Clone)]
pub struct Release {
    /// The read.
    pub read: ReadId,
    /// The answer's entry.
    pub entry: u64,
    /// To whom.
    pub requester: AgencyId,
    /// The envelopes beside the entry: the query's is the first line.
    pub query: String,
}

/// A query that leaves. Its envelope is the one beside the entry.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its id.
    pub query_id: QueryId,
    /// The owner asked.
    pub owner: AgencyId,
    /// When it was signed.
    pub asked_at: Timestamp,
    /// Digest of its envelope.
    pub query: Digest,
}

/// How a query of ours ended.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Its id.
    pub query_id: QueryId,
    /// How; only silence may be settled again.
    pub outcome: OutcomeCode,
    /// The authority that an answer rested on.
    pub authority: Option<AuthorityId>,
    /// Digest of the answer's or refusal's envelope.
    pub reply: Option<Digest>,
    /// Digest of the envelope of the receipt that was signed for it.
    pub receipt: Option<Digest>,
}

/// The receipt for an answer of ours.
#[derive(Debug, Clone)]
pub struct Receipted {
    /// Whose.
    pub requester: AgencyId,
    /// For the answer to this query.
    pub query_id: QueryId,
    /// Digest of its envelope.
    pub receipt: Digest,
}

/// How a peer's query ended. Beside the entry stand the query's envelope and the reply's, in this
/// order.
#[derive(Debug, Clone)]
pub struct Served {
    /// Its id.
    pub query_id: QueryId,
    /// The requester.
    pub requester: AgencyId,
    /// When the query was signed.
    pub asked_at: Timestamp,
    /// Digest of the query's envelope.
    pub query_digest: Digest,
    /// Digest of the reply's envelope.
    pub reply_digest: Digest,
    /// Whether reads were released.
    pub answered: bool,
    /// Whether this id is replied to like this from now on.
    pub kept: bool,
    /// On what authority.
    pub authority: Option<AuthorityId>,
    /// The reads released, and the instant of the latest: remembered as long as one of them lives.
    pub released: Option<(Timestamp, Vec<ReadId>)>,
}

/// Which side of an exchange a page is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The owner's copy, for redelivery.
    Served,
    /// The requester's copy, for the retention of answers.
    Asked,
}

impl Side {
    /// As it stands in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Asked => "asked",
        }
    }
}

/// Pages of one answer.
#[derive(Debug, Clone)]
pub struct Pages {
    /// Whose copy.
    pub side: Side,
    /// The query.
    pub query_id: QueryId,
    /// When they end.
    pub until: Timestamp,
    /// The pages' bytes, in order.
    pub pages: Vec<Vec<u8>>,
    /// Photographs of the answer that are kept as long; their bytes are durable already.
    pub images: Vec<Digest>,
}

/// Something that must reach a peer.
#[derive(Debug, Clone)]
pub struct OutboxMessage {
    /// To whom.
    pub peer: AgencyId,
    /// As what frame.
    pub kind: FrameKind,
    /// The exact envelope.
    pub body: String,
}

impl OutboxMessage {
    /// The head of the envelope, which names what it holds: messages of one topic to a peer wait in one
    /// line.
    #[must_use]
    pub fn topic(&self) -> &str {
        self.body.split_once(',').map_or("", |(head, _)| head)
    }

    /// Digest of the envelope: with the peer it names the letter.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.body.as_bytes())
    }
}
