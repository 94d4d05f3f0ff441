//! What is malformed, cut off, huge, nested, of another encoding or meant to harm, in every format:
//! nothing panics, the good records around it are read, what is refused says why, and memory stays
//! bounded.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::sync::Arc;

use ingest::{Format, Item, Options, items};

/// A file of a format: its name, what it is read by, and its bytes.
struct Sample {
    name: &'static str,
    options: Options,
    bytes: &'static [u8],
}

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/", $name)).as_slice()
    };
}

macro_rules! mapping {
    ($name:literal) => {
        Some(include_str!(concat!("../../mappings/", $name)))
    };
}

/// A file of every format and layout.
fn samples() -> Vec<Sample> {
    let table: [(&'static str, Format, Option<&str>, &'static [u8]); 21] = [
        ("native", Format::Native, None, fixture!("native.jsonl")),
        ("rekor v1", Format::Rekor, None, fixture!("rekor_group_v1.json")),
        ("rekor v2", Format::Rekor, None, fixture!("rekor_group_v2.json")),
        ("rekor v3", Format::Rekor, None, fixture!("rekor_group_v3.json")),
        ("rekor results", Format::Rekor, None, fixture!("rekor_results_v2.json")),
        ("stream", Format::PlateRecognizer, None, fixture!("platerecognizer_stream.json")),
        ("stream csv", Format::PlateRecognizerCsv, None, fixture!("platerecognizer_stream.csv")),
        ("genetec json", Format::Genetec, None, fixture!("genetec_http.json")),
        ("genetec xml", Format::Genetec, None, fixture!("genetec_http.xml")),
        ("genetec ftp", Format::Genetec, None, fixture!("genetec_ftp.xml")),
        ("axis", Format::Axis, None, fixture!("axis_lost.json")),
        ("hikvision", Format::Hikvision, None, fixture!("hikvision.xml")),
        ("hikvision isapi", Format::Hikvision, None, fixture!("hikvision_isapi.xml")),
        ("comma", Format::Csv, mapping!("vigilant.toml"), fixture!("vigilant.csv")),
        ("pipes", Format::Csv, mapping!("pipes.toml"), fixture!("pipes.txt")),
        ("fixed", Format::Csv, mapping!("fixed.toml"), fixture!("fixed.txt")),
        ("objects", Format::Csv, mapping!("flock.toml"), fixture!("flock.json")),
        ("outer values", Format::Csv, mapping!("unifi.toml"), fixture!("unifi.json")),
        ("vehicle", Format::PlateRecognizer, None, fixture!("platerecognizer_vehicle.json")),
        ("dahua", Format::Dahua, None, fixture!("dahua.json")),
        ("exporter", Format::Genetec, None, fixture!("genetec_exporter.xml")),
    ];
    let sample = |(name, format, mapping, bytes): (_, _, Option<&str>, _)| {
        let mapping = mapping.map(|text| Arc::new(text.parse().unwrap()));
        Sample { name, options: Options { format, mapping, ..Options::default() }, bytes }
    };
    table.into_iter().map(sample).collect()
}

/// What a source holds: the ids of its reads and, each in a sentence, what is none and why.
fn read(options: &Options, source: impl Read) -> (Vec<String>, Vec<String>) {
    let (mut ids, mut refused) = (Vec::new(), Vec::new());
    for item in items(options.clone(), source) {
        match item {
            Ok(Item::Read(one)) => ids.push(one.read.id.to_string()),
            Ok(Item::Rejected(one)) => refused.push(one.to_string()),
            Ok(Item::Empty(one)) => refused.push(format!("{}: {}", one.at, one.what)),
            Ok(Item::Said(note)) => refused.push(note.said),
            Err(error) => refused.push(error.to_string()),
        }
    }
    assert!(refused.iter().all(|said| said.len() < 2_000), "{refused:?}");
    (ids, refused)
}

/// The first few of what was refused.
fn few(refused: &[String]) -> String {
    refused.iter().take(3).cloned().collect::<Vec<_>>().join("; ")
}

/// A sample over and over: one record a line where it is JSON, document after document where it is
/// XML; for tables, rows without their header.
fn again(sample: &Sample) -> Vec<u8> {
    let text = std::str::from_utf8(sample.bytes).unwrap();
    let mut lines = text.lines();
    match sample.name {
        "stream csv" | "pipes" => drop(lines.next()),
        "comma" => drop(lines.nth(1)),
        "native" | "fixed" => {}
        _ if text.trim_start().starts_with('<') => {}
        _ => {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            return format!("{value}\n").into_bytes();
        }
    }
    let rest: Vec<&str> = lines.collect();
    format!("{}\n", rest.join("\n")).into_bytes()
}

#[test]
fn every_sample_is_read_and_can_stand_twice_in_a_file() {
    for sample in samples() {
        let (once, _) = read(&sample.options, sample.bytes);
        assert!(!once.is_empty(), "{}", sample.name);
        let mut twice = sample.bytes.to_vec();
        twice.push(b'\n');
        twice.extend(again(&sample));
        assert_eq!(read(&sample.options, &*twice).0, [&*once, &*once].concat(), "{}", sample.name);
    }
}

#[test]
fn a_file_cut_off_anywhere_gives_what_stands_before_the_cut_and_nothing_made_up() {
    for sample in samples() {
        let whole: BTreeSet<_> = read(&sample.options, sample.bytes).0.into_iter().collect();
        for length in 0..sample.bytes.len() {
            let (ids, _) = read(&sample.options, &sample.bytes[..length]);
            let made_up: Vec<_> = ids.iter().filter(|id| !whole.contains(*id)).collect();
            assert!(made_up.is_empty(), "{} cut at {length}: {made_up:?}", sample.name);
        }
    }
}

#[test]
fn bytes_of_another_encoding_anywhere_cost_at_most_what_they_stand_in() {
    for sample in samples() {
        let mut bytes = sample.bytes.to_vec();
        bytes.push(b'\n');
        let first = bytes.len();
        bytes.extend(again(&sample));
        let (once, _) = read(&sample.options, sample.bytes);
        // In the first of two: the second is read whatever became of the first.
        for at in (0..first - 1).step_by(3) {
            // By the header of a table all rows are read, and by its first byte XML is told.
            let header = matches!(sample.name, "comma" | "pipes" | "stream csv") && at < 240;
            if header || at == 0 && sample.bytes.starts_with(b"<") {
                continue;
            }
            for hostile in [0xFF, 0x00] {
                let mut spoilt = bytes.clone();
                spoilt[at] = hostile;
                let (ids, refused) = read(&sample.options, &*spoilt);
                let rest = ids.get(ids.len().saturating_sub(once.len())..).unwrap_or_default();
                assert_eq!(rest, once, "{} at {at}: {}", sample.name, few(&refused));
            }
        }
    }
}

/// What harms a reader of JSON that is not careful.
fn json_attacks() -> Vec<(&'static str, String)> {
    vec![
        ("deep lists", format!("{{\"a\":{}", "[".repeat(200_000))),
        ("deep objects", "{\"a\":".repeat(200_000)),
        ("a long string", format!("{{\"a\":\"{}\"}}", "x".repeat(9 << 20))),
        ("a string without end", format!("{{\"plate\":\"{}", "x".repeat(1 << 20))),
        ("a number past all", "{\"data_type\":\"alpr_group\",\"epoch_start\":1e400}".into()),
        ("no number", "{\"data_type\":\"alpr_group\",\"epoch_start\":NaN}".into()),
        ("a key twice", "{\"data_type\":\"alpr_group\",\"data_type\":\"heartbeat\"}".into()),
        ("half a surrogate", "{\"data_type\":\"\\ud800\"}".into()),
        ("a byte order mark inside", "{\"data_type\":\u{feff}\"alpr_group\"}".into()),
        ("many empty objects", "{} ".repeat(50)),
    ]
}

/// What harms a reader of XML that is not careful.
fn xml_attacks() -> Vec<(&'static str, String)> {
    let mut laughs = String::from("<!DOCTYPE l [<!ENTITY l0 \"ha\">");
    for n in 1..30 {
        laughs += &format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10));
    }
    laughs += "]><Plate>&l29;</Plate>";
    vec![
        ("entities that multiply", laughs),
        (
            "an entity that is a file",
            "<!DOCTYPE p [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><Plate>&f;</Plate>".into(),
        ),
        (
            "a schema from elsewhere",
            "<!DOCTYPE p SYSTEM \"http://127.0.0.1:9/x.dtd\"><Plate/>".into(),
        ),
        ("deep elements", format!("{}{}", "<a>".repeat(50_000), "</a>".repeat(50_000))),
        ("a long text", format!("<Plate>{}</Plate>", "x".repeat(9 << 20))),
        ("a character that is none", "<Plate>&#xFFFFFFFF;</Plate>".into()),
        ("ends that do not match", "<Plate><a></b></Plate>".into()),
        ("many attributes", format!("<Plate {}/>", "a=\"1\" ".repeat(20_000))),
    ]
}

#[test]
fn what_is_meant_to_harm_is_refused_with_a_reason_and_the_records_around_it_are_read() {
    for sample in samples() {
        let (once, _) = read(&sample.options, sample.bytes);
        let text = sample.bytes.trim_ascii_start();
        let attacks = match text.first() {
            Some(b'{' | b'[') => json_attacks(),
            Some(b'<') => xml_attacks(),
            _ => continue,
        };
        for (what, attack) in attacks {
            let mut source = again_of_lines(&sample);
            source.extend(attack.as_bytes());
            source.push(b'\n');
            source.extend(again_of_lines(&sample));
            let (ids, refused) = read(&sample.options, &*source);
            assert_eq!(
                ids,
                [&*once, &*once].concat(),
                "{}: {what}: {}",
                sample.name,
                few(&refused)
            );
            assert!(!refused.is_empty(), "{}: {what}", sample.name);
            assert!(!refused.concat().contains("root:"), "{refused:?}");
        }
    }
}

/// A sample as a whole, with a line end.
fn again_of_lines(sample: &Sample) -> Vec<u8> {
    let mut bytes = if sample.bytes.trim_ascii_start().starts_with(b"<") {
        sample.bytes.to_vec()
    } else {
        again(sample)
    };
    bytes.push(b'\n');
    bytes
}

#[test]
fn a_row_that_is_meant_to_harm_is_refused_with_its_line_and_the_rows_around_it_are_read() {
    for sample in samples() {
        let delimiter = match sample.name {
            "comma" | "stream csv" => ",",
            "pipes" => "|",
            "fixed" => "",
            _ => continue,
        };
        let (once, before) = read(&sample.options, sample.bytes);
        for row in [
            "x".repeat(9 << 20),
            delimiter.repeat(100_000),
            format!("{delimiter}\u{0}{delimiter}\u{0}x"),
            "\"".repeat(1_001),
            "=HYPERLINK(\"http://127.0.0.1/\")".into(),
        ] {
            if row.is_empty() {
                continue;
            }
            let mut source = sample.bytes.to_vec();
            source.push(b'\n');
            source.extend(row.as_bytes());
            source.push(b'\n');
            source.extend(again(&sample));
            let (ids, refused) = read(&sample.options, &*source);
            let short: String = row.chars().take(30).collect();
            assert_eq!(
                ids,
                [&*once, &*once].concat(),
                "{}: {short}: {}",
                sample.name,
                few(&refused)
            );
            assert!(refused.len() > 2 * before.len(), "{}: {short}", sample.name);
        }
    }
}

/// A beginning, and then the same bytes for ever, up to a length.
struct Endless {
    beginning: &'static [u8],
    unit: &'static [u8],
    left: u64,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if !self.beginning.is_empty() {
            return self.beginning.read(room);
        }
        let length = room.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        for byte in &mut room[..length] {
            *byte = self.unit[self.at];
            self.at = (self.at + 1) % self.unit.len();
        }
        self.left -= length as u64;
        Ok(length)
    }
}

/// The most memory that this process has held, in MiB.
fn most_held() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() / 1_024
}

#[test]
fn what_never_ends_is_held_in_bounded_memory() {
    const LONG: u64 = 24 << 20;
    let before = most_held();
    let multipart = b"--b\r\nContent-Disposition: form-data; name=\"upload\"\r\n\r\n".as_slice();
    type Row<'a> = (Format, Option<&'a str>, &'a [u8], &'a [u8]);
    let table: [Row<'_>; 12] = [
        (Format::Auto, None, b"{\"a\":\"", b"x"),
        (Format::Auto, None, b"", b"["),
        (Format::Auto, None, b"", b"{\"a\":"),
        (Format::Auto, None, b"", b" \n"),
        (Format::Auto, None, b"", b"x"),
        (Format::Rekor, None, b"{\"epoch_start\":", b"1"),
        (Format::Genetec, None, b"", b"<a>"),
        (Format::Hikvision, None, b"<a b=\"", b"x"),
        (Format::Hikvision, None, multipart, b"x"),
        (Format::PlateRecognizer, None, multipart, b"\r\n--b\r\nX: y\r\n\r\n"),
        (Format::Csv, mapping!("vigilant.toml"), b"t\n", b"\","),
        (Format::Csv, mapping!("fixed.toml"), b"", b"7"),
    ];
    for (format, mapping, beginning, unit) in table {
        let mapping = mapping.map(|text| Arc::new(text.parse().unwrap()));
        let options = Options { format, mapping, ..Options::default() };
        let source = Endless { beginning, unit, left: LONG, at: 0 };
        let (mut refused, mut count) = (0u64, 0u64);
        for item in items(options, source) {
            count += 1;
            refused += u64::from(!matches!(item, Ok(Item::Read(_) | Item::Empty(_))));
        }
        assert_eq!(refused, count, "{format}: {unit:?}");
    }
    // A record at a time, its photographs, and what is made of them.
    let held = most_held() - before;
    assert!(held < 80, "{held} MiB");
}
