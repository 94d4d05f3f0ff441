//! Two bundles that were compared.

use schemas::statement::ExchangeRecord;

use super::counted;
use crate::evidence::Evidence;
use crate::reconcile::Finding;
use crate::two_bundles::Reconciled;

/// What the comparison of two bundles found.
#[must_use]
pub fn compared(report: &Reconciled) -> String {
    let mut out = format!(
        "{} with {}: {} matched, {} refused on both sides, {} still open, {}{}",
        report.agency,
        report.peer,
        report.matched,
        report.refused_both,
        report.open,
        expired(report.expired),
        findings(&report.findings)
    );
    for one in &report.findings {
        out += &finding(one, &said(report, one));
    }
    out
}

/// How many findings, and how many of them are explained.
fn findings(findings: &[Finding]) -> String {
    let counted = counted(findings.len(), "finding", "findings");
    match findings.iter().filter(|finding| !finding.explained.is_empty()).count() {
        0 => counted,
        some => format!("{counted}, {some} explained"),
    }
}

/// How many exchanges are past their retention on one side, where there are any.
fn expired(count: u64) -> String {
    if count == 0 { String::new() } else { format!("{count} expired on one side, ") }
}

/// One finding; `told` is what the logs say of it, where no message says more.
pub(super) fn finding(finding: &Finding, told: &str) -> String {
    let class = serde_json::to_value(finding.class).unwrap_or_default();
    let mut out = format!("\n  {}", class.as_str().unwrap_or_default());
    if let Some(query) = &finding.query_id {
        out += &format!("  query {query}");
    }
    if let Some(agency) = &finding.agency {
        out += &format!("  log of {agency}");
    }
    if let Some(index) = finding.index {
        out += &format!("  entry {index}");
    }
    out += &format!("\n      {}", finding.message.as_deref().unwrap_or(told));
    if let Some(by) = &finding.signed_by {
        out += &format!("\n      signed by {} with the key {}", by.agency, by.key);
        if let Some(at) = by.said_ended {
            out += &format!(", of which it says that it ended at {at}");
        }
    }
    for said in &finding.explained {
        let by = said.by.as_ref().map(ToString::to_string).unwrap_or_default();
        out += &format!(
            "\n      explained by {by} of {} on {} (entry {}): {}",
            said.log, said.at, said.entry, said.reason
        );
    }
    out + &finding.evidence.iter().map(evidence).collect::<String>()
}

fn said(report: &Reconciled, finding: &Finding) -> String {
    format!(
        "the log of {} says {}, that of {} {}",
        report.agency,
        reached(finding.ours.as_ref()),
        report.peer,
        reached(finding.theirs.as_ref())
    )
}

/// How far a log says that an exchange came.
fn reached(line: Option<&ExchangeRecord>) -> String {
    let reached = line.and_then(|line| serde_json::to_value(line.reached).ok());
    reached.and_then(|r| r.as_str().map(str::to_owned)).unwrap_or("nothing".into())
}

fn evidence(evidence: &Evidence) -> String {
    let mut out = format!(
        "\n      evidence: {} entry {} ({}), {}",
        evidence.agency,
        evidence.index,
        evidence.kind,
        counted(evidence.envelopes.len(), "signed envelope", "signed envelopes")
    );
    if let Some(theirs) = &evidence.theirs {
        out += &format!(
            ", the other side's entry {} under its signed head of {} entries",
            theirs.log.index, theirs.log.size
        );
    }
    out
}
