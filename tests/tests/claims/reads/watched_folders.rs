//! Reads that are put into a folder which the node watches.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use schemas::entry::EntryKind;
use serde_json::Value;
use tempfile::TempDir;
use tests::faulty_store::Failure;
use tests::fixtures::PLATE;
use tests::sources::{add_source, agency_with_https, file_names, native_lines, stored_reads};
use tests::wait::eventually;

fn empty_folder() -> (TempDir, PathBuf) {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().canonicalize().expect("a folder");
    (dir, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_a_watched_folder_are_taken_in_once_and_destroyed_and_bad_ones_wait_for_a_person()
{
    let mut agency = agency_with_https().await;
    let (_dir, folder) = empty_folder();
    let of = folder.to_str().expect("a path");
    let source = add_source(&agency, &["shift", "--format", "native", "--folder", of]);
    assert_eq!(source["token"], Value::Null, "a folder needs none");
    let same = agency.accord(&["source", "add", "again", "--format", "native", "--folder", of]);
    assert!(same.failed(2).contains("`shift` has that folder"), "{same:?}");

    let (_elsewhere, outside) = empty_folder();
    fs::write(outside.join("secret"), native_lines(&agency, "9LINKED", 1)).expect("a file");
    symlink(outside.join("secret"), folder.join("link.jsonl")).expect("a link");
    fs::write(folder.join(".hidden"), native_lines(&agency, "9HIDDEN", 1)).expect("a file");
    fs::write(folder.join("growing.part"), native_lines(&agency, "9PART", 1)).expect("a file");
    fs::write(folder.join("good.jsonl"), native_lines(&agency, PLATE, 5)).expect("a file");
    let bad = native_lines(&agency, "8GOOD", 2) + "{\"plate\":7}\n";
    fs::write(folder.join("bad.jsonl"), &bad).expect("a file");

    let left = [".hidden", "growing.part", "link.jsonl"];
    eventually("the files are taken", async || (file_names(&folder) == left).then_some(())).await;
    assert_eq!(stored_reads(&agency).await, 7);
    let aside = agency.home().join("rejected/shift");
    assert_eq!(file_names(&aside), ["bad.jsonl", "bad.jsonl.errors.txt"]);
    assert_eq!(fs::read_to_string(aside.join("bad.jsonl")).expect("a file"), bad);
    let errors = fs::read_to_string(aside.join("bad.jsonl.errors.txt")).expect("a file");
    assert!(errors.contains("line 3"), "{errors}");
    assert!(outside.join("secret").exists());
    let (_, told) = agency.accord(&["doctor"]).check("sources");
    assert!(told.contains("line 3"), "{told}");

    // While the log cannot be written, and while the node is down, the folder keeps what it has.
    agency.store().fail(Failure::BeforeWrite);
    fs::write(folder.join("later.jsonl"), native_lines(&agency, "7LATER", 4)).expect("a file");
    eventually("it is tried", async || {
        agency.context().agency.log.metrics().failing().then_some(())
    })
    .await;
    assert!(folder.join("later.jsonl").exists());
    agency.restart().await;
    eventually("it is taken", async || (file_names(&folder) == left).then_some(())).await;
    assert_eq!(stored_reads(&agency).await, 11);
    let log = agency.log().await;
    let last = log.last(EntryKind::ReadsImported);
    assert_eq!(last.body.actor.auth, "source shift");
    assert_eq!(last.detail("file"), "later.jsonl");
}
