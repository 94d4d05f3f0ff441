//! With whom reads are shared, under what, since and until when: agreements that both sides adhered to,
//! and written requests that were approved.

use agreements::agreement::{Act, Agreement};
use agreements::lifecycle::{AgreementRecord, AgreementStatus};
use agreements::request::{RequestRecord, Verdict};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::purpose::Purpose;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use registry::State;

/// Who gives reads to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Each to the other.
    Both,
    /// The other to this agency.
    FromThem,
    /// This agency to the other.
    ToThem,
}

/// What reads are shared on.
#[derive(Debug, Clone)]
pub struct Shared {
    /// With whom.
    pub with: AgencyId,
    /// Who gives to whom.
    pub direction: Direction,
    /// Under what.
    pub under: AuthorityId,
    /// Its version.
    pub version: u32,
    /// `agreement` or `written_request`.
    pub sort: &'static str,
    /// How it stands.
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// For what.
    pub purposes: Vec<Purpose>,
}

impl Shared {
    /// Whether it is an agreement.
    #[must_use]
    pub fn is_agreement(&self) -> bool {
        self.sort == "agreement"
    }
}

/// Everything on which reads are or were shared, those that began first at the top; `used` says how often
/// a written request was.
#[must_use]
pub fn shared(
    state: &State,
    me: &AgencyId,
    now: Timestamp,
    used: impl Fn(&AuthorityId) -> u32,
) -> Vec<Shared> {
    let mut all = Vec::new();
    for version in state.agreements.values().flat_map(|texts| texts.values()) {
        let recorded = &version.recorded;
        for other in recorded.agreement.parties.iter().filter(|party| *party != me) {
            all.extend(agreed(recorded, me, other, now));
        }
    }
    for filed in state.requests.values().map(|filed| &filed.value) {
        all.extend(requested(filed, me, used(&filed.request.id), now));
    }
    all.sort_by_key(|shared| shared.since);
    all
}

/// In which direction an agreement has reads go between `me` and another party, once both have signed it.
#[must_use]
pub fn direction(recorded: &AgreementRecord, me: &AgencyId, other: &AgencyId) -> Option<Direction> {
    let shares = |one: &AgencyId, with: &AgencyId| {
        recorded.adherences.get(one).map(|adherence| adherence.shares_with.contains(with))
    };
    match (shares(me, other)?, shares(other, me)?) {
        (true, true) => Some(Direction::Both),
        (true, false) if recorded.agreement.one_way => Some(Direction::ToThem),
        (false, true) if recorded.agreement.one_way => Some(Direction::FromThem),
        _ => None,
    }
}

/// What an agreement shares with one other party; none when it was never shared between the two.
fn agreed(
    recorded: &AgreementRecord,
    me: &AgencyId,
    other: &AgencyId,
    now: Timestamp,
) -> Option<Shared> {
    let Agreement { id, version, effective, expires, purposes, .. } = &recorded.agreement;
    let (ours, theirs) = (recorded.adherences.get(me)?, recorded.adherences.get(other)?);
    let direction = direction(recorded, me, other)?;
    let since = (*effective).max(ours.at).max(theirs.at);
    let ended = recorded
        .notices
        .iter()
        .filter(|notice| notice.act == Act::Withdraw)
        .filter(|notice| notice.agency == *me || notice.agency == *other)
        .map(|notice| notice.at)
        .min();
    let until = ended.map_or(*expires, |ended| ended.min(*expires));
    let state = match recorded.between(me, other, now) {
        AgreementStatus::InForce => "in_force",
        AgreementStatus::NotYetEffective(_) => "not_yet_effective",
        AgreementStatus::Expired(_) => "expired",
        AgreementStatus::FingerprintsDiffer { .. } => "fingerprints_differ",
        AgreementStatus::Suspended { .. } => "suspended",
        AgreementStatus::Withdrawn { .. } => "withdrawn",
        AgreementStatus::NotAParty(_)
        | AgreementStatus::NotAdhered(_)
        | AgreementStatus::Declined { .. }
        | AgreementStatus::NotShared { .. } => {
            return None;
        }
    };
    Some(Shared {
        with: other.clone(),
        direction,
        under: id.clone(),
        version: *version,
        sort: "agreement",
        state: state.to_owned(),
        since,
        until: Some(until),
        purposes: purposes.clone(),
    })
}

/// What a written request shares; none while it is not approved.
fn requested(filed: &RequestRecord, me: &AgencyId, used: u32, now: Timestamp) -> Option<Shared> {
    let ruling = filed.ruling.as_ref().filter(|ruling| ruling.verdict == Verdict::Approved)?;
    let request = &filed.request;
    let ours = request.from == *me;
    let withdrawn = filed.withdrawal.as_ref().map(|withdrawal| withdrawal.at);
    Some(Shared {
        with: if ours { &request.to } else { &request.from }.clone(),
        direction: if ours { Direction::FromThem } else { Direction::ToThem },
        under: request.id.clone(),
        version: 1,
        sort: "written_request",
        state: filed.state(used, now).code().to_owned(),
        since: ruling.at,
        until: [filed.scope().valid_until, withdrawn].into_iter().flatten().min(),
        purposes: vec![request.purpose],
    })
}
