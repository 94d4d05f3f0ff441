//! Workbooks of spreadsheets (.xlsx): the rows of one sheet, as the text of a table.
//!
//! Decides which sheet is read and what its cells say: what a person sees in them, as far as that is one
//! value. A date is written `2026-11-28`, a time `10:27:00`, whatever the format of the cell; a share that is
//! shown in percent is in percent. A line of the text is a row of the sheet, so that places in sentences are
//! those that people see.
//!
//! Rows are read one at a time, out of an archive that is held. The texts that cells share are held too, and
//! bounded; so is each tag and each text. A library for all of spreadsheets was tried: it makes room for as
//! many texts as a file claims to have, and a file that lies would end the node.

use std::io::{self, Read};

use quick_xml::events::{BytesStart, Event};

use crate::archive::{Archive, Member};
use crate::note::{Note, NoteKind};

mod parts;
mod strings;
mod styles;
mod tags;
mod value;

pub(crate) use self::parts::is_workbook;
use self::parts::{Part, Parts};
use self::strings::Strings;
use self::styles::Styles;
use self::tags::{Tags, attribute};
use self::value::{Kind, as_shown};

/// Most rows of a sheet, as spreadsheets have them.
const MOST_ROWS: u32 = 1 << 20;
/// Most columns.
const MOST_COLUMNS: usize = 1 << 14;
/// Longest text of a row, in bytes, of all the cells that it names, be it twice; what is longer is refused by the
/// table's reader.
const LONGEST_ROW: usize = 2 << 20;
/// Cells that a row may name: spreadsheets name each column once.
const MOST_CELLS: usize = MOST_COLUMNS;
/// Bytes of text that come out of one sheet: cells may share one long text.
const MOST_TEXT: u64 = 4 << 30;

/// The rows of a sheet, as text.
pub(crate) struct Sheet {
    tags: Tags<Member>,
    strings: Strings,
    styles: Styles,
    since_1904: bool,
    others: Option<Note>,
    /// How many lines were written.
    row: u32,
    cells: Vec<String>,
    taken: Taken,
    text: Vec<u8>,
    at: usize,
    written: u64,
    ended: bool,
}

/// What of its room a row has taken.
#[derive(Default)]
struct Taken {
    row: u32,
    cells: usize,
    bytes: usize,
}

impl Taken {
    /// Counts one cell more, which may name one place again and again.
    fn one_more_cell(&mut self) -> io::Result<()> {
        self.cells = self.cells.saturating_add(1);
        if self.cells <= MOST_CELLS {
            return Ok(());
        }
        let row = self.row;
        Err(io::Error::other(format!("row {row} of the sheet has more than {MOST_CELLS} cells")))
    }

    /// Counts so many bytes more of text, before they are kept.
    fn takes(&mut self, bytes: usize) -> io::Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= LONGEST_ROW {
            return Ok(());
        }
        let row = self.row;
        Err(io::Error::other(format!("row {row} of the sheet has more than {LONGEST_ROW} bytes")))
    }
}

/// A cell as its tag tells it.
#[derive(Default)]
struct Cell {
    column: usize,
    kind: Kind,
    style: usize,
    text: String,
}

impl Sheet {
    /// Opens the sheet of this name, or the first that is shown.
    ///
    /// # Errors
    /// When there is none, or the workbook is damaged.
    pub(crate) fn open(archive: Archive, wanted: Option<&str>) -> io::Result<Self> {
        let Parts { sheet, strings, styles, since_1904, others } = Parts::of(&archive, wanted)?;
        let strings = match archive.optional(strings.as_deref())? {
            Some(part) => Strings::read(part)?,
            None => Strings::default(),
        };
        let styles = match archive.optional(styles.as_deref())? {
            Some(part) => Styles::read(part)?,
            None => Styles::default(),
        };
        let Part { name, path } = sheet;
        let part = archive.file(&path)?.ok_or_else(|| {
            io::Error::other(format!("the sheet `{name}` is missing in the workbook"))
        })?;
        let others = others.map(|said| Note::new(NoteKind::Row, said));
        Ok(Self {
            tags: Tags::new(part),
            strings,
            styles,
            since_1904,
            others,
            row: 0,
            cells: Vec::new(),
            taken: Taken::default(),
            text: Vec::new(),
            at: 0,
            written: 0,
            ended: false,
        })
    }

    /// What is told of the sheets that are not read.
    pub(crate) fn others(&self) -> Option<Note> {
        self.others.clone()
    }

    /// Makes the next row's text ready, or ends.
    fn advance(&mut self) -> io::Result<()> {
        self.text.clear();
        self.at = 0;
        self.cells.clear();
        self.taken = Taken { row: self.row.saturating_add(1), ..Taken::default() };
        let mut number = self.row.saturating_add(1);
        let mut cell: Option<Cell> = None;
        // The element whose text is wanted, and how deep readings of it aloud are open.
        let (mut wanted, mut aloud) = (false, 0_u32);
        loop {
            let event = self.tags.next()?;
            match event {
                Event::Eof => return Err(io::Error::other("the sheet ends in the middle")),
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "row" => number = row_number(&tag, number)?,
                    "c" => {
                        let column = match cell_column(&tag)? {
                            Some(column) => column,
                            // The next one.
                            None => within_columns(self.cells.len())?,
                        };
                        self.taken.one_more_cell()?;
                        cell = Some(Cell {
                            column,
                            kind: Kind::of(attribute(&tag, "t").as_deref()),
                            style: attribute(&tag, "s").and_then(|s| s.parse().ok()).unwrap_or(0),
                            text: String::new(),
                        });
                    }
                    "v" => wanted = true,
                    "t" => wanted = aloud == 0,
                    "rPh" => aloud = aloud.saturating_add(1),
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().as_ref() {
                    "v" | "t" => wanted = false,
                    "rPh" => aloud = aloud.saturating_sub(1),
                    "c" => {
                        if let Some(cell) = cell.take() {
                            let said = self.said(&cell)?;
                            // Its own text is counted already.
                            self.taken.takes(said.len().saturating_sub(cell.text.len()))?;
                            self.place(cell.column, said);
                        }
                    }
                    "row" => break self.write(number),
                    "sheetData" => {
                        self.ended = true;
                        return Ok(());
                    }
                    _ => {}
                },
                Event::Text(text) if wanted => {
                    if let Some(cell) = &mut cell {
                        let text = text.xml10_content();
                        self.taken.takes(text.len())?;
                        cell.text.push_str(&text);
                    }
                }
                Event::GeneralRef(reference) if wanted => {
                    if let (Some(cell), Some(c)) = (&mut cell, crate::xml::character(&reference)) {
                        self.taken.takes(c.len_utf8())?;
                        cell.text.push(c);
                    }
                }
                _ => {}
            }
        }
    }

    fn said(&self, cell: &Cell) -> io::Result<String> {
        let text = match cell.kind {
            Kind::Shared => {
                let text = cell.text.trim().parse().ok().and_then(|nth| self.strings.get(nth));
                return text.map(plain).ok_or_else(|| {
                    io::Error::other("a cell names a text that is not in the workbook")
                });
            }
            Kind::Truth => match cell.text.trim() {
                "1" => "TRUE".to_owned(),
                "0" => "FALSE".to_owned(),
                _ => cell.text.clone(),
            },
            Kind::Text => plain(&cell.text),
            Kind::Number => {
                as_shown(cell.text.trim(), self.styles.shown(cell.style), self.since_1904)
            }
        };
        Ok(text)
    }

    /// Puts a text into its column, one of [`MOST_COLUMNS`].
    fn place(&mut self, column: usize, text: String) {
        if self.cells.len() <= column {
            self.cells.resize(column.saturating_add(1), String::new());
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = text;
        }
    }

    /// Writes the row, and a blank line for each before it that is not there.
    fn write(&mut self, number: u32) -> io::Result<()> {
        let missing = number.saturating_sub(self.row.saturating_add(1));
        self.text.resize(missing as usize, b'\n');
        self.row = self.row.max(number.saturating_sub(1)).saturating_add(1);
        let filled =
            self.cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        for (nth, cell) in self.cells.iter().take(filled).enumerate() {
            if nth > 0 {
                self.text.push(b',');
            }
            if cell.contains([',', '"']) {
                self.text.push(b'"');
                self.text.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
                self.text.push(b'"');
            } else {
                self.text.extend_from_slice(cell.as_bytes());
            }
        }
        self.text.push(b'\n');
        self.written = self.written.saturating_add(self.text.len() as u64);
        if self.written > MOST_TEXT {
            return Err(io::Error::other(format!(
                "the sheet has more than {MOST_TEXT} bytes of text; save it as CSV (UTF-8)"
            )));
        }
        Ok(())
    }
}

impl Read for Sheet {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.text.len() && !self.ended {
            self.advance()?;
        }
        let mut rest = self.text.get(self.at..).unwrap_or_default();
        let read = Read::read(&mut rest, room)?;
        self.at = self.at.saturating_add(read);
        Ok(read)
    }
}

/// A text on one line.
fn plain(text: &str) -> String {
    let text = text.replace("_x000D_", " ").replace("_x000A_", " ");
    text.replace(['\r', '\n'], " ")
}

fn row_number(tag: &BytesStart<'_>, otherwise: u32) -> io::Result<u32> {
    let Some(text) = attribute(tag, "r") else { return Ok(otherwise) };
    text.parse().ok().filter(|row| (1..=MOST_ROWS).contains(row)).ok_or_else(|| {
        io::Error::other(format!("a sheet has at most {MOST_ROWS} rows, and this one says more"))
    })
}

/// The column of a cell such as `AB12`, from 0; `None` where the cell does not say it.
fn cell_column(tag: &BytesStart<'_>) -> io::Result<Option<usize>> {
    let Some(place) = attribute(tag, "r") else { return Ok(None) };
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let column = letters.fold(0_usize, |sum, letter| {
        let digit = usize::from(letter.to_ascii_uppercase().saturating_sub(b'A')).saturating_add(1);
        sum.saturating_mul(26).saturating_add(digit)
    });
    // A place without letters is the column before the first.
    within_columns(column.wrapping_sub(1)).map(Some)
}

/// A column that a sheet may have.
fn within_columns(column: usize) -> io::Result<usize> {
    if column < MOST_COLUMNS {
        return Ok(column);
    }
    Err(io::Error::other(format!(
        "a sheet has at most {MOST_COLUMNS} columns, and a cell of this one names another place"
    )))
}

#[cfg(test)]
#[path = "workbook/tests.rs"]
mod tests;
