//! What every format says of a reading, and the read made of it.

use schemas::agency::State;
use schemas::digest::Digest;
use schemas::plate::Plate;
use schemas::read::{Confidence, Location, Read, ReadId, Vehicle};
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::field::Fault;
use crate::imported_read::ImportedRead;

/// One reading, its values read.
pub(crate) struct Reading<'a> {
    pub(crate) source: &'a str,
    /// The source's own id, where it gives one: then that is the read's identity, else camera, time
    /// and raw plate are.
    pub(crate) vendor_id: Option<Text>,
    pub(crate) camera: Text,
    pub(crate) at: Timestamp,
    pub(crate) plate_raw: Text,
    pub(crate) plate_state: Option<State>,
    pub(crate) location: Option<Location>,
    pub(crate) direction: Option<Text>,
    pub(crate) confidence: Option<Confidence>,
    pub(crate) vehicle: Vehicle,
    pub(crate) record: Digest,
}

impl Reading<'_> {
    /// The read, without photographs yet.
    pub(crate) fn into_read(self) -> Result<ImportedRead, Fault> {
        let plate: Plate = self.plate_raw.as_str().parse()?;
        let id = match &self.vendor_id {
            Some(vendor_id) => ReadId::of_vendor_id(self.source, vendor_id.as_str()),
            None => ReadId::of_sighting(self.camera.as_str(), self.at, self.plate_raw.as_str()),
        };
        Ok(ImportedRead::new(Read {
            id,
            plate,
            plate_raw: self.plate_raw,
            plate_state: self.plate_state,
            at: self.at,
            camera: self.camera,
            location: self.location,
            direction: self.direction,
            confidence: self.confidence,
            vehicle: self.vehicle,
            source: self.source.parse()?,
            vendor_id: self.vendor_id,
            record: self.record,
            images: Vec::new(),
        }))
    }
}
