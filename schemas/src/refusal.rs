//! Refusals: data with a code, a sentence and citations.

use serde::{Deserialize, Serialize};

pub use crate::citation::Citation;

use crate::agency::AgencyId;
use crate::answer::{Basis, DecidedBy};
use crate::digest::Digest;
use crate::purpose::codes;
use crate::query::QueryId;
use crate::text::Text;
use crate::time::Timestamp;

codes! {
    /// Why a query is refused.
    RefusalCode, "refusal code" {
        /// Not a public agency of California.
        NotPublicAgency = "not_public_agency",
        /// An agency of another state.
        OutOfState = "out_of_state",
        /// A federal agency.
        Federal = "federal",
        /// Blocked by the owner's administrator.
        Blocked = "blocked",
        /// No agreement and no request.
        NoAuthority = "no_authority",
        /// An authority exists but is not in force at this instant.
        AuthorityNotInForce = "authority_not_in_force",
        /// The owner's policy has no such release path.
        ReleasePath = "release_path",
        /// The authority does not list this party for this owner.
        PartyNotListed = "party_not_listed",
        /// The authority or policy does not name this purpose.
        PurposeNotAuthorized = "purpose_not_authorized",
        /// The purpose is prohibited.
        PurposeProhibited = "purpose_prohibited",
        /// Made on behalf of a body that may not ask.
        OnBehalfOf = "on_behalf_of",
        /// The role may not query.
        RoleNotAuthorized = "role_not_authorized",
        /// She had not signed in as is demanded, or her agency does not say how.
        SignInInsufficient = "sign_in_insufficient",
        /// She is not one of the people whom the agreement names.
        PersonNotListed = "person_not_listed",
        /// Her agency does not vouch for her with its agency key, as is demanded, or what it says is not of
        /// her.
        PersonNotAttested = "person_not_attested",
        /// No training is recorded.
        TrainingMissing = "training_missing",
        /// The training is out of date.
        TrainingExpired = "training_expired",
        /// No clearance for criminal justice data is recorded.
        ClearanceMissing = "clearance_missing",
        /// The clearance is out of date.
        ClearanceExpired = "clearance_expired",
        /// The person who asks is not named.
        RequesterNotNamed = "requester_not_named",
        /// A case number is demanded.
        CaseRequired = "case_required",
        /// No reason is given.
        ReasonMissing = "reason_missing",
        /// The reason says nothing.
        ReasonVague = "reason_vague",
        /// No suspicion is stated.
        SuspicionMissing = "suspicion_missing",
        /// No need to know is stated.
        NeedToKnowMissing = "need_to_know_missing",
        /// This sort of search is not allowed.
        QueryKind = "query_kind",
        /// The time window is not acceptable.
        Window = "window",
        /// Past the owner's retention.
        Retention = "retention",
        /// Outside the scope of the written request.
        OutsideRequest = "outside_request",
        /// The written request has no uses left.
        UsesExhausted = "uses_exhausted",
        /// The agreement's daily limit is reached.
        Quota = "quota",
        /// Too many receipts are outstanding.
        ReceiptsOutstanding = "receipts_outstanding",
        /// Too much of what the requester's log must hold is not proven.
        LogUnproven = "log_unproven",
        /// The query's id was used before, with other content or another peer.
        IdReused = "id_reused",
        /// The query's time is too far from the owner's.
        Stale = "stale",
        /// The owner's audit log cannot be written.
        LogUnavailable = "log_unavailable",
    }
}

/// One reason of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The code.
    pub code: RefusalCode,
    /// One sentence for a person.
    pub message: String,
    /// The sections that demand it.
    pub citations: Vec<Citation>,
}

/// Most bytes of a refusal's reasons, as JSON: beside the largest query and the largest proof they fit
/// the body of an entry, so that whoever is refused can log it.
pub const LARGEST_REASONS: usize = 12 << 10;

/// A refusal as the owner signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The query refused.
    pub query_id: QueryId,
    /// Digest of the query's envelope.
    pub query_digest: Digest,
    /// The owner.
    pub from: AgencyId,
    /// The requester.
    pub to: AgencyId,
    /// When it was decided and signed.
    pub at: Timestamp,
    /// By what it was decided; absent where the query did not come as far as a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<DecidedBy>,
    /// The authority that came closest, whose reasons are given; absent where none was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closest: Option<Basis>,
    /// Every reason that applies, in a stable order; never empty.
    pub reasons: Vec<Reason>,
    /// The owner's word on what can be done about it; may be empty.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub advice: Text,
}

impl Refusal {
    /// Of these reasons as many as a refusal has room for, in their order; the first in any case.
    #[must_use]
    pub fn fitting(mut reasons: Vec<Reason>) -> Vec<Reason> {
        while reasons.len() > 1 && !has_room_for(&reasons) {
            reasons.pop();
        }
        reasons
    }

    /// Whether its reasons are no more than a refusal has room for.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        has_room_for(&self.reasons)
    }
}

fn has_room_for(reasons: &[Reason]) -> bool {
    serde_json::to_vec(reasons).is_ok_and(|json| json.len() <= LARGEST_REASONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_reasons_those_that_fit_are_kept_in_order() {
        let reason = |n: usize, length: usize| Reason {
            code: RefusalCode::NoAuthority,
            message: format!("{n} {}", "x".repeat(length)),
            citations: Vec::new(),
        };
        let few: Vec<Reason> = (0..20).map(|n| reason(n, 300)).collect();
        assert_eq!(Refusal::fitting(few.clone()), few);
        let many: Vec<Reason> = (0..200).map(|n| reason(n, 300)).collect();
        let kept = Refusal::fitting(many.clone());
        assert!(has_room_for(&kept) && kept.len() > 20);
        assert_eq!(kept, many[..kept.len()]);
        assert_eq!(Refusal::fitting(vec![reason(0, 20_000), reason(1, 1)]).len(), 1);
    }
}
