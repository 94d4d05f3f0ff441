//! Who may see what follows from the log: a database that says otherwise, whoever edited it, is not
//! served from.

use node::run::StartError;
use registry::Change;
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use schemas::user::User;
use store::LogRecords as _;
use tests::agency::Agency;
use tests::auditor::problems;
use tests::federation::{answered_query, sharing_pair};

/// The index of the last change of a kind, by the word for it.
async fn changed(agency: &Agency, change: &str) -> u64 {
    let changes = agency.store().changes(0, u32::MAX).await.expect("changes");
    let needle = format!(r#"{{"change":"{change}""#);
    let found = changes.iter().rfind(|stored| stored.text.starts_with(&needle));
    found.unwrap_or_else(|| panic!("no change `{change}`")).entry
}

/// What the node says when it starts on a database in which `statement` was run.
async fn refused(agency: &mut Agency, statement: String) -> String {
    let error = agency.start_error_once_edited(statement).await;
    assert!(matches!(error, StartError::Registry(_)), "{error}");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_does_not_start_on_a_registry_that_was_edited() {
    let (asking, mut owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    let user = changed(&owning, "user").await;
    let policy = changed(&owning, "policy").await;
    let card = changed(&owning, "card").await;
    let after = owning.log().await.entries().len() as u64 - 1;
    let stranger = owning.context().agency.registry.state().users.values().next().cloned();
    let stranger = User { name: "stranger".parse().expect("a name"), ..stranger.expect("a user") };
    let added =
        serde_json::to_string(&Change::User { user: stranger, alone: None, enrolment: None })
            .expect("a change");
    let not_the_one = "the database has one with";
    for (what, statement, entry, says) in [
        (
            "every role for a user",
            format!(
                r#"update changes set change = replace(change, '"roles":[', '"roles":["alpr_administrator",') where idx = {user}"#
            ),
            user,
            not_the_one,
        ),
        (
            "a policy that demands less of a reason",
            format!(
                "update changes set change = replace(change, 'offence_and_more', 'offence') where idx = {policy}"
            ),
            policy,
            not_the_one,
        ),
        (
            "another kind verified",
            format!(
                r#"update changes set change = replace(change, '"kind":"police"', '"kind":"sheriff"') where idx = {card}"#
            ),
            card,
            not_the_one,
        ),
        (
            "a change beside an entry that made none",
            format!("insert into changes (idx, change) values ({after}, '{added}')"),
            after,
            "changed nothing",
        ),
    ] {
        let said = refused(&mut owning, statement).await;
        assert!(
            said.contains(&format!("entry {entry}: ")) && said.contains(says),
            "{what}: {said}"
        );
        assert!(said.contains("accord restore"), "{what}: {said}");
    }
    // A change that is left out is missed by the one after it, or by the end of the log.
    owning.run().await;
    let last =
        owning.store().changes(0, u32::MAX).await.expect("changes").last().expect("a change").entry;
    for missing in [user, last] {
        let said = refused(&mut owning, format!("delete from changes where idx = {missing}")).await;
        assert!(said.contains("as the last that changed the registry"), "{said}");
    }
    owning.run().await;
    // As it was, it serves.
    answered_query(&asking, &owning).await;
    assert!(owning.log().await.count(Kind::QueryAnswered) >= 2);
}

/// The change at an entry, and the same one with a role more.
async fn promoted(agency: &Agency, entry: u64) -> [String; 2] {
    let changes = agency.store().changes(0, u32::MAX).await.expect("changes");
    let stored = changes.into_iter().find(|stored| stored.entry == entry).expect("a change");
    let more = stored.text.replacen(r#""roles":["#, r#""roles":["alpr_administrator","#, 1);
    assert_ne!(stored.text, more);
    [stored.text, more]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_is_told_of_a_registry_that_its_entries_do_not_tell() {
    let (_asking, mut owning, _) = sharing_pair().await;
    let user = changed(&owning, "user").await;
    let [before, after] = promoted(&owning, user).await;
    let edit = |text: &str| {
        [format!("update changes set change = '{}' where idx = {user}", text.replace('\'', "''"))]
    };
    // Edited beside the running node.
    owning.tamper_while_it_runs(&edit(&after)).await;
    let verified = owning.accord(&["audit", "verify"]);
    assert_eq!(
        (verified.code, problems(&verified.lines()[0])),
        (1, vec![(Some(user), "registry".into())])
    );
    let (ok, said) = owning.accord(&["doctor"]).check("registry");
    assert!(!ok && said.contains(&format!("entry {user}: ")), "{said}");
    // Edited with the entry that binds it, and the whole log written anew: the entry says otherwise.
    owning.stop().await;
    owning.edit_database(&edit(&after)).await;
    let digests = [before, after].map(|text| Digest::of(text.as_bytes()).to_string());
    owning.forge_entry(user, |body| body.replace(&digests[0], &digests[1])).await;
    let verified = owning.accord(&["audit", "verify"]);
    let report = &verified.lines()[0];
    assert_eq!((verified.code, problems(report)), (1, vec![(Some(user), "registry".into())]));
    assert!(report.to_string().contains("something else than what the entry says"), "{report:#}");
}
