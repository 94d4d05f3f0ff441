//! What a comparison of two logs comes to, as it is told.

use std::collections::BTreeMap;

use audit::reconcile::Finding;
use schemas::agency::AgencyId;
use serde::{Deserialize, Serialize};

/// What `accord audit reconcile` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Reconciled {
    /// The peer.
    pub peer: AgencyId,
    /// Exchanges told alike.
    pub matched: u64,
    /// Refusals told alike.
    pub refused_both: u64,
    /// Exchanges that may still be under way, and are told by a later comparison.
    pub open: u64,
    /// Differences.
    pub findings: Vec<Finding>,
    /// Exchanges where the logs differ that were not looked into: more than are told one by one.
    pub further: u64,
    /// Findings whose entries in this log were not looked at again: more than are within a bound. They hold
    /// nobody to a signature; exports of both logs do.
    pub unjudged: u64,
    /// Bytes that crossed the wire for it, both ways.
    pub bytes_exchanged: usize,
    /// What proves the findings to others; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// What was signed, and what leads from there to the findings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Proof {
    /// The signed head of this log under which the evidence stands.
    pub head: String,
    /// The signed request.
    pub request: String,
    /// The peer's signed statement, bound to the request.
    pub statement: String,
    /// What the peer showed on the way from the root that it signed, exactly.
    pub shown: Vec<String>,
}

/// How many findings there are of each class.
pub(super) fn by_class(findings: &[Finding]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        let class = serde_json::to_value(finding.class).unwrap_or_default();
        let count: &mut u64 =
            counts.entry(class.as_str().unwrap_or_default().to_owned()).or_default();
        *count = count.saturating_add(1);
    }
    counts
}
