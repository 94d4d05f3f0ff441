//! Records read by a [`Mapping`]: tables and objects of any agency.
//!
//! Decides which cells make a read, as the mapping says. Identity is the mapped `id` under the
//! mapping's source; without one, camera, time and raw plate. A cell that cannot be read rejects its
//! row by line, column and value; an empty one says nothing.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use schemas::read::Vehicle;
use schemas::text::Text;
use serde_json::Value;

use crate::field::{Fault, Scalar, clean, confidence, location};
use crate::framer::{Framed, Framer, Position};
use crate::json::{syntax, text_of};
use crate::mapping::{Column, MappedLayout, Mapping};
use crate::outcome::{Empty, ImportError, Item, Outcome, RecordSink, Rejected};
use crate::reading::Reading;
use crate::region::state_named;
use crate::rows::{Cut, Row, Rows};

mod cells;

use self::cells::Cells;

/// The records of a source.
pub(crate) struct Table<R> {
    mapping: Arc<Mapping>,
    frames: Frames<R>,
    header: Vec<String>,
}

enum Frames<R> {
    Rows(Rows<R>),
    Json(Framer<R>),
}

impl<R: io::Read> Table<R> {
    /// Reads the header, if the table has one.
    pub(crate) fn new(mapping: Arc<Mapping>, source: R) -> Result<Self, ImportError> {
        let (cut, has_header) = match mapping.layout {
            MappedLayout::Rows { cut, header } => (cut, header),
            MappedLayout::Fixed => (Cut::Whole, false),
            MappedLayout::Json => {
                let frames = Frames::Json(Framer::new(source));
                return Ok(Self { mapping, frames, header: Vec::new() });
            }
        };
        let mut rows = Rows::new(source, cut);
        for _ in 0..mapping.skip_lines {
            if !rows.skip_line()? {
                break;
            }
        }
        let mut header = Vec::new();
        if has_header {
            match rows.next()? {
                None => {}
                Some(Row::Broken { position, error }) => {
                    return Err(ImportError::Mapping(format!(
                        "the header at {position} cannot be read: {error}"
                    )));
                }
                Some(Row::Cells { cells, .. }) => {
                    let name =
                        |cell: &Vec<u8>| decoded(&mapping, cell).map(|name| name.trim().to_owned());
                    header = cells
                        .iter()
                        .map(name)
                        .collect::<Result<_, _>>()
                        .map_err(|fault| ImportError::Mapping(fault.into_sentence()))?;
                    check_header(&mapping, &header)?;
                }
            }
        }
        Ok(Self { mapping, frames: Frames::Rows(rows), header })
    }

    /// Makes the next record's items ready; `false` at the end.
    pub(crate) fn next(
        &mut self,
        camera: Option<&Text>,
        items: &mut VecDeque<Item>,
    ) -> io::Result<bool> {
        let (position, error) = match &mut self.frames {
            Frames::Rows(rows) => match rows.next()? {
                None => return Ok(false),
                Some(Row::Broken { position, error }) => (position, error),
                Some(Row::Cells { position, cells, bytes }) => {
                    row(&self.mapping, &self.header, position, &cells, &bytes, camera, items);
                    return Ok(true);
                }
            },
            Frames::Json(framer) => match framer.next()? {
                None => return Ok(false),
                Some(Framed::Broken { position, error }) => (position, error),
                Some(Framed::Record { position, bytes }) => {
                    let mut sink = RecordSink::new(position, bytes, camera, items);
                    object(&self.mapping, bytes, &mut sink);
                    return Ok(true);
                }
            },
        };
        items.push_back(Item::Rejected(Rejected { at: position.to_string(), error }));
        Ok(true)
    }
}

/// Every column that the mapping names stands in the header, once.
fn check_header(mapping: &Mapping, header: &[String]) -> Result<(), ImportError> {
    for column in mapping.columns.all() {
        let Column::Named(name) = column else { continue };
        let count = header.iter().filter(|known| *known == name).count();
        if count != 1 {
            let how = if count == 0 { "not" } else { "more than once" };
            let (name, known) = (clean(name, 60), clean(&header.join("`, `"), 200));
            return Err(ImportError::Mapping(format!(
                "column `{name}` of the mapping stands {how} in the header, which has `{known}`"
            )));
        }
    }
    Ok(())
}

fn decoded(mapping: &Mapping, bytes: &[u8]) -> Result<String, Fault> {
    if mapping.latin_1 {
        Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
    } else {
        text_of(bytes).map(str::to_owned)
    }
}

fn row(
    mapping: &Mapping,
    header: &[String],
    position: Position,
    cells: &[Vec<u8>],
    bytes: &[u8],
    camera: Option<&Text>,
    items: &mut VecDeque<Item>,
) {
    if mapping.skip_beginning.iter().any(|words| bytes.starts_with(words.as_bytes())) {
        let (at, what) = (position.to_string(), "a line that the mapping skips");
        return items.push_back(Item::Empty(Empty { at, what }));
    }
    let mut sink = RecordSink::new(position, bytes, camera, items);
    let decode = |cell: &Vec<u8>| decoded(mapping, cell);
    let outcome =
        cells.iter().map(decode).collect::<Result<Vec<String>, Fault>>().and_then(|cells| {
            if !header.is_empty() && cells == header {
                return Ok(Outcome::Empty("the header again"));
            }
            if !header.is_empty() && cells.len() != header.len() {
                return Err(Fault::new(format_args!(
                    "the row has {} cells; expected {}, as the header has",
                    cells.len(),
                    header.len()
                )));
            }
            let cells = match mapping.layout {
                MappedLayout::Fixed => Cells::Line(cells.concat().chars().collect()),
                _ => Cells::Row { header, cells: &cells },
            };
            one(mapping, &cells, &sink)
        });
    sink.put("", outcome);
}

/// One object, or the list of them inside it.
fn object(mapping: &Mapping, bytes: &[u8], sink: &mut RecordSink<'_>) {
    let value = text_of(bytes).and_then(|text| {
        serde_json::from_str::<Value>(text).map_err(|error| syntax(error, sink.position))
    });
    let value = match value {
        Ok(value) => value,
        Err(fault) => return sink.put("", Err(fault)),
    };
    let Some(path) = &mapping.records else {
        let outcome = one(mapping, &Cells::Object(&value), sink);
        return sink.put("", outcome);
    };
    match cells::step_into(&value, path) {
        Some(Value::Array(list)) if list.is_empty() => {
            sink.put("", Ok(Outcome::Empty("an object without reads")));
        }
        Some(Value::Array(list)) => {
            for (index, value) in list.iter().enumerate() {
                let outcome = one(mapping, &Cells::Object(value), sink);
                sink.put(&format!("{path}[{index}]"), outcome);
            }
        }
        _ => sink.put("", Err(Fault::new(format_args!("`{path}` is no list; expected the reads")))),
    }
}

fn one(mapping: &Mapping, cells: &Cells<'_>, sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
    let columns = &mapping.columns;
    let constants = &mapping.constants;
    let text = |columns: &[Column]| -> Result<Option<Text>, Fault> {
        let Some(value) = cells.value(columns)? else { return Ok(None) };
        let field = cells::named(columns);
        value.parse().map(Some).map_err(|error| {
            let value = clean(&value, 60);
            Fault::new(format_args!("column `{field}` is `{value}`, which cannot be used: {error}"))
        })
    };
    let number = |columns: &[Column]| -> Result<Scalar, Fault> {
        let value = cells.value(columns)?.map(Scalar::Text).unwrap_or_default();
        let number = value.loosened();
        number.number(&cells::named(columns))?;
        Ok(number)
    };
    let Some(plate_raw) = text(&columns.plate)? else {
        return Ok(Outcome::Empty("a row without a plate"));
    };
    let at_name = cells::named(&columns.at);
    let at = cells
        .value(&columns.at)?
        .ok_or_else(|| Fault::new(format_args!("column `{at_name}` is empty; expected a time")))?;
    let at = mapping.times.instant(&at, &at_name)?;
    let camera = match text(&columns.camera)? {
        Some(camera) => camera,
        None => constants.camera.as_ref().or(sink.camera).cloned().ok_or_else(|| {
            Fault::new("no column and no constant names the camera; name it in the mapping")
        })?,
    };
    let state = text(&columns.state)?.and_then(|state| state_named(state.as_str()));
    let (latitude, longitude) = (number(&columns.latitude)?, number(&columns.longitude)?);
    let fixed = constants.latitude.zip(constants.longitude);
    let location = match fixed {
        Some((latitude, longitude)) => schemas::read::Location::new(latitude, longitude)?,
        None => location(
            (&latitude, &cells::named(&columns.latitude)),
            (&longitude, &cells::named(&columns.longitude)),
        )?,
    };
    let score = number(&columns.confidence)?;
    let source = mapping.source.to_string();
    let reading = Reading {
        source: &source,
        vendor_id: text(&columns.id)?,
        camera,
        at,
        plate_raw,
        plate_state: state.or(constants.state),
        location,
        direction: text(&columns.direction)?.or_else(|| constants.direction.clone()),
        confidence: confidence(
            &score,
            &cells::named(&columns.confidence),
            mapping.full_confidence,
        )?,
        vehicle: Vehicle {
            make: text(&columns.make)?,
            model: text(&columns.model)?,
            color: text(&columns.color)?,
            body: text(&columns.body)?,
            year: text(&columns.year)?,
        },
        record: sink.record,
    };
    let plate = cells::named(&columns.plate);
    let imported = reading
        .into_read()
        .map_err(|fault| Fault::new(format_args!("column `{plate}`: {}", fault.into_sentence())))?;
    Ok(Outcome::Read(Box::new(imported)))
}

#[cfg(test)]
#[path = "mapped_tests.rs"]
mod tests;
