//! Records read by a [`Mapping`]: tables and objects of any agency.
//!
//! Decides which cells make a read, as the mapping says. Identity is the mapped `id` under the
//! mapping's source; without one, camera, time and plate. Only a plate and a time can cost a row: any
//! other cell that cannot be read is left out, and told by column and value; an empty one, or a word for
//! nothing, says nothing.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use serde_json::Value;

use crate::MOST_RESULTS;
use crate::audit_export;
use crate::encoding;
use crate::field::{Fault, clean};
use crate::framer::{Framed, Framer};
use crate::json::syntax;
use crate::mapping::{Bases, Leads, MappedLayout, Mapping};
use crate::note::{NoteKind, Notes};
use crate::options::Options;
use crate::outcome::{Empty, ImportError, Item, Outcome, RecordSink, reject};
use crate::position::Position;
use crate::relaxed::relaxed;
use crate::rows::{Cut, Row, Rows};
use crate::stream_csv::CUT_OFF;
use crate::xml::{self, Documents};

mod cells;
mod header;
mod photograph;
mod record;
mod shape;

use self::cells::Cells;
use self::photograph::Photograph;
use self::record::{SKIPPED, one, skips};
use self::shape::{Digits, Shares, shape};

/// The records of a source.
pub(crate) struct Table<R> {
    mapping: Arc<Mapping>,
    frames: Frames<R>,
    header: Vec<String>,
    /// Cells of a row beyond the header's names, as the first row has them.
    unnamed: Option<usize>,
    digits: Digits,
    shares: Shares,
    /// Rows that were looked at for the header of an audit export.
    looked_at: usize,
}

/// Rows of a table that may be the header of an audit export, though the mapping has no header there.
const AUDIT_HEADER: usize = 20;

enum Frames<R> {
    Rows(Rows<R>),
    Json(Framer<R>),
    Xml(Documents<R>),
}

impl<R: io::Read> Table<R> {
    /// Reads the header, if the table has one. `cut_said` counts before the mapping's: a sheet is cut as it is.
    pub(crate) fn new(
        mapping: Arc<Mapping>,
        source: R,
        cut_said: Option<Cut>,
    ) -> Result<Self, ImportError> {
        let table = |mapping, frames, header| Self {
            mapping,
            frames,
            header,
            unnamed: None,
            digits: Digits::default(),
            shares: Shares::default(),
            looked_at: 0,
        };
        let (cut, has_header) = match mapping.layout {
            MappedLayout::Rows { cut: said, header } => (cut_said.unwrap_or(said), header),
            MappedLayout::Fixed => (Cut::Whole, false),
            MappedLayout::Json => {
                return Ok(table(mapping, Frames::Json(Framer::new(source)), Vec::new()));
            }
            MappedLayout::Xml => {
                return Ok(table(mapping, Frames::Xml(Documents::new(source)), Vec::new()));
            }
        };
        let mut rows = Rows::new(source, cut);
        let said = u32::from(cut_said.is_none() && rows.take_separator()?);
        for _ in said..mapping.skip_lines {
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
                    let name = |cell: &Vec<u8>| header::name(&mapping.text(cell).0);
                    header = cells.iter().map(name).collect();
                    audit_export::refuse(&header)?;
                    header::check(&mapping, &mut header, &mut rows)?;
                }
            }
        }
        Ok(table(mapping, Frames::Rows(rows), header))
    }

    /// Makes the next record's items ready; `false` at the end.
    pub(crate) fn next(
        &mut self,
        options: &Options,
        items: &mut VecDeque<Item>,
    ) -> Result<bool, ImportError> {
        let (position, error) = match &mut self.frames {
            Frames::Rows(rows) => match rows.next()? {
                None => {
                    items.extend(std::mem::take(&mut self.digits).told().map(Item::Said));
                    items.extend(std::mem::take(&mut self.shares).told().map(Item::Said));
                    return Ok(false);
                }
                Some(Row::Broken { position, error }) => (position, error),
                Some(Row::Cells { position, cells, bytes, ended }) => {
                    if self.looked_at < AUDIT_HEADER {
                        self.looked_at += 1;
                        let names =
                            cells.iter().map(|cell| header::name(&self.mapping.text(cell).0));
                        audit_export::refuse(&names.collect::<Vec<_>>())?;
                    }
                    // Missing cells are empty, but for those of a row that was cut in the middle.
                    if !ended && cells.len() < self.header.len() {
                        return Ok(reject(position, CUT_OFF.to_owned(), items));
                    }
                    self.row(position, &cells, &bytes, options, items);
                    return Ok(true);
                }
            },
            Frames::Json(framer) => match framer.next()? {
                None => return Ok(false),
                Some(Framed::Broken { position, error }) => (position, error),
                Some(Framed::Record { position, bytes }) => {
                    let sink = RecordSink::new(position, bytes, options, items);
                    document(&self.mapping, bytes, sink);
                    return Ok(true);
                }
            },
            Frames::Xml(documents) => match documents.next()? {
                None => return Ok(false),
                Some(Framed::Broken { position, error }) => (position, error),
                Some(Framed::Record { position, bytes }) => {
                    let sink = RecordSink::new(position, bytes, options, items);
                    document(&self.mapping, bytes, sink);
                    return Ok(true);
                }
            },
        };
        Ok(reject(position, error, items))
    }

    fn row(
        &mut self,
        position: Position,
        cells: &[Vec<u8>],
        bytes: &[u8],
        options: &Options,
        items: &mut VecDeque<Item>,
    ) {
        let mapping = &self.mapping;
        if mapping.skip_beginning.iter().any(|words| bytes.starts_with(words.as_bytes())) {
            let (at, what) = (position.to_string(), "a line that the mapping skips");
            return items.push_back(Item::Empty(Empty { at, what }));
        }
        let mut notes = Notes::default();
        let mut decoded = Vec::with_capacity(cells.len());
        for cell in cells {
            let (text, recoded) = mapping.text(cell);
            if recoded {
                let shown = clean(text.trim(), 40);
                let said = format_args!("`{shown}` is no UTF-8; it is read as windows-1252");
                notes.add(NoteKind::Encoding, said);
            }
            decoded.push(text);
        }
        let header = &self.header;
        let mut sink = RecordSink::new(position, bytes, options, items);
        if header::is_again(header, &decoded) {
            return sink.put("", Ok(Outcome::Empty("the header again")));
        }
        if !header.is_empty()
            && let Err(fault) = shape(&decoded, header.len(), &mut self.unnamed, &mut notes)
        {
            return sink.put("", Err(fault));
        }
        let cells = match mapping.layout {
            MappedLayout::Fixed => Cells::Line(decoded.concat().chars().collect()),
            _ => Cells::Row { header, cells: &decoded },
        };
        let outcome = one(mapping, &cells, notes, &mut Photograph::default(), &sink);
        if let Ok(Outcome::Read(read)) = &outcome {
            self.digits.count(read.read.plate_raw.as_str());
            if mapping.in_percent() {
                self.shares.count(read.read.confidence);
            }
        }
        sink.put("", outcome);
    }
}

/// One document: an object, or the list of them inside it.
pub(crate) fn document(mapping: &Mapping, bytes: &[u8], mut sink: RecordSink<'_>) {
    let parsed = if mapping.layout == MappedLayout::Xml {
        let (text, recoded) = encoding::document(bytes);
        sink.recoded = recoded;
        // The root's name is the first step of every path.
        xml::parse(&text).map(|root| {
            Value::Object([(root.name.clone(), cells::as_object(&root))].into_iter().collect())
        })
    } else {
        let (text, recoded) = encoding::text(bytes);
        sink.recoded = recoded;
        let parsed = serde_json::from_str::<Value>(&text);
        let meant = || relaxed(&text).and_then(|meant| serde_json::from_str(&meant).ok());
        parsed.or_else(|error| meant().ok_or(error)).map_err(|error| syntax(error, sink.position))
    };
    let sink = &mut sink;
    match parsed {
        Ok(record) => object(mapping, &record, sink),
        Err(fault) => sink.put("", Err(fault)),
    }
}

fn object(mapping: &Mapping, record: &Value, sink: &mut RecordSink<'_>) {
    let bases = |read, holder| Cells::Object(Bases { read, holder, record });
    let skipped = |cells: &Cells<'_>| mapping.skip_where.iter().any(|one| skips(one, cells));
    if mapping.records.is_empty() {
        let mut taken = Photograph::default();
        let outcome = one(mapping, &bases(record, record), Notes::default(), &mut taken, sink);
        return sink.put("", outcome);
    }
    // What says of itself that it is something else need not have the list.
    if skipped(&bases(record, record)) {
        return sink.put("", Ok(SKIPPED));
    }
    let mut empty = false;
    for path in &mapping.records {
        match path.leads(record) {
            Leads::Nowhere => continue,
            Leads::ToNothing => empty = true,
            Leads::To(Value::Array(list), _) if list.is_empty() => empty = true,
            Leads::To(Value::Array(list), holder) => {
                let mut taken = Photograph::default();
                for (index, value) in list.iter().enumerate().take(MOST_RESULTS) {
                    let cells = bases(value, holder);
                    let outcome = one(mapping, &cells, Notes::default(), &mut taken, sink);
                    sink.put(&format!("{path}[{index}]"), outcome);
                }
                if list.len() > MOST_RESULTS {
                    let count = list.len();
                    sink.put(
                        "",
                        Err(Fault::new(format_args!(
                            "`{path}` holds {count} reads; at most {MOST_RESULTS} of one \
                             record are taken; divide it"
                        ))),
                    );
                }
                return;
            }
            Leads::To(value @ Value::Object(_), holder) => {
                let mut taken = Photograph::default();
                let cells = bases(value, holder);
                let outcome = one(mapping, &cells, Notes::default(), &mut taken, sink);
                let within = path.to_string();
                return sink.put(if within == "$" { "" } else { &within }, outcome);
            }
            Leads::To(..) => {
                let fault = format_args!("`{path}` is no list; expected the reads");
                return sink.put("", Err(Fault::new(fault)));
            }
        }
    }
    let paths: Vec<String> = mapping.records.iter().map(ToString::to_string).collect();
    let outcome = if empty {
        Ok(Outcome::Empty("an object without reads"))
    } else {
        Err(Fault::new(format_args!(
            "the object has no `{}`; expected the reads there",
            clean(&paths.join("` or `"), 100)
        )))
    };
    sink.put("", outcome);
}

#[cfg(test)]
#[path = "mapped/shipped_tests.rs"]
mod shipped_tests;
#[cfg(test)]
#[path = "mapped_tests.rs"]
mod tests;
