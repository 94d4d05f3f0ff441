//! Workbooks and archives from anybody. What begins as an archive is read as one; else the bytes are the
//! parts of a workbook, divided by NULs: its sheet, its texts, its styles, its list of sheets.
#![no_main]

use std::io::Write as _;
use std::sync::Arc;

use ingest::{Format, Mapping, Options, items};
use libfuzzer_sys::fuzz_target;

const MAPPING: &str = "source = \"fuzz\"\n[columns]\nplate = 1\nat = 2\ncamera = 3\nlatitude = 4\nlongitude = 5\n\
                       [time]\nformats = [\"%m/%d/%Y %H:%M:%S\"]\nzone = \"UTC\"\n";
const PARTS: [&str; 4] =
    ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"];
const BOOK: &[u8] = b"<workbook><sheets><sheet name=\"a\" r:id=\"a\"/></sheets></workbook>";
const RELATED: &[u8] = b"<Relationships><Relationship Id=\"a\" Type=\"/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
    <Relationship Id=\"b\" Type=\"/sharedStrings\" Target=\"sharedStrings.xml\"/>\
    <Relationship Id=\"c\" Type=\"/styles\" Target=\"styles.xml\"/></Relationships>";

fn workbook(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut archive = rawzip::ZipArchiveWriter::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let (mut entry, config) = archive.new_file(name).start().ok()?;
        let mut writer = config.wrap(&mut entry);
        writer.write_all(bytes).ok()?;
        let (_, descriptor) = writer.finish().ok()?;
        entry.finish(descriptor).ok().map(drop)
    };
    add("[Content_Types].xml", b"<Types/>")?;
    add("xl/_rels/workbook.xml.rels", RELATED)?;
    let mut parts = bytes.split(|byte| *byte == 0);
    for name in PARTS {
        let otherwise = if name == "xl/workbook.xml" { BOOK } else { b"<x/>" };
        add(name, parts.next().filter(|part| !part.is_empty()).unwrap_or(otherwise))?;
    }
    archive.finish().ok()
}

fuzz_target!(|bytes: &[u8]| {
    let made = if bytes.starts_with(b"PK") { Some(bytes.to_vec()) } else { workbook(bytes) };
    let Some(made) = made else { return };
    let mapping = Some(Arc::new(MAPPING.parse::<Mapping>().expect("a mapping")));
    let options = Options { format: Format::Csv, mapping, ..Options::default() };
    for item in items(options, made.as_slice()) {
        let _ = item;
    }
});
