//! Exports of a log, checked by an auditor who has the files, the agencies' fingerprints, and no
//! node and no network.

use std::os::unix::fs::PermissionsExt as _;

use schemas::entry::EntryKind as Kind;
use schemas::query::QueryId;
use serde_json::json;
use tests::agency::{Agency, Plan};
use tests::auditor::{Auditor, problems};
use tests::federation::{in_force, pair_of};
use tests::log::Log;
use tests::making::PLATE;

/// Two agencies that share, with an exchange between them and another agency that both know.
async fn sharing() -> (Agency, Agency) {
    let (asking, owning) = pair_of(Plan::of("asking-ca-pd"), Plan::of("owning-ca-pd")).await;
    in_force(&[&asking, &owning]).await;
    (asking, owning)
}

async fn answered(asking: &Agency, owning: &Agency) -> QueryId {
    let heard = asking.asks(owning.id(), PLATE).await;
    assert_eq!(heard.outcome, "answered", "{heard:?}");
    let query = heard.query_id.expect("a query id");
    let receipted = |log: &Log| {
        log.all(Kind::ReceiptRecorded).iter().any(|entry| entry.belongs_to(query)).then_some(())
    };
    owning.logs("the receipt", receipted).await;
    query
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_logged_first_private_and_verified_without_a_node() {
    let (asking, owning) = sharing().await;
    answered(&asking, &owning).await;
    let auditor = Auditor::default();
    let exported = auditor.receives("owning.bundle", &owning, &[]);
    let size = owning.log().await.entries().len();
    assert_eq!(exported["entries"], size);
    let mode = std::fs::metadata(auditor.file("owning.bundle")).expect("a file").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let log = owning.log().await;
    assert_eq!(
        log.one(Kind::AuditExported).body.actor.user.as_ref().expect("a user").as_str(),
        "admin"
    );
    let (code, report) = auditor.verifies("owning.bundle", &[&owning]);
    assert_eq!((code, problems(&report)), (0, vec![]), "{report}");
    assert_eq!((&report["ok"], &report["pinned"]), (&json!(true), &json!(true)));
    assert_eq!((&report["size"], &report["entries"]), (&json!(size), &json!(size)));
    assert!(report["signatures"].as_u64().expect("a number") > 5, "{report}");
    let (code, report) = auditor.verifies("owning.bundle", &[]);
    assert_eq!((code, &report["pinned"]), (0, &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_running_node_is_verified() {
    let (asking, owning) = sharing().await;
    answered(&asking, &owning).await;
    for agency in [&asking, &owning] {
        let report = agency.accord(&["audit", "verify"]).done();
        assert_eq!(report["ok"], true, "{report}");
    }
}
