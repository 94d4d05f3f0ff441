//! What all records of Genetec say, and the read made of it.

use schemas::read::{Location, Vehicle};
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::field::{Fault, Scalar, confidence};
use crate::imported_read::ImportedRead;
use crate::note::{NoteKind, Notes};
use crate::outcome::{Outcome, RecordSink};
use crate::place;
use crate::reading::{Reading, camera_or_said, described, plate_text};
use crate::region;

const SOURCE: &str = "genetec";
/// Analytics of one read that are looked at. Units report about ten.
pub(super) const MOST_ANALYTICS: usize = 100;

/// What the kinds of records say.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) id: Scalar,
    pub(super) unit: Scalar,
    pub(super) camera: Scalar,
    pub(super) plate: Scalar,
    pub(super) latitude: Scalar,
    pub(super) longitude: Scalar,
    pub(super) analytics: Vec<(String, Scalar)>,
    /// The state, where it has a field of its own.
    pub(super) state: Scalar,
}

pub(super) const NO_PLATE: Outcome = Outcome::Empty("a vehicle without a plate");

pub(super) fn make(
    fields: Fields,
    at: Timestamp,
    sink: &RecordSink<'_>,
) -> Result<Option<ImportedRead>, Fault> {
    let Some(plate_raw) = plate_text(&fields.plate, "PlateRead", &["-"])? else {
        return Ok(None);
    };
    let mut notes = Notes::default();
    let camera = camera(&fields, sink, &mut notes);
    let analytic = |key: &str| {
        let is = |(name, _): &&(String, Scalar)| name.eq_ignore_ascii_case(key);
        let value = fields.analytics.iter().find(is).map(|(_, value)| value.clone());
        value.unwrap_or_default()
    };
    let own = Some(&fields.state).filter(|state| !state.is_nothing()).cloned();
    let state = own.unwrap_or_else(|| analytic("State Name"));
    let plate_state = match analytic("Context") {
        // `CA` of another country is no California.
        Scalar::Text(context) if is_abroad(&context) && !state.is_nothing() => {
            let said = format_args!("`State Name` is {state}, of the context `{context}`");
            notes.add(NoteKind::State, said);
            None
        }
        _ => region::state(&state, "State Name", &mut notes),
    };
    let score = analytic("Confidence Score");
    let place = place(&fields.latitude, &fields.longitude);
    let reading = Reading {
        source: SOURCE,
        vendor_id: notes.take(NoteKind::Id, fields.id.said("Id")),
        camera,
        at,
        plate_raw,
        plate_state,
        location: notes.take(NoteKind::Place, place),
        direction: notes
            .take(NoteKind::Direction, analytic("Relative Motion").said("Relative Motion")),
        confidence: notes.take(NoteKind::Confidence, confidence(&score, "Confidence Score", 100.0)),
        vehicle: Vehicle {
            make: described(&analytic("Vehicle Make"), "Vehicle Make", &mut notes),
            model: described(&analytic("Vehicle Model"), "Vehicle Model", &mut notes),
            color: described(&analytic("Vehicle Color"), "Vehicle Color", &mut notes),
            body: described(&analytic("Vehicle Type"), "Vehicle Type", &mut notes),
            year: None,
        },
        record: sink.record,
        notes,
    };
    reading.into_read()
}

/// Whether a context is a country other than those whose states are known here. A context may as well be
/// a region of them, or several of their states.
fn is_abroad(context: &str) -> bool {
    const ABROAD: [&str; 10] = [
        "mx",
        "mexico",
        "france",
        "spain",
        "italy",
        "germany",
        "brazil",
        "united kingdom",
        "uk",
        "europe",
    ];
    let context = context.trim();
    let code = context.len() == 3 && context.bytes().all(|b| b.is_ascii_uppercase());
    let known = ["USA", "CAN"].contains(&context) || region::state_named(context).is_some();
    (code && !known) || ABROAD.iter().any(|country| context.eq_ignore_ascii_case(country))
}

fn camera(fields: &Fields, sink: &RecordSink<'_>, notes: &mut Notes) -> Text {
    let unit = notes.take(NoteKind::Camera, fields.unit.said("SourceUrl"));
    let name = notes.take(NoteKind::Camera, fields.camera.said("LprCameraName"));
    let joined = match (unit, name) {
        // An address ends with a stroke of its own.
        (Some(unit), Some(name)) => {
            format!("{}/{name}", unit.as_str().trim_end_matches('/')).parse().ok()
        }
        (unit, name) => unit.or(name),
    };
    camera_or_said(Ok(joined), sink, notes)
}

fn place(latitude: &Scalar, longitude: &Scalar) -> Result<Option<Location>, Fault> {
    let unknown = |value: &Scalar| matches!(value.number(""), Ok(Some(0.0)));
    if unknown(latitude) || unknown(longitude) {
        return Ok(None);
    }
    place::location((latitude, "Latitude"), (longitude, "Longitude"))
}
