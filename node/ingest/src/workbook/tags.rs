//! XML of a workbook, tag by tag, each of bounded length.
//!
//! Decides what of XML a workbook may hold: elements, texts and one declaration. Comments, document types
//! and sections of plain characters stand in none that a spreadsheet writes, and what reads tags would hold
//! them whole.

use std::io::{self, BufReader, Read};

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

/// Longest tag, in bytes.
const LONGEST_TAG: usize = 16 << 10;
/// Longest text between two tags, in bytes. A cell has at most 32,767 characters.
const LONGEST_TEXT: usize = 256 << 10;
/// How deep elements nest at most.
const DEEPEST: usize = 64;

/// The tags of a part.
pub(super) struct Tags<R> {
    reader: Reader<BufReader<Bounded<R>>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl<R: Read> Tags<R> {
    pub(super) fn new(part: R) -> Self {
        let mut reader = Reader::from_reader(BufReader::new(Bounded::new(part)));
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0 }
    }

    /// The next event; an empty element is one that begins and ends.
    pub(super) fn next(&mut self) -> io::Result<Event<'_>> {
        self.buffer.clear();
        let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| match error {
            quick_xml::Error::Io(error) => io::Error::other(error.to_string()),
            error => io::Error::other(format!("the workbook is damaged: {error}")),
        })?;
        match event {
            Event::Start(_) => self.depth = self.depth.saturating_add(1),
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > DEEPEST {
            return Err(io::Error::other(format!(
                "the workbook is damaged: its elements nest deeper than {DEEPEST}"
            )));
        }
        Ok(event)
    }
}

/// An attribute by its name without a prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut all = tag.attributes();
    let found =
        all.with_checks(false).flatten().find(|one| one.key.local_name().as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

/// Where in XML the next byte stands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Text,
    /// Just behind `<`.
    Opened,
    Tag,
    /// Inside a value of a tag, by the quote that ends it.
    Value(u8),
}

/// Bytes whose tags and texts are bounded.
struct Bounded<R> {
    source: R,
    at: At,
    length: usize,
    /// Whether any tag was met.
    begun: bool,
}

impl<R> Bounded<R> {
    const fn new(source: R) -> Self {
        Self { source, at: At::Text, length: 0, begun: false }
    }

    fn take(&mut self, byte: u8) -> Result<(), &'static str> {
        self.length = self.length.saturating_add(1);
        self.at = match (self.at, byte) {
            (At::Text, b'<') => {
                self.length = 0;
                At::Opened
            }
            (At::Opened, b'!') => {
                return Err("comments, document types and plain sections are not read");
            }
            (At::Opened, b'?') if self.begun => return Err("instructions are not read"),
            (At::Opened | At::Tag, b'>') => {
                self.length = 0;
                self.begun = true;
                At::Text
            }
            (At::Tag, b'"' | b'\'') => At::Value(byte),
            (At::Opened, _) => At::Tag,
            (At::Value(quote), byte) if quote == byte => At::Tag,
            (at, _) => at,
        };
        let most = if self.at == At::Text { LONGEST_TEXT } else { LONGEST_TAG };
        if self.length > most {
            Err("a tag or a text is longer than any that is written")
        } else {
            Ok(())
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(room)?;
        for byte in room.get(..read).unwrap_or_default() {
            self.take(*byte).map_err(|said| {
                io::Error::other(format!(
                    "the workbook is damaged: {said}; save the sheet as CSV (UTF-8)"
                ))
            })?;
        }
        Ok(read)
    }
}
