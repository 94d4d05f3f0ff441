//! Every field of the vendor's that is taken, in all three of its kinds of records.

use super::*;
use crate::{Format, Item, items};
use schemas::agency::State;
use schemas::read::{Read, ReadId};

const JSON: &str = include_str!("../tests/fixtures/genetec_http.json");
const XML: &str = include_str!("../tests/fixtures/genetec_http.xml");
const FTP: &str = include_str!("../tests/fixtures/genetec_ftp.xml");
const ID: &str = "7d0b2c15-92be-4f7c-8a43-5b1c0d9e7f21";

fn all(source: &str) -> Vec<Item> {
    items(Format::Genetec, source.as_bytes()).map(Result::unwrap).collect()
}

fn one(source: &str) -> ImportedRead {
    match all(source).remove(0) {
        Item::Read(one) => *one,
        other => panic!("{other:?}"),
    }
}

fn error(source: &str) -> String {
    match &all(source)[..] {
        [Item::Rejected(rejected)] => rejected.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_body_of_json_is_read_field_by_field() {
    let ImportedRead { read, photographs, notes } = one(JSON);
    assert_eq!(read.id, ReadId::of_vendor_id("genetec", ID));
    assert_eq!(read.vendor_id.as_ref().unwrap().as_str(), ID);
    assert_eq!((read.plate.as_str(), read.plate_raw.as_str()), ("6TRJ244", "6TRJ244"));
    assert_eq!(read.plate_state, Some(State::CALIFORNIA));
    assert_eq!(read.at.to_string(), "2026-03-01T17:04:05.250Z");
    assert_eq!(read.camera.as_str(), "SHARPV20417/Lane 1");
    let place = read.location.unwrap();
    assert_eq!((place.latitude(), place.longitude()), (34.0928, -118.3287));
    assert_eq!(read.direction.as_ref().unwrap().as_str(), "Closer");
    assert_eq!(f64::from(read.confidence.unwrap()), 0.97);
    assert_eq!(
        serde_json::to_value(&read.vehicle).unwrap(),
        serde_json::json!({ "make": "Honda" }),
        "`-` is absent"
    );
    let views: Vec<_> = read.images.iter().map(|image| image.view).collect();
    assert_eq!(views, [View::Plate, View::Context]);
    assert_eq!(photographs, [b"\xFF\xD8\xFF\xE1".to_vec(), b"\xFF\xD8\xFF\xE0".to_vec()]);
    assert_eq!(notes, []);
}

#[test]
fn xml_and_the_ftp_template_say_the_same_of_the_same_read() {
    let json = one(JSON).read;
    for source in [XML, FTP] {
        let read = one(source).read;
        let bare = |read: Read| Read { record: json.record, ..read };
        let from_ftp = std::ptr::eq(source, FTP);
        let expected = if from_ftp {
            // The template names neither analytics nor a confidence.
            let vehicle = schemas::read::Vehicle::default();
            Read { direction: None, confidence: None, vehicle, ..json.clone() }
        } else {
            json.clone()
        };
        assert_eq!(bare(read), expected);
    }
}

#[test]
fn a_coordinate_of_zero_is_unknown() {
    for source in [
        JSON.replace("34.0928", "0.0").replace("-118.3287", "0.0"),
        JSON.replace("34.0928", "0.0"),
        XML.replace("-118.3287", "0.0"),
        FTP.replace("34.0928", "0"),
        FTP.replace("<LatitudeY>34.0928</LatitudeY>", ""),
    ] {
        assert_eq!(one(&source).read.location, None, "{source}");
    }
}

#[test]
fn a_time_without_a_zone_is_utc_and_one_with_is_taken_at_its_word() {
    for (time, at) in [
        ("2026-03-01T17:04:05", "2026-03-01T17:04:05.000Z"),
        ("2026-03-01T17:04:05.1234567", "2026-03-01T17:04:05.123Z"),
        ("2026-03-01T17:04:05.25Z", "2026-03-01T17:04:05.250Z"),
        ("2026-03-01T09:04:05.2500000-08:00", "2026-03-01T17:04:05.250Z"),
    ] {
        let read = one(&JSON.replace("2026-03-01T17:04:05.25", time)).read;
        assert_eq!(read.at.to_string(), at, "{time}");
    }
}

#[test]
fn a_state_of_another_country_is_no_state() {
    let abroad = JSON.replace("\"Value\" : \"US\"", "\"Value\" : \"MX\"");
    assert_eq!(one(&abroad).read.plate_state, None);
    assert_eq!(one(&JSON.replace("\"CA\"", "\"-\"")).read.plate_state, None);
    let named = JSON.replace("\"CA\"", "\"California\"");
    assert_eq!(one(&named).read.plate_state, Some(State::CALIFORNIA));
}

#[test]
fn what_cannot_be_read_is_named() {
    for (source, from, to, said) in [
        (JSON, "\"Timestamp\"", "\"Time\"", "line 1: `Timestamp` is missing"),
        (JSON, "2026-03-01T17:04:05.25", "1 March", "`1 March` is not a time"),
        (JSON, "2026-03-01T17:04:05.25", "1970-01-01T00:00:07", "the reader's clock was not set"),
        (XML, "</Plate>", "</Plat>", "the file ends inside the record; it may be cut off"),
        (XML, "</PlateImage>", "</PlateImag>", "line 1: the record is no XML at byte"),
        (XML, "<Timestamp>", "<Time>x</Time><Timestamp><a/>", "is a group of elements"),
        (FTP, "2026:03:01", "03:01:2026", "`UTCDate` and `UTCTime` are `03:01:2026` and"),
        (FTP, "2026:03:01", "2026:02:30", "`UTCDate` and `UTCTime` are `2026:02:30` and"),
        (FTP, "17:04:05.250", "17:04:05.250-08:00", "expected such as `2026:03:01` and"),
        (FTP, "<UTCDate>2026:03:01</UTCDate>", "", "`UTCDate` is missing"),
    ] {
        let changed = source.replacen(from, to, 1);
        assert_ne!(changed, source, "{from}");
        let error = error(&changed);
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn what_cannot_be_read_beside_plate_and_time_is_left_out_and_told() {
    for (source, from, to, said) in [
        (JSON, "6TRJ244", "6TRJ2*", "a part of a plate"),
        (JSON, "34.0928", "134.0928", "is no place"),
        (JSON, "\"97\"", "\"9700\"", "`Confidence Score` is the text `9700`; expected 0 to 100"),
        (XML, "34.0928", "north", "`Latitude` is the text `north`; expected degrees"),
        (JSON, "\"Value\" : \"US\"", "\"Value\" : \"MEX\"", "of the context `MEX`"),
    ] {
        let found = one(&source.replacen(from, to, 1));
        assert!(found.notes.iter().any(|note| note.said.contains(said)), "{said}: {found:?}");
    }
    // A context may be a part of the country.
    let west = one(&JSON.replacen("\"Value\" : \"US\"", "\"Value\" : \"US West\"", 1));
    assert_eq!(west.read.plate_state, Some(State::CALIFORNIA));
}

#[test]
fn a_vehicle_without_a_plate_is_known() {
    for source in [JSON, XML, FTP] {
        let found = all(&source.replace("6TRJ244", ""));
        assert!(
            matches!(&found[..], [Item::Empty(empty)] if empty.what.contains("without a plate"))
        );
    }
}

#[test]
fn a_damaged_photograph_does_not_cost_the_read() {
    let found = one(&XML.replace("/9j/4Q==", "R0lGODlh"));
    assert_eq!(found.photographs.len(), 1);
    assert!(found.notes[0].said.contains("`PlateImage` is left out"), "{:?}", found.notes);
}
