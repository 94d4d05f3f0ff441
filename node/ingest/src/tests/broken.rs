//! Broken input costs what is broken and nothing else, whatever the bytes.

use proptest::prelude::*;

use super::super::*;
use super::{REKOR, RESULTS, STREAM, all, exported, gzipped, ids, line, shape};

#[test]
fn a_bad_record_in_the_middle_is_reported_and_the_rest_is_read() {
    let (rekor, stream) = (line(REKOR), line(STREAM));
    let half = rekor.get(..rekor.len() / 2).unwrap();
    for bad in
        [half, "{\"data_type\":\"alpr_group\",}", "no json", "{\"plate\":", "}", "{\"a\":[[}"]
    {
        let found = all(format!("{rekor}\n{bad}\n{stream}\n{rekor}\n").as_bytes());
        let shape = shape(&found);
        assert!(shape[1].starts_with("line 2: "), "{bad}: {shape:?}");
        let rest: Vec<&str> = shape.iter().skip(2).map(String::as_str).collect();
        assert_eq!(rest, ["9FWX128", "7C41902", "8KTR306"], "{bad}: {shape:?}");
    }
}

#[test]
fn bytes_that_are_no_utf_8_cost_their_record_only() {
    let mut bytes = format!("{}\n", line(REKOR)).into_bytes();
    bytes.extend(b"{\"data_type\":\"\xE9\xE9\"}\n");
    bytes.extend(line(STREAM).as_bytes());
    assert_eq!(
        shape(&all(&bytes)),
        [
            "8KTR306",
            "line 2: `data_type` is the text `éé`; expected `alpr_group`, `alpr_results`, \
             `alpr_alert`, `vehicle` or `heartbeat`",
            "9FWX128",
            "7C41902",
        ]
    );
}

#[test]
fn a_truncated_body_is_rejected_wherever_it_ends() {
    for length in (1..REKOR.trim_end().len()).step_by(7) {
        let found = all(REKOR.get(..length).unwrap().as_bytes());
        assert!(matches!(found.first(), Some(Item::Rejected(_))), "{length}: {found:?}");
        assert!(ids(&found).is_empty(), "{length}");
    }
}

#[test]
fn ten_thousand_brackets_are_refused_and_the_next_record_read() {
    for nest in
        ["[".repeat(10_000), "{\"a\":".repeat(10_000), "[".repeat(5_000) + &"]".repeat(5_000)]
    {
        let source = format!("{{\"data_type\":{nest}}}\n{}\n", line(REKOR));
        let shape = shape(&all(source.as_bytes()));
        assert!(shape[0].contains("brackets nest deeper than 100"), "{}", shape[0]);
        assert_eq!(shape[1], "8KTR306");
    }
}

#[test]
fn a_record_past_eight_mebibytes_is_refused_and_a_large_one_read() {
    let with_image = |size: usize| line(REKOR).replace("/9j/4AAQSkZJRg==", &"A".repeat(size));
    let source = format!("{}\n{}\n{}\n", with_image(9 << 20), with_image(4 << 20), line(REKOR));
    let shape = shape(&all(source.as_bytes()));
    assert_eq!(
        shape,
        [
            "line 1: the record is larger than 8388608 bytes; at most that many are taken",
            "8KTR306",
            "8KTR306"
        ]
    );
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let native = exported().1;
    prop::sample::select(vec![
        REKOR.as_bytes().to_vec(),
        line(REKOR).into_bytes(),
        RESULTS.as_bytes().to_vec(),
        line(STREAM).into_bytes(),
        native.into_bytes(),
        include_bytes!("../../tests/fixtures/platerecognizer_stream.csv").to_vec(),
        include_bytes!("../../tests/fixtures/genetec_http.json").to_vec(),
        include_bytes!("../../tests/fixtures/genetec_http.xml").to_vec(),
        include_bytes!("../../tests/fixtures/genetec_ftp.xml").to_vec(),
        include_bytes!("../../tests/fixtures/axis_new.json").to_vec(),
        include_bytes!("../../tests/fixtures/hikvision.xml").to_vec(),
        gzipped(REKOR.as_bytes()),
    ])
}

/// Everything that a caller relies on, whatever the bytes.
fn check(bytes: &[u8]) {
    for (format, _) in Format::ALL {
        for item in items(format, bytes).filter_map(Result::ok) {
            if let Item::Rejected(Rejected { at, error }) = item {
                assert!(at.starts_with("line ") || at.starts_with("part "));
                assert!(!error.is_empty() && error.chars().count() <= 301, "{error}");
                assert!(!error.contains(char::is_control), "{error:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        check(&bytes);
    }

    #[test]
    fn json_like_bytes_never_panic(text in "[\\[\\]{}\",:\\\\ \n0-9a-e.]{0,300}") {
        check(text.as_bytes());
    }

    #[test]
    fn mutated_bodies_never_panic(
        body in bodies(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..8),
    ) {
        let mut bytes = body;
        for (index, byte, kind) in edits {
            let at = index.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => bytes.truncate(at.max(1)),
            }
        }
        check(&bytes);
    }

    #[test]
    fn a_broken_line_never_costs_the_next(junk in "[ -~]{0,80}") {
        let source = format!("{}\n{junk}\n{}\n", line(REKOR), line(REKOR));
        let found = ids(&all(source.as_bytes()));
        prop_assert!(found.len() >= 2, "{:?}", all(source.as_bytes()));
    }
}
