//! Requests of bodies that are no law enforcement or prosecutorial agency: filed with the day by which they
//! are to be answered, marked for records release, and closed once they were. The node answers none of
//! them. What one is about can be kept from being destroyed in the same act.

use schemas::authority::AuthorityId;
use schemas::event::authority::RecordsOutcome;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RequestView, new_id, show};
use crate::permission::{
    ActError, OwnAgency, Principal, authorize_records, policy_in_force, sections,
};
use crate::retention::Retention;
use crate::retention::holds::{self, HoldRequest, HoldTarget};
use audit_log::entries::authority::{request_closed, request_recorded};
use registry::{BodyKind, RecordsClosed, RecordsRequest};

/// Days within which whoever asks under the Public Records Act is told whether records are disclosed.
const PUBLIC_RECORDS_DAYS: u32 = 10;
/// What says so.
const PUBLIC_RECORDS_LAW: &str = "Government Code § 7922.535(a)";
/// Most characters of what a hold's reason says of the request.
const LONGEST: usize = 400;

/// What a person says of an outside body's request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsRequestInput {
    /// Who asks.
    pub from_body: Text,
    /// What sort of request it is.
    pub kind: BodyKind,
    /// What for, in words.
    pub about: Text,
    /// Case or docket number.
    pub case: Text,
    /// By when it is to be answered. A subpoena names a day; for the public ten days are counted when
    /// none is given.
    #[serde(default)]
    pub due: Option<Timestamp>,
    /// What is kept from being destroyed from here on.
    #[serde(default)]
    pub hold: Option<HoldTarget>,
}

/// How an outside body's request was answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordsAnswer {
    /// How.
    pub outcome: RecordsOutcome,
    /// In words: what was released, or why not.
    pub reason: Text,
}

/// Files an outside body's request for records release, and places the hold that comes with it: before the
/// request, so that nothing is destroyed meanwhile.
///
/// # Errors
/// When nobody asks, a subpoena names no day, nothing is there to be held, or the actor may not.
pub async fn record(
    agency: &OwnAgency,
    retention: &Retention,
    by: &Principal,
    input: &RecordsRequestInput,
) -> Result<RequestView, ActError> {
    if input.from_body.is_empty() {
        return Err(ActError::usage("say who asks with --from-body".into()));
    }
    if input.kind == BodyKind::Subpoena && input.due.is_none() {
        let why = "a subpoena names the day by which it is to be answered; give it with --due";
        return Err(ActError::usage(why.into()));
    }
    authorize_records(&agency.registry.state(), by, agency.clock.now())?;
    let id = new_id(&agency.id, "rec")?;
    let hold = match &input.hold {
        Some(on) => {
            let reason = hold_reason(&id, input)?;
            let wanted = HoldRequest { on: on.clone(), reason };
            Some(holds::place(retention, by, &wanted).await?.hold)
        }
        None => None,
    };
    agency
        .act(|state, now| {
            let user = authorize_records(state, by, now)?;
            let policy = policy_in_force(state)?;
            let release = &policy.administration.records_release;
            let (due, due_under) = match (input.due, input.kind) {
                (None, BodyKind::PublicRecords) => {
                    (Some(now.plus_days(PUBLIC_RECORDS_DAYS)), PUBLIC_RECORDS_LAW)
                }
                (due, _) => (due, ""),
            };
            let request = RecordsRequest {
                id: id.clone(),
                from_body: input.from_body.clone(),
                kind: input.kind,
                about: input.about.clone(),
                case: input.case.clone(),
                to: release.to.clone(),
                section: sections(&policy.cites(release)).parse().unwrap_or_default(),
                at: now,
                due,
                due_under: due_under.parse().unwrap_or_default(),
                hold,
                closed: None,
            };
            Ok((request_recorded(state, agency.actor(&user, by), request), ()))
        })
        .await?;
    show(agency, &id)
}

/// Why a hold is placed with a request.
fn hold_reason(id: &AuthorityId, input: &RecordsRequestInput) -> Result<Text, ActError> {
    let kind = input.kind.code().replace('_', " ");
    let said = format!("{kind} of {} ({id}): {}", input.from_body, input.about);
    let said: String = said.chars().take(LONGEST).collect();
    said.parse().map_err(|e| ActError::usage(format!("what the request is about: {e}")))
}

/// Records how an outside body's request was answered: it waits no longer. A hold that came with it stays
/// until it is released.
///
/// # Errors
/// When there is no such request, it is answered already, no reason is given, or the actor may not.
pub async fn close(
    agency: &OwnAgency,
    by: &Principal,
    id: &AuthorityId,
    answer: &RecordsAnswer,
) -> Result<RequestView, ActError> {
    if answer.reason.is_empty() {
        let why = "say what was released, or why not, with --reason";
        return Err(ActError::usage(why.into()));
    }
    agency
        .act(|state, now| {
            let user = authorize_records(state, by, now)?;
            let filed = state.records_requests.get(id).ok_or_else(|| {
                ActError::usage(format!(
                    "no request `{id}` of an outside body is filed; see `accord request list`"
                ))
            })?;
            if let Some(closed) = &filed.closed {
                return Err(ActError::usage(format!(
                    "request `{id}` was answered on {} ({})",
                    closed.at.day(),
                    closed.outcome
                )));
            }
            let closed = RecordsClosed {
                outcome: answer.outcome,
                reason: answer.reason.clone(),
                by: user.name.clone(),
                at: now,
            };
            Ok((request_closed(state, agency.actor(&user, by), id, closed), ()))
        })
        .await?;
    show(agency, id)
}
