//! Written requests: submitting and withdrawing one's own; deciding those of peers, filing those of
//! outside bodies, and showing either stand in the files beside this one.

mod decide;
mod outside;
mod rows;
mod sheet;

use ::agreements::request::{Filed, MOST_PLATES, Request, RequestScope, Withdrawal};
use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::plate::Plate;
use schemas::purpose::{Purpose, QueryKind};
use schemas::query::{AuthorityId, Query, QueryId};
use schemas::text::Text;
use serde::{Deserialize, Serialize};

use super::cards::unknown;
use crate::context::NodeContext;
use crate::exchange::ask::refused_query;
use crate::permission::{ActError, Permission, Principal, authorize};
use audit_log::entry::Entry;
use registry::{Change, State};
use store::{OutboxMessage, StateChanges};

pub use decide::Judgement;
pub use outside::Received;
pub use rows::RequestRow;

/// What a person asks for in writing. After a refusal, what is not given is taken from the refused
/// query.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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
    /// What for; something must bound it.
    #[serde(default)]
    pub scope: RequestScope,
    /// The refused query that it follows.
    pub after_refusal: Option<QueryId>,
}

/// How long a request that follows a refusal is valid when nothing else is said: thirty days.
const VALID_MS: i64 = 30 * 86_400_000;

/// A submission with everything in it.
struct Whole {
    to: AgencyId,
    requested_by: Text,
    purpose: Purpose,
    case: Text,
    reason: Text,
    scope: RequestScope,
}

impl NodeContext {
    /// Files a written request and sends it to the owner.
    ///
    /// # Errors
    /// When nothing bounds it, the owner is unknown, the refused query is none, or the actor may
    /// not.
    pub async fn submit_request(
        &self,
        by: &Principal,
        submission: &Submission,
    ) -> Result<RequestRow, ActError> {
        let asked = self.after_refusal(submission.clone()).await?;
        let random = crate::exchange::ask::random_id().map_err(ActError::Failed)?.to_string();
        let id: AuthorityId =
            format!("req-{random}").parse().map_err(|e| ActError::failed(format!("{e}")))?;
        let (_, id) = self
            .agency
            .act(|state, now| {
                let actor = authorize(state, by, Permission::Query, now)?;
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
                    from: self.agency.id.clone(),
                    to: asked.to.clone(),
                    requested_by: asked.requested_by.clone(),
                    user: actor.name.clone(),
                    purpose: asked.purpose,
                    case: asked.case.clone(),
                    reason: asked.reason.clone(),
                    scope: asked.scope.clone(),
                    after_refusal: submission.after_refusal,
                    at: now,
                };
                let envelope = Envelope::sign(
                    Kind::Request,
                    request.to_toml()?.into_bytes(),
                    &self.message_key(),
                )?;
                let exact = envelope.to_text();
                let entry = Entry::new(EntryKind::RequestSubmitted, self.agency.actor(actor, by))
                    .with_peer(&asked.to)
                    .with_envelope(&envelope)
                    .with_detail("request", id.as_str())
                    .with_detail("requested_by", asked.requested_by.as_str())
                    .with_detail("purpose", asked.purpose.code())
                    .with_detail("case", asked.case.as_str())
                    .untyped_changing(Change::Request { envelope: exact.clone() })
                    .effecting(letter_to(&asked.to, exact));
                Ok((entry, id.clone()))
            })
            .await?;
        self.request_row(&id)
    }

    /// What is asked for, filled up from the refused query that it follows.
    async fn after_refusal(&self, submission: Submission) -> Result<Whole, ActError> {
        let Some(id) = submission.after_refusal else {
            let needed = |what: &str| ActError::usage(format!("a written request needs {what}"));
            return Ok(Whole {
                to: submission.to.ok_or_else(|| needed("the owner; give --to"))?,
                requested_by: submission
                    .requested_by
                    .ok_or_else(|| needed("the person requesting; give --requested-by"))?,
                purpose: submission
                    .purpose
                    .ok_or_else(|| needed("the intended purpose; give --purpose"))?,
                case: submission.case,
                reason: submission.reason,
                scope: submission.scope,
            });
        };
        let query = refused_query(&self.agency, self.store.as_ref(), id).await?;
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
        Ok(Whole {
            to: submission.to.unwrap_or(query.to),
            requested_by: submission.requested_by.unwrap_or(query.requester.full_name),
            purpose: submission.purpose.unwrap_or(query.why.purpose),
            case: or(submission.case, &query.why.case),
            reason: or(submission.reason, &query.why.reason),
            scope: RequestScope {
                plates,
                from: given.from.or(Some(query.elements.from)),
                until: given.until.or(Some(query.elements.until)),
                near: given.near.or(query.elements.near),
                uses: given.uses.or(Some(1)),
                valid_until: given
                    .valid_until
                    .or_else(|| Some(self.agency.clock.now().plus_millis(VALID_MS))),
            },
        })
    }

    /// Withdraws one's own request.
    ///
    /// # Errors
    /// When there is none to withdraw, or the actor may not.
    pub async fn withdraw_request(
        &self,
        by: &Principal,
        id: &AuthorityId,
    ) -> Result<RequestRow, ActError> {
        self.agency
            .act(|state, now| {
                let actor = authorize(state, by, Permission::Query, now)?;
                let filed = self.filed(state, id)?;
                if filed.request.from != self.agency.id {
                    return Err(ActError::refused(format!(
                        "request `{id}` is of `{}`",
                        filed.request.from
                    )));
                }
                let withdrawal = Withdrawal {
                    request: id.clone(),
                    request_digest: filed.request_digest,
                    at: now,
                };
                filed.clone().withdraw(withdrawal.clone())?;
                let envelope = Envelope::sign(
                    Kind::Withdrawal,
                    withdrawal.to_toml()?.into_bytes(),
                    &self.message_key(),
                )?;
                let exact = envelope.to_text();
                let entry = Entry::new(EntryKind::RequestWithdrawn, self.agency.actor(actor, by))
                    .with_peer(&filed.request.to)
                    .with_envelope(&envelope)
                    .with_detail("request", id.as_str())
                    .untyped_changing(Change::Withdrawal { envelope: exact.clone() })
                    .effecting(letter_to(&filed.request.to, exact));
                Ok((entry, ()))
            })
            .await?;
        self.request_row(id)
    }

    fn filed<'a>(&self, state: &'a State, id: &AuthorityId) -> Result<&'a Filed, ActError> {
        state.requests.get(id).map(|filed| &filed.value).ok_or_else(|| {
            ActError::usage(format!("no request `{id}` is filed; see `accord request list`"))
        })
    }
}

fn letter_to(peer: &AgencyId, body: String) -> StateChanges {
    let letter = OutboxMessage { peer: peer.clone(), kind: FrameKind::Document, body };
    StateChanges { outbox: vec![letter], ..StateChanges::default() }
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
