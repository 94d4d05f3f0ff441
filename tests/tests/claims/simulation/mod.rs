//! Lives of small federations in virtual time: what the simulation plays in CI, and that it finds what it
//! is there to find.

use std::process::Command;

use serde_json::Value;

/// The seeds that are played here; more are played by hand.
const SEEDS: &str = "1..13";

/// What `simulate` printed last, whether it found nothing, and all that it printed.
fn simulate(args: &[&str]) -> (Value, bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulate"));
    let ended = command.args(args).output().expect("simulate runs");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let last = said.lines().last().and_then(|line| serde_json::from_str(line).ok());
    let last = last.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&ended.stderr)));
    (last, ended.status.success(), said)
}

#[test]
fn one_seed_is_one_history_to_the_byte_of_every_log() {
    let logs = |seed: &str| {
        let (life, holds, said) = simulate(&["--seed", seed]);
        assert!(holds, "{said}");
        life["logs"].clone()
    };
    assert_eq!(logs("5"), logs("5"));
    assert_ne!(logs("5"), logs("6"));
}

#[test]
fn the_seeds_of_ci_break_no_rule() {
    let (figures, holds, said) = simulate(&["--seeds", SEEDS]);
    println!("simulate: {figures}");
    assert!(holds, "{said}");
    let count = |of: &str| figures[of].as_u64().expect("a count");
    assert!(count("faults") > 100 && count("answered") > 100, "{figures}");
}

/// What the planted flaw breaks is found within the seeds of CI.
fn finds(flaw: &str) {
    let (figures, holds, said) = simulate(&["--seeds", SEEDS, "--first", "--bug", flaw]);
    assert!(!holds && figures["findings"].as_u64() > Some(0), "{flaw} is not found: {said}");
}

macro_rules! finds {
    ($($claim:ident: $flaw:literal,)*) => {
        $(
            #[test]
            fn $claim() {
                finds($flaw);
            }
        )*
    };
}

finds! {
    an_append_after_the_release_is_found: "append-after-release",
    an_answer_shown_without_its_entry_is_found: "shown-unlogged",
    uses_that_are_forgotten_are_found: "uses-forgotten",
    a_quota_that_is_forgotten_is_found: "quota-forgotten",
    receipts_that_are_lost_are_found: "receipt-lost",
    retention_a_day_early_is_found: "retention-early",
    letters_that_are_lost_are_found: "letter-lost",
    an_outbox_that_only_grows_is_found: "outbox-kept",
    destroying_more_than_the_log_says_is_found: "redacts-more",
    answers_kept_past_their_end_are_found: "answers-kept",
    half_a_group_is_found: "half-group",
    a_read_that_was_not_asked_for_is_found: "search-wider",
}
