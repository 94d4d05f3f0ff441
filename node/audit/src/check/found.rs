//! What a check of a bundle found.

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
use schemas::bundle::Scope;
use schemas::checkpoint::Checkpoint;
use schemas::digest::Digest;
use schemas::ranges::Ranges;
use serde::Serialize;

use crate::brackets::Brackets;
use crate::clock_steps::ClockStep;
use crate::decisions::NotDecidedAgain;
use crate::hold_check::JudgedHold;
use crate::keys::Keys;
use crate::problem::Problem;

/// The code of a problem that is none of the log's: a key that has to be pinned is not.
pub const UNPINNED: &str = "unpinned";

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whose log.
    pub agency: AgencyId,
    /// What of it.
    pub scope: Scope,
    /// Entries in the log that its signed head speaks of.
    pub size: u64,
    /// The root that its signed head speaks of.
    pub root: Option<Digest>,
    /// Whether nothing is wrong, a key that is not pinned included.
    pub ok: bool,
    /// Entries checked.
    pub entries: u64,
    /// Those of them whose body is destroyed.
    pub redacted: u64,
    /// Signatures checked.
    pub signatures: u64,
    /// Queries of peers that were decided again, from what the log holds.
    pub decided_again: u64,
    /// Those that could not be, by why not.
    pub not_decided_again: BTreeMap<NotDecidedAgain, u64>,
    /// Who cosigned a head of this log that the bundle shows.
    pub cosigned_by: Vec<String>,
    /// Who else is named as a cosigner of them and is not pinned: that counts for nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cosigners_unpinned: Vec<AgencyId>,
    /// Whether the agency's own key was pinned; otherwise nothing that it signed was checked.
    pub pinned: bool,
    /// Agencies that this log cannot be believed about before their keys are pinned, with how many
    /// entries rest on the word of each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unpinned: BTreeMap<AgencyId, u64>,
    /// Entries that repeat an earlier one which is not in the bundle, or is destroyed.
    pub not_compared: u64,
    /// Entries that say of a reply that it did not verify, although its header does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected_although_valid: Vec<u64>,
    /// Entries of exchanges in other logs that this one keeps no proof of, by whose log.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unproven: BTreeMap<AgencyId, u64>,
    /// Clocks that were accepted: the times of entries before and after are those of two clocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clock_accepted: Vec<ClockStep>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The heads of this log that stand in it and that its pinned key signed.
    #[serde(skip)]
    pub heads: Vec<Checkpoint>,
    /// The keys that it was checked with.
    #[serde(skip)]
    pub keys: Keys,
    /// The holds that were placed, of a whole log.
    #[serde(skip)]
    pub holds: Vec<JudgedHold>,
    /// Which entries each redaction destroys.
    #[serde(skip)]
    pub redactions: Vec<(u64, Ranges)>,
    /// What bounds the times of the log.
    #[serde(skip)]
    pub brackets: Brackets,
    /// Texts of policies that stand in it, **unchecked**: what the log adopted, it names by digest.
    #[serde(skip)]
    pub policies: Vec<String>,
}

impl Report {
    /// Whether its entries are those of its signed head, whatever they say.
    #[must_use]
    pub fn tree_holds(&self) -> bool {
        let spoilt = ["checkpoint", "line", "header", "missing", "order", "size", "root", "proof"];
        self.problems.iter().all(|problem| !spoilt.contains(&problem.code))
    }

    /// Whether nothing is wrong but that some of it rests on keys that are not pinned.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.problems.iter().all(|problem| problem.code == UNPINNED)
    }
}
