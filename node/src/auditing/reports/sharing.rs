//! With whom reads are shared, under what, since when: agreements that both sides adhered to, and
//! written requests that were approved, with the answers given and received under each.

use std::collections::BTreeMap;

use ::agreements::agreement::{Act, Agreement};
use ::agreements::lifecycle::{AgreementRecord, AgreementStatus};
use ::agreements::request::{RequestRecord, Verdict};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::entry::EntryKind;
use schemas::time::Timestamp;
use serde_json::{Map, Value, json};

use super::each;
use crate::permission::{ActError, OwnAgency};
use audit::verify::Judged;
use registry::State;
use store::ReadStore;

/// Answers given to and received from a peer on an authority.
type Answers = BTreeMap<(AuthorityId, u32, AgencyId), (u64, u64)>;

/// The rows of the sharing report, those that began first at the top. What had ended before the
/// period, or began after it, is not part of it.
pub(super) async fn rows(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    state: &State,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    below: u64,
) -> Result<Vec<Map<String, Value>>, ActError> {
    let answers = answers(agency, store, from, until, below).await?;
    let now = agency.clock.now();
    let mut rows = Vec::new();
    for version in state.agreements.values().flat_map(|texts| texts.values()) {
        let recorded = &version.recorded;
        for other in recorded.agreement.parties.iter().filter(|party| **party != agency.id) {
            rows.extend(agreed(recorded, &agency.id, other, now, &answers));
        }
    }
    for filed in state.requests.values().map(|filed| &filed.value) {
        let used = agency.log.counters().uses.get(&filed.request.id).copied().unwrap_or(0);
        rows.extend(requested(filed, &agency.id, used, now, &answers));
    }
    rows.retain(|(since, end, _)| {
        end.is_none_or(|end| from.is_none_or(|from| end > from))
            && until.is_none_or(|until| *since < until)
    });
    rows.sort_by_key(|(since, _, _)| *since);
    let objects = rows.into_iter().filter_map(|(_, _, row)| match row {
        Value::Object(row) => Some(row),
        _ => None,
    });
    Ok(objects.collect())
}

/// The answers of a period, by authority and peer.
async fn answers(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    below: u64,
) -> Result<Answers, ActError> {
    let mut answers = Answers::new();
    each(agency, store, from, below, |entry| {
        let Judged { header, body, holds, .. } = entry;
        let given = header.kind == EntryKind::QueryAnswered;
        let counted = given || header.kind == EntryKind::AnswerReceived;
        // What is not signed by whom it has to be is nobody's answer.
        if !counted || !holds || until.is_some_and(|until| header.at >= until) {
            return;
        }
        let basis = body.and_then(|body| body.event.access()?.basis.clone());
        if let (Some(peer), Some(basis)) = (header.peer, basis) {
            let count = answers.entry((basis.authority, basis.version, peer)).or_default();
            let side = if given { &mut count.0 } else { &mut count.1 };
            *side = side.saturating_add(1);
        }
    })
    .await?;
    Ok(answers)
}

type Row = (Timestamp, Option<Timestamp>, Value);

/// The row of an agreement with one other party; none when it was never shared between the two.
fn agreed(
    recorded: &AgreementRecord,
    me: &AgencyId,
    other: &AgencyId,
    now: Timestamp,
    answers: &Answers,
) -> Option<Row> {
    let Agreement { id, version, effective, expires, purposes, .. } = &recorded.agreement;
    let (ours, theirs) = (recorded.adherences.get(me)?, recorded.adherences.get(other)?);
    if !ours.shares_with.contains(other) || !theirs.shares_with.contains(me) {
        return None;
    }
    let since = (*effective).max(ours.at).max(theirs.at);
    let ended = recorded
        .notices
        .iter()
        .filter(|notice| notice.act == Act::Withdraw)
        .filter(|notice| notice.agency == *me || notice.agency == *other)
        .map(|notice| notice.at)
        .min();
    let until = ended.map_or(*expires, |ended| ended.min(*expires));
    let state = match recorded.status(me, other, now) {
        AgreementStatus::InForce => "in_force",
        AgreementStatus::NotYetEffective(_) => "not_yet_effective",
        AgreementStatus::Expired(_) => "expired",
        AgreementStatus::FingerprintsDiffer { .. } => "fingerprints_differ",
        AgreementStatus::Suspended { .. } => "suspended",
        AgreementStatus::Withdrawn { .. } => "withdrawn",
        AgreementStatus::NotAParty(_)
        | AgreementStatus::NotAdhered(_)
        | AgreementStatus::NotShared { .. } => {
            return None;
        }
    };
    let (given, received) =
        answers.get(&(id.clone(), *version, other.clone())).copied().unwrap_or_default();
    let row = json!({
        "with": other,
        "direction": "both",
        "under": id,
        "version": version,
        "sort": "agreement",
        "state": state,
        "since": since,
        "until": until,
        "purposes": purposes,
        "answers_given": given,
        "answers_received": received,
    });
    Some((since, Some(until), row))
}

/// The row of a written request; none while it is not approved.
fn requested(
    filed: &RequestRecord,
    me: &AgencyId,
    used: u32,
    now: Timestamp,
    answers: &Answers,
) -> Option<Row> {
    let ruling = filed.ruling.as_ref().filter(|ruling| ruling.verdict == Verdict::Approved)?;
    let request = &filed.request;
    let ours = request.from == *me;
    let with = if ours { &request.to } else { &request.from };
    let withdrawn = filed.withdrawal.as_ref().map(|withdrawal| withdrawal.at);
    let until = [filed.scope().valid_until, withdrawn].into_iter().flatten().min();
    let given = answers.iter().filter(|((id, _, peer), _)| *id == request.id && peer == with);
    let (given, received) = given.fold((0_u64, 0_u64), |sum, (_, n)| (sum.0 + n.0, sum.1 + n.1));
    let row = json!({
        "with": with,
        "direction": if ours { "from_them" } else { "to_them" },
        "under": request.id,
        "version": 1,
        "sort": "written_request",
        "state": filed.state(used, now).code(),
        "since": ruling.at,
        "until": until,
        "purposes": [request.purpose],
        "answers_given": given,
        "answers_received": received,
    });
    Some((ruling.at, until, row))
}
