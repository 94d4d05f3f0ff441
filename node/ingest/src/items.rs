//! From a source to its items: which layout, and one record after another.

use std::collections::VecDeque;
use std::io;

use crate::dahua;
use crate::dispatch::{json, xml};
use crate::format::Format;
use crate::framer::{Framed, Framer};
use crate::layout::{Layout, look};
use crate::mapped::{self, Table};
use crate::multipart::{MultipartRecord, Parts, is_lines_of_events};
use crate::options::Options;
use crate::outcome::{ImportError, Item, RecordSink, reject};
use crate::source::{Said, Source};
use crate::stream_csv::StreamCsv;
use crate::xml::Documents;

/// Where records come from.
enum Frames<R: io::Read> {
    Json(Framer<Source<R>>),
    Xml(Documents<Source<R>>),
    Multipart(Parts<Source<R>>),
    StreamCsv(StreamCsv<Source<R>>),
    Mapped(Table<Source<R>>),
}

/// The items of one source, in order. A record with several reads yields several items.
///
/// After an error the iterator ends.
pub struct Items<R: io::Read> {
    /// Until the first item is asked for.
    source: Option<R>,
    frames: Option<Frames<R>>,
    options: Options,
    ready: VecDeque<Item>,
    records: u64,
    ended: bool,
}

/// Reads `source` as the options say.
pub fn items<R: io::Read>(options: impl Into<Options>, source: R) -> Items<R> {
    Items {
        source: Some(source),
        frames: None,
        options: options.into(),
        ready: VecDeque::new(),
        records: 0,
        ended: false,
    }
}

impl<R: io::Read> Items<R> {
    /// How many source records were met so far, rejected and empty ones included.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Makes the next record's items ready; `false` at the end.
    fn advance(&mut self) -> Result<bool, ImportError> {
        if let Some(source) = self.source.take() {
            self.frames = Some(open(&self.options, source)?);
        }
        let options = &self.options;
        let format = options.format;
        let ready = &mut self.ready;
        let more = match &mut self.frames {
            None => false,
            Some(Frames::Json(framer)) => match framer.next()? {
                None => false,
                Some(Framed::Record { position, bytes }) => {
                    json(format, bytes, RecordSink::new(position, bytes, options, ready));
                    true
                }
                Some(Framed::Broken { position, error }) => reject(position, error, ready),
            },
            Some(Frames::Xml(documents)) => match documents.next()? {
                None => false,
                Some(Framed::Record { position, bytes }) => {
                    xml(format, bytes, RecordSink::new(position, bytes, options, ready));
                    true
                }
                Some(Framed::Broken { position, error }) => reject(position, error, ready),
            },
            Some(Frames::Multipart(parts)) => match parts.next()? {
                None => false,
                Some(body) => part(body, options, ready),
            },
            Some(Frames::StreamCsv(rows)) => rows.next(options, ready)?,
            Some(Frames::Mapped(table)) => table.next(options, ready)?,
        };
        self.records = self.records.saturating_add(u64::from(more));
        Ok(more)
    }
}

impl<R: io::Read> Iterator for Items<R> {
    type Item = Result<Item, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
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
        return Ok(Frames::Mapped(Table::new(mapping.clone(), source)?));
    }
    let table = Said { table: true, ..Said::default() };
    if said == Format::PlateRecognizerCsv {
        let (source, _) = Source::open(source, table, |_, _| Some(()))?;
        return Ok(Frames::StreamCsv(StreamCsv::new(source)?));
    }
    let (source, layout) = Source::open(source, Said::default(), look)?;
    match layout {
        Some(Err(begins)) => Err(ImportError::Unrecognised(begins)),
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
    let sink = RecordSink::new(position, start, options, items);
    let sink = sink.with(body.photographs, body.left_out);
    if let Some(mapping) = &options.mapping {
        mapped::document(mapping, start, sink);
    } else if start.starts_with(b"<") {
        xml(options.format, start, sink);
    } else if is_lines_of_events(start) {
        dahua::read_text(start, sink);
    } else {
        json(options.format, start, sink);
    }
    true
}
