//! An entry before it is appended: what it says, what must still hold for it, what becomes durable
//! with it, and what it lets out.
//!
//! The constructors in [`crate::entries`] make one, one for each kind: what leaves is derived from
//! what is logged, so nothing leaves under an entry that says something else.
//!
//! ```
//! # use audit_log::{entries::exchange::{SignedQuery, asking::query_sent}, entry::Entry};
//! # use schemas::{body::Actor, frame::Frame};
//! fn asks(actor: Actor, query: SignedQuery<'_>) -> Entry {
//!     query_sent(actor, query)
//! }
//! ```
//! ```compile_fail,E0624
//! # use audit_log::{entries::exchange::{SignedQuery, asking::query_sent}, entry::Entry};
//! # use schemas::{body::Actor, frame::Frame};
//! fn asks(actor: Actor, query: SignedQuery<'_>, any: Frame) -> Entry {
//!     query_sent(actor, query).releasing(vec![any])
//! }
//! ```
//!
//! What must still hold for an entry stands in it, too, and is not left to who appends it:
//!
//! ```
//! # use audit_log::{entries::reads::{Found, reads_searched}, entry::Entry};
//! # use schemas::body::{Access, Actor};
//! fn searches(state: &registry::State, actor: Actor, access: Access) -> Entry {
//!     reads_searched(state, actor, access, Found { reads: &[], photographs: false })
//! }
//! ```
//! ```compile_fail,E0624
//! # use audit_log::{entries::reads::{Found, reads_searched}, entry::Entry};
//! # use schemas::body::{Access, Actor};
//! fn searches(state: &registry::State, actor: Actor, access: Access) -> Entry {
//!     reads_searched(state, actor, access, Found { reads: &[], photographs: false }).provided(Default::default())
//! }
//! ```

use std::any::Any;

use registry::{Change, Grounds, State};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::body::Actor;
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::frame::Frame;
use schemas::query::{QueryId, UserName};
use schemas::read::ReadId;
use schemas::time::Timestamp;
use store::StateChanges;

use crate::arrived::DayBounds;

/// What must still hold at the instant of appending, or the append is refused and the caller
/// decides again. Checked inside the one writer, so nothing changes between check and commit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Precondition {
    /// The registry is the one that was judged upon, all of it.
    pub(crate) generation: Option<u64>,
    /// What of the registry was decided upon still holds.
    pub(crate) grounds: Option<Grounds>,
    /// None of these reads was corrected since the log had so many entries.
    pub(crate) uncorrected: Option<(u64, Vec<ReadId>)>,
    /// No receipt of this query's answer was recorded since the log had so many entries.
    pub(crate) without_receipt: Option<(u64, QueryId)>,
    /// The entry's time is before this instant.
    pub(crate) before: Option<Timestamp>,
    /// This authority has been used fewer times than this.
    pub(crate) uses: Option<(AuthorityId, u32)>,
    /// This authority has been used by this requester fewer times than this today.
    pub(crate) daily: Option<((AuthorityId, AgencyId), u32)>,
    /// This peer has fewer answers without receipt than this.
    pub(crate) unreceipted: Option<(AgencyId, u32)>,
    /// This peer has left less behind today than this.
    pub(crate) arriving: Option<(AgencyId, DayBounds)>,
    /// What this person looks at belongs under this audit of theirs, or under none.
    pub(crate) bears: Option<(UserName, Option<u64>)>,
}

impl Precondition {
    /// The registry is still `state`.
    pub(crate) fn registry(state: &State) -> Self {
        Self { generation: Some(state.generation()), ..Self::default() }
    }

    /// What was decided upon still holds.
    pub(crate) fn grounds(grounds: Grounds) -> Self {
        Self { grounds: Some(grounds), ..Self::default() }
    }
}

/// Who audits, and under which audit of theirs: the entry that opened it, or none where they have none open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auditor {
    /// Who.
    pub actor: Actor,
    /// The audit.
    pub audit: Option<u64>,
}

impl Auditor {
    /// The node itself, which looks under no audit of anybody.
    #[must_use]
    pub const fn nobody(actor: Actor) -> Self {
        Self { actor, audit: None }
    }
}

/// An entry, what must hold for it, what happens with it, and what it lets out.
#[derive(Debug)]
pub struct Entry {
    pub(crate) actor: Actor,
    pub(crate) event: Event,
    pub(crate) peer: Option<AgencyId>,
    pub(crate) query: Option<QueryId>,
    pub(crate) envelopes: Vec<Envelope>,
    pub(crate) precondition: Precondition,
    /// Under which audit it was done.
    pub(crate) audit: Option<u64>,
    pub(crate) change: Option<Change>,
    pub(crate) changes: StateChanges,
    pub(crate) frames: Vec<Frame>,
    /// Dropped once the entry is durable or is not to be.
    pub(crate) kept: Option<Box<dyn Any + Send>>,
}

impl Entry {
    /// An entry that says `event`, by `actor`. An access belongs to its exchange; one by which
    /// destroyed bodies are judged concerns the agency itself.
    pub(crate) fn new(actor: Actor, event: Event) -> Self {
        Self {
            peer: event.kind().judges().then(|| actor.agency.clone()),
            query: event.access().map(|access| access.query_id),
            actor,
            event,
            envelopes: Vec::new(),
            precondition: Precondition::default(),
            audit: None,
            change: None,
            changes: StateChanges::default(),
            frames: Vec::new(),
            kept: None,
        }
    }

    /// An entry that says `event`, by who audits.
    pub(crate) fn audited(auditor: Auditor, event: Event) -> Self {
        let Auditor { actor, audit } = auditor;
        Self::new(actor, event).under(audit)
    }

    /// It bears this audit of its actor's, as long as that is open, or none as long as none is.
    pub(crate) fn under(mut self, audit: Option<u64>) -> Self {
        self.precondition.bears = self.actor.user.clone().map(|user| (user, audit));
        self.audit = audit;
        self
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

    /// Keeps `what` until it is durable, or is not to be.
    pub(crate) fn keeping(mut self, what: Box<dyn Any + Send>) -> Self {
        self.kept = Some(what);
        self
    }

    /// What may leave once it is durable.
    pub(crate) fn releasing(mut self, frames: Vec<Frame>) -> Self {
        self.frames = frames;
        self
    }
}
