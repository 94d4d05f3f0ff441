//! What auditors do: who saw a plate, one entry whole, both logs side by side, reports on paper, holds.

use node::auditing::explaining::{Explaining, explain};
use schemas::entry::EntryKind as Kind;
use schemas::event::audit::FindingsExplained;
use schemas::finding::FindingClass;
use schemas::purpose::QueryKind;
use tests::agency::{Agency, Plan};
use tests::browser::Browser;
use tests::federation::{answered_query, in_force_with, introduce};
use tests::fixtures::{PLATE, words};
use tests::looks::{is_readable, keep_file, sign_in};
use tests::signing_in::{Person, administrator};

/// An owner with pages that has answered a query, its auditor, and who asked.
async fn answered() -> (Agency, Agency, Person) {
    let mut owning = Agency::of(Plan::of("owning-ca-pd").with_pages()).await;
    let asking = Agency::of(Plan::of("asking-ca-pd")).await;
    let auditor = administrator(&mut owning).await;
    owning.add_reads(PLATE, 3).await;
    introduce(&[&asking, &owning]).await;
    in_force_with(&[&asking, &owning], |text| text.query_kinds.push(QueryKind::Partial)).await;
    answered_query(&asking, &owning).await;
    (owning, asking, auditor)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saw_a_plate_is_told_whatever_was_typed_and_each_entry_with_its_proof() {
    let (owning, asking, auditor) = answered().await;
    // Found by a part of it: no entry of this query names the plate.
    let mut draft = tests::fixtures::draft(&[owning.id()], PLATE, owning.now());
    draft.elements.kind = QueryKind::Partial;
    draft.elements.plate = None;
    draft.elements.pattern = Some("7ABC*".parse().expect("a pattern"));
    let heard = asking.ask(&draft).await;
    assert_eq!(heard.first().map(|one| one.reads.len()), Some(3), "{heard:?}");
    let browser = Browser::open(true).await;
    sign_in(&browser, &owning, &auditor).await;
    browser.press("nav a[href='/audit']").await;
    browser.reads("What is due").await;
    is_readable(&browser, "audit").await;
    browser.fill("#plate", PLATE).await;
    browser.press("form[action='/audit/plate'] button").await;
    let said = browser.reads("2 entries released or showed").await;
    assert!(said.contains("7ABC*") && said.contains("asking-ca-pd"), "{said}");
    is_readable(&browser, "who saw a plate").await;
    browser.press("form[action='/log/entry'] button").await;
    let said = browser.reads("That it stands in the log").await;
    assert!(said.contains("query.answered") && said.contains("c2sp.org/tlog-proof"), "{said}");
    assert!(said.contains("Its body is what the header commits to"), "{said}");
    is_readable(&browser, "entry").await;
    assert_eq!(owning.log().await.count(Kind::AuditViewed), 2, "both looks are on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_logs_stand_side_by_side_and_what_differs_has_its_evidence() {
    let (owning, asking, auditor) = answered().await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &owning, &auditor).await;
    browser.press("nav a[href='/audit']").await;
    browser.press("a[href='/reconcile']").await;
    browser.fill("#peer", "asking-ca-pd").await;
    browser.press("main button.first").await;
    browser.reads("Both logs tell the same").await;
    is_readable(&browser, "reconciled").await;
    // What the asking agency did is out of its tables, as somebody there would wish.
    asking.tamper_while_it_runs(&["delete from asked".to_owned()]).await;
    owning.clock.shift(tests::fixtures::SETTLED_MS);
    asking.clock.shift(tests::fixtures::SETTLED_MS);
    browser.fill("#peer", "asking-ca-pd").await;
    browser.press("main button.first").await;
    let said = browser.reads("1 difference between our log and that of asking-ca-pd").await;
    assert!(said.contains("Owner holds unknown query"), "{said}");
    browser.press("section.card summary").await;
    browser.reads("proven under the signed head").await;
    is_readable(&browser, "differences").await;
    // What an auditor said of it stands beside it the next time.
    let findings = FindingsExplained {
        class: FindingClass::OwnerHoldsUnknownQuery,
        queries: vec![owning.log().await.one(Kind::QueryAnswered).access().query_id],
        log: None,
        index: None,
        reason: words("They restored a backup"),
    };
    let said = Explaining { peer: asking.id().clone(), findings };
    let store = owning.store();
    explain(owning.own(), store.as_ref(), &owning.admin(), said).await.expect("on record");
    browser.fill("#peer", "asking-ca-pd").await;
    browser.press("main button.first").await;
    let said = browser.reads("Explained on").await;
    assert!(said.contains("They restored a backup"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_made_printed_and_on_record() {
    let (owning, _asking, auditor) = answered().await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &owning, &auditor).await;
    browser.press("nav a[href='/audit']").await;
    browser.press("form[action='/reports'] button").await;
    let said = browser.reads("1 row").await;
    assert!(said.contains(PLATE) && said.contains("Maria Reyes"), "{said}");
    is_readable(&browser, "report").await;
    let printed = browser.printed().await;
    assert!(printed.starts_with(b"%PDF"));
    keep_file("report.pdf", &printed);
    assert_eq!(owning.log().await.count(Kind::AuditReported), 1);
    // Drawn by a seed, and what was found is recorded.
    browser.press("nav a[href='/audit']").await;
    browser.fill("#seed", "first of December").await;
    browser.press("form[action='/audit/sample'] button").await;
    browser.reads("1 of 1 accesses").await;
    is_readable(&browser, "sample").await;
    browser.fill("#finding", "the reason names the offence").await;
    browser.press("form[action='/audit/record'] button").await;
    browser.reads("It is recorded").await;
    assert_eq!(owning.log().await.count(Kind::AuditRecorded), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_is_opened_with_its_occasion_and_every_look_shows_it() {
    let (owning, _asking, auditor) = answered().await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &owning, &auditor).await;
    browser.press("nav a[href='/audit']").await;
    browser.reads("You look under no audit").await;
    browser.fill("#occasion", "a neighbour says that she is followed").await;
    browser.fill("#occasion-kind", "complaint").await;
    browser.fill("#case", "26-1104").await;
    browser.press("form[action='/audit/open'] button").await;
    let said = browser.reads("You look under audit").await;
    let words = "complaint: a neighbour says that she is followed, case 26-1104";
    assert!(said.contains(words), "{said}");
    is_readable(&browser, "audit that is open").await;
    let audit = owning.log().await.one(Kind::AuditOpened).header.index;
    browser.fill("#plate", PLATE).await;
    browser.press("form[action='/audit/plate'] button").await;
    let said = browser.reads("1 entry released").await;
    assert!(said.contains(&format!("You look under audit {audit}: complaint")), "{said}");
    // The log shows of each look under which audit it was.
    browser.press("nav a[href='/log']").await;
    browser.press("main button.first").await;
    let said = browser.reads("Entries from").await;
    let told = said.matches(&format!("under audit {audit}")).count();
    assert!(said.contains("audit.viewed") && told >= 2, "of the page and of the entry: {said}");
    is_readable(&browser, "log under an audit").await;
    // Looks are drawn by the form of samples, those of others alone.
    browser.press("nav a[href='/audit']").await;
    browser.fill("#of", "looks").await;
    browser.fill("#seed", "first of December").await;
    browser.press("form[action='/audit/sample'] button").await;
    browser.reads("0 of 0 looks of others").await;
    // With a second one open she says under which she looks.
    browser.press("nav a[href='/audit']").await;
    browser.press("details:has(form[action='/audit/open']) summary").await;
    browser.fill("#occasion", "the quarter is over").await;
    browser.press("form[action='/audit/open'] button").await;
    browser.reads("the quarter is over").await;
    browser.fill("#audit", &audit.to_string()).await;
    browser.press("form[action='/audit/under'] button").await;
    browser.reads(&format!("You look under audit {audit}: complaint")).await;
    is_readable(&browser, "two audits that are open").await;
    // Closed with what came of it, it lends its occasion to nothing.
    browser.press(&format!("section[aria-label='Audit {audit}'] summary")).await;
    browser.fill(&format!("#outcome-{audit}"), "unfounded").await;
    browser.press(&format!("section[aria-label='Audit {audit}'] form button")).await;
    let log = owning.log().await;
    let second = log.all(Kind::AuditOpened)[1].header.index;
    let said = browser.reads(&format!("You look under audit {second}: the quarter")).await;
    assert!(!said.contains("complaint: a neighbour"), "{said}");
    let log = owning.log().await;
    assert_eq!(log.one(Kind::AuditClosed).detail("outcome"), "unfounded");
    let looks: Vec<_> = log.all(Kind::AuditViewed).iter().map(|look| look.body.audit).collect();
    assert_eq!(looks, [Some(audit); 2]);
    assert_eq!(log.one(Kind::AuditSampled).body.audit, Some(audit));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_placed_and_released_and_health_is_told() {
    let (owning, _asking, auditor) = answered().await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &owning, &auditor).await;
    browser.press("nav a[href='/holds']").await;
    browser.reads("Nothing is under hold").await;
    browser.fill("#case", "26-004711").await;
    browser.fill("#reason", "subpoena 26-118").await;
    browser.press("form[action='/holds'] button").await;
    let said = browser.reads("case 26-004711").await;
    assert!(said.contains("subpoena 26-118"), "{said}");
    is_readable(&browser, "holds").await;
    browser.press("td summary").await;
    browser.fill("#reason-hold-1", "the case is closed").await;
    browser.press("form[action='/holds/release'] button").await;
    browser.reads("the case is closed").await;
    let log = owning.log().await;
    assert_eq!((log.count(Kind::HoldPlaced), log.count(Kind::HoldReleased)), (1, 1));
    browser.press("nav a[href='/health']").await;
    browser.reads("What is well").await;
    is_readable(&browser, "health").await;
    browser.go(&(tests::looks::origin(&owning) + "/alarms")).await.expect("alarms");
    browser.reads("There was never an alarm").await;
}
