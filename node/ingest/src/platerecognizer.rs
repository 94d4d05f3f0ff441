//! Plate Recognizer: webhook bodies of Stream, in both of its detection modes, and bodies of Snapshot
//! and its SDK, which have no envelope.
//!
//! Decides which of a body's fields make a read. The vendor gives no id, so a reading's identity is
//! its sighting: camera, time and plate. Never takes a vehicle without a plate for a read.

use schemas::read::Vehicle;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::MOST_RESULTS;
use crate::field::{Fault, Scalar, confidence};
use crate::note::{NoteKind, Notes};
use crate::outcome::{Outcome, RecordSink};
use crate::reading::{Reading, camera_or_said, described, plate_text};
use crate::region;

const SOURCE: &str = "platerecognizer";

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Payload<'a> {
    #[serde(borrow)]
    hook: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Data<'a> {
    camera_id: Scalar,
    timestamp: Scalar,
    timestamp_local: Scalar,
    timestamp_camera: Scalar,
    #[serde(borrow)]
    results: Option<&'a RawValue>,
}

/// A plate and its vehicle. In the mode `vehicle` the plate is an object of its own, and what is said of
/// either stands in its `props`.
#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Detection<'a> {
    #[serde(borrow)]
    plate: Option<&'a RawValue>,
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

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Object<'a> {
    #[serde(rename = "type")]
    kind: Scalar,
    #[serde(borrow)]
    props: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Props<'a> {
    #[serde(borrow)]
    plate: Option<&'a RawValue>,
    #[serde(borrow)]
    region: Option<&'a RawValue>,
    #[serde(borrow)]
    make_model: Option<&'a RawValue>,
    #[serde(borrow)]
    color: Option<&'a RawValue>,
}

pub(crate) fn read(body: &str, sink: &mut RecordSink<'_>) {
    if let Err(fault) = results(body, sink) {
        sink.put("", Err(fault));
    }
}

fn results(body: &str, sink: &mut RecordSink<'_>) -> Result<(), Fault> {
    let envelope: Payload<'_> = serde_json::from_str(body)?;
    let (data, within) = match (envelope.data, envelope.hook) {
        (Some(data), _) => (data.get(), "data."),
        (None, Some(_)) => return Err(Fault::missing("data")),
        // Snapshot sends what Stream puts into an envelope.
        (None, None) => (body, ""),
    };
    let data: Data<'_> = serde_json::from_str(data)?;
    let field = format!("{within}results");
    let list: Vec<&RawValue> = match data.results {
        Some(raw) => serde_json::from_str(raw.get()).map_err(|error| {
            let error = Fault::from(error).into_sentence();
            Fault::new(format_args!("`{field}`: {error}"))
        })?,
        None if envelope.hook.is_some_and(is_no_recognition) => {
            sink.put("", Ok(Outcome::Empty("a message of another kind")));
            return Ok(());
        }
        None => return Err(Fault::missing(&field)),
    };
    if list.is_empty() {
        sink.put("", Ok(Outcome::Empty("a body without a plate")));
        return Ok(());
    }
    if list.len() > MOST_RESULTS {
        let count = list.len();
        return Err(Fault::new(format_args!(
            "`{field}` holds {count} plates; at most {MOST_RESULTS} are taken"
        )));
    }
    // Once for all: without a time no result of the body is a read.
    let field = format!("{within}timestamp");
    let zone = sink.options.zone.as_ref();
    let at = match data.timestamp.instant(&field, zone) {
        Ok(Some(at)) => Ok(at),
        // The same instant as the stream's and the camera's own clocks showed it.
        other => [&data.timestamp_local, &data.timestamp_camera]
            .iter()
            .find_map(|value| value.instant(&field, zone).ok().flatten())
            .ok_or(other.err().unwrap_or_else(|| Fault::missing(&field))),
    }?;
    for (index, raw) in list.into_iter().enumerate() {
        let mut notes = Notes::default();
        let named = data.camera_id.said(&format!("{within}camera_id"));
        let camera = camera_or_said(named, sink, &mut notes);
        let outcome = one(raw, camera, at, notes, sink);
        sink.put(&format!("results[{index}]"), outcome);
    }
    Ok(())
}

/// Whether an envelope says that it holds something else than plates, such as a heartbeat.
fn is_no_recognition(hook: &RawValue) -> bool {
    match key(hook, "event") {
        Scalar::Text(event) => !["recognition", "image.done"].contains(&event.as_str()),
        _ => false,
    }
}

pub(crate) fn one(
    raw: &RawValue,
    camera: Text,
    at: Timestamp,
    mut notes: Notes,
    sink: &RecordSink<'_>,
) -> Result<Outcome, Fault> {
    const NO_PLATE: Result<Outcome, Fault> = Ok(Outcome::Empty("a vehicle without a plate"));
    let detection: Detection<'_> = serde_json::from_str(raw.get())?;
    let Some(plate) = detection.plate else { return NO_PLATE };
    let vehicle = vehicle(&detection, &mut notes);
    let (plate, score, region) = if plate.get().starts_with('{') {
        let props = props(Some(plate));
        let Some(best) = props.plate.and_then(likeliest_plate) else { return NO_PLATE };
        let region = props.region.and_then(likeliest).map(|best| key(best, "value"));
        let best = best.map_or_else(
            |plate| (plate, Scalar::Missing),
            |best| (key(best, "value"), key(best, "score")),
        );
        (best.0, best.1, region)
    } else {
        let region = detection.region.map(|raw| key(raw, "code"));
        (serde_json::from_str(plate.get())?, detection.score, region)
    };
    let Some(plate_raw) = plate_text(&plate, "plate", &[])? else { return NO_PLATE };
    let plate_state = region::state(&region.unwrap_or_default(), "region", &mut notes);
    let reading = Reading {
        source: SOURCE,
        vendor_id: None,
        camera,
        at,
        plate_raw,
        plate_state,
        location: None,
        direction: notes.take(NoteKind::Direction, detection.direction.said("direction")),
        confidence: notes.take(NoteKind::Confidence, confidence(&score, "score", 1.0)),
        vehicle,
        record: sink.record,
        notes,
    };
    Ok(Outcome::of(reading.into_read()?))
}

/// The likeliest description. A malformed one is left out and does not cost the read.
fn vehicle(detection: &Detection<'_>, notes: &mut Notes) -> Vehicle {
    let object: Object<'_> =
        detection.vehicle.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    let props = props(detection.vehicle);
    let mut likeliest = |list: Option<&RawValue>, names: &[&str]| {
        let best = list.and_then(likeliest)?;
        names.iter().find_map(|name| described(&key(best, name), name, notes))
    };
    let make_model = detection.model_make.or(props.make_model);
    Vehicle {
        make: likeliest(make_model, &["make"]),
        model: likeliest(make_model, &["model"]),
        color: likeliest(detection.color.or(props.color), &["color", "value"]),
        body: described(&object.kind, "type", notes),
        year: None,
    }
}

fn props(object: Option<&RawValue>) -> Props<'_> {
    let object: Option<Object<'_>> = object.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let props = object.and_then(|object| object.props);
    props.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// The likeliest of a plate's readings that says one; where there is no list, the reading itself.
fn likeliest_plate(list: &RawValue) -> Option<Result<&RawValue, Scalar>> {
    if !list.get().starts_with('[') {
        return serde_json::from_str(list.get()).ok().map(Err);
    }
    let list: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
    let said = |one: &&RawValue| key(one, "value") != Scalar::Missing;
    list.into_iter().filter(said).reduce(surer).map(Ok)
}

fn likeliest(list: &RawValue) -> Option<&RawValue> {
    let list: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
    list.into_iter().reduce(surer)
}

fn surer<'a>(best: &'a RawValue, one: &'a RawValue) -> &'a RawValue {
    let score = |one: &RawValue| key(one, "score").number("").ok().flatten().unwrap_or(-1.0);
    if score(one) > score(best) { one } else { best }
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
