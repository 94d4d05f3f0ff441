//! With whom reads are shared, under what, since when: agreements that both sides adhered to, and
//! written requests that were approved, with the answers given and received under each.

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::entry::EntryKind;
use schemas::time::Timestamp;
use serde_json::{Map, Value, json};

use super::each;
use crate::permission::{ActError, OwnAgency};
use audit::report::sharing::{Shared, shared};
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
    let counters = agency.log.counters();
    let used = |id: &AuthorityId| counters.uses.get(id).copied().unwrap_or(0);
    let all = shared(state, &agency.id, agency.clock.now(), used);
    let of_the_period = |shared: &Shared| {
        shared.until.is_none_or(|end| from.is_none_or(|from| end > from))
            && until.is_none_or(|until| shared.since < until)
    };
    Ok(all.into_iter().filter(of_the_period).map(|shared| row(&shared, &answers)).collect())
}

/// The row of what is shared, with the answers given and received on it.
fn row(shared: &Shared, answers: &Answers) -> Map<String, Value> {
    let Shared { with, direction, under, version, sort, state, since, until, purposes } = shared;
    // Of a written request there is one version, and answers may name any.
    let of = |(id, of, peer): &(AuthorityId, u32, AgencyId)| {
        id == under && peer == with && (*of == *version || !shared.is_agreement())
    };
    let (given, received) = answers
        .iter()
        .filter(|(key, _)| of(key))
        .fold((0_u64, 0_u64), |sum, (_, n)| (sum.0.saturating_add(n.0), sum.1.saturating_add(n.1)));
    let row = json!({
        "with": with,
        "direction": direction,
        "under": under,
        "version": version,
        "sort": sort,
        "state": state,
        "since": since,
        "until": until,
        "purposes": purposes,
        "answers_given": given,
        "answers_received": received,
    });
    match row {
        Value::Object(row) => row,
        _ => Map::new(),
    }
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
