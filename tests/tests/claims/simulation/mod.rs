//! Lives of small federations in virtual time: what the simulation plays in CI, and that it finds what it
//! is there to find.

use std::process::Command;

use serde_json::Value;

/// The seeds that are played here, with each way of being dishonest once; more are played by hand.
const SEEDS: std::ops::Range<u64> = 1..28;
/// Steps of a life here; by hand lives are longer.
const STEPS: &str = "120";

/// What `simulate` printed last, whether it found nothing, and all that it printed.
fn simulate(args: &[&str]) -> (Value, bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulate"));
    let ended = command.args(args).output().expect("simulate runs");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let last = said.lines().last().and_then(|line| serde_json::from_str(line).ok());
    let last = last.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&ended.stderr)));
    (last, ended.status.success(), said)
}

fn range(seeds: &std::ops::Range<u64>) -> String {
    format!("{}..{}", seeds.start, seeds.end)
}

#[test]
fn one_seed_is_one_history_to_the_byte_of_every_log() {
    let logs = |seed: &str| {
        let (life, holds, said) = simulate(&["--seed", seed, "--steps", STEPS]);
        assert!(holds, "{said}");
        life["logs"].clone()
    };
    assert_eq!(logs("5"), logs("5"));
    assert_ne!(logs("5"), logs("6"));
}

#[test]
fn the_seeds_of_ci_break_no_rule() {
    let (figures, holds, said) = simulate(&["--seeds", &range(&SEEDS), "--steps", STEPS]);
    println!("simulate: {figures}");
    assert!(holds, "{said}");
    let count = |of: &str| figures[of].as_u64().expect("a count");
    assert!(count("faults") > 100 && count("answered") > 100, "{figures}");
}

#[test]
fn what_breaks_a_rule_is_made_shorter_and_breaks_it_still() {
    let args = ["--seed", "2", "--steps", "60", "--bug", "shown-unlogged", "--shrink"];
    let (life, holds, said) = simulate(&args);
    let rule = life["violations"][0]["rule"].as_str().expect("a rule");
    assert!(!holds && said.contains(&format!("breaks `{rule}` with")), "{said}");
    assert!(said.contains("--bug shown-unlogged"), "{said}");
    assert!(life["steps"].as_array().expect("steps").len() < 30, "{said}");
}

/// Played with a planted flaw, and beside an agency that is dishonest in this `way`, `seeds` break a rule.
fn breaks(flaw: &str, seeds: &std::ops::Range<u64>, way: Option<&str>) -> bool {
    let range = range(seeds);
    let mut args = vec!["--seeds", &range, "--steps", STEPS, "--first", "--bug", flaw];
    args.extend(way.iter().flat_map(|way| ["--dishonest", way]));
    let (told, holds, _) = simulate(&args);
    // Of several lives figures are told, of one the life.
    let broken = told["violations"].as_array().is_some_and(|broken| !broken.is_empty());
    !holds && (broken || told["findings"].as_u64() > Some(0))
}

/// What the planted flaw breaks is found within the seeds of CI: by the one that found it last, or by
/// another once a node does something else. What no honest agency would suffer from is found beside one that
/// is dishonest in this `way`.
fn finds(flaw: &str, seed: u64, way: Option<&str>) {
    assert!(SEEDS.contains(&seed), "{seed} is not played in CI");
    let found = breaks(flaw, &(seed..seed + 1), way) || breaks(flaw, &SEEDS, way);
    assert!(found, "{flaw} is not found by {SEEDS:?}");
}

macro_rules! finds {
    ($($claim:ident: $flaw:literal by $seed:literal $(beside $way:literal)?,)*) => {
        $(
            #[test]
            fn $claim() {
                let way: &[&str] = &[$($way)?];
                finds($flaw, $seed, way.first().copied());
            }
        )*
    };
}

finds! {
    an_append_after_the_release_is_found: "append-after-release" by 2,
    an_answer_shown_without_its_entry_is_found: "shown-unlogged" by 2,
    uses_that_are_forgotten_are_found: "uses-forgotten" by 2,
    a_quota_that_is_forgotten_is_found: "quota-forgotten" by 2,
    receipts_that_are_lost_are_found: "receipt-lost" by 2,
    retention_a_day_early_is_found: "retention-early" by 2,
    letters_that_are_lost_are_found: "letter-lost" by 2,
    an_outbox_that_only_grows_is_found: "outbox-kept" by 7,
    destroying_more_than_the_log_says_is_found: "redacts-more" by 4,
    answers_kept_past_their_end_are_found: "answers-kept" by 2,
    half_a_group_is_found: "half-group" by 1,
    a_read_that_was_not_asked_for_is_found: "search-wider" by 1,
    debts_that_are_forgotten_are_found: "debts-forgotten" by 1 beside "withholds-proofs",
    cosigned_heads_that_are_forgotten_are_found: "heads-forgotten" by 3 beside "has-two-faces",
}
