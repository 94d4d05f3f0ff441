//! The program `accord` as it is started: what it answers without a home or a node. All that takes
//! one is claimed in the package `tests`.
//!
//! Cargo builds a package's programs for its integration tests: by this one, `accord` is built and up
//! to date whenever the tests of the workspace run.

#![cfg(test)]

use std::process::{Command, Output};

fn accord(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accord"));
    for name in ["ACCORD_HOME", "ACCORD_SESSION"] {
        command.env_remove(name);
    }
    command.args(args).output().unwrap()
}

#[test]
fn version_and_help_are_answers_on_stdout() {
    let version = accord(&["--version"]);
    let expected = format!("accord {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (version.status.code(), String::from_utf8_lossy(&version.stdout).as_ref()),
        (Some(0), expected.as_str())
    );
    let help = accord(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("Usage: accord"), "{help:?}");
    assert!(version.stderr.is_empty() && help.stderr.is_empty());
}

#[test]
fn what_is_no_command_is_a_matter_of_usage() {
    for args in [&["frobnicate"][..], &["--frobnicate"], &[]] {
        let said = accord(args);
        assert_eq!(said.status.code(), Some(2), "{args:?}: {said:?}");
        assert!(said.stdout.is_empty() && !said.stderr.is_empty(), "{args:?}: {said:?}");
    }
}
