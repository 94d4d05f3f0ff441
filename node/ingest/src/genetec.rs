//! Genetec AutoVu SharpV: JSON and XML of its HTTP extension, and XML of its FTP template.
//!
//! Decides which of a record's fields make a read. Identity is the vendor's id, `Id` or `Guid`; a
//! read that arrives by both ways is one. The camera is the unit (`SourceUrl`, `SourceName`) and
//! its name for the camera, because every unit calls its own the same.
//!
//! Times: the JSON's `Timestamp` has no zone and is UTC, which is what units are configured to; one
//! with an offset is taken at its word. The template's date is `yyyy:MM:dd` in UTC. `-` means that
//! an analytic found nothing, and a coordinate of 0.0 that the unit knows no place.

use schemas::image::View;
use schemas::read::{Location, Vehicle};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::field::{Fault, Scalar, confidence};
use crate::imported_read::ImportedRead;
use crate::outcome::{Outcome, RecordSink};
use crate::reading::Reading;
use crate::region::state_named;
use crate::xml::Element;

const SOURCE: &str = "genetec";
/// Analytics of one read that are looked at. Units report about ten.
const MOST_ANALYTICS: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object", rename_all = "PascalCase")]
struct Payload<'a> {
    id: Scalar,
    latitude: Scalar,
    longitude: Scalar,
    lpr_camera_name: Scalar,
    plate_read: Scalar,
    source_url: Scalar,
    timestamp: Scalar,
    #[serde(borrow)]
    plate_analytics: Option<&'a RawValue>,
    #[serde(borrow)]
    context_image: Option<&'a RawValue>,
    #[serde(borrow)]
    plate_image: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object", rename_all = "PascalCase")]
struct Analytic {
    key: Scalar,
    value: Scalar,
}

/// What the three kinds of records say.
#[derive(Default)]
struct Fields {
    id: Scalar,
    unit: Scalar,
    camera: Scalar,
    plate: Scalar,
    latitude: Scalar,
    longitude: Scalar,
    analytics: Vec<(String, Scalar)>,
    /// The state, where it has a field of its own.
    state: Scalar,
}

pub(crate) fn read_json(body: &str, sink: &mut RecordSink<'_>) {
    let outcome = json(body, sink);
    sink.put("", outcome);
}

fn json(body: &str, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    let body: Payload<'_> = serde_json::from_str(body)?;
    let at = timestamp(&body.timestamp)?;
    let list: Vec<Analytic> = match body.plate_analytics {
        // A malformed list describes nothing and does not cost the read.
        Some(raw) => serde_json::from_str(raw.get()).unwrap_or_default(),
        None => Vec::new(),
    };
    let analytics = list.into_iter().take(MOST_ANALYTICS).filter_map(|one| match one.key {
        Scalar::Text(key) => Some((key, one.value)),
        _ => None,
    });
    let fields = Fields {
        id: body.id,
        unit: body.source_url,
        camera: body.lpr_camera_name,
        plate: body.plate_read,
        latitude: body.latitude,
        longitude: body.longitude,
        analytics: analytics.collect(),
        state: Scalar::Missing,
    };
    let Some(mut one) = make(fields, at, sink)? else { return Ok(NO_PLATE) };
    one.add_json(View::Plate, "PlateImage", body.plate_image);
    one.add_json(View::Context, "ContextImage", body.context_image);
    Ok(Outcome::Read(Box::new(one)))
}

const NO_PLATE: Outcome = Outcome::Empty("a vehicle without a plate");

pub(crate) fn read_xml(tree: &Element, sink: &mut RecordSink<'_>) {
    let outcome = if tree.name == "AutoVu" { template(tree, sink) } else { http(tree, sink) };
    sink.put("", outcome);
}

/// XML of the HTTP extension.
fn http(tree: &Element, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    let at = timestamp(&tree.scalar("Timestamp"))?;
    let list = tree.child("PlateAnalytics").map(|list| list.children.as_slice());
    let analytics =
        list.unwrap_or_default().iter().take(MOST_ANALYTICS).filter_map(|one| {
            match one.scalar("Key") {
                Scalar::Text(key) => Some((key, one.scalar("Value"))),
                _ => None,
            }
        });
    let fields = Fields {
        id: tree.scalar("Id"),
        unit: tree.scalar("SourceUrl"),
        camera: tree.scalar("LprCameraName"),
        plate: tree.scalar("PlateRead"),
        latitude: tree.scalar("Latitude").loosened(),
        longitude: tree.scalar("Longitude").loosened(),
        analytics: analytics.collect(),
        state: Scalar::Missing,
    };
    photographed(make(fields, at, sink)?, tree)
}

/// XML of the FTP template.
fn template(tree: &Element, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    let (date, time) = (tree.scalar("UTCDate"), tree.scalar("UTCTime"));
    let at = match (date.text("UTCDate")?, time.text("UTCTime")?) {
        (Some(date), Some(time)) => template_time(date.as_str(), time.as_str())?,
        (None, _) => return Err(Fault::missing("UTCDate")),
        (_, None) => return Err(Fault::missing("UTCTime")),
    };
    let fields = Fields {
        id: tree.scalar("Guid"),
        unit: tree.scalar("SourceName"),
        camera: tree.scalar("CameraName"),
        plate: tree.scalar("Plate"),
        latitude: tree.scalar("LatitudeY").loosened(),
        longitude: tree.scalar("LongitudeX").loosened(),
        analytics: Vec::new(),
        state: tree.scalar("State"),
    };
    photographed(make(fields, at, sink)?, tree)
}

fn photographed(one: Option<ImportedRead>, tree: &Element) -> Result<Outcome, Fault> {
    let Some(mut one) = one else { return Ok(NO_PLATE) };
    for (view, field) in [(View::Plate, "PlateImage"), (View::Context, "ContextImage")] {
        if let Some(image) = tree.child(field) {
            one.add_base64(view, field, &image.text);
        }
    }
    Ok(Outcome::Read(Box::new(one)))
}

fn make(
    fields: Fields,
    at: Timestamp,
    sink: &RecordSink<'_>,
) -> Result<Option<ImportedRead>, Fault> {
    let Some(plate_raw) = fields.plate.text("PlateRead")? else { return Ok(None) };
    let camera = camera(&fields, sink)?;
    let analytic = |key: &str| {
        let is = |(name, _): &&(String, Scalar)| name.eq_ignore_ascii_case(key);
        let value = fields.analytics.iter().find(is).map(|(_, value)| value);
        value.filter(|value| !absent(value))
    };
    // `CA` of another country is no California.
    let abroad = analytic("Context").and_then(Scalar::text_if_any).is_some_and(|context| {
        !["US", "USA", "CA", "CAN"].iter().any(|known| context.as_str().eq_ignore_ascii_case(known))
    });
    let state = Some(&fields.state).filter(|state| !absent(state)).or(analytic("State Name"));
    let state = state.filter(|_| !abroad).and_then(Scalar::text_if_any);
    let said = |key: &str| analytic(key).and_then(Scalar::text_if_any);
    let score = analytic("Confidence Score").cloned().unwrap_or_default().loosened();
    let reading = Reading {
        source: SOURCE,
        vendor_id: fields.id.text("Id")?,
        camera,
        at,
        plate_raw,
        plate_state: state.and_then(|state| state_named(state.as_str())),
        location: place(&fields.latitude, &fields.longitude)?,
        direction: said("Relative Motion"),
        confidence: confidence(&score, "Confidence Score", 100.0)?,
        vehicle: Vehicle {
            make: said("Vehicle Make"),
            model: None,
            color: said("Vehicle Color"),
            body: said("Vehicle Type"),
            year: None,
        },
        record: sink.record,
    };
    reading.into_read().map(Some)
}

/// Whether an analytic found nothing.
fn absent(value: &Scalar) -> bool {
    match value {
        Scalar::Missing => true,
        Scalar::Text(text) => matches!(text.trim(), "" | "-"),
        _ => false,
    }
}

fn camera(fields: &Fields, sink: &RecordSink<'_>) -> Result<Text, Fault> {
    let unit = fields.unit.text("SourceUrl")?;
    match (unit, fields.camera.text("LprCameraName")?) {
        (Some(unit), Some(name)) => Ok(format!("{unit}/{name}").parse()?),
        (Some(one), None) | (None, Some(one)) => Ok(one),
        (None, None) => sink.camera.cloned().ok_or_else(|| Fault::missing("LprCameraName")),
    }
}

fn place(latitude: &Scalar, longitude: &Scalar) -> Result<Option<Location>, Fault> {
    match (latitude.number("Latitude")?, longitude.number("Longitude")?) {
        (Some(latitude), Some(longitude)) if latitude != 0.0 && longitude != 0.0 => {
            Ok(Location::new(latitude, longitude)?)
        }
        _ => Ok(None),
    }
}

fn timestamp(value: &Scalar) -> Result<Timestamp, Fault> {
    let zoneless = match value {
        Scalar::Text(text) => text.trim().parse::<jiff::civil::DateTime>().ok(),
        _ => None,
    };
    let is_zoneless = |text: &str| {
        let time = text.split_once(['T', 't', ' ']).map(|(_, time)| time);
        time.is_some_and(|time| !time.contains(['Z', 'z', '+', '-']))
    };
    match (zoneless, value) {
        (Some(_), Scalar::Text(text)) if is_zoneless(text.trim()) => {
            Scalar::Text(format!("{}Z", text.trim())).instant("Timestamp")
        }
        _ => value.instant("Timestamp"),
    }?
    .ok_or_else(|| Fault::missing("Timestamp"))
}

fn template_time(date: &str, time: &str) -> Result<Timestamp, Fault> {
    let refused = || {
        Fault::new(format_args!(
            "`UTCDate` and `UTCTime` are `{date}` and `{time}`; expected such as `2026:03:01` and \
             `17:04:05.250`"
        ))
    };
    let mut parts = date.split(':');
    let (Some(year), Some(month), Some(day), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(refused());
    };
    let shaped = [(year, 4), (month, 2), (day, 2)]
        .iter()
        .all(|(part, length)| part.len() == *length && part.bytes().all(|b| b.is_ascii_digit()));
    let clock = time.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'));
    if !shaped || !clock {
        return Err(refused());
    }
    let text = Scalar::Text(format!("{year}-{month}-{day}T{time}Z"));
    text.instant("UTCDate").map_err(|_| refused())?.ok_or_else(refused)
}

#[cfg(test)]
#[path = "genetec_tests.rs"]
mod tests;
