//! What holds for every format: detection, bounds and identity.

mod broken;

use std::io;

use proptest::prelude::*;

use schemas::read::Read;

use super::*;

const REKOR: &str = include_str!("../tests/fixtures/rekor_group_v2.json");
const RESULTS: &str = include_str!("../tests/fixtures/rekor_results_v2.json");
const STREAM: &str = include_str!("../tests/fixtures/platerecognizer_stream.json");

fn all(bytes: &[u8]) -> Vec<Item> {
    items(Format::Auto, bytes).map(Result::unwrap).collect()
}

fn line(body: &str) -> String {
    serde_json::from_str::<serde_json::Value>(body).unwrap().to_string()
}

fn ids(found: &[Item]) -> Vec<schemas::read::ReadId> {
    let id = |item: &Item| if let Item::Read(one) = item { Some(one.read.id) } else { None };
    found.iter().filter_map(id).collect()
}

fn shape(found: &[Item]) -> Vec<String> {
    let word = |item: &Item| match item {
        Item::Read(one) => one.read.plate.to_string(),
        Item::Rejected(rejected) => rejected.to_string(),
        Item::Empty(empty) => format!("{}: {}", empty.at, empty.what),
        Item::Said(note) => note.said.clone(),
    };
    found.iter().map(word).collect()
}

/// The reads of both vendors' fixtures as lines of the native format.
fn exported() -> (Vec<Read>, String) {
    let mut reads = Vec::new();
    let mut lines = String::new();
    for item in all(format!("{REKOR}{RESULTS}{STREAM}").as_bytes()) {
        let Item::Read(one) = item else { panic!("{item:?}") };
        lines.push_str(&serde_json::to_string(&one.read).unwrap());
        lines.push('\n');
        reads.push(one.read);
    }
    (reads, lines)
}

#[test]
fn format_names_are_the_published_ones() {
    let words = [
        "auto",
        "native",
        "rekor",
        "platerecognizer",
        "platerecognizer-csv",
        "genetec",
        "axis",
        "hikvision",
        "dahua",
        "csv",
    ];
    assert_eq!(Format::ALL.map(|(_, word)| word), words);
    for (format, word) in Format::ALL {
        assert_eq!(word.parse(), Ok(format));
        assert_eq!(format.to_string(), word);
    }
    assert_eq!(
        "Rekor".parse::<Format>().unwrap_err().to_string(),
        "`Rekor` is not a format; expected `auto`, `native`, `rekor`, `platerecognizer`, \
         `platerecognizer-csv`, `genetec`, `axis`, `hikvision`, `dahua`, and `csv` with a mapping"
    );
}

#[test]
fn each_record_tells_its_own_format() {
    let (_, native) = exported();
    let first = native.lines().next().unwrap();
    let mixed = format!("{STREAM}{}\n{first}\n", line(REKOR));
    assert_eq!(shape(&all(mixed.as_bytes())), ["9FWX128", "7C41902", "8KTR306", "8KTR306"]);
}

#[test]
fn a_record_of_no_format_or_of_two_is_rejected_and_said_so() {
    let source = b"{\"x\":1}\n{}\n{\"data_type\":\"alpr_group\",\"PlateRead\":\"7\"}\n";
    let unknown = "the record is in no known format; supported are `native`, `rekor`, ";
    let shape = shape(&all(source));
    assert!(shape[0].starts_with(&format!("line 1: {unknown}")), "{}", shape[0]);
    assert!(shape[1].starts_with(&format!("line 2: {unknown}")), "{}", shape[1]);
    assert_eq!(
        shape[2],
        "line 3: the record has fields of both `rekor` and `genetec`; say which it is with --format"
    );
}

#[test]
fn every_format_is_told_by_its_content() {
    for (source, plate) in [
        (include_bytes!("../tests/fixtures/rekor_group_v1.json").as_slice(), "5H20417"),
        (include_bytes!("../tests/fixtures/platerecognizer_stream.csv"), "9FWX128"),
        (include_bytes!("../tests/fixtures/genetec_http.json"), "6TRJ244"),
        (include_bytes!("../tests/fixtures/genetec_http.xml"), "6TRJ244"),
        (include_bytes!("../tests/fixtures/genetec_ftp.xml"), "6TRJ244"),
        (include_bytes!("../tests/fixtures/axis_lost.json"), "4LDX607"),
        (include_bytes!("../tests/fixtures/hikvision.xml"), "8VBN553"),
        (include_bytes!("../tests/fixtures/hikvision_isapi.xml"), "8VBN553"),
    ] {
        let found = all(source);
        assert_eq!(shape(&found)[0], plate);
        assert_eq!(all(&gzipped(source)), found, "{plate}, packed");
    }
}

#[test]
fn a_source_that_is_not_what_it_is_said_to_be_is_refused() {
    let genetec = include_bytes!("../tests/fixtures/genetec_http.xml");
    let hikvision = include_bytes!("../tests/fixtures/hikvision.xml");
    let axis = include_bytes!("../tests/fixtures/axis_lost.json");
    let first = |format, bytes| match items(format, bytes).next().unwrap() {
        Ok(Item::Rejected(rejected)) => rejected.error,
        Ok(other) => panic!("{other:?}"),
        Err(error) => error.to_string(),
    };
    assert_eq!(first(Format::Axis, genetec.as_slice()), "the source is XML, not `axis`");
    assert_eq!(
        first(Format::Hikvision, genetec.as_slice()),
        "the record is XML of another reader, not `hikvision`"
    );
    assert_eq!(
        first(Format::Genetec, hikvision.as_slice()),
        "the record is XML of another reader, not `genetec`"
    );
    assert_eq!(first(Format::Hikvision, axis.as_slice()), "the record is JSON, not `hikvision`");
    let other = first(Format::Auto, b"<html><body>404</body></html>".as_slice());
    assert!(other.starts_with("`<html>` is in no known format; expected `<Plate>`"), "{other}");
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn a_packed_file_that_is_out_of_proportion_cut_off_or_damaged_is_refused() {
    let last = |bytes: &[u8]| {
        let found: Vec<_> = items(Format::Auto, bytes).collect();
        match found.last().unwrap() {
            Err(error) => error.to_string(),
            Ok(other) => panic!("{other:?}"),
        }
    };
    // 256 MiB of blanks before a record pack to 256 kB.
    let mut bomb = vec![b' '; 256 << 20];
    bomb.extend(line(REKOR).into_bytes());
    assert!(last(&gzipped(&bomb)).contains("unpacks to more than 200 times its size"));
    let packed = gzipped(&format!("{}\n", line(REKOR)).repeat(500).into_bytes());
    let cut = &packed[..packed.len() / 2];
    assert!(last(cut).contains("gzip data ends too early"), "{}", last(cut));
    let mut damaged = packed.clone();
    damaged[packed.len() - 6] ^= 0xFF;
    assert!(last(&damaged).contains("gzip data is damaged"), "{}", last(&damaged));
    // Several members, as appended log files are.
    let twice = [packed.clone(), packed].concat();
    assert_eq!(ids(&all(&twice)).len(), 1_000);
}

#[test]
fn a_webhook_with_its_frame_is_one_body_whose_reads_share_the_photograph() {
    let mut body = b"--x\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n".to_vec();
    body.extend(STREAM.as_bytes());
    body.extend(b"\r\n--x\r\nContent-Disposition: form-data; name=\"upload\"; ");
    body.extend(b"filename=\"../../../etc/cron.d/x\"\r\n\r\n\xFF\xD8\xFF\xE0frame\r\n--x--\r\n");
    for format in [Format::Auto, Format::PlateRecognizer] {
        let found: Vec<Item> = items(format, body.as_slice()).map(Result::unwrap).collect();
        assert_eq!(ids(&found), ids(&all(STREAM.as_bytes())));
        for item in &found {
            let Item::Read(one) = item else { panic!("{item:?}") };
            assert_eq!(one.photographs, [b"\xFF\xD8\xFF\xE0frame".to_vec()]);
            assert_eq!(one.read.images.len(), 1);
        }
    }
}

#[test]
fn many_reads_of_one_body_carry_its_photographs_within_a_bound() {
    let mut value: serde_json::Value = serde_json::from_str(STREAM).unwrap();
    let result = value["data"]["results"][0].clone();
    value["data"]["results"] = vec![result; 1_000].into();
    let mut body = b"--x\r\n\r\n".to_vec();
    body.extend(value.to_string().into_bytes());
    body.extend(b"\r\n--x\r\n\r\n\xFF\xD8\xFF\xE0");
    body.extend(vec![0; 4 << 20]);
    body.extend(b"\r\n--x--\r\n");
    let mut carried = 0;
    for item in items(Format::Auto, body.as_slice()) {
        let Ok(Item::Read(one)) = item else { panic!("{item:?}") };
        carried += one.photographs.len();
        assert_eq!(one.read.images.len(), 1);
    }
    assert_eq!(carried, 7, "7 of 4 MiB and a few bytes are less than 32 MiB");
}

#[test]
fn a_file_in_no_format_is_refused_as_a_whole() {
    for bytes in [&b"timestamp,plate\n2026-03-01,7\n"[..], b"\x89PNG\r\n\x1a\n\0"] {
        let mut all = items(Format::Auto, bytes);
        let error = all.next().unwrap().unwrap_err().to_string();
        assert!(error.contains("is in no format that tells by itself"), "{error}");
        assert!(!error.contains('\u{1a}'), "{error}");
        assert!(all.next().is_none());
    }
    assert_eq!(all(b""), []);
    for (bytes, said) in [
        (&b"%PDF-1.7"[..], "it is a PDF"),
        (b"PK\x03\x04\x14\0", "an archive whose list of files is missing"),
        (b"\xD0\xCF\x11\xE0\xA1", ".xls workbook"),
        (b"Org Name,Time Frame,Search Time\nX,y,z\n", "an export of an audit log"),
    ] {
        let error = items(Format::Auto, bytes).next().unwrap().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn lists_of_lists_and_what_a_file_is_filled_up_with_cost_nothing() {
    let flat = line(REKOR);
    let expected = ids(&all(REKOR.as_bytes()));
    for source in [format!("[[{flat}],[]]"), format!("{flat}\n\u{1A}"), format!("{flat}\0\0\0")] {
        let found = all(source.as_bytes());
        assert_eq!(ids(&found), expected, "{source:?}");
        assert_eq!(found.len(), 1, "{found:?}");
    }
    let deep = "[".repeat(1_000_000);
    assert!(!all(deep.as_bytes()).is_empty());
}

#[test]
fn every_layout_of_bodies_gives_the_same_reads() {
    for body in [REKOR, RESULTS, STREAM] {
        let flat = line(body);
        let (_, expected) = ((), ids(&all(body.as_bytes())));
        let twice = [expected.clone(), expected.clone()].concat();
        for source in [
            format!("{flat}\n{flat}\n"),
            format!("{flat}\r\n{flat}"),
            format!("\u{FEFF}{flat}\n\n{flat}"),
            format!("{body}{body}"),
            format!("{flat}{flat}"),
            format!("[{flat},{flat}]"),
            format!("[\n{body},\n{body}\n]\n"),
        ] {
            assert_eq!(ids(&all(source.as_bytes())), twice, "{source}");
        }
    }
}

#[test]
fn what_is_exported_is_imported_unchanged() {
    let (reads, lines) = exported();
    let again: Vec<Item> = all(lines.as_bytes());
    let expected: Vec<Item> =
        reads.into_iter().map(|read| Item::Read(Box::new(ImportedRead::new(read)))).collect();
    assert_eq!(again, expected);
}

#[test]
fn a_native_line_keeps_its_own_identity_or_is_rejected() {
    let (_, lines) = exported();
    for (from, to, said) in [
        (
            "-2041-1772384645980\"",
            "-2041-1772384645981\"",
            "computed from its source and vendor id",
        ),
        ("9fwx128", "9fwx129", "computed from its camera, time and plate"),
        ("\"source\":\"rekor\"", "\"source\":\"other\"", "computed from its source and vendor id"),
        ("\"plate\":\"8KTR306\"", "\"plate\":\"7AB*12\"", "plate `7AB*12` holds `*`"),
        ("\"plate\":", "\"colour\":", "unknown field `colour`"),
        ("\"latitude\":34.0561", "\"latitude\":0.0,\"x\":1", "unknown field `x`"),
        ("\"location\":{", "\"location\":5,\"x\":{", "expected an object"),
        ("0.925", "\"high\"", "invalid type: string \"high\", expected a number"),
    ] {
        let source = lines.replacen(from, to, 1);
        assert_ne!(source, lines, "{from}");
        let found = items(Format::Native, source.as_bytes()).map(Result::unwrap);
        let rejected: Vec<String> = found
            .filter_map(
                |item| if let Item::Rejected(r) = item { Some(r.to_string()) } else { None },
            )
            .collect();
        assert_eq!(rejected.len(), 1, "{said}: {rejected:?}");
        assert!(rejected[0].contains(said), "{said}: {rejected:?}");
    }
}

#[test]
fn what_a_native_line_is_to_other_reads_is_decided_by_who_imports_it() {
    let (reads, _) = exported();
    let read = reads.into_iter().find(|read| read.vendor_id.is_some()).unwrap();
    let better = schemas::read::ReadId::of_vendor_id("axis", "1");
    let earlier = schemas::read::ReadId::of_earlier(better, &read.plate);
    let one = |id, earlier_of| {
        let line = serde_json::to_string(&Read { id, earlier_of, ..read.clone() }).unwrap();
        items(Format::Native, line.as_bytes()).next().unwrap().unwrap()
    };
    for (id, of) in [(read.id, None), (read.own_id().unwrap(), None), (earlier, Some(better))] {
        let Item::Read(taken) = one(id, of) else { panic!("{id} {of:?}") };
        assert_eq!(taken.read, read, "it comes as a record of its source, and claims nothing");
    }
    // Nor does one pass for an earlier reading of any other.
    let Item::Rejected(rejected) = one(read.id, Some(better)) else { panic!("taken") };
    assert!(rejected.to_string().contains("`earlier_of` and plate"), "{rejected}");
}

#[test]
fn records_are_counted_with_the_empty_and_the_rejected() {
    let source = format!("{}\nno json\n{{\"data_type\":\"heartbeat\"}}\n", line(RESULTS));
    let mut items = items(Format::Auto, source.as_bytes());
    assert_eq!(items.by_ref().count(), 4);
    assert_eq!(items.records(), 3);
}

#[test]
fn a_source_that_fails_ends_with_the_fault() {
    struct Failing;
    impl io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let source = io::Read::chain(b"{\"data_type\":\"heartbeat\"}\n{".as_slice(), Failing);
    let found: Vec<_> = items(Format::Auto, source).collect();
    assert!(matches!(&found[..], [Ok(Item::Empty(_)), Err(ImportError::Unreadable(_))]));
}

proptest! {
    #[test]
    fn coordinates_survive_export(
        latitude in -90.0..90.0_f64, longitude in -180.0..180.0_f64,
    ) {
        let (mut reads, _) = exported();
        let mut read = reads.remove(0);
        read.location = schemas::read::Location::new(latitude, longitude).unwrap();
        let lines = serde_json::to_string(&read).unwrap();
        prop_assert_eq!(all(lines.as_bytes()), vec![Item::Read(Box::new(ImportedRead::new(read)))]);
    }
}
