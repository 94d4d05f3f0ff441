//! Hikvision ISAPI alerts (`EventNotificationAlert`), whatever their namespace.
//!
//! Decides which of an alert's elements make a read. Identity is the alert's `UUID`; without one,
//! camera, time and plate. Never takes an alert of another kind for a read. `country` is a number
//! of the maker's and names no state; makes and models are numbers too and are left out.

use schemas::read::{Location, Vehicle};
use schemas::text::Text;

use crate::field::{Fault, Scalar, confidence};
use crate::note::{NoteKind, Notes};
use crate::outcome::{Outcome, RecordSink};
use crate::place;
use crate::reading::{Reading, camera_or_said, described, plate_text};
use crate::xml::Element;

const SOURCE: &str = "hikvision";

pub(crate) fn read(tree: &Element, sink: &mut RecordSink<'_>) {
    let outcome = alert(tree, sink);
    sink.put("", outcome);
}

fn alert(tree: &Element, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    match tree.scalar("eventType") {
        Scalar::Text(kind) if kind.eq_ignore_ascii_case("ANPR") => {}
        Scalar::Text(_) => return Ok(Outcome::Empty("an alert of another kind")),
        _ => return Err(Fault::missing("eventType")),
    }
    let seen = tree.child("ANPR").ok_or_else(|| Fault::missing("ANPR"))?;
    let own = plate_text(&seen.scalar("licensePlate"), "licensePlate", &NO_PLATE)?;
    let original =
        || plate_text(&seen.scalar("originalLicensePlate"), "originalLicensePlate", &NO_PLATE);
    let Some(plate_raw) = own.map_or_else(original, |own| Ok(Some(own)))? else {
        return Ok(Outcome::Empty("a vehicle without a plate"));
    };
    let at = tree.scalar("dateTime").instant("dateTime", sink.options.zone.as_ref())?;
    let mut notes = Notes::default();
    let score = seen.scalar("confidenceLevel");
    let place = place_of(tree);
    let reading = Reading {
        source: SOURCE,
        vendor_id: notes.take(NoteKind::Id, tree.scalar("UUID").said("UUID")),
        camera: camera(tree, sink, &mut notes),
        at: at.ok_or_else(|| Fault::missing("dateTime"))?,
        plate_raw,
        plate_state: None,
        location: notes.take(NoteKind::Place, place),
        direction: notes.take(NoteKind::Direction, seen.scalar("direction").said("direction")),
        confidence: notes.take(NoteKind::Confidence, confidence(&score, "confidenceLevel", 100.0)),
        vehicle: Vehicle {
            make: None,
            model: None,
            color: described(&seen.scalar("vehicleInfo/color"), "color", &mut notes),
            body: described(&seen.scalar("vehicleType"), "vehicleType", &mut notes),
            year: None,
        },
        record: sink.record,
        notes,
    };
    Ok(Outcome::of(reading.into_read()?))
}

/// What the camera writes for a vehicle without a plate.
const NO_PLATE: [&str; 5] =
    ["unknown", "noPlate", "no plate", "\u{65E0}\u{8F66}\u{724C}", "unlicensed"];

/// The device's hardware address and the name that its camera was given, which on many devices is the
/// one that they were shipped with; without a name, the channel.
fn camera(tree: &Element, sink: &RecordSink<'_>, notes: &mut Notes) -> Text {
    let mut said = |field: &str| notes.take(NoteKind::Camera, tree.scalar(field).said(field));
    let name = said("channelName").or_else(|| said("channelID"));
    let device = said("macAddress").or_else(|| said("ipAddress"));
    let joined = match (device, name) {
        (Some(device), Some(name)) => format!("{device}/{name}").parse().ok(),
        (device, name) => device.or(name),
    };
    camera_or_said(Ok(joined), sink, notes)
}

/// Degrees, minutes and seconds.
fn place_of(tree: &Element) -> Result<Option<Location>, Fault> {
    let Some(device) = tree.child("DeviceGPSInfo") else { return Ok(None) };
    let one = |axis: &str, kind: &str, negative: &str| -> Result<Option<f64>, Fault> {
        let Some(angle) = device.child(axis) else { return Ok(None) };
        let mut degrees = 0.0;
        for (part, share) in [("degree", 1.0), ("minute", 60.0), ("sec", 3_600.0)] {
            let value = angle.scalar(part).number(part)?;
            degrees += value.unwrap_or_default() / share;
        }
        let turned = matches!(device.scalar(kind), Scalar::Text(side) if side == negative);
        Ok(Some(if turned { -degrees } else { degrees }))
    };
    match (one("Latitude", "latitudeType", "S")?, one("Longitude", "longitudeType", "W")?) {
        (Some(latitude), Some(longitude)) => place::at(latitude, longitude),
        _ => Ok(None),
    }
}

#[cfg(test)]
#[path = "hikvision_tests.rs"]
mod tests;
