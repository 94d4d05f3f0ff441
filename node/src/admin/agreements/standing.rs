//! How an agreement stands with each other party, and who made it so, when and why.

use ::agreements::agreement::Act;
use ::agreements::lifecycle::{AgreementRecord, AgreementStatus};
use audit::report::sharing::{Direction, direction};
use schemas::agency::AgencyId;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How an agreement stands between this agency and another party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingView {
    /// The other party.
    pub with: AgencyId,
    /// `in_force`, or what it waits for or was ended by.
    pub state: String,
    /// Who shares with whom: `both`, `to_them`, `from_them`; absent where neither does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Whose side that rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AgencyId>,
    /// The notice of that side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<NoticeView>,
}

/// A notice that a party gave on its own side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeView {
    /// The person, as the party names her.
    pub person: Text,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Text,
}

/// How a record stands for `me` with each other party.
pub(super) fn standings(
    record: &AgreementRecord,
    me: &AgencyId,
    now: Timestamp,
) -> Vec<StandingView> {
    let others = record.agreement.parties.iter().filter(|party| *party != me);
    others.map(|other| standing(record, me, other, now)).collect()
}

fn standing(
    record: &AgreementRecord,
    me: &AgencyId,
    other: &AgencyId,
    now: Timestamp,
) -> StandingView {
    let (state, by) = match record.between(me, other, now) {
        AgreementStatus::InForce => ("in_force", None),
        AgreementStatus::NotYetEffective(_) => ("not_yet_effective", None),
        AgreementStatus::Expired(_) => ("expired", None),
        AgreementStatus::NotAParty(by) => ("no_party", Some(by)),
        AgreementStatus::NotAdhered(by) => ("not_signed", Some(by)),
        AgreementStatus::NotShared { by, .. } => ("not_shared", Some(by)),
        AgreementStatus::FingerprintsDiffer { by, .. } => ("keys_differ", Some(by)),
        AgreementStatus::Declined { by } => ("declined", Some(by)),
        AgreementStatus::Suspended { by } => ("suspended", Some(by)),
        AgreementStatus::Withdrawn { by } => ("withdrawn", Some(by)),
    };
    let last = by.as_ref().and_then(|by| {
        record.notices.iter().rev().find(|notice| notice.agency == *by && notice.act != Act::Resume)
    });
    let told = matches!(state, "suspended" | "withdrawn" | "declined");
    let notice = last.filter(|_| told).map(|notice| NoticeView {
        person: notice.by.full_name.clone(),
        at: notice.at,
        reason: notice.reason.clone(),
    });
    let direction = direction(record, me, other);
    StandingView { with: other.clone(), state: state.to_owned(), direction, by, notice }
}
