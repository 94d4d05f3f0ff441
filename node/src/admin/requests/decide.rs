//! Deciding a peer's written request: by the official whom the policy names, as asked or narrower.

use ::agreements::approval::unapprovable;
use ::agreements::request::{Official, RequestScope, Ruling, Verdict};
use schemas::authority::AuthorityId;
use schemas::envelope::{Envelope, Kind};
use schemas::text::Text;
use serde::{Deserialize, Serialize};

use super::super::signing_authority::signing_authority;
use super::{RequestView, filed, show};
use crate::context::OwnKeys;
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authorize, policy_in_force, refused,
};
use audit_log::entries::authority::request_decided;

/// A decision on a request as a person gives it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionInput {
    /// Approved or denied.
    pub verdict: Verdict,
    /// Why.
    pub reason: Text,
    /// What is approved where it is narrower than asked; what is absent stays as asked.
    #[serde(default)]
    pub narrower: RequestScope,
}

impl DecisionInput {
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

/// Decides a peer's request and sends the decision back.
///
/// # Errors
/// When there is none to decide, it would be widened, no reason is given, the policy does not
/// release to this peer on a request, or the actor is not the official whom the policy names and
/// holds no delegation.
pub async fn decide(
    agency: &OwnAgency,
    keys: &OwnKeys,
    by: &Principal,
    id: &AuthorityId,
    input: &DecisionInput,
) -> Result<RequestView, ActError> {
    if input.reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Approve, now)?;
            let policy = policy_in_force(state)?;
            let filed = filed(state, id)?;
            let requester = &filed.request.from;
            let approved = input.verdict == Verdict::Approved;
            if filed.request.to != agency.id {
                return Err(ActError::refused(format!(
                    "request `{id}` is for `{}` to decide",
                    filed.request.to
                )));
            }
            if filed.withdrawal.is_some() {
                return Err(ActError::refused(format!("request `{id}` was withdrawn")));
            }
            let scope = input.scope(&filed.request.scope);
            if let Some(end) = scope.valid_until.filter(|end| approved && *end <= now) {
                return Err(ActError::refused(format!(
                    "request `{id}` would be usable until {end}, which has passed; deny it"
                )));
            }
            let authority = signing_authority(&user, policy, &policy.approval.requests, now)?;
            if approved {
                let peer = state.peers.get(requester).ok_or_else(|| super::unknown(requester))?;
                if let Some(reasons) = unapprovable(policy, &agency.id, &peer.facts()) {
                    return Err(refused(&reasons));
                }
            }
            let ruling = Ruling {
                request: id.clone(),
                request_digest: filed.request_digest,
                verdict: input.verdict,
                scope,
                reason: input.reason.clone(),
                decided_by: Official {
                    name: user.full_name.clone(),
                    title: authority.title,
                    delegation: authority.delegation,
                },
                section: policy.request_section().parse().unwrap_or_default(),
                at: now,
            };
            // What the other side would refuse is refused here first.
            filed.clone().rule(ruling.clone())?;
            let body = ruling.to_toml()?.into_bytes();
            let envelope = Envelope::sign(Kind::Decision, body, &keys.message_key(agency))?;
            let actor = agency.actor(&user, by);
            Ok((request_decided(state, actor, requester, &ruling, &envelope), ()))
        })
        .await?;
    show(agency, id)
}
