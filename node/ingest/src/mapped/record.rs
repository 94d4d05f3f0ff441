//! One record of a mapping: which cell says what of a read.

use schemas::read::{Location, Vehicle};

use super::cells::Cells;
use super::photograph::Photograph;
use crate::field::{Fault, Scalar, clean, confidence};
use crate::mapping::{ColumnValue, Mapping, SkipWhere};
use crate::note::{NoteKind, Notes};
use crate::outcome::{Outcome, RecordSink};
use crate::place;
use crate::reading::{Reading, camera_or_said, plate_text};
use crate::region;

/// What the mapping says is something else than a read.
pub(super) const SKIPPED: Outcome = Outcome::Empty("a record that the mapping skips");

/// Whether the mapping passes a record over by this condition.
pub(super) fn skips(condition: &SkipWhere, cells: &Cells<'_>) -> bool {
    match cells.value(&condition.column) {
        Some(value) => condition.skips(&value),
        None => false,
    }
}

/// What one record says, cell by cell.
pub(super) fn one(
    mapping: &Mapping,
    cells: &Cells<'_>,
    mut notes: Notes,
    taken: &mut Photograph,
    sink: &RecordSink<'_>,
) -> Result<Outcome, Fault> {
    let columns = &mapping.columns;
    let constants = &mapping.constants;
    if mapping.skip_where.iter().any(|one| skips(one, cells)) {
        return Ok(SKIPPED);
    }
    let value = |of: &ColumnValue| cells.value(of).map(Scalar::Text).unwrap_or_default();
    let said = |of: &ColumnValue| {
        if of.is_empty() {
            return Ok(None);
        }
        value(of)
            .said(&of.to_string())
            .map_err(|fault| Fault::new(format_args!("column {}", fault.into_sentence())))
    };
    let no_plate: Vec<&str> = mapping.no_plate.iter().map(|word| word.trim()).collect();
    let plate_name = columns.plate.to_string();
    let Some(plate_raw) = plate_text(&value(&columns.plate), &plate_name, &no_plate)? else {
        return Ok(Outcome::Empty("a row without a plate"));
    };
    let at_name = columns.at.to_string();
    let at = cells
        .value(&columns.at)
        .ok_or_else(|| Fault::new(format_args!("column `{at_name}` is empty; expected a time")))?;
    let read_at = mapping.times.instant(&at, &at_name, sink.options.zone.as_ref())?;
    if let Some(otherwise) = read_at.otherwise {
        let said = format_args!("`{}` is read as {otherwise}, {}", clean(&at, 40), read_at.at);
        notes.add(NoteKind::Time, said);
    }
    let camera = match notes.take(NoteKind::Camera, said(&columns.camera)) {
        Some(camera) => camera,
        None => camera_or_said(Ok(constants.camera.clone()), sink, &mut notes),
    };
    let state = region::state(&value(&columns.state), &columns.state.to_string(), &mut notes);
    let location = notes.take(NoteKind::Place, place(mapping, &value));
    let score = confidence(
        &value(&columns.confidence),
        &columns.confidence.to_string(),
        mapping.full_confidence,
    );
    let source = mapping.source.to_string();
    let vehicle = Vehicle {
        make: notes.take(NoteKind::Vehicle, said(&columns.make)),
        model: notes.take(NoteKind::Vehicle, said(&columns.model)),
        color: notes.take(NoteKind::Vehicle, said(&columns.color)),
        body: notes.take(NoteKind::Vehicle, said(&columns.body)),
        year: notes.take(NoteKind::Vehicle, said(&columns.year)),
    };
    let direction = notes.take(NoteKind::Direction, said(&columns.direction));
    let reading = Reading {
        source: &source,
        vendor_id: notes.take(NoteKind::Id, said(&columns.id)),
        camera,
        at: read_at.at,
        plate_raw,
        plate_state: state.or(constants.state),
        location,
        direction: direction.or_else(|| constants.direction.clone()),
        confidence: notes.take(NoteKind::Confidence, score),
        vehicle,
        record: sink.record,
        notes,
    };
    let read = reading.into_read().map_err(|fault| {
        Fault::new(format_args!("column `{plate_name}`: {}", fault.into_sentence()))
    })?;
    let Some(mut read) = read else { return Ok(Outcome::of(None)) };
    if let Some(photograph) = cells.value(&columns.photograph) {
        taken.add(&mut read, &columns.photograph.to_string(), photograph);
    }
    Ok(Outcome::Read(Box::new(read)))
}

/// Where: the mapping's own place, one value of both coordinates, or two.
fn place(
    mapping: &Mapping,
    value: &dyn Fn(&ColumnValue) -> Scalar,
) -> Result<Option<Location>, Fault> {
    let columns = &mapping.columns;
    if let Some((latitude, longitude)) = mapping.constants.latitude.zip(mapping.constants.longitude)
    {
        return Ok(Location::new(latitude, longitude)?);
    }
    if let Scalar::Text(both) = value(&columns.place) {
        return place::of_both(&both, mapping.place_order, &columns.place.to_string());
    }
    place::location(
        (&value(&columns.latitude), &columns.latitude.to_string()),
        (&value(&columns.longitude), &columns.longitude.to_string()),
    )
}
