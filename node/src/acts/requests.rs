//! Written requests: submitting, approving, denying, withdrawing.

use ::agreements::request::{Filed, Request, RequestScope, Ruling, Verdict, Withdrawal};
use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::purpose::Purpose;
use schemas::query::{AuthorityId, QueryId};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::cards::unknown;
use super::{APPROVES, ASKS, ActError, By, acting};
use crate::audit::entry::Entry;
use crate::office::Office;
use crate::registry::{Change, State};
use crate::store::{Effects, Letter};

/// What a person asks for in writing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The owner.
    pub to: AgencyId,
    /// The person requesting.
    pub requested_by: Text,
    /// The intended purpose.
    pub purpose: Purpose,
    /// Case number.
    pub case: Text,
    /// Why, in words.
    pub reason: Text,
    /// What for; something must bound it.
    pub scope: RequestScope,
    /// The refused query that it follows.
    pub after_refusal: Option<QueryId>,
}

/// A decision on a request as a person gives it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// Approved or denied.
    pub verdict: Verdict,
    /// Why.
    pub reason: Text,
    /// Fewer uses than asked for.
    pub uses: Option<u32>,
    /// An earlier end than asked for.
    pub valid_until: Option<Timestamp>,
}

/// A request as `request list` and `show` print it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestRow {
    /// Its id.
    pub request: AuthorityId,
    /// How it stands.
    pub state: String,
    /// The agency that asks.
    pub requester: AgencyId,
    /// The agency asked.
    pub owner: AgencyId,
    /// The person requesting.
    pub requested_by: Text,
    /// The intended purpose.
    pub purpose: Purpose,
    /// Case number.
    pub case: Text,
    /// The scope in force: as approved, else as asked.
    pub scope: RequestScope,
    /// Uses left, when uses bound it.
    pub uses_left: Option<u32>,
    /// Who decided.
    pub decided_by: Option<Text>,
    /// Their title.
    pub title: Option<Text>,
    /// The decision's reason.
    pub reason: Option<Text>,
}

impl Office {
    /// Files a written request and sends it to the owner.
    ///
    /// # Errors
    /// When nothing bounds it, the owner is unknown, or the actor may not.
    pub async fn submit_request(
        &self,
        by: &By,
        submission: &Submission,
    ) -> Result<RequestRow, ActError> {
        let random = crate::query::ask::random_id().map_err(ActError::Failed)?.to_string();
        let id: AuthorityId =
            format!("req-{random}").parse().map_err(|e| ActError::Failed(format!("{e}")))?;
        let (_, id) = self
            .act(|state, now| {
                let actor = acting(state, by, ASKS, now)?;
                if !state.peers.contains_key(&submission.to) {
                    return Err(unknown(&submission.to));
                }
                let request = Request {
                    id: id.clone(),
                    from: self.me.clone(),
                    to: submission.to.clone(),
                    requested_by: submission.requested_by.clone(),
                    user: actor.name.clone(),
                    purpose: submission.purpose,
                    case: submission.case.clone(),
                    reason: submission.reason.clone(),
                    scope: submission.scope.clone(),
                    after_refusal: submission.after_refusal,
                    at: now,
                };
                let envelope = Envelope::sign(
                    Kind::Request,
                    request.to_toml()?.into_bytes(),
                    &self.message_key,
                )?;
                let exact = envelope.to_text();
                let entry = Entry::new(EntryKind::RequestSubmitted, self.actor(actor, by))
                    .with_peer(&submission.to)
                    .with_envelope(&envelope)
                    .with("request", id.as_str())
                    .with("requested_by", submission.requested_by.as_str())
                    .with("purpose", submission.purpose.code())
                    .with("case", submission.case.as_str())
                    .changing(Change::Request { envelope: exact.clone() })
                    .effecting(letter_to(&submission.to, exact));
                Ok((entry, id.clone()))
            })
            .await?;
        self.request_row(&id)
    }

    /// Decides a peer's request and sends the decision back.
    ///
    /// # Errors
    /// When there is none to decide, it would be widened, no reason is given, or the actor may not.
    pub async fn decide_request(
        &self,
        by: &By,
        id: &AuthorityId,
        judgement: &Judgement,
    ) -> Result<RequestRow, ActError> {
        if judgement.reason.is_empty() {
            return Err(ActError::Usage("say why with --reason".into()));
        }
        self.act(|state, now| {
            let actor = acting(state, by, APPROVES, now)?;
            let filed = self.filed(state, id)?;
            if filed.request.to != self.me {
                return Err(ActError::Refused(format!(
                    "request `{id}` is for `{}` to decide",
                    filed.request.to
                )));
            }
            let asked = &filed.request.scope;
            let scope = RequestScope {
                uses: judgement.uses.or(asked.uses),
                valid_until: judgement.valid_until.or(asked.valid_until),
                ..asked.clone()
            };
            let title = actor
                .delegations
                .iter()
                .find(|d| (d.from..d.until).contains(&now))
                .map_or_else(|| actor.title.clone(), |d| d.title.clone());
            let ruling = Ruling {
                request: id.clone(),
                request_digest: filed.request_digest,
                verdict: judgement.verdict,
                scope,
                reason: judgement.reason.clone(),
                decided_by: ::agreements::request::Official {
                    name: actor.full_name.clone(),
                    title,
                },
                section: release_section(state),
                at: now,
            };
            // What the other side would refuse is refused here first.
            filed.clone().rule(ruling.clone())?;
            let envelope =
                Envelope::sign(Kind::Decision, ruling.to_toml()?.into_bytes(), &self.message_key)?;
            let exact = envelope.to_text();
            let kind = match judgement.verdict {
                Verdict::Approved => EntryKind::RequestApproved,
                Verdict::Denied => EntryKind::RequestDenied,
            };
            let entry = Entry::new(kind, self.actor(actor, by))
                .with_peer(&filed.request.from)
                .with_envelope(&envelope)
                .with("request", id.as_str())
                .with("title", ruling.decided_by.title.as_str())
                .with("reason", judgement.reason.as_str())
                .changing(Change::Ruling { envelope: exact.clone() })
                .effecting(letter_to(&filed.request.from, exact));
            Ok((entry, ()))
        })
        .await?;
        self.request_row(id)
    }

    /// Withdraws one's own request.
    ///
    /// # Errors
    /// When there is none to withdraw, or the actor may not.
    pub async fn withdraw_request(
        &self,
        by: &By,
        id: &AuthorityId,
    ) -> Result<RequestRow, ActError> {
        self.act(|state, now| {
            let actor = acting(state, by, ASKS, now)?;
            let filed = self.filed(state, id)?;
            if filed.request.from != self.me {
                return Err(ActError::Refused(format!(
                    "request `{id}` is of `{}`",
                    filed.request.from
                )));
            }
            let withdrawal =
                Withdrawal { request: id.clone(), request_digest: filed.request_digest, at: now };
            filed.clone().withdraw(withdrawal.clone())?;
            let envelope = Envelope::sign(
                Kind::Withdrawal,
                withdrawal.to_toml()?.into_bytes(),
                &self.message_key,
            )?;
            let exact = envelope.to_text();
            let entry = Entry::new(EntryKind::RequestWithdrawn, self.actor(actor, by))
                .with_peer(&filed.request.to)
                .with_envelope(&envelope)
                .with("request", id.as_str())
                .changing(Change::Withdrawal { envelope: exact.clone() })
                .effecting(letter_to(&filed.request.to, exact));
            Ok((entry, ()))
        })
        .await?;
        self.request_row(id)
    }

    /// Requests, sent and received.
    #[must_use]
    pub fn request_rows(&self) -> Vec<RequestRow> {
        self.registry.state().requests.values().map(|filed| self.request(&filed.value)).collect()
    }

    /// One request.
    ///
    /// # Errors
    /// When there is none.
    pub fn request_row(&self, id: &AuthorityId) -> Result<RequestRow, ActError> {
        Ok(self.request(self.filed(&self.registry.state(), id)?))
    }

    fn filed<'a>(&self, state: &'a State, id: &AuthorityId) -> Result<&'a Filed, ActError> {
        state.requests.get(id).map(|filed| &filed.value).ok_or_else(|| {
            ActError::Usage(format!("no request `{id}` is filed; see `accord request list`"))
        })
    }

    fn request(&self, filed: &Filed) -> RequestRow {
        let used = self.log.counters().uses.get(&filed.request.id).copied().unwrap_or(0);
        let scope = filed.scope().clone();
        let decided = filed.ruling.as_ref();
        RequestRow {
            request: filed.request.id.clone(),
            state: filed.state(used, self.clock.now()).code().to_owned(),
            requester: filed.request.from.clone(),
            owner: filed.request.to.clone(),
            requested_by: filed.request.requested_by.clone(),
            purpose: filed.request.purpose,
            case: filed.request.case.clone(),
            uses_left: scope.uses.map(|uses| uses.saturating_sub(used)),
            scope,
            decided_by: decided.map(|ruling| ruling.decided_by.name.clone()),
            title: decided.map(|ruling| ruling.decided_by.title.clone()),
            reason: decided.map(|ruling| ruling.reason.clone()),
        }
    }
}

fn letter_to(peer: &AgencyId, body: String) -> Effects {
    let letter = Letter { peer: peer.clone(), kind: FrameKind::Document, body };
    Effects { outbox: vec![letter], ..Effects::default() }
}

/// The section of the owner's policy under which requests are decided.
fn release_section(state: &State) -> Text {
    state
        .policy
        .as_ref()
        .and_then(|policy| policy.request_section())
        .and_then(|section| section.parse().ok())
        .unwrap_or_default()
}
