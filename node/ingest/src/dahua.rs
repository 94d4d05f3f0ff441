//! Dahua traffic events: JSON of its push (`params.eventList[]`, or one event), and the text that its
//! cameras send in multipart bodies, a line a value (`Events[0].TrafficCar.PlateNumber=…`).
//!
//! Decides which values make a read. Time: `UTC` of these events is the *local* time written as seconds
//! since 1970, by which every read would be hours off; `RealUTC` is what its name says. Without that,
//! `LocaleTime` is read in the zone that was said for the source, and so is `UTC`.
//!
//! The cameras number their events, and begin again: identity is camera, time and plate.

use std::collections::BTreeMap;

use schemas::image::View;
use schemas::read::Vehicle;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::Value;

use crate::MOST_RESULTS;
use crate::field::{Fault, Scalar, clean, confidence};
use crate::instant::{Fold, Zone};
use crate::note::{NoteKind, Notes};
use crate::outcome::{Outcome, RecordSink};
use crate::place::location;
use crate::reading::{Reading, camera_or_said, described, plate_text};

const SOURCE: &str = "dahua";
/// What these cameras write for a vehicle without a plate.
const NO_PLATE: [&str; 3] = ["unlicensed", "--", "unknown"];
/// Most lines of a text, and values of an event, that are looked at.
const MOST_LINES: usize = 20_000;
/// Longest path of a value that is looked at, in bytes; the longest that is asked for has half as many.
const LONGEST_PATH: usize = 60;
/// How many levels of an event are looked into.
const DEEPEST: usize = 6;
/// Values of a list that are looked at.
const MOST_LISTED: usize = 8;

/// The values of one event, by their path.
struct Event(BTreeMap<String, Scalar>);

impl Event {
    /// The first of these paths that says something.
    fn first(&self, paths: &[&str]) -> Scalar {
        let said = |path: &&str| self.0.get(*path).filter(|value| !value.is_nothing());
        paths.iter().find_map(said).cloned().unwrap_or_default()
    }
}

pub(crate) fn read(body: &str, sink: &mut RecordSink<'_>) {
    let body: Value = match serde_json::from_str(body) {
        Ok(body) => body,
        Err(error) => return sink.put("", Err(error.into())),
    };
    let list = body.pointer("/params/eventList").or(body.get("Events")).or(body.get("eventList"));
    match list.and_then(Value::as_array) {
        None if body.get("params").is_some() => {
            sink.put("", Ok(Outcome::Empty("a message of another kind")));
        }
        None => {
            let outcome = event(&flattened(&body), sink);
            sink.put("", outcome);
        }
        Some(list) if list.is_empty() => sink.put("", Ok(Outcome::Empty("a body without events"))),
        Some(list) if list.len() > MOST_RESULTS => {
            let fault = format_args!(
                "`eventList` holds {} events; at most {MOST_RESULTS} are taken",
                list.len()
            );
            sink.put("", Err(Fault::new(fault)));
        }
        Some(list) => {
            for (index, one) in list.iter().enumerate() {
                let outcome = event(&flattened(one), sink);
                sink.put(&format!("eventList[{index}]"), outcome);
            }
        }
    }
}

/// An event's values by their paths, without `Data`, which not every version puts around them.
fn flattened(event: &Value) -> Event {
    let mut values = BTreeMap::new();
    flatten(event, "", 0, &mut values);
    if let Some(data) = event.get("Data") {
        flatten(data, "", 0, &mut values);
    }
    Event(values)
}

/// Takes no more than so many values of short paths, whatever the sizes of keys and lists are: a path is
/// written once for each value below it.
fn flatten(value: &Value, path: &str, depth: usize, into: &mut BTreeMap<String, Scalar>) {
    if into.len() >= MOST_LINES {
        return;
    }
    match value {
        Value::Object(object) if depth < DEEPEST => {
            for (key, value) in object {
                // With the dot between.
                if path.len().saturating_add(key.len()) >= LONGEST_PATH {
                    continue;
                }
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(value, &below, depth + 1, into);
            }
        }
        Value::Array(list) if depth < DEEPEST => {
            for (nth, value) in list.iter().take(MOST_LISTED).enumerate() {
                flatten(value, &format!("{path}[{nth}]"), depth + 1, into);
            }
        }
        // Too deep to be asked for.
        Value::Object(_) | Value::Array(_) => {}
        value => {
            let scalar = serde_json::from_value(value.clone()).unwrap_or_default();
            into.insert(path.to_owned(), scalar);
        }
    }
}

pub(crate) fn read_text(part: &[u8], mut sink: RecordSink<'_>) {
    let (text, recoded) = crate::encoding::text(part);
    sink.recoded = recoded;
    let sink = &mut sink;
    let mut events: BTreeMap<usize, BTreeMap<String, Scalar>> = BTreeMap::new();
    for line in text.lines().take(MOST_LINES) {
        let Some((path, value)) = line.trim().split_once('=') else { continue };
        let numbered = path.strip_prefix("Events[").and_then(|rest| rest.split_once("]."));
        let Some((number, path)) = numbered else { continue };
        let Some(number) = number.parse::<usize>().ok().filter(|n| *n < MOST_RESULTS) else {
            continue;
        };
        let path = path.strip_prefix("Data.").unwrap_or(path);
        let value = Scalar::Text(value.trim().to_owned());
        events.entry(number).or_default().insert(path.to_owned(), value);
    }
    if events.is_empty() {
        return sink.put("", Ok(Outcome::Empty("a message of another kind")));
    }
    for (number, values) in events {
        let outcome = event(&Event(values), sink);
        sink.put(&format!("Events[{number}]"), outcome);
    }
}

fn event(event: &Event, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    let plate = event.0.get("TrafficCar.PlateNumber").or(event.0.get("Object.Text"));
    let plate_of_object = event.0.get("Object.ObjectType").is_none_or(
        |kind| matches!(kind, Scalar::Text(kind) if kind.eq_ignore_ascii_case("plate")),
    );
    let plate = match plate {
        None => None,
        Some(_) if !plate_of_object && !event.0.contains_key("TrafficCar.PlateNumber") => None,
        Some(plate) => plate_text(plate, "PlateNumber", &NO_PLATE)?,
    };
    let Some(plate_raw) = plate else {
        let is_of_traffic = event.0.keys().any(|path| path.starts_with("TrafficCar."));
        return Ok(Outcome::Empty(if is_of_traffic {
            "a vehicle without a plate"
        } else {
            "an event of another kind"
        }));
    };
    let at = instant(event, sink.options.zone.as_ref())?;
    let mut notes = Notes::default();
    let place = location(
        (&event.first(&["CommInfo.GPSInfo.Latitude"]), "GPSInfo.Latitude"),
        (&event.first(&["CommInfo.GPSInfo.Longitude"]), "GPSInfo.Longitude"),
    );
    let mut said = |paths: &[&str]| described(&event.first(paths), "Vehicle", &mut notes);
    let vehicle = Vehicle {
        make: said(&["TrafficCar.VehicleSign", "Vehicle.Text"]),
        model: None,
        color: said(&["TrafficCar.VehicleColor"]),
        body: said(&["Vehicle.Category"]),
        year: None,
    };
    let direction =
        event.first(&["TrafficCar.DrivingDirection[0]", "JunctionDirection"]).said("Direction");
    let score = event.first(&["Object.Confidence"]);
    let reading = Reading {
        source: SOURCE,
        vendor_id: None,
        camera: camera(event, sink, &mut notes),
        at,
        plate_raw,
        plate_state: None,
        location: notes.take(NoteKind::Place, place),
        direction: notes.take(NoteKind::Direction, direction),
        confidence: notes
            .take(NoteKind::Confidence, confidence(&score, "Object.Confidence", 100.0)),
        vehicle,
        record: sink.record,
        notes,
    };
    let mut read = reading.into_read()?;
    if let (Some(read), Scalar::Text(image)) = (&mut read, event.first(&["Image", "ImageData"])) {
        read.add_base64(View::Context, "Image", &image);
    }
    Ok(Outcome::of(read))
}

fn camera(event: &Event, sink: &RecordSink<'_>, notes: &mut Notes) -> Text {
    let name = event.first(&["TrafficCar.MachineName", "MachineName", "SerialNo", "DeviceID"]);
    let named = notes.take(NoteKind::Camera, name.said("MachineName"));
    let lane = event.first(&["TrafficCar.MachineAddress"]);
    let named = named.or_else(|| lane.said("MachineAddress").ok().flatten());
    camera_or_said(Ok(named), sink, notes)
}

/// The time of an event; see the module.
fn instant(event: &Event, zone: Option<&Zone>) -> Result<Timestamp, Fault> {
    let seconds = |field: &str| match event.first(&[field]).number(field) {
        Ok(Some(number)) if number > 0.0 && number < 1e11 => Some(number),
        _ => None,
    };
    let thousandths = event.first(&["UTCMS"]).number("UTCMS").ok().flatten();
    let thousandths = thousandths.filter(|ms| (0.0..1_000.0).contains(ms)).unwrap_or(0.0);
    let of = |seconds: f64| {
        let millis = (seconds * 1_000.0 + thousandths).round() as i64;
        Scalar::Whole(millis).millis("RealUTC")
    };
    for field in ["RealUTC", "TrafficCar.RealUTC"] {
        if let Some(seconds) = seconds(field) {
            return of(seconds)?.ok_or_else(|| Fault::missing(field));
        }
    }
    if let local @ Scalar::Text(_) = event.first(&["LocaleTime", "TrafficCar.LocaleTime"]) {
        let at = local.instant("LocaleTime", zone)?;
        return at.ok_or_else(|| Fault::missing("LocaleTime"));
    }
    let local = seconds("UTC").or_else(|| seconds("TrafficCar.UTC"));
    let Some(local) = local else { return Err(Fault::missing("RealUTC")) };
    let shown = clean(&local.to_string(), 40);
    let said = format!("`UTC` is `{shown}`");
    let Some(zone) = zone else {
        return Err(Fault::new(format_args!(
            "{said}, which is the camera's local time; say its zone with --zone"
        )));
    };
    let civil = jiff::Timestamp::from_second(local as i64)
        .map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).datetime())
        .map_err(|_| Fault::new(format_args!("{said}; expected seconds since 1970")))?;
    let instant = zone.instant(civil, Fold::Earlier, &said)?;
    of(instant.as_second() as f64)?.ok_or_else(|| Fault::missing("UTC"))
}

#[cfg(test)]
#[path = "dahua_tests.rs"]
mod tests;
