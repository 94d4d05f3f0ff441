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
use schemas::digest::Digest;
use schemas::image::View;
use schemas::plate::Plate;
use schemas::read::{Confidence, Read, ReadId, Vehicle};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::MOST_RESULTS;
use crate::field::{Fault, Scalar, confidence, location, state};
use crate::imported_read::ImportedRead;
use crate::outcome::{Outcome, RecordSink};

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
            "alpr_group" => sink.put("", group(&body, sink.record)),
            "alpr_alert" => sink.put("group", alert(&body, sink.record)),
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

fn alert(body: &Payload<'_>, record: Digest) -> Result<Outcome, Fault> {
    let inner = body.group.ok_or_else(|| Fault::missing("group"))?;
    group(&serde_json::from_str(inner.get())?, record)
}

fn group(body: &Payload<'_>, record: Digest) -> Result<Outcome, Fault> {
    if body.is_preview.is_true() {
        return Ok(Outcome::Empty("a preview; the read follows in the group itself"));
    }
    let best = body.best_plate.map_or(Ok(PlateOfFrame::default()), plate_of_frame)?;
    let plate = match body.best_plate_number.text("best_plate_number")? {
        Some(plate) => plate,
        None => required(&best.plate, "best_plate_number")?,
    };
    let at = match body.epoch_start.millis("epoch_start")? {
        Some(at) => at,
        None => required_time(&body.epoch_time, "epoch_start")?,
    };
    let vendor_id = match (body.best_uuid.text("best_uuid")?, &best.plate_index) {
        (Some(uuid), Scalar::Whole(index)) if *index != 0 => {
            Some(format!("{uuid}#{index}").parse()?)
        }
        (uuid, _) => uuid,
    };
    let confidence = match confidence(&body.best_confidence, "best_confidence", 100.0)? {
        Some(confidence) => Some(confidence),
        None => confidence_of(&best)?,
    };
    let plate_state = state(&body.best_region).or_else(|| state(&best.region));
    let vehicle = body.vehicle.map(vehicle).unwrap_or_default();
    let mut imported =
        make(body, Reading { plate, plate_state, at, confidence, vehicle, vendor_id, record })?;
    imported.add_json(View::Plate, "best_plate.plate_crop_jpeg", best.plate_crop_jpeg);
    imported.add_json(View::Context, "vehicle_crop_jpeg", body.vehicle_crop_jpeg);
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
        let outcome = result(body, index, raw, sink.record);
        sink.put(&format!("results[{index}]"), outcome);
    }
}

fn result(
    body: &Payload<'_>,
    position: usize,
    raw: &RawValue,
    record: Digest,
) -> Result<Outcome, Fault> {
    let one = plate_of_frame(raw)?;
    let plate = required(&one.plate, "plate")?;
    let at = required_time(&body.epoch_time, "epoch_time")?;
    let index = match one.plate_index {
        Scalar::Whole(index) => index.to_string(),
        _ => position.to_string(),
    };
    let vendor_id = match body.uuid.text("uuid")? {
        Some(uuid) => Some(format!("{uuid}-{index}").parse()?),
        None => None,
    };
    let (confidence, plate_state) = (confidence_of(&one)?, state(&one.region));
    let vehicle = Vehicle::default();
    let mut imported =
        make(body, Reading { plate, plate_state, at, confidence, vehicle, vendor_id, record })?;
    imported.add_json(View::Plate, "plate_crop_jpeg", one.plate_crop_jpeg);
    Ok(Outcome::Read(Box::new(imported)))
}

fn plate_of_frame(raw: &RawValue) -> Result<PlateOfFrame<'_>, Fault> {
    Ok(serde_json::from_str(raw.get())?)
}

fn confidence_of(one: &PlateOfFrame<'_>) -> Result<Option<Confidence>, Fault> {
    confidence(&one.confidence, "confidence", 100.0)
}

fn required(value: &Scalar, field: &str) -> Result<Text, Fault> {
    value.text(field)?.ok_or_else(|| Fault::missing(field))
}

fn required_time(value: &Scalar, field: &str) -> Result<Timestamp, Fault> {
    value.millis(field)?.ok_or_else(|| Fault::missing(field))
}

/// What differs between a group and a single result.
struct Reading {
    plate: Text,
    plate_state: Option<State>,
    at: Timestamp,
    confidence: Option<Confidence>,
    vehicle: Vehicle,
    vendor_id: Option<Text>,
    record: Digest,
}

fn make(body: &Payload<'_>, reading: Reading) -> Result<ImportedRead, Fault> {
    let camera = camera(body)?;
    let Reading { plate: plate_raw, plate_state, at, confidence, vehicle, vendor_id, record } =
        reading;
    let plate: Plate = plate_raw.as_str().parse()?;
    let id = match &vendor_id {
        Some(vendor_id) => ReadId::of_vendor_id(SOURCE, vendor_id.as_str()),
        None => ReadId::of_sighting(camera.as_str(), at, plate_raw.as_str()),
    };
    let location =
        location((&body.gps_latitude, "gps_latitude"), (&body.gps_longitude, "gps_longitude"))?;
    let direction = heading(&body.travel_direction);
    let source = SOURCE.parse()?;
    Ok(ImportedRead::new(Read {
        id,
        plate,
        plate_raw,
        plate_state,
        at,
        camera,
        location,
        direction,
        confidence,
        vehicle,
        source,
        vendor_id,
        record,
        images: Vec::new(),
    }))
}

/// The camera's own id; without one, the agent and its name for the camera.
fn camera(body: &Payload<'_>) -> Result<Text, Fault> {
    if let Some(id) = body.camera_id.text("camera_id")? {
        return Ok(id);
    }
    let named = (body.agent_uid.text("agent_uid")?, body.camera_name.text("camera_name")?);
    match named {
        (Some(agent), Some(name)) => Ok(format!("{agent}/{name}").parse()?),
        _ => Err(Fault::missing("camera_id")),
    }
}

/// Degrees from north, or a word; a number outside the circle means that the agent does not know.
fn heading(value: &Scalar) -> Option<Text> {
    match value {
        Scalar::Text(_) => value.text_if_any(),
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
    best.name.text_if_any()
}

#[cfg(test)]
#[path = "rekor_tests.rs"]
mod tests;
