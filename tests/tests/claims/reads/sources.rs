//! Reads that come by themselves: webhooks over HTTPS, watched folders, the transfers of field
//! units.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use node::http::pinned::Pinned;
use schemas::entry::EntryKind;
use serde_json::Value;
use tempfile::TempDir;
use tests::agency::{Agency, Plan};
use tests::command::{Ended, binary};
use tests::faulty::Failure;
use tests::making::{PLATE, reads};
use tests::wait::{eventually, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const STREAM: &str =
    include_str!("../../../../node/ingest/tests/fixtures/platerecognizer_stream.json");

async fn monrovia() -> Agency {
    Agency::of(Plan::of("monrovia-ca-pd").with_https()).await
}

fn pin(agency: &Agency) -> schemas::digest::Digest {
    agency.node().certificate.as_ref().expect("an HTTPS side").certificate().pin
}

fn address(agency: &Agency) -> std::net::SocketAddr {
    agency.node().config.http.expect("an HTTPS side")
}

fn added(agency: &Agency, args: &[&str]) -> Value {
    agency.accord(&[&["source", "add"], args].concat()).done()
}

fn token(added: &Value) -> &str {
    added["token"].as_str().expect("a token")
}

/// Sends a request over HTTPS; its status and what was said.
async fn sends(
    agency: &Agency,
    method: &str,
    path: &str,
    authorization: Option<&str>,
    body: impl Into<Bytes>,
) -> (u16, String) {
    let client =
        Pinned::at(&format!("https://{}", address(agency)), pin(agency)).expect("a client");
    let mut request = Request::builder().method(method).uri(path);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
    let request = request.body(body).expect("a request");
    let response = within("a response", client.send(request)).await.expect("a response");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

fn lines(agency: &Agency, plate: &str, count: usize) -> String {
    let reads = reads(agency.id(), plate, count, agency.now());
    reads.iter().map(|read| serde_json::to_string(read).expect("JSON") + "\n").collect()
}

async fn stored(agency: &Agency) -> u64 {
    agency.office().store.stats().await.expect("numbers").reads
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_taken_from_who_has_the_token_and_from_nobody_else() {
    let agency = monrovia().await;
    let gate = added(&agency, &["gate-1", "--format", "platerecognizer"]);
    let other = added(&agency, &["gate-2", "--format", "platerecognizer"]);
    let bearer = format!("Bearer {}", token(&gate));

    for authorization in [
        None,
        Some("Bearer "),
        Some("Bearer nothing"),
        // Another source's token is no token here.
        Some(&*format!("Bearer {}", token(&other))),
    ] {
        let (status, said) =
            sends(&agency, "POST", "/sources/gate-1/reads", authorization, STREAM).await;
        assert_eq!(status, 401, "{authorization:?}: {said}");
    }
    assert_eq!(sends(&agency, "POST", "/sources/gate-9/reads", Some(&bearer), STREAM).await.0, 401);
    assert_eq!(stored(&agency).await, 0);

    let (status, said) =
        sends(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), STREAM).await;
    assert_eq!(status, 200, "{said}");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["rejected"], 0, "{said}");
    let of_one = said["stored"].as_u64().expect("a number");
    assert!(of_one > 0);
    // Many cameras know a name and a password, or an address, and nothing else.
    let basic = "Basic ".to_owned() + &base64(&format!("camera:{}", token(&gate)));
    let (status, said) =
        sends(&agency, "POST", "/sources/gate-1/reads", Some(&basic), STREAM).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON")["duplicates"], of_one);
    let path = format!("/sources/gate-1/{}/reads", token(&gate));
    assert_eq!(sends(&agency, "POST", &path, None, STREAM).await.0, 200);
    assert_eq!(stored(&agency).await, of_one, "sent three times, stored once");

    let log = agency.log().await;
    let imported = &log.one(EntryKind::ReadsImported).body;
    assert_eq!((imported.actor.auth.as_str(), &imported.actor.user), ("source gate-1", &None));
    let text = serde_json::to_string(&imported).expect("JSON");
    assert!(!text.contains(token(&gate)));

    // A new token ends the old one, and a source that is disabled has none.
    let renewed = agency.accord(&["source", "token", "gate-1"]).done();
    assert_eq!(sends(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), STREAM).await.0, 401);
    let bearer = format!("Bearer {}", token(&renewed));
    assert_eq!(sends(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), STREAM).await.0, 200);
    agency.accord(&["source", "disable", "gate-1", "--reason", "the camera was stolen"]).done();
    assert_eq!(sends(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), STREAM).await.0, 401);
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.as_bytes()
        .chunks(3)
        .flat_map(|chunk| {
            let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b))
                << (8 * (3 - chunk.len()));
            let letter = move |n: usize| {
                if n > chunk.len() {
                    '='
                } else {
                    LETTERS[(bits >> (18 - 6 * n) & 63) as usize].into()
                }
            };
            (0..4).map(letter).collect::<Vec<char>>()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_whose_record_cannot_be_used_is_told_so_and_one_that_cannot_be_kept_comes_again()
{
    let agency = monrovia().await;
    let gate = added(&agency, &["gate-1", "--format", "native"]);
    let bearer = format!("Bearer {}", token(&gate));
    let (status, said) =
        sends(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), "{\"plate\":7}\n").await;
    assert_eq!(status, 422, "{said}");
    assert!(said.contains("line 1"), "{said}");
    let sources = agency.accord(&["source", "list"]).done();
    assert_eq!((&sources["rejected"], &sources["stored"]), (&1.into(), &0.into()));
    assert!(sources["error"].as_str().expect("an error").contains("line 1"), "{sources}");

    // No log, no data: what cannot be logged is not taken, and is not said to be.
    agency.store().fail(Failure::Lost);
    let body = lines(&agency, PLATE, 3);
    let (status, said) =
        sends(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), body.clone()).await;
    assert_eq!(status, 503, "{said}");
    let (status, said) = sends(&agency, "GET", "/readyz", None, "").await;
    assert_eq!(status, 503, "{said}");
    assert!(said.contains("audit log"), "{said}");
    agency.store().mend();
    let (status, said) = sends(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), body).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(stored(&agency).await, 3);
    assert_eq!(sends(&agency, "GET", "/readyz", None, "").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn monitoring_is_told_numbers_and_nothing_that_names_anybody() {
    let agency = monrovia().await;
    let gate = added(&agency, &["gate-1", "--format", "native"]);
    let bearer = format!("Bearer {}", token(&gate));
    let body = lines(&agency, PLATE, 3);
    assert_eq!(sends(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), body).await.0, 200);
    assert_eq!(sends(&agency, "GET", "/healthz", None, "").await, (200, "ok\n".into()));
    assert_eq!(agency.accord(&["health"]).done()["ready"], true);
    for wrong in [None, Some(&*bearer)] {
        assert_eq!(sends(&agency, "GET", "/metrics", wrong, "").await.0, 401);
    }
    let token = fs::read_to_string(agency.home().join("tls/metrics-token")).expect("a token");
    let (status, said) =
        sends(&agency, "GET", "/metrics", Some(&format!("Bearer {token}")), "").await;
    assert_eq!(status, 200, "{said}");
    for line in [
        "accord_log_appends_total{kind=\"reads.imported\"} 1",
        "accord_source_records{source=\"gate-1\",outcome=\"stored\"} 3",
        "accord_peers{what=\"connected\"} 0",
        "accord_alarms_open 0",
    ] {
        assert!(said.lines().any(|of| of == line), "{line} is not in\n{said}");
    }
    for name in [
        "accord_log_commit_seconds_bucket",
        "accord_disk_free_bytes",
        "accord_certificate_end_timestamp_seconds",
    ] {
        assert!(said.contains(name), "{name} is not in\n{said}");
    }
    for secret in [PLATE, "admin", "Alex"] {
        assert!(!said.contains(secret), "{secret} is in\n{said}");
    }
    for path in ["/status", "/users", "/audit/log", "/queries", "/sources"] {
        assert_eq!(
            sends(&agency, "GET", path, None, "").await.0,
            404,
            "{path} is not for the network"
        );
    }
}

fn folder() -> (TempDir, PathBuf) {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().canonicalize().expect("a folder");
    (dir, path)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_a_watched_folder_are_taken_in_once_and_destroyed_and_bad_ones_wait_for_a_person()
{
    let mut agency = monrovia().await;
    let (_dir, folder) = folder();
    let of = folder.to_str().expect("a path");
    let source = added(&agency, &["shift", "--format", "native", "--folder", of]);
    assert_eq!(source["token"], Value::Null, "a folder needs none");
    let same = agency.accord(&["source", "add", "again", "--format", "native", "--folder", of]);
    assert!(same.failed(2).contains("`shift` has that folder"), "{same:?}");

    let (_elsewhere, outside) = self::folder();
    fs::write(outside.join("secret"), lines(&agency, "9LINKED", 1)).expect("a file");
    symlink(outside.join("secret"), folder.join("link.jsonl")).expect("a link");
    fs::write(folder.join(".hidden"), lines(&agency, "9HIDDEN", 1)).expect("a file");
    fs::write(folder.join("growing.part"), lines(&agency, "9PART", 1)).expect("a file");
    fs::write(folder.join("good.jsonl"), lines(&agency, PLATE, 5)).expect("a file");
    let bad = lines(&agency, "8GOOD", 2) + "{\"plate\":7}\n";
    fs::write(folder.join("bad.jsonl"), &bad).expect("a file");

    let left = [".hidden", "growing.part", "link.jsonl", "rejected"];
    eventually("the files are taken", async || (names(&folder) == left).then_some(())).await;
    assert_eq!(stored(&agency).await, 7);
    let aside = folder.join("rejected");
    assert_eq!(names(&aside), ["bad.jsonl", "bad.jsonl.errors.txt"]);
    assert_eq!(fs::read_to_string(aside.join("bad.jsonl")).expect("a file"), bad);
    let errors = fs::read_to_string(aside.join("bad.jsonl.errors.txt")).expect("a file");
    assert!(errors.contains("line 3"), "{errors}");
    assert!(outside.join("secret").exists());
    let doctor = agency.accord(&["doctor"]);
    let told = doctor.lines().into_iter().find(|check| check["check"] == "sources");
    assert!(told.expect("a check")["detail"].as_str().expect("words").contains("line 3"));

    // While the log cannot be written, and while the node is down, the folder keeps what it has.
    agency.store().fail(Failure::Lost);
    fs::write(folder.join("later.jsonl"), lines(&agency, "7LATER", 4)).expect("a file");
    eventually("it is tried", async || agency.office().log.counted().failing().then_some(())).await;
    assert!(folder.join("later.jsonl").exists());
    agency.restart().await;
    eventually("it is taken", async || (names(&folder) == left).then_some(())).await;
    assert_eq!(stored(&agency).await, 11);
    let log = agency.log().await;
    let last = log.last(EntryKind::ReadsImported);
    assert_eq!(last.body.actor.auth, "source shift");
    assert_eq!(last.detail("file"), "later.jsonl");
}

/// A field unit: a folder that its reader writes into, and what it knows of its agency.
struct Unit {
    dir: TempDir,
    args: Vec<String>,
}

impl Unit {
    fn of(agency: &Agency, at: std::net::SocketAddr) -> Self {
        let dir = TempDir::new().expect("a folder");
        let made = added(agency, &["car-12", "--format", "native"]);
        fs::write(dir.path().join("token"), token(&made)).expect("a file");
        let card = dir.path().join("card.json");
        assert_eq!(
            agency.accord(&["card", "show", "--out", card.to_str().expect("a path")]).code,
            0
        );
        fs::create_dir(dir.path().join("reads")).expect("a folder");
        let path = |name: &str| dir.path().join(name).to_str().expect("a path").to_owned();
        let args = vec![
            "--json".into(),
            "transfer".into(),
            path("reads"),
            "--to".into(),
            format!("https://{at}"),
            "--source".into(),
            "car-12".into(),
            "--token-file".into(),
            path("token"),
            "--pin".into(),
            pin(agency).to_string(),
            "--card".into(),
            path("card.json"),
        ];
        Self { dir, args }
    }

    fn reads(&self) -> PathBuf {
        self.dir.path().join("reads")
    }

    async fn hands_over(&self) -> Ended {
        let args = self.args.clone();
        let ended = tokio::task::spawn_blocking(move || {
            std::process::Command::new(binary()).args(args).output().expect("the binary")
        });
        let ended = within("a transfer", ended).await.expect("a transfer");
        Ended {
            code: ended.status.code().expect("a code"),
            out: String::from_utf8_lossy(&ended.stdout).into_owned(),
            err: String::from_utf8_lossy(&ended.stderr).into_owned(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_unit_destroys_its_copy_for_a_signed_receipt_and_for_nothing_less() {
    let agency = monrovia().await;
    let unit = Unit::of(&agency, address(&agency));
    fs::write(unit.reads().join("a.jsonl"), lines(&agency, PLATE, 5)).expect("a file");
    fs::write(unit.reads().join("b.jsonl"), lines(&agency, "8BAD", 1) + "nonsense\n")
        .expect("a file");

    // Another node's key: nothing is sent. Another agency's card: its receipts are nothing here.
    let mut elsewhere = Unit { dir: TempDir::new().expect("a folder"), args: unit.args.clone() };
    let at = elsewhere.args.iter().position(|arg| arg == "--pin").expect("a pin") + 1;
    elsewhere.args[at] = "0".repeat(64);
    let said = elsewhere.hands_over().await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("another key"), "{said:?}");
    assert_eq!(stored(&agency).await, 0);
    let other = Agency::start("indio-ca-pd").await;
    let card = unit.dir.path().join("other.json");
    assert_eq!(other.accord(&["card", "show", "--out", card.to_str().expect("a path")]).code, 0);
    let at = elsewhere.args.iter().position(|arg| arg == "--card").expect("a card") + 1;
    elsewhere.args = unit.args.clone();
    elsewhere.args[at] = card.to_str().expect("a path").into();
    let said = elsewhere.hands_over().await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("message key"), "{said:?}");
    assert_eq!(names(&unit.reads()), ["a.jsonl", "b.jsonl"], "without a receipt nothing goes");

    let said = unit.hands_over().await;
    assert_eq!(said.code, 1, "one file has a record that cannot be used: {said:?}");
    let done = said.lines();
    assert_eq!((&done[0]["file"], &done[0]["purged"]), (&"a.jsonl".into(), &true.into()));
    assert_eq!((&done[1]["file"], &done[1]["purged"]), (&"b.jsonl".into(), &false.into()));
    assert_eq!(names(&unit.reads()), ["b.jsonl", "receipts"]);
    assert_eq!(stored(&agency).await, 6);
    let receipts = names(&unit.reads().join("receipts"));
    assert_eq!(receipts.len(), 1);
    let receipt = fs::read(unit.reads().join("receipts").join(&receipts[0])).expect("a receipt");
    let receipt = schemas::envelope::Envelope::parse(&receipt).expect("an envelope");
    let key = &agency.identity.card.message_key;
    let receipt: schemas::transfer::TransferReceipt =
        receipt.verified_json(schemas::envelope::Kind::Transfer, key).expect("a receipt");
    assert_eq!((receipt.records, receipt.rejected), (5, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_unit_is_told_to_bring_the_card_once_the_message_key_is_another() {
    let agency = monrovia().await;
    let mut unit = Unit::of(&agency, address(&agency));
    let file = |name: &str| fs::write(unit.reads().join(name), lines(&agency, PLATE, 1));
    file("a.jsonl").expect("a file");
    assert_eq!(agency.accord(&["key", "rotate", "message"]).code, 0);
    // The key before still signs: by the card before and by the present one its receipts count.
    assert_eq!(unit.hands_over().await.code, 0);
    let card = unit.dir.path().join("present.json");
    let card = card.to_str().expect("a path");
    assert_eq!(agency.accord(&["card", "show", "--out", card]).code, 0);
    let before = unit.args.clone();
    let at = unit.args.iter().position(|arg| arg == "--card").expect("a card") + 1;
    unit.args[at] = card.into();
    fs::write(unit.reads().join("b.jsonl"), lines(&agency, "8BAD", 1)).expect("a file");
    assert_eq!(unit.hands_over().await.code, 0);
    // The new one signs: the card before does not name it, nothing is destroyed, nothing stored twice.
    agency.clock.shift(13 * tests::making::HOUR_MS);
    let present = std::mem::replace(&mut unit.args, before);
    fs::write(unit.reads().join("c.jsonl"), lines(&agency, "9BAD", 1)).expect("a file");
    let said = unit.hands_over().await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("bring its present card"), "{said:?}");
    unit.args = present;
    let said = unit.hands_over().await;
    assert_eq!((said.code, stored(&agency).await), (0, 3), "{said:?}");
    assert_eq!(names(&unit.reads()), ["receipts"]);
}

/// Passes a connection on, and cuts it after so many bytes of what the unit sends.
async fn cutting(to: std::net::SocketAddr, after: Arc<AtomicUsize>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((unit, _)) = listener.accept().await {
            let node = TcpStream::connect(to).await.expect("the node");
            let (mut from, mut back) = unit.into_split();
            let (mut answer, mut onward) = node.into_split();
            let mut left = after.load(Ordering::SeqCst);
            let answering = tokio::spawn(async move {
                drop(tokio::io::copy(&mut answer, &mut back).await);
            });
            let mut chunk = [0; 512];
            while let Ok(n) = from.read(&mut chunk).await {
                let n = n.min(left);
                if n == 0 || onward.write_all(&chunk[..n]).await.is_err() {
                    break;
                }
                left -= n;
            }
            answering.abort();
        }
    });
    at
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_cut_at_any_byte_loses_nothing_and_stores_nothing_twice() {
    let agency = monrovia().await;
    let after = Arc::new(AtomicUsize::new(0));
    let at = cutting(address(&agency), after.clone()).await;
    let unit = Unit::of(&agency, at);
    let text = lines(&agency, PLATE, 40);
    fs::write(unit.reads().join("shift.jsonl"), &text).expect("a file");
    for cut in [0, 1, 200, 700, 1_500, text.len() / 2, text.len(), text.len() + 600] {
        after.store(cut, Ordering::SeqCst);
        let said = unit.hands_over().await;
        let mut held = String::new();
        let kept = fs::File::open(unit.reads().join("shift.jsonl"));
        if let Ok(mut kept) = kept {
            kept.read_to_string(&mut held).expect("a file");
            assert_eq!((said.code, &held), (3, &text), "cut after {cut} bytes: {said:?}");
        } else {
            panic!("cut after {cut} bytes the unit has destroyed its copy: {said:?}");
        }
    }
    after.store(usize::MAX, Ordering::SeqCst);
    let said = unit.hands_over().await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(names(&unit.reads()), ["receipts"]);
    assert_eq!(stored(&agency).await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_used_without_a_restart_and_a_pin_outlives_it() {
    let agency = monrovia().await;
    let before = fs::read(agency.home().join("tls/cert.pem")).expect("a certificate");
    let pinned = pin(&agency);
    let shown = agency.accord(&["certificate", "renew", "--name", "alpr.monrovia.example"]).done();
    assert_eq!(shown["names"], serde_json::json!(["alpr.monrovia.example"]));
    assert_eq!(shown["pin"], pinned.to_string());
    assert_ne!(fs::read(agency.home().join("tls/cert.pem")).expect("a certificate"), before);
    eventually("the node uses it", async || {
        let served = agency.node().certificate.as_ref().expect("an HTTPS side").certificate();
        (served.names == ["alpr.monrovia.example"]).then_some(())
    })
    .await;
    assert_eq!(pin(&agency), pinned);
    assert_eq!(sends(&agency, "GET", "/healthz", None, "").await.0, 200);

    // Files that do not belong together are not used: what was served before still is.
    let key = agency.home().join("tls/key.pem");
    let kept = fs::read(&key).expect("a key");
    fs::write(&key, "no key").expect("a file");
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(sends(&agency, "GET", "/healthz", None, "").await.0, 200);
    fs::write(&key, kept).expect("a file");
    let shown = agency.accord(&["certificate", "renew", "--new-key"]).done();
    assert_ne!(shown["pin"], pinned.to_string());
    eventually("the new key is used", async || (pin(&agency) != pinned).then_some(())).await;
    assert_eq!(sends(&agency, "GET", "/healthz", None, "").await.0, 200);
}
