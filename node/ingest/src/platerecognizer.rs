//! Plate Recognizer Stream webhook bodies, as JSON (without the images of the multipart form).
//!
//! Decides which of a body's fields make a read. The vendor gives no id, so a reading's identity is
//! its sighting: camera, time and the plate as written. Never takes a vehicle without a plate for a
//! read.

use schemas::digest::Digest;
use schemas::plate::Plate;
use schemas::read::{Read, ReadId, Vehicle};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::MOST_RESULTS;
use crate::field::{Fault, Scalar, confidence, state};
use crate::imported_read::ImportedRead;
use crate::outcome::{Outcome, RecordSink};

const SOURCE: &str = "platerecognizer";

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Payload<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Data<'a> {
    camera_id: Scalar,
    timestamp: Scalar,
    #[serde(borrow)]
    results: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Detection<'a> {
    plate: Scalar,
    score: Scalar,
    direction: Scalar,
    #[serde(borrow)]
    region: Option<&'a RawValue>,
    #[serde(borrow)]
    vehicle: Option<&'a RawValue>,
    #[serde(borrow)]
    model_make: Option<&'a RawValue>,
    #[serde(borrow)]
    color: Option<&'a RawValue>,
}

pub(crate) fn read(body: &str, sink: &mut RecordSink<'_>) {
    if let Err(fault) = results(body, sink) {
        sink.put("", Err(fault));
    }
}

fn results(body: &str, sink: &mut RecordSink<'_>) -> Result<(), Fault> {
    let body: Payload<'_> = serde_json::from_str(body)?;
    let data = body.data.ok_or_else(|| Fault::missing("data"))?;
    let data: Data<'_> = serde_json::from_str(data.get())?;
    let list: Vec<&RawValue> = match data.results {
        Some(raw) => serde_json::from_str(raw.get()).map_err(|error| {
            let error = Fault::from(error).into_sentence();
            Fault::new(format_args!("`data.results`: {error}"))
        })?,
        None => return Err(Fault::missing("data.results")),
    };
    if list.is_empty() {
        sink.put("", Ok(Outcome::Empty("a body without a plate")));
        return Ok(());
    }
    if list.len() > MOST_RESULTS {
        let count = list.len();
        return Err(Fault::new(format_args!(
            "`data.results` holds {count} plates; at most {MOST_RESULTS} are taken"
        )));
    }
    // Once for all: without a camera or a time no result of the body is a read.
    let camera =
        data.camera_id.text("data.camera_id")?.ok_or_else(|| Fault::missing("data.camera_id"))?;
    let at = data
        .timestamp
        .instant("data.timestamp")?
        .ok_or_else(|| Fault::missing("data.timestamp"))?;
    for (index, raw) in list.into_iter().enumerate() {
        let outcome = one(raw, &camera, at, sink.record);
        sink.put(&format!("results[{index}]"), outcome);
    }
    Ok(())
}

pub(crate) fn one(
    raw: &RawValue,
    camera: &Text,
    at: Timestamp,
    record: Digest,
) -> Result<Outcome, Fault> {
    let detection: Detection<'_> = serde_json::from_str(raw.get())?;
    if detection.plate == Scalar::Missing {
        return Ok(Outcome::Empty("a vehicle without a plate"));
    }
    let plate_raw = detection.plate.text("plate")?.unwrap_or_default();
    let plate: Plate = plate_raw.as_str().parse()?;
    let confidence = confidence(&detection.score, "score", 1.0)?;
    Ok(Outcome::Read(Box::new(ImportedRead::new(Read {
        id: ReadId::of_sighting(camera.as_str(), at, plate_raw.as_str()),
        plate,
        plate_raw,
        plate_state: detection.region.and_then(|raw| state(&key(raw, "code"))),
        at,
        camera: camera.clone(),
        location: None,
        direction: direction(&detection.direction),
        confidence,
        vehicle: vehicle(&detection),
        source: SOURCE.parse()?,
        vendor_id: None,
        record,
        images: Vec::new(),
    }))))
}

/// Degrees as a number, or the vendor's word; empty when Stream could not tell.
fn direction(value: &Scalar) -> Option<Text> {
    match value {
        Scalar::Number(degrees) => degrees.to_string().parse().ok(),
        other => other.text_if_any(),
    }
}

/// The likeliest description. A malformed one is left out and does not cost the read.
fn vehicle(detection: &Detection<'_>) -> Vehicle {
    let likeliest = |list: Option<&RawValue>, name: &str| {
        list.and_then(likeliest).and_then(|best| key(best, name).text_if_any())
    };
    Vehicle {
        make: likeliest(detection.model_make, "make"),
        model: likeliest(detection.model_make, "model"),
        color: likeliest(detection.color, "color"),
        body: detection.vehicle.and_then(|raw| key(raw, "type").text_if_any()),
        year: None,
    }
}

fn likeliest(list: &RawValue) -> Option<&RawValue> {
    let list: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
    let score = |one: &RawValue| key(one, "score").number("").ok().flatten().unwrap_or(-1.0);
    list.into_iter().reduce(|best, one| if score(one) > score(best) { one } else { best })
}

/// One value of an object; missing where there is no such object or value.
fn key(object: &RawValue, name: &str) -> Scalar {
    let values: std::collections::BTreeMap<String, Scalar> =
        serde_json::from_str(object.get()).unwrap_or_default();
    values.get(name).cloned().unwrap_or_default()
}

#[cfg(test)]
#[path = "platerecognizer_tests.rs"]
mod tests;
