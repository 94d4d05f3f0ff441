//! Records from the log, a page at a time, from any place in it on.

use std::sync::Arc;

use schemas::body::Actor;
use schemas::entry::Header;
use schemas::event::audit::{EntriesViewed, Viewed};

use super::mapping::Mapping;
use super::pushing::Pushing;
use super::record::{Page, Record, is_request};
use crate::permission::{ActError, OwnAgency};
use audit::view::LogEntry;
use audit_log::entries::audit::audit_viewed;
use audit_log::entry::Auditor;
use host::home::{Home, HomeError};
use store::{EntryFilter, ReadStore};

/// Entries read at a time.
const STEP: u32 = 500;
/// Most records of one page.
pub const MOST: usize = 1_000;
/// Most entries that are looked at for one page: a page may hold few records, or none, of a long part of the
/// log about other things.
const LOOKED_AT: u64 = 50_000;

/// The records of an agency.
#[derive(Clone)]
pub struct Feed {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    mapping: Arc<Mapping>,
    pushing: Pushing,
}

impl Feed {
    /// Those of the agency, told as the mapping in its home says, where there is one.
    ///
    /// # Errors
    /// When the mapping cannot be used.
    pub fn of(
        home: &Home,
        agency: &OwnAgency,
        store: &Arc<dyn ReadStore>,
    ) -> Result<Self, HomeError> {
        let mapping = Arc::new(Mapping::of(home)?);
        Ok(Self {
            agency: agency.clone(),
            store: store.clone(),
            mapping,
            pushing: Pushing::default(),
        })
    }

    /// How records are written.
    #[must_use]
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// How pushing them goes, where they are pushed.
    #[must_use]
    pub const fn pushing(&self) -> &Pushing {
        &self.pushing
    }

    /// Up to `limit` records after `after`, or from the first on, for `whom`. That they leave is on record
    /// before they do.
    ///
    /// # Errors
    /// When the database holds what the log never wrote, or the log cannot be written.
    pub async fn page(
        &self,
        after: Option<u64>,
        limit: usize,
        whom: &str,
    ) -> Result<Page, ActError> {
        let page = self.look(after, limit.clamp(1, MOST)).await?;
        if let (Some(first), Some(last)) = (page.records.first(), page.records.last()) {
            let viewed = EntriesViewed {
                from: Some(first.at),
                until: Some(last.at.plus_millis(1)),
                ..EntriesViewed::default()
            };
            let actor = Actor { auth: format!("records, {whom}"), ..self.agency.node_actor() };
            drop(
                self.agency
                    .log
                    .append(audit_viewed(Auditor::nobody(actor), Viewed::Entries(viewed)))
                    .await?,
            );
        }
        Ok(page)
    }

    async fn look(&self, after: Option<u64>, limit: usize) -> Result<Page, ActError> {
        let mut page = Page { records: Vec::new(), next: after, more: false, destroyed: 0 };
        let begun = after.map_or(0, |after| after.saturating_add(1));
        let mut start = begun;
        loop {
            let step = self.store.entries(&EntryFilter::default(), start, STEP).await?;
            let full = step.len() == STEP as usize;
            for stored in &step {
                let header = Header::from_bytes(stored.header.as_bytes()).map_err(|error| {
                    // What cannot be read may be a request, and is not passed over.
                    ActError::failed(format!("an entry from {start} on cannot be read: {error}"))
                })?;
                if is_request(header.kind) {
                    if page.records.len() == limit {
                        return Ok(Page { more: true, ..page });
                    }
                    let entry = LogEntry::of(stored)?;
                    match Record::of(&entry) {
                        Some(record) => page.records.push(record),
                        None if entry.body.is_none() => {
                            page.destroyed = page.destroyed.saturating_add(1);
                        }
                        None => {}
                    }
                }
                start = header.index.saturating_add(1);
                page.next = Some(header.index);
            }
            if !full {
                return Ok(page);
            }
            if start.saturating_sub(begun) >= LOOKED_AT {
                return Ok(Page { more: true, ..page });
            }
        }
    }
}
