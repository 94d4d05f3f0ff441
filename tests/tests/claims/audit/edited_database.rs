//! A database that somebody edited is told from one that a crash left and from one that was put back,
//! up to its newest entry and in what its tables count.

use node::auditing::alarms;
use node::run::StartError;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use store::LogWriter as _;
use tests::agency::{Agency, Plan};
use tests::federation::{answered_query, sharing_pair, sharing_pair_of};
use tests::fixtures::{OFFICER, PLATE};

/// What the node says when it does not start on a database in which `statement` was run, and which
/// entry it names.
async fn refused(agency: &mut Agency, statement: &str) -> (Option<u64>, String) {
    match agency.start_error_once_edited(statement.to_owned()).await {
        StartError::Edited(edited) => (edited.entry, edited.to_string()),
        // The newest entry is held against the registry too, and first.
        StartError::Registry(error) => {
            let said = error.to_string();
            let named = said.split("entry ").nth(1).and_then(|rest| rest.split(':').next());
            (named.and_then(|number| number.parse().ok()), said)
        }
        other => panic!("`{statement}`: {other}"),
    }
}

/// An owner that has answered, and the number of its last entry, which its anchor covers or not.
async fn answered(anchored: bool) -> (Agency, Agency, u64) {
    let (asking, mut owning, _) = sharing_pair().await;
    owning.restart().await;
    let anchor = owning.home().join("anchor");
    let early = std::fs::read(&anchor).expect("an anchor");
    answered_query(&asking, &owning).await;
    owning
        .wait_for_log("the receipt", |log| (log.count(Kind::ReceiptRecorded) == 1).then_some(()))
        .await;
    let last = owning.log().await.entries().len() as u64 - 1;
    owning.stop().await;
    if !anchored {
        // As a crash leaves it: the anchor is of a second ago.
        std::fs::write(&anchor, early).expect("an anchor");
    }
    (asking, owning, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_the_newest_entries_names_the_entry() {
    let (_asking, mut owning, last) = answered(false).await;
    let before = last - 1;
    for (what, statement, entry, says) in [
        (
            "the last one is gone",
            format!("delete from entries where idx = {last}"),
            last,
            "is missing",
        ),
        (
            "one before the last is gone",
            format!("delete from entries where idx = {before}"),
            before,
            "",
        ),
        (
            "one more",
            format!(
                "insert into entries (idx, at, kind, peer, peer_seq, query, header, salt, body, envelope, nodes) select {last} + 1, at, kind, peer, peer_seq + 1, query, header, salt, body, envelope, zeroblob(32) from entries where idx = {last}"
            ),
            last + 1,
            "was added",
        ),
        (
            "another time of the last one",
            format!("update entries set at = at + 1 where idx = {last}"),
            last,
            "time was changed",
        ),
        (
            "another body",
            format!(
                "update entries set body = replace(body, '\"at\":\"2', '\"at\":\"1') where idx = {last}"
            ),
            last,
            "its body is not the one",
        ),
        (
            "another envelope",
            format!("update entries set envelope = envelope || ' ' where idx = {last}"),
            last,
            "its envelopes are not those",
        ),
    ] {
        let (named, said) = refused(&mut owning, &statement).await;
        assert_eq!(named, Some(entry), "{what}: {said}");
        let by = said.contains("somebody edited it") || said.contains("Somebody changed it");
        assert!(said.contains(says) && by, "{what}: {said}");
        assert!(said.contains("accord restore"), "{what}: {said}");
    }
    // Of two entries side by side, the tree tells that one of them is another.
    let header = r#"update entries set header = replace(header, '"at":"2', '"at":"1')"#;
    let error = owning.start_error_once_edited(format!("{header} where idx = {before}")).await;
    let said = error.to_string();
    assert!(matches!(error, StartError::Edited(_) | StartError::Registry(_)), "{said}");
    assert!(
        said.contains("another entry there") || said.contains("another than the log's tree"),
        "{said}"
    );
    // As it was, it serves.
    owning.run().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_what_the_tables_count_is_told() {
    let (_asking, mut owning, _) = answered(true).await;
    for (what, statement, says) in [
        ("no use of the agreement", "update served set authority = 'else-ca-pd/2026'", "how often"),
        ("a use that was none", "update served set outcome = 'refused'", "how often"),
        (
            "an answer of another day",
            "update served set at = at - 86400000",
            "answers were given on a day",
        ),
        ("a receipt that came", "update served set receipted_at = null", "receipts"),
        (
            "a number of a peer",
            "update entries set peer_seq = peer_seq + 7 where idx = (select max(idx) from entries where peer is not null)",
            "numbers of a peer",
        ),
    ] {
        let (named, said) = refused(&mut owning, statement).await;
        assert_eq!(named, None, "{what}: {said}");
        assert!(said.contains("beside the log") && said.contains(says), "{what}: {said}");
    }
    // What a requester counts of its own answers, too.
    let (mut asking, owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    let (_, said) = refused(&mut asking, "update asked set outcome = 'unanswered'").await;
    assert!(said.contains("how often"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_the_head_that_was_signed_does_not_start() {
    let (_asking, mut owning, last) = answered(true).await;
    for (what, statement, entry, says) in [
        ("none", "delete from head", Some(0), "no signed head"),
        (
            "an edited one",
            "update head set signed = replace(signed, 'size ', 'size 1')",
            None,
            "does not hold",
        ),
        ("no note", "update head set signed = 'x'", None, "is none"),
    ] {
        let (named, said) = refused(&mut owning, statement).await;
        assert_eq!(named, entry, "{what}: {said}");
        assert!(said.contains(says), "{what}: {said}");
    }
    // That of another node, whole and signed by it.
    let other = Agency::start("other-ca-pd").await;
    let theirs = other.store().signed_head().await.expect("a store").expect("a head");
    let statement = format!("update head set signed = '{theirs}'");
    let error = owning.start_error_once_edited(statement).await;
    assert!(matches!(error, StartError::OtherKey(_)), "{error}");
    // The whole log written anew by one who has no key, up to tables and tree; the anchor is gone.
    owning.run().await;
    let signed = owning.store().signed_head().await.expect("a store").expect("a head");
    owning.forge_entry(last, |body| body.replacen(r#""at":"2"#, r#""at":"1"#, 1)).await;
    owning.stop().await;
    let (_, said) = refused(&mut owning, &format!("update head set signed = '{signed}'")).await;
    assert!(said.contains("was added") || said.contains("were exchanged"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_ended_at_once_starts_though_its_anchor_is_behind() {
    let (asking, mut owning, last) = answered(false).await;
    owning.run().await;
    assert!(owning.log().await.entries().len() as u64 > last);
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    assert_eq!(alarms::list(&owning.context().agency).len(), 0);
    let (ok, said) = owning.accord(&["doctor"]).check("log");
    assert!(ok && said.contains("as signed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_of_a_head_that_was_exchanged_beside_the_running_node() {
    let (_asking, mut owning, _) = answered(true).await;
    owning.run().await;
    owning.tamper_while_it_runs(&["delete from head".into()]).await;
    let (ok, said) = owning.accord(&["doctor"]).check("log");
    assert!(!ok && said.contains("no signed head"), "{said}");
    // The next entry signs again what this node wrote.
    owning.add_reads(PLATE, 1).await;
    assert!(owning.accord(&["doctor"]).check("log").0);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_of_an_entry_that_is_no_longer_found_by_who_acted_in_it() {
    let (_asking, mut owning, last) = answered(true).await;
    owning.run().await;
    let looked = async |owning: &Agency| {
        let (app, store) = (&owning.node().app, &owning.context().store);
        app.mentions.run(store.as_ref()).await.expect("a look through the log");
        owning.accord(&["doctor"]).check("mentions")
    };
    let (ok, said) = looked(&owning).await;
    assert!(ok && said.contains("each found by what it says"), "{said}");
    // What was taken out leads nowhere; what was put in misleads nobody, for the entry says who acted.
    let put = format!("insert into mentions values (1, 'nobody', {last})");
    owning.tamper_while_it_runs(&[put]).await;
    let (ok, said) = looked(&owning).await;
    assert!(ok, "{said}");
    let listed = owning.accord(&["audit", "log", "--user", OFFICER]);
    assert!(listed.out.contains("query.answered"), "{listed:?}");
    let gone = "delete from mentions where entry =
        (select max(idx) from entries where kind = 'query.answered')";
    owning.tamper_while_it_runs(&[gone.into()]).await;
    let listed = owning.accord(&["audit", "log", "--user", OFFICER]);
    assert!(!listed.out.contains("query.answered"), "{listed:?}");
    let (ok, said) = looked(&owning).await;
    assert!(!ok && said.contains("somebody edited the table `mentions`"), "{said}");
    assert!(!said.contains(OFFICER), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_went_on_by_itself_is_told_from_one_that_is_only_old() {
    let (_asking, mut owning, _) = sharing_pair().await;
    owning
        .roll_back_after(async |owning| {
            owning.add_reads(PLATE, 1).await;
        })
        .await;
    let error = owning.start_error().await;
    assert!(matches!(error, StartError::RolledBack { .. }), "{error}");
    assert!(error.to_string().contains("an earlier time"), "{error}");
    // The copy is run without the anchor, writes as much, and the anchor comes back.
    let anchor = std::fs::read(owning.home().join("anchor")).expect("an anchor");
    owning.delete_anchor();
    owning.run().await;
    for _ in 0..3 {
        owning.add_reads("8COPY42", 1).await;
    }
    owning.stop().await;
    std::fs::write(owning.home().join("anchor"), anchor).expect("an anchor");
    let error = owning.start_error().await;
    assert!(matches!(error, StartError::AnotherCopy { .. }), "{error}");
    assert!(error.to_string().contains("two copies of this node"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_edit_of_a_server_changes_is_told_as_on_sqlite() {
    let plans = (Plan::of("asking-ca-pd"), Plan::of("owning-ca-pd").on_postgres());
    let (asking, mut owning, _) = sharing_pair_of(plans.0, plans.1).await;
    answered_query(&asking, &owning).await;
    owning
        .wait_for_log("the receipt", |log| (log.count(Kind::ReceiptRecorded) == 1).then_some(()))
        .await;
    let last = owning.log().await.entries().len() as u64 - 1;
    owning.stop().await;
    let (server, url) = (owning.server(), owning.database());
    let pristine = server.dumped(&url);
    for (what, sql, says) in [
        (
            "the last entry is gone",
            format!("delete from entries where idx = {last}"),
            format!("entry {last}: it is missing"),
        ),
        (
            "the count of uses",
            "update served set authority = 'else-ca-pd/2026'".into(),
            "how often each authority was used was changed".into(),
        ),
        ("the head is gone", "delete from head".into(), "no signed head".into()),
        (
            "every role for a user",
            r#"update changes set change = replace(change, '"roles":[', '"roles":["alpr_administrator",') where change like '{"change":"user"%'"#.into(),
            "its registry is not the one that the log tells".into(),
        ),
    ] {
        let edited = server.put_back(&pristine);
        drop(server.sql(&edited, &sql));
        let error = owning.start_error_on(&edited).await;
        assert!(error.to_string().contains(&says), "{what}: {error}");
    }
    owning.run().await;
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
}
