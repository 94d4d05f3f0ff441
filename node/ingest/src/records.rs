//! From one source to its items: which layout, and one record after another.

use std::collections::VecDeque;
use std::io::{self, Read as _};

use crate::audit_export;
use crate::dahua;
use crate::dispatch::{json, xml};
use crate::field::clean;
use crate::format::Format;
use crate::framer::{Framed, Framer, LARGEST_RECORD, too_large};
use crate::layout::{Layout, look};
use crate::mapped::{self, Table};
use crate::multipart::{MultipartRecord, Parts, is_lines_of_events};
use crate::options::Options;
use crate::outcome::{ImportError, Item, RecordSink, reject};
use crate::position::Position;
use crate::rows::Cut;
use crate::source::{Said, Source};
use crate::stream_csv::StreamCsv;
use crate::xml::Documents;

/// Where records come from.
enum Frames<R: io::Read> {
    Json(Framer<Source<R>>),
    Xml(Documents<Source<R>>),
    Multipart(Parts<Source<R>>),
    /// Until it was read.
    Events(Option<Source<R>>),
    StreamCsv(StreamCsv<Source<R>>),
    Mapped(Table<Source<R>>),
}

/// The items of one source, in order. A record with several reads yields several items.
pub(crate) struct Records<R: io::Read> {
    frames: Frames<R>,
    options: Options,
    ready: VecDeque<Item>,
    records: u64,
    ended: bool,
}

impl<R: io::Read> Records<R> {
    /// Looks at a source's beginning and chooses how it is cut.
    pub(crate) fn open(options: &Options, source: R) -> Result<Self, ImportError> {
        Ok(Self::of(options, open(options, source)?))
    }

    /// The rows of a sheet, as the text of a table.
    pub(crate) fn of_sheet(options: &Options, sheet: R) -> Result<Self, ImportError> {
        Ok(Self::of(options, open_sheet(options, sheet)?))
    }

    fn of(options: &Options, frames: Frames<R>) -> Self {
        let ready = VecDeque::new();
        Self { frames, options: options.clone(), ready, records: 0, ended: false }
    }

    /// How many source records were met so far, rejected and empty ones included.
    pub(crate) const fn records(&self) -> u64 {
        self.records
    }

    /// Makes the next record's items ready; `false` at the end.
    fn advance(&mut self) -> Result<bool, ImportError> {
        let options = &self.options;
        let format = options.format;
        let ready = &mut self.ready;
        let more = match &mut self.frames {
            Frames::Json(framer) => match framer.next()? {
                None => false,
                Some(Framed::Record { position, bytes }) => {
                    json(format, bytes, RecordSink::new(position, bytes, options, ready));
                    true
                }
                Some(Framed::Broken { position, error }) => reject(position, error, ready),
            },
            Frames::Xml(documents) => match documents.next()? {
                None => false,
                Some(Framed::Record { position, bytes }) => {
                    xml(format, bytes, RecordSink::new(position, bytes, options, ready));
                    true
                }
                Some(Framed::Broken { position, error }) => reject(position, error, ready),
            },
            Frames::Multipart(parts) => match parts.next()? {
                None => false,
                Some(body) => part(body, options, ready),
            },
            Frames::Events(source) => match source.take() {
                None => false,
                Some(source) => events(source, options, ready)?,
            },
            Frames::StreamCsv(rows) => rows.next(options, ready)?,
            Frames::Mapped(table) => table.next(options, ready)?,
        };
        self.records = self.records.saturating_add(u64::from(more));
        Ok(more)
    }
}

impl<R: io::Read> Records<R> {
    /// The next item; nothing follows an error.
    pub(crate) fn next(&mut self) -> Option<Result<Item, ImportError>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            if self.ended {
                return None;
            }
            match self.advance() {
                Ok(more) => self.ended = !more,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// Looks at a source's beginning and chooses how it is cut.
fn open<R: io::Read>(options: &Options, source: R) -> Result<Frames<R>, ImportError> {
    options.check().map_err(ImportError::Mapping)?;
    let said = options.format;
    let otherwise = |found| Err(ImportError::Otherwise { found, said });
    if let Some(mapping) = &options.mapping {
        let said = Said { encoding: mapping.transcoded(), table: mapping.is_table() };
        let (source, layout) = Source::open(source, said, |head, enough| {
            if mapping.is_table() { Some(None) } else { look(head, enough).map(Some) }
        })?;
        if let Some(Some(Ok(Layout::Multipart))) = layout {
            return Ok(Frames::Multipart(Parts::new(source)));
        }
        return Ok(Frames::Mapped(Table::new(mapping.clone(), source, None)?));
    }
    let table = Said { table: true, ..Said::default() };
    if said == Format::PlateRecognizerCsv {
        let (source, _) = Source::open(source, table, |_, _| Some(()))?;
        return Ok(Frames::StreamCsv(StreamCsv::new(source)?));
    }
    let (source, layout) = Source::open(source, Said::default(), look)?;
    match layout {
        Some(Err(begins)) => Err(unrecognised(&begins)),
        Some(Ok(Layout::Events)) => match said {
            Format::Auto | Format::Dahua => Ok(Frames::Events(Some(source))),
            _ => otherwise("events of Dahua"),
        },
        Some(Ok(Layout::Json)) | None => Ok(Frames::Json(Framer::new(source))),
        Some(Ok(Layout::Xml)) => match said {
            Format::Auto | Format::Genetec | Format::Hikvision => {
                Ok(Frames::Xml(Documents::new(source)))
            }
            _ => otherwise("XML"),
        },
        Some(Ok(Layout::Multipart)) => Ok(Frames::Multipart(Parts::new(source))),
        Some(Ok(Layout::StreamCsv)) => match said {
            Format::Auto | Format::PlateRecognizer => {
                Ok(Frames::StreamCsv(StreamCsv::new(source)?))
            }
            _ => otherwise("the CSV of Plate Recognizer Stream"),
        },
    }
}

fn open_sheet<R: io::Read>(options: &Options, sheet: R) -> Result<Frames<R>, ImportError> {
    options.check().map_err(ImportError::Mapping)?;
    let said = options.format;
    let found = "a workbook of a spreadsheet";
    if let Some(mapping) = &options.mapping {
        if !mapping.is_delimited() {
            return Err(ImportError::Mapping(
                "a workbook is a table: the mapping needs layout = \"delimited\"".into(),
            ));
        }
        let (source, _) = Source::of_text(sheet, |_, _| Some(()))?;
        let table = Table::new(mapping.clone(), source, Some(Cut::CSV))?;
        return Ok(Frames::Mapped(table));
    }
    let (source, layout) = Source::of_text(sheet, look)?;
    match (layout, said) {
        (Some(Ok(Layout::StreamCsv)), Format::Auto | Format::PlateRecognizer)
        | (_, Format::PlateRecognizerCsv) => Ok(Frames::StreamCsv(StreamCsv::new(source)?)),
        (Some(Err(begins)), Format::Auto) => Err(unrecognised(&begins)),
        _ => Err(ImportError::Otherwise { found, said }),
    }
}

/// A source whose first line is in no format; an export of an audit log is named for what it is.
fn unrecognised(begins: &str) -> ImportError {
    let names: Vec<String> = begins
        .split([',', ';', '\t'])
        .map(|name| name.trim_matches(['"', ' ']).to_owned())
        .collect();
    match audit_export::refuse(&names) {
        Err(error) => error,
        Ok(()) => ImportError::Unrecognised(clean(begins, 60)),
    }
}

/// Events of Dahua that stand in a source by themselves.
fn events(
    source: impl io::Read,
    options: &Options,
    items: &mut VecDeque<Item>,
) -> io::Result<bool> {
    let position = Position::Line { line: 1, nth: 1 };
    let mut bytes = Vec::new();
    source.take(LARGEST_RECORD as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LARGEST_RECORD {
        return Ok(reject(position, too_large(LARGEST_RECORD), items));
    }
    dahua::read_text(&bytes, RecordSink::new(position, &bytes, options, items));
    Ok(true)
}

/// A document of a multipart body.
fn part(body: MultipartRecord, options: &Options, items: &mut VecDeque<Item>) -> bool {
    let position = body.position();
    let bytes = match body.document {
        Some(Ok(bytes)) => bytes,
        Some(Err(error)) => return reject(position, error, items),
        None => return false,
    };
    // As it would stand in a file of its own, so that the same record has the same digest.
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes).trim_ascii();
    let (photographs, left_out) = (body.photographs, body.left_out);
    if !start.starts_with(b"[") {
        let sink = RecordSink::new(position, start, options, items);
        document(start, options, sink.with(photographs, left_out));
        return true;
    }
    // A list of records, of which the first brings what stands beside them.
    let mut beside = Some((photographs, left_out));
    let mut framer = Framer::new(start);
    while let Ok(Some(framed)) = framer.next() {
        match framed {
            Framed::Broken { error, .. } => _ = reject(position, error, items),
            Framed::Record { bytes, .. } => {
                let (photographs, left_out) = beside.take().unwrap_or_default();
                let sink = RecordSink::new(position, bytes, options, items);
                document(bytes, options, sink.with(photographs, left_out));
            }
        }
    }
    true
}

fn document(start: &[u8], options: &Options, sink: RecordSink<'_>) {
    if let Some(mapping) = &options.mapping {
        mapped::document(mapping, start, sink);
    } else if start.starts_with(b"<") {
        xml(options.format, start, sink);
    } else if is_lines_of_events(start) {
        dahua::read_text(start, sink);
    } else {
        json(options.format, start, sink);
    }
}
