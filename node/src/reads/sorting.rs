//! A batch sorted into what is new, what tells a stored read better, and what is known.

use std::collections::{HashMap, HashSet};

use schemas::digest::Digest;
use schemas::plate::Plate;
use schemas::read::{Read, ReadId};
use schemas::time::{CLOCK_BEHIND_MS, Timestamp};

use super::merging::{Sighting, Stored, tell};
use crate::permission::ActError;
use audit_log::entries::reads::ImportedReads;
use ingest::ImportedRead;
use store::{Corrected, OwnRead, ReadStore};

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
    corrected: bool,
    withdrawn: bool,
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
        let mut records: HashMap<ReadId, usize> = HashMap::with_capacity(batch.len());
        for id in &ids {
            *records.entry(*id).or_default() += 1;
        }
        let (mut wanted, mut again) = (known.clone(), known);
        let mut plates: HashMap<(ReadId, Digest), HashSet<Plate>> = HashMap::new();
        for ImportedRead { read, .. } in &batch {
            if records.get(&read.id).is_some_and(|records| *records > 1) {
                again.insert(read.id);
                let plates = plates.entry((read.id, read.record)).or_default();
                plates.insert(read.plate_as_read());
            }
            if again.contains(&read.id) {
                wanted.extend(read.own_id());
            }
        }
        let mut sorting = Sorting {
            times,
            held: HashMap::new(),
            earlier: HashMap::new(),
            order: Vec::new(),
            several: plates
                .into_iter()
                .filter_map(|(of, plates)| (plates.len() > 1).then_some(of))
                .collect(),
            sorted: Self::default(),
        };
        if !again.is_empty() {
            let (wanted, again) = (Vec::from_iter(wanted), Vec::from_iter(again));
            let reads = store.own_reads(&wanted).await?.into_iter();
            // Those of a read that is not stored any more, too.
            for read in reads.chain(store.earlier_readings(&again).await?) {
                let OwnRead { read, version, corrected, withdrawn, .. } = read;
                let (withdrawn, was) = (withdrawn.is_some(), Vec::new());
                sorting.hold(Held { read, version, corrected, withdrawn, was, fresh: false });
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
    /// Earlier readings that are held, by the read that holds.
    earlier: HashMap<ReadId, Vec<ReadId>>,
    /// New reads, in the order in which they came.
    order: Vec<ReadId>,
    /// Ids under which one record names several plates.
    several: HashSet<(ReadId, Digest)>,
    sorted: Sorted,
}

impl Sorting {
    fn hold(&mut self, held: Held) {
        if let Some(better) = held.read.earlier_of {
            let readings = self.earlier.entry(better).or_default();
            if !readings.contains(&held.read.id) {
                readings.push(held.read.id);
            }
        }
        self.held.insert(held.read.id, held);
    }

    /// Sorts one record in; whether it says anything that is not known.
    fn take(&mut self, mut read: Read) -> bool {
        let Times { now, cut_off } = self.times;
        if cut_off.is_some_and(|cut_off| read.at < cut_off) {
            self.sorted.counted.past += 1;
            return false;
        }
        let ahead = read.at > now.plus_millis(CLOCK_BEHIND_MS);
        if ahead {
            // By its reader's clock nobody would find it, and it would outlive its retention.
            read.reader_clock = Some(read.clock());
            read.at = now;
        }
        let says_more = self.sort(read);
        if ahead && says_more {
            self.sorted.counted.ahead += 1;
        }
        says_more
    }

    fn sort(&mut self, read: Read) -> bool {
        let first = read.id;
        let own = read.own_id();
        // Its own reading may be stored beside the read that has its id.
        let at = own.filter(|own| self.held.contains_key(own)).unwrap_or(first);
        let Some(holder) = self.held.get(&at) else {
            self.sorted.counted.new += 1;
            self.put(read);
            return true;
        };
        // What was withdrawn does not come back because it is sent again.
        if holder.withdrawn {
            return false;
        }
        let alone = !self.several.contains(&(first, read.record));
        let readings = self.earlier.get(&at).into_iter().flatten();
        let readings = readings.filter_map(|id| self.held.get(id)).map(Held::stored);
        let readings: Vec<Stored<'_>> = readings.collect();
        let told = tell(holder.stored(), &readings, &read, alone);
        let Some(Sighting { holds, earlier }) = told else {
            let Some(own) = own.filter(|own| *own != at) else { return false };
            self.sorted.counted.differing += 1;
            self.sorted.counted.new += 1;
            self.put(Read { id: own, ..read });
            return true;
        };
        let mut says_more = false;
        for read in [holds].into_iter().chain(earlier) {
            match self.held.get_mut(&read.id) {
                Some(held) if held.read == read || held.withdrawn => continue,
                Some(held) => held.becomes(read),
                None => self.put(read),
            }
            says_more = true;
        }
        if says_more {
            self.sorted.counted.merged += 1;
        }
        says_more
    }

    fn put(&mut self, read: Read) {
        self.order.push(read.id);
        self.hold(Held {
            read,
            version: 1,
            corrected: false,
            withdrawn: false,
            was: Vec::new(),
            fresh: true,
        });
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
        sorted.reads.better = better
            .into_iter()
            .map(|held| Corrected { read: held.read, was: held.was, withdrawn: false })
            .collect();
        sorted
    }
}

impl Held {
    const fn stored(&self) -> Stored<'_> {
        Stored { read: &self.read, corrected: self.corrected }
    }

    fn becomes(&mut self, now: Read) {
        let was = std::mem::replace(&mut self.read, now);
        self.was.push((self.version, was));
        self.version = self.version.saturating_add(1);
    }
}
