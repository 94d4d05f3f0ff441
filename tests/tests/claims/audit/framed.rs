//! The owner that frames a requester, and the requester whose log says what it did not ask: real nodes,
//! their logs rewritten by their own agencies, and an auditor with both exports and both fingerprints.

use schemas::answer::Answer;
use schemas::body::{Access, Body, Outcome};
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::event::Event;
use schemas::query::{Query, QueryId};
use tests::agency::Agency;
use tests::auditor::{
    assert_problem, bundles_of_both, entry_index, findings_of, key_pins, pair_with_exchange,
    reconcile_bundles, single_finding,
};
use tests::federation::answered_query;
use tests::fixtures::SETTLED_MS;
use tests::identity::Identity;
use tests::tampering::Forged;

/// In place of an exchange one that never was: a query in the name of another agency, signed by its
/// own owner, and the answer to it.
fn frame(entry: &mut Forged, owner: &Identity) {
    let lines = entry.envelopes.clone().expect("envelopes");
    let beside: Vec<Envelope> =
        lines.lines().map(|line| Envelope::parse(line.as_bytes()).expect("an envelope")).collect();
    let mut query: Query = serde_json::from_slice(beside[0].unverified_payload()).expect("a query");
    let mut answer: Answer =
        serde_json::from_slice(beside[1].unverified_payload()).expect("an answer");
    query.id = QueryId::from_bytes([7; 16]);
    query.elements.plate = Some("1PRESS1".parse().expect("a plate"));
    let signed = owner.sign(Signed::Query, &query);
    answer.query_id = query.id;
    answer.query_digest = signed.digest();
    let reply = owner.sign(Signed::Answer, &answer);
    let mut body: Body = serde_json::from_str(&entry.body).expect("a body");
    if let Event::QueryAnswered(event) = &mut body.event {
        let access = Access::of_signed(&query, signed.digest(), Outcome::Answered);
        event.access = access.answered(&answer, reply.digest());
        event.theirs = None;
    }
    entry.header.query = Some(query.id.digest());
    entry.body = serde_json::to_string(&body).expect("JSON");
    entry.envelopes = Some(format!("{}\n{}", signed.to_text(), reply.to_text()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_frames_a_requester_is_found_out_and_nobody_else_accused() {
    let (asking, mut owning, _) = pair_with_exchange().await;
    answered_query(&asking, &owning).await;
    let index = owning.log().await.all(Kind::QueryAnswered)[1].header.index;
    let owner = owning.identity.clone();
    owning.forge(index, |entry| frame(entry, &owner)).await;
    let auditor = bundles_of_both(&asking, &owning);
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_eq!(code, 1);
    assert_problem(&report, Some(index), "signature");
    let report = reconcile_bundles(&auditor, &asking, &owning);
    assert!(findings_of(&report, "owner_holds_unknown_query").is_empty(), "{report:#}");
    for finding in report["findings"].as_array().expect("findings") {
        let accused = finding["agency"].as_str().unwrap_or("owning-ca-pd");
        let signer = finding["signed_by"]["agency"].as_str().unwrap_or("owning-ca-pd");
        assert_eq!((accused, signer), ("owning-ca-pd", "owning-ca-pd"), "{finding:#}");
    }
    // Without a node the verdict is the same.
    let paths = [auditor.path("owning"), auditor.path("asking")];
    let pins = key_pins(&[&asking, &owning]);
    let mut args = vec!["reconcile", &paths[0], &paths[1], "--grace", "0"];
    args.extend(pins.iter().map(String::as_str));
    let without = auditor.run_without_node(&args);
    let with = auditor.run_as_text(&[&["audit"], &args[..]].concat());
    assert_eq!((without.code, &without.out), (1, &with.out));
    // The node's own comparison tells against its own log, and holds the peer to nothing.
    for agency in [&asking, &owning] {
        agency.clock.shift(SETTLED_MS);
    }
    own_log_is_unsound(&owning, index, 1);
    let theirs = asking.accord(&["audit", "reconcile", "--peer", "owning-ca-pd"]);
    let theirs = theirs.lines();
    let silent = findings_of(&theirs[0], "replied_owner_silent");
    assert_eq!(silent.len(), 1, "{theirs:?}");
    assert_eq!(silent[0]["signed_by"]["agency"], "owning-ca-pd", "{silent:#?}");
}

/// That a node's comparison tells of one of its own entries that its tables tell otherwise, accuses its
/// peer of nothing, and finds everything else as it was.
fn own_log_is_unsound(owning: &Agency, index: u64, matched: u64) {
    let own = owning.accord(&["audit", "reconcile", "--peer", "asking-ca-pd"]);
    let report = &own.lines()[0];
    let unsound = findings_of(report, "unsound");
    let told = unsound.iter().any(|one| one["index"] == index && one["agency"] == "owning-ca-pd");
    assert!(told, "{report:#}");
    assert_eq!((own.code, &report["matched"]), (1, &matched.into()), "{report:#}");
    for finding in report["findings"].as_array().expect("findings") {
        assert_ne!(finding["signed_by"]["agency"], "asking-ca-pd", "{finding:#}");
        assert_ne!(finding["agency"], "asking-ca-pd", "{finding:#}");
    }
}

/// Other bytes under the same id, which neither the tables nor the header's digest of it show.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_with_another_reply_is_stated_to_nobody() {
    let (asking, mut owning, _) = pair_with_exchange().await;
    answered_query(&asking, &owning).await;
    let index = owning.log().await.all(Kind::QueryAnswered)[1].header.index;
    let owner = owning.identity.clone();
    owning
        .forge(index, |entry| {
            let lines = entry.envelopes.clone().expect("envelopes");
            let (query, reply) = lines.split_once('\n').expect("two");
            let reply = Envelope::parse(reply.as_bytes()).expect("an envelope");
            let mut answer: Answer =
                serde_json::from_slice(reply.unverified_payload()).expect("an answer");
            answer.truncated = !answer.truncated;
            entry.envelopes =
                Some(format!("{query}\n{}", owner.sign(Signed::Answer, &answer).to_text()));
        })
        .await;
    for agency in [&asking, &owning] {
        agency.clock.shift(SETTLED_MS);
    }
    own_log_is_unsound(&owning, index, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_invented_officers_and_cases_is_unsound() {
    let (mut asking, owning, _) = pair_with_exchange().await;
    for kind in [Kind::QuerySent, Kind::AnswerReceived] {
        let index = entry_index(&asking, kind).await;
        asking
            .forge_entry(index, |body| body.replacen("stolen_vehicle", "missing_person", 1))
            .await;
        let auditor = bundles_of_both(&asking, &owning);
        let (code, report) = auditor.verify("asking", &[&asking, &owning]);
        assert_eq!(code, 1);
        assert_problem(&report, Some(index), "binding");
        let report = reconcile_bundles(&auditor, &asking, &owning);
        let unsound = findings_of(&report, "unsound");
        assert!(unsound.iter().any(|one| one["index"] == index), "{report:#}");
        assert!(unsound.iter().all(|one| one["agency"] == "asking-ca-pd"), "{report:#}");
    }
    // What is reported is what was asked.
    let rows = asking.accord(&["audit", "report", "--kind", "access"]).lines();
    let sent = rows.iter().find(|row| row["kind"] == "query.sent").expect("the query");
    assert_eq!(sent["purpose"], "stolen_vehicle", "{sent:#}");
    let word = sent["unproven"].as_str().expect("a word");
    assert!(word.contains("does not verify"), "{word}");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_peers_hold_show_who_hands_over_an_old_bundle() {
    let (asking, owning, _) = pair_with_exchange().await;
    let auditor = bundles_of_both(&asking, &owning);
    answered_query(&asking, &owning).await;
    auditor.receive("asking", &asking, &[]);
    let paths = [auditor.path("asking"), auditor.path("owning")];
    let pins = key_pins(&[&asking, &owning]);
    let mut args = vec!["heads", &paths[0], &paths[1]];
    args.extend(pins.iter().map(String::as_str));
    let ended = auditor.run_without_node(&[&["--json"], &args[..]].concat());
    assert_eq!((ended.code, &ended.out), (1, &auditor.run(&[&["audit"], &args[..]].concat()).out));
    assert_eq!(single_finding(&ended.lines()[0], "stale_bundle")["agency"], "owning-ca-pd");
    let report = reconcile_bundles(&auditor, &asking, &owning);
    assert_eq!(single_finding(&report, "stale_bundle")["agency"], "owning-ca-pd");
    assert_eq!(report["open"], 0);
    auditor.receive("owning", &owning, &[]);
    auditor.receive("asking", &asking, &[]);
    let ended = auditor.run_without_node(&args);
    assert_eq!(ended.code, 0, "{ended:?}");
}
