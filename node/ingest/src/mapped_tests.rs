//! Tables and objects of agencies, by the mappings that stand in the documentation.

use std::sync::Arc;

use super::*;
use crate::{Format, Options, items};
use proptest::prelude::*;
use schemas::read::{Read, ReadId};

const FLOCK: (&str, &str) =
    (include_str!("../mappings/flock.toml"), include_str!("../tests/fixtures/flock.json"));
const VERKADA: (&str, &str) =
    (include_str!("../mappings/verkada.toml"), include_str!("../tests/fixtures/verkada.json"));
const VIGILANT: (&str, &str) =
    (include_str!("../mappings/vigilant.toml"), include_str!("../tests/fixtures/vigilant.csv"));
const FIXED: (&str, &str) =
    (include_str!("../mappings/fixed.toml"), include_str!("../tests/fixtures/fixed.txt"));

fn options(mapping: &str) -> Options {
    let mapping = Arc::new(mapping.parse().unwrap());
    Options { format: Format::Csv, mapping: Some(mapping), ..Options::default() }
}

fn all(mapping: &str, source: &[u8]) -> Vec<Item> {
    items(options(mapping), source).map(Result::unwrap).collect()
}

fn reads(found: &[Item]) -> Vec<&Read> {
    let reads = found.iter().filter_map(|item| match item {
        Item::Read(one) => Some(&one.read),
        _ => None,
    });
    reads.collect()
}

fn refused(mapping: &str, source: &str) -> String {
    items(options(mapping), source.as_bytes()).next().unwrap().unwrap_err().to_string()
}

#[test]
fn objects_with_states_by_name_are_read() {
    let found = all(FLOCK.0, FLOCK.1.as_bytes());
    let reads = reads(&found);
    assert_eq!(found.len(), 2);
    let read = reads[0];
    assert_eq!(read.id, ReadId::of_vendor_id("flock", "e2f0a3c4-0001"));
    assert_eq!(read.source.to_string(), "flock");
    assert_eq!(read.plate.as_str(), "7YQK118");
    assert_eq!(read.plate_state, "CA".parse().ok());
    assert_eq!(read.at.to_string(), "2026-03-01T17:04:05.250Z");
    assert_eq!(read.camera.as_str(), "#14 Alameda / 3rd");
    assert_eq!(read.location.unwrap().latitude(), 34.0478);
    assert_eq!(f64::from(read.confidence.unwrap()), 0.96);
    assert_eq!(
        serde_json::to_value(&read.vehicle).unwrap(),
        serde_json::json!({ "make": "Subaru", "color": "Blue", "body": "Wagon" })
    );
    assert_eq!((reads[1].plate_state, reads[1].location, reads[1].confidence), (None, None, None));
}

#[test]
fn objects_with_seconds_are_read() {
    let found = all(VERKADA.0, VERKADA.1.as_bytes());
    let read = reads(&found)[0];
    assert_eq!(read.at.to_string(), "2026-03-01T17:04:05.000Z");
    assert_eq!(read.plate_state, "NV".parse().ok());
    assert_eq!(read.id, ReadId::of_sighting("3f2a-77", read.at, &"8HNC209".parse().unwrap()));
    let empty = all(VERKADA.0, b"{\"detections\":[]}");
    assert!(matches!(&empty[..], [Item::Empty(_)]));
    let other = all(VERKADA.0, b"{\"detections\":7}\n{\"detections\":[{\"license_plate\":[]}]}\n");
    assert!(
        matches!(&other[0], Item::Rejected(one) if one.to_string() == "line 1: `detections` is no list; expected the reads")
    );
    assert!(matches!(&other[1], Item::Empty(one) if one.at == "line 2, detections[0]"));
}

#[test]
fn a_table_with_local_times_is_read_and_bad_rows_named_by_line_column_and_value() {
    let found = all(VIGILANT.0, VIGILANT.1.as_bytes());
    let reads = reads(&found);
    assert_eq!(reads.len(), 3);
    assert_eq!(reads[2].plate.as_str(), "3NLM0?5", "a mark for what was not read stays");
    let read = reads[0];
    assert_eq!(read.id, ReadId::of_vendor_id("vigilant", "41907"));
    assert_eq!(read.at.to_string(), "2026-10-07T23:30:51.000Z");
    assert_eq!(read.camera.as_str(), "Unit 12 Left");
    assert_eq!(f64::from(read.confidence.unwrap()), 0.91);
    assert_eq!(read.location.unwrap().longitude(), -118.1937);
    assert_eq!(reads[1].at.to_string(), "2026-10-07T23:31:00.000Z", "in the second format");
    let line = VIGILANT.1.lines().nth(2).unwrap();
    assert_eq!(read.record, schemas::digest::Digest::of(line.as_bytes()));
    let Item::Rejected(time) = &found[3] else { panic!("{found:?}") };
    assert_eq!(
        time.to_string(),
        "line 6: column `Scan Date` is `13/07/2026 - 16:32:07`; expected a time as \
         `%m/%d/%Y - %H:%M:%S` or `%m/%d/%Y - %H:%M`"
    );
    assert!(matches!(&found[4], Item::Empty(empty) if empty.at == "line 7"));
}

#[test]
fn columns_by_their_place_are_read_with_what_the_file_does_not_say() {
    let found = all(FIXED.0, FIXED.1.as_bytes());
    let reads = reads(&found);
    assert_eq!((found.len(), reads.len()), (4, 2));
    assert_eq!(reads[0].plate.as_str(), "7UBR332");
    assert_eq!(reads[0].plate_state, "CA".parse().ok());
    assert_eq!(reads[1].plate_state, None);
    assert_eq!(reads[0].camera.as_str(), "Bridge toll 3");
    assert_eq!(reads[0].location.unwrap().latitude(), 37.8199);
    assert_eq!(reads[0].at.to_string(), "2026-03-01T17:04:05.000Z");
    let short = all(FIXED.0, b"7UBR332\n");
    let said = "column `11-24` is empty; expected a time";
    assert!(matches!(&short[..], [Item::Rejected(one)] if one.error == said), "{short:?}");
}

#[test]
fn tables_without_a_header_with_pipes_and_in_latin_1_are_read() {
    let mapping = "source = \"x\"\ndelimiter = \"|\"\nquote = \"\"\nheader = false\n\
                   encoding = \"latin-1\"\n[columns]\nplate = 2\nat = 1\ncamera = 3\n\
                   [time]\nformats = [\"rfc3339\"]\n";
    let found =
        all(mapping, b"2026-03-01T17:04:05Z|7UBR332|Ca\xF1on \"N\"\n2026-03-01T17:04:06Z|X\n");
    assert_eq!(reads(&found)[0].camera.as_str(), "Cañon \"N\"");
    assert_eq!(reads(&found)[1].camera.as_str(), "unknown");
    let utf_8 = mapping.replace("encoding = \"latin-1\"\n", "");
    let found = all(&utf_8, b"2026-03-01T17:04:05Z|7UBR332|Ca\xF1on\n");
    let [Item::Read(one)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((one.read.camera.as_str(), one.notes[0].kind), ("Cañon", NoteKind::Encoding));
}

#[test]
fn a_header_that_is_not_the_mappings_refuses_the_whole_table() {
    let renamed = VIGILANT.1.replacen("Scan Date", "Scan Time", 1);
    let error = refused(VIGILANT.0, &renamed);
    assert!(error.starts_with("column `Scan Date` of the mapping stands not in the header, which has `Detection ID`, `Plate`"), "{error}");
    let twice = VIGILANT.1.replacen("Notes", "Plate", 1);
    assert!(refused(VIGILANT.0, &twice).contains("`Plate` of the mapping stands more than once"));
    assert!(all(VIGILANT.0, b"").is_empty() && all(VIGILANT.0, b"title\n").is_empty());
}

#[test]
fn a_header_with_other_capitals_is_the_mappings_and_what_else_is_wrong_with_it_is_told() {
    const TABLE: &str = include_str!("../mappings/table.toml");
    let row = "8ABC123,2026-03-01 09:04:05,Gate\n";
    for header in
        ["PLATE,seen,Camera", " Plate ,\"Seen\",\u{FEFF}Camera\u{A0}", "Plate, Seen,  camera"]
    {
        let source = format!("{header}\n{row}{header}\n{row}");
        let found = all(TABLE, source.as_bytes());
        assert_eq!(reads(&found).len(), 2, "{header}: {found:?}");
        assert!(
            matches!(&found[1], Item::Empty(one) if one.what == "the header again"),
            "{found:?}"
        );
    }
    for (source, said) in [
        ("Plate;Seen;Camera\n8ABC123;x;y\n", "divided by `;`: set delimiter = \";\""),
        ("Plate\tSeen\tCamera\n", "divided by tabs: set delimiter = \"\\t\""),
        ("Reads of March\n\nPlate,Seen,Camera\n", "the names stand in line 3: set skip_lines = 2"),
        ("Plate,Seen,CAMERA,camera\n", "stands more than once in the header"),
        ("event_id,timestamp,entity_type,entity_details\n", "an export of an audit log"),
    ] {
        let error = refused(TABLE, source);
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn confidences_in_another_unit_than_the_mapping_says_are_told_once() {
    let mapping = "source = \"x\"\nconfidence = \"percent\"\n[columns]\nplate = \"P\"\nat = \"T\"\n\
                   camera = \"C\"\nconfidence = \"S\"\n[time]\nformats = [\"rfc3339\"]\n";
    let table = |share: &str| {
        let row = |n: usize| format!("8ABC{n:03},2026-03-01T17:04:05Z,Gate,{share}\n");
        format!("P,T,C,S\n{}", (0..20).map(row).collect::<String>())
    };
    for (share, told) in [("0.98", 1), ("98", 0), ("0", 0)] {
        let found = all(mapping, table(share).as_bytes());
        let said = found.iter().filter(|item| matches!(item, Item::Said(_))).count();
        assert_eq!(said, told, "{share}");
    }
}

#[test]
fn rows_of_another_width_are_rejected_and_a_header_again_is_known() {
    let header = VIGILANT.1.lines().nth(1).unwrap();
    let good = VIGILANT.1.lines().nth(2).unwrap();
    let source = format!("title\n{header}\n{good},more\n{header}\n1,2\n{good}\n");
    let found = all(VIGILANT.0, source.as_bytes());
    // The first row has a column without a heading: so may all.
    assert!(matches!(&found[0], Item::Read(one) if one.notes[0].kind == NoteKind::Row));
    assert!(matches!(&found[1], Item::Empty(one) if one.what == "the header again"));
    assert!(matches!(&found[2..], [Item::Rejected(_), Item::Read(_)]), "{found:?}");
    let longer = format!("title\n{header}\n{good}\n{good},more\n{good},,\n{good},a,b\n");
    let found = all(VIGILANT.0, longer.as_bytes());
    let wide = "the row has 11 cells; expected 10, as the header has";
    assert!(matches!(&found[1], Item::Rejected(one) if one.error == wide), "{found:?}");
    assert!(matches!(&found[2..], [Item::Read(_), Item::Rejected(_)]), "{found:?}");
}

#[test]
fn a_camera_that_nothing_names_is_asked_for() {
    let mapping = FIXED.0.replace("camera = \"Bridge toll 3\"\n", "");
    let found = all(&mapping, FIXED.1.as_bytes());
    let Item::Read(one) = &found[1] else { panic!("{found:?}") };
    assert_eq!((one.read.camera.as_str(), one.notes[0].kind), ("unknown", NoteKind::Camera));
    let camera = Some("Gate".parse().unwrap());
    let options = Options { camera, ..options(&mapping) };
    let found: Vec<Item> = items(options, FIXED.1.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(reads(&found)[0].camera.as_str(), "Gate");
}

#[test]
fn a_mapping_goes_with_no_other_format_and_csv_with_no_other_than_it() {
    let mut wrong = options(FIXED.0);
    wrong.format = Format::Rekor;
    let error = items(wrong, &b""[..]).next().unwrap().unwrap_err().to_string();
    assert_eq!(error, "a mapping goes with the format `csv`, not `rekor`; leave out one of them");
    let error = items(Format::Csv, &b""[..]).next().unwrap().unwrap_err().to_string();
    assert_eq!(error, "the format `csv` needs a mapping: name its file with --mapping");
}

proptest! {
    #[test]
    fn no_bytes_panic_under_any_mapping(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        for (mapping, source) in [FLOCK, VERKADA, VIGILANT, FIXED] {
            let _ = items(options(mapping), bytes.as_slice()).count();
            let mut source = source.as_bytes().to_vec();
            for (index, byte) in &edits {
                let at = index.index(source.len());
                source[at] = *byte;
            }
            let _ = items(options(mapping), source.as_slice()).count();
        }
    }
}

#[test]
fn a_photograph_that_stands_above_the_reads_is_held_once() {
    let mapping = "source = \"one\"\nlayout = \"json\"\nrecords = \"reads\"\n[time]\nformats = [\"rfc3339\"]\n[columns]\n\
                   plate = \"plate\"\nat = \"at\"\ncamera = \"camera\"\nphotograph = \"$.image\"\n";
    let image = [b"\xFF\xD8\xFF".as_slice(), &[7; 999]].concat();
    let reads: Vec<_> = (0..1_005)
        .map(|n| {
            let at = format!("2026-03-01T17:{:02}:{:02}Z", n / 60, n % 60);
            serde_json::json!({"plate": "8KTR392", "camera": "Gate", "at": at})
        })
        .collect();
    let image_text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &image);
    let record = serde_json::json!({"image": image_text, "reads": reads}).to_string();
    let found = all(mapping, record.as_bytes());
    let read: Vec<_> = found
        .iter()
        .filter_map(|item| if let Item::Read(read) = item { Some(read) } else { None })
        .collect();
    assert!(read.iter().all(|one| one.read.images.len() == 1), "each read names it");
    let held: usize = read.iter().flat_map(|one| &one.photographs).map(Vec::len).sum();
    assert_eq!(held, image.len(), "its bytes stand once");
    assert_eq!(read.len(), 1_000);
    let Some(Item::Rejected(rest)) = found.last() else { panic!("{:?}", found.last()) };
    assert!(rest.to_string().contains("holds 1005 reads"), "{rest}");
}
