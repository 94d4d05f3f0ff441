//! What a decision rests on besides the policy: the agency that asks, and what it may rely on.

use schemas::agency::{AgencyId, AgencyKind, State};
use schemas::answer::Basis;
use schemas::authority::AuthorityId;
use schemas::key::PublicKey;
use schemas::text::Text;

use crate::lifecycle::AgreementRecord;
use crate::request::RequestRecord;

/// What is known of the agency that asks, as an administrator verified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerFacts {
    /// The agency.
    pub id: AgencyId,
    /// What sort of body it is.
    pub kind: AgencyKind,
    /// The state it is of.
    pub state: State,
    /// Why it is cut off, if it is.
    pub blocked: Option<Text>,
    /// The agency key that its card names, by which it vouches for its people.
    pub agency_key: Option<PublicKey>,
}

/// What a query may rely on.
#[derive(Debug, Clone, Copy)]
pub enum Authority<'a> {
    /// A standing agreement.
    Agreement(&'a AgreementRecord),
    /// A written request.
    Request(&'a RequestRecord),
}

impl<'a> Authority<'a> {
    /// The id of the agreement or request.
    #[must_use]
    pub fn id(&self) -> &'a AuthorityId {
        match self {
            Self::Agreement(recorded) => &recorded.agreement.id,
            Self::Request(filed) => &filed.request.id,
        }
    }

    /// The exact text that it is, as an answer names it.
    pub(crate) fn basis(&self) -> Basis {
        match self {
            Self::Agreement(recorded) => Basis {
                authority: recorded.agreement.id.clone(),
                version: recorded.agreement.version,
                text: recorded.text,
                decision: None,
            },
            Self::Request(filed) => Basis {
                authority: filed.request.id.clone(),
                version: 1,
                text: filed.request_digest,
                decision: filed.decision_digest,
            },
        }
    }
}

/// An authority with its use so far.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The agreement or request.
    pub authority: Authority<'a>,
    /// Answers given on it.
    pub used: u32,
    /// Answers given on it to this requester today.
    pub used_today: u32,
}
