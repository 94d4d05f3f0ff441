//! Hikvision ISAPI alerts (`EventNotificationAlert`), whatever their namespace.
//!
//! Decides which of an alert's elements make a read. Identity is the alert's `UUID`; without one,
//! camera, time and plate. Never takes an alert of another kind for a read. `country` is a number
//! of the maker's and names no state; makes and models are numbers too and are left out.

use schemas::read::{Location, Vehicle};
use schemas::text::Text;

use crate::field::{Fault, Scalar, confidence};
use crate::outcome::{Outcome, RecordSink};
use crate::reading::Reading;
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
    let plate_raw = match plate(seen, "licensePlate")? {
        Some(plate) => plate,
        None => match plate(seen, "originalLicensePlate")? {
            Some(plate) => plate,
            None => return Ok(Outcome::Empty("a vehicle without a plate")),
        },
    };
    let at = tree.scalar("dateTime").instant("dateTime")?;
    let score = seen.scalar("confidenceLevel").loosened();
    let reading = Reading {
        source: SOURCE,
        vendor_id: tree.scalar("UUID").text("UUID")?,
        camera: camera(tree, sink)?,
        at: at.ok_or_else(|| Fault::missing("dateTime"))?,
        plate_raw,
        plate_state: None,
        location: place(tree)?,
        direction: said(seen, "direction"),
        confidence: confidence(&score, "confidenceLevel", 100.0)?,
        vehicle: Vehicle {
            make: None,
            model: None,
            color: said(seen, "vehicleInfo/color"),
            body: said(seen, "vehicleType"),
            year: None,
        },
        record: sink.record,
    };
    Ok(Outcome::Read(Box::new(reading.into_read()?)))
}

/// A plate, unless the camera says in words that it has none.
fn plate(seen: &Element, field: &str) -> Result<Option<Text>, Fault> {
    let plate = seen.scalar(field).text(field)?;
    let none = |plate: &Text| {
        ["unknown", "noPlate", "no plate"].iter().any(|w| plate.as_str().eq_ignore_ascii_case(w))
    };
    Ok(plate.filter(|plate| !none(plate)))
}

/// A word of a description; `unknown` says as much as nothing.
fn said(seen: &Element, path: &str) -> Option<Text> {
    seen.scalar(path).text_if_any().filter(|word| word.as_str() != "unknown")
}

/// The name that the camera was given; without one, its hardware address and channel.
fn camera(tree: &Element, sink: &RecordSink<'_>) -> Result<Text, Fault> {
    if let Some(name) = tree.scalar("channelName").text("channelName")? {
        return Ok(name);
    }
    let channel = tree.scalar("channelID").text("channelID")?;
    match (tree.scalar("macAddress").text("macAddress")?, channel, sink.camera) {
        (_, _, Some(camera)) => Ok(camera.clone()),
        (Some(address), Some(channel), None) => Ok(format!("{address}/{channel}").parse()?),
        (Some(address), None, None) => Ok(address),
        (None, _, None) => Err(Fault::missing("channelName")),
    }
}

/// Degrees, minutes and seconds. All zero means that the camera knows no place.
fn place(tree: &Element) -> Result<Option<Location>, Fault> {
    let Some(device) = tree.child("DeviceGPSInfo") else { return Ok(None) };
    let one = |axis: &str, kind: &str, negative: &str| -> Result<Option<f64>, Fault> {
        let Some(angle) = device.child(axis) else { return Ok(None) };
        let mut degrees = 0.0;
        for (part, share) in [("degree", 1.0), ("minute", 60.0), ("sec", 3_600.0)] {
            let value = angle.scalar(part).loosened().number(part)?;
            degrees += value.unwrap_or_default() / share;
        }
        let turned = matches!(device.scalar(kind), Scalar::Text(side) if side == negative);
        Ok(Some(if turned { -degrees } else { degrees }))
    };
    match (one("Latitude", "latitudeType", "S")?, one("Longitude", "longitudeType", "W")?) {
        (Some(latitude), Some(longitude)) => Ok(Location::new(latitude, longitude)?),
        _ => Ok(None),
    }
}

#[cfg(test)]
#[path = "hikvision_tests.rs"]
mod tests;
