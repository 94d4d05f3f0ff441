//! The reads of an archive: those of its files, one after the other.
//!
//! Decides which of its files are read as a source each would be by itself. One that cannot be read costs no
//! other, and is told by its name.

use std::io::{self, Cursor, Read};

use schemas::image::Media;

use super::{Archive, Member, shown};
use crate::note::{Note, NoteKind};
use crate::options::Options;
use crate::outcome::{Item, Rejected};
use crate::records::Records;
use crate::source::Begun;

/// What is said of an archive with nothing in it.
const EMPTY: &str = "it is an archive with no file in it";

/// How much of a file tells a photograph.
const BEGINNING: u64 = 16;

/// The files of an archive, as they are read.
pub(crate) struct Files {
    archive: Archive,
    options: Options,
    next: usize,
    current: Option<(String, Box<Records<Begun<Member>>>)>,
    records: u64,
}

impl Files {
    /// # Errors
    /// When there are none.
    pub(crate) fn new(archive: Archive, options: &Options) -> io::Result<Self> {
        if archive.files.is_empty() {
            return Err(io::Error::other(EMPTY));
        }
        Ok(Self { archive, options: options.clone(), next: 0, current: None, records: 0 })
    }

    /// How many records of its files were met.
    pub(crate) const fn records(&self) -> u64 {
        self.records
    }

    /// The next item of its files; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Item> {
        loop {
            let Some((name, items)) = &mut self.current else {
                if let Some(item) = self.begin()? {
                    return Some(item);
                }
                continue;
            };
            let before = items.records();
            let found = items.next();
            self.records = self.records.saturating_add(items.records().saturating_sub(before));
            match found {
                Some(Ok(item)) => return Some(placed(item, name)),
                Some(Err(error)) => {
                    let rejected = rejected(name, &error);
                    self.current = None;
                    return Some(rejected);
                }
                None => self.current = None,
            }
        }
    }

    /// Begins the next file, or says why it is passed over; `None` at the end.
    fn begin(&mut self) -> Option<Option<Item>> {
        let file = self.archive.files.get(self.next)?;
        self.next = self.next.saturating_add(1);
        let name = shown(&file.name);
        let begun = self.archive.open(file).and_then(|mut member| {
            let mut head = Vec::new();
            Read::by_ref(&mut member).take(BEGINNING).read_to_end(&mut head)?;
            Ok((head, member))
        });
        Some(match begun {
            Err(error) => Some(rejected(&name, &error)),
            Ok((head, _)) if Media::of(&head).is_some() => {
                let said = format!("photograph `{name}` is left out: no record stands beside it");
                Some(Item::Said(Note { kind: NoteKind::Photograph, at: name, said }))
            }
            Ok((head, _)) if head.starts_with(b"\x1F\x8B") => Some(rejected(
                &name,
                &"it is packed inside an archive; take it out, and bring in that",
            )),
            Ok((head, member)) => {
                match Records::open(&self.options, Cursor::new(head).chain(member)) {
                    Err(error) => Some(rejected(&name, &error)),
                    Ok(records) => {
                        self.current = Some((name, Box::new(records)));
                        None
                    }
                }
            }
        })
    }
}

fn rejected(name: &str, error: &impl ToString) -> Item {
    Item::Rejected(Rejected { at: name.to_owned(), error: error.to_string() })
}

/// An item of a file, with the file's name where it stands.
fn placed(mut item: Item, name: &str) -> Item {
    let within = |at: &mut String| {
        *at = if at.is_empty() { name.to_owned() } else { format!("{name}, {at}") };
    };
    match &mut item {
        Item::Read(one) => one.notes.iter_mut().for_each(|note| within(&mut note.at)),
        Item::Rejected(one) => within(&mut one.at),
        Item::Empty(one) => within(&mut one.at),
        Item::Said(note) => within(&mut note.at),
    }
    item
}
