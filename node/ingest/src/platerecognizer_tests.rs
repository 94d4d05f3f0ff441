//! Every field of the vendor's that is taken, and what cannot be read.

use super::*;
use crate::{Empty, Format, Item, items};

const STREAM: &str = include_str!("../tests/fixtures/platerecognizer_stream.json");

fn all(source: &str) -> Vec<Item> {
    items(Format::PlateRecognizer, source.as_bytes()).map(Result::unwrap).collect()
}

fn reads(source: &str) -> Vec<Read> {
    let read = |item| match item {
        Item::Read(one) => one.read,
        other => panic!("{other:?}"),
    };
    all(source).into_iter().map(read).collect()
}

#[test]
fn a_body_is_read_field_by_field() {
    let found = reads(STREAM);
    assert_eq!(found.len(), 2);
    let read = &found[0];
    assert_eq!(read.plate.as_str(), "9FWX128");
    assert_eq!(read.plate_raw.as_str(), "9fwx128");
    assert_eq!(read.at.to_string(), "2026-03-01T17:04:05.250Z");
    assert_eq!(read.id, ReadId::of_sighting("palm-canyon-n", read.at, "9fwx128"));
    assert_eq!(read.vendor_id, None);
    assert_eq!(read.plate_state, Some(schemas::agency::State::CALIFORNIA));
    assert_eq!(read.camera.as_str(), "palm-canyon-n");
    assert_eq!(read.location, None);
    assert_eq!(read.direction.as_ref().unwrap().as_str(), "225");
    assert_eq!(f64::from(read.confidence.unwrap()), 0.891);
    assert_eq!(
        serde_json::to_value(&read.vehicle).unwrap(),
        serde_json::json!({ "make": "Honda", "model": "CR-V", "color": "green", "body": "SUV" })
    );
    assert_eq!(read.source.to_string(), "platerecognizer");
    assert_eq!(read.record, Digest::of(STREAM.trim_end().as_bytes()));

    let second = &found[1];
    assert_eq!((second.plate_state, &second.direction), (None, &None), "mx, and an empty text");
}

#[test]
fn an_offset_is_the_same_instant() {
    let local = STREAM.replace("2026-03-01T17:04:05.250981Z", "2026-03-01T09:04:05.250981-08:00");
    assert_eq!(reads(&local)[0].id, reads(STREAM)[0].id);
}

#[test]
fn bodies_and_results_without_a_plate_are_known() {
    let none = r#"{"hook":{},"data":{"camera_id":"c","results":[]}}"#;
    let at = "line 1".to_owned();
    assert_eq!(all(none), [Item::Empty(Empty { at, what: "a body without a plate" })]);
    let null = STREAM.replace("\"9fwx128\",\n        \"region\"", "null,\n        \"region\"");
    assert!(
        matches!(&all(&null)[..], [Item::Empty(Empty { at, .. }), Item::Read(_)] if at == "line 1, results[0]"),
        "{:?}",
        all(&null)
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    for (from, to, said) in [
        ("\"camera_id\"", "\"camera\"", "line 1: `data.camera_id` is missing"),
        ("\"timestamp\"", "\"time\"", "line 1: `data.timestamp` is missing"),
        (
            "2026-03-01T17:04:05.250981Z",
            "2026-03-01T17:04:05",
            "line 1: `2026-03-01T17:04:05` is not a time; expected RFC 3339",
        ),
        (
            "2026-03-01T17:04:05.250981Z",
            "1970-01-01T00:00:07Z",
            "expected a time after 1973; the reader's clock was not set",
        ),
        (
            "\"2026-03-01T17:04:05.250981Z\"",
            "1772384645",
            "line 1: `data.timestamp` is `1772384645`; expected a time such as",
        ),
        ("\"results\"", "\"result\"", "line 1: `data.results` is missing"),
        ("\"data\"", "\"date\"", "line 1: `data` is missing"),
        (
            "\"score\": 0.891,\n        \"d",
            "\"score\": 89.1,\n        \"d",
            "line 1, results[0]: `score` is `89.1`; expected 0 to 1",
        ),
        ("\"plate\": \"9fwx128\"", "\"plate\": \"\"", "line 1, results[0]: plate `` is empty"),
        (
            "\"plate\": \"9fwx128\"",
            "\"plate\": [\"9fwx128\"]",
            "line 1, results[0]: `plate` is a list; expected a text",
        ),
        (
            "\"plate\": \"9fwx128\"",
            "\"plate\": \"9f\\u001b[2J\"",
            "line 1, results[0]: `plate` cannot be used: text holds the unprintable character U+001B",
        ),
    ] {
        let source = STREAM.replacen(from, to, 1);
        assert_ne!(source, STREAM, "{from}");
        let found = all(&source);
        let Some(Item::Rejected(rejected)) = found.first() else { panic!("{said}: {found:?}") };
        assert!(rejected.to_string().contains(said), "{said}: {rejected}");
    }
}
