//! What comes of a record: reads with their photographs, nothing, or the reason why not.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use schemas::digest::Digest;
use schemas::image::Image;

use crate::field::Fault;
use crate::format::{Format, SUPPORTED};
use crate::imported_read::ImportedRead;
use crate::multipart::Photograph;
use crate::note::{Note, NoteKind};
use crate::options::Options;
use crate::position::Position;

/// Bytes of photographs that the reads of one record carry; more of them only name theirs.
const CARRIED: usize = 32 << 20;

/// What stands at one place of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A read, with its photographs.
    Read(Box<ImportedRead>),
    /// A record, or one of its reads, that cannot be used.
    Rejected(Rejected),
    /// A record that is understood and holds no read.
    Empty(Empty),
    /// Something about the whole source, which costs no read.
    Said(Note),
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

impl Rejected {
    /// What is wrong, without the values: equal for records that are wrong in the same way.
    #[must_use]
    pub fn cause(&self) -> String {
        let mut cause = String::new();
        for (nth, part) in self.error.split('`').enumerate() {
            let next = self.error.split('`').nth(nth.saturating_add(1));
            // A field stands before `is`; what follows it is its value.
            let before = cause.ends_with("column ") || cause.is_empty();
            let field = before && !next.is_some_and(|next| next.starts_with(" is no "));
            match nth % 2 {
                0 => cause.push_str(part),
                _ if field => cause.extend(["`", part, "`"]),
                _ => cause.push('…'),
            }
        }
        cause
    }
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
    /// It holds no reads, whatever it is said to be.
    #[error("{0}")]
    NoReads(String),
    /// Reading failed. What was yielded before stands.
    #[error("the source cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

/// Rejects a record that could not be cut out whole. Always `true`: there was one.
pub(crate) fn reject(position: Position, error: String, items: &mut VecDeque<Item>) -> bool {
    items.push_back(Item::Rejected(Rejected { at: position.to_string(), error }));
    true
}

/// Where a parser puts what one record holds.
pub(crate) struct RecordSink<'a> {
    pub(crate) position: Position,
    /// Digest of the whole source record.
    pub(crate) record: Digest,
    /// What was said of the source: the camera of a record that names none, the zone of a time without.
    pub(crate) options: &'a Options,
    /// Whether the record is text in another encoding than it should be.
    pub(crate) recoded: bool,
    /// Photographs beside the record, which all its reads share.
    beside: Vec<Photograph>,
    left_out: Vec<Note>,
    carried: usize,
    items: &'a mut VecDeque<Item>,
}

impl<'a> RecordSink<'a> {
    pub(crate) fn new(
        position: Position,
        record: &[u8],
        options: &'a Options,
        items: &'a mut VecDeque<Item>,
    ) -> Self {
        let record = Digest::of(record);
        let (beside, left_out) = (Vec::new(), Vec::new());
        Self { position, record, options, recoded: false, beside, left_out, carried: 0, items }
    }

    /// Photographs beside the record, and what was left out of them.
    pub(crate) fn with(mut self, beside: Vec<Photograph>, left_out: Vec<Note>) -> Self {
        self.beside = beside;
        self.left_out = left_out;
        self
    }

    /// What stands at `within` (`""` for the record itself, else such as `results[1]`).
    pub(crate) fn put(&mut self, within: &str, outcome: Result<Outcome, Fault>) {
        let at = match within {
            "" => self.position.to_string(),
            within => format!("{}, {within}", self.position),
        };
        let taken = |one: Outcome| match &one {
            Outcome::Read(read) => self.options.takes(&read.read.camera).map(|()| one),
            Outcome::Empty(_) => Ok(one),
        };
        let item = match outcome.and_then(taken) {
            Ok(Outcome::Read(mut one)) => {
                self.share(&mut one);
                one.notes.iter_mut().for_each(|note| note.at.clone_from(&at));
                Item::Read(one)
            }
            Ok(Outcome::Empty(what)) => Item::Empty(Empty { at, what }),
            Err(fault) => Item::Rejected(Rejected { at, error: fault.into_sentence() }),
        };
        self.items.push_back(item);
    }

    /// Gives a read the photographs beside its record. Past a bound it only names them: the bytes
    /// came with the reads before it.
    fn share(&mut self, one: &mut ImportedRead) {
        one.notes.append(&mut self.left_out);
        if self.recoded {
            let said = "the record is no UTF-8; it is read as windows-1252".to_owned();
            one.notes.push(Note::new(NoteKind::Encoding, said));
        }
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
    Read(Box<ImportedRead>),
    Empty(&'static str),
}

impl Outcome {
    /// A read, unless no character of its plate was read.
    pub(crate) fn of(read: Option<ImportedRead>) -> Self {
        match read {
            Some(read) => Self::Read(Box::new(read)),
            None => Self::Empty("a plate of which no character was read"),
        }
    }
}
