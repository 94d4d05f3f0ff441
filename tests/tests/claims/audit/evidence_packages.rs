//! Evidence packages: what belongs to a case leaves only with an entry that names it by digest, to
//! those who may ask for it, and anybody can check the package with stock tools.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use node::retention::DESTROY;
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use schemas::query::QueryId;
use serde_json::Value;
use tempfile::TempDir;
use tests::agency::Agency;
use tests::auditor::key_pins;
use tests::command_line::CommandOutput;
use tests::faulty_store::Failure;
use tests::federation::{in_force_with, introduce};
use tests::fixtures::{DAY_MS, OFFICER, PLATE, draft};
use tests::logs::who_saw;
use tests::photographs::{jpeg, photograph_file, plate_crops, reads_with_photographs};

const CASE: &str = "26-004711";

/// An agency whose officer has searched its own two reads for a case and asked another for its three,
/// each with photographs.
struct Investigated {
    asking: Agency,
    owning: Agency,
    query: QueryId,
    dir: TempDir,
}

async fn investigated() -> Investigated {
    let (asking, owning) =
        (Agency::start("asking-ca-pd").await, Agency::start("owning-ca-pd").await);
    introduce(&[&asking, &owning]).await;
    in_force_with(&[&asking, &owning], |text| text.images = true).await;
    assert_eq!(owning.import(reads_with_photographs(&owning, PLATE, 3)).await, 3);
    let mut own = reads_with_photographs(&asking, PLATE, 5).split_off(3);
    own.truncate(2);
    assert_eq!(asking.import(own).await, 2);
    let mut asked = draft(&[owning.id()], PLATE, asking.now());
    asked.images = true;
    let heard = asking.ask(&asked).await.remove(0);
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 3), "{heard:?}");
    let found = asking.search_own(&asked).await.expect("an outcome");
    assert_eq!(found.reads.len(), 2);
    let query = heard.query_id.expect("a query id");
    Investigated { asking, owning, query, dir: TempDir::new().expect("a directory") }
}

impl Investigated {
    fn exports_as(&self, user: &str, name: &str, case: &str) -> (PathBuf, CommandOutput) {
        let out = self.dir.path().join(name);
        let path = out.display().to_string();
        let export = ["evidence", "export", "--case", case, "--out", &path];
        (out, self.asking.accord_as(user, &export))
    }

    fn exports(&self, name: &str) -> (PathBuf, Value) {
        let (out, ended) = self.exports_as(OFFICER, name, CASE);
        (out, ended.done())
    }
}

/// Runs every command that the package says checks it, as a person would type them.
fn checked(package: &Path) -> Output {
    let told = std::fs::read_to_string(package.join("HOW-TO-CHECK.txt")).expect("instructions");
    let commands: Vec<_> = told.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(commands.len() > 12, "{told}");
    let script = format!("set -eu\n{}\n", commands.join("\n"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(package);
    shell.output().expect("a shell")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a file");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_holds_the_reads_of_a_case_and_anybody_can_check_it() {
    let case = investigated().await;
    let (package, said) = case.exports("first");
    let counts = ["reads", "own_reads", "answers", "images"].map(|key| said[key].as_u64());
    assert_eq!(counts, [5, 2, 1, 6].map(Some), "{said}");
    let good = checked(&package);
    assert!(good.status.success(), "{good:?}");
    // The bytes are those that were stored, that came, and that were signed.
    let data = package.join("data");
    assert_eq!(lines(&data.join("own/reads.jsonl")).len(), 2);
    let answer = data.join("answers").join(case.query.to_string());
    assert_eq!(lines(&answer.join("page-1.jsonl")).len(), 3);
    let road = std::fs::read(data.join(format!("images/{}.jpg", Digest::of(&jpeg(200, 5_000)))));
    assert_eq!(road.expect("a photograph"), jpeg(200, 5_000));
    let table = std::fs::read_to_string(data.join("reads.csv")).expect("a table");
    assert_eq!(table.lines().count(), 6, "{table}");
    assert!(table.contains("\"owning-ca-pd\"") && table.contains("\"asking-ca-pd\""), "{table}");
    let page = std::fs::read_to_string(data.join("index.html")).expect("a page");
    for shown in ["Answer of owning-ca-pd", "Own reads of asking-ca-pd", "Maria Reyes", CASE] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    // The log says exactly what left.
    let log = case.asking.log().await;
    let entry = log.one(Kind::EvidenceExported);
    assert_eq!(said["entry"], entry.header.index);
    let manifest = std::fs::read(package.join("manifest-sha256.txt")).expect("a manifest");
    assert_eq!(*entry.detail("manifest"), Digest::of(&manifest).to_string());
    assert_eq!(*entry.detail("case"), CASE);
    // And whoever asks who saw one of those plates is told of it.
    assert_eq!(who_saw(&case.asking, PLATE).await.last(), Some(&Kind::EvidenceExported));
    assert_eq!(entry.body.actor.user.as_ref().map(ToString::to_string).as_deref(), Some(OFFICER));
    // Every access of the case is there, and its place in the log is proven.
    let card = case.dir.path().join("card.json").display().to_string();
    case.asking.accord(&["card", "show", "--out", &card]).done();
    let pin = key_pins(&[&case.asking]);
    let verify = |proof: &str| {
        case.asking.accord(&["audit", "verify", proof, "--card", &card, &pin[0], &pin[1]])
    };
    for kind in [Kind::QuerySent, Kind::AnswerReceived, Kind::ReadsSearched] {
        let index = log.one(kind).header.index;
        let proof = data.join(format!("custody/{index}.tlog-proof")).display().to_string();
        let verified = verify(&proof);
        assert_eq!(verified.code, 0, "{kind}: {verified:?}");
    }
    let own = package.join(format!("custody/{}.tlog-proof", entry.header.index));
    let own = own.display().to_string();
    assert_eq!(verify(&own).code, 0);
    // By a key that is not pinned it proves nothing.
    let unpinned = case.asking.accord(&["audit", "verify", &own, "--card", &card]);
    assert_eq!((unpinned.code, &unpinned.lines()[0]["pinned"]), (1, &false.into()));
    // The log of the agency is whole with it.
    assert_eq!(case.asking.accord(&["audit", "verify"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_was_changed_does_not_check() {
    let case = investigated().await;
    type Change = (&'static str, fn(&Path));
    let changes: [Change; 4] = [
        ("a read", |package| {
            let path = package.join("data/reads.csv");
            let text = std::fs::read_to_string(&path).expect("a table");
            std::fs::write(path, text.replace(PLATE, "7XYZ999")).expect("written");
        }),
        ("a file more", |package| {
            std::fs::write(package.join("data/images/more.jpg"), jpeg(1, 100)).expect("written");
        }),
        ("a file less", |package| {
            std::fs::remove_file(package.join("data/own/reads.jsonl")).expect("removed");
        }),
        ("a manifest made anew", |package| {
            std::fs::remove_file(package.join("data/own/reads.jsonl")).expect("removed");
            let script = "find data -type f | sort | xargs sha256sum > manifest-sha256.txt\n\
                          sed -i \"s/^Payload-Oxum: .*/Payload-Oxum: 1.$(find data -type f | wc -l)/\" bag-info.txt\n\
                          find . -path ./data -prune -o -type f -print | sed 's,^./,,' | \
                          grep -v '^tagmanifest\\|^signature' | xargs sha256sum > tagmanifest-sha256.txt";
            let made = Command::new("sh").args(["-c", script]).current_dir(package).status();
            assert!(made.expect("a shell").success());
        }),
    ];
    for (n, (what, change)) in (0..).zip(changes) {
        let (package, _) = case.exports(&format!("package-{n}"));
        assert!(checked(&package).status.success());
        change(&package);
        let bad = checked(&package);
        assert!(!bad.status.success(), "{what}: {bad:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_without_its_entry() {
    let case = investigated().await;
    for failure in [Failure::BeforeWrite, Failure::AfterWrite] {
        case.asking.store().fail_once_on(Kind::EvidenceExported, failure);
        let (out, ended) = case.exports_as(OFFICER, "none", CASE);
        assert_eq!(ended.code, 3, "{ended:?}");
        assert!(ended.err.contains("audit log cannot be written"), "{ended:?}");
        assert!(!out.exists() && !case.dir.path().join("none.part").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_for_it_does_not_get_it_and_that_is_on_record() {
    let case = investigated().await;
    let auditor = [
        "user",
        "add",
        "audrey",
        "--full-name",
        "Audrey Tor",
        "--title",
        "Clerk",
        "--role",
        "auditor",
    ];
    case.asking.accord(&auditor).done();
    let (out, refused) = case.exports_as("audrey", "hers", CASE);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("role_not_authorized"), "{refused:?}");
    assert!(!out.exists());
    let log = case.asking.log().await;
    assert_eq!(log.count(Kind::EvidenceExported), 0);
    let declined = log.one(Kind::QueryDeclined);
    assert_eq!(declined.access().why.case.as_str(), CASE);
    // A case that nobody worked on is a mistake in typing, and nothing was accessed.
    let (_, none) = case.exports_as(OFFICER, "other", "26-999999");
    assert_eq!(none.code, 2, "{none:?}");
    assert!(none.err.contains("26-999999"), "{none:?}");
    // And what is there already is not written over.
    case.exports("first");
    let (_, again) = case.exports_as(OFFICER, "first", CASE);
    assert_eq!(again.code, 2, "{again:?}");
    assert_eq!(case.asking.log().await.count(Kind::EvidenceExported), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_retention_is_in_no_package_unless_a_hold_keeps_it() {
    for held in [false, true] {
        let case = investigated().await;
        if held {
            let hold = ["hold", "add", "--case", CASE, "--reason", "Trial set for May"];
            case.asking.accord(&hold).done();
        }
        // The retention of answers is over.
        case.asking.clock.shift(31 * DAY_MS);
        let (package, said) = case.exports("month");
        let answers = if held { 3 } else { 0 };
        assert_eq!(
            (&said["own_reads"], &said["reads"]),
            (&2.into(), &(2 + answers).into()),
            "{said}"
        );
        let ended = said["answers_ended"].as_array().map(Vec::len);
        assert_eq!(ended, Some(usize::from(!held)));
        assert!(checked(&package).status.success());
        // What the owner signed is evidence all the same.
        assert!(package.join(format!("data/answers/{}/answer.json", case.query)).is_file());
        // And that of reads: they are still in the database, and are not taken from there.
        case.asking.clock.shift(340 * DAY_MS);
        let today = case.asking.now().day();
        case.asking.accord(&["user", "train", OFFICER, "--on", &today]).done();
        let (_, said) = case.exports("year");
        assert_eq!(said["own_reads"], if held { 2 } else { 0 }, "{said}");
        let done =
            case.asking.node().app.retention.run(&case.asking.admin(), DESTROY, &|_| ()).await;
        assert_eq!(done.expect("a run").reads_purged, if held { 0 } else { 2 });
        drop(case.owning);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_that_is_gone_is_named_and_the_rest_is_packed() {
    let case = investigated().await;
    let own = reads_with_photographs(&case.asking, PLATE, 5).split_off(3);
    std::fs::remove_file(photograph_file(&case.asking, plate_crops(&own)[0])).expect("removed");
    let (package, said) = case.exports("first");
    assert_eq!(said["images"], 5);
    assert_eq!(said["images_missing"][0]["digest"], plate_crops(&own)[0].to_string());
    assert_eq!(said["images_missing"][0]["why"], "missing");
    assert!(checked(&package).status.success());
}
