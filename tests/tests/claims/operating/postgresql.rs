//! Real nodes of which one or both have their database on a PostgreSQL server: what holds on SQLite
//! holds there, and the server may go and come.

use node::auditing::alarms;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use schemas::purpose::Purpose;
use store::{EntryFilter, LogRecords as _};
use tests::agency::{Agency, Plan};
use tests::auditor::{bundles_of_both, reconcile_bundles};
use tests::federation::{answered_query, sharing_pair_of, shift_clocks};
use tests::fixtures::{DAY_MS, PLATE, draft};
use tests::wait::eventually;

fn asking() -> Plan {
    Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 2)
}

fn owning() -> Plan {
    Plan::of("owning-ca-pd")
}

/// Two agencies that share, made as the plans say.
async fn sharing(asking: Plan, owning: Plan) -> (Agency, Agency) {
    let (asking, owning, _) = sharing_pair_of(asking, owning).await;
    (asking, owning)
}

async fn refused(asking: &Agency, owning: &Agency) {
    let mut draft = draft(&[owning.id()], PLATE, asking.now());
    draft.why.purpose = Purpose::MissingPerson;
    assert_eq!(asking.ask(&draft).await[0].outcome, OutcomeCode::Refused);
}

/// What an administrator finds at an agency.
fn whole(at: &Agency) {
    let verified = at.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}: {verified:?}", at.id());
}

/// Both sides match this many answers and refusals, and find nothing.
fn both_match(asking: &Agency, owning: &Agency, matched: u64, refused_both: u64) {
    for (at, with) in [(asking, owning), (owning, asking)] {
        whole(at);
        let report = at.accord(&["audit", "reconcile", "--peer", with.id().as_str()]);
        assert_eq!(report.code, 0, "{report:?}");
        let told = &report.lines()[0];
        let counts = (told["matched"].as_u64(), told["refused_both"].as_u64());
        assert_eq!(counts, (Some(matched), Some(refused_both)), "{told}");
    }
}

/// Whether the database is well by `doctor`, and what that says of it.
fn database(at: &Agency) -> (bool, String) {
    at.accord(&["doctor"]).check("database")
}

async fn an_exchange_is_permitted_refused_logged_and_reconciled(asking: Plan, owning: Plan) {
    let (mut asking, mut owning) = sharing(asking, owning).await;
    answered_query(&asking, &owning).await;
    refused(&asking, &owning).await;
    both_match(&asking, &owning, 1, 1);
    // Everything goes on after a restart of both.
    asking.restart().await;
    owning.restart().await;
    answered_query(&asking, &owning).await;
    both_match(&asking, &owning, 2, 1);
    let auditor = bundles_of_both(&asking, &owning);
    let report = reconcile_bundles(&auditor, &asking, &owning);
    assert_eq!(report["matched"], 2, "{report:#}");
    for at in [&asking, &owning] {
        assert_eq!(at.log().await.count(Kind::AlarmRaised), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_on_postgresql_answers_refuses_and_reconciles() {
    an_exchange_is_permitted_refused_logged_and_reconciled(asking(), owning().on_postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_on_postgresql_asks_and_reconciles() {
    an_exchange_is_permitted_refused_logged_and_reconciled(asking().on_postgres(), owning()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_agencies_on_postgresql_exchange_and_reconcile() {
    an_exchange_is_permitted_refused_logged_and_reconciled(
        asking().on_postgres(),
        owning().on_postgres(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_which_server_it_is_and_when_it_is_away() {
    let owner = Agency::of(owning().on_postgres()).await;
    let (well, said) = database(&owner);
    assert!(well && said.starts_with("0 reads; PostgreSQL "), "{said}");
    owner.server().stop_at_once();
    let (well, said) = database(&owner);
    assert!(!well && said.contains("cannot be reached"), "{said}");
    owner.server().run();
    assert!(database(&owner).0);
}

#[tokio::test(flavor = "multi_thread")]
async fn past_its_retention_what_an_owner_keeps_on_postgresql_is_destroyed() {
    let (asking, owning) = sharing(asking(), owning().on_postgres()).await;
    answered_query(&asking, &owning).await;
    let answer = owning.log().await.one(Kind::QueryAnswered).header.index;
    let whole_entry = async || {
        let found = owning.store().entries(&EntryFilter::default(), answer, 1).await;
        found.expect("entries")[0].body.is_some()
    };
    shift_clocks([&asking, &owning], 1_200 * DAY_MS);
    let dry = owning.accord(&["retention", "run", "--dry-run"]).done();
    assert!(dry["entries_redacted"].as_u64() > Some(0) && whole_entry().await, "{dry}");
    let done = owning.accord(&["retention", "run"]).done();
    assert_eq!(done["entries_redacted"], dry["entries_redacted"]);
    assert_eq!((&done["reads_due"], &done["reads_purged"]), (&3.into(), &3.into()));
    assert!(!whole_entry().await);
    whole(&owning);
    let live = asking.accord(&["audit", "reconcile", "--peer", "owning-ca-pd"]);
    assert_eq!((live.code, &live.lines()[0]["matched"]), (0, &1.into()), "{live:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_server_crashes_releases_nothing_until_it_is_back_and_loses_nothing() {
    let (asking, owning) = sharing(asking(), owning().on_postgres()).await;
    answered_query(&asking, &owning).await;
    for round in 0..2 {
        owning.server().stop_at_once();
        let heard = asking.ask_one(owning.id(), PLATE).await;
        assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Unanswered, 0), "{heard:?}");
        owning.server().run();
        // The node was told nothing, and goes on by itself.
        answered_query(&asking, &owning).await;
        assert_eq!(owning.log().await.count(Kind::QueryAnswered), 2 + round);
    }
    whole(&owning);
    whole(&asking);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_whose_server_is_away_asks_nothing() {
    let (asking, owning) = sharing(asking().on_postgres(), owning()).await;
    let before = owning.log().await.entries().len();
    asking.server().stop_at_once();
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Unanswered, 0));
    let said = heard.error.expect("why nothing was asked");
    assert!(said.contains("audit log cannot be written"), "{said}");
    assert_eq!(owning.log().await.entries().len(), before);
    asking.server().run();
    answered_query(&asking, &owning).await;
    both_match(&asking, &owning, 1, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_without_its_last_entries_is_not_appended_to() {
    let (asking, owning) = sharing(asking(), owning().on_postgres()).await;
    answered_query(&asking, &owning).await;
    let (size, url) = (owning.context().agency.log.counters().size, owning.database());
    // As a standby that had not received them would take over.
    let lost = format!("delete from entries where idx >= {}", size - 2);
    assert_eq!(owning.server().sql(&url, &lost), "DELETE 2");
    owning.server().stop_at_once();
    owning.server().run();
    for _ in 0..2 {
        let heard = asking.ask_one(owning.id(), PLATE).await;
        assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Unanswered, 0));
    }
    let left = owning.server().sql(&url, "select count(*) from entries");
    assert_eq!(left, (size - 2).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_on_postgresql_is_put_back_from_its_backup_and_a_dump_made_right_after() {
    let (asking, mut owning) = sharing(asking(), owning().on_postgres()).await;
    answered_query(&asking, &owning).await;
    let place = tempfile::TempDir::new().expect("a folder");
    let path = |name: &str| place.path().join(name);
    let text = |path: std::path::PathBuf| path.to_str().expect("UTF-8").to_owned();
    let early = owning.server().dumped(&owning.database());
    let made = owning.accord(&["backup", "--out", &text(path("backups"))]).done();
    let late = owning.server().dumped(&owning.database());
    let backup = made["backup"].as_str().expect("a folder").to_owned();
    assert!(!std::path::Path::new(&backup).join("accord.db").exists());
    owning.stop().await;

    for (dump, home, starts) in [(&early, path("early"), false), (&late, path("late"), true)] {
        let put_back = || tests::command_line::accord_at(&home, &["restore", &backup]);
        let restored = tokio::task::block_in_place(put_back);
        assert_eq!(restored.code, 0, "{restored:?}");
        // Where the dump was put back, on a server of another name.
        let config = std::fs::read_to_string(home.join("accord.toml")).expect("a configuration");
        let moved = config.replace(&owning.database(), &owning.server().put_back(dump));
        assert_ne!(moved, config);
        std::fs::write(home.join("accord.toml"), moved).expect("a configuration");
        let opened = host::home::Home::open(&home).expect("a home");
        match node::run::Node::start(opened, owning.clock.clone()).await {
            Ok(node) => {
                assert!(starts, "a dump from before the backup does not lead to its head");
                let heard = eventually("its peer is answered again", async || {
                    let heard = asking.ask_one(owning.id(), PLATE).await;
                    (heard.outcome == OutcomeCode::Answered).then_some(heard)
                });
                assert_eq!(heard.await.reads.len(), 3);
                assert_eq!(
                    (
                        alarms::list(&node.context.agency).len(),
                        alarms::list(&asking.context().agency).len()
                    ),
                    (0, 0)
                );
                let log = tests::logs::Log::of(node.context.store.as_ref()).await;
                assert_eq!(log.count(Kind::BackupRestored), 1);
                node.stop().await;
            }
            Err(error) => {
                assert!(!starts, "{error}");
                assert!(error.to_string().contains("put back or cut short"), "{error}");
            }
        }
    }
}
