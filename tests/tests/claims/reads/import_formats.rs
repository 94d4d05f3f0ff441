//! A file of each format comes in through the command line, by itself or by its mapping, and a
//! second time changes nothing.

use serde_json::Value;
use tests::agency::Agency;

/// A file of the importers' fixtures, or of the mappings that come with them.
fn ours(path: &str) -> String {
    format!("{}/../node/ingest/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn imports(agency: &Agency, args: &[&str]) -> Value {
    let mut all = vec!["reads", "import"];
    all.extend(args);
    let ended = agency.accord(&all);
    ended.lines().pop().unwrap_or_else(|| panic!("{args:?}: {ended:?}"))
}

fn counts(summary: &Value) -> [u64; 3] {
    ["stored", "duplicates", "rejected"].map(|key| summary[key].as_u64().expect("a count"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_each_format_is_imported_once() {
    let agency = Agency::start("reading-ca-pd").await;
    // Stored, stored already, rejected. The three of Genetec tell of
    // one read, and so do both of Plate Recognizer of one of theirs.
    let table = [
        ("rekor_group_v3.json", [1, 0, 0], "rekor", None),
        ("platerecognizer_stream.json", [2, 0, 0], "platerecognizer", None),
        ("platerecognizer_stream.csv", [1, 1, 0], "platerecognizer-csv", None),
        ("genetec_http.json", [1, 0, 0], "genetec", None),
        ("genetec_http.xml", [0, 1, 0], "genetec", None),
        ("genetec_ftp.xml", [0, 1, 0], "genetec", None),
        ("axis_new.json", [1, 0, 0], "axis", None),
        ("hikvision.xml", [1, 0, 0], "hikvision", None),
        ("vigilant.csv", [3, 0, 1], "csv", Some("vigilant.toml")),
        ("fixed.txt", [2, 0, 0], "csv", Some("fixed.toml")),
        ("flock.json", [2, 0, 0], "csv", Some("flock.toml")),
        ("verkada.json", [2, 0, 0], "csv", Some("verkada.toml")),
        ("unifi.json", [2, 0, 0], "csv", Some("unifi.toml")),
        ("blueiris.json", [4, 0, 0], "csv", Some("blueiris.toml")),
        ("frigate.jsonl", [2, 0, 0], "csv", Some("frigate.toml")),
        ("fusus.json", [2, 0, 0], "csv", Some("fusus.toml")),
        ("fusus-csv.csv", [1, 0, 0], "csv", Some("fusus-csv.toml")),
        ("elsag.csv", [2, 0, 0], "csv", Some("elsag.toml")),
        ("boss.txt", [2, 0, 0], "csv", Some("boss.toml")),
        ("milesight.json", [1, 0, 0], "csv", Some("milesight.toml")),
        ("dahua.json", [1, 0, 0], "dahua", None),
        ("genetec_exporter.xml", [1, 0, 0], "genetec", None),
        ("platerecognizer_vehicle.json", [1, 0, 0], "platerecognizer", None),
        ("platerecognizer_snapshot.json", [1, 0, 0], "platerecognizer", None),
    ];
    for (file, expected, format, mapping) in table {
        let path = ours(&format!("tests/fixtures/{file}"));
        let mapping = mapping.map(|name| ours(&format!("mappings/{name}")));
        let with: Vec<&str> = mapping.iter().flat_map(|file| ["--mapping", file]).collect();
        let first = imports(&agency, &[&with[..], &["--format", format, &path]].concat());
        assert_eq!(counts(&first), expected, "{file}: {first}");
        // Told by its content, or by the mapping alone, it is the same.
        let again = imports(&agency, &[&with[..], &[&path]].concat());
        assert_eq!(counts(&again)[..2], [0, counts(&first)[..2].iter().sum()], "{file}: {again}");
    }
    // The same car, further on: one read, told better.
    let further = imports(&agency, &[&ours("tests/fixtures/axis_update.json")]);
    assert_eq!((counts(&further), &further["merged"]), ([0, 0, 0], &1.into()), "{further}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_its_mapping_and_a_mapping_that_does_not_fit_are_told() {
    let agency = Agency::start("reading-ca-pd").await;
    let table = ours("tests/fixtures/vigilant.csv");
    for args in [
        vec!["reads", "import", "--format", "csv", &table],
        vec![
            "reads",
            "import",
            "--format",
            "rekor",
            "--mapping",
            &ours("mappings/vigilant.toml"),
            &table,
        ],
        vec!["reads", "import", "--mapping", "/nowhere/mapping.toml", &table],
    ] {
        let ended = agency.accord(&args);
        assert_eq!(ended.code, 2, "{args:?}: {ended:?}");
        assert!(ended.err.contains("mapping"), "{ended:?}");
    }
    let other =
        agency.accord(&["reads", "import", "--mapping", &ours("mappings/fixed.toml"), &table]);
    assert_ne!(other.code, 0, "{other:?}");
}
