//! Bringing reads in.

use std::collections::HashSet;

use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::read::ReadId;
use schemas::text::Text;

use crate::context::NodeContext;
use crate::permission::{ActError, Permission, Principal, authorize};
use audit_log::entry::Entry;
use ingest::ImportedRead;
use registry::SourceName;
use store::{ReadStats, StateChanges};

/// Most reads of one durable batch.
pub const BATCH: usize = 2_000;
/// Bytes of photographs after which a batch is full.
pub const BATCH_BYTES: usize = 32 * 1_024 * 1_024;

const HOUR_MS: i64 = 3_600_000;

/// Who brings reads in.
#[derive(Debug, Clone)]
pub enum ImportActor {
    /// A person.
    User(Principal),
    /// A source that was added, by itself.
    Source(SourceName),
}

impl From<Principal> for ImportActor {
    fn from(by: Principal) -> Self {
        Self::User(by)
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// Reads that were new and are stored.
    pub reads: usize,
    /// Photographs that came with them and are kept.
    pub photographs: usize,
    /// Photographs that a read of the native format names and that are not here: the read is
    /// stored without them.
    pub absent: Vec<(ReadId, Digest)>,
}

/// What is stored, and how much was seen lately.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Stats {
    /// What is stored.
    #[serde(flatten)]
    pub stored: ReadStats,
    /// Reads of the last hour.
    pub last_hour: u64,
    /// Reads of the last 24 hours.
    pub last_day: u64,
}

impl NodeContext {
    /// What is stored, counted read by read.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn read_stats(&self) -> Result<Stats, ActError> {
        let stored = self.store.stats().await?;
        let now = self.agency.clock.now();
        let mut since = [0; 2];
        for (seen, hours) in since.iter_mut().zip([1, 24]) {
            let before = self.store.reads_before(now.plus_millis(hours * -HOUR_MS)).await?;
            *seen = stored.reads.saturating_sub(before);
        }
        let [last_hour, last_day] = since;
        Ok(Stats { stored, last_hour, last_day })
    }

    /// Who brings reads in, as the actor of their entry, if they may at this moment.
    ///
    /// # Errors
    /// When they may not.
    pub fn bringing(&self, by: &ImportActor) -> Result<Actor, ActError> {
        let state = self.agency.registry.state();
        match by {
            ImportActor::User(by) => Ok(self
                .agency
                .actor(authorize(&state, by, Permission::Collect, self.agency.clock.now())?, by)),
            ImportActor::Source(name) => match state.sources.get(name) {
                Some(source) if source.disabled.is_none() => Ok(self.agency.source_actor(name)),
                _ => Err(ActError::refused(format!(
                    "source `{name}` may not send reads; see `accord source list`"
                ))),
            },
        }
    }

    /// Stores those of `batch` that are not stored yet, with their entry; their photographs are
    /// durable before.
    ///
    /// # Errors
    /// When the actor may not, or it cannot be made durable.
    pub async fn store_reads(
        &self,
        by: &ImportActor,
        file: &Text,
        format: &str,
        batch: Vec<ImportedRead>,
    ) -> Result<Stored, ActError> {
        let _one_batch = self.importing.lock().await;
        let actor = self.bringing(by)?;
        let offered = batch.len();
        let ids: Vec<_> = batch.iter().map(|one| one.read.id).collect();
        let mut seen: HashSet<_> = self.store.known_reads(&ids).await?.into_iter().collect();
        let new: Vec<_> = batch.into_iter().filter(|one| seen.insert(one.read.id)).collect();
        if new.is_empty() {
            return Ok(Stored::default());
        }
        let mut stored = Stored { reads: new.len(), ..Stored::default() };
        let (mut reads, mut photographs) = (Vec::with_capacity(new.len()), Vec::new());
        let (mut named, mut elsewhere) = (HashSet::new(), HashSet::new());
        for ImportedRead { read, photographs: given, .. } in new {
            for bytes in given {
                let digest = Digest::of(&bytes);
                if named.insert(digest) {
                    photographs.push((digest, bytes));
                }
            }
            elsewhere.extend(read.images.iter().map(|image| image.digest));
            reads.push(read);
        }
        stored.photographs = photographs.len();
        let kept = self.photographs.keep(photographs).await?;
        elsewhere.retain(|digest| !named.contains(digest));
        let elsewhere: Vec<_> = elsewhere.into_iter().collect();
        if !elsewhere.is_empty() {
            let here = self.store.referenced_images(&elsewhere).await?;
            named.extend(here);
            // A read never refers to a photograph that is not durable here.
            for read in &mut reads {
                let id = read.id;
                let absent = read.images.extract_if(.., |image| !named.contains(&image.digest));
                stored.absent.extend(absent.map(|image| (id, image.digest)));
            }
        }
        let ids: Vec<u8> = reads.iter().flat_map(|read| *read.id.as_bytes()).collect();
        let entry = Entry::new(EntryKind::ReadsImported, actor)
            .with_detail("file", file.as_str())
            .with_detail("format", format)
            .with_detail("offered", offered)
            .with_detail("stored", stored.reads)
            .with_detail("ids_digest", Digest::of(&ids).to_string());
        let entry = match stored.photographs {
            0 => entry,
            photographs => entry.with_detail("photographs", photographs),
        };
        let entry = entry.effecting(StateChanges { reads, ..StateChanges::default() });
        drop(self.agency.log.append(entry).await?);
        // From here on the database refers to them.
        drop(kept);
        Ok(stored)
    }
}
