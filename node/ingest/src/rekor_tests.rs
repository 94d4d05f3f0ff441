//! Every field of the vendor's that is taken, and every kind of body.

use super::*;
use crate::{Empty, Format, Item, Rejected, items};
use schemas::digest::Digest;
use schemas::read::{Read, ReadId};

const GROUP_V1: &str = include_str!("../tests/fixtures/rekor_group_v1.json");
const GROUP_V2: &str = include_str!("../tests/fixtures/rekor_group_v2.json");
const GROUP_V3: &str = include_str!("../tests/fixtures/rekor_group_v3.json");
const ALERT: &str = include_str!("../tests/fixtures/rekor_alert.json");
const RESULTS: &str = include_str!("../tests/fixtures/rekor_results_v2.json");

fn all(source: &str) -> Vec<Item> {
    items(Format::Rekor, source.as_bytes()).map(Result::unwrap).collect()
}

fn reads(source: &str) -> Vec<Read> {
    let read = |item| match item {
        Item::Read(one) => one.read,
        other => panic!("{other:?}"),
    };
    all(source).into_iter().map(read).collect()
}

fn error(source: &str) -> String {
    match &all(source)[..] {
        [Item::Rejected(rejected)] => rejected.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_group_of_version_2_is_read_field_by_field() {
    let read = &reads(GROUP_V2)[0];
    let uuid = "F4C1B27A90D35E8866A1C20B7E4D9F3310AA52CD-2041-1772384645980";
    assert_eq!(read.id, ReadId::of_vendor_id("rekor", uuid));
    assert_eq!(read.vendor_id.as_ref().unwrap().as_str(), uuid);
    assert_eq!(read.plate.as_str(), "8KTR306");
    assert_eq!(read.plate_raw.as_str(), "8KTR306");
    assert_eq!(read.plate_state, Some(State::CALIFORNIA));
    assert_eq!(read.at.to_string(), "2026-03-01T17:04:05.250Z");
    assert_eq!(read.camera.as_str(), "2041");
    let place = read.location.unwrap();
    assert_eq!((place.latitude(), place.longitude()), (34.0561, -118.2365));
    assert_eq!(read.direction.as_ref().unwrap().as_str(), "271.5");
    assert_eq!(read.confidence, Some(Confidence::try_from(0.925).unwrap()));
    let vehicle = serde_json::to_value(&read.vehicle).unwrap();
    assert_eq!(
        vehicle,
        serde_json::json!({
            "make": "toyota", "model": "prius", "color": "silver-gray",
            "body": "sedan-compact", "year": "2015-2019",
        })
    );
    assert_eq!(read.source.to_string(), "rekor");
    assert_eq!(read.record, Digest::of(GROUP_V2.trim_end().as_bytes()));
}

#[test]
fn a_group_of_version_1_names_its_plate_inside_best_plate() {
    let read = &reads(GROUP_V1)[0];
    assert_eq!(read.plate.as_str(), "5H20417");
    assert_eq!(read.plate_state, "NV".parse().ok());
    assert_eq!(read.location, None, "0.0 is unknown");
    assert!(read.vehicle.is_empty() && read.direction.is_none());
}

#[test]
fn a_group_of_version_3_is_told_from_another_in_the_same_frame() {
    let read = &reads(GROUP_V3)[0];
    assert_eq!(
        read.vendor_id.as_ref().unwrap().as_str(),
        "F4C1B27A90D35E8866A1C20B7E4D9F3310AA52CD-3307-1772391000725#1"
    );
    let neighbour = &reads(&GROUP_V3.replace("\"plate_index\": 1", "\"plate_index\": 0"))[0];
    assert_ne!(read.id, neighbour.id);
}

#[test]
fn an_alert_is_the_group_that_it_holds() {
    let (group, alert) = (&reads(GROUP_V3)[0], &reads(ALERT)[0]);
    assert_eq!(group.id, alert.id);
    assert_ne!(group.record, alert.record);
    assert_eq!(*group, Read { record: group.record, ..alert.clone() });
}

#[test]
fn a_preview_leaves_the_place_to_the_group_that_follows() {
    let preview = GROUP_V3.replace("\"is_preview\": false", "\"is_preview\": true");
    let found = all(&format!("{preview}{GROUP_V3}"));
    assert!(
        matches!(&found[..], [Item::Empty(Empty { what, .. }), Item::Read(_)] if what.starts_with("a preview"))
    );
    let alert = ALERT.replace("\"is_preview\": false", "\"is_preview\": true");
    assert!(matches!(&all(&alert)[..], [Item::Empty(Empty { at, .. })] if at == "line 1, group"));
}

#[test]
fn each_result_of_a_frame_is_a_read_and_none_is_the_group() {
    let found = reads(RESULTS);
    let ids: Vec<&str> =
        found.iter().map(|read| read.vendor_id.as_ref().unwrap().as_str()).collect();
    let uuid = "F4C1B27A90D35E8866A1C20B7E4D9F3310AA52CD-2041-1772384645980";
    assert_eq!(ids, [format!("{uuid}-0"), format!("{uuid}-1")]);
    assert_eq!(found[1].plate.as_str(), "7P93264");
    assert_eq!(found[1].plate_state, "AZ".parse().ok());
    assert_eq!(found[1].at.to_string(), "2026-03-01T17:04:05.980Z");
    assert_eq!(found[0].record, found[1].record);
    assert_ne!(found[0].id, reads(GROUP_V2)[0].id);
}

#[test]
fn one_bad_result_does_not_cost_the_other() {
    let found = all(&format!("\n\n{}", RESULTS.replace("7P93264", "1.2E+03")));
    let [Item::Read(_), Item::Rejected(rejected)] = &found[..] else { panic!("{found:?}") };
    let said = "line 3, results[1]: plate `1.2E+03` cannot be used: a spreadsheet made a number";
    assert!(rejected.to_string().starts_with(said), "{rejected}");
}

#[test]
fn bodies_without_a_read_are_known() {
    for (source, expected) in [
        (include_str!("../tests/fixtures/rekor_heartbeat.json"), "a heartbeat"),
        (include_str!("../tests/fixtures/rekor_vehicle.json"), "a vehicle without a plate"),
        (include_str!("../tests/fixtures/rekor_test.json"), "a test of the webhook"),
        (r#"{"data_type":"alpr_results","results":[]}"#, "a frame without a plate"),
    ] {
        assert_eq!(all(source), [Item::Empty(Empty { at: "line 1".into(), what: expected })]);
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let start = "\"epoch_start\": 1772384645250";
    for (from, to, said) in [
        (
            "\"data_type\": \"alpr_group\"",
            "\"data_type\": \"alpr_dream\"",
            "`data_type` is the text `alpr_dream`; expected `alpr_group`",
        ),
        ("\"data_type\": \"alpr_group\",", "", "`data_type` is missing"),
        (
            start,
            "\"epoch_start\": 177238464",
            "`epoch_start` is `177238464`; expected milliseconds",
        ),
        (start, "\"epoch_start\": -1", "negative"),
        (start, "\"x\": 0", "`epoch_start` is missing"),
        (start, "\"camera_id\": 1, \"epoch_start\": 1772384645250", "`camera_id` stands twice"),
        (
            "\"best_plate_number\": \"8KTR306\"",
            "\"best_plate_number\": {}",
            "`best_plate_number` is an object; expected a text",
        ),
        ("2041,", "2041 \"x\",", "the record is no JSON at line 8, column"),
    ] {
        let source = GROUP_V2.replacen(from, to, 1);
        assert_ne!(source, GROUP_V2, "{from}");
        let error = error(&source);
        assert!(error.starts_with("line 1: ") && error.contains(said), "{said}: {error}");
    }
    assert_eq!(error(r#"{"data_type":"alpr_alert"}"#), "line 1, group: `group` is missing");
    assert_eq!(error(r#"{"data_type":"alpr_results"}"#), "line 1: `results` is missing");
    let error = error(r#"{"data_type":"alpr_results","results":5}"#);
    assert_eq!(error, "line 1: `results`: invalid type: integer `5`, expected a sequence");
}

#[test]
fn a_flood_of_results_is_one_refusal() {
    let source = format!(r#"{{"data_type":"alpr_results","results":[{}0]}}"#, "0,".repeat(100_000));
    assert!(error(&source).contains("holds 100001 plates; at most 1000"));
}

#[test]
fn a_strange_vehicle_or_direction_does_not_cost_the_read() {
    for (from, to) in [
        ("\"travel_direction\": 271.5", "\"travel_direction\": -1"),
        ("\"vehicle\": {", "\"vehicle\": 7, \"other\": {"),
        ("\"make\": [", "\"make\": 7, \"other\": ["),
    ] {
        assert_eq!(reads(&GROUP_V2.replacen(from, to, 1))[0].id, reads(GROUP_V2)[0].id, "{to}");
    }
}

#[test]
fn without_a_uuid_the_sighting_is_the_identity_and_an_agent_stands_in_for_a_camera_id() {
    let source = GROUP_V2
        .replace("\"best_uuid\"", "\"other\"")
        .replace("\"camera_id\": 2041", "\"camera_name\": \"Alameda St N\"");
    let read = &reads(&source)[0];
    let camera = "F4C1B27A90D35E8866A1C20B7E4D9F3310AA52CD/Alameda St N";
    assert_eq!(read.camera.as_str(), camera);
    assert_eq!(read.id, ReadId::of_sighting(camera, read.at, &"8KTR306".parse().unwrap()));
    assert_eq!(read.vendor_id, None);
}

#[test]
fn rejections_are_one_an_alert() {
    let found = all(&ALERT.replace("6DMW951", "6.1E+05"));
    let [Item::Rejected(Rejected { at, error })] = &found[..] else { panic!("{found:?}") };
    assert_eq!(at, "line 1, group");
    assert!(error.contains("its digits are gone"), "{error}");
}

/// A group whose crops are these values of JSON.
fn with_crops(plate: &str, vehicle: &str) -> String {
    let mut body: serde_json::Value = serde_json::from_str(GROUP_V3).unwrap();
    body["best_plate"]["plate_crop_jpeg"] = serde_json::from_str(plate).unwrap();
    body["vehicle_crop_jpeg"] = serde_json::from_str(vehicle).unwrap();
    body.to_string()
}

fn imported(body: &str) -> ImportedRead {
    match all(body).remove(0) {
        Item::Read(one) => *one,
        other => panic!("{other:?}"),
    }
}

#[test]
fn crops_are_photographs_of_the_read_and_change_nothing_else_of_it() {
    // base64 of FF D8 FF E0 and of FF D8 FF E1, the latter with a line break in it.
    let found = imported(&with_crops("\"/9j/4A==\"", "\"/9j/\\n4Q==\""));
    let views: Vec<_> = found.read.images.iter().map(|image| (image.view, image.bytes)).collect();
    assert_eq!(views, [(View::Plate, 4), (View::Context, 4)]);
    assert_eq!(found.photographs, [b"\xFF\xD8\xFF\xE0".to_vec(), b"\xFF\xD8\xFF\xE1".to_vec()]);
    assert_eq!(found.notes, []);
    let bare = imported(&with_crops("null", "\"\""));
    assert_eq!(bare.notes, []);
    assert_eq!(bare.read.images, []);
    assert_eq!(bare.read.id, found.read.id);
    assert!(!serde_json::to_string(&bare.read).unwrap().contains("images"));
}

#[test]
fn what_is_no_photograph_is_left_out_and_said_and_does_not_cost_the_read() {
    for (crop, said) in [
        ("\"not base64!\"", "it is no base64"),
        ("\"R0lGODlh\"", "it begins with `474946383961`; expected a JPEG, PNG or WebP image"),
        ("17", "expected a text of base64"),
        ("{\"a\": 1}", "expected a text of base64"),
    ] {
        let found = imported(&with_crops(crop, "\"/9j/4A==\""));
        assert_eq!(found.photographs.len(), 1, "{crop}");
        assert_eq!(found.notes.len(), 1, "{crop}");
        let sentence = &found.notes[0].said;
        assert!(
            sentence.starts_with("photograph `best_plate.plate_crop_jpeg` is left out: "),
            "{sentence}"
        );
        assert!(sentence.contains(said), "{sentence}");
    }
    let twice = imported(&with_crops("\"/9j/4A==\"", "\"/9j/4A==\""));
    assert_eq!((twice.photographs.len(), twice.read.images.len()), (1, 1));
}

#[test]
fn what_cannot_be_read_beside_plate_and_time_is_left_out_and_told() {
    for (from, to, said) in [
        (
            "\"best_confidence\": 92.5",
            "\"best_confidence\": 925",
            "`best_confidence` is `925`; expected 0 to 100",
        ),
        ("34.0561", "134.0561", "`134.0561, -118.2365` is no place"),
        ("34.0561", "\"north\"", "`gps_latitude` is the text `north`; expected degrees"),
        ("\"best_region\": \"us-ca\"", "\"best_region\": \"mx-bcn\"", "is no state of a plate"),
        ("\"best_plate_number\": \"8KTR306\"", "\"best_plate_number\": \"8KTR3_6\"", "a part"),
        ("\"best_plate_number\": \"8KTR306\"", "\"best_plate_number\": \"NULL\"", "is kept"),
    ] {
        let source = GROUP_V2.replacen(from, to, 1);
        assert_ne!(source, GROUP_V2, "{from}");
        let found = imported(&source);
        assert!(found.notes[0].said.contains(said), "{said}: {:?}", found.notes);
    }
    let canadian = GROUP_V2.replacen("\"us-ca\"", "\"ca-on\"", 1);
    assert_eq!(reads(&canadian)[0].plate_state, "ON".parse().ok());
    let nowhere = GROUP_V2.replace("34.0561", "-1").replace("-118.2365", "-1");
    assert_eq!(reads(&nowhere)[0].location, None);
    let camera = GROUP_V2.replacen("\"camera_id\": 2041,", "", 1);
    assert_eq!(reads(&camera)[0].camera.as_str(), "F4C1B27A90D35E8866A1C20B7E4D9F3310AA52CD");
}

#[test]
fn an_overview_and_a_photograph_in_an_address_of_data_are_photographs() {
    let mut body: serde_json::Value =
        serde_json::from_str(&with_crops("\"data:image/jpeg;base64,/9j/4A==\"", "null")).unwrap();
    body["overview_jpeg"] = "/9j/4Q==".into();
    let found = imported(&body.to_string());
    assert_eq!((found.photographs.len(), found.notes.len()), (2, 0));
    let elsewhere = imported(&with_crops("\"https://example.invalid/a.jpg\"", "null"));
    assert!(elsewhere.notes[0].said.contains("nothing is fetched"), "{:?}", elsewhere.notes);
}
