//! Bundles that were compared by the heads that they hold.

use super::compared::finding;
use super::counted;
use crate::heads::ComparedHeads;

/// What the comparison of heads found.
#[must_use]
pub fn heads(report: &ComparedHeads) -> String {
    let mut out = counted(report.findings.len(), "finding", "findings");
    for (agency, count) in &report.heads {
        let held = counted(*count, "signed head", "signed heads");
        out += &match report.logs.get(agency) {
            Some(size) => format!("\n  {agency}: {held}, its bundle of {size} entries"),
            None => format!("\n  {agency}: {held}, no bundle of it"),
        };
    }
    for agency in &report.unpinned {
        out += &format!(
            "\n  unpinned  {agency}: what others keep of its log counts for nothing; add --key {agency}=FINGERPRINT"
        );
    }
    for one in &report.findings {
        out += &finding(one, "");
    }
    out
}
