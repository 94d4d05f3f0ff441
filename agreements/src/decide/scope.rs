//! What a decision opens: to a peer, to this agency's own people, or to retention. A search takes one
//! of these and nothing else.
//!
//! INVARIANT: each is made by its own decision alone and cannot be copied, so that what was decided
//! for one's own people is never used to answer a peer, and no search is made that was not decided.
//!
//! ```
//! fn search(scope: &dyn agreements::decide::Scope) -> u32 {
//!     scope.limit()
//! }
//! fn peer(permit: &agreements::decide::Permit) -> u32 {
//!     search(&permit.scope)
//! }
//! ```
//!
//! Nobody else makes a scope:
//!
//! ```compile_fail,E0277
//! # fn search(scope: &dyn agreements::decide::Scope) -> u32 {
//! #     scope.limit()
//! # }
//! fn anything(elements: &schemas::query::Elements) -> u32 {
//!     search(elements)
//! }
//! ```
//!
//! A decision's scope is used where it was decided, and not kept for later:
//!
//! ```
//! fn used(permit: agreements::decide::Permit) -> agreements::decide::PeerScope {
//!     permit.scope
//! }
//! ```
//! ```compile_fail,E0277
//! fn kept(permit: &agreements::decide::Permit) -> agreements::decide::PeerScope {
//!     agreements::decide::PeerScope::clone(&permit.scope)
//! }
//! ```
//!
//! What was decided for one's own people answers no peer:
//!
//! ```
//! # use agreements::decide::{OwnScope, PeerScope};
//! fn answered(scope: &PeerScope) {}
//! fn for_a_peer(scope: &PeerScope) {
//!     answered(scope)
//! }
//! ```
//! ```compile_fail,E0308
//! # use agreements::decide::{OwnScope, PeerScope};
//! fn answered(scope: &PeerScope) {}
//! fn for_ones_own(scope: &OwnScope) {
//!     answered(scope)
//! }
//! ```

use schemas::query::Elements;
use schemas::time::Timestamp;

use crate::policy::Policy;

mod sealed {
    use schemas::query::Elements;
    use schemas::time::Timestamp;

    /// How far reads are opened.
    #[derive(Debug, PartialEq)]
    pub struct Opened {
        pub(in crate::decide) elements: Elements,
        pub(in crate::decide) from: Timestamp,
        pub(in crate::decide) until: Timestamp,
        pub(in crate::decide) limit: u32,
        pub(in crate::decide) images: bool,
    }

    /// What only a decision makes.
    pub trait Decided {
        /// How far.
        fn opened(&self) -> &Opened;
    }
}

pub(super) use sealed::Opened;

/// How far a decision opened the reads.
pub trait Scope: sealed::Decided + std::fmt::Debug + Send + Sync {
    /// What is looked for.
    fn elements(&self) -> &Elements {
        &self.opened().elements
    }

    /// Earliest instant, inclusive.
    fn from(&self) -> Timestamp {
        self.opened().from
    }

    /// Latest instant, exclusive.
    fn until(&self) -> Timestamp {
        self.opened().until
    }

    /// Most reads.
    fn limit(&self) -> u32 {
        self.opened().limit
    }

    /// Whether photographs are opened: the authority opens them and the query asks for them.
    fn images(&self) -> bool {
        self.opened().images
    }
}

/// How far [`super::decide`] opened reads to a peer.
#[derive(Debug, PartialEq)]
pub struct PeerScope(pub(super) Opened);

/// How far [`super::decide_own`] or [`super::decide_evidence`] opened reads to this agency's own people.
#[derive(Debug, PartialEq)]
pub struct OwnScope(pub(super) Opened);

impl sealed::Decided for PeerScope {
    fn opened(&self) -> &Opened {
        &self.0
    }
}

impl sealed::Decided for OwnScope {
    fn opened(&self) -> &Opened {
        &self.0
    }
}

impl Scope for PeerScope {}
impl Scope for OwnScope {}

/// The reads that the policy keeps no longer: to be destroyed, unless a hold keeps them.
///
/// ```
/// use agreements::{decide::due_reads, policy::Policy};
/// fn due(policy: &Policy, now: schemas::time::Timestamp) -> schemas::time::Timestamp {
///     due_reads(policy, now).cut_off()
/// }
/// ```
/// ```compile_fail,E0451
/// use agreements::{decide::DueReads, policy::Policy};
/// fn due(policy: &Policy, now: schemas::time::Timestamp) -> schemas::time::Timestamp {
///     DueReads { cut_off: now }.cut_off()
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct DueReads {
    cut_off: Timestamp,
}

impl DueReads {
    /// Reads made before this instant are due: the start of a UTC day.
    #[must_use]
    pub fn cut_off(&self) -> Timestamp {
        self.cut_off
    }
}

/// The reads that `policy` keeps no longer at `now`.
#[must_use]
pub fn due_reads(policy: &Policy, now: Timestamp) -> DueReads {
    DueReads { cut_off: policy.retention.reads.cut_off().cut_off(now) }
}
