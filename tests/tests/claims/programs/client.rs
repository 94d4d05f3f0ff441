//! Claims about the client in Python, which is generated from the document that the node serves.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use node::http::DOCUMENT;
use schemas::time::DAY_MS;
use serde_json::Value;
use tests::client_certificate::Identity;
use tests::dispatch::{Dispatch, added};
use tests::https::{address, send};
use tests::wait::within;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/packaging/python")
}

/// Python 3.11 or later, without writing compiled files beside sources.
fn python(script: &str, words: &[&str]) -> Command {
    let debian = Path::new("/usr/bin/python3");
    let mut command = Command::new(if debian.exists() { debian } else { Path::new("python3") });
    command.arg("-B").arg(folder().join(script)).args(words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn the_client_is_that_of_the_document() {
    let checked = python("generate", &["--check"]).output().await.expect("python3 on the path");
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}; write it anew with node/packaging/python/generate");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_written_from_the_document_alone_asks_for_an_officer_who_lets_it() {
    let cad = Dispatch::start(&["--scope", "ask"]).await;
    let (status, document) = send(&cad.agency, "GET", "/api/v1/openapi.json", None, "").await;
    assert_eq!((status, document.as_str()), (200, DOCUMENT));
    let at = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &str| {
        let path = at.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a path").to_owned()
    };
    let (token, query) = (put("token", &cad.token), put("query.json", &cad.draft().to_string()));
    let certificate = agency_file(&cad, "tls/cert.pem");
    let node = format!("https://localhost:{}", address(&cad.agency).port());
    let words = [&node, "--token-file", &token, "--certificate", &certificate, "ask", &query];
    let mut child = python("accord_client.py", &words).spawn().expect("python3 on the path");
    let mut shown = BufReader::new(child.stdout.take().expect("its output")).lines();
    let code = within("a code", shown.next_line()).await.expect("its output");
    let code = code.unwrap_or_default();
    assert!(code.starts_with(&format!("open {node}/terminal")), "{code}");
    cad.approves(code.rsplit(' ').next().expect("a code")).await;
    let mut said = Vec::new();
    while let Some(line) = within("an answer", shown.next_line()).await.expect("its output") {
        said.push(line);
    }
    let ended = within("an end", child.wait_with_output()).await.expect("an end");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(said[0], format!("{}: answered, 3 reads", cad.owner.id()), "{said:?}");
    assert_eq!(said.iter().filter(|line| line.contains("7ABC123")).count(), 3, "{said:?}");
    // A records system by the same client.
    let rms = put("rms", &added(&cad.agency, "rms", &["--scope", "records"]));
    let words = [&node, "--token-file", &rms, "--certificate", &certificate, "records"];
    let fetched = python("accord_client.py", &words).output().await.expect("python3");
    assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
    let record: Value = serde_json::from_slice(&fetched.stdout).expect("one record");
    assert_eq!(
        (record["act"].as_str(), record["user"].as_str()),
        (Some("query.sent"), Some("m.reyes"))
    );
    // And one that shows a certificate in the place of a token.
    let identity = Identity::of("feed.example.org");
    let (pem, key) = (identity.file(&cad.agency, "feed.pem"), put("feed.key", &identity.key));
    let until = cad.agency.now().plus_millis(DAY_MS).to_string();
    let add = ["program", "add", "feed", "--scope", "records", "--until", &until];
    cad.agency.accord(&[&add[..], &["--certificate", &pem]].concat()).done();
    let words = [&node, "--shows", &pem, &key, "--certificate", &certificate, "records"];
    let fetched = python("accord_client.py", &words).output().await.expect("python3");
    assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
    // What it may not, it is told as a problem.
    let words = [&node, "--token-file", &token, "--certificate", &certificate, "records"];
    let refused = python("accord_client.py", &words).output().await.expect("python3");
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && why.contains("program_scope"), "{why}");
    for agency in [&cad.agency, &cad.owner] {
        assert_eq!(agency.accord(&["audit", "verify"]).code, 0);
    }
}

fn agency_file(cad: &Dispatch, name: &str) -> String {
    cad.agency.home().join(name).to_str().expect("a path").to_owned()
}
