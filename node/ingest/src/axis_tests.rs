//! Every field of the vendor's that is taken; one car is one read.

use crate::{Format, Item, items};
use schemas::read::{Read, ReadId};

const NEW: &str = include_str!("../tests/fixtures/axis_new.json");
const UPDATE: &str = include_str!("../tests/fixtures/axis_update.json");
const LOST: &str = include_str!("../tests/fixtures/axis_lost.json");

fn all(source: &str) -> Vec<Item> {
    items(Format::Axis, source.as_bytes()).map(Result::unwrap).collect()
}

fn one(source: &str) -> Read {
    match all(source).remove(0) {
        Item::Read(one) => one.read,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_event_is_read_field_by_field() {
    let read = one(LOST);
    let id = "B8A44F01C2D3/2026-03-01/20331";
    assert_eq!(read.id, ReadId::of_vendor_id("axis", id));
    assert_eq!(read.vendor_id.as_ref().unwrap().as_str(), id);
    assert_eq!((read.plate.as_str(), read.plate_raw.as_str()), ("4LDX607", "4LDX607"));
    assert_eq!(read.plate_state, None, "a country is no state");
    assert_eq!(read.at.to_string(), "2026-03-01T17:04:09.500Z");
    assert_eq!(read.camera.as_str(), "B8A44F01C2D3");
    let place = read.location.unwrap();
    assert_eq!((place.latitude(), place.longitude()), (33.8303, -116.5453));
    assert_eq!(read.direction.as_ref().unwrap().as_str(), "in");
    assert_eq!(f64::from(read.confidence.unwrap()), 0.934);
    assert!(read.vehicle.is_empty());
}

#[test]
fn new_update_and_lost_of_a_car_are_one_read_whatever_the_plate_became() {
    let ids = [NEW, UPDATE, LOST].map(|event| one(event).id);
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_ne!(one(NEW).plate, one(LOST).plate);
    assert_ne!(one(&NEW.replace("\"20331\"", "\"20332\"")).id, ids[0], "another car");
    assert_ne!(one(&NEW.replace("B8A44F01C2D3", "B8A44F01C2D4")).id, ids[0], "another camera");
    let next_day = NEW.replace("1772384645250", "1772471045250");
    assert_ne!(one(&next_day).id, ids[0], "the camera counts anew after a restart");
    let after_midnight = NEW.replace("1772384645250", "1772409700000");
    assert_eq!(one(&after_midnight).id, ids[0], "midnight UTC is afternoon in California");
}

#[test]
fn letters_of_other_alphabets_are_taken_in_ascii() {
    let read = one(&NEW.replace("\"plateUTF8\": \"4LDX60\"", "\"plateUTF8\": \"4LДX60\""));
    assert_eq!(read.plate.as_str(), "4LDX60");
}

#[test]
fn without_a_car_id_the_sighting_is_the_identity() {
    let read = one(&NEW.replace("\"carID\"", "\"other\""));
    assert_eq!(read.vendor_id, None);
    assert_eq!(read.id, ReadId::of_sighting("B8A44F01C2D3", read.at, &"4LDX60".parse().unwrap()));
}

#[test]
fn what_cannot_be_read_is_named() {
    for (from, to, said) in [
        ("\"1772384645250\"", "\"177238464\"", "it looks like a clock that was not set"),
        ("\"1772384645250\"", "\"soon\"", "`capture_timestamp` is the text `soon`"),
        ("\"capture_timestamp\"", "\"other\"", "which has no zone; say the reader's with --zone"),
        ("\"plateUTF8\": \"4LDX60\"", "\"plateUTF8\": \"1.2E+07\"", "its digits are gone"),
    ] {
        let source = NEW.replacen(from, to, 1);
        assert_ne!(source, NEW, "{from}");
        match &all(&source)[..] {
            [Item::Rejected(rejected)] => {
                assert!(rejected.error.contains(said), "{said}: {rejected}");
            }
            other => panic!("{other:?}"),
        }
    }
    for (from, to, said) in [
        ("\"0.581\"", "\"58.1\"", "`plateConfidence` is the text `58.1`; expected 0 to 1"),
        ("33.8303", "\"north\"", "`geotag.lat` is the text `north`"),
        ("\"plateUTF8\": \"4LDX60\"", "\"plateUTF8\": \"4L*X60\"", "a part of a plate"),
    ] {
        match &all(&NEW.replacen(from, to, 1))[..] {
            [Item::Read(one)] => assert!(one.notes[0].said.contains(said), "{:?}", one.notes),
            other => panic!("{other:?}"),
        }
    }
    // What the camera's clock showed, where that is all.
    let zone = "America/Los_Angeles".parse().ok();
    let options = crate::Options { zone, ..crate::Options::from(Format::Axis) };
    let source = NEW.replacen("\"capture_timestamp\"", "\"other\"", 1);
    match items(options, source.as_bytes()).next() {
        Some(Ok(Item::Read(one))) => {
            assert_eq!(one.read.at.to_string(), "2026-03-01T17:04:05.250Z");
        }
        other => panic!("{other:?}"),
    }
    // Words differ between versions, and what they say is in the reading itself.
    for word in ["\"updated\"", "\"parked\"", "[]", "null"] {
        assert!(matches!(&all(&NEW.replacen("\"new\"", word, 1))[..], [Item::Read(_)]), "{word}");
    }
    let none = all(&NEW.replace(": \"4LDX60\"", ": \"\""));
    assert!(matches!(&none[..], [Item::Empty(empty)] if empty.what == "a car without a plate"));
}
