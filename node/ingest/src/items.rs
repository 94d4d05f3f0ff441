//! From what somebody sends to its items: of one source, of the sheet of a workbook, or of the files of an
//! archive one after the other.

use std::io;

use crate::archive::Files;
use crate::opened::{Opened, opened};
use crate::options::Options;
use crate::outcome::{ImportError, Item};
use crate::records::Records;
use crate::source::Begun;
use crate::workbook::Sheet;

/// The items of what was sent, in order. A record with several reads yields several items.
///
/// After an error the iterator ends.
pub struct Items<R: io::Read> {
    state: State<R>,
}

enum State<R: io::Read> {
    /// Until the first item is asked for.
    Unopened(Box<Options>, R),
    Source(Box<Records<Begun<R>>>),
    Sheet(Box<Records<Box<Sheet>>>, Option<Item>),
    Archive(Box<Files>),
    Ended(u64),
}

/// Reads `source` as the options say.
pub fn items<R: io::Read>(options: impl Into<Options>, source: R) -> Items<R> {
    Items { state: State::Unopened(Box::new(options.into()), source) }
}

impl<R: io::Read> Items<R> {
    /// How many source records were met so far, rejected and empty ones included.
    #[must_use]
    pub fn records(&self) -> u64 {
        match &self.state {
            State::Unopened(..) => 0,
            State::Source(records) => records.records(),
            State::Sheet(records, _) => records.records(),
            State::Archive(files) => files.records(),
            State::Ended(records) => *records,
        }
    }
}

fn open<R: io::Read>(options: &Options, source: R) -> Result<State<R>, ImportError> {
    options.check().map_err(ImportError::Mapping)?;
    let sheet = options.mapping.as_ref().and_then(|mapping| mapping.sheet.as_deref());
    Ok(match opened(source, sheet, options.no_archives)? {
        Opened::Plain(source) => State::Source(Box::new(Records::open(options, source)?)),
        Opened::Sheet(sheet) => {
            let told = sheet.others().map(Item::Said);
            State::Sheet(Box::new(Records::of_sheet(options, sheet)?), told)
        }
        Opened::Archive(archive) => State::Archive(Box::new(Files::new(archive, options)?)),
    })
}

impl<R: io::Read> Iterator for Items<R> {
    type Item = Result<Item, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let State::Unopened(..) = &self.state {
            let State::Unopened(options, source) =
                std::mem::replace(&mut self.state, State::Ended(0))
            else {
                return None;
            };
            match open(&options, source) {
                Ok(state) => self.state = state,
                Err(error) => return Some(Err(error)),
            }
        }
        let next = match &mut self.state {
            State::Unopened(..) | State::Ended(_) => return None,
            State::Source(records) => records.next(),
            State::Sheet(records, told) => told.take().map(Ok).or_else(|| records.next()),
            State::Archive(files) => files.next().map(Ok),
        };
        if next.is_none() {
            self.state = State::Ended(self.records());
        }
        next
    }
}
