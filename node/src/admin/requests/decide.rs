//! Deciding a peer's written request: by the official whom the policy names, as asked or narrower.

use ::agreements::approval::unapprovable;
use ::agreements::request::{Official, RequestScope, Ruling, Verdict};
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::query::AuthorityId;
use schemas::text::Text;
use serde::{Deserialize, Serialize};

use super::super::officials::authority;
use super::{RequestRow, letter_to};
use crate::context::NodeContext;
use crate::permission::{ActError, Permission, Principal, authorize, policy_in_force, refused};
use audit_log::entry::Entry;
use registry::Change;

/// A decision on a request as a person gives it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// Approved or denied.
    pub verdict: Verdict,
    /// Why.
    pub reason: Text,
    /// What is approved where it is narrower than asked; what is absent stays as asked.
    #[serde(default)]
    pub narrower: RequestScope,
}

impl Judgement {
    /// What is approved of what was asked.
    fn scope(&self, asked: &RequestScope) -> RequestScope {
        let given = self.narrower.clone();
        RequestScope {
            plates: if given.plates.is_empty() { asked.plates.clone() } else { given.plates },
            from: given.from.or(asked.from),
            until: given.until.or(asked.until),
            near: given.near.or(asked.near),
            uses: given.uses.or(asked.uses),
            valid_until: given.valid_until.or(asked.valid_until),
        }
    }
}

impl NodeContext {
    /// Decides a peer's request and sends the decision back.
    ///
    /// # Errors
    /// When there is none to decide, it would be widened, no reason is given, the policy does not
    /// release to this peer on a request, or the actor is not the official whom the policy names
    /// and holds no delegation.
    pub async fn decide_request(
        &self,
        by: &Principal,
        id: &AuthorityId,
        judgement: &Judgement,
    ) -> Result<RequestRow, ActError> {
        if judgement.reason.is_empty() {
            return Err(ActError::usage("say why with --reason".into()));
        }
        self.agency
            .act(|state, now| {
                let actor = authorize(state, by, Permission::Approve, now)?;
                let policy = policy_in_force(state)?;
                let filed = self.filed(state, id)?;
                let from = &filed.request.from;
                if filed.request.to != self.agency.id {
                    return Err(ActError::refused(format!(
                        "request `{id}` is for `{}` to decide",
                        filed.request.to
                    )));
                }
                if filed.withdrawal.is_some() {
                    return Err(ActError::refused(format!("request `{id}` was withdrawn")));
                }
                let scope = judgement.scope(&filed.request.scope);
                if let Some(end) = scope
                    .valid_until
                    .filter(|end| judgement.verdict == Verdict::Approved && *end <= now)
                {
                    return Err(ActError::refused(format!(
                        "request `{id}` would be usable until {end}, which has passed; deny it"
                    )));
                }
                let official = authority(actor, policy, &policy.approval.requests, now)?;
                if judgement.verdict == Verdict::Approved {
                    let peer = state.peers.get(from).ok_or_else(|| super::unknown(from))?;
                    if let Some(reasons) = unapprovable(policy, &self.agency.id, &peer.facts()) {
                        return Err(refused(&reasons));
                    }
                }
                let ruling = Ruling {
                    request: id.clone(),
                    request_digest: filed.request_digest,
                    verdict: judgement.verdict,
                    scope,
                    reason: judgement.reason.clone(),
                    decided_by: Official {
                        name: actor.full_name.clone(),
                        title: official.title,
                        delegation: official.delegation,
                    },
                    section: policy.request_section().parse().unwrap_or_default(),
                    at: now,
                };
                // What the other side would refuse is refused here first.
                filed.clone().rule(ruling.clone())?;
                let envelope = Envelope::sign(
                    Kind::Decision,
                    ruling.to_toml()?.into_bytes(),
                    &self.message_key(),
                )?;
                let exact = envelope.to_text();
                let kind = match judgement.verdict {
                    Verdict::Approved => EntryKind::RequestApproved,
                    Verdict::Denied => EntryKind::RequestDenied,
                };
                let entry = Entry::new(kind, self.agency.actor(actor, by))
                    .with_peer(from)
                    .with_envelope(&envelope)
                    .with_detail("request", id.as_str())
                    .with_detail("title", ruling.decided_by.title.as_str())
                    .with_detail("reason", judgement.reason.as_str())
                    .untyped_changing(Change::Ruling { envelope: exact.clone() })
                    .effecting(letter_to(from, exact));
                Ok((entry, ()))
            })
            .await?;
        self.request_row(id)
    }
}
