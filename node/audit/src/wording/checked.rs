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
    for note in notes(report) {
        out += &format!("\n{note}");
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

/// What else is to be known of a log that was checked, each in a sentence.
fn notes(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    let cosigners = report.cosigners_unpinned.iter();
    let unlisted: Vec<String> = cosigners
        .filter(|agency| !report.unpinned.contains_key(*agency))
        .map(ToString::to_string)
        .collect();
    if !unlisted.is_empty() {
        notes.push(format!(
            "cosigners that are not pinned count for nothing: {}",
            unlisted.join(", ")
        ));
    }
    if report.not_compared > 0 {
        notes.push(format!(
            "{} an earlier one that is not here, or is destroyed, and could not be compared with it",
            counted(report.not_compared, "entry repeats", "entries repeat")
        ));
    }
    for (agency, count) in &report.unproven {
        notes.push(format!(
            "unproven: {} of `{agency}` about these exchanges, of which this log keeps no proof; what they say may have been written later",
            counted(*count, "entry of the log", "entries of the log")
        ));
    }
    for step in &report.clock_accepted {
        let way = if step.at < step.last { "back" } else { "on" };
        notes.push(format!(
            "clock.accepted: entry {} set the log {way} from {} to {}: {}",
            step.entry, step.last, step.at, step.reason
        ));
    }
    if !report.rejected_although_valid.is_empty() {
        let entries = report.rejected_although_valid.iter().map(ToString::to_string);
        notes.push(format!(
            "rejected_although_valid: the reply that entry {} says did not verify is signed and fits its query, as far as it is kept",
            entries.collect::<Vec<_>>().join(", ")
        ));
    }
    notes
}
