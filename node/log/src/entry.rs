//! An entry before it is appended: what it says, what must still hold for it, what becomes durable
//! with it, and what it lets out.
//!
//! The constructors in [`crate::entries`] make one, one for each kind: what leaves is derived from
//! what is logged, so nothing leaves under an entry that says something else.
//!
//! ```
//! # use audit_log::{entries::exchange::{SignedQuery, query_sent}, entry::Entry};
//! # use schemas::{body::Actor, frame::Frame};
//! fn asks(actor: Actor, query: SignedQuery<'_>) -> Entry {
//!     query_sent(actor, query)
//! }
//! ```
//! ```compile_fail,E0624
//! # use audit_log::{entries::exchange::{SignedQuery, query_sent}, entry::Entry};
//! # use schemas::{body::Actor, frame::Frame};
//! fn asks(actor: Actor, query: SignedQuery<'_>, any: Frame) -> Entry {
//!     query_sent(actor, query).releasing(vec![any])
//! }
//! ```
//!
//! What must still hold for an entry stands in it, too, and is not left to who appends it:
//!
//! ```
//! # use audit_log::{entries::reads::reads_searched, entry::{Entry, Precondition}};
//! # use schemas::body::{Access, Actor};
//! fn searches(state: &registry::State, actor: Actor, access: Access) -> Entry {
//!     reads_searched(state, actor, access)
//! }
//! ```
//! ```compile_fail,E0624
//! # use audit_log::{entries::reads::reads_searched, entry::{Entry, Precondition}};
//! # use schemas::body::{Access, Actor};
//! fn searches(state: &registry::State, actor: Actor, access: Access) -> Entry {
//!     reads_searched(state, actor, access).provided(Precondition::default())
//! }
//! ```

use registry::{Change, State};
use schemas::agency::AgencyId;
use schemas::body::{Access, Actor};
use schemas::entry_proof::EntryProof;
use schemas::envelope::Envelope;
use schemas::event::{EntryKind, Event};
use schemas::frame::Frame;
use schemas::query::{AuthorityId, QueryId};
use schemas::time::Timestamp;
use serde_json::{Map, Value};
use store::StateChanges;

/// What must still hold at the instant of appending, or the append is refused and the caller
/// decides again. Checked inside the one writer, so nothing changes between check and commit.
#[derive(Debug, Clone, Default)]
pub struct Precondition {
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

/// The name of before.
pub use self::Precondition as Guard;

impl Precondition {
    /// The registry is still `state`.
    pub(crate) fn registry(state: &State) -> Self {
        Self { generation: Some(state.generation()), ..Self::default() }
    }
}

/// An entry, what must hold for it, what happens with it, and what it lets out.
#[derive(Debug)]
pub struct Entry {
    pub(crate) actor: Actor,
    pub(crate) said: Said,
    pub(crate) peer: Option<AgencyId>,
    pub(crate) query: Option<QueryId>,
    pub(crate) envelopes: Vec<Envelope>,
    pub(crate) precondition: Precondition,
    pub(crate) change: Option<Change>,
    pub(crate) changes: StateChanges,
    pub(crate) frames: Vec<Frame>,
}

/// What an entry says: an event, or what becomes one when it is appended.
#[derive(Debug)]
pub(crate) enum Said {
    Event(Box<Event>),
    Untyped { kind: EntryKind, access: Option<Box<Access>>, detail: Map<String, Value> },
}

impl Said {
    pub(crate) fn kind(&self) -> EntryKind {
        match self {
            Self::Event(event) => event.kind(),
            Self::Untyped { kind, .. } => *kind,
        }
    }

    pub(crate) fn access(&self) -> Option<&Access> {
        match self {
            Self::Event(event) => event.access(),
            Self::Untyped { access, .. } => access.as_deref(),
        }
    }

    pub(crate) fn event(self) -> Result<Event, serde_json::Error> {
        match self {
            Self::Event(event) => Ok(*event),
            Self::Untyped { kind, access, mut detail } => {
                detail.insert("kind".into(), kind.code().into());
                if let Some(access) = access {
                    detail.insert("access".into(), serde_json::to_value(access)?);
                }
                serde_json::from_value(Value::Object(detail))
            }
        }
    }
}

impl Entry {
    /// An entry that says `event`, by `actor`. An access belongs to its exchange; one by which
    /// destroyed bodies are judged concerns the agency itself.
    pub(crate) fn saying(actor: Actor, event: Event) -> Self {
        Self {
            peer: event.kind().judges().then(|| actor.agency.clone()),
            query: event.access().map(|access| access.query_id),
            actor,
            said: Said::Event(Box::new(event)),
            envelopes: Vec::new(),
            precondition: Precondition::default(),
            change: None,
            changes: StateChanges::default(),
            frames: Vec::new(),
        }
    }

    /// It concerns this peer.
    pub(crate) fn about(mut self, peer: &AgencyId) -> Self {
        self.peer = Some(peer.clone());
        self
    }

    /// It belongs to this exchange.
    pub(crate) fn of_query(mut self, query: QueryId) -> Self {
        self.query = Some(query);
        self
    }

    /// Signed envelopes that stand beside it.
    pub(crate) fn beside<'a>(mut self, envelopes: impl IntoIterator<Item = &'a Envelope>) -> Self {
        self.envelopes.extend(envelopes.into_iter().cloned());
        self
    }

    /// What must still hold.
    pub(crate) fn provided(mut self, precondition: Precondition) -> Self {
        self.precondition = precondition;
        self
    }

    /// The registry, which must still be `state`, changes with it.
    pub(crate) fn changing(mut self, state: &State, change: Change) -> Self {
        self.precondition.generation = Some(state.generation());
        self.change = Some(change);
        self
    }

    /// What else becomes durable with it.
    pub(crate) fn with(mut self, changes: StateChanges) -> Self {
        self.changes = changes;
        self
    }

    /// What may leave once it is durable.
    pub(crate) fn releasing(mut self, frames: Vec<Frame>) -> Self {
        self.frames = frames;
        self
    }

    /// An entry of `kind`, by `actor`. One by which destroyed bodies are judged concerns the agency
    /// itself.
    #[must_use]
    pub fn new(kind: EntryKind, actor: Actor) -> Self {
        Self {
            said: Said::Untyped { kind, access: None, detail: Map::new() },
            peer: kind.judges().then(|| actor.agency.clone()),
            actor,
            query: None,
            envelopes: Vec::new(),
            precondition: Guard::default(),
            change: None,
            changes: StateChanges::default(),
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
        if let Said::Untyped { access: kept, .. } = &mut self.said {
            *kept = Some(Box::new(access));
        }
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
    pub fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        if let Said::Untyped { detail, .. } = &mut self.said {
            detail.insert(key.to_owned(), value.into());
        }
        self
    }

    /// What proves where the peer's own entry stands in its log.
    #[must_use]
    pub fn with_standing(self, theirs: Option<&EntryProof>) -> Self {
        match theirs.and_then(|theirs| serde_json::to_value(theirs).ok()) {
            Some(theirs) => self.with_detail("theirs", theirs),
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
        self.precondition = guard;
        self
    }

    /// The registry changes with it.
    #[must_use]
    pub fn untyped_changing(mut self, change: Change) -> Self {
        self.change = Some(change);
        self
    }

    /// What becomes durable with it.
    #[must_use]
    pub fn effecting(mut self, changes: StateChanges) -> Self {
        self.changes = changes;
        self
    }

    /// What may leave once it is durable.
    #[must_use]
    pub fn untyped_releasing(mut self, frames: Vec<Frame>) -> Self {
        self.frames = frames;
        self
    }
}
