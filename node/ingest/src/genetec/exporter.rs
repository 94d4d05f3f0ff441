//! What Genetec Security Center's exporter writes of a read (`Read`), and of a hit of a hot list in which
//! one stands (`Hotlist`).
//!
//! Decides which elements make a read. Vendors' documents show the elements of a hit and an example of
//! the attributes of a read; where plate and place stand in it they do not show, so each is taken from
//! wherever one of its names is found.

use schemas::time::Timestamp;

use super::fields::{Fields, MOST_ANALYTICS, NO_PLATE, make};
use crate::field::{Fault, Scalar};
use crate::instant::{Fold, Zone};
use crate::outcome::{Outcome, RecordSink};
use crate::xml::Element;

pub(super) fn read(tree: &Element, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    let inner = match tree.name.as_str() {
        "Hotlist" => tree.at("Vehicle/Read").or(tree.child("Read")),
        "Vehicle" => tree.child("Read"),
        _ => Some(tree),
    };
    let Some(read) = inner else { return Ok(Outcome::Empty("a hit without its read")) };
    // What stands in the read counts before what stands around it.
    let first = |names: &[&str]| {
        let said =
            |of: &Element, name: &&str| Some(of.scalar(name)).filter(|one| !one.is_nothing());
        let of = |element: &Element| names.iter().find_map(|name| said(element, name));
        of(read).or_else(|| of(tree)).unwrap_or_default()
    };
    let list = read.at("attributes/Attributes").or(read.at("Attributes"));
    let list = list.map(|list| list.children.as_slice()).unwrap_or_default();
    let analytics = list.iter().take(MOST_ANALYTICS).filter_map(|one| {
        let name = one.attributes.iter().find(|(name, _)| name == "name");
        name.map(|(_, name)| (name.clone(), Scalar::Text(one.text.trim().to_owned())))
    });
    let fields = Fields {
        id: first(&["ReadId", "ReadID", "Id"]),
        unit: first(&["UnitName", "PatrollerName", "SourceName"]),
        camera: first(&["CameraName", "LprCameraName"]),
        plate: first(&["Plate", "PlateRead", "PlateNumber", "PlateReadMatched", "MatchedPlate"]),
        latitude: first(&["Latitude", "LatitudeY"]),
        longitude: first(&["Longitude", "LongitudeX"]),
        analytics: analytics.collect(),
        state: first(&["PlateState", "State"]),
    };
    let at = instant(&first, sink.options.zone.as_ref())?;
    Ok(make(fields, at, sink)?.map_or(NO_PLATE, |read| Outcome::Read(Box::new(read))))
}

/// Date and time stand apart: in UTC, or in the zone of the machine, which it does not write.
fn instant(first: &dyn Fn(&[&str]) -> Scalar, zone: Option<&Zone>) -> Result<Timestamp, Fault> {
    let utc: Option<Zone> = "UTC".parse().ok();
    for (date, time, zone) in [
        ("DateUtc", "TimeUtc", utc.as_ref()),
        ("DateLocal", "TimeLocal", zone),
        ("Date", "Time", zone),
    ] {
        let (Scalar::Text(day), Scalar::Text(clock)) = (first(&[date]), first(&[time])) else {
            continue;
        };
        let said = format!("`{date}` and `{time}` are `{day}` and `{clock}`");
        let text = format!("{day} {clock}");
        let formats = ["%m/%d/%Y %H:%M:%S%.f", "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S%.f"];
        let read = |format: &&str| jiff::civil::DateTime::strptime(format, &text).ok();
        let Some(local) = formats.iter().find_map(read) else {
            return Err(Fault::new(format_args!(
                "{said}; expected such as `11/28/2026` and `10:44:00`"
            )));
        };
        let Some(zone) = zone else {
            return Err(Fault::new(format_args!(
                "{said}, which have no zone; say the machine's with --zone"
            )));
        };
        let instant = zone.instant(local, Fold::Earlier, &said)?;
        return Scalar::Text(instant.to_string())
            .instant(date, None)?
            .ok_or_else(|| Fault::missing(date));
    }
    Err(Fault::missing("DateUtc"))
}
