//! Rekor Scout (OpenALPR) webhook bodies, versions 1 to 3.
//!
//! Decides which of a body's fields make a read and which id the reading has. Never takes a preview
//! for a read: the real group follows under the same sighting, and the first one stored would win.
//!
//! Identity: a group is `best_uuid`, the frame's id, and with `#N` the plate's index in that frame
//! where it is not the first, since two vehicles in one frame are two groups with one `best_uuid`.
//! An alert holds the group itself, so it has the group's id. A single result is `uuid-N`: it is
//! the reading of one frame, not of the group that may follow, and never stands in its way.

use schemas::agency::State;
use schemas::image::View;
use schemas::read::{Confidence, Vehicle};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::MOST_RESULTS;
use crate::field::{Fault, Scalar, confidence};
use crate::imported_read::ImportedRead;
use crate::note::{NoteKind, Notes};
use crate::outcome::{Outcome, RecordSink};
use crate::place::location;
use crate::reading::{Reading, camera_or_said, plate_text};
use crate::region::state;

const SOURCE: &str = "rekor";

/// A body of any kind; the group inside an alert has the same fields.
#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Payload<'a> {
    data_type: Scalar,
    openalpr_webhook: Scalar,
    uuid: Scalar,
    best_uuid: Scalar,
    epoch_time: Scalar,
    epoch_start: Scalar,
    is_preview: Scalar,
    agent_uid: Scalar,
    camera_id: Scalar,
    camera_name: Scalar,
    gps_latitude: Scalar,
    gps_longitude: Scalar,
    travel_direction: Scalar,
    best_plate_number: Scalar,
    best_confidence: Scalar,
    best_region: Scalar,
    #[serde(borrow)]
    best_plate: Option<&'a RawValue>,
    #[serde(borrow)]
    vehicle: Option<&'a RawValue>,
    #[serde(borrow)]
    results: Option<&'a RawValue>,
    #[serde(borrow)]
    group: Option<&'a RawValue>,
    #[serde(borrow)]
    vehicle_crop_jpeg: Option<&'a RawValue>,
    #[serde(borrow)]
    overview_jpeg: Option<&'a RawValue>,
}

/// One plate of a frame: an entry of `results`, or `best_plate`.
#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct PlateOfFrame<'a> {
    plate: Scalar,
    plate_index: Scalar,
    confidence: Scalar,
    region: Scalar,
    #[serde(borrow)]
    plate_crop_jpeg: Option<&'a RawValue>,
}

pub(crate) fn read(body: &str, sink: &mut RecordSink<'_>) {
    let body: Payload<'_> = match serde_json::from_str(body) {
        Ok(body) => body,
        Err(error) => return sink.put("", Err(error.into())),
    };
    let empty = |what| Ok(Outcome::Empty(what));
    match &body.data_type {
        Scalar::Text(kind) => match kind.as_str() {
            "alpr_group" => sink.put("", group(&body, sink)),
            "alpr_alert" => sink.put("group", alert(&body, sink)),
            "alpr_results" => results(&body, sink),
            "vehicle" => sink.put("", empty("a vehicle without a plate")),
            "heartbeat" => sink.put("", empty("a heartbeat")),
            _ => sink.put("", Err(unknown(&body.data_type))),
        },
        Scalar::Missing if body.openalpr_webhook != Scalar::Missing => {
            sink.put("", empty("a test of the webhook"));
        }
        other => sink.put("", Err(unknown(other))),
    }
}

fn unknown(data_type: &Scalar) -> Fault {
    let found = match data_type {
        Scalar::Missing => "missing".to_owned(),
        other => other.to_string(),
    };
    Fault::new(format_args!(
        "`data_type` is {found}; expected `alpr_group`, `alpr_results`, `alpr_alert`, `vehicle` or \
         `heartbeat`"
    ))
}

fn alert(body: &Payload<'_>, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    let inner = body.group.ok_or_else(|| Fault::missing("group"))?;
    group(&serde_json::from_str(inner.get())?, sink)
}

fn group(body: &Payload<'_>, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    if body.is_preview.is_true() {
        return Ok(Outcome::Empty("a preview; the read follows in the group itself"));
    }
    // What cannot be read of it describes the plate no further; its number may stand outside.
    let best = body.best_plate.and_then(|raw| plate_of_frame(raw).ok()).unwrap_or_default();
    let plate = match plate_text(&body.best_plate_number, "best_plate_number", &[])? {
        Some(plate) => plate,
        None => match plate_text(&best.plate, "best_plate_number", &[])? {
            Some(plate) => plate,
            None => return Ok(Outcome::Empty("a group without a plate")),
        },
    };
    let at = match body.epoch_start.millis("epoch_start")? {
        Some(at) => at,
        None => required_time(&body.epoch_time, "epoch_start")?,
    };
    let mut notes = Notes::default();
    let uuid = notes.take(NoteKind::Id, body.best_uuid.said("best_uuid"));
    let vendor_id = match (uuid, &best.plate_index) {
        (Some(uuid), Scalar::Whole(index)) if *index != 0 => format!("{uuid}#{index}").parse().ok(),
        (uuid, _) => uuid,
    };
    let scored = confidence(&body.best_confidence, "best_confidence", 100.0);
    let confidence = notes
        .take(NoteKind::Confidence, scored)
        .or_else(|| notes.take(NoteKind::Confidence, confidence_of(&best)));
    let region = if body.best_region.is_nothing() { &best.region } else { &body.best_region };
    let plate_state = state(region, "best_region", &mut notes);
    let vehicle = body.vehicle.map(vehicle).unwrap_or_default();
    let reading = PlateReading { plate, plate_state, at, confidence, vehicle, vendor_id, notes };
    let Some(mut imported) = make(body, reading, sink)? else { return Ok(Outcome::of(None)) };
    imported.add_json(View::Plate, "best_plate.plate_crop_jpeg", best.plate_crop_jpeg);
    imported.add_json(View::Context, "vehicle_crop_jpeg", body.vehicle_crop_jpeg);
    imported.add_json(View::Context, "overview_jpeg", body.overview_jpeg);
    Ok(Outcome::Read(Box::new(imported)))
}

fn results(body: &Payload<'_>, sink: &mut RecordSink<'_>) {
    let list = match body.results.map(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get())) {
        None => return sink.put("", Err(Fault::missing("results"))),
        Some(Err(error)) => {
            let error = Fault::from(error).into_sentence();
            return sink.put("", Err(Fault::new(format_args!("`results`: {error}"))));
        }
        Some(Ok(list)) => list,
    };
    if list.is_empty() {
        return sink.put("", Ok(Outcome::Empty("a frame without a plate")));
    }
    if list.len() > MOST_RESULTS {
        let count = list.len();
        let fault =
            format_args!("`results` holds {count} plates; at most {MOST_RESULTS} are taken");
        return sink.put("", Err(Fault::new(fault)));
    }
    for (index, raw) in list.into_iter().enumerate() {
        let outcome = result(body, index, raw, sink);
        sink.put(&format!("results[{index}]"), outcome);
    }
}

fn result(
    body: &Payload<'_>,
    position: usize,
    raw: &RawValue,
    sink: &RecordSink<'_>,
) -> Result<Outcome, Fault> {
    let one = plate_of_frame(raw)?;
    let Some(plate) = plate_text(&one.plate, "plate", &[])? else {
        return Ok(Outcome::Empty("a result without a plate"));
    };
    let at = required_time(&body.epoch_time, "epoch_time")?;
    let index = match one.plate_index {
        Scalar::Whole(index) => index.to_string(),
        _ => position.to_string(),
    };
    let mut notes = Notes::default();
    let uuid = notes.take(NoteKind::Id, body.uuid.said("uuid"));
    let vendor_id = uuid.and_then(|uuid| format!("{uuid}-{index}").parse().ok());
    let confidence = notes.take(NoteKind::Confidence, confidence_of(&one));
    let plate_state = state(&one.region, "region", &mut notes);
    let vehicle = Vehicle::default();
    let reading = PlateReading { plate, plate_state, at, confidence, vehicle, vendor_id, notes };
    let Some(mut imported) = make(body, reading, sink)? else { return Ok(Outcome::of(None)) };
    imported.add_json(View::Plate, "plate_crop_jpeg", one.plate_crop_jpeg);
    Ok(Outcome::Read(Box::new(imported)))
}

fn plate_of_frame(raw: &RawValue) -> Result<PlateOfFrame<'_>, Fault> {
    Ok(serde_json::from_str(raw.get())?)
}

fn confidence_of(one: &PlateOfFrame<'_>) -> Result<Option<Confidence>, Fault> {
    confidence(&one.confidence, "confidence", 100.0)
}

fn required_time(value: &Scalar, field: &str) -> Result<Timestamp, Fault> {
    value.millis(field)?.ok_or_else(|| Fault::missing(field))
}

/// What differs between a group and a single result.
struct PlateReading {
    plate: Text,
    plate_state: Option<State>,
    at: Timestamp,
    confidence: Option<Confidence>,
    vehicle: Vehicle,
    vendor_id: Option<Text>,
    notes: Notes,
}

fn make(
    body: &Payload<'_>,
    reading: PlateReading,
    sink: &RecordSink<'_>,
) -> Result<Option<ImportedRead>, Fault> {
    let PlateReading { plate, plate_state, at, confidence, vehicle, vendor_id, mut notes } =
        reading;
    let place =
        location((&body.gps_latitude, "gps_latitude"), (&body.gps_longitude, "gps_longitude"));
    let reading = Reading {
        source: SOURCE,
        vendor_id,
        camera: camera(body, sink, &mut notes),
        at,
        plate_raw: plate,
        plate_state,
        location: notes.take(NoteKind::Place, place),
        direction: heading(&body.travel_direction),
        confidence,
        vehicle,
        record: sink.record,
        notes,
    };
    reading.into_read()
}

/// The camera's own id; without one, the agent and its name for the camera.
fn camera(body: &Payload<'_>, sink: &RecordSink<'_>, notes: &mut Notes) -> Text {
    if let Some(id) = notes.take(NoteKind::Camera, body.camera_id.said("camera_id")) {
        return id;
    }
    let agent = notes.take(NoteKind::Camera, body.agent_uid.said("agent_uid"));
    let name = notes.take(NoteKind::Camera, body.camera_name.said("camera_name"));
    let joined = match (agent, name) {
        (Some(agent), Some(name)) => format!("{agent}/{name}").parse().ok(),
        (agent, name) => name.or(agent),
    };
    camera_or_said(Ok(joined), sink, notes)
}

/// Degrees from north, or a word; a number outside the circle means that the agent does not know.
fn heading(value: &Scalar) -> Option<Text> {
    match value {
        Scalar::Text(_) => value.said("").ok().flatten(),
        _ => {
            let degrees = value.number("").ok().flatten()?;
            (0.0..=360.0).contains(&degrees).then(|| degrees.to_string().parse().ok())?
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Candidates<'a> {
    #[serde(borrow)]
    color: Option<&'a RawValue>,
    #[serde(borrow)]
    make: Option<&'a RawValue>,
    #[serde(borrow)]
    make_model: Option<&'a RawValue>,
    #[serde(borrow)]
    body_type: Option<&'a RawValue>,
    #[serde(borrow)]
    year: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Candidate {
    name: Scalar,
    #[serde(default)]
    confidence: Scalar,
}

/// The likeliest description. A malformed one is left out and does not cost the read.
fn vehicle(raw: &RawValue) -> Vehicle {
    let candidates: Candidates<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
    let make = candidates.make.and_then(likeliest);
    // `ford_focus` under make `ford` is the model `focus`.
    let model = candidates.make_model.and_then(likeliest).map(|model| {
        let after_make = make
            .as_ref()
            .and_then(|make| model.as_str().strip_prefix(make.as_str())?.strip_prefix('_'))
            .and_then(|rest| rest.parse().ok());
        after_make.unwrap_or(model)
    });
    Vehicle {
        make,
        model,
        color: candidates.color.and_then(likeliest),
        body: candidates.body_type.and_then(likeliest),
        year: candidates.year.and_then(likeliest),
    }
}

fn likeliest(raw: &RawValue) -> Option<Text> {
    let list: Vec<Candidate> = serde_json::from_str(raw.get()).ok()?;
    let score = |one: &Candidate| one.confidence.number("").ok().flatten().unwrap_or(-1.0);
    // Of equals the first, which the agent put first.
    let best = list.iter().reduce(|best, one| if score(one) > score(best) { one } else { best })?;
    best.name.said("").ok().flatten()
}

#[cfg(test)]
#[path = "rekor_tests.rs"]
mod tests;
