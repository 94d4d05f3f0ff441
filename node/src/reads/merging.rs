//! What a record makes of the read that is stored under its id: nothing, the same sighting told better,
//! an earlier reading beside it, or a read of its own.
//!
//! Decides without looking anywhere. A sighting that its reader tells several times is one read, whose
//! reading is the one the reader is surest of, and of equals the one it came to later; whatever else was
//! read of its plate stays findable as an earlier reading beside it, one for each plate. In whichever
//! order the records come, and in however many batches, the same reading holds in the end, since of each
//! is kept how sure its surest telling was and when its first one was; and each record that comes again
//! is known. Where two tellings differ in what is beside the plate, the first that came stays. What a
//! person corrected no reader changes, neither plate nor state.

use std::cmp::Ordering;

use schemas::plate::Plate;
use schemas::read::{Read, ReadId, Vehicle};
use schemas::time::MINUTE_MS;

/// How far apart two readings of one sighting are at most, in milliseconds.
const PASS_MS: u64 = (5 * MINUTE_MS).unsigned_abs();

/// A read that is stored, or that the batch stores.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    pub read: &'a Read,
    /// Whether a person corrected it.
    pub corrected: bool,
}

/// A sighting once a record of it is taken in: reads as they are from then on, whether that changes them
/// or not.
#[derive(Debug, PartialEq)]
pub(super) struct Sighting {
    /// The read that holds.
    pub holds: Read,
    /// Earlier readings beside it that the record is about.
    pub earlier: Vec<Read>,
}

/// What `new` makes of the sighting whose read is `holder` and whose earlier readings are `earlier`.
/// `alone` is whether the record of `new` names no other plate. `None` where it is another sighting, though
/// it has the same id.
pub(super) fn tell(
    holder: Stored<'_>,
    earlier: &[Stored<'_>],
    new: &Read,
    alone: bool,
) -> Option<Sighting> {
    let Stored { read, corrected } = holder;
    let (was, is) = (read.plate_as_read(), new.plate_as_read());
    if !one_sighting(read, new, alone, &was, &is) {
        return None;
    }
    let known = |plate: &Plate| {
        let id = ReadId::of_earlier(read.id, plate);
        (id, earlier.iter().find(|one| one.read.id == id))
    };
    let beside = |plate: &Plate, told: &Read| match known(plate) {
        (_, Some(known)) => told_again(*known, told),
        (id, None) => Read { id, earlier_of: Some(read.id), ..told.clone() },
    };
    let (holds, told) = if was == is {
        (told_again(holder, new), None)
    } else {
        (filled(holder, new), Some(beside(&is, new)))
    };
    // A reading that was told earlier than was known may hold no longer.
    let others = earlier.iter().filter(|one| !by_person(**one)).map(|one| one.read);
    let others = others.filter(|one| {
        let plate = one.plate_as_read();
        plate != was && told.as_ref().is_none_or(|_| plate != is)
    });
    let told_by_reader = told.iter().filter(|_| known(&is).1.is_none_or(|one| !by_person(*one)));
    let best = others.chain(told_by_reader).max_by(|one, other| by_how_sure(one, other));
    let better = best.filter(|best| !by_person(holder) && by_how_sure(best, &holds).is_gt());
    let Some(better) = better else {
        return Some(Sighting { holds, earlier: told.into_iter().collect() });
    };
    let before = beside(&was, if told.is_some() { read } else { &holds });
    let better = Read { id: read.id, earlier_of: read.earlier_of, ..better.clone() };
    let holds = filled(Stored { read: &better, corrected }, &holds);
    // What was an earlier reading before stays one: somebody may have received it.
    let told = told.filter(|told| earlier.iter().any(|one| one.read.id == told.id));
    Some(Sighting { holds, earlier: [before].into_iter().chain(told).collect() })
}

/// Whether a person made of a read what no reader may change.
fn by_person(stored: Stored<'_>) -> bool {
    stored.corrected || stored.read.plate != stored.read.plate_as_read()
}

/// Whether two records under one id can tell of one car before one camera.
fn one_sighting(stored: &Read, new: &Read, alone: bool, was: &Plate, is: &Plate) -> bool {
    stored.camera == new.camera
        && stored.clock().distance(new.clock()) <= PASS_MS
        // One record that names two plates saw two.
        && (was == is || (alone && stored.record != new.record && alike(was, is)))
}

/// Whether a reader may have made one plate of the other: two characters differ at most, and no more than
/// a third of them, or one is the other's beginning or end.
fn alike(one: &Plate, other: &Plate) -> bool {
    let (one, other) = (one.as_str().as_bytes(), other.as_str().as_bytes());
    let longer = one.len().max(other.len());
    let differ = distance(one, other);
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let part = short.len() >= 3 && (long.starts_with(short) || long.ends_with(short));
    part || (differ <= 2 && differ.saturating_mul(3) <= longer)
}

/// How many characters must be changed, put in or taken out.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (n, a) in one.iter().enumerate() {
        let mut row = vec![n.saturating_add(1)];
        for ((b, diagonal), up) in other.iter().zip(&above).zip(above.iter().skip(1)) {
            let left = row.last().copied().unwrap_or_default();
            let changed = (*diagonal).min(left).min(*up).saturating_add(1);
            row.push(if a == b { *diagonal } else { changed });
        }
        above = row;
    }
    above.last().copied().unwrap_or_default()
}

/// Which of two readings of a sighting is the better one: the surer one; of equals the one that the reader
/// came to later. One that does not say how sure it is is less sure than any that does.
fn by_how_sure(one: &Read, other: &Read) -> Ordering {
    let sure = |read: &Read| read.confidence.map_or(-1.0, f64::from);
    let rest = |read: &Read| (read.clock(), read.plate_as_read().as_str().to_owned());
    sure(one).total_cmp(&sure(other)).then_with(|| rest(one).cmp(&rest(other)))
}

/// A reading that `new` tells again: as sure as the surest telling of it, and as early as the first.
fn told_again(stored: Stored<'_>, new: &Read) -> Read {
    let mut read = filled(stored, new);
    read.confidence = match (read.confidence, new.confidence) {
        (Some(is), Some(other)) if other > is => Some(other),
        (None, other) => other,
        (own, _) => own,
    };
    if new.clock() < read.clock() {
        // By a clock that is ahead it counts from when the first of its tellings came in.
        read.at = if new.reader_clock.is_some() { read.at.min(new.at) } else { new.at };
        read.reader_clock = new.reader_clock;
    }
    if read != *stored.read {
        read.record = new.record;
    }
    read
}

/// A read with what another record of the same sighting says beside.
fn filled(stored: Stored<'_>, from: &Read) -> Read {
    let mut read = stored.read.clone();
    if !by_person(stored) {
        read.plate_state = read.plate_state.or(from.plate_state);
    }
    read.location = read.location.or(from.location);
    read.direction = read.direction.or_else(|| from.direction.clone());
    let Vehicle { make, model, color, body, year } = &from.vehicle;
    let own = &mut read.vehicle;
    for (own, other) in [
        (&mut own.make, make),
        (&mut own.model, model),
        (&mut own.color, color),
        (&mut own.body, body),
        (&mut own.year, year),
    ] {
        if own.is_none() {
            own.clone_from(other);
        }
    }
    for image in &from.images {
        let known = read.images.iter().any(|one| one.digest == image.digest);
        if !known && read.images.len() < schemas::image::MOST_IMAGES {
            read.images.push(image.clone());
        }
    }
    read
}

#[cfg(test)]
#[path = "merging_tests.rs"]
mod tests;
