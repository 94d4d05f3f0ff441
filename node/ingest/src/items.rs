//! From a source to its items: which layout, and one record after another.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;

use schemas::digest::Digest;
use schemas::image::Image;
use schemas::text::Text;

use crate::dispatch::{json, xml};
use crate::field::Fault;
use crate::format::{Format, SUPPORTED};
use crate::framer::{Framed, Framer, Place};
use crate::layout::{Layout, look};
use crate::mapped::Table;
use crate::mapping::Mapping;
use crate::multipart::{Body, Parts, Photograph};
use crate::sighting::Sighting;
use crate::source::Source;
use crate::stream_csv::StreamCsv;
use crate::xml::Documents;

/// Bytes of photographs that the reads of one record carry; more of them only name theirs.
const CARRIED: usize = 32 << 20;

/// How a source is to be read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The format it is said to be in.
    pub format: Format,
    /// The mapping, which the format `csv` needs and no other takes.
    pub mapping: Option<Arc<Mapping>>,
    /// The camera of records that name none, such as those of a folder that one camera writes to.
    pub camera: Option<Text>,
}

impl From<Format> for Options {
    fn from(format: Format) -> Self {
        Self { format, ..Self::default() }
    }
}

impl Options {
    /// Whether format and mapping go together.
    ///
    /// # Errors
    /// When they do not; a sentence.
    pub fn check(&self) -> Result<(), String> {
        match (self.format, &self.mapping) {
            (Format::Csv, None) => {
                Err("the format `csv` needs a mapping: name its file with --mapping".into())
            }
            (Format::Auto | Format::Csv, Some(_)) | (_, None) => Ok(()),
            (format, Some(_)) => Err(format!(
                "a mapping goes with the format `csv`, not `{format}`; leave out one of them"
            )),
        }
    }
}

/// What stands at one place of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A read, with its photographs.
    Read(Box<Sighting>),
    /// A record, or one of its reads, that cannot be used.
    Rejected(Rejected),
    /// A record that is understood and holds no read.
    Empty(Empty),
}

/// Why there is no read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Where in the file, such as `line 3` or `line 3, results[1]`. Lines count from 1 and are
    /// where the record begins; results count from 0, as in JSON. In a multipart body, such as
    /// `part 1`.
    pub at: String,
    /// One sentence, with the offending value; at most about 300 characters.
    pub error: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.error)
    }
}

/// A record without a read, such as a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Empty {
    /// Where in the file, as in [`Rejected::at`].
    pub at: String,
    /// What it is.
    pub what: &'static str,
}

/// Why a whole source cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Nothing at its beginning looks like a record of any format read.
    #[error(
        "the source begins with `{0}` and is in no format that tells by itself; supported are \
         {SUPPORTED}. A table needs a mapping: name its file with --mapping"
    )]
    Unrecognised(String),
    /// It is not what it is said to be.
    #[error("the source is {found}, not `{said}`")]
    Otherwise {
        /// What it is.
        found: &'static str,
        /// The format that was named.
        said: Format,
    },
    /// The table is not the one that the mapping describes, or none of both was given.
    #[error("{0}")]
    Mapping(String),
    /// Reading failed. What was yielded before stands.
    #[error("the source cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

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
        let camera = self.options.camera.as_ref();
        let format = self.options.format;
        let ready = &mut self.ready;
        let more = match &mut self.frames {
            None => false,
            Some(Frames::Json(framer)) => match framer.next()? {
                None => false,
                Some(Framed::Record { place, bytes }) => {
                    let mut found = Found::new(place, bytes, camera, ready);
                    json(format, bytes, &mut found);
                    true
                }
                Some(Framed::Broken { place, error }) => reject(place, error, ready),
            },
            Some(Frames::Xml(documents)) => match documents.next()? {
                None => false,
                Some(Framed::Record { place, bytes }) => {
                    let mut found = Found::new(place, bytes, camera, ready);
                    xml(format, bytes, &mut found);
                    true
                }
                Some(Framed::Broken { place, error }) => reject(place, error, ready),
            },
            Some(Frames::Multipart(parts)) => match parts.next()? {
                None => false,
                Some(body) => part(format, body, camera, ready),
            },
            Some(Frames::StreamCsv(rows)) => rows.next(camera, ready)?,
            Some(Frames::Mapped(table)) => table.next(camera, ready)?,
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
        let (source, _) = Source::open(source, |_, _| Some(()))?;
        return Ok(Frames::Mapped(Table::new(mapping.clone(), source)?));
    }
    if said == Format::PlateRecognizerCsv {
        let (source, _) = Source::open(source, |_, _| Some(()))?;
        return Ok(Frames::StreamCsv(StreamCsv::new(source)?));
    }
    let (source, layout) = Source::open(source, look)?;
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

fn reject(place: Place, error: String, items: &mut VecDeque<Item>) -> bool {
    items.push_back(Item::Rejected(Rejected { at: place.to_string(), error }));
    true
}

/// Where a parser puts what one record holds.
pub(crate) struct Found<'a> {
    pub(crate) place: Place,
    /// Digest of the whole source record.
    pub(crate) record: Digest,
    /// The camera of a record that names none.
    pub(crate) camera: Option<&'a Text>,
    /// Photographs beside the record, which all its reads share.
    beside: Vec<Photograph>,
    left_out: Vec<String>,
    carried: usize,
    items: &'a mut VecDeque<Item>,
}

impl<'a> Found<'a> {
    pub(crate) fn new(
        place: Place,
        record: &[u8],
        camera: Option<&'a Text>,
        items: &'a mut VecDeque<Item>,
    ) -> Self {
        let record = Digest::of(record);
        let (beside, left_out) = (Vec::new(), Vec::new());
        Self { place, record, camera, beside, left_out, carried: 0, items }
    }

    /// What stands at `within` (`""` for the record itself, else such as `results[1]`).
    pub(crate) fn put(&mut self, within: &str, outcome: Result<Outcome, Fault>) {
        let at = match within {
            "" => self.place.to_string(),
            within => format!("{}, {within}", self.place),
        };
        let item = match outcome {
            Ok(Outcome::Read(mut one)) => {
                self.share(&mut one);
                Item::Read(one)
            }
            Ok(Outcome::Empty(what)) => Item::Empty(Empty { at, what }),
            Err(fault) => Item::Rejected(Rejected { at, error: fault.into_sentence() }),
        };
        self.items.push_back(item);
    }

    /// Gives a read the photographs beside its record. Past a bound it only names them: the bytes
    /// came with the reads before it.
    fn share(&mut self, one: &mut Sighting) {
        one.left_out.append(&mut self.left_out);
        for photograph in &self.beside {
            let size = photograph.bytes.len();
            if self.carried.saturating_add(size) <= CARRIED {
                self.carried = self.carried.saturating_add(size);
                one.add(photograph.view, &photograph.part, photograph.bytes.clone());
            } else if let Ok(image) = Image::of(photograph.view, &photograph.bytes) {
                one.name(image);
            }
        }
    }
}

/// What a parser makes out.
pub(crate) enum Outcome {
    Read(Box<Sighting>),
    Empty(&'static str),
}

/// A document of a multipart body.
fn part(format: Format, body: Body, camera: Option<&Text>, items: &mut VecDeque<Item>) -> bool {
    let place = body.place();
    let bytes = match body.document {
        Some(Ok(bytes)) => bytes,
        Some(Err(error)) => return reject(place, error, items),
        None => return false,
    };
    // As it would stand in a file of its own, so that the same record has the same digest.
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes).trim_ascii();
    let mut found = Found::new(place, start, camera, items);
    found.beside = body.photographs;
    found.left_out = body.left_out;
    if start.starts_with(b"<") {
        xml(format, start, &mut found)
    } else {
        json(format, start, &mut found)
    }
    true
}
