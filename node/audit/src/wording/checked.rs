//! A log that was checked.

use super::counted;
use crate::check::Report;

/// What the check of a log found.
#[must_use]
pub fn checked(report: &Report) -> String {
    let of = match &report.scope.peer {
        Some(peer) => format!(" with {peer}"),
        None => String::new(),
    };
    let mut out = format!(
        "log of {}{of}: {} and {} checked under its signed head of {} entries, root {}",
        report.agency,
        counted(report.entries, "entry", "entries"),
        counted(report.signatures, "signature", "signatures"),
        report.size,
        report.root.map_or_else(|| "unknown".into(), |root| root.to_string()),
    );
    let not: u64 = report.not_decided_again.values().sum();
    if report.decided_again > 0 || not > 0 {
        out += &format!("\n{} decided again", counted(report.decided_again, "query", "queries"));
        for (why, count) in &report.not_decided_again {
            out += &format!("; {count} not: {}", why.in_words());
        }
    }
    if !report.cosigned_by.is_empty() {
        out += &format!("\ncosigned by {}", report.cosigned_by.join(", "));
    }
    if report.ok {
        return out + "\nnothing is wrong with it";
    }
    out + "\n" + &problems(report)
}

/// What is wrong with a log, a line each below how many they are.
#[must_use]
pub fn problems(report: &Report) -> String {
    let mut out = format!("{}:", counted(report.problems.len(), "problem", "problems"));
    for problem in &report.problems {
        let place = problem.index.map_or_else(String::new, |index| format!("entry {index}: "));
        out += &format!("\n  {:<10}  {place}{}", problem.code, problem.message);
    }
    out
}

/// That the keys of a bundle are its own word; `None` when its agency's key was pinned.
#[must_use]
pub fn unpinned(report: &Report) -> Option<String> {
    (!report.pinned).then(|| {
        format!(
            "note: whose keys these are is the bundle's own word; pin the key of `{0}` with --key {0}=FINGERPRINT",
            report.agency
        )
    })
}
