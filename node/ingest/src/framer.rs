//! Cuts a stream of bytes into JSON objects, one record each, in bounded memory.
//!
//! Decides where a record begins and ends, and where reading goes on after a broken one. Never
//! decides what a record means, and never holds more than one record of [`LARGEST_RECORD`] bytes.
//! Keeps nothing on disk: after a crash the file is read again from its start.
//!
//! A file may hold one object, several written after each other, JSON Lines, or lists of objects;
//! they may be mixed. Between records, white space, commas, byte order marks and record separators
//! (RFC 7464) are passed over.
//!
//! **After a broken record** reading goes on at the first line after the one where that record
//! began which begins with `{` and is indented no deeper than the record was, or with `[` at the
//! margin. So in JSON Lines one
//! broken line loses one line, and in an indented list one broken element loses one element. An
//! object whose brackets match but whose inside is wrong loses nothing else, wherever it stands.

use std::io::{self, Read};

use crate::field::clean;
use crate::position::Position;

/// The largest record taken, in bytes; images may stand inside as base64.
pub(crate) const LARGEST_RECORD: usize = 8 << 20;

/// How deep brackets may nest. Real bodies stay under ten. It also bounds how often a byte is
/// scanned again after broken records, since only an open bracket makes one record reach into the
/// next.
const DEEPEST: usize = 100;

const CHUNK: usize = 64 << 10;

/// One record, or why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Framed<'a> {
    /// The bytes of one object, from `{` to the matching `}`.
    Record { position: Position, bytes: &'a [u8] },
    /// Bytes that are no record.
    Broken { position: Position, error: String },
}

/// Whether a list is open around the records.
#[derive(Clone, Copy, PartialEq)]
enum List {
    Closed,
    /// Since which line, and how many are open.
    Open(u64, usize),
    /// Bytes were skipped that may have held the bracket.
    Unsure,
}

enum End {
    Closed,
    Broken(String),
}

/// The reader; see the module.
pub(crate) struct Framer<R> {
    source: R,
    held: Vec<u8>,
    /// The next byte, as an index into `held`.
    at: usize,
    /// Where the record being read begins in `held`; before it nothing is kept.
    start: Option<usize>,
    /// The record outgrew the limit and its beginning is no longer held.
    spilled: bool,
    line: u64,
    column: usize,
    nth: u64,
    list: List,
    limit: usize,
}

impl<R: Read> Framer<R> {
    pub(crate) fn new(source: R) -> Self {
        Self::with_limit(source, LARGEST_RECORD)
    }

    fn with_limit(source: R, limit: usize) -> Self {
        Self {
            source,
            held: Vec::new(),
            at: 0,
            start: None,
            spilled: false,
            line: 1,
            column: 0,
            nth: 0,
            list: List::Closed,
            limit,
        }
    }

    /// The next record; `None` at the end of the file.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Framed<'_>>> {
        self.start = None;
        loop {
            let Some(byte) = self.peek()? else { return Ok(self.unclosed_list()) };
            match byte {
                _ if between(byte) => self.advance(byte),
                b'[' => {
                    self.list = match self.list {
                        // Lists of lists, as some writers gather what they were sent.
                        List::Open(line, open) if open < DEEPEST => List::Open(line, open + 1),
                        List::Open(..) => return self.stray().map(Some),
                        List::Closed | List::Unsure => List::Open(self.line, 1),
                    };
                    self.advance(byte);
                }
                b']' if self.list != List::Closed => {
                    self.list = match self.list {
                        List::Open(line, open) if open > 1 => List::Open(line, open - 1),
                        _ => List::Closed,
                    };
                    self.advance(byte);
                }
                b'{' => return self.record().map(Some),
                _ if self.byte_order_mark()? => {}
                _ => return self.stray().map(Some),
            }
        }
    }

    fn unclosed_list(&mut self) -> Option<Framed<'static>> {
        let List::Open(line, _) = self.list else { return None };
        self.list = List::Closed;
        let error = "the list that begins here is not closed; the file may be cut off".to_owned();
        Some(Framed::Broken { position: Position::Line { line, nth: 1 }, error })
    }

    fn record(&mut self) -> io::Result<Framed<'_>> {
        self.nth += 1;
        let line = self.line;
        let position = Position::Line { line, nth: self.nth };
        let (column, start) = (self.column, self.at);
        self.start = Some(start);
        self.spilled = false;
        let end = self.scan()?;
        let begin = self.start.unwrap_or_default();
        let size = self.at.saturating_sub(begin);
        let outgrown = self.spilled || size > self.limit;
        match end {
            End::Closed if outgrown => {
                Ok(Framed::Broken { position, error: too_large(self.limit) })
            }
            End::Closed => {
                let bytes = self.held.get(begin..self.at).unwrap_or_default();
                Ok(Framed::Record { position, bytes })
            }
            End::Broken(error) => {
                if !self.spilled {
                    self.at = begin;
                    self.line = line;
                }
                self.resume(column)?;
                let error = if outgrown { too_large(self.limit) } else { error };
                Ok(Framed::Broken { position, error })
            }
        }
    }

    /// Reads from `{` to its match, checking only what tells one record from the next.
    fn scan(&mut self) -> io::Result<End> {
        let broken = |why: &str| Ok(End::Broken(why.to_owned()));
        let mut open: Vec<u8> = Vec::new();
        let mut before = b':';
        while let Some(byte) = self.peek()? {
            self.advance(byte);
            match byte {
                b'"' => {
                    if let Some(why) = self.string()? {
                        return broken(why);
                    }
                    before = byte;
                }
                b'{' | b'[' => {
                    let value_may_stand = match before {
                        b':' | b'[' => true,
                        b',' => open.last() == Some(&b']'),
                        _ => false,
                    };
                    if !value_may_stand {
                        return broken(
                            "the record is not closed before the next begins; it may be cut off",
                        );
                    }
                    if open.len() == DEEPEST {
                        return Ok(End::Broken(format!(
                            "brackets nest deeper than {DEEPEST}; expected a record of a reader"
                        )));
                    }
                    open.push(if byte == b'{' { b'}' } else { b']' });
                    before = byte;
                }
                b'}' | b']' => {
                    if open.pop() != Some(byte) {
                        return Ok(End::Broken(format!(
                            "`{}` closes a bracket that is not open",
                            char::from(byte)
                        )));
                    }
                    if open.is_empty() {
                        return Ok(End::Closed);
                    }
                    before = byte;
                }
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => before = byte,
            }
        }
        broken("the file ends inside the record; it may be cut off")
    }

    /// Reads past a string's closing quote, or says why it has none.
    fn string(&mut self) -> io::Result<Option<&'static str>> {
        loop {
            let ends = |b: &u8| matches!(b, b'"' | b'\\' | b'\n');
            let rest = self.held.get(self.at..).unwrap_or_default();
            let plain = rest.iter().position(ends).unwrap_or(rest.len());
            self.at += plain;
            self.column += plain;
            match self.peek()? {
                Some(b'"') => {
                    self.advance(b'"');
                    return Ok(None);
                }
                Some(b'\\') => {
                    self.advance(b'\\');
                    match self.peek()? {
                        // Left for the next turn, which ends the string at it.
                        Some(b'\n') | None => {}
                        Some(escaped) => self.advance(escaped),
                    }
                }
                // JSON has no line break inside a string, so this one ends a broken line.
                Some(b'\n') => return Ok(Some("a text is not closed before the line ends")),
                Some(_) => {}
                None => return Ok(Some("the file ends inside a text; it may be cut off")),
            }
        }
    }

    /// Goes to the next line on which a record may begin; see the module for the rule.
    fn resume(&mut self, column: usize) -> io::Result<()> {
        self.start = None;
        if self.list != List::Closed {
            self.list = List::Unsure;
        }
        loop {
            while let Some(byte) = self.peek()? {
                self.advance(byte);
                if byte == b'\n' {
                    break;
                }
            }
            while let Some(byte @ (b' ' | b'\t')) = self.peek()? {
                self.advance(byte);
            }
            match self.peek()? {
                Some(b'{') if self.column <= column => return Ok(()),
                // A list of its own on each line. What a body holds is never at the margin.
                Some(b'[') if self.column == 0 => {
                    self.list = List::Closed;
                    return Ok(());
                }
                None => return Ok(()),
                Some(_) => {}
            }
        }
    }

    /// Reports bytes that begin no record, up to the line's end or the next `{`.
    fn stray(&mut self) -> io::Result<Framed<'_>> {
        self.nth += 1;
        let line = self.line;
        let position = Position::Line { line, nth: self.nth };
        let mut shown = Vec::new();
        while let Some(byte) = self.peek()?.filter(|b| !matches!(b, b'\n' | b'{')) {
            if shown.len() < 160 {
                shown.push(byte);
            }
            self.advance(byte);
        }
        if self.list != List::Closed {
            self.list = List::Unsure;
        }
        let found = clean(String::from_utf8_lossy(&shown).trim(), 40);
        let error = format!("`{found}` is no record; expected an object that begins with a brace");
        Ok(Framed::Broken { position, error })
    }

    fn byte_order_mark(&mut self) -> io::Result<bool> {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        self.start = Some(self.at);
        while self.held.len().saturating_sub(self.start.unwrap_or_default()) < MARK.len() {
            if !self.fill()? {
                break;
            }
        }
        let marked = self.held.get(self.at..).is_some_and(|rest| rest.starts_with(MARK));
        self.start = None;
        if marked {
            self.at += MARK.len();
        }
        Ok(marked)
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.at >= self.held.len() && !self.fill()? {
            return Ok(None);
        }
        Ok(self.held.get(self.at).copied())
    }

    fn advance(&mut self, byte: u8) {
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
            self.column = 0;
            self.nth = 0;
        } else {
            self.column += 1;
        }
    }

    /// Reads on; `false` at the end. Drops what no record needs any more.
    fn fill(&mut self) -> io::Result<bool> {
        let keep = match self.start {
            Some(start) if !self.spilled && self.held.len() - start <= self.limit => start,
            Some(_) => {
                self.spilled = true;
                self.held.len()
            }
            None => self.at.min(self.held.len()),
        };
        if keep > 0 {
            self.held.drain(..keep);
            self.at = self.at.saturating_sub(keep);
            self.start = self.start.map(|_| 0);
        }
        let before = self.held.len();
        self.held.resize(before + CHUNK, 0);
        let read = loop {
            let room = self.held.get_mut(before..).unwrap_or_default();
            match self.source.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.held.truncate(before + read.as_ref().copied().unwrap_or(0));
        Ok(read? > 0)
    }
}

/// What may stand between records and means nothing: also the zeros with which a file is filled up, and the
/// mark with which some systems end a text.
pub(crate) fn between(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'\x1E' | b'\0' | b'\x1A')
}

pub(crate) fn too_large(limit: usize) -> String {
    format!("the record is larger than {limit} bytes; at most that many are taken")
}

#[cfg(test)]
#[path = "framer_tests.rs"]
mod tests;
