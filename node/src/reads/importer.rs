//! Storing reads that come in, batch by batch, each with its entry.

use std::collections::HashSet;
use std::sync::Arc;

use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::read::{Read, ReadId};
use schemas::text::Text;
use tokio::sync::Mutex;

use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::reads::{Import, reads_imported};
use ingest::ImportedRead;
use registry::SourceName;
use store::ReadStore;
use store::photographs::Images;

/// Most reads of one durable batch.
pub const BATCH: usize = 2_000;
/// Bytes of photographs after which a batch is full.
pub const BATCH_BYTES: usize = 32 * 1_024 * 1_024;

/// Who imports reads.
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
pub struct StoredBatch {
    /// Reads that were new and are stored.
    pub reads: usize,
    /// Photographs that came with them and are kept.
    pub photographs: usize,
    /// Photographs that a read of the native format names and that are not here: the read is
    /// stored without them.
    pub absent: Vec<(ReadId, Digest)>,
}

/// The new reads of a batch, with the photographs that came with them.
#[derive(Default)]
struct NewReads {
    reads: Vec<Read>,
    photographs: Vec<(Digest, Vec<u8>)>,
    /// Digests of the photographs that came with them.
    given: HashSet<Digest>,
}

/// Stores reads. Cheap to clone; one batch at a time, however many clones.
#[derive(Clone)]
pub struct Importer {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    photographs: Images,
    /// Held while a batch is stored: what is known to be new must stay new until then.
    one_batch: Arc<Mutex<()>>,
}

impl Importer {
    /// That of `agency`, whose database is `store`.
    #[must_use]
    pub fn new(agency: OwnAgency, store: Arc<dyn ReadStore>, photographs: Images) -> Self {
        Self { agency, store, photographs, one_batch: Arc::default() }
    }

    /// Who imports reads, as the actor of their entry, if they may at this moment.
    ///
    /// # Errors
    /// When they may not.
    pub fn actor(&self, by: &ImportActor) -> Result<Actor, ActError> {
        let (state, now) = (self.agency.registry.state(), self.agency.clock.now());
        match by {
            ImportActor::User(by) => {
                let user = authorize(&state, by, Permission::Collect, now)?;
                Ok(self.agency.actor(user, by))
            }
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
    pub async fn store(
        &self,
        by: &ImportActor,
        file: &Text,
        format: &str,
        batch: Vec<ImportedRead>,
    ) -> Result<StoredBatch, ActError> {
        let _one_batch = self.one_batch.lock().await;
        let actor = self.actor(by)?;
        let offered = batch.len() as u64;
        let mut new = self.new_reads(batch).await?;
        if new.reads.is_empty() {
            return Ok(StoredBatch::default());
        }
        let photographs = std::mem::take(&mut new.photographs);
        let mut stored = StoredBatch {
            reads: new.reads.len(),
            photographs: photographs.len(),
            absent: Vec::new(),
        };
        let kept = self.photographs.keep(photographs).await?;
        stored.absent = self.leave_out_absent(&mut new).await?;
        let import = Import {
            file: file.clone(),
            format: format.to_owned(),
            offered,
            photographs: stored.photographs as u64,
        };
        drop(self.agency.log.append(reads_imported(actor, import, new.reads)).await?);
        // From here on the database refers to them.
        drop(kept);
        Ok(stored)
    }

    /// Those of `batch` that are not stored yet, each once.
    async fn new_reads(&self, batch: Vec<ImportedRead>) -> Result<NewReads, ActError> {
        let ids: Vec<_> = batch.iter().map(|one| one.read.id).collect();
        let mut seen: HashSet<_> = self.store.known_reads(&ids).await?.into_iter().collect();
        let mut new = NewReads::default();
        for ImportedRead { read, photographs, .. } in batch {
            if !seen.insert(read.id) {
                continue;
            }
            for bytes in photographs {
                let digest = Digest::of(&bytes);
                if new.given.insert(digest) {
                    new.photographs.push((digest, bytes));
                }
            }
            new.reads.push(read);
        }
        Ok(new)
    }

    /// A read never refers to a photograph that is not durable here: takes out those that are not.
    async fn leave_out_absent(
        &self,
        new: &mut NewReads,
    ) -> Result<Vec<(ReadId, Digest)>, ActError> {
        let named = new.reads.iter().flat_map(|read| &read.images).map(|image| image.digest);
        let elsewhere: HashSet<_> = named.filter(|digest| !new.given.contains(digest)).collect();
        if elsewhere.is_empty() {
            return Ok(Vec::new());
        }
        let elsewhere: Vec<_> = elsewhere.into_iter().collect();
        let here: HashSet<_> =
            self.store.referenced_images(&elsewhere).await?.into_iter().collect();
        let present = |digest: &Digest| new.given.contains(digest) || here.contains(digest);
        let mut absent = Vec::new();
        for read in &mut new.reads {
            let id = read.id;
            let gone = read.images.extract_if(.., |image| !present(&image.digest));
            absent.extend(gone.map(|image| (id, image.digest)));
        }
        Ok(absent)
    }
}
