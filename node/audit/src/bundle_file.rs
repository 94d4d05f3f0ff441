//! A bundle that is read from somewhere, under the name that sentences give it.

use std::io::{BufReader, Read, Seek, SeekFrom};

use schemas::bundle::{BundleError, Head, Item, Line, Reader};

use super::check::{Check, Report};
use super::error::Unable;
use super::pins::Pins;
use super::verify::Judged;

/// Bytes read at once.
const BUFFER: usize = 1 << 20;

/// A bundle that is read from somewhere.
#[derive(Debug)]
pub struct BundleFile<R> {
    name: String,
    from: R,
}

impl<R: Read> BundleFile<R> {
    /// A bundle whose first byte is the next one of `from`; sentences call it `name`, as a path.
    pub fn new(name: impl Into<String>, from: R) -> Self {
        Self { name: name.into(), from }
    }

    /// A sentence about it as usage: what was given is not what it has to be.
    pub(super) fn unfit(&self, what: impl std::fmt::Display) -> Unable {
        Unable::Usage(format!("`{}`: {what}", self.name))
    }

    /// Reads the first line, and some more into a buffer that is then lost.
    ///
    /// # Errors
    /// When it is not that of a bundle.
    pub(super) fn head(&mut self) -> Result<Head, Unable> {
        let opened = Reader::open(BufReader::with_capacity(BUFFER, &mut self.from));
        opened.map(|(head, _)| head).map_err(|e| self.unfit(e))
    }

    /// Checks it to its end: everything that a log shows by itself, its signed head, and that nothing
    /// of its scope was left out. `seen` is told of every entry that can be read, in order, with the
    /// offset in bytes at which its line begins.
    ///
    /// # Errors
    /// When it is no bundle, or cannot be read to its end. What is wrong with the log stands in the
    /// report.
    pub fn check(
        &mut self,
        pins: &Pins,
        mut seen: impl FnMut(&Head, Judged, &Item, u64),
    ) -> Result<Report, Unable> {
        let Self { name, from } = self;
        let opened = Reader::open(BufReader::with_capacity(BUFFER, from));
        let (head, mut reader) = opened.map_err(|e| Unable::Usage(format!("`{name}`: {e}")))?;
        let of = head.clone();
        let told = |judged: Judged, item: &Item, offset| seen(&of, judged, item, offset);
        let mut check = Check::new(head, pins, told);
        while let Some(at) = reader.line() {
            match at.line {
                Err(error @ BundleError::Read { .. }) => {
                    return Err(Unable::Failed(format!("`{name}` cannot be read: {error}")));
                }
                line => check.line(at.offset, line),
            }
        }
        Ok(check.finish())
    }
}

impl<R: Read + Seek> BundleFile<R> {
    /// Goes back to the first line.
    ///
    /// # Errors
    /// When it cannot be read twice, as a pipe.
    pub(super) fn rewind(&mut self) -> Result<(), Unable> {
        self.from.rewind().map_err(|e| self.unfit(e))
    }

    /// The entry whose line begins at `offset`; `None` if it cannot be read any longer.
    pub(super) fn item(&mut self, offset: u64) -> Option<Item> {
        self.from.seek(SeekFrom::Start(offset)).ok()?;
        match Reader::at(BufReader::new(&mut self.from)).line()?.line {
            Ok(Line::Entry(item)) => Some(item),
            _ => None,
        }
    }
}
