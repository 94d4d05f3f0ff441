//! Every field of the vendor's that is taken, and what cannot be read.

use crate::{Empty, Format, Item, items};
use schemas::digest::Digest;
use schemas::read::{Read, ReadId};

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
    assert_eq!(read.id, ReadId::of_sighting("palm-canyon-n", read.at, &"9fwx128".parse().unwrap()));
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
        ("\"timestamp\"", "\"time\"", "line 1: `data.timestamp` is missing"),
        (
            "2026-03-01T17:04:05.250981Z",
            "2026-03-01T17:04:05",
            "line 1: `data.timestamp` is `2026-03-01T17:04:05`, which has no zone; say the reader's with --zone",
        ),
        (
            "2026-03-01T17:04:05.250981Z",
            "1970-01-01T00:00:07Z",
            "expected a time from 1973 to 2200; the reader's clock was not set",
        ),
        ("\"2026-03-01T17:04:05.250981Z\"", "17", "it looks like a clock that was not set"),
        ("\"results\"", "\"result\"", "line 1: `data.results` is missing"),
        ("\"data\"", "\"date\"", "line 1: `data` is missing"),
        (
            "\"plate\": \"9fwx128\"",
            "\"plate\": [\"9fwx128\"]",
            "line 1, results[0]: `plate` is a list; expected a text",
        ),
    ] {
        // The time of the machine's own clock would stand in for the other.
        let stream = STREAM.replace("timestamp_local", "time_local");
        let source = stream.replacen(from, to, 1);
        assert_ne!(source, stream, "{from}");
        let found = all(&source);
        let Some(Item::Rejected(rejected)) = found.first() else { panic!("{said}: {found:?}") };
        assert!(rejected.to_string().contains(said), "{said}: {rejected}");
    }
}

#[test]
fn what_is_not_quite_json_or_a_time_in_another_way_costs_no_read() {
    let first = |source: &str| match all(source).remove(0) {
        Item::Read(one) => one.read,
        other => panic!("{other:?}"),
    };
    let expected = first(STREAM);
    for (from, to) in [
        ("\"score\": 0.891,\n        \"d", "\"score\": NaN,\n        \"d"),
        ("\"score\": 0.891,\n        \"d", "\"x\": [1,],\n        \"d"),
        ("\"2026-03-01T17:04:05.250981Z\"", "1772384645.0"),
        ("\"2026-03-01T17:04:05.250981Z\"", "1772384645000"),
    ] {
        let source = STREAM.replacen(from, to, 1);
        assert_ne!(source, STREAM, "{from}");
        let read = first(&source);
        assert_eq!(read.plate, expected.plate, "{to}");
        assert!(read.at.distance(expected.at) < 1_000, "{to}: {}", read.at);
    }
}

#[test]
fn what_cannot_be_read_beside_plate_and_time_is_left_out_and_told() {
    for (from, to, said) in [
        ("\"camera_id\"", "\"camera\"", "no camera is named"),
        (
            "\"score\": 0.891,\n        \"d",
            "\"score\": 89.1,\n        \"d",
            "`score` is `89.1`; expected 0 to 1",
        ),
        ("\"plate\": \"9fwx128\"", "\"plate\": \"9fw/x128!\"", "is compared as `9FWX128`"),
    ] {
        let found = all(&STREAM.replacen(from, to, 1));
        let Some(Item::Read(one)) = found.first() else { panic!("{said}: {found:?}") };
        assert!(one.notes[0].said.contains(said), "{said}: {:?}", one.notes);
    }
    let blank = all(&STREAM.replacen("\"plate\": \"9fwx128\"", "\"plate\": \"\"", 1));
    assert!(matches!(&blank[0], Item::Empty(empty) if empty.what == "a vehicle without a plate"));
}

/// A body of Stream in its mode `vehicle`, with this for the plate.
fn vehicle_mode(plate: &str) -> String {
    format!(
        r#"{{"hook": {{"event": "recognition", "id": "yard"}}, "data": {{"camera_id": "yard",
            "timestamp": "2026-03-01T17:04:05.25Z", "results": [{{"plate": {plate},
            "vehicle": {{"type": "Van", "score": 0.9, "props": {{
                "make_model": [{{"make": "Ford", "model": "Transit", "score": 0.4}},
                               {{"make": "Ram", "model": "ProMaster", "score": 0.7}}],
                "color": [{{"value": "white", "score": 0.6}}]}}}}, "direction": 90}}]}}}}"#
    )
}

#[test]
fn in_the_mode_vehicle_what_is_said_stands_in_props() {
    let plate = r#"{"type": "Plate", "score": 0.5, "props": {"plate": [
        {"value": "6tr1244", "score": 0.3}, {"value": "6trj244", "score": 0.92}],
        "region": [{"value": "us-nv", "score": 0.8}]}}"#;
    let read = &reads(&vehicle_mode(plate))[0];
    assert_eq!((read.plate.as_str(), read.plate_raw.as_str()), ("6TRJ244", "6trj244"));
    assert_eq!(read.plate_state, "NV".parse().ok());
    assert_eq!(read.confidence.map(f64::from), Some(0.92));
    let vehicle = serde_json::to_value(&read.vehicle).unwrap();
    let expected = serde_json::json!(
        {"make": "Ram", "model": "ProMaster", "color": "white", "body": "Van"}
    );
    assert_eq!(vehicle, expected);
    for (said, sure) in [
        (r#"[{"value": null, "score": 0.9}, {"value": "6trj244", "score": 0.8}]"#, Some(0.8)),
        (r#""6trj244""#, None),
    ] {
        let read = &reads(&vehicle_mode(&format!(r#"{{"props": {{"plate": {said}}}}}"#)))[0];
        assert_eq!((read.plate.as_str(), read.confidence.map(f64::from)), ("6TRJ244", sure));
    }
    let plate = r#"{"props": {"plate": [{"value": "6trj244"}]}}"#;
    for time in ["null", "\"soon\""] {
        let local = format!("{time}, \"timestamp_local\": \"2026-03-01 09:04:05.25-08:00\"");
        let body = vehicle_mode(plate).replace("\"2026-03-01T17:04:05.25Z\"", &local);
        assert_eq!(reads(&body)[0].at.to_string(), "2026-03-01T17:04:05.250Z", "{time}");
    }
    for none in ["null", r#"{"type": "Plate", "props": null}"#, r#"{"props": {"plate": []}}"#] {
        let found = all(&vehicle_mode(none));
        assert!(matches!(&found[..], [Item::Empty(_)]), "{none}: {found:?}");
    }
}

#[test]
fn snapshots_without_an_envelope_and_messages_of_another_kind_are_known() {
    let inner: serde_json::Value = serde_json::from_str(STREAM).unwrap();
    let mut bare = inner["data"].clone();
    let ids: Vec<ReadId> = reads(STREAM).iter().map(|read| read.id).collect();
    for _ in 0..2 {
        let found: Vec<Item> =
            items(Format::Auto, bare.to_string().as_bytes()).map(Result::unwrap).collect();
        let id = |item: &Item| match item {
            Item::Read(one) => one.read.id,
            other => panic!("{other:?}"),
        };
        assert_eq!(found.iter().map(id).collect::<Vec<_>>(), ids);
        bare["processing_time"] = 21.5.into();
    }
    let beat = r#"{"hook": {"event": "heartbeat"}, "data": {"camera_id": "yard"}}"#;
    assert!(matches!(&all(beat)[..], [Item::Empty(_)]));
}
