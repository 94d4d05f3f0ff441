//! Audit exports of another system: who searched what, when, and for which case. They are no reads.
//!
//! Decides which cells of a row are which, by the header's names, whose order and blanks differ. A row
//! that cannot be read is told with its place. One row is held at a time, however long the file.

use std::io::{self, Read};

use schemas::time::Timestamp;

use crate::archive::Member;
use crate::audit_export;
use crate::encoding;
use crate::field::{Fault, clean};
use crate::nothing::says_nothing;
use crate::opened::{Opened, opened};
use crate::outcome::{ImportError, Rejected};
use crate::rows::{Cut, Row, Rows};
use crate::source::{Begun, Said, Source};
use crate::workbook::Sheet;
use crate::zone_word::zone_word;

/// A search that another system's audit export tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignSearch {
    /// When, to the second.
    pub at: Timestamp,
    /// Whose; empty where the export does not say.
    pub organisation: String,
    /// By whom, unless it is blotted out.
    pub name: Option<String>,
    /// What plate, unless it is blotted out.
    pub plate: Option<String>,
    /// For what case, unless none is named.
    pub case: Option<String>,
    /// In which way, such as `search` or `lookup - Mobile`.
    pub kind: String,
}

/// Where in a row what stands.
#[derive(Default)]
struct Header {
    at: Option<usize>,
    organisation: Option<usize>,
    name: Option<usize>,
    plate: Option<usize>,
    case: Option<usize>,
    kind: Option<usize>,
    cells: usize,
}

/// The searches of an export, in the order of its rows.
pub struct ForeignSearches<R: Read> {
    rows: Rows<Table<R>>,
    header: Header,
}

/// The text of an export, wherever it stands.
enum Table<R: Read> {
    Plain(Source<Begun<R>>),
    Sheet(Source<Box<Sheet>>),
    File(Source<Member>),
}

impl<R: Read> Table<R> {
    fn open(source: R) -> Result<Self, ImportError> {
        let said = Said { table: true, ..Said::default() };
        let all = |_: &[u8], _: bool| Some(());
        Ok(match opened(source, None, false)? {
            Opened::Plain(source) => Self::Plain(Source::open(source, said, all)?.0),
            Opened::Sheet(sheet) => Self::Sheet(Source::of_text(sheet, all)?.0),
            Opened::Archive(archive) => Self::File(Source::open(archive.only()?, said, all)?.0),
        })
    }
}

impl<R: Read> Read for Table<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(room),
            Self::Sheet(source) => source.read(room),
            Self::File(source) => source.read(room),
        }
    }
}

impl<R: Read> ForeignSearches<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is not that of an audit export, or the file cannot be read.
    pub fn open(source: R) -> Result<Self, ImportError> {
        let mut rows = Rows::new(Table::open(source)?, Cut::CSV);
        rows.take_separator()?;
        let Some(names) = header(&mut rows)? else {
            return Err(ImportError::Mapping("the file has no header".into()));
        };
        if audit_export::refuse(&names).is_ok() {
            let shown = clean(&names.join(","), 120);
            return Err(ImportError::Mapping(format!(
                "the header `{shown}` is not that of an audit export; expected columns such as \
                 `Org Name`, `Search Time` and `Search Type`"
            )));
        }
        let at = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        let header = Header {
            at: at(&[
                "search time",
                "searched at",
                "searched on",
                "search date",
                "timestamp",
                "time",
            ]),
            organisation: at(&["org name", "organization", "agency"]),
            name: at(&["name", "user", "searched by"]),
            plate: at(&["license plate", "plate"]),
            case: at(&["case #", "case", "case number"]),
            kind: at(&["search type", "event type"]),
            cells: names.len(),
        };
        if header.at.is_none() {
            return Err(ImportError::Mapping("the header has no column `Search Time`".into()));
        }
        Ok(Self { rows, header })
    }

    fn search(&self, cells: &[Vec<u8>]) -> Result<ForeignSearch, Fault> {
        let cell = |index: Option<usize>| {
            let cell = index.and_then(|index| cells.get(index));
            cell.map(|cell| encoding::text(cell).0.trim().to_owned()).unwrap_or_default()
        };
        let said = |index| Some(cell(index)).filter(|text| !says_nothing(text));
        let written = cell(self.header.at);
        let at = instant(&written).ok_or_else(|| {
            let shown = clean(&written, 60);
            Fault::new(format_args!(
                "`Search Time` is `{shown}`; expected such as `11/28/2026, 06:48:00 PM UTC`"
            ))
        })?;
        Ok(ForeignSearch {
            at,
            organisation: clean(&cell(self.header.organisation), 120),
            name: said(self.header.name).map(|name| clean(&name, 120)),
            plate: said(self.header.plate).map(|plate| clean(&plate, 40)),
            case: said(self.header.case).map(|case| clean(&case, 120)),
            kind: clean(&cell(self.header.kind), 40),
        })
    }
}

/// Rows above the header, such as a title, that are passed over.
const ABOVE_HEADER: usize = 20;

/// The names of the first row that is the header of an audit export; of the first row, where none is.
fn header<R: Read>(rows: &mut Rows<R>) -> io::Result<Option<Vec<String>>> {
    let mut first = None;
    for _ in 0..=ABOVE_HEADER {
        let cells = match rows.next()? {
            Some(Row::Cells { cells, .. }) => cells,
            Some(Row::Broken { .. }) => continue,
            None => break,
        };
        let name = |cell: &Vec<u8>| audit_export::plain(&encoding::text(cell).0);
        let names: Vec<String> = cells.iter().map(name).collect();
        if audit_export::refuse(&names).is_err() {
            return Ok(Some(names));
        }
        first = first.or(Some(names));
    }
    Ok(first)
}

/// Times stand in UTC, with its word.
fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let (bare, offset) = zone_word(text).unwrap_or((text, jiff::tz::Offset::UTC));
    let formats = ["%m/%d/%Y, %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S%.f"];
    let read = |format: &&str| jiff::civil::DateTime::strptime(format, bare).ok();
    let local = formats.iter().find_map(read)?;
    Timestamp::from_millis(offset.to_timestamp(local).ok()?.as_millisecond())
}

impl<R: Read> Iterator for ForeignSearches<R> {
    type Item = Result<Result<ForeignSearch, Rejected>, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rejected = |at: String, error: String| Some(Ok(Err(Rejected { at, error })));
        match self.rows.next() {
            Err(error) => Some(Err(error.into())),
            Ok(None) => None,
            Ok(Some(Row::Broken { position, error })) => rejected(position.to_string(), error),
            Ok(Some(Row::Cells { position, cells, ended, .. })) => {
                let at = position.to_string();
                if !ended && cells.len() < self.header.cells {
                    return rejected(at, "the file ends inside the row; it may be cut off".into());
                }
                match self.search(&cells) {
                    Ok(search) => Some(Ok(Ok(search))),
                    Err(fault) => rejected(at, fault.into_sentence()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = "\u{FEFF}ID, Name,Org Name,Time Frame,License Plate,Reason,Case #,Search Time,Search Type\n\
        a,J. Doe,Anytown CA PD,\"11/01/2026, 08:00:00 AM UTC\n11/28/2026, 08:00:00 AM UTC\",8ABC101,stolen,26-17,\"11/28/2026, 06:48:00 PM UTC\",search\n\
        b,***,Othertown TX PD,,***,inv,,\"11/28/2026, 06:49:00 PM UTC\",lookup - Mobile\n\
        c,x,y,,z,,,yesterday,search\n";

    #[test]
    fn rows_of_an_export_are_searches() {
        let found: Vec<_> =
            ForeignSearches::open(EXPORT.as_bytes()).unwrap().map(Result::unwrap).collect();
        let first = found[0].as_ref().unwrap();
        assert_eq!(first.at.to_string(), "2026-11-28T18:48:00.000Z");
        assert_eq!(first.organisation, "Anytown CA PD");
        assert_eq!(first.case.as_deref(), Some("26-17"));
        assert_eq!(first.plate.as_deref(), Some("8ABC101"));
        let second = found[1].as_ref().unwrap();
        assert_eq!(
            (second.name.as_ref(), second.plate.as_ref(), second.case.as_ref()),
            (None, None, None)
        );
        let third = found[2].as_ref().unwrap_err();
        assert!(third.error.contains("`Search Time` is `yesterday`"), "{third}");
        let titled = format!("Network audit,,\n\n{EXPORT}");
        let found = ForeignSearches::open(titled.as_bytes()).unwrap().map(Result::unwrap);
        assert_eq!(found.filter(Result::is_ok).count(), 2);
        let reads = ForeignSearches::open(&b"Plate,Seen,Camera\n"[..]);
        assert!(reads.err().unwrap().to_string().contains("not that of an audit export"));
    }
}
