//! Searching one's own reads: judged, logged and only then shown, as any access is.

use ::agreements::decide::{Scope as _, decide_own};
use schemas::body::{Access, Outcome};
use schemas::entry::EntryKind;
use schemas::query::Query;
use schemas::refusal::Reason;

use crate::context::NodeContext;
use crate::exchange::ask::{Heard, Misread, random_id};
use crate::permission::{ActError, Principal, TRIES, authenticate, policy_in_force};
use audit_log::append::{AppendError, Moved};
use audit_log::entry::{Entry, Guard};
use schemas::draft::Draft;

/// What a search brings, before it is logged.
struct Found {
    access: Access,
    heard: Heard,
}

impl NodeContext {
    /// Searches this agency's own reads for its user. What its policy forbids is an outcome, and on
    /// record.
    ///
    /// # Errors
    /// When the user is unknown or disabled, or the search cannot be made or logged: then nothing is
    /// shown.
    pub async fn search_own(&self, by: &Principal, draft: &Draft) -> Result<Heard, ActError> {
        let id = random_id().map_err(ActError::Failed)?;
        for _ in 0..TRIES {
            let state = self.agency.registry.state();
            let now = self.agency.clock.now();
            let user = authenticate(&state, by, now)?;
            let policy = policy_in_force(&state)?;
            let query = draft.query(id, &self.agency.id, &self.agency.id, &user.requester(), now);
            let found = match decide_own(policy, &self.agency.id, &query, now) {
                Err(reasons) => self.declined(&query, reasons.into_vec()),
                Ok(scope) => {
                    let found = self.store.search(&scope).await?;
                    let mut access = Access::of(&query, Outcome::Answered);
                    access.count = u32::try_from(found.reads.len()).ok();
                    let notice = policy.verification.text.clone();
                    let heard = Heard {
                        query_id: Some(id),
                        truncated: found.truncated,
                        own_notice: notice.clone(),
                        notice,
                        misread: Misread::among(&query.elements, &found.reads),
                        reads: found.reads,
                        images: scope.images(),
                        ..Heard::new(&self.agency.id, "answered")
                    };
                    Found { access, heard }
                }
            };
            let guard = Guard { generation: Some(state.generation()), ..Guard::default() };
            let entry = Entry::new(EntryKind::ReadsSearched, self.agency.actor(user, by))
                .with_access(found.access)
                .guarded(guard);
            match self.agency.log.append(entry).await {
                // What it was judged by moved: judge again.
                Err(AppendError::Moved(Moved::Registry)) => {}
                appended => return Ok(Heard { log: Some(appended?.position()), ..found.heard }),
            }
        }
        Err(ActError::failed(
            "the registry is being changed by others at this moment; try again".into(),
        ))
    }

    fn declined(&self, query: &Query, reasons: Vec<Reason>) -> Found {
        let mut access = Access::of(query, Outcome::Declined);
        access.reasons.clone_from(&reasons);
        let heard = Heard {
            query_id: Some(query.id),
            reasons,
            refused_by: Some("own policy"),
            ..Heard::new(&self.agency.id, "refused")
        };
        Found { access, heard }
    }
}
