//! Reads that field units hand over: `accord transfer` destroys its copy for a signed receipt alone.

use std::fs;
use std::io::Read as _;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemas::envelope::{Envelope, Kind};
use schemas::transfer::TransferReceipt;
use tempfile::TempDir;
use tests::agency::Agency;
use tests::binary::binary;
use tests::command_line::CommandOutput;
use tests::fixtures::{HOUR_MS, PLATE};
use tests::https::{address, pin};
use tests::sources::{
    add_source, agency_with_https, file_names, native_lines, stored_reads, token,
};
use tests::wait::within;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A field unit: a folder that its reader writes into, and what it knows of its agency.
struct FieldUnit {
    dir: TempDir,
    args: Vec<String>,
}

impl FieldUnit {
    fn of(agency: &Agency, at: SocketAddr) -> Self {
        let dir = TempDir::new().expect("a folder");
        let made = add_source(agency, &["car-12", "--format", "native"]);
        fs::write(dir.path().join("token"), token(&made)).expect("a file");
        let card = dir.path().join("card.json");
        assert_eq!(
            agency.accord(&["card", "show", "--out", card.to_str().expect("a path")]).code,
            0
        );
        fs::create_dir(dir.path().join("reads")).expect("a folder");
        let path = |name: &str| dir.path().join(name).to_str().expect("a path").to_owned();
        let args = vec![
            "--json".into(),
            "transfer".into(),
            path("reads"),
            "--to".into(),
            format!("https://{at}"),
            "--source".into(),
            "car-12".into(),
            "--token-file".into(),
            path("token"),
            "--pin".into(),
            pin(agency).to_string(),
            "--card".into(),
            path("card.json"),
        ];
        Self { dir, args }
    }

    fn reads(&self) -> PathBuf {
        self.dir.path().join("reads")
    }

    async fn transfer(&self) -> CommandOutput {
        let args = self.args.clone();
        let ended = tokio::task::spawn_blocking(move || {
            std::process::Command::new(binary()).args(args).output().expect("the binary")
        });
        let ended = within("a transfer", ended).await.expect("a transfer");
        ended.into()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_unit_destroys_its_copy_for_a_signed_receipt_and_for_nothing_less() {
    let agency = agency_with_https().await;
    let unit = FieldUnit::of(&agency, address(&agency));
    fs::write(unit.reads().join("a.jsonl"), native_lines(&agency, PLATE, 5)).expect("a file");
    fs::write(unit.reads().join("b.jsonl"), native_lines(&agency, "8BAD", 1) + "nonsense\n")
        .expect("a file");

    // Another node's key: nothing is sent. Another agency's card: its receipts are nothing here.
    let mut elsewhere =
        FieldUnit { dir: TempDir::new().expect("a folder"), args: unit.args.clone() };
    let at = elsewhere.args.iter().position(|arg| arg == "--pin").expect("a pin") + 1;
    elsewhere.args[at] = "0".repeat(64);
    let said = elsewhere.transfer().await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("another key"), "{said:?}");
    assert_eq!(stored_reads(&agency).await, 0);
    let other = Agency::start("indio-ca-pd").await;
    let card = unit.dir.path().join("other.json");
    assert_eq!(other.accord(&["card", "show", "--out", card.to_str().expect("a path")]).code, 0);
    let at = elsewhere.args.iter().position(|arg| arg == "--card").expect("a card") + 1;
    elsewhere.args = unit.args.clone();
    elsewhere.args[at] = card.to_str().expect("a path").into();
    let said = elsewhere.transfer().await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("message key"), "{said:?}");
    let left = ["a.jsonl", "b.jsonl", "receipts"];
    assert_eq!(file_names(&unit.reads()), left, "without a receipt nothing goes");
    assert_eq!(file_names(&unit.reads().join("receipts")), [""; 0]);

    let said = unit.transfer().await;
    assert_eq!(said.code, 1, "one file has a record that cannot be used: {said:?}");
    let done = said.lines();
    assert_eq!((&done[0]["file"], &done[0]["purged"]), (&"a.jsonl".into(), &true.into()));
    assert_eq!((&done[1]["file"], &done[1]["purged"]), (&"b.jsonl".into(), &false.into()));
    assert_eq!(file_names(&unit.reads()), ["b.jsonl", "receipts"]);
    assert_eq!(stored_reads(&agency).await, 6);
    let receipts = file_names(&unit.reads().join("receipts"));
    assert_eq!(receipts.len(), 1);
    let receipt = fs::read(unit.reads().join("receipts").join(&receipts[0])).expect("a receipt");
    let receipt = Envelope::parse(&receipt).expect("an envelope");
    let key = &agency.identity.card.message_key;
    let receipt: TransferReceipt = receipt.verified_json(Kind::Transfer, key).expect("a receipt");
    assert_eq!((receipt.records, receipt.rejected), (5, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_else_writes_into_a_units_folder_its_receipts_and_files_go_nowhere_else() {
    let agency = agency_with_https().await;
    let unit = FieldUnit::of(&agency, address(&agency));
    let outside = unit.dir.path().join("outside");
    fs::create_dir(&outside).expect("a folder");
    fs::write(outside.join("x"), native_lines(&agency, "8SECRET", 1)).expect("a file");
    let receipts = unit.reads().join("receipts");
    let good = || {
        let path = unit.reads().join("a.jsonl");
        fs::write(path, native_lines(&agency, PLATE, 2)).expect("a file");
    };
    good();
    symlink(&outside, &receipts).expect("a link");
    let said = unit.transfer().await;
    assert!(said.failed(2).contains("is a link"), "{said:?}");
    fs::remove_file(&receipts).expect("a link");
    fs::create_dir(&receipts).expect("a folder");
    fs::set_permissions(&receipts, fs::Permissions::from_mode(0o777)).expect("a folder");
    let said = unit.transfer().await;
    assert!(said.failed(2).contains("not this account's alone"), "{said:?}");
    fs::remove_dir(&receipts).expect("a folder");
    // What is no plain file with one name is not handed over.
    symlink(outside.join("x"), unit.reads().join("0.jsonl")).expect("a link");
    fs::hard_link(outside.join("x"), unit.reads().join("z.jsonl")).expect("a link");
    let pipe = std::process::Command::new("mkfifo").arg(unit.reads().join("1.jsonl")).status();
    assert!(pipe.is_ok_and(|ended| ended.success()));
    let said = unit.transfer().await;
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("hard link"), "{said:?}");
    assert_eq!(stored_reads(&agency).await, 2);
    assert_eq!(file_names(&unit.reads()), ["0.jsonl", "1.jsonl", "receipts", "z.jsonl"]);
    assert_eq!(file_names(&outside), ["x"]);
    // Receipts may be kept where only the unit's account writes.
    fs::remove_file(unit.reads().join("z.jsonl")).expect("a file");
    good();
    let elsewhere = unit.dir.path().join("receipts");
    let mut apart = FieldUnit { dir: TempDir::new().expect("a folder"), args: unit.args.clone() };
    apart.args.extend(["--receipts".into(), elsewhere.to_str().expect("a path").into()]);
    assert_eq!(apart.transfer().await.code, 0);
    assert_eq!(file_names(&elsewhere).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_unit_is_told_to_bring_the_card_once_the_message_key_is_another() {
    let agency = agency_with_https().await;
    let mut unit = FieldUnit::of(&agency, address(&agency));
    let file = |name: &str| fs::write(unit.reads().join(name), native_lines(&agency, PLATE, 1));
    file("a.jsonl").expect("a file");
    assert_eq!(agency.accord(&["key", "rotate", "message"]).code, 0);
    // The key before still signs: by the card before and by the present one its receipts count.
    assert_eq!(unit.transfer().await.code, 0);
    let card = unit.dir.path().join("present.json");
    let card = card.to_str().expect("a path");
    assert_eq!(agency.accord(&["card", "show", "--out", card]).code, 0);
    let before = unit.args.clone();
    let at = unit.args.iter().position(|arg| arg == "--card").expect("a card") + 1;
    unit.args[at] = card.into();
    fs::write(unit.reads().join("b.jsonl"), native_lines(&agency, "8BAD", 1)).expect("a file");
    assert_eq!(unit.transfer().await.code, 0);
    // The new one signs: the card before does not name it, nothing is destroyed, nothing stored twice.
    agency.clock.shift(13 * HOUR_MS);
    let present = std::mem::replace(&mut unit.args, before);
    fs::write(unit.reads().join("c.jsonl"), native_lines(&agency, "9BAD", 1)).expect("a file");
    let said = unit.transfer().await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("bring its present card"), "{said:?}");
    unit.args = present;
    let said = unit.transfer().await;
    assert_eq!((said.code, stored_reads(&agency).await), (0, 3), "{said:?}");
    assert_eq!(file_names(&unit.reads()), ["receipts"]);
}

/// Passes a connection on, and cuts it after so many bytes of what the unit sends.
async fn cutting(to: SocketAddr, after: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((unit, _)) = listener.accept().await {
            let node = TcpStream::connect(to).await.expect("the node");
            let (mut from, mut back) = unit.into_split();
            let (mut answer, mut onward) = node.into_split();
            let mut left = after.load(Ordering::SeqCst);
            let answering = tokio::spawn(async move {
                drop(tokio::io::copy(&mut answer, &mut back).await);
            });
            let mut chunk = [0; 512];
            while let Ok(n) = from.read(&mut chunk).await {
                let n = n.min(left);
                if n == 0 || onward.write_all(&chunk[..n]).await.is_err() {
                    break;
                }
                left -= n;
            }
            answering.abort();
        }
    });
    at
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_cut_at_any_byte_loses_nothing_and_stores_nothing_twice() {
    let agency = agency_with_https().await;
    let after = Arc::new(AtomicUsize::new(0));
    let at = cutting(address(&agency), after.clone()).await;
    let unit = FieldUnit::of(&agency, at);
    let text = native_lines(&agency, PLATE, 40);
    fs::write(unit.reads().join("shift.jsonl"), &text).expect("a file");
    for cut in [0, 1, 200, 700, 1_500, text.len() / 2, text.len(), text.len() + 600] {
        after.store(cut, Ordering::SeqCst);
        let said = unit.transfer().await;
        let mut held = String::new();
        let kept = fs::File::open(unit.reads().join("shift.jsonl"));
        if let Ok(mut kept) = kept {
            kept.read_to_string(&mut held).expect("a file");
            assert_eq!((said.code, &held), (3, &text), "cut after {cut} bytes: {said:?}");
        } else {
            panic!("cut after {cut} bytes the unit has destroyed its copy: {said:?}");
        }
    }
    after.store(usize::MAX, Ordering::SeqCst);
    let said = unit.transfer().await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(file_names(&unit.reads()), ["receipts"]);
    assert_eq!(stored_reads(&agency).await, 40);
}
