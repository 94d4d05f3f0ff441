//! A batch sorted into what is new, what tells a stored read better, and what is known.

use std::collections::{HashMap, HashSet};

use schemas::digest::Digest;
use schemas::read::{Read, ReadId};
use schemas::time::{CLOCK_BEHIND_MS, Timestamp};

use super::merging::{Fate, judge, own_id};
use crate::permission::ActError;
use audit_log::entries::reads::ImportedReads;
use ingest::ImportedRead;
use store::{Corrected, ReadStore};

/// By what time reads are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Now.
    pub now: Timestamp,
    /// Reads before this are past their retention.
    pub cut_off: Option<Timestamp>,
}

/// How many records of a batch were what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Reads that are new.
    pub new: usize,
    /// Records that tell a sighting better, or otherwise, that an earlier one told.
    pub merged: usize,
    /// Records that have an id of another read, and are reads of their own.
    pub differing: usize,
    /// Reads of readers whose clock is ahead: they count from when they came in.
    pub ahead: usize,
    /// Reads past their retention, which are not taken.
    pub past: usize,
}

/// A sorted batch.
#[derive(Default)]
pub(super) struct Sorted {
    pub reads: ImportedReads,
    pub counted: Counted,
    pub photographs: Vec<(Digest, Vec<u8>)>,
    /// Digests of the photographs that came with it.
    pub given: HashSet<Digest>,
}

/// A read that the batch or the store holds.
struct Held {
    read: Read,
    version: u32,
    was: Vec<(u32, Read)>,
    fresh: bool,
}

impl Sorted {
    /// Sorts a batch by what `store` holds.
    pub(super) async fn of(
        store: &dyn ReadStore,
        batch: Vec<ImportedRead>,
        times: Times,
    ) -> Result<Self, ActError> {
        let ids: Vec<ReadId> = batch.iter().map(|one| one.read.id).collect();
        let known: HashSet<ReadId> = store.known_reads(&ids).await?.into_iter().collect();
        let mut seen = HashSet::with_capacity(batch.len());
        let again =
            batch.iter().filter(|one| !seen.insert(one.read.id) || known.contains(&one.read.id));
        let own = again.filter_map(|one| own_id(&one.read));
        let wanted: Vec<ReadId> = known.iter().copied().chain(own).collect();
        let mut sorting =
            Sorting { times, held: HashMap::new(), order: Vec::new(), sorted: Self::default() };
        if !wanted.is_empty() {
            for (read, version) in store.own_reads(&wanted).await? {
                sorting.held.insert(read.id, Held { read, version, was: Vec::new(), fresh: false });
            }
        }
        for ImportedRead { read, photographs, .. } in batch {
            if sorting.take(read) {
                sorting.keep(photographs);
            }
        }
        Ok(sorting.end())
    }
}

struct Sorting {
    times: Times,
    held: HashMap<ReadId, Held>,
    /// New reads, in the order in which they came.
    order: Vec<ReadId>,
    sorted: Sorted,
}

impl Sorting {
    /// Sorts one record in; whether it says anything that is not known.
    fn take(&mut self, read: Read) -> bool {
        let id = read.id;
        if !self.held.contains_key(&id) {
            return self.add(read);
        }
        let own = own_id(&read);
        // Its own reading may be stored beside the read that has its id.
        let at = own.filter(|own| self.held.contains_key(own)).unwrap_or(id);
        let Some(held) = self.held.get_mut(&at) else { return false };
        let read = Read { id: at, earlier_of: held.read.earlier_of, ..read };
        match judge(&held.read, &read) {
            Fate::Known => false,
            Fate::Better(now) => {
                self.sorted.counted.merged += 1;
                held.becomes(*now);
                true
            }
            Fate::Instead(now, earlier) => {
                self.sorted.counted.merged += 1;
                held.becomes(*now);
                self.put(*earlier);
                true
            }
            Fate::Earlier(earlier) => {
                self.sorted.counted.merged += 1;
                held.was_also_read(earlier.as_ref().clone());
                self.put(*earlier);
                true
            }
            Fate::Other => match own.filter(|own| *own != at) {
                None => false,
                Some(own) => {
                    self.sorted.counted.differing += 1;
                    self.add(Read { id: own, ..read })
                }
            },
        }
    }

    /// A read that is new, unless it is past its retention.
    fn add(&mut self, mut read: Read) -> bool {
        let Times { now, cut_off } = self.times;
        if cut_off.is_some_and(|cut_off| read.at < cut_off) {
            self.sorted.counted.past += 1;
            return false;
        }
        if read.at > now.plus_millis(CLOCK_BEHIND_MS) {
            // By its reader's clock nobody would find it, and it would outlive its retention.
            read.reader_clock = Some(read.reader_clock.unwrap_or(read.at));
            read.at = now;
            self.sorted.counted.ahead += 1;
        }
        self.sorted.counted.new += 1;
        self.put(read);
        true
    }

    fn put(&mut self, read: Read) {
        self.order.push(read.id);
        self.held.insert(read.id, Held { read, version: 1, was: Vec::new(), fresh: true });
    }

    fn keep(&mut self, photographs: Vec<Vec<u8>>) {
        for bytes in photographs {
            let digest = Digest::of(&bytes);
            if self.sorted.given.insert(digest) {
                self.sorted.photographs.push((digest, bytes));
            }
        }
    }

    fn end(mut self) -> Sorted {
        let changed = |held: &Held| !held.was.is_empty();
        let mut sorted = self.sorted;
        for id in self.order {
            if let Some(held) = self.held.get(&id).filter(|held| held.fresh) {
                sorted.reads.new.push(held.read.clone());
            }
        }
        let mut better: Vec<Held> =
            self.held.drain().map(|(_, held)| held).filter(changed).collect();
        better.sort_unstable_by_key(|held| held.read.id);
        sorted.reads.better =
            better.into_iter().map(|held| Corrected { read: held.read, was: held.was }).collect();
        sorted
    }
}

impl Held {
    /// A reading that never held is a version too: whoever keeps the read for it finds it there.
    fn was_also_read(&mut self, reading: Read) {
        let reading = Read { id: self.read.id, earlier_of: self.read.earlier_of, ..reading };
        self.was.push((self.version, reading));
        self.version = self.version.saturating_add(1);
    }

    fn becomes(&mut self, now: Read) {
        let was = std::mem::replace(&mut self.read, now);
        self.was.push((self.version, was));
        self.version = self.version.saturating_add(1);
    }
}
