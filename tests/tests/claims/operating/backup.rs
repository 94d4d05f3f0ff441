//! A node is backed up while it runs, where and by whom that may be, and old backups end.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use host::home::{Home, HomeError};
use node::backup::create::{self, BackUp};
use node::run::{Node, StartError};
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use serde_json::Value;
use tempfile::TempDir;
use tests::agency::{Agency, Plan};
use tests::command_line::{CommandOutput, accord_at};
use tests::federation::{in_force, introduce, shift_clocks};
use tests::fixtures::{DAY_MS, PLATE};
use tests::wait::eventually;

pub(super) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

pub(super) fn back_up(agency: &Agency, out: &Path) -> Value {
    agency.accord(&["backup", "--out", text(out)]).done()
}

pub(super) fn folder(made: &Value) -> PathBuf {
    made["backup"].as_str().expect("a path").into()
}

pub(super) fn restore(folder: &Path, home: &Path) -> CommandOutput {
    tokio::task::block_in_place(|| accord_at(home, &["restore", text(folder)]))
}

/// Starts the node of `home`, on the clock of `of`.
pub(super) async fn starts(home: &Path, of: &Agency) -> Arc<Node> {
    // A node that was just stopped may hold its home for a moment longer.
    eventually("the node starts", async || {
        match Node::start(Home::open(home).expect("a home"), of.clock.clone()).await {
            Ok(node) => Some(node),
            Err(StartError::Home(HomeError::Running(_))) => None,
            Err(error) => panic!("{error}"),
        }
    })
    .await
}

/// Every file below `dir` with its permissions.
pub(super) fn files(dir: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let mode = fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
            found.push((path, mode));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_backup_destroys_those_of_this_agency_that_have_ended_and_no_other() {
    let agency = Agency::start("owning-ca-pd").await;
    let other = Agency::start("owning-ca-pd-annex").await;
    let place = TempDir::new().expect("a folder");
    let out = place.path();
    let short = folder(&agency.accord(&["backup", "--out", text(out), "--keep-days", "1"]).done());
    let long = folder(&back_up(&agency, out));
    let others = folder(&other.accord(&["backup", "--out", text(out), "--keep-days", "1"]).done());
    // Two days on.
    shift_clocks([&agency, &other], 2 * DAY_MS);
    // What a crash left of one.
    let left = out.join(".owning-ca-pd-20260101T000000000Z.partial");
    fs::create_dir(&left).expect("a folder");
    fs::write(left.join("accord.db"), "half").expect("a file");
    let made = back_up(&agency, out);
    let destroyed = made["destroyed"].as_array().expect("a list");
    assert_eq!(destroyed.len(), 2, "{made}");
    assert!(!short.exists() && !left.exists());
    assert!(long.exists() && others.exists() && folder(&made).exists());
    let log = agency.log().await;
    let entry = log.all(Kind::BackupMade).into_iter().next_back().expect("an entry");
    assert_eq!(entry.said["destroys"], made["destroyed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_administers_makes_a_backup_and_only_where_it_makes_sense() {
    let mut agency = Agency::of(Plan::of("owning-ca-pd")).await;
    let place = TempDir::new().expect("a folder");
    let out = text(place.path());
    let by_officer = agency.accord_as(tests::fixtures::OFFICER, &["backup", "--out", out]);
    assert!(by_officer.failed(1).contains("may not do this"), "{by_officer:?}");
    for (args, said) in [
        (vec!["backup", "--out", out, "--keep-days", "91"], "expected 1 to 90"),
        (vec!["backup", "--out", out, "--keep-days", "0"], "expected 1 to 90"),
        (vec!["backup", "--out", text(&agency.home().join("backups"))], "is in the home"),
    ] {
        let refused = agency.accord(&args);
        assert!(refused.failed(2).contains(said), "{refused:?}");
    }
    assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 0);
    assert_eq!(agency.log().await.count(Kind::BackupMade), 0);
    // Nothing is copied that is not in the log first.
    agency.store().fail_on(Kind::BackupMade, tests::faulty_store::Failure::BeforeWrite);
    let unlogged = agency.accord(&["backup", "--out", out]);
    assert_eq!(unlogged.code, 3, "{unlogged:?}");
    assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 0);
    agency.store().mend();
    // Without a node it is the same.
    agency.stop().await;
    let by_officer = agency.accord_as(tests::fixtures::OFFICER, &["backup", "--out", out]);
    assert!(by_officer.failed(1).contains("may not do this"), "{by_officer:?}");
    back_up(&agency, place.path());
    let log = agency.log().await;
    assert!(log.one(Kind::BackupMade).body.actor.auth.ends_with(", the node at rest"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_when_a_backup_is_due_and_when_one_has_ended() {
    let agency = Agency::start("owning-ca-pd").await;
    let place = TempDir::new().expect("a folder");
    let check = |agency: &Agency| agency.accord(&["doctor"]).check("backups");
    assert_eq!(check(&agency), (true, "none was made yet".into()));
    let made = agency.accord(&["backup", "--out", text(place.path()), "--keep-days", "1"]).done();
    let (ok, said) = check(&agency);
    assert!(ok && said.contains(text(&folder(&made))), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_answered_while_a_backup_is_made() {
    let asking = Agency::start("asking-ca-pd").await;
    let owning = Agency::start("owning-ca-pd").await;
    introduce(&[&asking, &owning]).await;
    owning.add_reads(PLATE, 2_000).await;
    in_force(&[&asking, &owning]).await;
    let place = TempDir::new().expect("a folder");
    let asked = async {
        for _ in 0..20 {
            assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
        }
    };
    let backups = async {
        let (admin, context) = (owning.admin(), owning.context());
        let home = Home::open(owning.home()).expect("a home");
        for _ in 0..3 {
            let asked = BackUp { out: place.path().into(), keep_days: 1 };
            let store = context.store.as_ref();
            let made = create::back_up(&context.agency, store, &admin, &home, &asked).await;
            made.expect("a backup");
        }
    };
    tokio::join!(asked, backups);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_only_where_nobody_else_writes_and_through_no_link() {
    let agency = Agency::start("owning-ca-pd").await;
    let place = TempDir::new().expect("a folder");
    let place = place.path().canonicalize().expect("a folder");
    let (open, real) = (place.join("open"), place.join("real"));
    fs::create_dir(&open).expect("a folder");
    fs::create_dir(&real).expect("a folder");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("a folder");
    symlink(&real, place.join("link")).expect("a link");
    for (folder, why) in [
        ("open", "written by every account"),
        ("open/below", "written by every account"),
        ("link", "is a link"),
        ("link/below", "is a link"),
    ] {
        let refused = agency.accord(&["backup", "--out", text(&place.join(folder))]);
        assert!(refused.failed(2).contains(why), "{folder}: {refused:?}");
    }
    let made = folder(&back_up(&agency, &real));
    // And it is put back from files, not from what links lead to.
    fs::rename(made.join("card.json"), place.join("card.json")).expect("a file");
    symlink(place.join("card.json"), made.join("card.json")).expect("a link");
    let refused = restore(&made, &place.join("home"));
    assert!(refused.failed(1).contains("`card.json` is no file"), "{refused:?}");
    assert!(!place.join("home").exists());
}
