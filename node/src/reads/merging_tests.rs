//! Every order of the same records ends in the same reads.

use super::*;
use serde_json::{Value, json};

/// A read of one camera under one vendor id.
fn read(more: Value) -> Read {
    let mut value = json!({
        "id": ReadId::of_vendor_id("axis", "A/7"), "plate": "8KTR392", "plate_raw": "8KTR392",
        "at": "2026-03-01T12:00:00.000Z", "camera": "Gate", "source": "axis", "vendor_id": "A/7",
        "record": schemas::digest::Digest::of(more.to_string().as_bytes()),
    });
    for (key, of) in more.as_object().unwrap() {
        value[key] = of.clone();
    }
    if let Some(plate) = more.get("plate") {
        value["plate_raw"] = plate.clone();
    }
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_record_is_known_better_earlier_or_another() {
    let stored = read(json!({"confidence": 0.6}));
    for (what, more, expected) in [
        ("the same", json!({"confidence": 0.6}), "known"),
        ("less sure, nothing new", json!({"confidence": 0.5}), "known"),
        ("surer", json!({"confidence": 0.9}), "better"),
        ("a direction", json!({"direction": "in"}), "better"),
        ("another plate, surer", json!({"plate": "8KTR3Q2", "confidence": 0.9}), "instead"),
        ("another plate, less sure", json!({"plate": "8KTR3Q2", "confidence": 0.5}), "earlier"),
        ("a part of it", json!({"plate": "8KTR", "confidence": 0.5}), "earlier"),
        ("not alike", json!({"plate": "7UBR515", "confidence": 0.9}), "other"),
        ("an hour later", json!({"at": "2026-03-01T13:00:00.000Z"}), "other"),
        ("another camera", json!({"camera": "Yard"}), "other"),
        (
            "the same record names two plates",
            json!({"plate": "8KTR393", "record": stored.record}),
            "other",
        ),
    ] {
        let found = match judge(&stored, &read(more)) {
            Fate::Known => "known",
            Fate::Better(_) => "better",
            Fate::Instead(..) => "instead",
            Fate::Earlier(_) => "earlier",
            Fate::Other => "other",
        };
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn the_surest_reading_holds_and_what_was_read_before_stays_beside_it() {
    let stored = read(json!({"plate": "8KTR3Q2", "confidence": 0.6, "direction": "in"}));
    let update = read(json!({"plate": "8KTR392", "confidence": 0.9, "plate_state": "CA"}));
    let Fate::Instead(now, earlier) = judge(&stored, &update) else { panic!("no better one") };
    assert_eq!((now.id, now.at, now.plate.as_str()), (stored.id, stored.at, "8KTR392"));
    assert_eq!(now.direction, stored.direction, "what only the first said stays");
    assert_eq!(now.record, update.record);
    assert_eq!((earlier.plate.as_str(), earlier.earlier_of), ("8KTR3Q2", Some(stored.id)));
    assert_eq!(Some(earlier.id), own_id(&stored));
    assert_eq!(judge(&now, &update), Fate::Known, "once more");
    assert_eq!(
        judge(&earlier, &Read { id: earlier.id, earlier_of: earlier.earlier_of, ..stored }),
        Fate::Known
    );
}

#[test]
fn what_a_person_corrected_no_reader_changes() {
    let stored = Read { plate: "8KTR3O2".parse().unwrap(), ..read(json!({"confidence": 0.6})) };
    assert_eq!(judge(&stored, &read(json!({"confidence": 0.6}))), Fate::Known);
    let update = read(json!({"plate": "8KTR3Q2", "confidence": 0.99}));
    assert!(matches!(judge(&stored, &update), Fate::Earlier(_)));
}

#[test]
fn plates_are_alike_by_few_characters() {
    for (one, other, expected) in [
        ("8KTR392", "8KTR3Q2", true),
        ("8KTR392", "8KTR39", true),
        ("8KTR392", "KTR392", true),
        ("8KTR392", "9ABC456", false),
        ("ABC", "XBZ", false),
        ("8KTR392", "8K7R3Q2", true),
        ("8KTR392", "8K7R3Q1", false),
    ] {
        let plate = |text: &str| text.parse::<Plate>().unwrap();
        assert_eq!(alike(&plate(one), &plate(other)), expected, "{one} {other}");
    }
    assert_eq!(distance(b"kitten", b"sitting"), 3);
}
