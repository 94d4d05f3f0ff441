//! Each mapping that comes with the project reads its fixture.

use super::*;
use crate::{Format, ImportedRead, Options, items};

macro_rules! shipped {
    ($mapping:literal, $fixture:literal) => {
        (
            $mapping,
            include_str!(concat!("../../mappings/", $mapping)),
            include_str!(concat!("../../tests/fixtures/", $fixture)),
        )
    };
}

fn read(mapping: &str, source: &str) -> (Vec<ImportedRead>, Vec<String>) {
    let mapping = Some(Arc::new(mapping.parse().unwrap()));
    let options = Options { format: Format::Csv, mapping, ..Options::default() };
    let (mut reads, mut rest) = (Vec::new(), Vec::new());
    for item in items(options, source.as_bytes()) {
        match item.unwrap() {
            Item::Read(one) => reads.push(*one),
            Item::Empty(one) => rest.push(one.what.to_owned()),
            other => rest.push(format!("{other:?}")),
        }
    }
    (reads, rest)
}

#[test]
fn each_shipped_mapping_reads_its_fixture() {
    for ((name, mapping, source), plates, without) in [
        (shipped!("verkada.toml", "verkada.json"), "8HNC209 6TTV381", 0),
        (shipped!("unifi.toml", "unifi.json"), "7PLM220 7PLM221", 1),
        (shipped!("milesight.toml", "milesight.json"), "5LOT118", 1),
        (shipped!("blueiris.toml", "blueiris.json"), "4BLU771 4BLU772 4BLU773 4BLU774", 1),
        (shipped!("frigate.toml", "frigate.jsonl"), "3FRG450 3FRG451", 2),
        (shipped!("fusus.toml", "fusus.json"), "9FSS301 9FSS302", 0),
        (shipped!("fusus-csv.toml", "fusus-csv.csv"), "9FSS303", 0),
        (shipped!("elsag.toml", "elsag.csv"), "2ELS640 2ELS641", 0),
        (shipped!("boss.toml", "boss.txt"), "1BSS810 1BSS811", 0),
    ] {
        let (reads, rest) = read(mapping, source);
        let found: Vec<&str> = reads.iter().map(|one| one.read.plate.as_str()).collect();
        assert_eq!(found.join(" "), plates, "{name}: {rest:?}");
        assert_eq!(rest.len(), without, "{name}: {rest:?}");
    }
}

#[test]
fn what_stands_outside_the_list_and_in_one_cell_is_found() {
    let fields = |mapping, source| {
        let (mut reads, _) = read(mapping, source);
        reads.swap_remove(0)
    };
    let (_, unifi, source) = shipped!("unifi.toml", "unifi.json");
    let one = fields(unifi, source);
    assert_eq!(one.read.at.to_string(), "2026-03-01T17:04:10.000Z", "of the outer object");
    assert_eq!(one.photographs.len(), 1);
    for (_, mapping, source) in
        [shipped!("fusus.toml", "fusus.json"), shipped!("fusus-csv.toml", "fusus-csv.csv")]
    {
        let one = fields(mapping, source);
        let place = one.read.location.unwrap();
        assert_eq!((place.latitude(), place.longitude()), (33.75, -118.25));
        assert_eq!(one.notes[0].kind, NoteKind::Photograph, "an address is told");
    }
    let (_, verkada, source) = shipped!("verkada.toml", "verkada.json");
    let (reads, _) = read(verkada, source);
    assert_eq!(reads[0].read.at.to_string(), "2026-03-01T17:04:05.000Z", "milliseconds");
    assert_eq!(reads[1].read.at.to_string(), "2026-03-01T17:05:00.000Z", "seconds");
    assert_eq!(reads[1].read.camera.as_str(), "3f2a-78");
    let (_, blueiris, source) = shipped!("blueiris.toml", "blueiris.json");
    let (reads, _) = read(blueiris, source);
    assert_eq!(reads[2].read.confidence.map(f64::from), Some(0.91), "a part of a text");
}

#[test]
fn one_column_for_both_coordinates_and_a_name_on_two_lines_are_read() {
    let mapping = TABLE.replace(
        "camera = \"Camera\"",
        "camera = \"Camera\"\nlatitude = \"Place\"\nlongitude = \"Place\"",
    );
    let source =
        "Plate,Seen,Camera,Place\n8ONE101,2026-03-01 09:04:05,\"Gate\n2\",\"(33.75, -118.25)\"\n";
    let (reads, rest) = read(&mapping, source);
    assert!(rest.is_empty() && reads[0].notes.is_empty(), "{rest:?}");
    assert_eq!(reads[0].read.camera.as_str(), "Gate 2");
    assert_eq!(reads[0].read.location.unwrap().latitude(), 33.75);
}

#[test]
fn an_id_that_is_never_set_is_none() {
    let mapping = TABLE.replace("[columns]", "[columns]\nid = \"Id\"");
    let source = "Id,Plate,Seen,Camera\n0,8IDS001,2026-03-01 09:04:05,G\n\
        00000000-0000-0000-0000-000000000000,8IDS002,2026-03-01 09:04:06,G\n\
        '',8IDS003,2026-03-01 09:04:07,G\n10,8IDS004,2026-03-01 09:04:08,G\n";
    let (reads, rest) = read(&mapping, source);
    let id = |one: &ImportedRead| one.read.vendor_id.as_ref().map(ToString::to_string);
    let ids: Vec<_> = reads.iter().map(id).collect();
    assert_eq!(ids, [None, None, None, Some("10".to_owned())], "{rest:?}");
}

#[test]
fn a_memo_and_times_of_webhooks_are_taken_from_where_they_stand() {
    let (_, blueiris, _) = shipped!("blueiris.toml", "blueiris.json");
    let memo =
        r#"{"memo": "car:88%,4BLU775:91%", "camera": "c", "timestamp": "2026-03-01T17:04:05Z"}"#;
    let (reads, rest) = read(blueiris, memo);
    assert_eq!(reads[0].read.confidence.map(f64::from), Some(0.91), "{rest:?}");
    let (_, verkada, _) = shipped!("verkada.toml", "verkada.json");
    let body = r#"{"webhook_type": "lpr", "data": {"camera_id": "c", "created": 1772384645,
        "license_plate_number": "8HNC210", "detected": null}}"#;
    let (reads, rest) = read(verkada, &body.replace('\n', ""));
    assert_eq!(reads[0].read.at.to_string(), "2026-03-01T17:04:05.000Z", "{rest:?}");
}

#[test]
fn xml_is_read_by_paths_of_elements_and_attributes() {
    let mapping = "source = \"x\"\nlayout = \"xml\"\nrecords = \"Export.Read\"\n[columns]\n\
                   plate = \"Plate\"\nat = \"Seen.@at\"\ncamera = \"^.Unit\"\n\
                   make = \"Attribute[@name=Make]\"\n[time]\nformats = [\"rfc3339\"]\n";
    let one = "<Read><Plate>7XML001</Plate><Seen at=\"2026-03-01T17:04:05Z\"/>\
               <Attribute name=\"Color\">red</Attribute><Attribute name=\"Make\">Kia</Attribute></Read>";
    let two = one.replace("7XML001", "7XML002");
    for (body, count) in [(one.to_owned(), 1), (format!("{one}{two}"), 2)] {
        let source = format!("<Export><Unit>U1</Unit>{body}</Export>");
        let (reads, rest) = read(mapping, &source);
        assert_eq!(reads.len(), count, "{rest:?}");
        assert_eq!(reads[0].read.camera.as_str(), "U1");
        assert_eq!(reads[0].read.vehicle.make.as_ref().unwrap().as_str(), "Kia");
    }
}

const TABLE: &str = "source = \"x\"\n[columns]\nplate = \"Plate\"\nat = \"Seen\"\n\
                     camera = \"Camera\"\n[time]\nformats = [\"%Y-%m-%d %H:%M:%S\"]\nzone = \"UTC\"\n";

#[test]
fn texts_of_other_encodings_and_line_ends_are_read() {
    let table = "Plate,Seen,Camera\r\n8ENC101,2026-03-01 09:04:05,Peña — 1\r\n";
    let utf16 = |big: bool| -> Vec<u8> {
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        format!("\u{FEFF}{table}").encode_utf16().flat_map(bytes).collect()
    };
    let cp1252 = table.replace('ñ', "\u{1}").replace('—', "\u{2}").into_bytes();
    let cp1252: Vec<u8> = cp1252
        .iter()
        .map(|b| match b {
            1 => 0xF1,
            2 => 0x97,
            other => *other,
        })
        .collect();
    let semicolons = table.replace(',', ";");
    for (name, bytes) in [
        ("marked", format!("\u{FEFF}{table}").into_bytes()),
        ("utf-16 le", utf16(false)),
        ("utf-16 be", utf16(true)),
        ("windows-1252, unsaid", cp1252.clone()),
        ("carriage returns", table.replace("\r\n", "\r").into_bytes()),
        ("sep", format!("sep=;\r\n{semicolons}").into_bytes()),
        ("sep, marked", format!("\u{FEFF}sep=;\r\n{semicolons}").into_bytes()),
    ] {
        let options = Options {
            mapping: Some(Arc::new(TABLE.parse().unwrap())),
            ..Options::from(Format::Csv)
        };
        let found: Vec<Item> = items(options, bytes.as_slice()).map(Result::unwrap).collect();
        let [Item::Read(one)] = &found[..] else { panic!("{name}: {found:?}") };
        assert_eq!(one.read.camera.as_str(), "Peña — 1", "{name}");
    }
    let said = TABLE.replace("source = \"x\"", "source = \"x\"\nencoding = \"windows-1252\"");
    let options =
        Options { mapping: Some(Arc::new(said.parse().unwrap())), ..Options::from(Format::Csv) };
    let found: Vec<Item> = items(options, cp1252.as_slice()).map(Result::unwrap).collect();
    assert!(matches!(&found[..], [Item::Read(one)] if one.notes.is_empty()), "{found:?}");
}

#[test]
fn words_for_no_plate_are_the_mappings_and_others_are_kept_and_told() {
    let rows = "Plate,Seen,Camera\nNULL,2026-03-01 09:04:05,G\nNO TAG,2026-03-01 09:04:06,G\n\
                N/A,2026-03-01 09:04:07,G\n----,2026-03-01 09:04:08,G\n";
    let (reads, rest) = read(TABLE, rows);
    assert_eq!((reads.len(), rest.len()), (2, 2), "{rest:?}");
    assert!(reads.iter().all(|one| one.notes[0].kind == NoteKind::PlateWord));
    let said = TABLE.replace("source = \"x\"", "source = \"x\"\nno_plate = [\"null\", \"no tag\"]");
    let (reads, rest) = read(&said, rows);
    assert_eq!((reads.len(), rest.len()), (0, 4));
}

#[test]
fn digits_without_any_leading_zero_are_told_once() {
    let rows = |zero: &str| {
        let row = |n: u32| format!("{},2026-03-01 09:04:05,G{n}\n", 1_234_500 + n);
        let rows: String = (0..30).map(row).collect();
        format!("Plate,Seen,Camera\n{rows}{zero}")
    };
    let (reads, rest) = read(TABLE, &rows(""));
    assert_eq!((reads.len(), rest.len()), (30, 1), "{rest:?}");
    assert!(rest[0].contains("none begins with 0"), "{rest:?}");
    assert!(read(TABLE, &rows("0123456,2026-03-01 09:04:05,G\n")).1.is_empty());
}

#[test]
fn a_zone_that_is_said_counts_before_the_mappings_and_is_asked_for_where_there_is_none() {
    let bare = TABLE.replace("zone = \"UTC\"\n", "");
    let options = |zone: Option<&str>, text: &str| Options {
        mapping: Some(Arc::new(text.parse().unwrap())),
        zone: zone.map(|zone| zone.parse().unwrap()),
        ..Options::from(Format::Csv)
    };
    let error = options(None, &bare).check().unwrap_err();
    assert!(
        error.starts_with("time.zone is missing, and the format `%Y-%m-%d %H:%M:%S`"),
        "{error}"
    );
    let row = "Plate,Seen,Camera\n8ZON001,2026-03-01 09:04:05,G\n";
    for text in [TABLE, &bare] {
        let of = options(Some("America/Los_Angeles"), text);
        let found: Vec<Item> = items(of, row.as_bytes()).map(Result::unwrap).collect();
        let [Item::Read(one)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(one.read.at.to_string(), "2026-03-01T17:04:05.000Z");
    }
}

#[test]
fn an_audit_export_is_refused_whatever_the_mapping_says() {
    let mapping =
        TABLE.replace("\"Plate\"", "\"License Plate\"").replace("\"Seen\"", "\"Search Time\"");
    let mapping = mapping.replace("\"Camera\"", "\"Org Name\"");
    let source =
        "ID,Name,Org Name,License Plate,Reason,Search Time,Search Type\n1,x,y,7ABC123,z,t,s\n";
    let options =
        Options { mapping: Some(Arc::new(mapping.parse().unwrap())), ..Options::from(Format::Csv) };
    let error = items(options, source.as_bytes()).next().unwrap().unwrap_err().to_string();
    assert!(error.contains("were searched, not seen"), "{error}");
    // Nor where the mapping counts columns, and takes the header for a row below a title.
    let mapping = "source = \"table\"\nheader = false\n[columns]\nplate = 4\nat = 6\ncamera = 3\n\
        [time]\nformats = [\"rfc3339\"]\n";
    let options =
        Options { mapping: Some(Arc::new(mapping.parse().unwrap())), ..Options::from(Format::Csv) };
    let titled = format!("Audit of March\n{source}");
    let found: Result<Vec<_>, _> = items(options, titled.as_bytes()).collect();
    assert!(found.unwrap_err().to_string().contains("were searched, not seen"));
}
