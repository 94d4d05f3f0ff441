//! A node is backed up while it runs and put back elsewhere; what is not as it was made is refused,
//! and peers notice that an old backup was put back.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use host::home::{Home, HomeError};
use node::auditing::alarms;
use node::backup::create::{self, BackUp};
use node::run::{Node, StartError};
use schemas::alarm::AlarmKind;
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::agency::{Agency, Plan};
use tests::command_line::{CommandOutput, accord_at};
use tests::federation::{in_force, introduce, sharing_pair, shift_clocks};
use tests::fixtures::{DAY_MS, PLATE};
use tests::photographs::reads_with_photographs;
use tests::wait::eventually;

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn back_up(agency: &Agency, out: &Path) -> Value {
    agency.accord(&["backup", "--out", text(out)]).done()
}

fn folder(made: &Value) -> PathBuf {
    made["backup"].as_str().expect("a path").into()
}

fn restore(folder: &Path, home: &Path) -> CommandOutput {
    tokio::task::block_in_place(|| accord_at(home, &["restore", text(folder)]))
}

/// Starts the node of `home`, on the clock of `of`.
async fn starts(home: &Path, of: &Agency) -> Arc<Node> {
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
fn files(dir: &Path) -> Vec<(PathBuf, u32)> {
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
async fn a_running_node_is_backed_up_and_put_back_whole() {
    let (asking, mut owning, _) = sharing_pair().await;
    assert_eq!(owning.import(reads_with_photographs(&owning, "8PHOTO1", 4)).await, 4);
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    let place = TempDir::new().expect("a folder");
    let made = back_up(&owning, place.path());
    let folder = folder(&made);
    assert!(folder.starts_with(place.path()));
    for (path, mode) in files(&folder) {
        assert_eq!(mode, 0o600, "{}", path.display());
    }
    let images = owning.context().store.images(None, 99).await.expect("digests").len();
    let log = owning.log().await;
    let entry = log.one(Kind::BackupMade);
    assert_eq!(entry.body.actor.user.as_ref().map(ToString::to_string), Some("admin".into()));
    assert_eq!(entry.said["folder"], made["backup"]);
    assert_eq!(entry.said["destroy_by"], made["destroy_by"]);
    owning.stop().await;

    let home = place.path().join("home");
    let restored = restore(&folder, &home).done();
    assert_eq!(restored["agency"], owning.id().as_str());
    for (path, mode) in files(&home) {
        assert_eq!(mode, 0o600, "{}", path.display());
    }
    let again = restore(&folder, &home);
    assert!(again.failed(2).contains("is not empty"), "{again:?}");
    // Whoever has the restored home has the node.
    let node = starts(&home, &owning).await;
    let reads = node.context.store.stats().await.expect("numbers").reads;
    assert_eq!(reads, 7);
    let looked = node.context.photographs.check(node.context.store.as_ref(), None, 99).await;
    assert_eq!(looked.expect("a look").0 as usize, images);
    assert!(node.context.photographs.known_flaws().is_empty());
    let of_restored = tests::logs::Log::of(node.context.store.as_ref()).await;
    let kinds: Vec<_> = of_restored.entries().iter().map(|entry| entry.header.kind).collect();
    // That it is whole was logged once it was: the copy does not have that.
    let was = usize::try_from(log.one(Kind::BackupFinished).header.index).expect("a place");
    for (was, is) in log.entries().iter().zip(of_restored.entries()).take(was) {
        assert_eq!(was.header, is.header);
    }
    assert_eq!(kinds[was], Kind::BackupRestored, "recorded before anything else: {kinds:?}");
    assert_eq!(of_restored.one(Kind::BackupRestored).said["backup_at"], made["at"]);
    let heard = eventually("its peer is answered again", async || {
        let heard = asking.ask_one(owning.id(), PLATE).await;
        (heard.outcome == OutcomeCode::Answered).then_some(heard)
    });
    assert_eq!(heard.await.reads.len(), 3);
    node.stop().await;
    drop(node);
    // Said once.
    let node = starts(&home, &owning).await;
    let log = tests::logs::Log::of(node.context.store.as_ref()).await;
    assert_eq!(log.count(Kind::BackupRestored), 1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_backup_that_is_put_back_is_noticed() {
    let (asking, mut owning, _) = sharing_pair().await;
    let place = TempDir::new().expect("a folder");
    let made = back_up(&owning, place.path());
    // What was logged after it, and cosigned.
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    assert_eq!(owning.node().have_cosigned_by_all().await, 1);
    owning.stop().await;
    let home = place.path().join("home");
    restore(&folder(&made), &home).done();
    let node = starts(&home, &owning).await;
    let rung = |node: &Node| {
        alarms::list(&node.context.agency)
            .iter()
            .any(|raised| raised.what.kind == AlarmKind::RolledBack)
    };
    eventually("the node is told that it was put back", async || rung(&node).then_some(())).await;
    assert!(asking.ask_one(owning.id(), PLATE).await.outcome != OutcomeCode::Answered);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_reach_the_backups_head_does_not_start() {
    let mut agency = Agency::start("owning-ca-pd").await;
    let place = TempDir::new().expect("a folder");
    let early = back_up(&agency, place.path());
    agency.add_reads(PLATE, 1).await;
    let late = back_up(&agency, place.path());
    agency.stop().await;
    let home = place.path().join("home");
    restore(&folder(&late), &home).done();
    fs::copy(folder(&early).join("accord.db"), home.join("accord.db")).expect("a copy");
    let error = match Node::start(Home::open(&home).expect("a home"), agency.clock.clone()).await {
        Ok(_) => panic!("it starts"),
        Err(error) => error.to_string(),
    };
    assert!(error.contains("put back or cut short"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_not_as_it_was_made_is_refused_and_nothing_is_written() {
    let agency = Agency::start("owning-ca-pd").await;
    assert_eq!(agency.import(reads_with_photographs(&agency, "8PHOTO1", 1)).await, 1);
    let place = TempDir::new().expect("a folder");
    let made = folder(&back_up(&agency, place.path()));
    let manifest: Value =
        serde_json::from_slice(&fs::read(made.join("manifest.json")).expect("a file"))
            .expect("JSON");
    let other = Agency::start("other-ca-pd").await;
    let others = folder(&back_up(&other, place.path()));
    type Spoil<'a> = Box<dyn Fn(&Path) + 'a>;
    let rewritten = |change: fn(&mut Value)| -> Spoil<'_> {
        let mut manifest = manifest.clone();
        change(&mut manifest);
        Box::new(move |at| {
            fs::write(at.join("manifest.json"), manifest.to_string()).expect("a file");
        })
    };
    let spoils: Vec<(&str, i32, Spoil<'_>)> =
        vec![
            (
                "`card.json` was altered",
                1,
                Box::new(|at| {
                    let mut bytes = fs::read(at.join("card.json")).expect("a file");
                    bytes[40] ^= 1;
                    fs::write(at.join("card.json"), bytes).expect("a file");
                }),
            ),
            (
                "`accord.db` was altered",
                1,
                Box::new(|at| {
                    let bytes = fs::read(at.join("accord.db")).expect("a file");
                    fs::write(at.join("accord.db"), &bytes[..bytes.len() - 1]).expect("a file");
                }),
            ),
            (
                "`keys/log.pem` is missing",
                1,
                Box::new(|at| {
                    fs::remove_file(at.join("keys/log.pem")).expect("gone");
                }),
            ),
            (
                "`keys/extra.pem` is not of it",
                1,
                Box::new(|at| {
                    fs::write(at.join("keys/extra.pem"), "x").expect("a file");
                }),
            ),
            (
                "`images/link` is no file",
                1,
                Box::new(|at| {
                    symlink("/etc/hostname", at.join("images/link")).expect("a link");
                }),
            ),
            (
                "is no backup",
                2,
                Box::new(|at| {
                    fs::remove_file(at.join("manifest.json")).expect("gone");
                }),
            ),
            ("is of version 2", 2, rewritten(|m| m["accord_backup"] = 2.into())),
            ("unknown field", 2, rewritten(|m| m["more"] = 2.into())),
            (
                "names `../outside`, which no home holds",
                1,
                rewritten(|m| {
                    m["files"].as_array_mut().expect("files").push(
                        json!({ "path": "../outside", "bytes": 0, "sha256": "0".repeat(64) }),
                    );
                }),
            ),
            (
                "names `/etc/passwd`, which no home holds",
                1,
                rewritten(|m| {
                    m["files"].as_array_mut().expect("files").push(
                        json!({ "path": "/etc/passwd", "bytes": 0, "sha256": "0".repeat(64) }),
                    );
                }),
            ),
            (
                "names `anchor`, which no home holds",
                1,
                rewritten(|m| {
                    m["files"]
                        .as_array_mut()
                        .expect("files")
                        .push(json!({ "path": "anchor", "bytes": 0, "sha256": "0".repeat(64) }));
                }),
            ),
            (
                "names `accord.toml` twice",
                1,
                rewritten(|m| {
                    let files = m["files"].as_array_mut().expect("files");
                    let first = files.iter().find(|file| file["path"] == "accord.toml").cloned();
                    files.push(first.expect("the configuration"));
                }),
            ),
            ("its card is of `owning-ca-pd`", 1, rewritten(|m| m["agency"] = "other-ca-pd".into())),
            (
                "the manifest is not the one that was sealed",
                1,
                rewritten(|m| m["destroy_by"] = "2099-01-01T00:00:00.000Z".into()),
            ),
            (
                "`manifest.seal`",
                1,
                Box::new(|at| fs::remove_file(at.join("manifest.seal")).expect("gone")),
            ),
            (
                "no log key of `owning-ca-pd` signed the seal",
                1,
                Box::new(|at| {
                    drop(fs::copy(others.join("manifest.seal"), at.join("manifest.seal")));
                }),
            ),
            // Another node's head.
            (
                "the head of the log",
                1,
                Box::new(|at| {
                    let text = fs::read(others.join("manifest.json")).expect("a file");
                    let theirs: Value = serde_json::from_slice(&text).expect("JSON");
                    let mut ours = manifest.clone();
                    ours["head"] = theirs["head"].clone();
                    fs::write(at.join("manifest.json"), ours.to_string()).expect("a file");
                }),
            ),
        ];
    for (n, (said, code, spoil)) in spoils.iter().enumerate() {
        let copy = place.path().join(format!("copy-{n}"));
        let copied = std::process::Command::new("cp").arg("-r").arg(&made).arg(&copy).status();
        assert!(copied.expect("cp").success());
        spoil(&copy);
        let home = place.path().join(format!("home-{n}"));
        let refused = restore(&copy, &home);
        assert!(refused.failed(*code).contains(said), "{said}: {refused:?}");
        assert!(!home.exists(), "{said}: something was written");
    }
    restore(&made, &place.path().join("home")).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_sealed_anew_with_the_key_in_it_is_told_by_the_log() {
    let agency = Agency::start("owning-ca-pd").await;
    let place = TempDir::new().expect("a folder");
    let made = back_up(&agency, place.path());
    let standing = folder(&made);
    let check = |agency: &Agency| agency.accord(&["doctor"]).check("backups");
    let (ok, said) = check(&agency);
    assert!(ok, "{said}");
    let log = agency.log().await;
    assert_eq!(log.one(Kind::BackupFinished).said["manifest"], made["manifest"]);
    // A file that is another is named, and so is one that is gone.
    let card = standing.join("card.json");
    let before = fs::read(&card).expect("a file");
    fs::write(&card, [&before[..], b" "].concat()).expect("a file");
    let (ok, said) = check(&agency);
    assert!(!ok && said.contains("`card.json` was altered"), "{said}");
    fs::remove_file(&card).expect("gone");
    assert!(check(&agency).1.contains("`card.json` is missing"));
    fs::write(&card, before).expect("a file");
    assert!(check(&agency).0);
    // Whoever reads a backup has the key that sealed it.
    let path = standing.join("manifest.json");
    let was = fs::read_to_string(&path).expect("a file");
    let mut said: Value = serde_json::from_str(&was).expect("JSON");
    said["destroy_by"] = "2099-01-01T00:00:00.000Z".into();
    let forged = said.to_string();
    let digest = Digest::of(forged.as_bytes());
    fs::write(&path, forged).expect("a file");
    let (ok, said) = check(&agency);
    assert!(!ok && said.contains("not the one that was sealed"), "{said}");
    let seal = agency.context().agency.log.seal_backup(agency.id(), &digest).expect("a seal");
    fs::write(standing.join("manifest.seal"), seal).expect("a file");
    let (ok, said) = check(&agency);
    assert!(!ok && said.contains("it was sealed anew"), "{said}");
    // Without the log, only who knows the digest notices.
    let known = made["manifest"].as_str().expect("a digest");
    let home = place.path().join("home");
    let args = ["restore", text(&standing), "--manifest", known];
    let refused = tokio::task::block_in_place(|| accord_at(&home, &args));
    assert!(refused.failed(1).contains(&format!("{known} was expected")), "{refused:?}");
    assert!(!home.exists());
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
