//! The real binary given what makes no sense, or by who may not: one sentence that names it, and the
//! exit code that says whose turn it is.

use tests::command_line::CliAgency;
use tests::fixtures::{OFFICER, PLATE};

/// Arguments, the code that they end with, and what the sentence names.
const QUERIES: &[(&[&str], u8, &str)] = &[
    (
        &["query", "--to", "owning-ca-pd", "--purpose", "curiosity", "--plate", PLATE],
        2,
        "`curiosity`",
    ),
    (
        &["query", "--to", "owning-ca-pd", "--purpose", "stolen_vehicle", "--plate", "7ABC12*"],
        2,
        "`7ABC12*`",
    ),
    (
        &["query", "--to", "Owning PD", "--purpose", "stolen_vehicle", "--plate", PLATE],
        2,
        "`Owning PD`",
    ),
    (
        &[
            "query",
            "--to",
            "nobody-ca-pd",
            "--purpose",
            "stolen_vehicle",
            "--reason",
            "r",
            "--plate",
            PLATE,
        ],
        2,
        "`nobody-ca-pd`",
    ),
    (&["query", "--purpose", "stolen_vehicle", "--plate", PLATE], 2, "--to"),
    (
        &[
            "query",
            "--to",
            "owning-ca-pd",
            "--purpose",
            "stolen_vehicle",
            "--plate",
            PLATE,
            "--from",
            "yesterday",
        ],
        2,
        "`yesterday`",
    ),
    (&["query", "--again", "xyz"], 2, "`xyz`"),
];

#[test]
fn bad_input_gets_one_sentence_that_names_it() {
    let agency = CliAgency::with_officer("asking-ca-pd");
    let missing = agency.file("missing");
    let no_card = agency.file("nonsense.json");
    std::fs::write(&no_card, "{\"payloadType\":1}").expect("a file");
    let zeros = "00".repeat(32);
    let others: &[(&[&str], u8, &str)] = &[
        (&["user", "add", "Bad Name", "--full-name", "N", "--role", "sworn"], 2, "`Bad Name`"),
        (&["user", "add", "n.one", "--full-name", "N", "--role", "king"], 2, "`king`"),
        (&["user", "add", "admin", "--full-name", "N", "--role", "sworn"], 2, "`admin`"),
        (&["user", "train", "nobody", "--on", "2026-01-01"], 2, "`nobody`"),
        (&["user", "train", "admin", "--on", "2026-13-01"], 2, "`2026-13-01`"),
        (&["card", "add", &missing, "--fingerprint", &zeros, "--verified-by", "t"], 2, &missing),
        (&["card", "add", &no_card, "--fingerprint", &zeros, "--verified-by", "t"], 2, "envelope"),
        (&["card", "add", &no_card, "--fingerprint", "12", "--verified-by", "t"], 2, "`12`"),
        (&["card", "block", "nobody-ca-pd", "--reason", "r"], 2, "`nobody-ca-pd`"),
        (&["agreement", "show", "no-such-agreement"], 2, "`no-such-agreement`"),
        (&["agreement", "propose", &missing], 2, &missing),
        (&["agreement", "propose", &no_card], 2, &no_card),
        (
            &["agreement", "draft", "--template", "none", "--party", "a-ca-pd", "--out", &missing],
            2,
            "`none`",
        ),
        (&["request", "approve", "no-such-request", "--reason", "r"], 2, "`no-such-request`"),
        (&["reads", "import", &missing], 2, &missing),
        (&["reads", "import", "--format", "punchcards", &no_card], 2, "`punchcards`"),
        (&["audit", "log", "--kind", "query.dreamt"], 2, "`query.dreamt`"),
        (&["audit", "reconcile", "--peer", "nobody-ca-pd"], 2, "`nobody-ca-pd`"),
        (
            &[
                "init",
                "--id",
                "asking-ca-pd",
                "--name",
                "n",
                "--policy",
                "california-statute",
                "--admin",
                "a",
            ],
            2,
            "lives in",
        ),
        (&["run"], 3, "running already"),
    ];
    for (args, code, named) in QUERIES.iter().chain(others) {
        let ended = agency.accord(args);
        let error = ended.only_error(i32::from(*code));
        let sentence = ended.err.lines().next().unwrap_or_default();
        let plain = named.trim_matches('`');
        assert!(
            sentence.starts_with("error: ") && sentence.contains(plain),
            "{args:?}: {}",
            ended.err
        );
        assert!(error["message"].as_str().is_some_and(|said| said.contains(plain)), "{error}");
        assert!(
            !ended.err.contains("panicked") && !ended.err.contains("::"),
            "{args:?}: {}",
            ended.err
        );
    }
}

#[test]
fn who_may_not_is_refused_and_who_is_not_named_is_asked_for() {
    let agency = CliAgency::with_officer("asking-ca-pd");
    let refused = agency
        .accord_as(OFFICER, &["user", "add", "n.one", "--full-name", "N One", "--role", "sworn"]);
    assert!(refused.failed(1).contains("`m.reyes`"));
    let refused = agency.accord_as("nobody", &["audit", "log"]);
    assert!(refused.failed(1).contains("`nobody`"));
    assert_eq!(
        agency.accord_as(OFFICER, &["audit", "log"]).code,
        1,
        "an officer does not read the log"
    );
    let probing = agency.accord_as(OFFICER, &["audit", "log", "--user", "nobody.here"]);
    assert!(
        !probing.failed(1).contains("nobody here is"),
        "who is known here is not told: {probing:?}"
    );
    let unnamed = agency.accord_as("", &["audit", "log"]);
    assert_eq!(unnamed.code, 2, "{unnamed:?}");
}

#[test]
fn without_a_running_node_a_command_says_how_to_start_it() {
    let mut agency = CliAgency::init("asking-ca-pd");
    assert!(agency.accord(&["user", "list"]).failed(3).contains("is not running"));
    assert_eq!(
        agency.accord(&["card", "show"]).done()["agency"],
        "asking-ca-pd",
        "one's own card is a file"
    );
    agency.start();
    assert_eq!(agency.accord(&["user", "list"]).done()["name"], "admin");
    let checks = agency.accord(&["doctor"]);
    assert!(
        checks.lines().iter().all(|check| check["check"].is_string() && check["ok"].is_boolean()),
        "{checks:?}"
    );
    assert_eq!(checks.code, i32::from(checks.lines().iter().any(|check| check["ok"] == false)));
    assert_eq!(agency.stop(), 0);
    agency.start();
    assert_eq!(agency.accord(&["user", "list"]).done()["name"], "admin");
}

#[test]
fn an_import_that_is_refused_says_why_whatever_is_still_to_be_sent() {
    let agency = CliAgency::with_officer("owning-ca-pd");
    let file = agency.file("reads.jsonl");
    // Whether the node's word overtakes the file depends on both their paces.
    for lines in [1, 100_000, 3_000_000, 1, 100_000] {
        std::fs::write(&file, "{}\n".repeat(lines)).expect("a file");
        let refused = agency.accord(&["reads", "import", "--format", "punchcards", &file]);
        assert!(refused.failed(2).contains("`punchcards`"), "{refused:?}");
        let refused = agency.accord_as("nobody", &["reads", "import", &file]);
        assert!(refused.failed(1).contains("`nobody`"), "{refused:?}");
        let unnamed = tests::command_line::accord_at(&agency.home(), &["reads", "import", &file]);
        assert!(unnamed.failed(1).contains("`accord login"), "{unnamed:?}");
    }
}

#[test]
fn an_import_that_ends_in_the_middle_says_why() {
    let agency = CliAgency::with_officer("owning-ca-pd");
    let file = agency.file("reads.jsonl");
    std::fs::write(&file, "x".repeat(40_000_000)).expect("a file");
    for _ in 0..4 {
        let ended = agency.accord(&["reads", "import", "--format", "native", &file]);
        assert!(matches!(ended.code, 2 | 3), "{ended:?}");
        assert!(ended.err.contains(&file) && ended.err.contains("xxx"), "{ended:?}");
    }
}
