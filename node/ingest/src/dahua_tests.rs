//! Every field of the vendor's that is taken, and which of its times is the time.

use crate::{Format, Item, Options, items};
use schemas::read::Read;

const JSON: &str = include_str!("../tests/fixtures/dahua.json");
const TEXT: &[u8] = include_bytes!("../tests/fixtures/dahua_events.bin");

fn all(source: &[u8], zone: Option<&str>) -> Vec<Item> {
    let zone = zone.map(|name| name.parse().unwrap());
    let options = Options { format: Format::Auto, zone, ..Options::default() };
    items(options, source).map(Result::unwrap).collect()
}

fn read(item: &Item) -> &Read {
    if let Item::Read(one) = item { &one.read } else { panic!("{item:?}") }
}

#[test]
fn an_event_is_read_by_its_real_time_and_those_without_a_plate_are_known() {
    let found = all(JSON.as_bytes(), None);
    let read = read(&found[0]);
    assert_eq!(read.at.to_string(), "2026-03-01T17:04:05.250Z");
    assert_eq!((read.plate.as_str(), read.camera.as_str()), ("6DHA512", "8M0A"));
    assert_eq!(read.confidence.map(f64::from), Some(0.96));
    assert_eq!(read.location, None);
    let vehicle = serde_json::to_value(&read.vehicle).unwrap();
    assert_eq!(vehicle["make"], "Honda");
    assert_eq!(read.direction.as_ref().unwrap().as_str(), "Approach");
    let what =
        |item: &Item| if let Item::Empty(one) = item { one.what } else { panic!("{item:?}") };
    assert_eq!(what(&found[1]), "a vehicle without a plate");
    assert_eq!(what(&found[2]), "an event of another kind");
}

#[test]
fn a_time_of_nothing_is_none_and_events_stand_by_themselves() {
    let text = "Events[0].RealUTC=0\r\nEvents[0].LocaleTime=2026-03-01 09:04:05\r\n\
                Events[0].TrafficCar.PlateNumber=6DHA514\r\nEvents[0].TrafficCar.MachineName=8M0A\r\n";
    let found = all(text.as_bytes(), Some("America/Los_Angeles"));
    assert_eq!(read(&found[0]).at.to_string(), "2026-03-01T17:04:05.000Z");
    let list = format!("--b\r\nContent-Type: a\r\n\r\n[{JSON},{JSON}]\r\n--b--\r\n");
    assert_eq!(all(list.as_bytes(), None).len(), 6, "a list in a part");
}

#[test]
fn the_text_of_a_multipart_body_is_read_with_its_photograph_in_the_zone_that_is_said() {
    let found = all(TEXT, Some("America/Los_Angeles"));
    let [Item::Read(one)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(one.read.plate.as_str(), "6DHA513");
    // 1772355845 is 09:04:05 of the camera's clock.
    assert_eq!(one.read.at.to_string(), "2026-03-01T17:04:05.250Z");
    assert_eq!(one.photographs.len(), 1);
    let found = all(TEXT, None);
    let [Item::Rejected(one)] = &found[..] else { panic!("{found:?}") };
    assert!(one.error.contains("the camera's local time; say its zone with --zone"), "{one}");
}

#[test]
fn without_its_real_time_an_event_is_read_by_its_local_one() {
    let local = JSON.replacen("\"RealUTC\": 1772384645, ", "", 1);
    let found = all(local.as_bytes(), Some("America/Los_Angeles"));
    assert_eq!(read(&found[0]).at.to_string(), "2026-03-01T17:04:05.000Z");
    assert!(matches!(&all(local.as_bytes(), None)[0], Item::Rejected(_)));
}

#[test]
fn an_event_of_long_keys_and_many_values_costs_no_more_than_its_own_length() {
    // Each value below a key was written with the whole of that key: some thousand times the body.
    let values: Vec<String> = (0..60_000).map(|n| format!("\"{n}\":1")).collect();
    let values = values.join(",");
    let long = "k".repeat(100_000);
    let plain = format!("{{\"TrafficCar\":{{\"PlateNumber\":\"6DHA512\"}},\"x\":{{{values}}}}}");
    let within = format!("{{\"{long}\":{{{values}}}}}");
    for body in [within, plain] {
        let event = super::flattened(&serde_json::from_str(&body).unwrap());
        let held: usize = event.0.keys().map(String::len).sum();
        assert!(held <= body.len(), "{held} bytes of paths from a body of {}", body.len());
        assert!(event.0.len() <= super::MOST_LINES);
    }
}
