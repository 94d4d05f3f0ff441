//! Axis License Plate Verifier push events.
//!
//! Decides which of an event's fields make a read. Every value is a text, also where it is a
//! number.
//!
//! Identity: the camera tells of one car several times, as `new`, `update` (when it reads the plate
//! otherwise) and `lost`, in words that differ between versions, with one `carID`; they are readings of
//! one car, of which the best counts. Since the number is the camera's own count, which starts again when
//! the camera does, the read's id is the camera's serial number, the day and the `carID`. The day
//! begins at 10:00 UTC, when it is night over all of California and the fewest cars stand before a
//! camera: one that does just then is stored twice.

use schemas::read::{Location, Vehicle};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::field::{Fault, Scalar, confidence};
use crate::note::{NoteKind, Notes};
use crate::outcome::{Outcome, RecordSink};
use crate::place::location;
use crate::reading::{Reading, camera_or_said, plate_text};

const SOURCE: &str = "axis";
/// How long after midnight UTC a day of `carID`s begins.
const DAY_BEGINS: i64 = 10 * 3_600_000;

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Payload<'a> {
    capture_timestamp: Scalar,
    /// The camera's own clock, such as `20260301 090405250`.
    datetime: Scalar,
    #[serde(rename = "plateUTF8")]
    plate_utf8: Scalar,
    #[serde(rename = "plateASCII")]
    plate_ascii: Scalar,
    #[serde(rename = "plateConfidence")]
    confidence: Scalar,
    #[serde(rename = "carID")]
    car_id: Scalar,
    #[serde(rename = "carMoveDirection")]
    direction: Scalar,
    #[serde(rename = "sensorProviderID")]
    sensor: Scalar,
    #[serde(borrow)]
    geotag: Option<&'a RawValue>,
    #[serde(borrow)]
    camera_info: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Geotag {
    lat: Scalar,
    lon: Scalar,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object", rename_all = "PascalCase")]
struct CameraInfo {
    serial_number: Scalar,
    #[serde(rename = "MACAddress")]
    mac_address: Scalar,
}

pub(crate) fn read(body: &str, sink: &mut RecordSink<'_>) {
    let outcome = event(body, sink);
    sink.put("", outcome);
}

fn event(body: &str, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    let body: Payload<'_> = serde_json::from_str(body)?;
    let Some(plate_raw) = plate(&body)? else {
        return Ok(Outcome::Empty("a car without a plate"));
    };
    let at = match body.capture_timestamp.is_nothing() {
        true => of_clock(&body.datetime, sink)?,
        false => body.capture_timestamp.millis("capture_timestamp")?,
    };
    let at = at.ok_or_else(|| Fault::missing("capture_timestamp"))?;
    let mut notes = Notes::default();
    let info: CameraInfo =
        body.camera_info.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    let camera = camera(&info, &body, sink, &mut notes);
    let car = notes.take(NoteKind::Id, body.car_id.said("carID"));
    let vendor_id = car.and_then(|car| format!("{camera}/{}/{car}", day(at)).parse().ok());
    let place = place(body.geotag);
    let reading = Reading {
        source: SOURCE,
        vendor_id,
        camera,
        at,
        plate_raw,
        // The country is all that the camera makes out.
        plate_state: None,
        location: notes.take(NoteKind::Place, place),
        direction: notes.take(NoteKind::Direction, body.direction.said("carMoveDirection")),
        confidence: notes
            .take(NoteKind::Confidence, confidence(&body.confidence, "plateConfidence", 1.0)),
        vehicle: Vehicle::default(),
        record: sink.record,
        notes,
    };
    Ok(Outcome::of(reading.into_read()?))
}

/// What the camera's clock showed, in the zone that was said for it.
fn of_clock(value: &Scalar, sink: &RecordSink<'_>) -> Result<Option<Timestamp>, Fault> {
    let Scalar::Text(text) = value else { return Ok(None) };
    let digits = |from: usize, end: usize| {
        text.get(from..end).filter(|part| part.bytes().all(|b| b.is_ascii_digit()))
    };
    let parts = [(0, 4), (4, 6), (6, 8), (9, 11), (11, 13), (13, 15), (15, 18)];
    let parts: Option<Vec<&str>> = parts.iter().map(|(from, end)| digits(*from, *end)).collect();
    let written = match parts.as_deref() {
        Some([year, month, day, hour, minute, second, millis]) if text.trim().len() == 18 => {
            format!("{year}-{month}-{day} {hour}:{minute}:{second}.{millis}")
        }
        _ => text.clone(),
    };
    Scalar::Text(written).instant("datetime", sink.options.zone.as_ref())
}

/// The plate in its own letters; in ASCII where it has others.
fn plate(body: &Payload<'_>) -> Result<Option<Text>, Fault> {
    let own = plate_text(&body.plate_utf8, "plateUTF8", &[])?;
    match own {
        Some(own) if own.as_str().is_ascii() => Ok(Some(own)),
        other => Ok(plate_text(&body.plate_ascii, "plateASCII", &[])?.or(other)),
    }
}

fn camera(info: &CameraInfo, body: &Payload<'_>, sink: &RecordSink<'_>, notes: &mut Notes) -> Text {
    for (value, field) in [
        (&info.serial_number, "camera_info.SerialNumber"),
        (&info.mac_address, "camera_info.MACAddress"),
    ] {
        if let Some(camera) = notes.take(NoteKind::Camera, value.said(field)) {
            return camera;
        }
    }
    if let Some(camera) = &sink.options.camera {
        return camera.clone();
    }
    camera_or_said(body.sensor.said("sensorProviderID"), sink, notes)
}

fn day(at: Timestamp) -> String {
    at.plus_millis(-DAY_BEGINS).day()
}

fn place(geotag: Option<&RawValue>) -> Result<Option<Location>, Fault> {
    let Some(raw) = geotag.filter(|raw| raw.get() != "null") else { return Ok(None) };
    let tag: Geotag = serde_json::from_str(raw.get())?;
    location((&tag.lat, "geotag.lat"), (&tag.lon, "geotag.lon"))
}

#[cfg(test)]
#[path = "axis_tests.rs"]
mod tests;
