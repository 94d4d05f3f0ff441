//! What is logged when a draft is turned down before there is a query.

use schemas::body::Actor;
use schemas::draft::Draft;

use crate::permission::{OwnAgency, Principal};
use audit_log::append::AppendError;
use audit_log::entries::exchange::asking::draft_rejected;

/// Logs an attempt to ask that was turned down before there was a query: `why` is the sentence that
/// the person is shown.
///
/// # Errors
/// When the log cannot be written.
pub async fn log_rejected_draft(
    agency: &OwnAgency,
    by: &Principal,
    draft: &Draft,
    why: &str,
) -> Result<(), AppendError> {
    let state = agency.registry.state();
    let full_name = state.users.get(&by.user).map(|user| user.full_name.clone());
    let actor = Actor {
        user: Some(by.user.clone()),
        full_name: full_name.unwrap_or_default(),
        agency: agency.id.clone(),
        auth: by.auth.clone(),
    };
    let entry = draft_rejected(actor, draft.clone(), why.to_owned());
    agency.log.append(entry).await.map(drop)
}
