//! Requests as `request list` and `request show` print them.

use ::agreements::request::{RequestRecord, RequestScope};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::event::authority::RecordsOutcome;
use schemas::purpose::Purpose;
use schemas::query::QueryId;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::filed;
use crate::exchange::rerun;
use crate::permission::{ActError, OwnAgency, Principal, with_access};
use registry::{BodyKind, RecordsRequest};

/// An outside body's request that is not answered yet.
pub const RECORDS_OPEN: &str = "records_release";
/// One that is.
const RECORDS_CLOSED: &str = "records_closed";

/// A request with how it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RequestView {
    /// Its id.
    pub request: AuthorityId,
    /// How it stands; `records_release` for those of outside bodies, `records_closed` once answered.
    pub state: String,
    /// The agency that asks, or the outside body.
    pub requester: String,
    /// The agency asked.
    pub owner: AgencyId,
    /// The person requesting.
    pub requested_by: Text,
    /// The intended purpose; absent for outside bodies.
    pub purpose: Option<Purpose>,
    /// Case number.
    pub case: Text,
    /// What endangers a life, where something does: it is to be decided at once.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub danger: Text,
    /// The scope in force: as approved, else as asked.
    pub scope: RequestScope,
    /// Uses left, when uses bound it.
    pub uses_left: Option<u32>,
    /// When it was made.
    pub at: Timestamp,
    /// Who decided.
    pub decided_by: Option<Text>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// Their title.
    pub title: Option<Text>,
    /// The delegation relied on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Text>,
    /// The section under which it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Text>,
    /// The decision's reason; of an outside body's request what it is about, until it is answered.
    pub reason: Option<Text>,
    /// By when an outside body's request is to be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// The section that says so, where it is no date of the request's own.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub due_under: Text,
    /// What sort of request an outside body makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub body_kind: Option<BodyKind>,
    /// The hold that was placed with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<u64>,
    /// How it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RecordsOutcome>,
    /// The query that reruns the refused one, once it is approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun: Option<QueryId>,
}

/// That whoever acts may read requests: plates, cases and reasons are for who has access.
///
/// # Errors
/// When she has none.
pub fn may_read(agency: &OwnAgency, by: &Principal) -> Result<(), ActError> {
    with_access(&agency.registry.state(), by, agency.clock.now()).map(drop)
}

/// Requests, sent, received and of outside bodies.
#[must_use]
pub fn list(agency: &OwnAgency) -> Vec<RequestView> {
    let state = agency.registry.state();
    let peers = state.requests.values().map(|filed| RequestView::of(agency, &filed.value));
    let bodies = state.records_requests.values();
    peers.chain(bodies.map(|request| RequestView::of_body(agency, request))).collect()
}

/// One request.
///
/// # Errors
/// When there is none.
pub fn show(agency: &OwnAgency, id: &AuthorityId) -> Result<RequestView, ActError> {
    let state = agency.registry.state();
    match state.records_requests.get(id) {
        Some(request) => Ok(RequestView::of_body(agency, request)),
        None => Ok(RequestView::of(agency, filed(&state, id)?)),
    }
}

impl RequestView {
    /// Whether a life may hang on how soon it is decided.
    #[must_use]
    pub fn is_pressing(&self) -> bool {
        !self.danger.is_empty() || self.purpose == Some(Purpose::MissingPerson)
    }

    /// A request between this agency and a peer.
    fn of(agency: &OwnAgency, filed: &RequestRecord) -> Self {
        let request = &filed.request;
        let used = agency.log.counters().uses.get(&request.id).copied().unwrap_or(0);
        let scope = filed.scope().clone();
        let decided = filed.ruling.as_ref();
        let own = request.from == agency.id;
        Self {
            request: request.id.clone(),
            state: filed.state(used, agency.clock.now()).code().to_owned(),
            requester: request.from.to_string(),
            owner: request.to.clone(),
            requested_by: request.requested_by.clone(),
            purpose: Some(request.purpose),
            case: request.case.clone(),
            danger: request.danger.clone(),
            uses_left: scope.uses.map(|uses| uses.saturating_sub(used)),
            scope,
            at: request.at,
            decided_by: decided.map(|ruling| ruling.decided_by.name.clone()),
            decided_at: decided.map(|ruling| ruling.at),
            title: decided.map(|ruling| ruling.decided_by.title.clone()),
            delegation: decided.and_then(|ruling| ruling.decided_by.delegation.clone()),
            section: decided.map(|ruling| ruling.section.clone()),
            reason: decided.map(|ruling| ruling.reason.clone()),
            due: None,
            due_under: Text::default(),
            body_kind: None,
            hold: None,
            outcome: None,
            rerun: request.after_refusal.filter(|_| own).map(|_| rerun::id(&request.id)),
        }
    }

    /// A request of an outside body.
    fn of_body(agency: &OwnAgency, request: &RecordsRequest) -> Self {
        let closed = request.closed.as_ref();
        Self {
            request: request.id.clone(),
            state: if closed.is_some() { RECORDS_CLOSED } else { RECORDS_OPEN }.to_owned(),
            requester: request.from_body.to_string(),
            owner: agency.id.clone(),
            requested_by: request.from_body.clone(),
            purpose: None,
            case: request.case.clone(),
            danger: Text::default(),
            scope: RequestScope::default(),
            uses_left: None,
            at: request.at,
            decided_by: closed.and_then(|closed| closed.by.as_str().parse().ok()),
            decided_at: closed.map(|closed| closed.at),
            title: None,
            delegation: None,
            section: Some(request.section.clone()),
            reason: Some(match closed {
                Some(closed) => closed.reason.clone(),
                None => request.about.clone(),
            }),
            due: request.due,
            due_under: request.due_under.clone(),
            body_kind: Some(request.kind),
            hold: request.hold,
            outcome: closed.map(|closed| closed.outcome),
            rerun: None,
        }
    }
}
