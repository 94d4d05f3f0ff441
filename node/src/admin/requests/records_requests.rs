//! Requests of bodies that are no law enforcement or prosecutorial agency: filed, and marked for
//! records release. The node answers none of them.

use schemas::text::Text;
use serde::{Deserialize, Serialize};

use super::{RequestView, new_id, show};
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authorize, policy_in_force, sections,
};
use audit_log::entries::authority::request_recorded;
use registry::{BodyKind, RecordsRequest};

/// What a person says of an outside body's request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsRequestInput {
    /// Who asks.
    pub from_body: Text,
    /// What sort of request it is.
    pub kind: BodyKind,
    /// What for, in words.
    pub about: Text,
    /// Case or docket number.
    pub case: Text,
}

/// Files an outside body's request for records release.
///
/// # Errors
/// When nobody asks or nothing is asked for, or the actor may not.
pub async fn record(
    agency: &OwnAgency,
    by: &Principal,
    input: &RecordsRequestInput,
) -> Result<RequestView, ActError> {
    if input.from_body.is_empty() {
        return Err(ActError::usage("say who asks with --from-body".into()));
    }
    let id = new_id(&agency.id, "rec")?;
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Approve, now)?;
            let policy = policy_in_force(state)?;
            let release = &policy.administration.records_release;
            let request = RecordsRequest {
                id: id.clone(),
                from_body: input.from_body.clone(),
                kind: input.kind,
                about: input.about.clone(),
                case: input.case.clone(),
                to: release.to.clone(),
                section: sections(&policy.cites(release)).parse().unwrap_or_default(),
                at: now,
            };
            Ok((request_recorded(state, agency.actor(&user, by), request), ()))
        })
        .await?;
    show(agency, &id)
}
