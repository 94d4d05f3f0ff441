//! A backup is put back elsewhere; what is not as it was made is refused, and peers notice that an old one
//! was put back.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use host::home::Home;
use node::auditing::alarms;
use node::run::Node;
use schemas::alarm::AlarmKind;
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::agency::Agency;
use tests::command_line::accord_at;
use tests::federation::sharing_pair;
use tests::fixtures::PLATE;
use tests::photographs::reads_with_photographs;
use tests::wait::eventually;

use super::backup::{back_up, files, folder, restore, starts, text};

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

/// Spoils a copy of a backup.
type Spoil<'a> = Box<dyn Fn(&Path) + 'a>;

/// What is said of a spoilt copy, the code that restoring it ends with, and how it is spoilt: its files.
fn spoilt_files() -> Vec<(&'static str, i32, Spoil<'static>)> {
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
    ]
}

/// As [`spoilt_files`], its manifest.
fn rewritten_manifests(manifest: &Value) -> Vec<(&'static str, i32, Spoil<'_>)> {
    let rewritten = |change: fn(&mut Value)| -> Spoil<'_> {
        let mut manifest = manifest.clone();
        change(&mut manifest);
        Box::new(move |at| {
            fs::write(at.join("manifest.json"), manifest.to_string()).expect("a file");
        })
    };
    vec![
        ("is of version 2", 2, rewritten(|m| m["accord_backup"] = 2.into())),
        ("unknown field", 2, rewritten(|m| m["more"] = 2.into())),
        (
            "names `../outside`, which no home holds",
            1,
            rewritten(|m| {
                m["files"]
                    .as_array_mut()
                    .expect("files")
                    .push(json!({ "path": "../outside", "bytes": 0, "sha256": "0".repeat(64) }));
            }),
        ),
        (
            "names `/etc/passwd`, which no home holds",
            1,
            rewritten(|m| {
                m["files"]
                    .as_array_mut()
                    .expect("files")
                    .push(json!({ "path": "/etc/passwd", "bytes": 0, "sha256": "0".repeat(64) }));
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
    ]
}

/// As [`spoilt_files`], what seals it, with what is another node's among it.
fn spoilt_seals<'a>(manifest: &'a Value, others: &'a Path) -> Vec<(&'static str, i32, Spoil<'a>)> {
    vec![
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
    ]
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
    let mut spoils = spoilt_files();
    spoils.extend(rewritten_manifests(&manifest));
    spoils.extend(spoilt_seals(&manifest, &others));
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
