//! What a node serves over HTTPS beside reads: its health, figures for monitoring, a certificate.

use std::fs;
use std::time::Duration;

use tests::fixtures::PLATE;
use tests::https::{pin, send};
use tests::sources::{add_source, agency_with_https, native_lines, token};
use tests::wait::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn monitoring_is_told_numbers_and_nothing_that_names_anybody() {
    let agency = agency_with_https().await;
    let gate = add_source(&agency, &["gate-1", "--format", "native"]);
    let bearer = format!("Bearer {}", token(&gate));
    let body = native_lines(&agency, PLATE, 3);
    assert_eq!(send(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), body).await.0, 200);
    assert_eq!(send(&agency, "GET", "/healthz", None, "").await, (200, "ok\n".into()));
    assert_eq!(agency.accord(&["health"]).done()["ready"], true);
    for wrong in [None, Some(&*bearer)] {
        assert_eq!(send(&agency, "GET", "/metrics", wrong, "").await.0, 401);
    }
    let token = fs::read_to_string(agency.home().join("tls/metrics-token")).expect("a token");
    let (status, said) =
        send(&agency, "GET", "/metrics", Some(&format!("Bearer {token}")), "").await;
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
            send(&agency, "GET", path, None, "").await.0,
            404,
            "{path} is not for the network"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_used_without_a_restart_and_a_pin_outlives_it() {
    let agency = agency_with_https().await;
    let before = fs::read(agency.home().join("tls/cert.pem")).expect("a certificate");
    let pinned = pin(&agency);
    let shown = agency.accord(&["certificate", "renew", "--name", "alpr.monrovia.example"]).done();
    assert_eq!(shown["names"], serde_json::json!(["alpr.monrovia.example"]));
    assert_eq!(shown["pin"], pinned.to_string());
    assert_ne!(fs::read(agency.home().join("tls/cert.pem")).expect("a certificate"), before);
    eventually("the node uses it", async || {
        let served = agency.node().app.certificate.as_ref().expect("an HTTPS side").certificate();
        (served.names == ["alpr.monrovia.example"]).then_some(())
    })
    .await;
    assert_eq!(pin(&agency), pinned);
    assert_eq!(send(&agency, "GET", "/healthz", None, "").await.0, 200);

    // Files that do not belong together are not used: what was served before still is.
    let key = agency.home().join("tls/key.pem");
    let kept = fs::read(&key).expect("a key");
    fs::write(&key, "no key").expect("a file");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(send(&agency, "GET", "/healthz", None, "").await.0, 200);
    fs::write(&key, kept).expect("a file");
    let shown = agency.accord(&["certificate", "renew", "--new-key"]).done();
    assert_ne!(shown["pin"], pinned.to_string());
    eventually("the new key is used", async || (pin(&agency) != pinned).then_some(())).await;
    assert_eq!(send(&agency, "GET", "/healthz", None, "").await.0, 200);
}
