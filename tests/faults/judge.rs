//! Whether two logs hold after a fault: each verifies, what officers saw stands in both, and
//! reconciliation names every one-sided record by its class and nothing else.
//!
//! What reconciliation must find is told here from the entries of both logs alone, by the table of
//! `schemas/PROTOCOL.md`, section 14.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use schemas::query::QueryId;
use serde_json::Value;
use tests::command_line::CliAgency;

use crate::load::Told;

/// How long after a fault two honest nodes may take until each has proven to the other what it owes.
const PROVEN_WITHIN: Duration = Duration::from_secs(30);

/// What was counted at one judgement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judged {
    pub(crate) matched: u64,
    pub(crate) refused: u64,
    /// One-sided records, by class.
    pub(crate) one_sided: BTreeMap<String, u64>,
    pub(crate) lost: u64,
    pub(crate) unlogged: u64,
}

/// How far a query came, by the entries of one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Nothing,
    Open,
    Refused,
    Answered,
}

/// What one log tells of the exchanges with one peer, by H(query id).
#[derive(Default)]
struct Logged {
    /// Those that it asked.
    asked: BTreeMap<String, Reached>,
    /// Those that it was asked.
    owned: BTreeMap<String, Reached>,
    receipted: BTreeSet<String>,
}

/// Reads the headers of an export.
fn logged(bundle: &str, peer: &str) -> Logged {
    let mut logged = Logged::default();
    let text = std::fs::read_to_string(bundle).expect("an export");
    for line in text.lines().skip(1) {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        // Cards and the like stand before the entries.
        let Some(header) = line["entry"]["header"].as_str() else { continue };
        let header: Value = serde_json::from_str(header).expect("a header");
        let Some(query) = header["query"].as_str().map(str::to_owned) else { continue };
        if header["peer"] != peer {
            continue;
        }
        let (side, reached) = match header["kind"].as_str().expect("a kind") {
            "receipt.recorded" => {
                logged.receipted.insert(query);
                continue;
            }
            "answer.received" => (&mut logged.asked, Reached::Answered),
            "refusal.received" => (&mut logged.asked, Reached::Refused),
            "query.sent" | "query.unanswered" | "answer.rejected" => {
                (&mut logged.asked, Reached::Open)
            }
            "query.answered" => (&mut logged.owned, Reached::Answered),
            "query.refused" => (&mut logged.owned, Reached::Refused),
            _ => continue,
        };
        let known = side.entry(query).or_insert(Reached::Nothing);
        *known = (*known).max(reached);
    }
    logged
}

/// H(query id) of the text of an id.
fn hashed(query: &str) -> String {
    let id: QueryId = query.parse().expect("a query id");
    id.digest().to_string()
}

/// The class that the protocol's table gives, or `None` where both logs tell the same.
fn class(ours: Reached, theirs: Reached, receipted: bool) -> Option<&'static str> {
    match (ours, theirs) {
        (Reached::Answered, Reached::Answered) if receipted => None,
        (Reached::Answered, Reached::Answered) => Some("receipt_missing"),
        (Reached::Refused, Reached::Refused) => None,
        (Reached::Open, Reached::Nothing) => Some("sent_owner_silent"),
        (Reached::Answered | Reached::Refused, Reached::Nothing) => Some("replied_owner_silent"),
        (Reached::Open | Reached::Refused, Reached::Answered) => Some("released_not_received"),
        (Reached::Open, Reached::Refused) => Some("refused_not_received"),
        (Reached::Nothing, _) => Some("owner_holds_unknown_query"),
        _ => Some("differs"),
    }
}

fn bundle(of: &CliAgency) -> String {
    let file = of.file("bundle");
    of.accord(&["audit", "export", "--out", &file]).done();
    file
}

fn pin(of: &CliAgency) -> String {
    let shown = of.accord(&["card", "show"]).done();
    format!("{}={}", of.id, shown["fingerprint"].as_str().expect("a fingerprint"))
}

/// Judges two logs, and what officers were told at either.
///
/// # Panics
/// When anything does not hold.
pub(crate) fn judge(when: &str, one: &CliAgency, other: &CliAgency, told: &[Told]) -> Judged {
    for agency in [one, other] {
        let verified = agency.accord(&["audit", "verify"]);
        assert_eq!(verified.code, 0, "{when}: the log of {} verifies: {verified:?}", agency.id);
        let alarms = agency.accord(&["audit", "alarms"]);
        assert_eq!(alarms.out, "", "{when}: no alarm at {}", agency.id);
    }
    let (files, report) = compared(one, other);
    let logs = [logged(&files[0], &other.id), logged(&files[1], &one.id)];

    let mut judged = Judged::default();
    let (mut lost, mut unlogged) = (BTreeSet::new(), BTreeSet::new());
    let mut expected = BTreeSet::new();
    for (ours, theirs) in [(&logs[0], &logs[1]), (&logs[1], &logs[0])] {
        let ids: BTreeSet<&String> = ours.asked.keys().chain(theirs.owned.keys()).collect();
        for id in ids {
            let reached = |side: &BTreeMap<String, Reached>| side.get(id).copied();
            let here = reached(&ours.asked).unwrap_or(Reached::Nothing);
            let there = reached(&theirs.owned).unwrap_or(Reached::Nothing);
            if here == Reached::Answered && there != Reached::Answered {
                unlogged.insert(id.clone());
            }
            match class(here, there, theirs.receipted.contains(id)) {
                None if here == Reached::Answered => judged.matched += 1,
                None => judged.refused += 1,
                Some(class) => {
                    if class == "receipt_missing" {
                        lost.insert(id.clone());
                    }
                    *judged.one_sided.entry(class.to_owned()).or_default() += 1;
                    expected.insert((class.to_owned(), id.clone()));
                }
            }
        }
    }
    for one in told {
        let id = hashed(&one.query);
        let here = logs.iter().find_map(|log| log.asked.get(&id).copied());
        if here.is_none() {
            lost.insert(id.clone());
        }
        if one.outcome == "answered" && here != Some(Reached::Answered) {
            unlogged.insert(id);
        }
    }
    judged.lost = lost.len() as u64;
    judged.unlogged = unlogged.len() as u64;
    assert!(lost.is_empty(), "{when}: lost {lost:?}");
    assert!(unlogged.is_empty(), "{when}: not in the log {unlogged:?}");

    let found: BTreeSet<(String, String)> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default();
            (text("class").to_owned(), hashed(text("query_id")))
        })
        .collect();
    let told: Vec<&Value> = report["findings"].as_array().into_iter().flatten().collect();
    let told: Vec<&Value> = told.iter().map(|finding| &finding["message"]).collect();
    assert_eq!(
        found, expected,
        "{when}: reconciliation names each one-sided record, and no other: {told:?}"
    );
    let count = |key: &str| report[key].as_u64().unwrap_or_default();
    assert_eq!(
        (count("matched"), count("refused_both"), count("open")),
        (judged.matched, judged.refused, 0),
        "{when}: what both logs tell alike"
    );
    judged
}

/// Exports of two logs, and what a comparison of them finds. Right after a fault proofs may be on their
/// way: it is compared again until both have all that the other owes, or should have.
fn compared(one: &CliAgency, other: &CliAgency) -> ([String; 2], Value) {
    let pins = [pin(one), pin(other)];
    let end = Instant::now() + PROVEN_WITHIN;
    loop {
        let files = [bundle(one), bundle(other)];
        let report = reconciled(one, &files, &pins);
        let findings = report["findings"].as_array().expect("findings");
        if Instant::now() >= end || findings.iter().all(|one| one["class"] != "unproven") {
            return (files, report);
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

fn reconciled(at: &CliAgency, files: &[String; 2], pins: &[String; 2]) -> Value {
    let [ours, theirs] = files;
    let [one, other] = pins;
    let args = ["audit", "reconcile", ours, theirs, "--grace", "0", "--key", one, "--key", other];
    let ended = at.accord(&args);
    assert!(ended.code <= 1, "{ended:?}");
    ended.lines().pop().expect("a report")
}
