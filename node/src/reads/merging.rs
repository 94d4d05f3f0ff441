//! What a record is to a read that is stored under its id: the same again, the same sighting told
//! better, an earlier reading of it, or a read of its own.
//!
//! Decides without looking anywhere. A sighting that its reader tells several times is one read, whose
//! reading is the one the reader is surest of, and of equals the later; whatever else was read of its
//! plate stays findable as an earlier reading beside it. In whichever order the records come, the same
//! reading holds in the end, and each record that comes again is known. What a person corrected no reader
//! changes.

use schemas::plate::Plate;
use schemas::read::{Read, ReadId, Vehicle};
use schemas::time::{MINUTE_MS, Timestamp};

/// How far apart two readings of one sighting are at most, in milliseconds.
const PASS_MS: u64 = (5 * MINUTE_MS).unsigned_abs();

/// What becomes of a record.
#[derive(Debug, PartialEq)]
pub(super) enum Fate {
    /// All that it says is known.
    Known,
    /// The stored read becomes this; what it was stays as a version.
    Better(Box<Read>),
    /// The stored read becomes the first, and what it read of the plate is stored as the second.
    Instead(Box<Read>, Box<Read>),
    /// It is stored beside the read, as an earlier reading of it.
    Earlier(Box<Read>),
    /// It is another sighting, though it has the same id.
    Other,
}

/// What `new` is to the `stored` read with its id.
pub(super) fn judge(stored: &Read, new: &Read) -> Fate {
    let (was, is) = (as_read(stored), as_read(new));
    if !one_sighting(stored, new, &was, &is) {
        return Fate::Other;
    }
    if was == is {
        let filled = filled(stored.clone(), new);
        return match filled == *stored {
            true => Fate::Known,
            false => Fate::Better(Box::new(Read { record: new.record, ..filled })),
        };
    }
    let corrected = was != stored.plate;
    if corrected || surer(stored, new) {
        return Fate::Earlier(Box::new(earlier(new.clone(), stored.id)));
    }
    let now = Read {
        id: stored.id,
        at: stored.at,
        reader_clock: stored.reader_clock,
        earlier_of: stored.earlier_of,
        ..new.clone()
    };
    let now = Read { record: new.record, ..filled(now, stored) };
    Fate::Instead(Box::new(now), Box::new(earlier(stored.clone(), stored.id)))
}

/// The id of a record that cannot have the one its source gave it: that of its own reading.
pub(super) fn own_id(read: &Read) -> Option<ReadId> {
    let vendor_id = read.vendor_id.as_ref()?;
    let sighting = ReadId::of_sighting(read.camera.as_str(), clock(read), &as_read(read));
    Some(ReadId::of_reading(&read.source.to_string(), vendor_id.as_str(), sighting))
}

fn earlier(read: Read, of: ReadId) -> Read {
    let id = own_id(&read).unwrap_or(read.id);
    Read { id, earlier_of: Some(of), ..read }
}

/// The plate as the reader read it, whatever a person made of it later.
fn as_read(read: &Read) -> Plate {
    let written = Plate::of_reader(read.plate_raw.as_str());
    written.map_or_else(|_| read.plate.clone(), |one| one.plate)
}

fn clock(read: &Read) -> Timestamp {
    read.reader_clock.unwrap_or(read.at)
}

/// Whether two records under one id can tell of one car before one camera.
fn one_sighting(stored: &Read, new: &Read, was: &Plate, is: &Plate) -> bool {
    stored.camera == new.camera
        && clock(stored).distance(clock(new)) <= PASS_MS
        // One record that names two plates saw two.
        && (was == is || (stored.record != new.record && alike(was, is)))
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

/// Whether the stored reading is the better one.
fn surer(stored: &Read, new: &Read) -> bool {
    let score = |read: &Read| read.confidence.map_or(-1.0, f64::from);
    let (was, is) = (score(stored), score(new));
    if was < 0.0 || is < 0.0 || was == is {
        return (clock(stored), stored.plate.as_str()) >= (clock(new), new.plate.as_str());
    }
    was > is
}

/// A read with what another record of the same sighting says beside.
fn filled(mut read: Read, from: &Read) -> Read {
    let surer = match (read.confidence, from.confidence) {
        (Some(is), Some(other)) if as_read(&read) == as_read(from) && other > is => Some(other),
        (None, other) if as_read(&read) == as_read(from) => other,
        (own, _) => own,
    };
    read.confidence = surer;
    read.plate_state = read.plate_state.or(from.plate_state);
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
