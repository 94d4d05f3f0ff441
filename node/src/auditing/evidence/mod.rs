//! Evidence packages: the reads of a case, one's own and those received, put into a bag to be booked
//! into evidence (Indio 461.4, Port 462.4, Monrovia 463.8, Escondido V), with the entries of the log
//! that say how they came and the proofs of these.
//!
//! The entry `evidence.exported` is durable before anything leaves, and holds the digest of the
//! manifest: it says exactly what left. What the package says of the export itself stands outside
//! the payload, since it comes after.

mod bag;
mod gather;
mod payload;
mod render;
mod sealed;
pub mod tape;

use std::collections::BTreeMap;
use std::sync::Arc;

use ::agreements::decide::Reasons;
use schemas::digest::Digest;
use schemas::event::audit::EvidenceExported;
use schemas::evidence::Evidence;
use schemas::query::QueryId;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::context::OwnKeys;
use crate::permission::{ActError, OwnAgency, Principal, policy_in_force, refused, with_access};
use crate::retention::hold_filter::HoldFilter;
use audit_log::entries::audit::evidence_exported;
use audit_log::entries::exchange::asking::evidence_declined;
use audit_log::entry::Entry;
use bag::Payload;
pub use bag::Photo;
use gather::Asking;
use registry::State;
use store::ReadStore;
use store::photographs::Images;

/// What is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The case.
    pub case: Text,
}

/// A photograph that belongs to a read of the package and is not in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Missing {
    /// Its digest.
    pub digest: Digest,
    /// Why, in a word: `missing` or `altered` here, or `not received`.
    pub why: String,
}

/// What a package holds, as `data/package.json` in it says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Summary {
    /// The agency.
    pub agency: schemas::agency::AgencyId,
    /// The case.
    pub case: Text,
    /// Reads in it: one's own, and received ones, which count once for each answer.
    pub reads: usize,
    /// Of these, one's own.
    pub own_reads: usize,
    /// Answers of peers that were received for the case and are kept.
    pub answers: usize,
    /// Answers that were received for it and whose reads are kept no longer.
    pub answers_ended: Vec<QueryId>,
    /// Photographs.
    pub images: usize,
    /// Photographs that belong to a read and are not in it.
    pub images_missing: Vec<Missing>,
    /// Entries of the log that say how it all came.
    pub entries: usize,
    /// The entry of this export, once there is one: it comes after the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
}

/// A package on its way out.
#[derive(Debug)]
pub struct Package {
    /// What it holds.
    pub summary: Summary,
    /// Its files, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Its photographs, by path.
    pub photographs: Vec<(String, Photo)>,
}

/// What packages are made of.
#[derive(Clone, Copy)]
pub struct Packaging<'a> {
    /// The agency, which logs every package.
    pub agency: &'a OwnAgency,
    /// Its keys: the message key signs a package.
    pub keys: &'a OwnKeys,
    /// What is on record.
    pub store: &'a dyn ReadStore,
    /// The photographs.
    pub photographs: &'a Images,
}

/// A package that may leave once its entry is durable.
struct Judged {
    state: Arc<State>,
    payload: Payload,
    manifest: String,
    summary: Summary,
    /// What is signed, but for the entry and the manifest of the tag files.
    said: Evidence,
}

impl Packaging<'_> {
    /// Puts what belongs to a case into a package, for somebody who may ask for it.
    ///
    /// # Errors
    /// When nothing is on record for the case, the user may not ask for what belongs to it, or it
    /// cannot be logged: then nothing leaves.
    pub async fn package(&self, by: &Principal, case: &Text) -> Result<Package, ActError> {
        if case.as_str().trim().is_empty() {
            return Err(ActError::usage("a case number cannot be empty".into()));
        }
        let judge = |state, now| self.judged(state, now, by, case);
        let (appended, judged) = self.agency.act_async(judge).await?;
        self.sealed(judged, appended.position().index).await
    }

    /// What would leave as of `state`, and the entry without which it does not.
    async fn judged(
        &self,
        state: Arc<State>,
        now: Timestamp,
        by: &Principal,
        case: &Text,
    ) -> Result<(Entry, Judged), ActError> {
        let user = with_access(&state, by, now)?;
        let entries = self.recorded_for(case).await?;
        if entries.iter().all(|one| one.read.body.is_none()) {
            return Err(ActError::usage(format!(
                "nothing is on record here for case `{case}`; a query or a search names its case with --case"
            )));
        }
        let holds = HoldFilter::of(self.store, &state, None).await?;
        let asking =
            Asking { user: &user, by, policy: policy_in_force(&state)?, holds: &holds, now };
        let auditor = self.agency.auditing(&state, &user, by, now)?;
        let gathered = match self.gather(entries, &asking).await? {
            Ok(gathered) => gathered,
            Err(forbidden) => {
                let declined = evidence_declined(auditor.actor, forbidden.access);
                drop(self.agency.log.append(declined).await?);
                let reasons = Reasons::ordered(forbidden.reasons);
                return Err(reasons.map_or_else(
                    || ActError::failed("no reason was given against it".into()),
                    |reasons| refused(&reasons),
                ));
            }
        };
        let (payload, summary) = self.payload(&state, &gathered, case, now).await?;
        let manifest = payload.manifest();
        let digest = Digest::of(manifest.as_bytes());
        let exported = EvidenceExported {
            case: case.clone(),
            reads: summary.reads as u64,
            answers: summary.answers as u64,
            images: summary.images as u64,
            manifest: digest,
        };
        let said = Evidence {
            agency: self.agency.id.clone(),
            case: case.clone(),
            by: user.name.clone(),
            at: now,
            entry: 0,
            manifest: digest,
            tagmanifest: Digest::of(b""),
        };
        let entry = evidence_exported(&state, auditor, exported, gathered.plates());
        Ok((entry, Judged { state, payload, manifest, summary, said }))
    }
}
