//! A peer of another make: the program in `second_peer/`, in Python, written from
//! `schemas/PROTOCOL.md` alone, exchanges with a node of ours.

use node::admin::requests;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use node::admin::cards::{self, Confirmation};
use schemas::authority::AuthorityId;
use schemas::entry::EntryKind as Kind;
use serde_json::Value;
use tempfile::TempDir;
use tests::agency::{Agency, Plan};
use tests::fixtures::{PLATE, words};
use tests::officials::{add_official, approve, decision};
use tests::wait::{eventually, within};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use agreements::request::{RequestScope, Verdict};

fn program(words: &[&Path]) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("second_peer/ask.py");
    // Debian's packages belong to Debian's Python, whichever other one comes first on the path.
    let debian = Path::new("/usr/bin/python3");
    let mut command = Command::new(if debian.exists() { debian } else { Path::new("python3") });
    command.arg("-B").arg(script).args(words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// The other agency, with keys and card in a folder of its own.
struct Second {
    home: PathBuf,
    owner_card: PathBuf,
    _folder: TempDir,
}

impl Second {
    /// Makes it, and has `owner` record its card under the fingerprint that it prints.
    async fn known_to(owner: &Agency) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (home, owner_card) = (folder.path().join("second"), folder.path().join("owner.card"));
        let words_of = [Path::new("identity"), &home, Path::new("second-ca-pd")];
        let made = program(&words_of).output().await.expect("python3 on the path");
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(
            made.status.success(),
            "the second peer needs Python 3.11 and its package cryptography (Debian: apt-get install \
             python3-cryptography): {said}"
        );
        let made: Value = serde_json::from_slice(&made.stdout).expect("a line of JSON");
        let fingerprint = made["fingerprint"].as_str().expect("a fingerprint");
        let confirmation = Confirmation {
            envelope: std::fs::read_to_string(home.join("card.json")).expect("a card"),
            fingerprint: fingerprint.parse().expect("a fingerprint"),
            verified_by: words("telephone"),
            kind: None,
            state: None,
            replace: false,
        };
        cards::add(owner.own(), &owner.admin(), &confirmation).await.expect("a card");
        std::fs::write(&owner_card, owner.identity.card_envelope().as_bytes()).expect("a file");
        Self { home, owner_card, _folder: folder }
    }

    fn asks(&self, plate: &str) -> Asking {
        let words = [Path::new("ask"), &self.home, &self.owner_card, Path::new(plate)];
        let mut child = program(&words).spawn().expect("python3 on the path");
        let out = child.stdout.take().expect("its output");
        Asking { child, lines: BufReader::new(out).lines() }
    }
}

struct Asking {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Asking {
    async fn says(&mut self) -> Value {
        let line = within("a line of the second peer", self.lines.next_line()).await;
        let Some(line) = line.expect("its output") else {
            let mut said = String::new();
            let stderr = self.child.stderr.as_mut().expect("its errors");
            stderr.read_to_string(&mut said).await.expect("its errors");
            panic!("the second peer ended without a word: {said}");
        };
        serde_json::from_str(&line).expect("a line of JSON")
    }

    /// The request that it filed, once the owner holds it.
    async fn request(&mut self, owner: &Agency) -> AuthorityId {
        let said = self.says().await;
        assert_eq!(said["cipher"], "TLS_AES_256_GCM_SHA384");
        let id: AuthorityId = said["request"].as_str().expect("an id").parse().expect("an id");
        let row = requests::show(owner.own(), &id).expect("acknowledged, so it is recorded");
        assert_eq!(row.state, "submitted");
        id
    }

    async fn code(mut self) -> Option<i32> {
        within("its end", self.child.wait()).await.expect("its end").code()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_of_another_make_files_a_request_asks_and_verifies_the_answer() {
    let owner = Agency::of(Plan::of("indio-ca-pd").policy("indio-ca-pd")).await;
    owner.add_reads(PLATE, 3).await;
    let chief = add_official(&owner).await;
    let second = Second::known_to(&owner).await;
    let mut asking = second.asks(PLATE);
    let request = asking.request(&owner).await;
    approve(&owner, &chief, &request).await.expect("an approval");
    assert_eq!(asking.says().await["verdict"], "approved");
    let answered = asking.says().await;
    assert_eq!(answered["outcome"], "answered", "{answered}");
    assert_eq!(answered["basis"].as_str(), Some(&*request.to_string()));
    assert_eq!(answered["reads"].as_array().map(Vec::len), Some(3));
    let log = owner.log().await;
    assert_eq!(
        answered["proven"]["index"].as_u64(),
        Some(log.one(Kind::QueryAnswered).header.index),
        "it proved where its answer stands in the owner's log"
    );
    assert_eq!(answered["shown"]["index"], answered["proven"]["index"], "{answered}");
    assert_eq!(asking.code().await, Some(0));
    eventually("the receipt is recorded", async || {
        let log = owner.log().await;
        (log.count(Kind::ReceiptRecorded) == 1).then_some(())
    })
    .await;
    let log = owner.log().await;
    for kind in [Kind::QueryAnswered, Kind::ReceiptRecorded] {
        let entry = log.one(kind);
        assert_eq!(entry.body.event.theirs().len(), 1, "{kind}: it proved its own entry");
    }
    let auth = &log.one(Kind::QueryAnswered).body.actor.auth;
    assert!(
        auth.starts_with("signed envelope, which says session ") && auth.ends_with("code card")
    );
    assert_eq!(owner.own().log.counters().unproven.get(&"second-ca-pd".parse().unwrap()), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_of_another_make_learns_that_its_request_is_denied() {
    let owner = Agency::of(Plan::of("indio-ca-pd").policy("indio-ca-pd")).await;
    let chief = add_official(&owner).await;
    let second = Second::known_to(&owner).await;
    let mut asking = second.asks(PLATE);
    let request = asking.request(&owner).await;
    let denied = decision(Verdict::Denied, RequestScope::default());
    requests::decide(owner.own(), owner.keys(), &chief, &request, &denied).await.expect("a denial");
    assert_eq!(asking.says().await["verdict"], "denied");
    assert_eq!(asking.code().await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_of_another_make_whose_card_is_not_recorded_is_let_in_by_nobody() {
    let (knowing, stranger) =
        (Agency::start("knowing-ca-pd").await, Agency::start("owning-ca-pd").await);
    let second = Second::known_to(&knowing).await;
    let card = stranger.identity.card_envelope();
    std::fs::write(&second.owner_card, card.as_bytes()).expect("a file");
    let ended = second.asks(PLATE).child.wait_with_output().await.expect("its end");
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert_eq!(stranger.log().await.count(Kind::PeerRejected), 1);
}
