//! The CSV that Plate Recognizer Stream writes: one row a read, nested cells as Python literals.
//!
//! Decides which cells make a read. A row says what the webhook says of the same plate, and has the
//! same identity: camera, time and the plate as written. The camera is not a column; it is the
//! folder of screenshots in `file`.

use std::collections::VecDeque;
use std::io;

use schemas::text::Text;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::field::{Fault, Scalar, clean};
use crate::json::text_of;
use crate::outcome::{ImportError, Item, Outcome, RecordSink, Rejected};
use crate::platerecognizer;
use crate::python;
use crate::rows::{Cut, Row, Rows};

const CUT: Cut = Cut::Delimited { delimiter: b',', quote: Some(b'"') };

/// Columns without which no row is a read.
const NEEDED: [&str; 3] = ["timestamp", "plate", "file"];

/// Columns whose cells are Python literals.
const NESTED: [&str; 4] = ["region", "vehicle", "model_make", "color"];

/// The rows of a file.
pub(crate) struct StreamCsv<R> {
    rows: Rows<R>,
    header: Vec<String>,
}

impl<R: io::Read> StreamCsv<R> {
    /// Reads the header.
    pub(crate) fn new(source: R) -> Result<Self, ImportError> {
        let mut rows = Rows::new(source, CUT);
        let cells = match rows.next()? {
            None => return Ok(Self { rows, header: Vec::new() }),
            Some(Row::Broken { error, .. }) => {
                return Err(ImportError::Mapping(format!("the header cannot be read: {error}")));
            }
            Some(Row::Cells { cells, .. }) => cells,
        };
        let header: Vec<String> =
            cells.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
        for needed in NEEDED {
            if !header.iter().any(|name| name == needed) {
                let found = clean(&header.join(","), 100);
                return Err(ImportError::Mapping(format!(
                    "the header `{found}` has no column `{needed}`; expected that of Plate \
                     Recognizer Stream"
                )));
            }
        }
        Ok(Self { rows, header })
    }

    /// Makes the next row's items ready; `false` at the end.
    pub(crate) fn next(
        &mut self,
        camera: Option<&Text>,
        items: &mut VecDeque<Item>,
    ) -> io::Result<bool> {
        match self.rows.next()? {
            None => return Ok(false),
            Some(Row::Broken { position, error }) => {
                items.push_back(Item::Rejected(Rejected { at: position.to_string(), error }));
            }
            Some(Row::Cells { position, cells, bytes }) => {
                let mut sink = RecordSink::new(position, &bytes, camera, items);
                let outcome = self.row(&cells, &sink);
                sink.put("", outcome);
            }
        }
        Ok(true)
    }

    fn row(&self, cells: &[Vec<u8>], sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
        if cells.len() != self.header.len() {
            return Err(Fault::new(format_args!(
                "the row has {} cells; expected {}, as the header has",
                cells.len(),
                self.header.len()
            )));
        }
        let mut row = Map::new();
        for (name, cell) in self.header.iter().zip(cells) {
            let cell = text_of(cell)?.trim();
            if cell.is_empty() {
                continue;
            }
            let value = if NESTED.contains(&name.as_str()) {
                python::parse(cell).map_err(|error| {
                    let shown = clean(cell, 60);
                    Fault::new(format_args!("column `{name}` is `{shown}`: {error}"))
                })?
            } else {
                Value::from(cell)
            };
            row.insert(name.clone(), value);
        }
        let text = |row: &Map<String, Value>, name: &str| match row.get(name) {
            Some(Value::String(text)) => Scalar::Text(text.clone()),
            _ => Scalar::Missing,
        };
        let at = text(&row, "timestamp").instant("timestamp")?;
        let at = at.ok_or_else(|| Fault::missing("timestamp"))?;
        let camera = match camera_of(&text(&row, "file").text("file")?.unwrap_or_default()) {
            Some(camera) => camera,
            None => sink.camera.cloned().ok_or_else(|| {
                let file = clean(&text(&row, "file").to_string(), 80);
                Fault::new(format_args!(
                    "`file` is {file}, which names no camera; expected a folder such as \
                     `camera-1_screenshots`"
                ))
            })?,
        };
        for name in ["score", "direction"] {
            let value = text(&row, name).loosened();
            if let Ok(Some(number)) = value.number(name) {
                row.insert(name.to_owned(), Value::from(number));
            }
        }
        let detection = Value::Object(row).to_string();
        let raw: &RawValue = serde_json::from_str(&detection)?;
        platerecognizer::one(raw, &camera, at, sink.record)
    }
}

/// `/camera-1_screenshots/21-10-27/06-20-43.970337.jpg` → `camera-1`. Only a name is taken of it;
/// nothing is opened.
fn camera_of(file: &Text) -> Option<Text> {
    let folder = |part: &str| part.strip_suffix("_screenshots")?.parse::<Text>().ok();
    file.as_str().split('/').find_map(folder).filter(|camera| !camera.is_empty())
}

#[cfg(test)]
#[path = "stream_csv_tests.rs"]
mod tests;
