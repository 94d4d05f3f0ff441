//! Every order of the same records ends in the same reads.

use std::collections::HashMap;

use super::*;
use proptest::prelude::*;
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

/// A read that no person corrected.
fn by_reader(read: &Read) -> Stored<'_> {
    Stored { read, corrected: false }
}

/// What `new` makes of a sighting of one reading.
fn told(stored: &Read, new: &Read) -> Option<Sighting> {
    tell(by_reader(stored), &[], new, true)
}

#[test]
fn a_record_is_known_better_earlier_or_another() {
    let stored = read(json!({"confidence": 0.6}));
    for (what, more, expected) in [
        ("the same", json!({"confidence": 0.6}), "known"),
        ("less sure, nothing new", json!({"confidence": 0.5}), "known"),
        ("later, nothing new", json!({"at": "2026-03-01T12:00:09.000Z"}), "known"),
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
        let found = match told(&stored, &read(more)) {
            None => "other",
            Some(Sighting { holds, earlier }) if earlier.is_empty() => {
                if holds == stored {
                    "known"
                } else {
                    "better"
                }
            }
            Some(Sighting { holds, .. }) if holds == stored => "earlier",
            Some(_) => "instead",
        };
        assert_eq!(found, expected, "{what}");
    }
    let one_of_two = read(json!({"plate": "8KTR393"}));
    assert_eq!(tell(by_reader(&stored), &[], &one_of_two, false), None, "it saw two cars");
}

#[test]
fn the_surest_reading_holds_and_what_was_read_before_stays_beside_it() {
    let stored = read(json!({"plate": "8KTR3Q2", "confidence": 0.6, "direction": "in"}));
    let update = read(json!({
        "plate": "8KTR392", "confidence": 0.9, "plate_state": "CA", "at": "2026-03-01T12:00:01.000Z",
    }));
    let Sighting { holds, earlier } = told(&stored, &update).unwrap();
    assert_eq!((holds.id, holds.at, holds.plate.as_str()), (stored.id, update.at, "8KTR392"));
    assert_eq!(holds.direction, stored.direction, "what only the first said stays");
    assert_eq!(holds.record, update.record);
    let [before] = earlier.as_slice() else { panic!("{earlier:?}") };
    assert_eq!((before.plate.as_str(), before.earlier_of), ("8KTR3Q2", Some(stored.id)));
    assert_eq!(before.id, ReadId::of_earlier(stored.id, &stored.plate));
    let known = [by_reader(before)];
    for again in [&update, &stored] {
        let Sighting { holds: is, earlier } = tell(by_reader(&holds), &known, again, true).unwrap();
        assert_eq!(is, holds, "each is known once more");
        assert!(earlier.iter().all(|one| one == before), "{earlier:?}");
    }
}

#[test]
fn what_a_person_corrected_no_reader_changes() {
    let plate = Read { plate: "8KTR3O2".parse().unwrap(), ..read(json!({"confidence": 0.6})) };
    // A state alone shows in no field; the log knows it.
    let state = read(json!({"confidence": 0.6, "plate_state": "NV"}));
    for (stored, corrected) in [(&plate, false), (&plate, true), (&state, true)] {
        let stored = Stored { read: stored, corrected };
        for more in [
            json!({"plate_state": "CA", "confidence": 0.9}),
            json!({"plate": "8KTR3Q2", "plate_state": "CA", "confidence": 0.99}),
        ] {
            let Sighting { holds, .. } = tell(stored, &[], &read(more), true).unwrap();
            assert_eq!(holds.plate, stored.read.plate);
            assert_eq!(holds.plate_state, stored.read.plate_state);
        }
    }
    // Nor does an earlier reading that a person corrected come to hold.
    let stored = read(json!({"confidence": 0.6}));
    let new = read(json!({"plate": "8KTR3Q2", "confidence": 0.9}));
    let Sighting { earlier, .. } = told(&new, &stored).unwrap();
    let corrected = Read { id: ReadId::of_earlier(stored.id, &new.plate), ..earlier[0].clone() };
    let known = [Stored { read: &corrected, corrected: true }];
    assert_eq!(tell(by_reader(&stored), &known, &new, true).unwrap().holds, stored);
}

/// What is stored of a sighting, as the importer takes it in.
fn stored_of(records: &[Read]) -> HashMap<ReadId, Read> {
    let mut held: HashMap<ReadId, Read> = HashMap::new();
    for record in records {
        let told = match held.get(&record.id) {
            None => Sighting { holds: record.clone(), earlier: Vec::new() },
            Some(holder) => {
                let earlier = held.values().filter(|one| one.earlier_of == Some(holder.id));
                let earlier: Vec<_> = earlier.map(by_reader).collect();
                tell(by_reader(holder), &earlier, record, true).unwrap()
            }
        };
        let reads = [told.holds].into_iter().chain(told.earlier);
        held.extend(reads.map(|read| (read.id, read)));
    }
    held
}

proptest! {
    #[test]
    fn in_every_order_the_same_reading_holds(
        records in proptest::collection::vec(
            (0..3_usize, proptest::option::of(0..4_u8), 0..4_i64, 0..8_u8),
            1..7,
        ),
        mix in any::<u64>(),
    ) {
        let records: Vec<Read> = records
            .into_iter()
            .enumerate()
            .map(|(n, (plate, sure, later, says))| {
                let plate = ["8KTR392", "8KTR3Q2", "8KTR39"][plate];
                let mut more = json!({
                    "plate": plate,
                    "at": format!("2026-03-01T12:00:0{later}.000Z"),
                    "record": schemas::digest::Digest::of(&[n as u8]),
                });
                if let Some(sure) = sure {
                    more["confidence"] = (f64::from(sure) / 4.0).into();
                }
                // Records leave out what others say, and say nothing that others deny.
                for (bit, (key, value)) in [
                    ("direction", json!("in")),
                    ("plate_state", json!("CA")),
                    ("location", json!({"latitude": 34.0, "longitude": -118.0})),
                ]
                .into_iter()
                .enumerate()
                {
                    if says >> bit & 1 == 1 {
                        more[key] = value;
                    }
                }
                read(more)
            })
            .collect();
        let mut other = records.clone();
        other.sort_by_key(|one| {
            (one.record.as_bytes()[0] as u64).wrapping_mul(mix | 1).rotate_left(17)
        });
        let (one, other) = (stored_of(&records), stored_of(&other));
        let id = records[0].id;
        // The record is that of whichever telling said something last.
        let compared = |read: &Read| Read { record: records[0].record, ..read.clone() };
        prop_assert_eq!(compared(&one[&id]), compared(&other[&id]));
        let holds = one[&id].plate.clone();
        let beside = |stored: &HashMap<ReadId, Read>| {
            let earlier = stored.values().filter(|read| read.id != id && read.plate != holds);
            let mut earlier: Vec<_> = earlier
                .map(|read| (read.id, read.at, read.confidence.map(f64::from), read.earlier_of))
                .collect();
            earlier.sort_by_key(|one| one.0);
            earlier
        };
        prop_assert_eq!(beside(&one), beside(&other));
        let plates: std::collections::HashSet<_> = records.iter().map(|one| &one.plate).collect();
        prop_assert_eq!(beside(&one).len(), plates.len() - 1, "each other plate is found once");
        // Once more, in any order: nothing is new.
        let again: Vec<Read> = records.iter().chain(&records).cloned().collect();
        prop_assert_eq!(stored_of(&again), one);
    }
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
