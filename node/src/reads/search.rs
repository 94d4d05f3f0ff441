//! Searching one's own reads: judged, logged and only then shown, as any access is.

use std::sync::Arc;

use ::agreements::decide::{OwnScope, Scope as _, decide_own};
use ::agreements::policy::Policy;
use ::agreements::screening::typed;
use schemas::answer::{Cut, Less, Released};
use schemas::body::{Access, Outcome};
use schemas::query::Query;
use schemas::refusal::Reason;

use crate::exchange::ask::{Extent, Misread, QueryOutcome, random_id};
use crate::permission::{ActError, OwnAgency, Principal, policy_in_force, with_access};
use audit_log::entries::reads::{Found, reads_searched};
use registry::State;
use schemas::draft::Draft;
use schemas::outcome::{OutcomeCode, RefusedBy};
use store::ReadStore;

/// Searches this agency's own reads for its user. What its policy forbids is an outcome, and on
/// record.
///
/// # Errors
/// When the user is unknown or disabled, or the search cannot be made or logged: then nothing is
/// shown.
pub async fn search(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    draft: &Draft,
) -> Result<QueryOutcome, ActError> {
    let id = random_id().map_err(ActError::failed)?;
    let judge = |state: Arc<State>, now| async move {
        let user = with_access(&state, by, now)?;
        let policy = policy_in_force(&state)?;
        let mut query = draft.query(id, &agency.id, &agency.id, None, &by.requester(&user), now);
        query.why = typed(&query.why, &policy.reason);
        let (access, outcome) = match decide_own(policy, &agency.id, &query, now) {
            Err(reasons) => declined(agency, &query, reasons.into_vec()),
            Ok(scope) => {
                let found = store.search(&scope).await?;
                let mut access = Access::of(&query, Outcome::Answered);
                access.count = u32::try_from(found.reads.len()).ok();
                let notice = policy.verification.text.clone();
                let outcome = QueryOutcome {
                    query_id: Some(id),
                    asked: Some(Extent::asked(&query)),
                    released: Some(released(policy, &query, &scope)),
                    truncated: found.truncated,
                    own_notice: notice.clone(),
                    notice,
                    misread: Misread::among(&query.elements, &found.reads),
                    reads: found.reads,
                    images: scope.images(),
                    ..QueryOutcome::new(&agency.id, OutcomeCode::Answered)
                };
                (access, outcome)
            }
        };
        let found = Found { reads: &outcome.reads, photographs: outcome.images };
        let entry = reads_searched(&state, agency.actor(&user, by), access, found);
        Ok::<_, ActError>((entry, outcome))
    };
    let (appended, outcome) = agency.act_async(judge).await?;
    Ok(QueryOutcome { log: Some(appended.position()), ..outcome })
}

/// How far one's own reads were opened, and what of the search the policy cut.
fn released(policy: &Policy, query: &Query, scope: &OwnScope) -> Released {
    let mut cuts = Vec::new();
    let mut cut = |what, message, citations| cuts.push(Cut { what, message, citations });
    if scope.from() > query.elements.from {
        let reads = &policy.retention.reads;
        let message = format!("reads of the last {} are answered from", reads.cut_off());
        cut(Less::From, message, policy.cites(reads));
    }
    if scope.limit() < query.limit {
        let message = format!("{} reads at most", scope.limit());
        cut(Less::Limit, message, policy.cites(&policy.row_limit));
    }
    Released {
        from: scope.from(),
        until: scope.until(),
        limit: scope.limit(),
        images: scope.images(),
        cuts,
    }
}

fn declined(agency: &OwnAgency, query: &Query, reasons: Vec<Reason>) -> (Access, QueryOutcome) {
    let mut access = Access::of(query, Outcome::Declined);
    access.reasons.clone_from(&reasons);
    let outcome = QueryOutcome {
        query_id: Some(query.id),
        reasons,
        refused_by: Some(RefusedBy::OwnPolicy),
        ..QueryOutcome::new(&agency.id, OutcomeCode::Refused)
    };
    (access, outcome)
}
