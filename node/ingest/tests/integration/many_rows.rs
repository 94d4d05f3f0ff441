//! Large tables, whose optional cells are worth nothing here and there: each row gives its read, and what is
//! said of the rest is as short as of ten rows.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use ingest::{Format, Item, Options, items};

const MAPPING: &str = r#"
source = "county"
confidence = "percent"
[columns]
plate = "Plate"
at = "Seen"
camera = "Camera"
latitude = "Lat"
longitude = "Lon"
state = "State"
confidence = "Conf"
[time]
formats = ["%Y-%m-%d %H:%M:%S"]
zone = "America/Los_Angeles"
"#;

/// Rows that are made as they are read, of which every fourth holds what nobody can read.
struct Rows {
    next: usize,
    count: usize,
    text: Vec<u8>,
}

impl Read for Rows {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        while self.text.is_empty() && self.next <= self.count {
            let n = self.next;
            self.next += 1;
            let (minute, second) = ((n / 60) % 60, n % 60);
            let bad = ["here,there,Nowhere,good", "-118.26,33.73,ZZ,120", "NULL,NULL,NULL,NULL"];
            let rest = if n.is_multiple_of(4) { bad[n / 4 % 3] } else { "33.73,-118.26,CA,98" };
            let row = match n {
                0 => "Plate,Seen,Camera,Lat,Lon,State,Conf\n".to_owned(),
                n => format!(
                    "8{:06},2026-03-01 10:{minute:02}:{second:02},Gate,{rest}\n",
                    n % 1_000_000
                ),
            };
            self.text = row.into_bytes();
        }
        let read = self.text.len().min(room.len());
        room[..read].copy_from_slice(&self.text[..read]);
        self.text.drain(..read);
        Ok(read)
    }
}

#[test]
fn a_quarter_of_cells_that_cannot_be_read_costs_no_read_of_a_hundred_thousand() {
    const COUNT: usize = 100_000;
    let mapping = Some(Arc::new(MAPPING.parse().unwrap()));
    let options = Options { format: Format::Csv, mapping, ..Options::default() };
    let (mut reads, mut with_place) = (0, 0);
    let mut notes: BTreeMap<&str, usize> = BTreeMap::new();
    for item in items(options, Rows { next: 0, count: COUNT, text: Vec::new() }) {
        let one = match item.unwrap() {
            Item::Read(one) => one,
            // That so many plates are nothing but digits.
            Item::Said(_) => continue,
            other => panic!("{other:?}"),
        };
        reads += 1;
        with_place += usize::from(one.read.location.is_some());
        for note in &one.notes {
            *notes.entry(note.kind.code()).or_default() += 1;
        }
    }
    assert_eq!((reads, with_place), (COUNT, COUNT / 4 * 3));
    // Of three kinds of bad rows one says nothing, in words.
    let told = COUNT / 4 / 3 * 2;
    for kind in ["place", "state", "confidence"] {
        let count = notes.get(kind).copied().unwrap_or_default();
        assert!(count.abs_diff(told) <= 2, "{kind}: {notes:?}");
    }
}
