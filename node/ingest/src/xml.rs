//! XML documents of readers: cut out of a stream, and made into small trees.
//!
//! Decides where a document begins and ends, and what its elements say. Never follows anything: a
//! document type declaration is refused, so there are no entities but XML's own five and characters
//! by number, and nothing is ever fetched. Prefixes of namespaces are dropped: vendors move their
//! namespaces between firmware versions, the names inside stay.

use std::fmt;
use std::io::{self, BufReader, Read};

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::field::{Fault, Scalar, clean};
use crate::framer::{Framed, LARGEST_RECORD, between, too_large};
use crate::position::Position;
use crate::stream::until;

/// How deep elements may nest. Real documents stay under eight.
const DEEPEST: usize = 32;
/// How many elements one document may have. Real ones have about a hundred.
const MOST_ELEMENTS: usize = 10_000;
/// How many attributes of one element are read.
const MOST_ATTRIBUTES: usize = 16;

/// One element.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name without a prefix.
    pub(crate) name: String,
    /// Its attributes, without declarations of namespaces.
    pub(crate) attributes: Vec<(String, String)>,
    /// Its own text, without that of what it holds.
    pub(crate) text: String,
    /// What it holds.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first element of this name that it holds.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The element at the end of a path such as `ANPR/vehicleInfo/color`.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |element, name| element.child(name))
    }

    /// The text at the end of a path as a value; missing where there is none or it is blank.
    pub(crate) fn scalar(&self, path: &str) -> Scalar {
        match self.at(path) {
            Some(element) if !element.children.is_empty() => Scalar::Nested("a group of elements"),
            Some(element) if !element.text.trim().is_empty() => {
                Scalar::Text(element.text.trim().to_owned())
            }
            _ => Scalar::Missing,
        }
    }
}

/// The tree of one document.
pub(crate) fn parse(text: &str) -> Result<Element, Fault> {
    let broken = |said: &dyn fmt::Display, at: u64| {
        Fault::new(format_args!("the record is no XML at byte {at}: {said}"))
    };
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut count = 0_usize;
    loop {
        let event = reader.read_event().map_err(|error| broken(&error, reader.error_position()))?;
        let position = reader.buffer_position();
        let mut begin = |tag: &BytesStart<'_>, open: usize| {
            count = count.saturating_add(1);
            if count > MOST_ELEMENTS || open >= DEEPEST {
                return Err(Fault::new(format_args!(
                    "the record has more than {MOST_ELEMENTS} elements, or they nest deeper than \
                     {DEEPEST}; expected a record of a reader"
                )));
            }
            let name = tag.local_name();
            let name = name.as_ref().to_owned();
            let attributes = attributes(tag);
            Ok(Element { name, attributes, ..Element::default() })
        };
        let closed = match event {
            Event::Start(tag) => {
                if root.is_some() {
                    return Err(broken(&"a second document begins", position));
                }
                let element = begin(&tag, open.len())?;
                open.push(element);
                None
            }
            Event::Empty(tag) => Some(begin(&tag, open.len())?),
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                let text = text.xml_content(XmlVersion::Implicit1_0);
                append(&mut open, &text).map_err(|said| broken(&said, position))?;
                None
            }
            Event::CData(text) => {
                let text = text.xml_content(XmlVersion::Implicit1_0);
                append(&mut open, &text).map_err(|said| broken(&said, position))?;
                None
            }
            Event::GeneralRef(reference) => {
                let Some(character) = character(&reference) else {
                    let name = clean(&reference, 40);
                    return Err(Fault::new(format_args!(
                        "the entity `&{name};` is not read; expected `&amp;`, `&lt;`, `&gt;`, \
                         `&quot;`, `&apos;` or a character by its number"
                    )));
                };
                append(&mut open, character.encode_utf8(&mut [0; 4]))
                    .map_err(|said| broken(&said, position))?;
                None
            }
            Event::DocType(_) => {
                return Err(Fault::new(
                    "a document type declaration is not read; remove `<!DOCTYPE …>`",
                ));
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
            Event::Eof => break,
        };
        if let Some(element) = closed {
            match open.last_mut() {
                Some(parent) => parent.children.push(element),
                None if root.is_none() => root = Some(element),
                None => return Err(broken(&"a second document begins", position)),
            }
        }
    }
    match (open.pop(), root) {
        (None, Some(root)) => Ok(root),
        (Some(element), _) => Err(Fault::new(format_args!(
            "`<{}>` is not closed; the record may be cut off",
            clean(&element.name, 40)
        ))),
        (None, None) => Err(Fault::new("the record holds no element")),
    }
}

/// What a reference stands for: one of XML's own five, or a character by its number.
pub(crate) fn character(reference: &BytesRef<'_>) -> Option<char> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character),
        Ok(None) => match reference.as_ref() {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => None,
        },
        Err(_) => None,
    }
}

/// The attributes of a tag that can be read. One that cannot says nothing.
fn attributes(tag: &BytesStart<'_>) -> Vec<(String, String)> {
    let known = tag.attributes().flatten().take(MOST_ATTRIBUTES);
    known
        .filter(|one| !one.key.as_ref().starts_with("xmlns"))
        .filter_map(|one| {
            let value = one.normalized_value(XmlVersion::Implicit1_0).ok()?;
            Some((one.key.local_name().as_ref().to_owned(), value.into_owned()))
        })
        .collect()
}

fn append(open: &mut [Element], text: &str) -> Result<(), &'static str> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("text stands outside the document"),
    }
    Ok(())
}

/// Cuts a stream into documents, in bounded memory.
///
/// A document begins with its declaration or its first element, and ends where that element does.
/// No reader's document holds an element of its root's name, so where another begins the one
/// before it was cut off: it is reported, and the next is read.
pub(crate) struct Documents<R> {
    source: BufReader<R>,
    held: Vec<u8>,
    /// What was read beyond the last document.
    next: Vec<u8>,
    line: u64,
    last: u64,
    nth: u64,
}

impl<R: Read> Documents<R> {
    pub(crate) fn new(source: R) -> Self {
        let source = BufReader::new(source);
        Self { source, held: Vec::new(), next: Vec::new(), line: 1, last: 0, nth: 0 }
    }

    /// The next document; `None` at the end.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Framed<'_>>> {
        self.held.clear();
        let mut position = None;
        let mut root: Option<Vec<u8>> = None;
        let mut spilled = false;
        loop {
            let mut piece = std::mem::take(&mut self.next);
            if piece.is_empty() {
                until(&mut self.source, b'>', LARGEST_RECORD, &mut piece)?;
            }
            if piece.is_empty() {
                let Some(position) = position else { return Ok(None) };
                let error = "the file ends inside the record; it may be cut off".to_owned();
                return Ok(Some(Framed::Broken { position, error }));
            }
            let begins = match position {
                None => {
                    // Before a document: what means nothing is dropped.
                    let blank = piece.iter().take_while(|b| between(**b)).count();
                    let marked = piece.get(blank..).unwrap_or_default().starts_with(MARK);
                    let blank = if marked { blank + MARK.len() } else { blank };
                    self.pass(piece.get(..blank).unwrap_or_default());
                    piece.drain(..blank);
                    if piece.is_empty() {
                        continue;
                    }
                    position = Some(self.position());
                    0
                }
                Some(_) => piece.iter().rposition(|b| *b == b'<').unwrap_or(0),
            };
            let Some(here) = position else { continue };
            let tag = piece.get(begins..).unwrap_or_default();
            let another = match &root {
                Some(name) => tag.starts_with(b"<?xml") || opens(tag, name),
                None => false,
            };
            if another {
                self.pass(piece.get(..begins).unwrap_or_default());
                self.next = piece.split_off(begins);
                let error = "the record is not closed before the next begins; it may be cut off";
                return Ok(Some(Framed::Broken { position: here, error: error.to_owned() }));
            }
            if root.is_none() && self.held.is_empty() && !begins_document(&piece) {
                return Ok(Some(self.stray(here, piece)));
            }
            let in_prolog = root.is_none() && self.held.starts_with(b"<!--");
            if root.is_none() && !in_prolog {
                root = root_of(tag).map(<[u8]>::to_vec);
            }
            let ended = match &root {
                Some(name) => {
                    let empty = opens(tag, name) && tag.ends_with(b"/>");
                    empty || closes(&piece, name)
                }
                None => false,
            };
            self.pass(&piece);
            spilled = spilled || self.held.len().saturating_add(piece.len()) > LARGEST_RECORD;
            if spilled {
                self.held.clear();
            } else {
                self.held.extend_from_slice(&piece);
            }
            if root.is_none() && self.held.starts_with(b"<!--") && self.held.ends_with(b"-->") {
                // A comment before a document is no part of it.
                self.held.clear();
                position = None;
            }
            if ended && spilled {
                return Ok(Some(Framed::Broken {
                    position: here,
                    error: too_large(LARGEST_RECORD),
                }));
            }
            if ended {
                return Ok(Some(Framed::Record { position: here, bytes: &self.held }));
            }
        }
    }

    fn position(&mut self) -> Position {
        self.nth = if self.last == self.line { self.nth.saturating_add(1) } else { 1 };
        self.last = self.line;
        Position::Line { line: self.line, nth: self.nth }
    }

    fn pass(&mut self, bytes: &[u8]) {
        let lines = bytes.iter().filter(|b| **b == b'\n').count();
        self.line = self.line.saturating_add(lines as u64);
    }

    /// Reports text and closing tags outside of documents, up to where one may begin.
    fn stray(&mut self, position: Position, mut piece: Vec<u8>) -> Framed<'static> {
        let end = piece.iter().skip(1).position(|b| *b == b'<').map(|at| at.saturating_add(1));
        let end = end.unwrap_or(piece.len());
        self.next = piece.split_off(end);
        self.pass(&piece);
        let found = clean(String::from_utf8_lossy(&piece).trim(), 40);
        let error = format!("`{found}` is no record; expected an XML document");
        Framed::Broken { position, error }
    }
}

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Whether a document may begin with this.
fn begins_document(piece: &[u8]) -> bool {
    let piece = piece.trim_ascii_start();
    piece.starts_with(b"<") && !piece.starts_with(b"</")
}

/// The name of the element that a tag begins; `None` for declarations and comments.
fn root_of(tag: &[u8]) -> Option<&[u8]> {
    let name = tag.strip_prefix(b"<")?;
    let end = name.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'))?;
    let name = name.get(..end)?;
    let first = name.first()?;
    (!matches!(first, b'?' | b'!')).then_some(name)
}

fn opens(tag: &[u8], name: &[u8]) -> bool {
    root_of(tag) == Some(name)
}

/// Whether the bytes end with the closing tag of `name`.
fn closes(bytes: &[u8], name: &[u8]) -> bool {
    let Some(rest) = bytes.strip_suffix(b">") else { return false };
    let Some(rest) = rest.trim_ascii_end().strip_suffix(name) else { return false };
    rest.ends_with(b"</")
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
