//! Every column that is taken; a row is the same read as the webhook's of the same plate.

use crate::{Format, ImportError, Item, items};
use schemas::read::Read;

const CSV: &str = include_str!("../tests/fixtures/platerecognizer_stream.csv");
const WEBHOOK: &str = include_str!("../tests/fixtures/platerecognizer_stream.json");

fn all(source: &str) -> Vec<Item> {
    items(Format::PlateRecognizerCsv, source.as_bytes()).map(Result::unwrap).collect()
}

fn reads(source: &str) -> Vec<Read> {
    let read = |item| match item {
        Item::Read(one) => one.read,
        other => panic!("{other:?}"),
    };
    all(source).into_iter().map(read).collect()
}

#[test]
fn a_row_is_read_column_by_column_and_is_the_webhooks_read() {
    let rows = reads(CSV);
    let mut webhook = items(Format::PlateRecognizer, WEBHOOK.as_bytes());
    let Some(Ok(Item::Read(posted))) = webhook.next() else { panic!("no read") };
    assert_eq!(rows[0], Read { record: rows[0].record, ..posted.read });
    assert_eq!(rows[0].plate_raw.as_str(), "9fwx128", "as written");
    let bare = &rows[1];
    assert_eq!(bare.at.to_string(), "2026-03-01T17:06:10.000Z");
    assert!(bare.vehicle.is_empty() && bare.plate_state.is_none() && bare.direction.is_none());
}

#[test]
fn the_header_tells_the_format() {
    let auto: Vec<Item> = items(Format::Auto, CSV.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(auto, all(CSV));
    let said = items(Format::Rekor, CSV.as_bytes()).next().unwrap().unwrap_err().to_string();
    assert_eq!(said, "the source is the CSV of Plate Recognizer Stream, not `rekor`");
    let other = items(Format::PlateRecognizerCsv, "time,plate\n".as_bytes()).next();
    assert!(
        matches!(other, Some(Err(ImportError::Mapping(said))) if said.contains("no column `timestamp`"))
    );
    assert_eq!(all(""), []);
}

#[test]
fn what_cannot_be_read_is_named_with_line_column_and_value() {
    for (from, to, said) in [
        ("2026-03-01 17:04:05.250981+00:00", "2026-03-01 17:04:05", "--zone"),
        ("2026-03-01 17:04:05.250981+00:00", "", "line 2: `timestamp` is missing"),
        (",4.0,225", ",4.0,225,7", "line 2: the row has 16 cells; expected 15"),
    ] {
        let source = CSV.replacen(from, to, 1);
        assert_ne!(source, CSV, "{from}");
        let found = all(&source);
        let [Item::Rejected(rejected), Item::Read(_)] = &found[..] else { panic!("{found:?}") };
        assert!(rejected.to_string().contains(said), "{said}: {rejected}");
    }
}

#[test]
fn a_quote_that_is_never_closed_costs_one_row() {
    let source =
        CSV.replacen("\"{'xmin'", "\"\"\"{'xmin'", 1).replacen("}\",\"[{'make'", "},[{'make'", 1);
    let found = all(&source);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(matches!(found.last(), Some(Item::Read(_))), "{found:?}");
}

#[test]
fn what_cannot_be_read_beside_plate_and_time_is_left_out_and_told() {
    for (from, to, said) in [
        (
            "\"{'code': 'us-ca', 'score': 0.8}\"",
            "\"{'code': us-ca}\"",
            "column `region` is `{'code': us-ca}`: no Python literal at character",
        ),
        ("0.891", "89.1", "`score` is the text `89.1`; expected 0 to 1"),
        (",9fwx128,", ",9f*x128,", "a part of a plate"),
        ("palm-canyon-n_screenshots", "palm", "no camera is named"),
    ] {
        let source = CSV.replacen(from, to, 1);
        assert_ne!(source, CSV, "{from}");
        let found = all(&source);
        let [Item::Read(one), Item::Read(_)] = &found[..] else { panic!("{found:?}") };
        assert!(one.notes[0].said.contains(said), "{said}: {:?}", one.notes);
    }
    let empty = CSV.replacen(",4.0,225", ",4.0,225,,", 1);
    assert!(matches!(&all(&empty)[..], [Item::Read(_), Item::Read(_)]), "{empty}");
}
