//! Every element of the vendor's that is taken, in both namespaces, bare and with photographs.

use crate::{Format, ImportedRead, Item, items};
use schemas::image::View;
use schemas::read::{Read, ReadId};

const ALERT: &str = include_str!("../tests/fixtures/hikvision.xml");
const ISAPI: &str = include_str!("../tests/fixtures/hikvision_isapi.xml");
const UUID: &str = "2026030109040530041AbCdEfGhIjKlMnOpQrStUvWx0417";

fn all(source: &[u8]) -> Vec<Item> {
    items(Format::Hikvision, source).map(Result::unwrap).collect()
}

fn imported(source: &[u8]) -> ImportedRead {
    match all(source).remove(0) {
        Item::Read(one) => *one,
        other => panic!("{other:?}"),
    }
}

fn one(source: &str) -> Read {
    imported(source.as_bytes()).read
}

#[test]
fn an_alert_is_read_element_by_element_in_both_namespaces() {
    for source in [ALERT, ISAPI] {
        let read = one(source);
        assert_eq!(read.id, ReadId::of_vendor_id("hikvision", UUID));
        assert_eq!((read.plate.as_str(), read.plate_raw.as_str()), ("8VBN553", "8VBN553"));
        assert_eq!(read.plate_state, None, "a country by number is no state");
        assert_eq!(read.at.to_string(), "2026-03-01T17:04:05.000Z");
        assert_eq!(read.camera.as_str(), "44:19:b6:20:41:70/Harbor Gate 2");
        let place = read.location.unwrap();
        assert_eq!((place.latitude(), place.longitude()), (33.75, -118.26));
        assert_eq!(read.direction.as_ref().unwrap().as_str(), "forward");
        assert_eq!(f64::from(read.confidence.unwrap()), 0.96);
        assert_eq!(
            serde_json::to_value(&read.vehicle).unwrap(),
            serde_json::json!({ "color": "silver", "body": "SUVMPV" })
        );
    }
    assert_eq!(one(ALERT).id, one(ISAPI).id);
    let prefixed = ALERT
        .replace(
            "<EventNotificationAlert version=\"2.0\" xmlns",
            "<h:EventNotificationAlert xmlns:h",
        )
        .replace("</Event", "</h:Event");
    assert_eq!(one(&prefixed).id, one(ALERT).id);
}

/// A body of an alert and two photographs, with part names of a firmware's choice.
fn multipart(names: [&str; 3]) -> Vec<u8> {
    let mut body = Vec::new();
    let parts: [(&str, &str, &[u8]); 3] = [
        (names[0], "application/xml", ALERT.as_bytes()),
        (names[1], "image/jpeg", b"\xFF\xD8\xFF\xE0plate\r\n--not a boundary"),
        (names[2], "image/pjpeg", b"\xFF\xD8\xFF\xE1scene\r\n"),
    ];
    for (name, kind, bytes) in parts {
        body.extend(
            format!("--MIME_boundary\r\nContent-Disposition: form-data; {name}\r\nContent-Type: {kind}\r\n\r\n")
                .into_bytes(),
        );
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--MIME_boundary--\r\n");
    body
}

#[test]
fn photographs_come_in_parts_of_any_name() {
    for names in [
        [
            "name=\"anpr.xml\"; filename=\"anpr.xml\"",
            "name=\"licensePlatePicture.jpg\"; filename=\"licensePlatePicture.jpg\"",
            "name=\"detectionPicture.jpg\"; filename=\"detectionPicture.jpg\"",
        ],
        [
            "name=\"20260301_alert\"",
            "name=\"x\"; filename=\"../../etc/plate.jpg\"",
            "name=\"y\"; filename=\"C:\\\\windows\\\\scene\"",
        ],
    ] {
        let found = imported(&multipart(names));
        assert_eq!(found.notes, []);
        let views: Vec<_> = found.read.images.iter().map(|image| image.view).collect();
        assert_eq!(views, [View::Plate, View::Context], "{names:?}");
        assert_eq!(found.photographs[0], b"\xFF\xD8\xFF\xE0plate\r\n--not a boundary");
        assert_eq!(found.photographs[1], b"\xFF\xD8\xFF\xE1scene\r\n");
        assert_eq!(found.read.id, one(ALERT).id);
        assert_eq!(found.read.record, one(ALERT).record, "the document alone is the record");
    }
}

#[test]
fn alerts_of_another_kind_and_vehicles_without_a_plate_are_known() {
    for (from, to, what) in [
        ("<eventType>ANPR<", "<eventType>videoloss<", "an alert of another kind"),
        ("8VBN553", "unknown", "a vehicle without a plate"),
        ("8VBN553", "", "a vehicle without a plate"),
    ] {
        let found = all(ALERT.replace(from, to).as_bytes());
        assert!(matches!(&found[..], [Item::Empty(empty)] if empty.what == what), "{found:?}");
    }
}

#[test]
fn without_a_name_the_hardware_address_and_without_a_place_none() {
    let source = ALERT
        .replace("<channelName>Harbor Gate 2</channelName>", "")
        .replace(&format!("<UUID>{UUID}</UUID>"), "")
        .replace("118", "0")
        .replace(">15<", ">0<")
        .replace("36.0", "0.0")
        .replace(">33<", ">0<")
        .replace(">45<", ">0<");
    let read = one(&source);
    assert_eq!(read.camera.as_str(), "44:19:b6:20:41:70/1");
    assert_eq!(read.location, None);
    assert_eq!(
        read.id,
        ReadId::of_sighting("44:19:b6:20:41:70/1", read.at, &"8VBN553".parse().unwrap())
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    for (from, to, said) in [
        ("<dateTime>2026-03-01T09:04:05-08:00", "<dateTime>2026-03-01T09:04:05", "--zone"),
        ("<ANPR>", "<ANPR2>", "the record is no XML"),
        ("<eventType>ANPR</eventType>", "", "`eventType` is missing"),
        (">8VBN553</licensePlate>", ">1.2E+05</licensePlate>", "its digits are gone"),
    ] {
        let source = ALERT.replacen(from, to, 1);
        assert_ne!(source, ALERT, "{from}");
        match &all(source.as_bytes())[..] {
            [Item::Rejected(rejected)] => {
                assert!(rejected.error.contains(said), "{said}: {rejected}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_cannot_be_read_beside_plate_and_time_is_left_out_and_told() {
    for (from, to, said) in [
        (">96<", ">960<", "`confidenceLevel` is the text `960`; expected 0 to 100"),
        (">33<", ">133<", "is no place"),
        (">8VBN553</licensePlate>", ">8VBN5530000</licensePlate>", "is compared as `8VBN553000`"),
    ] {
        match &all(ALERT.replacen(from, to, 1).as_bytes())[..] {
            [Item::Read(one)] => assert!(one.notes[0].said.contains(said), "{:?}", one.notes),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn two_devices_whose_cameras_have_one_name_are_two_cameras() {
    let bare = ALERT.replace(&format!("<UUID>{UUID}</UUID>"), "");
    let other = bare.replace("44:19:b6:20:41:70", "44:19:b6:20:41:71");
    assert_ne!(one(&bare).id, one(&other).id);
}

#[test]
fn a_time_without_a_zone_is_in_the_one_that_was_said_and_words_for_no_plate_are_none() {
    let local = ALERT.replace("2026-03-01T09:04:05-08:00", "2026-03-01T09:04:05");
    let zone = Some("America/Los_Angeles".parse().unwrap());
    let options = crate::Options { zone, ..crate::Options::default() };
    let found: Vec<Item> = items(options, local.as_bytes()).map(Result::unwrap).collect();
    let [Item::Read(found)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(found.read.at.to_string(), "2026-03-01T17:04:05.000Z");
    let gps = ALERT.replace(">33<", ">0<").replace(">45<", ">22<").replace("118", "111");
    let gps = gps.replace(">15<", ">0<").replace("36.0", "0.0").replace(">W<", ">E<");
    assert_eq!(one(&gps).location, None, "where devices are shipped to be");
    for word in ["\u{65E0}\u{8F66}\u{724C}", "unknown", "noPlate", ""] {
        let none = all(ALERT.replace("8VBN553", word).as_bytes());
        assert!(matches!(&none[..], [Item::Empty(_)]), "{word}: {none:?}");
    }
}
