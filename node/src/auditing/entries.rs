//! Reading single entries of the audit log. Reading is an entry too, and stands before what it shows.

use schemas::digest::Digest;
use schemas::entry::EntryKind;

use crate::context::NodeContext;
use crate::permission::{ActError, Permission, Principal, authorize};
use audit::view::Viewed;
use audit_log::entry::Entry;
use store::EntryFilter;

/// The signed envelopes that stand beside an entry.
#[derive(Debug, Clone)]
pub struct Beside {
    /// What the entry records.
    pub kind: EntryKind,
    /// The envelopes, exactly, one a line: the bytes that the entry's header commits to.
    pub envelopes: String,
}

impl NodeContext {
    /// The envelopes of the entry at `index`.
    ///
    /// # Errors
    /// When the actor may not, there is no such entry, or it has no envelope.
    pub async fn envelopes_of(&self, by: &Principal, index: u64) -> Result<Beside, ActError> {
        let state = self.agency.registry.state();
        let actor = self
            .agency
            .actor(authorize(&state, by, Permission::Audit, self.agency.clock.now())?, by);
        let entry = Entry::new(EntryKind::AuditViewed, actor).with_detail("envelopes_of", index);
        let size = self.agency.log.append(entry).await?.position().index;
        if index >= size {
            return Err(ActError::usage(format!(
                "there is no entry {index}; the last one is {}",
                size.saturating_sub(1)
            )));
        }
        let found = self.store.entries(&EntryFilter::default(), index, 1).await?;
        let stored = found.first().ok_or_else(|| missing(index))?;
        let header = Viewed::of(stored)?.header;
        let Some(envelopes) = stored.envelope.clone().filter(|_| header.index == index) else {
            return Err(match header.envelope {
                None => ActError::usage(format!(
                    "entry {index} ({}) has no envelope: nothing was signed for it",
                    header.kind
                )),
                Some(_) => missing(index),
            });
        };
        if header.envelope != Some(Digest::of(envelopes.as_bytes())) {
            return Err(ActError::failed(format!(
                "the envelopes of entry {index} are not those that its header commits to: the database was changed"
            )));
        }
        Ok(Beside { kind: header.kind, envelopes })
    }
}

fn missing(index: u64) -> ActError {
    ActError::failed(format!("the envelopes of entry {index} are kept no longer"))
}
