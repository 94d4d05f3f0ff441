//! Where records begin and end, and what a broken one costs.

use super::*;

/// Gives one byte at a time, so that every boundary between reads is met.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let (Some((first, rest)), Some(position)) = (self.0.split_first(), room.first_mut()) else {
            return Ok(0);
        };
        *position = *first;
        self.0 = rest;
        Ok(1)
    }
}

fn framed(source: impl Read, limit: usize) -> Vec<String> {
    let mut framer = Framer::with_limit(source, limit);
    let mut all = Vec::new();
    while let Some(one) = framer.next().unwrap() {
        all.push(match one {
            Framed::Record { position, bytes } => {
                format!("{position}: {}", String::from_utf8_lossy(bytes))
            }
            Framed::Broken { position, error } => format!("{position}! {error}"),
        });
    }
    all
}

/// What is laid out how, and what is found.
type Layouts<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];

fn all_are_found(table: Layouts<'_>) {
    for (name, source, expected) in table {
        assert_eq!(framed(source.as_bytes(), 1 << 20), *expected, "{name}");
        assert_eq!(framed(Drip(source.as_bytes()), 1 << 20), *expected, "{name}, byte by byte");
    }
}

#[test]
fn records_are_found_however_they_are_laid_out() {
    all_are_found(&[
        ("nothing", "", &[]),
        ("white space", " \r\n\t\n", &[]),
        (
            "one body over many lines",
            "{\n  \"a\": [\n    {}\n  ]\n}\n",
            &["line 1: {\n  \"a\": [\n    {}\n  ]\n}"],
        ),
        (
            "lines",
            "{\"a\":1}\n{\"a\":2}\r\n\n{\"a\":3}",
            &["line 1: {\"a\":1}", "line 2: {\"a\":2}", "line 4: {\"a\":3}"],
        ),
        (
            "bodies written after each other",
            "{}{} {}",
            &["line 1: {}", "line 1, record 2: {}", "line 1, record 3: {}"],
        ),
        ("a list", "[{\"a\":1},\n {\"a\":2}]\n", &["line 1: {\"a\":1}", "line 2: {\"a\":2}"]),
        (
            "a list a line",
            "[{}]\n[{},{}]\n[]",
            &["line 1: {}", "line 2: {}", "line 2, record 2: {}"],
        ),
        ("byte order marks", "\u{FEFF}{}\n\u{FEFF}{}", &["line 1: {}", "line 2: {}"]),
        (
            "braces inside texts",
            r#"{"a":"}{\"]\\"}{}"#,
            &[r#"line 1: {"a":"}{\"]\\"}"#, "line 1, record 2: {}"],
        ),
    ]);
}

#[test]
fn what_is_broken_costs_no_record_beside_it() {
    let cut = "the record is not closed before the next begins; it may be cut off";
    let text = "a text is not closed before the line ends";
    all_are_found(&[
        (
            "a line cut inside a text",
            "{\"a\":\"7AB\n{\"a\":2}",
            &[&format!("line 1! {text}"), "line 2: {\"a\":2}"],
        ),
        (
            "a line cut after an escape",
            "{\"a\":\"7AB\\\n{\"a\":2}",
            &[&format!("line 1! {text}"), "line 2: {\"a\":2}"],
        ),
        (
            "a line cut after a comma",
            "{\"a\":1,\n{\"a\":2}\n{}",
            &[&format!("line 1! {cut}"), "line 2: {\"a\":2}", "line 3: {}"],
        ),
        (
            "a line cut inside a list",
            "{\"a\":[\n{\"a\":2}\n{}",
            &[&format!("line 1! {cut}"), "line 2: {\"a\":2}", "line 3: {}"],
        ),
        (
            "a line cut after a colon",
            "{\"a\":\n{\"a\":2}\n{}",
            &[&format!("line 1! {cut}"), "line 2: {\"a\":2}", "line 3: {}"],
        ),
        (
            "the last line cut",
            "{}\n{\"a\":[1",
            &["line 1: {}", "line 2! the file ends inside the record; it may be cut off"],
        ),
        (
            "the last but one cut",
            "{\"a\":[\n{}",
            &["line 1! the file ends inside the record; it may be cut off", "line 2: {}"],
        ),
        (
            "brackets that do not match",
            "{\"a\":[1}\n{}",
            &["line 1! `}` closes a bracket that is not open", "line 2: {}"],
        ),
        (
            "a broken element of an indented list",
            "[\n  {\n    \"a\": \"7\n    {}\n  },\n  {\n    \"a\": 2\n  }\n]\n{}",
            &[&format!("line 2! {text}"), "line 6: {\n    \"a\": 2\n  }", "line 10: {}"],
        ),
        (
            "a broken list before another",
            "[{\"a\":[}]\n[{}]",
            &["line 1! `}` closes a bracket that is not open", "line 2: {}"],
        ),
        (
            "a list cut off",
            "[{},\n{}",
            &[
                "line 1: {}",
                "line 2: {}",
                "line 1! the list that begins here is not closed; the file may be cut off",
            ],
        ),
        (
            "stray words",
            "hello\n{} world {}\n]\n",
            &[
                "line 1! `hello` is no record; expected an object that begins with a brace",
                "line 2: {}",
                "line 2, record 2! `world` is no record; expected an object that begins with a brace",
                "line 2, record 3: {}",
                "line 3! `]` is no record; expected an object that begins with a brace",
            ],
        ),
    ]);
}

#[test]
fn a_record_past_the_limit_is_passed_over_without_being_held() {
    let size = 40 * CHUNK;
    let source = format!("{{\"a\":1}}\n{{\"image\":\"{}\"}}\n{{\"a\":2}}", "x".repeat(size));
    let mut framer = Framer::with_limit(source.as_bytes(), 100);
    let mut all = Vec::new();
    while let Some(one) = framer.next().unwrap() {
        all.push(format!("{one:?}"));
        assert!(framer.held.capacity() <= 4 * CHUNK, "{}", framer.held.capacity());
    }
    assert_eq!(all.len(), 3);
    assert!(all[1].contains("larger than 100 bytes"), "{}", all[1]);
    assert!(all[2].contains("Record"), "{}", all[2]);

    // The same where it never ends.
    let cut = format!("{{\"image\":\"{}\n{{\"a\":2}}", "x".repeat(size));
    let found = framed(cut.as_bytes(), 100);
    assert!(found[0].contains("larger than 100 bytes") && found[1] == "line 2: {\"a\":2}");
}

#[test]
fn the_limit_is_exact() {
    let record = "{\"a\":12}";
    assert_eq!(framed(record.as_bytes(), 8), ["line 1: {\"a\":12}"]);
    assert!(framed(record.as_bytes(), 7)[0].contains("larger than 7 bytes"));
}

#[test]
fn deep_brackets_are_refused_and_cost_one_record() {
    for opening in ["[", "{\"a\":"] {
        let source = format!("{{\"a\":{}\n{{}}", opening.repeat(10_000));
        let found = framed(source.as_bytes(), 1 << 20);
        assert!(found[0].starts_with("line 1! brackets nest deeper than 100"), "{}", found[0]);
        assert_eq!(found[1], "line 2: {}");
    }
    assert_eq!(framed("[".repeat(10_000).as_bytes(), 1 << 20).len(), 1);
}
