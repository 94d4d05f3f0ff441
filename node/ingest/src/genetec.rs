//! Genetec AutoVu SharpV: JSON and XML of its HTTP extension, and XML of its FTP template. What Security
//! Center exports is in a file of its own.
//!
//! Decides which of a record's fields make a read. Identity is the vendor's id, `Id` or `Guid`; a
//! read that arrives by both ways is one. The camera is the unit (`SourceUrl`, `SourceName`) and
//! its name for the camera, because every unit calls its own the same.
//!
//! Times: the JSON's `Timestamp` has no zone and is UTC, which is what units are configured to; one
//! with an offset is taken at its word. The template's date is `yyyy:MM:dd` in UTC. `-` means that
//! an analytic found nothing, and a coordinate of 0.0 that the unit knows no place.

use schemas::image::View;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::field::{Fault, Scalar};
use crate::imported_read::ImportedRead;
use crate::instant::Zone;
use crate::outcome::{Outcome, RecordSink};
use crate::xml::Element;

mod exporter;
mod fields;

use self::fields::{Fields, MOST_ANALYTICS, NO_PLATE, make};

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

pub(crate) fn read_json(body: &str, sink: &mut RecordSink<'_>) {
    let outcome = json(body, sink);
    sink.put("", outcome);
}

fn json(body: &str, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    let body: Payload<'_> = serde_json::from_str(body)?;
    let at = timestamp(&body.timestamp, sink.options.zone.as_ref())?;
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

pub(crate) fn read_xml(tree: &Element, sink: &mut RecordSink<'_>) {
    let outcome = match tree.name.as_str() {
        "AutoVu" => template(tree, sink),
        "Plate" => http(tree, sink),
        _ => exporter::read(tree, sink),
    };
    sink.put("", outcome);
}

/// XML of the HTTP extension.
fn http(tree: &Element, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    let at = timestamp(&tree.scalar("Timestamp"), sink.options.zone.as_ref())?;
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
        latitude: tree.scalar("Latitude"),
        longitude: tree.scalar("Longitude"),
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
        latitude: tree.scalar("LatitudeY"),
        longitude: tree.scalar("LongitudeX"),
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

/// A time; one without a zone is UTC, unless somebody said otherwise.
fn timestamp(value: &Scalar, zone: Option<&Zone>) -> Result<Timestamp, Fault> {
    let utc: Option<Zone> = "UTC".parse().ok();
    let at = value.instant("Timestamp", zone.or(utc.as_ref()))?;
    at.ok_or_else(|| Fault::missing("Timestamp"))
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
    text.instant("UTCDate", None).map_err(|_| refused())?.ok_or_else(refused)
}

#[cfg(test)]
#[path = "genetec_tests.rs"]
mod tests;
