//! The node's own format: JSON Lines of reads, as it exports them.
//!
//! Decides only whether a line's identity is its own. What was exported is imported unchanged, `record`
//! (the digest of the vendor's record) included; but what a read is to others under its source's id,
//! an earlier reading or one of its own, the node that imports it decides anew.

use schemas::image::MOST_IMAGES;
use schemas::read::{Read, ReadId};

use crate::field::Fault;
use crate::imported_read::ImportedRead;
use crate::outcome::{Outcome, RecordSink};

pub(crate) fn read(body: &str, sink: &mut RecordSink<'_>) {
    sink.put("", one(body));
}

fn one(body: &str) -> Result<Outcome, Fault> {
    let mut read: Read = serde_json::from_str(body)?;
    // Whoever edits a plate or a time in an export must not pass it off under the old identity,
    // and a made-up identity must not keep a true read out as its duplicate.
    let (first, own) = (read.first_id(), read.own_id());
    let earlier = read.earlier_of.map(|better| ReadId::of_earlier(better, &read.plate_as_read()));
    let its_own = match earlier {
        Some(earlier) => read.id == earlier,
        None => read.id == first || own == Some(read.id),
    };
    if !its_own {
        let (expected, from) = match (earlier, &read.vendor_id) {
            (Some(earlier), _) => (earlier, "`earlier_of` and plate"),
            (None, Some(_)) => (first, "source and vendor id"),
            (None, None) => (first, "camera, time and plate"),
        };
        return Err(Fault::new(format_args!(
            "id `{}` is not this read's; expected `{expected}`, computed from its {from}",
            read.id
        )));
    }
    // What it is to other reads is decided where it is stored, by those that are stored there.
    read.id = first;
    read.earlier_of = None;
    if read.images.len() > MOST_IMAGES {
        return Err(Fault::new(format_args!(
            "`images` names {} photographs; a read has at most {MOST_IMAGES}",
            read.images.len()
        )));
    }
    Ok(Outcome::Read(Box::new(ImportedRead::new(read))))
}
