//! The program `accord-audit`, where it has no bundle to look at. What it says of real ones is
//! compared with what `accord` says in the claims of `tests`.

#![cfg(test)]

use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_accord-audit")).args(args).output().unwrap()
}

fn fails(args: &[&str], code: i32, saying: &str) {
    let ended = run(args);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(code), &b""[..]), "{said}");
    assert!(said.contains(saying), "{args:?}: {said}");
}

#[test]
fn what_makes_no_sense_is_usage_and_is_told() {
    fails(&["verify", "/nowhere/a.bundle"], 2, "`/nowhere/a.bundle`: ");
    fails(&["verify", "a", "--key", "indio"], 2, "expected `ID=FINGERPRINT`");
    fails(&["reconcile", "a"], 2, "2 values required");
    fails(&["report", "a", "--kind", "gossip"], 2, "expected access, sharing, statutory");
    fails(&["report", "a", "--kind", "access", "--from", "tomorrow"], 2, "is not a time");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none");
    std::fs::write(&file, "{}\n").unwrap();
    let path = file.to_str().unwrap();
    fails(&["verify", path], 2, "line 1 is not the head of a bundle");
    fails(&["report", path, "--kind", "sharing"], 2, "its node tells it");
    let period = ["--from", "2026-03-02", "--until", "2026-03-01"];
    fails(&[&["report", path, "--kind", "access"], &period[..]].concat(), 2, "holds nothing");
}

#[test]
fn scripts_read_why_nothing_was_done() {
    let ended = run(&["--json", "verify", "/nowhere/a.bundle"]);
    let line = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(
        line.starts_with(r#"{"error":{"code":"usage","message":"`/nowhere/a.bundle`: "#),
        "{line}"
    );
}

#[test]
fn help_and_version_are_answers() {
    for args in [["--help"], ["--version"]] {
        let ended = run(&args);
        assert!(ended.status.success() && !ended.stdout.is_empty());
    }
}
