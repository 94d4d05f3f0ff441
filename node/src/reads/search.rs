//! Searching one's own reads: judged, logged and only then shown, as any access is.

use std::sync::Arc;

use ::agreements::decide::{Scope as _, decide_own};
use schemas::body::{Access, Outcome};
use schemas::query::Query;
use schemas::refusal::Reason;

use crate::exchange::ask::{Heard, Misread, random_id};
use crate::permission::{ActError, OwnAgency, Principal, authenticate, policy_in_force};
use audit_log::entries::reads::reads_searched;
use registry::State;
use schemas::draft::Draft;
use store::Store;

/// Searches this agency's own reads for its user. What its policy forbids is an outcome, and on
/// record.
///
/// # Errors
/// When the user is unknown or disabled, or the search cannot be made or logged: then nothing is
/// shown.
pub async fn search(
    agency: &OwnAgency,
    store: &dyn Store,
    by: &Principal,
    draft: &Draft,
) -> Result<Heard, ActError> {
    let id = random_id().map_err(ActError::failed)?;
    let judge = |state: Arc<State>, now| async move {
        let user = authenticate(&state, by, now)?;
        let policy = policy_in_force(&state)?;
        let query = draft.query(id, &agency.id, &agency.id, &user.requester(), now);
        let (access, outcome) = match decide_own(policy, &agency.id, &query, now) {
            Err(reasons) => declined(agency, &query, reasons.into_vec()),
            Ok(scope) => {
                let found = store.search(&scope).await?;
                let mut access = Access::of(&query, Outcome::Answered);
                access.count = u32::try_from(found.reads.len()).ok();
                let notice = policy.verification.text.clone();
                let outcome = Heard {
                    query_id: Some(id),
                    truncated: found.truncated,
                    own_notice: notice.clone(),
                    notice,
                    misread: Misread::among(&query.elements, &found.reads),
                    reads: found.reads,
                    images: scope.images(),
                    ..Heard::new(&agency.id, "answered")
                };
                (access, outcome)
            }
        };
        let entry = reads_searched(&state, agency.actor(user, by), access);
        Ok::<_, ActError>((entry, outcome))
    };
    let (appended, outcome) = agency.act_async(judge).await?;
    Ok(Heard { log: Some(appended.position()), ..outcome })
}

fn declined(agency: &OwnAgency, query: &Query, reasons: Vec<Reason>) -> (Access, Heard) {
    let mut access = Access::of(query, Outcome::Declined);
    access.reasons.clone_from(&reasons);
    let outcome = Heard {
        query_id: Some(query.id),
        reasons,
        refused_by: Some("own policy"),
        ..Heard::new(&agency.id, "refused")
    };
    (access, outcome)
}
