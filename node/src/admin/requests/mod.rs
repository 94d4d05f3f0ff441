//! Written requests: submitting and withdrawing one's own. Deciding those of peers, filing those of
//! outside bodies for records release, and showing either stand in the files beside this one.

mod decide;
mod records_requests;
mod sheet;
mod view;

use ::agreements::request::{MOST_PLATES, Request, RequestRecord, RequestScope, Withdrawal};
use schemas::agency::AgencyId;
use schemas::authority::{AuthorityId, AuthorityName};
use schemas::envelope::{Envelope, Kind};
use schemas::plate::Plate;
use schemas::purpose::{Purpose, QueryKind};
use schemas::query::{Query, QueryId};
use schemas::text::Text;
use serde::{Deserialize, Serialize};

use super::agreements::choosing::the_one;
use super::cards::unknown;
use crate::context::OwnKeys;
use crate::exchange::ask::{random_id, refused_query};
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::authority::{request_submitted, request_withdrawn};
use registry::State;
use store::ReadStore;

pub use decide::{DecisionInput, decide};
pub use records_requests::{RecordsAnswer, RecordsRequestInput, close, record};
pub use sheet::{Paper, sheet};
pub use view::{RECORDS_OPEN, RequestView, list, may_read, show};

/// What a person asks for in writing. After a refusal, what is not given is taken from the refused
/// query.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The owner.
    pub to: Option<AgencyId>,
    /// The person requesting.
    pub requested_by: Option<Text>,
    /// The intended purpose.
    pub purpose: Option<Purpose>,
    /// Case number.
    #[serde(default)]
    pub case: Text,
    /// Why, in words.
    #[serde(default)]
    pub reason: Text,
    /// What endangers a life, where something does: it is to be decided at once.
    #[serde(default)]
    pub danger: Text,
    /// What for; something must bound it.
    #[serde(default)]
    pub scope: RequestScope,
    /// The refused query that it follows.
    pub after_refusal: Option<QueryId>,
}

/// How long a request that follows a refusal is valid when nothing else is said: thirty days.
const VALID_MS: i64 = 30 * 86_400_000;

/// A submission with everything in it.
struct CompleteSubmission {
    to: AgencyId,
    requested_by: Text,
    purpose: Purpose,
    case: Text,
    reason: Text,
    danger: Text,
    scope: RequestScope,
}

/// Files a written request and sends it to the owner.
///
/// # Errors
/// When nothing bounds it, the owner is unknown, the refused query is none, or the actor may not.
pub async fn submit(
    agency: &OwnAgency,
    keys: &OwnKeys,
    store: &dyn ReadStore,
    by: &Principal,
    submission: &Submission,
) -> Result<RequestView, ActError> {
    let asked = match submission.after_refusal {
        Some(id) => {
            let refused = refused_query(agency, store, id).await?;
            after_refusal(agency, submission.clone(), refused)?
        }
        None => by_itself(submission.clone())?,
    };
    let id = new_id(&agency.id, "req")?;
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Query, now)?;
            by.may_ask_for(asked.purpose)?;
            if let Some(end) = asked.scope.valid_until.filter(|end| *end <= now) {
                return Err(ActError::usage(format!(
                    "the request would be usable until {end}, which has passed"
                )));
            }
            if !state.peers.contains_key(&asked.to) {
                return Err(unknown(&asked.to));
            }
            let request = Request {
                id: id.clone(),
                from: agency.id.clone(),
                to: asked.to.clone(),
                requested_by: asked.requested_by.clone(),
                user: user.name.clone(),
                purpose: asked.purpose,
                case: asked.case.clone(),
                reason: asked.reason.clone(),
                danger: asked.danger.clone(),
                scope: asked.scope.clone(),
                after_refusal: submission.after_refusal,
                at: now,
            };
            let body = request.to_toml()?.into_bytes();
            let envelope = Envelope::sign(Kind::Request, body, &keys.message_key(agency))?;
            Ok((request_submitted(state, agency.actor(&user, by), &request, &envelope), ()))
        })
        .await?;
    show(agency, &id)
}

/// An id for a new request of this agency that no other has: the prefix and a random number.
fn new_id(agency: &AgencyId, prefix: &str) -> Result<AuthorityId, ActError> {
    let random = random_id().map_err(ActError::failed)?;
    let slug = format!("{prefix}-{random}").parse();
    Ok(AuthorityId::new(agency.clone(), slug.map_err(|e| ActError::failed(format!("{e}")))?))
}

/// The request that a name means.
///
/// # Errors
/// When it means none, or several.
pub fn named(agency: &OwnAgency, name: &AuthorityName) -> Result<AuthorityId, ActError> {
    let state = agency.registry.state();
    let all = state.requests.keys().chain(state.records_requests.keys());
    the_one(name, "request", all.filter(|id| name.means(id))).cloned()
}

/// A submission that follows no refusal: the person gives everything.
fn by_itself(submission: Submission) -> Result<CompleteSubmission, ActError> {
    let needed = |what: &str| ActError::usage(format!("a written request needs {what}"));
    Ok(CompleteSubmission {
        to: submission.to.ok_or_else(|| needed("the owner; give --to"))?,
        requested_by: submission
            .requested_by
            .ok_or_else(|| needed("the person requesting; give --requested-by"))?,
        purpose: submission
            .purpose
            .ok_or_else(|| needed("the intended purpose; give --purpose"))?,
        case: submission.case,
        reason: submission.reason,
        danger: submission.danger,
        scope: submission.scope,
    })
}

/// A submission that follows the refusal of `query`: what is not given is the query's.
fn after_refusal(
    agency: &OwnAgency,
    submission: Submission,
    query: Query,
) -> Result<CompleteSubmission, ActError> {
    let id = query.id;
    if submission.to.as_ref().is_some_and(|to| *to != query.to) {
        return Err(ActError::usage(format!(
            "query `{id}` was refused by `{}`; leave --to out, or --after-refusal",
            query.to
        )));
    }
    let person = &query.requester.full_name;
    if submission.requested_by.as_ref().is_some_and(|by| by != person) {
        return Err(ActError::usage(format!(
            "query `{id}` was asked by {person}; leave --requested-by out, or --after-refusal"
        )));
    }
    let or = |given: Text, asked: &Text| if given.is_empty() { asked.clone() } else { given };
    let given = submission.scope;
    let plates = if given.plates.is_empty() { plates_of(&query)? } else { given.plates };
    Ok(CompleteSubmission {
        to: submission.to.unwrap_or(query.to),
        requested_by: submission.requested_by.unwrap_or(query.requester.full_name),
        purpose: submission.purpose.unwrap_or(query.why.purpose),
        case: or(submission.case, &query.why.case),
        reason: or(submission.reason, &query.why.reason),
        danger: or(submission.danger, &query.why.danger),
        scope: RequestScope {
            plates,
            from: given.from.or(Some(query.elements.from)),
            until: given.until.or(Some(query.elements.until)),
            near: given.near.or(query.elements.near),
            uses: given.uses.or(Some(1)),
            valid_until: given
                .valid_until
                .or_else(|| Some(agency.clock.now().plus_millis(VALID_MS))),
        },
    })
}

/// Withdraws one's own request.
///
/// # Errors
/// When there is none to withdraw, or the actor may not.
pub async fn withdraw(
    agency: &OwnAgency,
    keys: &OwnKeys,
    by: &Principal,
    id: &AuthorityId,
) -> Result<RequestView, ActError> {
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Query, now)?;
            let filed = filed(state, id)?;
            let request = &filed.request;
            if request.from != agency.id {
                return Err(ActError::refused(format!("request `{id}` is of `{}`", request.from)));
            }
            let withdrawal =
                Withdrawal { request: id.clone(), request_digest: filed.request_digest, at: now };
            // What the owner would refuse is refused here first.
            filed.clone().withdraw(withdrawal.clone())?;
            let body = withdrawal.to_toml()?.into_bytes();
            let envelope = Envelope::sign(Kind::Withdrawal, body, &keys.message_key(agency))?;
            let actor = agency.actor(&user, by);
            Ok((request_withdrawn(state, actor, &request.to, &withdrawal, &envelope), ()))
        })
        .await?;
    show(agency, id)
}

/// A request between this agency and a peer.
fn filed<'a>(state: &'a State, id: &AuthorityId) -> Result<&'a RequestRecord, ActError> {
    state.requests.get(id).map(|filed| &filed.value).ok_or_else(|| {
        ActError::usage(format!("no request `{id}` is filed; see `accord request list`"))
    })
}

/// The plates whose reads a query opens, for the owner's official to see; none where it names none.
fn plates_of(query: &Query) -> Result<Vec<Plate>, ActError> {
    let elements = &query.elements;
    let Some(plate) = &elements.plate else { return Ok(Vec::new()) };
    if elements.kind != QueryKind::Misread {
        return Ok(vec![plate.clone()]);
    }
    let variants = plate.variants(MOST_PLATES);
    if variants.all {
        Ok(variants.plates)
    } else {
        Err(ActError::usage(format!(
            "readers confuse `{plate}` with more plates than the {MOST_PLATES} that a written request names; ask for those that matter one by one"
        )))
    }
}
