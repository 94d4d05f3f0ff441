//! Requests of bodies that are no law enforcement or prosecutorial agency: filed, and marked for
//! records release. The node answers none of them.

use schemas::entry::EntryKind;
use schemas::query::AuthorityId;
use schemas::text::Text;
use serde::{Deserialize, Serialize};

use super::RequestRow;
use crate::context::NodeContext;
use crate::permission::{ActError, Permission, Principal, authorize, policy_in_force, sections};
use audit_log::entry::Entry;
use registry::{BodyKind, Change, OutsideRequest};

/// What a person says of an outside body's request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Received {
    /// Who asks.
    pub from_body: Text,
    /// What sort of request it is.
    pub kind: BodyKind,
    /// What for, in words.
    pub about: Text,
    /// Case or docket number.
    pub case: Text,
}

impl NodeContext {
    /// Files an outside body's request for records release.
    ///
    /// # Errors
    /// When nobody asks or nothing is asked for, or the actor may not.
    pub async fn record_request(
        &self,
        by: &Principal,
        received: &Received,
    ) -> Result<RequestRow, ActError> {
        if received.from_body.is_empty() {
            return Err(ActError::usage("say who asks with --from-body".into()));
        }
        let random = crate::exchange::ask::random_id().map_err(ActError::Failed)?.to_string();
        let id: AuthorityId =
            format!("rec-{random}").parse().map_err(|e| ActError::failed(format!("{e}")))?;
        self.agency
            .act(|state, now| {
                let actor = authorize(state, by, Permission::Approve, now)?;
                let policy = policy_in_force(state)?;
                let release = &policy.administration.records_release;
                let request = OutsideRequest {
                    id: id.clone(),
                    from_body: received.from_body.clone(),
                    kind: received.kind,
                    about: received.about.clone(),
                    case: received.case.clone(),
                    to: release.to.clone(),
                    section: sections(&policy.cites(release)).parse().unwrap_or_default(),
                    at: now,
                };
                let entry = Entry::new(EntryKind::RequestRecorded, self.agency.actor(actor, by))
                    .with_detail("request", id.as_str())
                    .with_detail("from_body", request.from_body.as_str())
                    .with_detail("case", request.case.as_str())
                    .with_detail("records_release", request.to.as_str())
                    .untyped_changing(Change::OutsideRequest { request });
                Ok((entry, ()))
            })
            .await?;
        self.request_row(&id)
    }
}
