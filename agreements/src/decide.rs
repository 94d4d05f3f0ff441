//! The decision: may this query be answered, how far, and if not, why not.
//!
//! Total, pure, and no on anything unknown. Rules stand in `rules`, one function each; this file
//! only chooses the authority and puts the reasons together. INVARIANT: a scope is made here alone, so
//! no search happens that was not decided.

mod scope;

use schemas::agency::AgencyId;
use schemas::answer::{Basis, Cut, Released};
use schemas::area::Near;
use schemas::authority::AuthorityId;
use schemas::query::{Elements, Query};
use schemas::refusal::{Reason, RefusalCode};
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::law::Law;
use crate::policy::Policy;
use crate::rules::{self, Asked, Case, Side};
use scope::Opened;

pub use crate::facts::{Authority, Candidate, PeerFacts};
pub use crate::reasons::Reasons;
pub use scope::{DueReads, OwnScope, PeerScope, Scope, due_reads};

/// The version of the rules. It counts up with every change of what a rule permits or says, so that
/// who decides again does it by the rules that decided.
pub const RULES: u32 = 9;

/// A permission.
#[derive(Debug, PartialEq)]
pub struct Permit {
    /// On what authority.
    pub basis: Basis,
    /// How far.
    pub scope: PeerScope,
    /// The owner's notice to who acts on a read.
    pub notice: Text,
    /// From this instant the permission no longer holds.
    pub lapses: Timestamp,
    /// A use of this authority is consumed, of so many.
    pub consumes: Option<(AuthorityId, u32)>,
    /// An answer of today is counted on this authority, of so many.
    pub daily: Option<(AuthorityId, u32)>,
    /// What makes it less than was asked for.
    pub cuts: Vec<Cut>,
}

impl Permit {
    /// How far, as an answer says it.
    #[must_use]
    pub fn released(&self) -> Released {
        Released {
            from: self.scope.from(),
            until: self.scope.until(),
            limit: self.scope.limit(),
            images: self.scope.images(),
            cuts: self.cuts.clone(),
        }
    }
}

/// A refusal.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reasons: Reasons,
    /// The authority that came closest; `None` where none was judged.
    pub closest: Option<Basis>,
}

/// The decision on a query.
#[derive(Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a decision is matched at once and never kept in numbers"
)]
pub enum Decision {
    /// It may be answered, so far.
    Permit(Permit),
    /// It may not, and why.
    Refuse(Refused),
}

/// Decides on a peer's query. `candidates` are the authorities between the two, in id order.
///
/// Of several authorities the one that the query cites counts, else the first that permits; never
/// a union. A refusal gives every reason that applies: those of the query itself, and those of the
/// authority that comes closest.
#[must_use]
pub fn decide(
    policy: &Policy,
    me: &AgencyId,
    peer: &PeerFacts,
    candidates: &[Candidate<'_>],
    query: &Query,
    now: Timestamp,
) -> Decision {
    let case = Case { policy, me, peer, query, now };
    let asked = Asked::new(policy, Side::Owner, query, now);
    let mut reasons = judged(&asked);
    reasons.extend(rules::OF_OWNER.iter().filter_map(|rule| rule(&case)));
    let cited = |candidate: &&Candidate<'_>| {
        query.authority.as_ref().is_none_or(|cited| cited == candidate.authority.id())
    };
    let mut closest: Option<(Vec<Reason>, Basis)> = None;
    for candidate in candidates.iter().filter(cited) {
        let against: Vec<Reason> =
            rules::OF_AUTHORITY.iter().filter_map(|rule| rule(&case, candidate)).collect();
        if against.is_empty() {
            match permit(&case, candidate) {
                Some(permit) if reasons.is_empty() => return Decision::Permit(permit),
                // The query itself is refused; this authority adds nothing to that.
                _ => closest = Some((Vec::new(), candidate.authority.basis())),
            }
        } else if closest.as_ref().is_none_or(|(least, _)| against.len() < least.len()) {
            closest = Some((against, candidate.authority.basis()));
        }
    }
    let (against, closest) = match closest {
        Some((against, basis)) => (against, Some(basis)),
        None => (vec![rules::no_authority(&case)], None),
    };
    reasons.extend(against);
    // An empty list cannot be: a permit was not returned although nothing speaks against it only
    // when no scope could be made, and then the answer is no.
    let reasons =
        Reasons::ordered(reasons).unwrap_or_else(|| Reasons::of(rules::no_authority(&case)));
    Decision::Refuse(Refused { reasons, closest })
}

/// The requester's own check, before anything leaves.
#[must_use]
pub fn decline(policy: &Policy, query: &Query, now: Timestamp) -> Option<Reasons> {
    Reasons::ordered(judged(&Asked::new(policy, Side::Own, query, now)))
}

/// Whether another person may release a query that the requester's own policy declines for these reasons:
/// it says what endangers a life, the policy names who releases, and nothing but the screening of its
/// reason speaks against it. What a law, a person's role or training, a case number, or a forbidden use
/// keeps back stays back.
#[must_use]
pub fn releasable(policy: &Policy, query: &Query, reasons: &Reasons) -> bool {
    let named = policy.danger.as_ref().is_some_and(|danger| !danger.released_by.is_empty());
    let screened = |reason: &Reason| reason.code == RefusalCode::ReasonVague;
    named
        && query.released_by.is_none()
        && reasons.as_slice().iter().all(screened)
        && Asked::new(policy, Side::Own, query, query.at).in_danger()
}

/// As [`decline`], under a law that this node does not know by itself: what a draft of one would mean.
#[must_use]
pub fn decline_under(law: &Law, policy: &Policy, query: &Query, now: Timestamp) -> Option<Reasons> {
    let mut asked = Asked::new(policy, Side::Own, query, now);
    asked.law = Some(law);
    Reasons::ordered(judged(&asked))
}

/// Decides on an agency's search in its own reads: who of its people asks, why, and how long reads
/// are answered from. What peers may search is not asked here.
///
/// # Errors
/// Every reason against it.
pub fn decide_own(
    policy: &Policy,
    me: &AgencyId,
    query: &Query,
    now: Timestamp,
) -> Result<OwnScope, Reasons> {
    let elements = &query.elements;
    let mut reasons = judged(&Asked::new(policy, Side::Own, query, now));
    reasons.extend(rules::past_retention(policy, me, elements, now));
    own_scope(policy, query, elements.from.max(rules::cut_off(policy, now)), reasons)
}

/// Decides whether reads that a case searched for may be taken into its evidence: by the rules of a
/// search in one's own reads. Past the cut-off stands only what a hold keeps for a proceeding (Indio
/// 461.4, Port 462.4, Monrovia 463.8, Escondido V); the caller takes nothing else from there.
///
/// # Errors
/// Every reason against it.
pub fn decide_evidence(
    policy: &Policy,
    query: &Query,
    now: Timestamp,
) -> Result<OwnScope, Reasons> {
    let reasons = judged(&Asked::new(policy, Side::Own, query, now));
    own_scope(policy, query, query.elements.from, reasons)
}

fn own_scope(
    policy: &Policy,
    query: &Query,
    from: Timestamp,
    reasons: Vec<Reason>,
) -> Result<OwnScope, Reasons> {
    match Reasons::ordered(reasons) {
        Some(reasons) => Err(reasons),
        None => Ok(OwnScope(Opened {
            elements: query.elements.clone(),
            from,
            until: query.elements.until,
            limit: query.limit.min(policy.row_limit.most),
            images: true,
        })),
    }
}

fn judged(asked: &Asked<'_>) -> Vec<Reason> {
    rules::OF_BOTH.iter().filter_map(|rule| rule(asked)).collect()
}

fn permit(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Permit> {
    let elements = &case.query.elements;
    let limit = case.query.limit.min(case.policy.row_limit.most);
    let id = candidate.authority.id().clone();
    let (from, cut) = rules::period(case, candidate);
    let mut cuts: Vec<Cut> = cut.into_iter().collect();
    cuts.extend(rules::less(case, candidate));
    let permit = |scope: PeerScope| Permit {
        basis: candidate.authority.basis(),
        scope,
        notice: case.policy.verification.text.clone(),
        lapses: Timestamp::MAX,
        consumes: None,
        daily: None,
        cuts,
    };
    let scope = |until: Timestamp, limit: u32, images: bool, area: Option<Near>| {
        (from < until && limit > 0).then(|| {
            let elements = Elements { near: elements.near.or(area), ..elements.clone() };
            PeerScope(Opened { elements, from, until, limit, images })
        })
    };
    Some(match candidate.authority {
        Authority::Agreement(recorded) => {
            let agreement = &recorded.agreement;
            let images = agreement.images && case.query.images;
            let scope = scope(elements.until, limit.min(agreement.row_limit), images, None)?;
            Permit {
                lapses: agreement.expires,
                daily: agreement.daily_limit.map(|most| (id.clone(), most)),
                ..permit(scope)
            }
        }
        Authority::Request(filed) => {
            let asked = filed.scope();
            let until = asked.until.map_or(elements.until, |latest| elements.until.min(latest));
            Permit {
                lapses: asked.valid_until.unwrap_or(Timestamp::MAX),
                consumes: asked.uses.map(|most| (id.clone(), most)),
                ..permit(scope(until, limit, false, asked.near)?)
            }
        }
    })
}
