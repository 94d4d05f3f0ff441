//! Multipart bodies: a document of a read and the photographs that go with it.
//!
//! Decides which parts are documents and which are photographs, by what they hold: names of parts
//! and of files differ between vendors and firmware, and anybody can write anything into them. So a
//! file name only tells the photograph of a plate from others; no path is ever made of it.
//!
//! A body is told by its first line, which is the boundary, so it needs no header. Photographs
//! belong to the document before them, and those before the first document to that one: a body of
//! one read and a stream of many read the same.

use std::io::{self, BufReader, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemas::image::{IMAGE_BYTES, MOST_IMAGES, Media, View};

use crate::encoding::of_beginning;
use crate::framer::{LARGEST_RECORD, too_large};
use crate::layout::PREAMBLE;
use crate::note::{Note, NoteKind};
use crate::position::Position;
use crate::stream::until;

/// Longest header line, and longest boundary, in bytes.
const LONGEST_LINE: usize = 8 << 10;
/// Most header lines of a part.
const MOST_HEADERS: usize = 64;
/// Bytes read at a time from a part.
const PIECE: usize = 64 << 10;
/// Bytes of all photographs beside one document.
const ALL_PHOTOGRAPHS: usize = 4 * IMAGE_BYTES;

/// A photograph in a part of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Photograph {
    pub(crate) view: View,
    /// The part, for sentences.
    pub(crate) part: String,
    pub(crate) bytes: Vec<u8>,
}

/// A document and what stands beside it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct MultipartRecord {
    /// Which part the document is, from 1.
    pub(crate) part: u64,
    /// The document, or why it cannot be used.
    pub(crate) document: Option<Result<Vec<u8>, String>>,
    pub(crate) photographs: Vec<Photograph>,
    /// Photographs that were left out, and why.
    pub(crate) left_out: Vec<Note>,
}

/// What the headers of a part say.
#[derive(Default)]
struct Headers {
    /// Whether they speak of a plate's photograph.
    plate: bool,
    /// Whether the part is written in base64.
    base64: bool,
}

/// A part as what it stands for: out of base64, and in UTF-8.
fn plain(bytes: Vec<u8>, base64: bool) -> Vec<u8> {
    let bytes = match base64 {
        true => {
            let bare: Vec<u8> =
                bytes.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
            STANDARD.decode(bare).unwrap_or(bytes)
        }
        false => bytes,
    };
    match of_beginning(&bytes, true).flatten() {
        Some(encoding) => encoding.decode_with_bom_removal(&bytes).0.into_owned().into_bytes(),
        None => bytes,
    }
}

/// What one part held.
struct Part {
    plate: bool,
    /// `None` when it was larger than anything taken.
    bytes: Option<Vec<u8>>,
    cut: bool,
}

/// The reader; see the module.
pub(crate) struct Parts<R> {
    source: BufReader<R>,
    /// `--` and the boundary; empty before the first line.
    delimiter: Vec<u8>,
    part: u64,
    /// The document after the one that was handed out.
    ahead: Option<MultipartRecord>,
    ended: bool,
}

impl<R: Read> Parts<R> {
    pub(crate) fn new(source: R) -> Self {
        let source = BufReader::new(source);
        Self { source, delimiter: Vec::new(), part: 0, ahead: None, ended: false }
    }

    /// The next document with its photographs; `None` at the end.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<MultipartRecord>> {
        if self.delimiter.is_empty() {
            if self.ended {
                return Ok(None);
            }
            let Some(first) = self.first_line()? else {
                self.ended = true;
                let document = Some(Err("the multipart body has no boundary".to_owned()));
                return Ok(Some(MultipartRecord { document, ..MultipartRecord::default() }));
            };
            self.delimiter = first;
        }
        let mut body = self.ahead.take().unwrap_or_default();
        while !self.ended {
            self.part = self.part.saturating_add(1);
            let Some(part) = self.read_part()? else { break };
            let known = part.bytes.as_deref().map(|bytes| (Media::of(bytes), begins(bytes)));
            let found = match (part.bytes, known) {
                (Some(bytes), Some((Some(_), _))) => {
                    self.photograph(&mut body, part.plate, part.cut, bytes);
                    continue;
                }
                // What a form field says is no record.
                (_, Some((None, false))) => continue,
                (Some(bytes), _) => Ok(bytes),
                (None, _) => Err(too_large(LARGEST_RECORD)),
            };
            if body.document.is_some() {
                let next = MultipartRecord {
                    part: self.part,
                    document: Some(found),
                    ..MultipartRecord::default()
                };
                self.ahead = Some(next);
                return Ok(Some(body));
            }
            body.part = self.part;
            body.document = Some(found);
        }
        self.ended = true;
        if body.document.is_none() && self.part > 0 && !body.photographs.is_empty() {
            body.part = 1;
            body.document = Some(Err(NO_DOCUMENT.to_owned()));
        }
        Ok(body.document.is_some().then_some(body))
    }

    /// The first boundary. Headers of the request, or words for people, may stand before it.
    fn first_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        for _ in 0..=PREAMBLE {
            let mut line = Vec::new();
            until(&mut self.source, b'\n', LONGEST_LINE, &mut line)?;
            let line_bare = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line).trim_ascii();
            if line.is_empty() {
                return Ok(None);
            }
            if line_bare.starts_with(b"--") && (3..=202).contains(&line_bare.len()) {
                return Ok(Some(line_bare.to_vec()));
            }
        }
        Ok(None)
    }

    fn photograph(&self, body: &mut MultipartRecord, plate: bool, cut: bool, bytes: Vec<u8>) {
        let part = format!("part {}", self.part);
        let held: usize = body.photographs.iter().map(|one| one.bytes.len()).sum();
        let why = if cut {
            "the body ends inside it; it may be cut off".to_owned()
        } else if body.photographs.len() >= MOST_IMAGES {
            format!("a read has at most {MOST_IMAGES} photographs")
        } else if held.saturating_add(bytes.len()) > ALL_PHOTOGRAPHS {
            format!("photographs beside one read have at most {ALL_PHOTOGRAPHS} bytes")
        } else {
            let view = if plate { View::Plate } else { View::Context };
            return body.photographs.push(Photograph { view, part, bytes });
        };
        if body.left_out.len() < MOST_IMAGES {
            let said = format!("photograph `{part}` is left out: {why}");
            body.left_out.push(Note::new(NoteKind::Photograph, said));
        }
    }

    /// Reads one part to its end; `None` when there is none.
    fn read_part(&mut self) -> io::Result<Option<Part>> {
        let Some(Headers { plate, base64 }) = self.headers()? else { return Ok(None) };
        let mut bytes = Vec::new();
        let mut large = false;
        let mut at_line_start = true;
        loop {
            let mut piece = Vec::new();
            until(&mut self.source, b'\n', PIECE, &mut piece)?;
            if piece.is_empty() {
                self.ended = true;
                let bytes = (!large).then(|| plain(bytes, base64));
                return Ok(Some(Part { plate, bytes, cut: true }));
            }
            if at_line_start && let Some(last) = self.is_delimiter(&piece) {
                self.ended = last;
                // The line break before a boundary belongs to the boundary.
                if bytes.last() == Some(&b'\n') {
                    bytes.pop();
                }
                if bytes.last() == Some(&b'\r') {
                    bytes.pop();
                }
                let bytes = (!large).then(|| plain(bytes, base64));
                return Ok(Some(Part { plate, bytes, cut: false }));
            }
            at_line_start = piece.last() == Some(&b'\n');
            large = large || bytes.len().saturating_add(piece.len()) > LARGEST_RECORD + 2;
            if large {
                bytes = Vec::new();
            } else {
                bytes.extend_from_slice(&piece);
            }
        }
    }

    /// What the headers of a part say; `None` at the end of the body.
    fn headers(&mut self) -> io::Result<Option<Headers>> {
        let mut said = Headers::default();
        for _ in 0..MOST_HEADERS {
            let mut line = Vec::new();
            until(&mut self.source, b'\n', LONGEST_LINE, &mut line)?;
            if line.is_empty() {
                self.ended = true;
                return Ok(None);
            }
            if line.trim_ascii().is_empty() {
                break;
            }
            if self.is_delimiter(&line) == Some(true) {
                self.ended = true;
                return Ok(None);
            }
            let line = line.to_ascii_lowercase();
            said.plate = said.plate
                || (line.starts_with(b"content-disposition:")
                    && line.windows(5).any(|word| word == b"plate"));
            said.base64 = said.base64
                || (line.starts_with(b"content-transfer-encoding:")
                    && line.windows(6).any(|word| word == b"base64"));
        }
        Ok(Some(said))
    }

    /// `Some(true)` for the boundary that ends the body.
    fn is_delimiter(&self, line: &[u8]) -> Option<bool> {
        match line.trim_ascii_end().strip_prefix(self.delimiter.as_slice())? {
            b"" => Some(false),
            b"--" => Some(true),
            _ => None,
        }
    }
}

const NO_DOCUMENT: &str = "no part of the body holds a record; expected one of JSON or XML";

/// Whether a part is the text that Dahua's cameras send, a line a value.
pub(crate) fn is_lines_of_events(part: &[u8]) -> bool {
    part.starts_with(b"Events[")
}

/// Whether a part begins as a document does.
fn begins(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    matches!(bytes.first(), Some(b'{' | b'[' | b'<')) || is_lines_of_events(bytes)
}

impl MultipartRecord {
    pub(crate) fn position(&self) -> Position {
        Position::Part(self.part)
    }
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
