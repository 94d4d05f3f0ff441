//! The CSV that Plate Recognizer Stream writes: one row a read, nested cells as Python literals.
//!
//! Decides which cells make a read. A row says what the webhook says of the same plate, and has the
//! same identity: camera, time and plate. The camera is no column of Stream's; it is the folder of
//! screenshots in `file`.

use std::collections::VecDeque;
use std::io;

use schemas::text::Text;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::encoding;
use crate::field::{Fault, Scalar, clean};
use crate::note::{NoteKind, Notes};
use crate::options::Options;
use crate::outcome::{ImportError, Item, Outcome, RecordSink, Rejected};
use crate::platerecognizer;
use crate::python;
use crate::reading::camera_or_said;
use crate::rows::{Cut, Row, Rows};

/// What is wrong with a last row that lacks cells and its line's end.
pub(crate) const CUT_OFF: &str = "the file ends inside the row; it may be cut off";

/// Columns without which no row is a read.
const NEEDED: [&str; 2] = ["timestamp", "plate"];

/// Columns whose cells are Python literals.
const NESTED: [&str; 5] = ["region", "vehicle", "model_make", "color", "plate"];

/// The rows of a file.
pub(crate) struct StreamCsv<R> {
    rows: Rows<R>,
    header: Vec<String>,
}

impl<R: io::Read> StreamCsv<R> {
    /// Reads the header.
    pub(crate) fn new(source: R) -> Result<Self, ImportError> {
        let mut rows = Rows::new(source, Cut::CSV);
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
        options: &Options,
        items: &mut VecDeque<Item>,
    ) -> io::Result<bool> {
        match self.rows.next()? {
            None => return Ok(false),
            Some(Row::Broken { position, error }) => {
                items.push_back(Item::Rejected(Rejected { at: position.to_string(), error }));
            }
            Some(Row::Cells { position, cells, bytes, ended }) => {
                let mut sink = RecordSink::new(position, &bytes, options, items);
                let whole = ended || cells.len() >= self.header.len();
                let outcome =
                    if whole { self.row(&cells, &sink) } else { Err(Fault::new(CUT_OFF)) };
                sink.put("", outcome);
            }
        }
        Ok(true)
    }

    fn row(&self, cells: &[Vec<u8>], sink: &RecordSink<'_>) -> Result<Outcome, Fault> {
        let more = cells.get(self.header.len()..).unwrap_or_default();
        if more.iter().any(|cell| !cell.trim_ascii().is_empty()) {
            return Err(Fault::new(format_args!(
                "the row has {} cells; expected {}, as the header has",
                cells.len(),
                self.header.len()
            )));
        }
        let mut notes = Notes::default();
        let mut row = Map::new();
        for (name, cell) in self.header.iter().zip(cells) {
            let (text, _) = encoding::text(cell);
            let cell = text.trim();
            let nested = NESTED.contains(&name.as_str()) && cell.starts_with(['{', '[', '(']);
            let value = match nested.then(|| python::parse(cell)) {
                None => Value::from(cell),
                Some(Ok(value)) => value,
                Some(Err(error)) => {
                    let kind = if name == "region" { NoteKind::State } else { NoteKind::Vehicle };
                    let shown = clean(cell, 60);
                    notes.add(kind, format_args!("column `{name}` is `{shown}`: {error}"));
                    continue;
                }
            };
            if !cell.is_empty() {
                row.insert(name.clone(), value);
            }
        }
        let text = |name: &str| match row.get(name) {
            Some(Value::String(text)) => Scalar::Text(text.clone()),
            _ => Scalar::Missing,
        };
        let at = text("timestamp").instant("timestamp", sink.options.zone.as_ref())?;
        let at = at.ok_or_else(|| Fault::missing("timestamp"))?;
        let named = match text("camera_id").said("camera_id") {
            Ok(None) => text("file").said("file").map(|file| file.as_ref().and_then(camera_of)),
            named => named,
        };
        let camera = camera_or_said(named, sink, &mut notes);
        let detection = Value::Object(row).to_string();
        let raw: &RawValue = serde_json::from_str(&detection)?;
        platerecognizer::one(raw, camera, at, notes, sink)
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
