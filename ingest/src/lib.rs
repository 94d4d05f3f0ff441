//! Importers: files of reads, in the formats that readers and vendors write, become [`Sighting`]s:
//! reads, and the photographs that came with them.
//!
//! Decides which format a record is in, and hands on for each record its reads, or why it has
//! none. Never stores, never logs, reads no clock and opens no file. It holds one record at a time,
//! at most 8 MiB, however long the file. A record that cannot be read is reported with its place
//! and never stops the rest; only a source that cannot be read at all does.
//!
//! A crate of its own because it is pure: bytes in, reads out. So its parsers, which take in what
//! anybody sends, are fuzzed without the node around them.
//!
//! Importing is idempotent because a read's identity is computed from the record alone: the same
//! file imported again, after a crash or by mistake, yields the same ids.

mod field;
mod framer;
mod native;
mod platerecognizer;
mod rekor;
mod sighting;
pub mod synthesis;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::str::FromStr;

use schemas::digest::Digest;
use serde::Deserialize;
use serde::de::IgnoredAny;

use self::field::{Fault, clean};
use self::framer::{Framed, Framer, Place};
pub use self::sighting::Sighting;

/// How many reads one record may carry. A frame shows a handful of plates.
const MOST_RESULTS: usize = 1_000;

/// The formats read, for sentences.
const SUPPORTED: &str = "`native`, `rekor` and `platerecognizer`";

/// The format a file is said to be in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Each record tells by its content.
    #[default]
    Auto,
    /// JSON Lines of [`schemas::read::Read`], as a node exports them.
    Native,
    /// Rekor Scout (OpenALPR) webhook bodies.
    Rekor,
    /// Plate Recognizer Stream webhook bodies.
    PlateRecognizer,
}

impl Format {
    /// Every format that can be asked for, with the word for it.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Auto, "auto"),
        (Self::Native, "native"),
        (Self::Rekor, "rekor"),
        (Self::PlateRecognizer, "platerecognizer"),
    ];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(format, _)| format == self);
        f.write_str(word.map_or("", |(_, word)| word))
    }
}

/// Why a word names no format that is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A format with a name here, but no reader.
    #[error("format `{0}` is not supported yet; supported are `auto`, {SUPPORTED}")]
    NotYet(String),
    /// No format's name.
    #[error("`{0}` is not a format; expected `auto`, {SUPPORTED}")]
    Unknown(String),
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(word: &str) -> Result<Self, FormatError> {
        match Self::ALL.iter().find(|(_, known)| *known == word) {
            Some((format, _)) => Ok(*format),
            None => Err(match word {
                "platerecognizer-csv" | "genetec" | "axis" | "hikvision" | "csv" => {
                    FormatError::NotYet(word.to_owned())
                }
                _ => FormatError::Unknown(clean(word, 40)),
            }),
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
    /// where the record begins; results count from 0, as in JSON.
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
    #[error("the source begins with `{0}` and holds no JSON record; supported are {SUPPORTED}")]
    Unrecognised(String),
    /// Reading failed. What was yielded before stands.
    #[error("the source cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

/// The items of one source, in order. A record with several reads yields several items.
///
/// After an error the iterator ends.
pub struct Items<R> {
    framer: Framer<R>,
    format: Format,
    ready: VecDeque<Item>,
    records: u64,
    begun: bool,
    ended: bool,
}

/// Reads `source`, whose records are in `format`.
pub fn items<R: io::Read>(format: Format, source: R) -> Items<R> {
    Items {
        framer: Framer::new(source),
        format,
        ready: VecDeque::new(),
        records: 0,
        begun: false,
        ended: false,
    }
}

impl<R> Items<R> {
    /// How many source records were met so far, rejected and empty ones included.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }
}

impl<R: io::Read> Items<R> {
    /// Makes the next record's items ready; `false` at the end.
    fn advance(&mut self) -> Result<bool, ImportError> {
        if !self.begun {
            self.begun = true;
            if let Some(start) = self.framer.sniff()? {
                return Err(ImportError::Unrecognised(start));
            }
        }
        let Some(framed) = self.framer.next()? else { return Ok(false) };
        self.records += 1;
        match framed {
            Framed::Record { place, bytes } => parse(self.format, place, bytes, &mut self.ready),
            Framed::Broken { place, error } => {
                self.ready.push_back(Item::Rejected(Rejected { at: place.to_string(), error }));
            }
        }
        Ok(true)
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

/// Where a parser puts what one record holds.
struct Found<'a> {
    place: Place,
    /// Digest of the whole source record.
    record: Digest,
    items: &'a mut VecDeque<Item>,
}

impl Found<'_> {
    /// What stands at `within` (`""` for the record itself, else such as `results[1]`).
    fn put(&mut self, within: &str, outcome: Result<Outcome, Fault>) {
        let at = || match within {
            "" => self.place.to_string(),
            within => format!("{}, {within}", self.place),
        };
        self.items.push_back(match outcome {
            Ok(Outcome::Read(read)) => Item::Read(read),
            Ok(Outcome::Empty(what)) => Item::Empty(Empty { at: at(), what }),
            Err(fault) => Item::Rejected(Rejected { at: at(), error: fault.into_sentence() }),
        });
    }
}

/// What a parser makes out.
enum Outcome {
    Read(Box<Sighting>),
    Empty(&'static str),
}

/// The fields that tell formats apart.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Marks {
    data_type: Option<IgnoredAny>,
    openalpr_webhook: Option<IgnoredAny>,
    hook: Option<IgnoredAny>,
    data: Option<IgnoredAny>,
    plate: Option<IgnoredAny>,
    plate_raw: Option<IgnoredAny>,
    record: Option<IgnoredAny>,
    #[serde(rename = "PlateRead")]
    plate_read: Option<IgnoredAny>,
    #[serde(rename = "LprCameraName")]
    lpr_camera_name: Option<IgnoredAny>,
    #[serde(rename = "plateUTF8")]
    plate_utf8: Option<IgnoredAny>,
}

impl Marks {
    fn format(&self) -> Result<Format, Fault> {
        let not_yet = |who: &str| {
            Fault::new(format_args!("{who} is not supported yet; supported are {SUPPORTED}"))
        };
        if self.data_type.is_some() || self.openalpr_webhook.is_some() {
            Ok(Format::Rekor)
        } else if self.hook.is_some() && self.data.is_some() {
            Ok(Format::PlateRecognizer)
        } else if self.plate_raw.is_some() || (self.plate.is_some() && self.record.is_some()) {
            Ok(Format::Native)
        } else if self.plate_read.is_some() || self.lpr_camera_name.is_some() {
            Err(not_yet("a record of a Genetec reader"))
        } else if self.plate_utf8.is_some() {
            Err(not_yet("a record of an Axis reader"))
        } else {
            Err(Fault::new(format_args!(
                "the record is in no known format; supported are {SUPPORTED}"
            )))
        }
    }
}

fn parse(format: Format, place: Place, bytes: &[u8], items: &mut VecDeque<Item>) {
    let mut found = Found { place, record: Digest::of(bytes), items };
    let known = text_of(bytes).and_then(|body| {
        // Also for a named format: this pass is the one whose syntax errors have a position.
        let marks = serde_json::from_str::<Marks>(body).map_err(|e| syntax(e, place))?;
        let format = if format == Format::Auto { marks.format()? } else { format };
        Ok((body, format))
    });
    match known {
        Err(fault) => found.put("", Err(fault)),
        Ok((body, Format::Rekor)) => rekor::read(body, &mut found),
        Ok((body, Format::PlateRecognizer)) => platerecognizer::read(body, &mut found),
        Ok((body, Format::Native | Format::Auto)) => native::read(body, &mut found),
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let offset = error.valid_up_to();
        Fault::new(format_args!(
            "byte `0x{byte:02X}` at offset {offset} of the record is no UTF-8; expected UTF-8 text"
        ))
    })
}

fn syntax(error: serde_json::Error, place: Place) -> Fault {
    if error.is_data() {
        return Fault::from(error);
    }
    let line = place.line.saturating_add(error.line() as u64).saturating_sub(1);
    let column = error.column();
    let of = if error.line() > 1 {
        format!("line {line}, column {column}")
    } else {
        format!("column {column} of the record")
    };
    let said = Fault::from(error).into_sentence();
    Fault::new(format_args!("the record is no JSON at {of}: {said}"))
}

#[cfg(test)]
mod tests;
