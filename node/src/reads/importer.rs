//! Storing reads that come in, batch by batch, each with its entry.

use std::collections::HashSet;
use std::sync::Arc;

use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::read::ReadId;
use schemas::text::Text;
use schemas::time::Timestamp;
use tokio::sync::Mutex;

use super::places::Places;
pub use super::sorting::Counted;
use super::sorting::{Sorted, Times};
use super::telling::{Telling, Word, first};
use crate::context::{NodeContext, OwnKeys};
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::reads::{Import, ImportedReads, reads_imported};
use ingest::ImportedRead;
use registry::SourceName;
use store::photographs::Images;
use store::{Corrected, ReadStore};

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

/// Why who received a read is told that it is of another plate.
const READ_AGAIN: &str = "Its reader told the sighting again and is surer of this plate";

/// What those are told who received a read that its reader now tells of another plate.
fn words<'a>(better: &'a [Corrected], reason: &'a Text, at: Timestamp) -> Vec<Word<'a>> {
    let word = |one: &'a Corrected| {
        let (_, was) = one.was.first()?;
        let (version, _) = one.was.last()?;
        let now_is = &one.read;
        (was.plate != now_is.plate).then(|| Word {
            was,
            plate: Some(&now_is.plate),
            plate_state: now_is.plate_state,
            version: version.saturating_add(1),
            reason,
            at,
        })
    };
    better.iter().filter_map(word).collect()
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredBatch {
    /// How many of its records were what.
    pub counted: Counted,
    /// Photographs that came with them and are kept.
    pub photographs: usize,
    /// Cameras that are far from where they were, a sentence each.
    pub far: Vec<String>,
    /// Photographs that a read of the native format names and that are not here: the read is
    /// stored without them.
    pub absent: Vec<(ReadId, Digest)>,
}

/// Stores reads. Cheap to clone; one batch at a time, however many clones.
#[derive(Clone)]
pub struct Importer {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    photographs: Images,
    keys: OwnKeys,
    /// Held while a batch is stored: what is known to be new must stay new until then.
    one_batch: Arc<Mutex<Places>>,
}

impl Importer {
    /// That of a node.
    #[must_use]
    pub fn of(context: &NodeContext) -> Self {
        let NodeContext { agency, store, photographs, keys, .. } = context.clone();
        Self { agency, store, photographs, keys, one_batch: Arc::default() }
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
                Ok(self.agency.actor(&user, by))
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
    /// durable before. One of which all is known makes no entry.
    ///
    /// # Errors
    /// When the actor may not, the clock cannot be right, or it cannot be made durable.
    pub async fn store(
        &self,
        by: &ImportActor,
        file: &Text,
        format: &str,
        batch: Vec<ImportedRead>,
    ) -> Result<StoredBatch, ActError> {
        let mut places = self.one_batch.lock().await;
        let actor = self.actor(by)?;
        // By a wrong clock all would be past its retention, or ahead; whatever came in stays where it is.
        self.agency.log.clock_can_be_right()?;
        let offered = batch.len() as u64;
        let (state, now) = (self.agency.registry.state(), self.agency.clock.now());
        let kept = state.policy.as_ref().map(|policy| policy.retention.reads.cut_off());
        let times = Times { now, cut_off: kept.map(|kept| kept.cut_off(now)) };
        let seen = self.agency.log.counters().size;
        let mut sorted = Sorted::of(self.store.as_ref(), batch, times).await?;
        let counted = sorted.counted;
        // That reads past their retention came and were not taken is told, since nothing else will.
        if sorted.reads.new.is_empty() && sorted.reads.better.is_empty() && counted.past == 0 {
            return Ok(StoredBatch { counted, ..StoredBatch::default() });
        }
        let far = sorted.reads.new.iter().filter_map(|read| places.note(read)).collect();
        let photographs = std::mem::take(&mut sorted.photographs);
        let count = photographs.len();
        let kept = self.photographs.keep(photographs).await?;
        let absent = self.leave_out_absent(&mut sorted).await?;
        let (better, reason) =
            (sorted.reads.better.clone(), READ_AGAIN.parse().unwrap_or_default());
        let (agency, store) = (&self.agency, self.store.as_ref());
        let telling = Telling { agency, store, message_key: &self.keys.message_key(agency) };
        let words = words(&better, &reason, now);
        let letters = telling.letters(&words).await?;
        let import = Import {
            file: file.clone(),
            format: format.to_owned(),
            offered,
            stored: counted.new as u64,
            photographs: count as u64,
            merged: counted.merged as u64,
            differing: counted.differing as u64,
            ahead: counted.ahead as u64,
            past: counted.past as u64,
        };
        let told = first(&letters);
        let entry = reads_imported(seen, actor.clone(), import, sorted.reads, &told);
        drop(self.agency.log.append(entry).await?);
        telling.others(&actor, &words, &letters).await?;
        // From here on the database refers to them.
        drop(kept);
        Ok(StoredBatch { counted, photographs: count, far, absent })
    }

    /// A read never refers to a photograph that is not durable here: takes out those that are not.
    async fn leave_out_absent(
        &self,
        sorted: &mut Sorted,
    ) -> Result<Vec<(ReadId, Digest)>, ActError> {
        let Sorted { reads: ImportedReads { new, better }, given, .. } = sorted;
        let named = new.iter().chain(better.iter().map(|one| &one.read));
        let named = named.flat_map(|read| &read.images).map(|image| image.digest);
        let elsewhere: HashSet<_> = named.filter(|digest| !given.contains(digest)).collect();
        if elsewhere.is_empty() {
            return Ok(Vec::new());
        }
        let elsewhere: Vec<_> = elsewhere.into_iter().collect();
        let here: HashSet<_> =
            self.store.referenced_images(&elsewhere).await?.into_iter().collect();
        let present = |digest: &Digest| given.contains(digest) || here.contains(digest);
        let mut absent = Vec::new();
        for read in new.iter_mut().chain(better.iter_mut().map(|one| &mut one.read)) {
            let id = read.id;
            let gone = read.images.extract_if(.., |image| !present(&image.digest));
            absent.extend(gone.map(|image| (id, image.digest)));
        }
        Ok(absent)
    }
}
