//! Bundles: a line reads back exactly, and what is none is told by its number.

use super::*;
use crate::digest::{Digest, hex};
use crate::entry::{SALT, StoredEntry};

fn head() -> String {
    serde_json::to_string(&Head {
        accord_bundle: FORMAT,
        agency: "monrovia-ca-pd".parse().unwrap(),
        entry: 4,
        at: "2026-03-01T00:00:00Z".parse().unwrap(),
        scope: Scope::default(),
        checkpoint: "a\n".into(),
    })
    .unwrap()
}

fn item() -> Item {
    let entry = StoredEntry {
        header: "{\"v\":1}".into(),
        salt: Some(vec![7; SALT]),
        body: Some("{\"a\":\"é\\n\"}".into()),
        envelope: Some("one\ntwo".into()),
    };
    Item {
        entry,
        border: false,
        judges: false,
        inclusion: Some(vec![Digest::of(b"a")]),
        change: None,
    }
}

fn entry() -> String {
    String::from_utf8(Line::Entry(item()).to_bytes().unwrap()).unwrap()
}

#[test]
fn a_line_of_each_kind_reads_back_exactly() {
    let proof = vec![Digest::of(b"a")];
    let earlier = Earlier { checkpoint: "a\n".into(), consistency: proof.clone() };
    let lines = [
        Line::Cosigned(earlier),
        Line::Card("{\"payloadType\":1}".into()),
        Line::Policy("name = \"é\"\n".into()),
        Line::Entry(item()),
    ];
    let keys = ["cosigned", "card", "policy", "entry"];
    for (line, key) in lines.into_iter().zip(keys) {
        let bytes = line.to_bytes().unwrap();
        assert!(bytes.starts_with(format!("{{\"{key}\":").as_bytes()), "{key}");
        assert_eq!(Line::parse(&bytes).unwrap().to_bytes().unwrap(), bytes);
    }
    let Line::Entry(read) = Line::parse(entry().as_bytes()).unwrap() else { panic!("no entry") };
    assert_eq!(read.entry.body, item().entry.body);
    assert_eq!(read.entry.envelope, item().entry.envelope);
    assert_eq!(read.entry.salt, item().entry.salt);
    assert_eq!(read.inclusion, Some(proof));
}

#[test]
fn a_line_has_one_spelling() {
    let touched = [
        ("a blank", head().replacen(':', ": ", 1)),
        ("a comma before the milliseconds", head().replace("00.000Z", "00,000Z")),
        ("no milliseconds", head().replace("00.000Z", "00Z")),
        ("another offset", head().replace("T00:00:00.000Z", "T01:00:00.000+01:00")),
        ("a scope without what is null", head().replace("{\"peer\":null,", "{")),
        ("a letter as its number", head().replace("monrovia", "\\u006donrovia")),
        ("a line feed as its number", head().replace("\"a\\n\"", "\"a\\u000a\"")),
    ];
    for (why, line) in touched {
        assert_ne!(line, head(), "{why} changes nothing");
        assert!(Head::parse(line.as_bytes()).unwrap_err().contains("to the byte"), "{why}");
    }
    let touched = [
        ("a blank", entry().replacen(':', ": ", 1)),
        ("what is false", entry().replace("\"inclusion\"", "\"border\":false,\"inclusion\"")),
        ("a letter as its number", entry().replace('é', "\\u00e9")),
        ("a carriage return", entry() + "\r"),
    ];
    for (why, line) in touched {
        assert_ne!(line, entry(), "{why} changes nothing");
        assert!(Line::parse(line.as_bytes()).unwrap_err().contains("to the byte"), "{why}");
    }
}

#[test]
fn a_spoilt_line_is_told_by_its_number_and_the_rest_is_read() {
    let good = entry();
    let long = "x".repeat(LARGEST_LINE + 10);
    let upper = good.replace(&hex(&[7; SALT]), &"0A".repeat(SALT));
    let more = good.replacen("{\"header\"", "{\"more\":1,\"header\"", 1);
    let unknown = good.replacen("\"entry\"", "\"enter\"", 1);
    let two = good.replacen('{', "{\"card\":\"\",", 1);
    let file =
        [&head(), &good, "nonsense", &long, &upper, &more, &unknown, &two, &good].join("\n") + "\n";
    let (read, mut reader) = Reader::open(file.as_bytes()).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), head());
    let mut said = Vec::new();
    while let Some(at) = reader.line() {
        let there = &file.as_bytes()[usize::try_from(at.offset).unwrap()..];
        match at.line {
            Ok(_) => assert!(there.starts_with(good.as_bytes())),
            Err(error) => said.push(error.to_string()),
        }
    }
    assert_eq!(said.len(), 6);
    for (said, number) in said.iter().zip(3..) {
        assert!(said.starts_with(&format!("line {number} ")), "{said}");
    }
}

#[test]
fn what_breaks_off_or_is_of_another_format_is_told() {
    let cut = format!("{}\n{{\"entry\"", head());
    let (_, mut reader) = Reader::open(cut.as_bytes()).unwrap();
    let error = reader.line().unwrap().line.unwrap_err().to_string();
    assert!(error.contains("line 2 breaks off"), "{error}");
    assert!(reader.line().is_none());
    let later = head().replace("\"accord_bundle\":1", "\"accord_bundle\":2") + "\n";
    let error = Reader::open(later.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "line 1 is of format 2; this version of accord reads format 1");
    assert!(Reader::open(b"".as_slice()).is_err());
}

proptest::proptest! {
    /// Whatever stands in a file, it is read to its end.
    #[test]
    fn any_bytes_are_read_to_their_end(bytes: Vec<u8>) {
        let mut reader = Reader::at(bytes.as_slice());
        while let Some(at) = reader.line() {
            assert!(at.offset < bytes.len() as u64);
        }
    }
}
