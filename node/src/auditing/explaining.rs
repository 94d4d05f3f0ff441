//! Explaining findings: what an auditor found out about a difference between two logs is an entry of its
//! own. The finding stays, and whoever compares the logs again sees both.

use schemas::agency::AgencyId;
use schemas::event::audit::{FindingsExplained, MOST_EXPLAINED};
use serde::{Deserialize, Serialize};

use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::audit::findings_explained;
use store::{EntryFilter, ReadStore};

/// What is explained.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explaining {
    /// The other agency of the comparison.
    pub peer: AgencyId,
    /// The findings, and what is said of them.
    pub findings: FindingsExplained,
}

/// What was said, and the entry that says so.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Explained {
    /// The entry.
    pub entry: u64,
    /// What it says.
    #[serde(flatten)]
    pub said: Explaining,
}

/// Explains findings.
///
/// # Errors
/// When the actor may not, no reason is given, or nothing is named that a finding could be about.
pub async fn explain(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    explaining: Explaining,
) -> Result<Explained, ActError> {
    let state = agency.registry.state();
    let now = agency.clock.now();
    let user = authorize(&state, by, Permission::Audit, now)?;
    let Explaining { peer, findings } = &explaining;
    if !state.peers.contains_key(peer) {
        return Err(ActError::usage(format!(
            "no card of `{peer}` is recorded; see `accord card list`"
        )));
    }
    is_whole(findings, peer, &agency.id)?;
    for query in &findings.queries {
        let filter = EntryFilter { query: Some(query.digest()), ..EntryFilter::default() };
        let unknown = store.entries(&filter, 0, 1).await?.is_empty();
        if unknown && !findings.class.own_log_may_lack_it() {
            return Err(ActError::usage(format!(
                "this log holds nothing of query `{query}`, so it has no finding `{}`; take id and class from `accord audit reconcile --peer {peer}`",
                findings.class
            )));
        }
    }
    let entry =
        findings_explained(agency.auditing(&state, &user, by, now)?, peer, findings.clone());
    let appended = agency.log.append(entry).await?;
    Ok(Explained { entry: appended.position().index, said: explaining })
}

/// Whether it says why, and names what a finding can be about.
fn is_whole(findings: &FindingsExplained, peer: &AgencyId, me: &AgencyId) -> Result<(), ActError> {
    let FindingsExplained { queries, log, index, reason, .. } = findings;
    let wrong = if reason.is_empty() {
        "say how they came about with --reason".to_owned()
    } else if queries.is_empty() && log.is_none() {
        "name the exchanges with --query, or whose log it is about with --log".into()
    } else if queries.len() > MOST_EXPLAINED {
        format!("{} exchanges are more than the {MOST_EXPLAINED} of one entry", queries.len())
    } else if let Some(other) = log.as_ref().filter(|log| *log != peer && *log != me) {
        format!("--log `{other}` is neither this agency nor `{peer}`, whose logs are compared")
    } else if index.is_some() && log.is_none() {
        "an entry is one of a log; name whose with --log".into()
    } else {
        return Ok(());
    };
    Err(ActError::usage(wrong))
}
