//! Audits with their occasions: every look bears the one that its person has open, another person samples the looks,
//! and a policy may demand that there is one.

use ::agreements::policy::Policy;
use audit_log::append::{AppendError, Conflict};
use audit_log::entries::audit::audit_viewed;
use audit_log::entry::Auditor;
use node::admin::policy;
use node::auditing::audits::{self, Closing, Opening};
use schemas::entry::EntryKind as Kind;
use schemas::event::audit::Viewed;
use schemas::event::occasion::LOOKS;
use serde_json::{Value, json};
use tests::agency::{Agency, Plan};
use tests::fixtures::{DAY_MS, PLATE, words};

/// Opens an audit; its number.
fn opened(at: &Agency, user: &str, occasion: &str) -> u64 {
    let row = at.accord_as(user, &["audit", "open", "--occasion", occasion]).done();
    assert_eq!((&row["user"], &row["occasion"]), (&json!(user), &json!(occasion)), "{row}");
    row["audit"].as_u64().expect("a number")
}

/// The looks of a person from an entry on, with the audits that they bear.
async fn borne(at: &Agency, user: &str, from: u64) -> Vec<(Kind, Option<u64>)> {
    let log = at.log().await;
    let looks = log.entries().iter().filter(|entry| {
        entry.header.index >= from
            && LOOKS.contains(&entry.header.kind)
            && entry.body.actor.user.as_ref().is_some_and(|name| name.as_str() == user)
    });
    looks.map(|entry| (entry.header.kind, entry.body.audit)).collect()
}

/// An agency with two auditors who are not its administrator.
async fn with_auditors() -> Agency {
    let agency = Agency::start("owning-ca-pd").await;
    for (name, full_name) in [("a.ames", "Ann Ames"), ("b.fox", "Bo Fox")] {
        let add = ["user", "add", name, "--full-name", full_name, "--role", "auditor"];
        agency.accord(&add).done();
    }
    agency
}

#[tokio::test(flavor = "multi_thread")]
async fn every_look_bears_the_audit_that_its_person_has_open() {
    let agency = with_auditors().await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let run = |args: &[&str]| agency.accord_as("a.ames", args);
    assert_eq!(run(&["audit", "plate", PLATE]).code, 0);
    let complaint = "audit open --kind complaint --case 26-1104 --occasion";
    let complaint = [&complaint.split(' ').collect::<Vec<_>>()[..], &["a neighbour is followed"]];
    let row = run(&complaint.concat()).done();
    let audit = row["audit"].as_u64().expect("a number");
    assert_eq!((&row["kind"], &row["case"]), (&json!("complaint"), &json!("26-1104")));
    assert_eq!(run(&["audit", "list-open"]).done()["audit"], audit);
    let (bundle, proof) = (file("log.bundle"), file("entry.tlog-proof"));
    let looks: [&[&str]; 9] = [
        &["audit", "log"],
        &["audit", "plate", PLATE],
        &["audit", "user", "admin"],
        &["audit", "show", "0"],
        &["audit", "proof", "0", "--out", &proof],
        &["audit", "report", "--kind", "access"],
        &["audit", "incident", "--of-user", "admin"],
        &["audit", "export", "--out", &bundle],
        &["audit", "verify"],
    ];
    for look in looks {
        let ran = run(look);
        assert_eq!(ran.code, 0, "{look:?}: {ran:?}");
    }
    run(&["audit", "record", "--finding", "nothing unusual", "--ok"]).done();
    let all = borne(&agency, "a.ames", 0).await;
    assert_eq!(all[0], (Kind::AuditViewed, None), "before it was opened");
    assert!(all.len() >= 10 && all[1..].iter().all(|(_, under)| *under == Some(audit)), "{all:?}");
    let log = agency.log().await;
    assert_eq!(log.one(Kind::AuditRecorded).body.audit, Some(audit), "so does what is done in it");
    assert_eq!(log.one(Kind::AuditOpened).detail("occasion"), "a neighbour is followed");
    // Of several she says which; another's, or one that is none, is refused and nothing is looked at.
    let second = opened(&agency, "a.ames", "the quarter is over");
    let theirs = opened(&agency, "b.fox", "the quarter is over");
    let before = agency.log().await.entries().len();
    let ran = run(&["audit", "plate", PLATE]);
    let said = ran.failed(2);
    assert!(
        said.contains(&format!("audits {audit}, {second}")) && said.contains("--audit"),
        "{said}"
    );
    for other in [theirs.to_string(), "0".to_owned()] {
        let ran = run(&["audit", "plate", PLATE, "--audit", &other]);
        let said = ran.failed(1);
        assert!(said.contains("list-open"), "{said}");
    }
    assert_eq!(agency.log().await.entries().len(), before, "no look was logged");
    let chosen = second.to_string();
    assert_eq!(run(&["audit", "plate", PLATE, "--audit", &chosen]).code, 0);
    // Another auditor may close it, with what came of it; then it lends its occasion to nothing.
    let number = audit.to_string();
    let close = ["audit", "close", &number, "--outcome", "unfounded"];
    let row = agency.accord_as("b.fox", &close).done();
    assert_eq!((&row["closed_by"], &row["outcome"]), (&json!("b.fox"), &json!("unfounded")));
    assert!(agency.accord_as("b.fox", &close).failed(2).contains("was closed by"));
    assert!(run(&["audit", "plate", PLATE, "--audit", &number]).failed(1).contains("was closed"));
    assert_eq!(run(&["audit", "log"]).code, 0);
    let all = borne(&agency, "a.ames", before as u64).await;
    assert_eq!(all.iter().map(|(_, under)| *under).collect::<Vec<_>>(), [Some(second); 2]);
    // It ends by itself, too.
    agency.clock.shift(31 * DAY_MS);
    let end = agency.log().await.entries().len() as u64;
    assert_eq!(run(&["audit", "log"]).code, 0);
    assert_eq!(borne(&agency, "a.ames", end).await, [(Kind::AuditViewed, None)]);
    assert!(run(&["audit", "log", "--audit", &chosen]).failed(1).contains("after 30 days"));
    assert_eq!(agency.accord(&["audit", "verify"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_person_samples_the_looks() {
    let agency = with_auditors().await;
    let audit = opened(&agency, "a.ames", "subpoena 26-118");
    assert_eq!(agency.accord_as("a.ames", &["audit", "plate", PLATE]).code, 0);
    assert_eq!(agency.accord(&["audit", "show", "0"]).code, 0);
    assert_eq!(agency.accord_as("b.fox", &["audit", "log"]).code, 0);
    let sample = ["audit", "sample", "--looks", "--count", "20", "--seed", "march"];
    let ran = agency.accord_as("b.fox", &sample);
    assert_eq!(ran.code, 0, "{ran:?}");
    let rows = ran.lines();
    let told =
        |row: &Value| (row["user"].clone(), row["looked_at"].clone(), row["occasion"].clone());
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        [
            (json!("a.ames"), json!(format!("who saw plate {PLATE}")), json!("subpoena 26-118")),
            (json!("admin"), json!("entry 0, whole"), Value::Null),
        ],
        "those of others alone"
    );
    assert_eq!((&rows[0]["audit"], &rows[1]["audit"]), (&json!(audit), &Value::Null));
    let number = rows[0]["sample"].to_string();
    let record = ["audit", "record", "--sample", &number, "--finding", "both had an occasion"];
    let ran = agency.accord_as("a.ames", &record);
    assert!(ran.failed(1).contains("nobody records her own looks"), "{ran:?}");
    // Nor without a sample.
    let own = rows[0]["index"].to_string();
    let alone = ["audit", "record", "--entry", &own, "--finding", "in order"];
    assert!(agency.accord_as("a.ames", &alone).failed(1).contains("nobody records her own looks"));
    agency.accord_as("b.fox", &record).done();
    let log = agency.log().await;
    assert_eq!(
        log.one(Kind::AuditRecorded).body.actor.user.as_ref().map(|u| u.as_str()),
        Some("b.fox")
    );
    assert_eq!(log.one(Kind::AuditSampled).detail("looks"), &json!(true));
    assert_eq!(agency.accord(&["audit", "verify"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_policy_demands_an_occasion_nobody_looks_without() {
    let agency = Agency::of(Plan::of("owning-ca-pd")).await;
    let text = Policy::builtin_text("california-statute").expect("a policy");
    let demanding = format!("{text}\n[audit_occasion]\nat = [\"1798.90.53(b)(2)(C)\"]\n");
    policy::adopt(agency.own(), &agency.admin(), "ours.toml", &demanding).await.expect("a policy");
    let before = agency.log().await;
    for look in
        [&["audit", "log"][..], &["audit", "report", "--kind", "access"], &["audit", "verify"]]
    {
        let ran = agency.accord(look);
        let said = ran.failed(1);
        assert!(said.contains("accord audit open") && said.contains("/audit"), "{look:?}: {said}");
        assert!(said.contains("1798.90.53(b)(2)(C)"), "{look:?}: {said}");
    }
    let looks = |log: &tests::logs::Log| {
        log.entries().iter().filter(|entry| LOOKS.contains(&entry.header.kind)).count()
    };
    assert_eq!(looks(&agency.log().await), looks(&before), "nothing was looked at");
    // What an auditor does without looking needs none.
    agency.accord(&["audit", "record", "--finding", "all in order", "--ok"]).done();
    let audit = opened(&agency, "admin", "the quarter is over");
    assert_eq!(agency.accord(&["audit", "log"]).code, 0);
    assert_eq!(borne(&agency, "admin", audit).await, [(Kind::AuditViewed, Some(audit))]);
    assert_eq!(agency.accord(&["audit", "verify"]).code, 0);
    let page = agency.accord(&["policy", "page", "--format", "md"]);
    assert!(page.out.contains("on record what gives rise to it"), "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_audit_was_when_a_look_was_judged_counts_for_nothing_once_it_changed() {
    let agency = Agency::start("owning-ca-pd").await;
    let (own, by) = (agency.own(), agency.admin());
    let opening = Opening { occasion: words("a complaint"), kind: None, case: words("") };
    let audit = audits::open(own, &by, &opening).await.expect("an audit").audit;
    let state = own.registry.state();
    let auditor = own.looking(&state, &state.users[&by.user], &by, agency.now());
    let auditor = auditor.expect("an auditor");
    assert_eq!(auditor.audit, Some(audit));
    let look = |audit| {
        let actor = auditor.actor.clone();
        own.log.append(audit_viewed(Auditor { actor, audit }, Viewed::Entry(0)))
    };
    let conflicts = |appended: Result<_, AppendError>| {
        matches!(appended.map(drop), Err(AppendError::Conflict(Conflict::Audit)))
    };
    assert!(conflicts(look(None).await), "it hides the audit that is open");
    drop(look(Some(audit)).await.expect("it is open"));
    audits::close(own, &by, audit, &Closing::default()).await.expect("it is open");
    assert!(conflicts(look(Some(audit)).await), "it was closed meanwhile");
    drop(look(None).await.expect("none is open"));
    drop(audits::open(own, &by, &opening).await.expect("another"));
    assert!(conflicts(look(None).await), "one was opened meanwhile");
    assert_eq!(agency.log().await.count(Kind::AuditViewed), 2);
}
