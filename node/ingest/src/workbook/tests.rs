//! Workbooks of several programs, and those that no program writes.

use std::io::Read as _;
use std::sync::Arc;

use super::*;
use crate::archive::tests::zip;
use crate::{Format, Item, Mapping, Options, items};

const CONTENT: &str = "<Types/>";
const BOOK: &str = r#"<workbook xmlns:r="r"><sheets><sheet name="Old" state="hidden" r:id="b"/>
    <sheet name="Reads" r:id="a"/></sheets></workbook>"#;
const RELATED: &str = r#"<Relationships>
    <Relationship Id="a" Type="x/worksheet" Target="/xl/worksheets/sheet1.xml"/>
    <Relationship Id="b" Type="x/worksheet" Target="worksheets/sheet2.xml"/>
    <Relationship Id="c" Type="x/sharedStrings" Target="sharedStrings.xml"/>
    <Relationship Id="d" Type="x/styles" Target="styles.xml"/></Relationships>"#;
const STYLES: &str = r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="m/d/yy h:mm"/></numFmts>
    <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
    <cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="10"/></cellXfs></styleSheet>"#;

/// A workbook whose first shown sheet and shared texts are these.
fn workbook(sheet: &str, strings: &str) -> Vec<u8> {
    zip(&[
        ("[Content_Types].xml", CONTENT.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", RELATED.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/worksheets/sheet2.xml", b"<worksheet><sheetData/></worksheet>"),
        ("xl/sharedStrings.xml", strings.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
    ])
}

fn rows(sheet: &str, strings: &str) -> String {
    let archive = Archive::read(workbook(sheet, strings).as_slice()).unwrap();
    let mut text = String::new();
    match Sheet::open(archive, None).and_then(|mut sheet| sheet.read_to_string(&mut text)) {
        Ok(_) => text,
        Err(error) => error.to_string(),
    }
}

fn sheet(rows: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<x:worksheet xmlns:x=\"x\"><sheetData>{rows}</sheetData></x:worksheet>"
    )
}

#[test]
fn a_line_is_a_row_and_cells_say_what_people_see() {
    let strings = "<sst uniqueCount=\"18446744073709551615\"><si><t>Plate</t></si>\
        <si><r><t>Gate, </t></r><r><t xml:space=\"preserve\">north &amp; \"south\"</t></r>\
        <rPh><t>aloud</t></rPh></si><si><t/></si></sst>";
    let cells = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>
        <row r="3"><c r="A3"><v>0012345</v></c><c r="B3" s="1"><v>46354.4354166667</v></c>
            <c r="D3" s="2"><f>1/2</f><v>0.5</v></c><c r="E3" t="s"><v>2</v></c></row>
        <row><c t="inlineStr"><is><t>8ABC
123</t></is></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="str"><v>a&lt;b</v></c></row>
        <row r="6"/>"#;
    assert_eq!(
        rows(&sheet(cells), strings),
        "Plate,,\"Gate, north & \"\"south\"\"\"\n\n0012345,2026-11-28 10:27:00,,50%\n\
         8ABC 123,TRUE,#N/A,a<b\n\n\n"
    );
}

#[test]
fn a_workbook_of_a_library_is_read_by_a_mapping_with_its_zone() {
    let mapping: Mapping = include_str!("../../mappings/table.toml").parse().unwrap();
    let options =
        Options { format: Format::Csv, mapping: Some(Arc::new(mapping)), ..Options::default() };
    let bytes = &include_bytes!("../../tests/fixtures/table.xlsx")[..];
    let found: Vec<String> = items(options, bytes)
        .map(|item| match item.unwrap() {
            Item::Read(one) => {
                let read = &one.read;
                format!("{} {} {}", read.plate, read.at, read.camera)
            }
            Item::Said(note) => note.said,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        found,
        [
            "the sheet `Reads` is read, and not `Notes`; `sheet` of a mapping names another",
            "8XLS401 2026-03-01T17:04:05.000Z Gate, north",
            "0012345 2026-03-01T17:05:00.000Z Gate, north",
            "7654321 2026-03-01T08:00:00.000Z Gate \"south\"",
            "8XLS4?2 2026-03-01T17:06:30.500Z Gate \"south\"",
        ]
    );
}

#[test]
fn a_sheet_is_named_by_the_mapping_and_a_missing_one_is_told() {
    let archive = || Archive::read(workbook(&sheet(""), "<sst/>").as_slice()).unwrap();
    assert!(Sheet::open(archive(), Some(" old ")).is_ok());
    let error = Sheet::open(archive(), Some("March")).err().unwrap().to_string();
    assert_eq!(error, "the workbook has no sheet `March`; it has `Old`, `Reads`");
}

#[test]
fn what_is_no_workbook_is_named_for_what_it_is() {
    for (files, said) in [
        (&["[Content_Types].xml", "xl/workbook.bin"][..], "an .xlsb workbook"),
        (&["mimetype", "content.xml", "META-INF/manifest.xml"], "an OpenDocument file"),
        (&["[Content_Types].xml", "word/document.xml"], "a Word document"),
        (&["doc.kml"], "a .kmz file"),
    ] {
        let files: Vec<(&str, &[u8])> = files.iter().map(|name| (*name, &b"x"[..])).collect();
        let error = items(Format::Auto, zip(&files).as_slice()).next().unwrap().unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    let locked = items(Format::Auto, &b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"[..]).next().unwrap();
    assert!(locked.unwrap_err().to_string().contains("a password protects"));
}

#[test]
fn a_hostile_workbook_is_refused_and_nothing_of_it_is_held_without_bound() {
    let long = "x".repeat(300 << 10);
    let deep = "<a>".repeat(100);
    for (rows_, said) in [
        (format!("<row><c t=\"str\"><v>{long}</v></c></row>"), "longer than any"),
        (format!("<row><c r=\"{long}\"/></row>"), "longer than any"),
        ("<row><!-- <<< --></row>".to_owned(), "comments"),
        ("<row><![CDATA[x]]></row>".to_owned(), "plain sections"),
        ("<row><?x <<<?></row>".to_owned(), "instructions"),
        (deep, "nest deeper than 64"),
        ("<row r=\"1048577\"></row>".to_owned(), "at most 1048576 rows"),
        ("<row><c r=\"XFE1\"><v>1</v></c></row>".to_owned(), "at most 16384 columns"),
        ("<row><c r=\"AAAAAAAAAAAAAAAAAAAA1\"/></row>".to_owned(), "at most 16384 columns"),
        ("<row><c t=\"s\"><v>7</v></c></row>".to_owned(), "not in the workbook"),
        // Cells that say no place, one place again and again, or a text in many parts.
        (format!("<row>{}</row>", "<c/>".repeat(MOST_COLUMNS + 1)), "at most 16384 columns"),
        (format!("<row>{}</row>", "<c r=\"A1\"/>".repeat(MOST_CELLS + 1)), "more than 16384 cells"),
        (
            format!(
                "<row><c t=\"inlineStr\"><is>{}</is></c></row>",
                format!("<t>{}</t>", "x".repeat(200 << 10)).repeat(11)
            ),
            "row 1 of the sheet has more than",
        ),
        ("<row><c>".to_owned(), "damaged"),
    ] {
        let text = rows(&sheet(&rows_), "<sst/>");
        assert!(text.contains(said), "{said}: {}", text.chars().take(200).collect::<String>());
    }
    let doctype = "<!DOCTYPE x [<!ENTITY a \"b\">]><sst/>";
    assert!(rows(&sheet(""), doctype).contains("document types"));
    // One long text that many cells share.
    let strings = format!("<sst><si><t>{}</t></si></sst>", "y".repeat(200 << 10));
    let many = format!("<row>{}</row>", "<c t=\"s\"><v>0</v></c>".repeat(20));
    assert!(rows(&sheet(&many), &strings).contains("row 1 of the sheet has more than"));
}
