//! Bringing reads in.

use std::collections::HashSet;

use schemas::entry::EntryKind;
use schemas::read::Read;
use schemas::text::Text;

use super::{ActError, By, Right, acting};
use crate::audit::entry::Entry;
use crate::office::Office;
use crate::store::Effects;

/// Most reads of one durable batch.
pub const BATCH: usize = 2_000;

impl Office {
    /// Stores those of `batch` that are not stored yet, with their entry; how many that were.
    ///
    /// The caller imports one batch at a time: what is new is found before it is appended.
    ///
    /// # Errors
    /// When the actor may not, or it cannot be made durable.
    pub async fn store_reads(
        &self,
        by: &By,
        file: &Text,
        format: &str,
        batch: Vec<Read>,
    ) -> Result<usize, ActError> {
        let now = self.clock.now();
        let state = self.registry.state();
        let actor = self.actor(acting(&state, by, Right::Collect, now)?, by);
        let offered = batch.len();
        let ids: Vec<_> = batch.iter().map(|read| read.id).collect();
        let mut seen: HashSet<_> = self.store.known_reads(&ids).await?.into_iter().collect();
        let new: Vec<_> = batch.into_iter().filter(|read| seen.insert(read.id)).collect();
        if new.is_empty() {
            return Ok(0);
        }
        let stored = new.len();
        let ids: Vec<u8> = new.iter().flat_map(|read| *read.id.as_bytes()).collect();
        let entry = Entry::new(EntryKind::ReadsImported, actor)
            .with("file", file.as_str())
            .with("format", format)
            .with("offered", offered)
            .with("stored", stored)
            .with("ids_digest", schemas::digest::Digest::of(&ids).to_string())
            .effecting(Effects { reads: new, ..Effects::default() });
        drop(self.log.append(entry).await?);
        Ok(stored)
    }
}
