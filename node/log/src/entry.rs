//! An entry before it is appended.

use schemas::agency::AgencyId;
use schemas::body::{Access, Actor};
use schemas::entry::EntryKind;
use schemas::envelope::Envelope;
use schemas::frame::Frame;
use schemas::query::{AuthorityId, QueryId};
use schemas::standing::Standing;
use schemas::time::Timestamp;
use serde_json::{Map, Value};

use registry::Change;
use store::Effects;

/// What must still hold at the instant of appending, or the append is refused and the caller
/// decides again. Checked inside the one writer, so nothing changes between check and commit.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// The registry is the one that was decided upon.
    pub generation: Option<u64>,
    /// The entry's time is before this instant.
    pub before: Option<Timestamp>,
    /// This authority has been used fewer times than this.
    pub uses: Option<(AuthorityId, u32)>,
    /// This authority has been used by this requester fewer times than this today.
    pub daily: Option<((AuthorityId, AgencyId), u32)>,
    /// This peer has fewer answers without receipt than this.
    pub unreceipted: Option<(AgencyId, u32)>,
}

/// An entry, what must hold for it, what happens with it, and what it lets out.
#[derive(Debug)]
pub struct Entry {
    pub(super) kind: EntryKind,
    pub(super) actor: Actor,
    pub(super) peer: Option<AgencyId>,
    pub(super) query: Option<QueryId>,
    pub(super) access: Option<Access>,
    pub(super) detail: Map<String, Value>,
    pub(super) envelopes: Vec<Envelope>,
    pub(super) guard: Guard,
    pub(super) change: Option<Change>,
    pub(super) effects: Effects,
    pub(super) frames: Vec<Frame>,
}

impl Entry {
    /// An entry of `kind`, by `actor`. One by which destroyed bodies are judged concerns the agency
    /// itself.
    #[must_use]
    pub fn new(kind: EntryKind, actor: Actor) -> Self {
        Self {
            kind,
            peer: kind.judges().then(|| actor.agency.clone()),
            actor,
            query: None,
            access: None,
            detail: Map::new(),
            envelopes: Vec::new(),
            guard: Guard::default(),
            change: None,
            effects: Effects::default(),
            frames: Vec::new(),
        }
    }

    /// It concerns this peer.
    #[must_use]
    pub fn with_peer(mut self, peer: &AgencyId) -> Self {
        self.peer = Some(peer.clone());
        self
    }

    /// It is an access, and belongs to that exchange.
    #[must_use]
    pub fn with_access(mut self, access: Access) -> Self {
        self.query = Some(access.query_id);
        self.access = Some(access);
        self
    }

    /// It belongs to this exchange.
    #[must_use]
    pub fn with_query(mut self, query: QueryId) -> Self {
        self.query = Some(query);
        self
    }

    /// A value that belongs to it.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(key.to_owned(), value.into());
        self
    }

    /// What proves where the peer's own entry stands in its log.
    #[must_use]
    pub fn with_standing(self, theirs: Option<&Standing>) -> Self {
        match theirs.and_then(|theirs| serde_json::to_value(theirs).ok()) {
            Some(theirs) => self.with("theirs", theirs),
            None => self,
        }
    }

    /// A signed envelope that stands beside it.
    #[must_use]
    pub fn with_envelope(mut self, envelope: &Envelope) -> Self {
        self.envelopes.push(envelope.clone());
        self
    }

    /// What must still hold.
    #[must_use]
    pub fn guarded(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    /// The registry changes with it.
    #[must_use]
    pub fn changing(mut self, change: Change) -> Self {
        self.change = Some(change);
        self
    }

    /// What becomes durable with it.
    #[must_use]
    pub fn effecting(mut self, effects: Effects) -> Self {
        self.effects = effects;
        self
    }

    /// What may leave once it is durable.
    #[must_use]
    pub fn releasing(mut self, frames: Vec<Frame>) -> Self {
        self.frames = frames;
        self
    }
}
