//! Operational logs hold ids, counts and durations: at their most talkative, through exchanges,
//! refusals, imports and failures, no private key, token, plate, name or reason stands in them. They
//! are JSON where that is asked for, and tell of an exchange by the same id on both sides.

use std::fs;
use std::path::Path;

use audit_log::keys::load;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use schemas::key_use::KeyUse;
use serde_json::Value;
use tests::agency::{free_address, free_socket};
use tests::command_line::{CliAgency, CommandOutput};
use tests::fixtures::{OFFICER, PLATE};
use tests::https::send_to;

/// Everything that any part of the program says.
const ALL: &str = "trace";
const REASON: &str = "Stolen vehicle of Wilhelmina Oglethorpe";
const VAGUE: &str = "inv";
const CASE: &str = "26-0047119";
const SPOILT_PLATE: &str = "9SPO1LT";

/// An agency whose node writes its operational log to a file.
fn talkative(id: &str, http: &str) -> (CliAgency, String) {
    let agency = CliAgency::without_home(id);
    let log = agency.file("log");
    let into = format!("exec \"$@\" 2>>'{log}'");
    let agency = agency.run_under(
        &["sh", "-c", &into, "sh"],
        &[("ACCORD_LOG", ALL), ("ACCORD_LOG_FORMAT", "json")],
    );
    let listen = free_address();
    (
        agency
            .init_with("california-statute", listen.as_str(), &["--http", http])
            .start_with_officer(),
        log,
    )
}

/// Bytes in the forms in which a program may print them.
fn forms(bytes: &[u8]) -> Vec<String> {
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let list = |each: &dyn Fn(&u8) -> String| bytes.iter().map(each).collect::<Vec<_>>().join(", ");
    vec![
        hex.to_uppercase(),
        hex,
        list(&|b| b.to_string()),
        list(&|b| format!("{b:#x}")),
        list(&|b| format!("0x{b:02x}")),
        // Without what depends on the bytes that follow.
        STANDARD_NO_PAD.encode(bytes)[..bytes.len() / 3 * 4].to_owned(),
        URL_SAFE_NO_PAD.encode(bytes)[..bytes.len() / 3 * 4].to_owned(),
    ]
}

/// The private keys of a home, by what they are for.
fn keys(home: &Path) -> Vec<(String, String)> {
    let opened = host::home::Home::open(home).expect("a home");
    let mut found = Vec::new();
    for use_ in KeyUse::ALL {
        let seed = *load(&opened, use_).expect("a key").seed();
        found.extend(forms(&seed).into_iter().map(|form| (format!("{use_:?} key"), form)));
    }
    for file in ["keys/agency.pem", "keys/message.pem", "keys/node.pem", "tls/key.pem"] {
        let pem = fs::read_to_string(home.join(file)).expect("a key");
        let line = pem.lines().nth(1).expect("its body").to_owned();
        // The end is what differs from key to key.
        found.push((file.to_owned(), line[line.len() - 30..].to_owned()));
    }
    let token = fs::read_to_string(home.join("tls/metrics-token")).expect("a token");
    found.push(("metrics token".into(), token.trim().to_owned()));
    found
}

/// Sends reads to a source; the status of the response.
async fn post(
    agency: &CliAgency,
    http: &str,
    path: &str,
    token: Option<&str>,
    body: String,
) -> u16 {
    let pin =
        agency.accord(&["certificate", "show"]).done()["pin"].as_str().expect("a pin").parse();
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<_> = bearer.iter().map(|value| ("authorization", value.as_str())).collect();
    send_to(http, pin.expect("a digest"), "POST", path, &headers, body).await.0
}

/// The kinds of the entries that an operational log tells of an exchange with `peer`.
fn told(log: &str, query: &str, peer: &str) -> Vec<String> {
    let lines = fs::read_to_string(log).expect("a log");
    let lines = lines.lines().map(serde_json::from_str::<Value>);
    let of_it = lines.map(|line| line.expect("JSON")).filter(|line| {
        line["message"] == "logged" && line["query.id"] == query && line["entry.index"].is_u64()
    });
    of_it
        .map(|line| {
            assert_eq!(
                (line["level"].as_str(), line["peer.id"].as_str()),
                (Some("INFO"), Some(peer))
            );
            line["entry.kind"].as_str().expect("a kind").to_owned()
        })
        .collect()
}

/// None of what is secret stands in any of these logs, which say much.
fn nothing_of(secrets: &[(String, String)], logs: [&String; 2]) {
    let mut found = Vec::new();
    for log in logs {
        let text = String::from_utf8_lossy(&fs::read(log).expect("a log")).into_owned();
        assert!(text.lines().count() > 500, "{log} says little: is it at `{ALL}`?");
        assert!(text.contains("TRACE"), "{log}");
        for (what, secret) in secrets {
            if let Some(line) = text.lines().find(|line| line.contains(secret.as_str())) {
                let cut: String = line.chars().take(300).collect();
                found.push(format!("{what}: {cut}"));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_and_nobodys_plate_name_or_reason_stands_in_an_operational_log() {
    let (at, with) = (free_socket().to_string(), free_socket().to_string());
    let (mut asking, asking_log) = talkative("asking-ca-pd", &at);
    let (mut owning, owning_log) = talkative("owning-ca-pd", &with);
    asking.introduce(&owning);
    owning.add_reads(PLATE, 3);
    asking.agree_with(&owning);

    // What is answered, what is refused by either side, what one looks up in one's own reads.
    let ask = |reason: &str, purpose: &str, plate: &str| {
        asking.accord_as(
            OFFICER,
            &[
                "query",
                "--to",
                "owning-ca-pd",
                "--purpose",
                purpose,
                "--reason",
                reason,
                "--case",
                CASE,
                "--plate",
                plate,
            ],
        )
    };
    let answered = ask(REASON, "stolen_vehicle", PLATE);
    assert_eq!(answered.lines()[0]["outcome"], "answered", "{answered:?}");
    let refused = ask(REASON, "civil_action", PLATE);
    assert_eq!(refused.code, 1, "{refused:?}");
    drop(ask(VAGUE, "stolen_vehicle", PLATE));
    let own =
        ["reads", "search", "--purpose", "stolen_vehicle", "--reason", REASON, "--case", CASE];
    drop(owning.accord_as(OFFICER, &[&own[..], &["--plate", PLATE]].concat()));

    // Records that are no reads, on the socket and over HTTPS, with the right token and a wrong one.
    let spoilt = format!("{{\"plate\":\"{SPOILT_PLATE}\",\"at\":\"never\"}}\n{SPOILT_PLATE}\n");
    let file = owning.file("spoilt.jsonl");
    fs::write(&file, &spoilt).expect("a file");
    drop(owning.accord(&["reads", "import", "--format", "native", &file]));
    let source = owning.accord(&["source", "add", "gate-1", "--format", "native"]).done();
    let token = source["token"].as_str().expect("a token").to_owned();
    let wrong = "wrong-token-that-a-camera-was-given";
    let in_path = format!("/sources/gate-1/{token}/reads");
    for (path, bearer) in [("/sources/gate-1/reads", Some(&*token)), (&*in_path, None)] {
        assert_ne!(post(&owning, &with, path, bearer, spoilt.clone()).await, 401);
    }
    let turned_away = post(&owning, &with, "/sources/gate-1/reads", Some(wrong), spoilt).await;
    assert_eq!(turned_away, 401);

    // A hold, a written request, a backup, a node that is gone.
    owning.accord(&["hold", "add", "--plate", PLATE, "--reason", REASON]).done();
    let request = ["request", "submit", "--to", "owning-ca-pd", "--requested-by", "Maria Reyes"];
    let about = ["--purpose", "stolen_vehicle", "--case", CASE, "--plate", PLATE];
    drop(asking.accord_as(OFFICER, &[&request[..], &about].concat()));
    owning.accord(&["backup", "--out", &owning.file("backups")]).done();
    assert_eq!(owning.stop(), 0);
    let silent = ask(REASON, "stolen_vehicle", PLATE);
    assert_eq!(silent.lines()[0]["outcome"], "unanswered", "{silent:?}");
    assert_eq!(asking.stop(), 0);

    let mut secrets = [keys(&asking.home()), keys(&owning.home())].concat();
    for (what, text) in [
        ("plate", PLATE),
        ("plate of a spoilt record", SPOILT_PLATE),
        ("name", "Maria Reyes"),
        ("name", "Alex Admin"),
        ("reason", "Oglethorpe"),
        ("case", CASE),
        ("token", &token),
        ("wrong token", wrong),
    ] {
        secrets.push((what.to_owned(), text.to_owned()));
    }
    nothing_of(&secrets, [&asking_log, &owning_log]);

    let id =
        |ended: &CommandOutput| ended.lines()[0]["query_id"].as_str().expect("an id").to_owned();
    let log = [&asking_log, &owning_log];
    for (ended, kinds) in [
        (
            &answered,
            [&["query.sent", "answer.received"][..], &["query.answered", "receipt.recorded"]],
        ),
        (&refused, [&["query.declined"], &[]]),
    ] {
        for ((log, peer), kinds) in log.into_iter().zip(["owning-ca-pd", "asking-ca-pd"]).zip(kinds)
        {
            assert_eq!(told(log, &id(ended), peer), kinds, "{ended:?}");
        }
    }
}
