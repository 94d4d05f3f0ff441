//! The node's own format: JSON Lines of reads, as it exports them.
//!
//! Decides only whether a line's identity is its own. Never changes a field: what was exported is
//! imported unchanged, `record` (the digest of the vendor's record) included.

use schemas::image::MOST_IMAGES;
use schemas::plate::Plate;
use schemas::read::{Read, ReadId};

use crate::field::Fault;
use crate::imported_read::ImportedRead;
use crate::outcome::{Outcome, RecordSink};

pub(crate) fn read(body: &str, sink: &mut RecordSink<'_>) {
    sink.put("", one(body));
}

fn one(body: &str) -> Result<Outcome, Fault> {
    let read: Read = serde_json::from_str(body)?;
    // Whoever edits a plate or a time in an export must not pass it off under the old identity,
    // and a made-up identity must not keep a true read out as its duplicate.
    let at = read.reader_clock.unwrap_or(read.at);
    let written = Plate::of_reader(read.plate_raw.as_str());
    let written = written.map_or_else(|_| read.plate.clone(), |one| one.plate);
    let sighting = ReadId::of_sighting(read.camera.as_str(), at, &written);
    let vendor = read.vendor_id.as_ref().map(|of| (read.source.to_string(), of.as_str()));
    let (computed, other) = match &vendor {
        Some((source, id)) => {
            (ReadId::of_vendor_id(source, id), ReadId::of_reading(source, id, sighting))
        }
        None => (sighting, sighting),
    };
    if computed != read.id && other != read.id {
        let from = match &read.vendor_id {
            Some(_) => "source and vendor id",
            None => "camera, time and plate",
        };
        return Err(Fault::new(format_args!(
            "id `{}` is not this read's; expected `{computed}`, computed from its {from}",
            read.id
        )));
    }
    if read.images.len() > MOST_IMAGES {
        return Err(Fault::new(format_args!(
            "`images` names {} photographs; a read has at most {MOST_IMAGES}",
            read.images.len()
        )));
    }
    Ok(Outcome::Read(Box::new(ImportedRead::new(read))))
}
