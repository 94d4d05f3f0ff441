//! Axis License Plate Verifier push events.
//!
//! Decides which of an event's fields make a read. Every value is a text, also where it is a
//! number.
//!
//! Identity: the camera tells of one car up to three times, as `new`, `update` and `lost`, with one
//! `carID`; they are one read. Since the number is the camera's own count, which starts again when
//! the camera does, the read's id is the camera's serial number, the day and the `carID`. The day
//! begins at 10:00 UTC, when it is night over all of California and the fewest cars stand before a
//! camera: one that does just then is stored twice.

use schemas::read::{Location, Vehicle};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::field::{Fault, Scalar, confidence};
use crate::outcome::{Outcome, RecordSink};
use crate::reading::Reading;

const SOURCE: &str = "axis";
/// How long after midnight UTC a day of `carID`s begins.
const DAY_BEGINS: i64 = 10 * 3_600_000;

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Payload<'a> {
    capture_timestamp: Scalar,
    #[serde(rename = "plateUTF8")]
    plate_utf8: Scalar,
    #[serde(rename = "plateASCII")]
    plate_ascii: Scalar,
    #[serde(rename = "plateConfidence")]
    confidence: Scalar,
    #[serde(rename = "carState")]
    car_state: Scalar,
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
    let state = match &body.car_state {
        Scalar::Missing => None,
        Scalar::Text(state) => Some(state.as_str()),
        other => return Err(unknown_state(other)),
    };
    if !matches!(state, None | Some("new" | "update" | "lost")) {
        return Err(unknown_state(&body.car_state));
    }
    let Some(plate_raw) = plate(&body)? else {
        return Ok(Outcome::Empty("a car without a plate"));
    };
    let at = body.capture_timestamp.loosened().millis("capture_timestamp")?;
    let at = at.ok_or_else(|| Fault::missing("capture_timestamp"))?;
    let info: CameraInfo = match body.camera_info {
        Some(raw) => serde_json::from_str(raw.get())?,
        None => CameraInfo::default(),
    };
    let camera = camera(&info, &body, sink)?;
    let vendor_id = match body.car_id.text("carID")? {
        Some(car) => Some(format!("{camera}/{}/{car}", day(at)).parse()?),
        None => None,
    };
    let reading = Reading {
        source: SOURCE,
        vendor_id,
        camera,
        at,
        plate_raw,
        // The country is all that the camera makes out.
        plate_state: None,
        location: place(body.geotag)?,
        direction: body.direction.text_if_any().filter(|word| word.as_str() != "unknown"),
        confidence: confidence(&body.confidence.loosened(), "plateConfidence", 1.0)?,
        vehicle: Vehicle::default(),
        record: sink.record,
    };
    Ok(Outcome::Read(Box::new(reading.into_read()?)))
}

fn unknown_state(state: &Scalar) -> Fault {
    Fault::new(format_args!("`carState` is {state}; expected `new`, `update` or `lost`"))
}

/// The plate in its own letters; in ASCII where it has others.
fn plate(body: &Payload<'_>) -> Result<Option<Text>, Fault> {
    let own = body.plate_utf8.text("plateUTF8")?;
    match own {
        Some(own) if own.as_str().is_ascii() => Ok(Some(own)),
        other => Ok(body.plate_ascii.text("plateASCII")?.or(other)),
    }
}

fn camera(info: &CameraInfo, body: &Payload<'_>, sink: &RecordSink<'_>) -> Result<Text, Fault> {
    for (value, field) in [
        (&info.serial_number, "camera_info.SerialNumber"),
        (&info.mac_address, "camera_info.MACAddress"),
    ] {
        if let Some(camera) = value.text(field)? {
            return Ok(camera);
        }
    }
    if let Some(camera) = sink.camera {
        return Ok(camera.clone());
    }
    let sensor = body.sensor.text("sensorProviderID")?;
    sensor.ok_or_else(|| Fault::missing("camera_info.SerialNumber"))
}

fn day(at: Timestamp) -> String {
    at.plus_millis(-DAY_BEGINS).day()
}

fn place(geotag: Option<&RawValue>) -> Result<Option<Location>, Fault> {
    let Some(raw) = geotag.filter(|raw| raw.get() != "null") else { return Ok(None) };
    let tag: Geotag = serde_json::from_str(raw.get())?;
    crate::field::location((&tag.lat.loosened(), "geotag.lat"), (&tag.lon.loosened(), "geotag.lon"))
}

#[cfg(test)]
#[path = "axis_tests.rs"]
mod tests;
