//! A claim about the API of programs as its document describes it: a tool of another make, Schemathesis, makes
//! requests of it, right and wrong ones, from a fixed seed, and looks at what comes.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use schemas::entry::EntryKind as Kind;
use serde_json::json;
use tests::dispatch::Dispatch;
use tests::https::address;
use tokio::process::Command;

/// How long it may take; a run takes about half a minute.
const LONGEST: Duration = Duration::from_secs(300);
/// What it looks at: no fault of the node, nothing that the document does not say, nothing without a token, no
/// method that is not there.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,ignored_auth,unsupported_method";

fn schemathesis() -> PathBuf {
    let this = std::env::current_exe().expect("the path of this program");
    let program = "schemathesis/bin/schemathesis";
    let target = this.ancestors().find(|folder| folder.join(program).exists());
    let target = target.expect("Schemathesis: run `tests/schemathesis/install`, then this again");
    target.join(program)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_is_answered_as_the_document_says() {
    let scopes = ["ask", "explain", "requests", "import", "audit", "records"];
    let scopes: Vec<&str> = scopes.iter().flat_map(|scope| ["--scope", scope]).collect();
    let cad = Dispatch::start(&scopes).await;
    let session = cad.approved().await;
    // Something is there to be told.
    assert_eq!(cad.says("POST", "/queries", &session, &cad.draft()).await.0, 200);
    assert_eq!(cad.says("GET", "/waiting", &session, &json!(null)).await.0, 200);
    let node = format!("https://localhost:{}/api/v1", address(&cad.agency).port());
    let at = tempfile::tempdir().expect("a folder");
    let ran = Command::new(schemathesis())
        .arg("run")
        .arg(format!("{node}/openapi.json"))
        .args(["--url", &node, "--seed", "26", "--max-examples", "30", "--workers", "1"])
        .args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS])
        // Whoever ends the session is told nothing more.
        .args(["--exclude-operation-id", "sign_out", "--tls-verify"])
        .arg(cad.agency.home().join("tls/cert.pem"))
        .args(["--header", &format!("Authorization: Bearer {}", cad.token)])
        .args(["--header", &format!("Accord-Session: {session}")])
        // On a busy machine connections that it has left end late, and one address has so many places: a
        // further one is turned away before it is a request.
        .args(["--request-timeout", "60", "--request-retries", "5"])
        .args(["--continue-on-failure", "--warnings", "off"])
        .current_dir(at.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ran = tokio::time::timeout(LONGEST, ran).await.expect("an end").expect("a run");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    // It did ask, and not only about what it may not.
    assert!(cad.agency.log().await.count(Kind::QueryDeclined) > 0, "{said}");
    for agency in [&cad.agency, &cad.owner] {
        assert_eq!(agency.accord(&["audit", "verify"]).code, 0);
    }
}
