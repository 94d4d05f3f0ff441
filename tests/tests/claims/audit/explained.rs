//! Findings that an auditor explained: they stay, and what was said stands beside them, wherever the logs
//! are compared.

use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use serde_json::Value;
use tests::agency::{Agency, Plan};
use tests::auditor::{bundles_of_both, reconcile_bundles};
use tests::faulty_store::Failure;
use tests::federation::{sharing_pair_of, shift_clocks};
use tests::fixtures::{PLATE, SETTLED_MS};

const WHY: &str = "Their database was full that night; case 26-0417 of their administrator";

fn compared(at: &Agency, with: &Agency) -> Value {
    let done = at.accord(&["audit", "reconcile", "--peer", with.id().as_str()]);
    assert_eq!(done.code, 1, "findings stay findings: {done:?}");
    done.lines().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_stands_beside_its_finding_at_a_node_in_bundles_and_in_reports() {
    let asking = Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 1);
    let (asking, owning, _) = sharing_pair_of(asking, Plan::of("owning-ca-pd")).await;
    owning.store().fail_on(Kind::ReceiptRecorded, Failure::BeforeWrite);
    let mut queries = Vec::new();
    for _ in 0..3 {
        let heard = asking.ask_one(owning.id(), PLATE).await;
        assert_eq!(heard.outcome, OutcomeCode::Answered);
        queries.push(heard.query_id.expect("a query id").to_string());
    }
    shift_clocks([&asking, &owning], SETTLED_MS);
    let before = compared(&asking, &owning);
    let missing = |report: &Value| {
        let findings = report["findings"].as_array().expect("findings").clone();
        findings.into_iter().filter(|one| one["class"] == "receipt_missing").collect::<Vec<_>>()
    };
    assert_eq!(missing(&before).len(), 3);
    assert!(missing(&before).iter().all(|one| one.get("explained").is_none()));
    let explain = |at: &Agency, with: &Agency, what: &[&str]| {
        let first = ["audit", "explain", "--peer", with.id().as_str()];
        at.accord(&[&first, what].concat())
    };
    // What is no finding, or says nothing, is not explained.
    let unknown = "00112233445566778899aabbccddeeff";
    for (what, words) in [
        ("no such query", vec!["--class", "receipt_missing", "--query", unknown, "--reason", WHY]),
        ("no reason", vec!["--class", "receipt_missing", "--query", &queries[0], "--reason", ""]),
        ("nothing named", vec!["--class", "forked", "--reason", WHY]),
        ("no such class", vec!["--class", "receipt", "--query", &queries[0], "--reason", WHY]),
        ("another's log", vec!["--class", "forked", "--log", "other-ca-pd", "--reason", WHY]),
    ] {
        assert_eq!(explain(&asking, &owning, &words).code, 2, "{what}");
    }
    assert_eq!(asking.log().await.count(Kind::FindingsExplained), 0);
    let one = ["--class", "receipt_missing", "--query", &queries[0], "--reason", WHY];
    assert_eq!(explain(&asking, &owning, &one).code, 0);
    // Another class of the same query is another finding.
    let other = ["--class", "differs", "--query", &queries[1], "--reason", WHY];
    assert_eq!(explain(&asking, &owning, &other).code, 0);
    let now = missing(&compared(&asking, &owning));
    let explained: Vec<_> = now.iter().filter(|one| one.get("explained").is_some()).collect();
    assert_eq!((now.len(), explained.len()), (3, 1), "{now:#?}");
    assert_eq!(explained[0]["query_id"], queries[0].as_str());
    let said = &explained[0]["explained"][0];
    assert_eq!((&said["reason"], &said["by"]), (&WHY.into(), &"admin".into()));
    let log = asking.log().await;
    assert_eq!(log.last(Kind::AuditReconciled).detail("explained"), 1);
    // The other side's auditor says so of all at once.
    let all = explain(&owning, &asking, &["--class", "receipt_missing", "--all", "--reason", WHY]);
    assert_eq!(all.code, 0, "{all:?}");
    let entry = all.lines()[0]["entry"].as_u64().expect("an entry");
    let now = missing(&compared(&owning, &asking));
    assert_eq!(now.len(), 3);
    assert!(now.iter().all(|one| one["explained"][0]["entry"] == entry), "{now:#?}");
    let again =
        explain(&owning, &asking, &["--class", "receipt_missing", "--all", "--reason", WHY]);
    assert_eq!((again.code, again.lines().len()), (0, 0), "nothing is left to explain");
    // Whoever compares the exports hears both.
    let auditor = bundles_of_both(&asking, &owning);
    let report = reconcile_bundles(&auditor, &asking, &owning);
    let told = report["findings"].as_array().expect("findings");
    let of_one = told
        .iter()
        .find(|one| one["query_id"] == queries[0].as_str() && one["class"] == "receipt_missing");
    let said = of_one.expect("the finding")["explained"].as_array().expect("both").clone();
    let logs: Vec<_> = said.iter().map(|one| one["log"].as_str().expect("an agency")).collect();
    assert_eq!(logs, [asking.id().as_str(), owning.id().as_str()]);
    // And so does who reads a report.
    let rows = asking.accord(&["audit", "report", "--kind", "access"]).lines();
    let of_query = rows.iter().find(|row| row["query_id"] == queries[0].as_str());
    let words = of_query.expect("the access")["explained"].as_str().expect("what was said");
    assert!(words.starts_with("receipt_missing: ") && words.contains(WHY), "{words}");
    let rows = owning.accord(&["audit", "report", "--kind", "exceptions"]).lines();
    let row = rows.iter().find(|row| row["finding"] == "explained").expect("an explanation");
    assert_eq!((&row["count"], &row["entries"][0]), (&3.into(), &entry.into()));
    let text = asking.at_desk("admin", &["audit", "reconcile", "--peer", owning.id().as_str()]);
    let shown = text.out;
    assert!(shown.contains("3 findings, 1 explained") && shown.contains("explained by admin"));
}
