//! Who received a read and what they are told of it: a signed word for each answer that held it.
//!
//! As many are told by the entry of what became of the read as it has room for. The others follow, and with
//! them whoever was answered between the look and that entry.

use std::collections::{HashMap, HashSet};

use schemas::agency::State as UsState;
use schemas::body::Actor;
use schemas::correction::Correction;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::key::SecretKey;
use schemas::plate::Plate;
use schemas::query::Query;
use schemas::read::{Read, ReadId};
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::permission::{ActError, OwnAgency};
use audit_log::entries::reads::{OwnCorrection, SignedCorrection, correction_told};
use store::{OutboxMessage, ReadStore, Release};

/// Recipients told by one entry: what is said of each must fit its body.
pub(super) const TOLD: usize = 150;

/// What is said of a read to those who received it.
pub(super) struct Word<'a> {
    /// The read as it was.
    pub(super) was: &'a Read,
    /// The plate as it is; nothing where the read is withdrawn.
    pub(super) plate: Option<&'a Plate>,
    /// The plate's state, where that is said too.
    pub(super) plate_state: Option<UsState>,
    /// The version that now holds.
    pub(super) version: u32,
    /// Why.
    pub(super) reason: &'a Text,
    /// When.
    pub(super) at: Timestamp,
}

impl Word<'_> {
    /// What the log says of it.
    pub(super) fn logged(&self) -> OwnCorrection<'_> {
        OwnCorrection {
            was: self.was,
            plate: self.plate,
            version: self.version,
            reason: self.reason,
        }
    }
}

/// A word for one answer that held a read.
pub(super) struct Letter {
    /// The read, and the answer's entry.
    pub(super) of: (ReadId, u64),
    signed: SignedCorrection,
}

/// Those of `letters` that the entry tells of which they are about.
pub(super) fn first(letters: &[Letter]) -> Vec<SignedCorrection> {
    letters.iter().take(TOLD).map(|letter| letter.signed.clone()).collect()
}

/// Tells who received reads, signed with the agency's message key.
pub(super) struct Telling<'a> {
    pub(super) agency: &'a OwnAgency,
    pub(super) store: &'a dyn ReadStore,
    pub(super) message_key: &'a SecretKey,
}

impl Telling<'_> {
    /// What everybody who received one of these reads is sent.
    ///
    /// # Errors
    /// When the store does not answer, or holds what the log never wrote.
    pub(super) async fn letters(&self, words: &[Word<'_>]) -> Result<Vec<Letter>, ActError> {
        let by_read: HashMap<ReadId, &Word<'_>> =
            words.iter().map(|word| (word.was.id, word)).collect();
        let ids: Vec<ReadId> = by_read.keys().copied().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut letters = Vec::new();
        for release in self.store.released(&ids).await? {
            let Some(word) = by_read.get(&release.read) else { continue };
            let signed = self.sign(&release, word)?;
            letters.push(Letter { of: (release.read, release.entry), signed });
        }
        Ok(letters)
    }

    /// Tells, once the entry is durable that told the [`first`] of `told`, everybody else. How many are told
    /// in all.
    ///
    /// # Errors
    /// When the store does not answer, or the log cannot be written.
    pub(super) async fn others(
        &self,
        actor: &Actor,
        words: &[Word<'_>],
        told: &[Letter],
    ) -> Result<usize, ActError> {
        let known: HashSet<_> = told.iter().take(TOLD).map(|letter| letter.of).collect();
        let mut others: HashMap<ReadId, Vec<SignedCorrection>> = HashMap::new();
        for Letter { of, signed } in self.letters(words).await? {
            if !known.contains(&of) {
                others.entry(of.0).or_default().push(signed);
            }
        }
        let mut count = known.len();
        for word in words {
            let signed = others.remove(&word.was.id).unwrap_or_default();
            count = count.saturating_add(signed.len());
            for part in signed.chunks(TOLD) {
                let entry = correction_told(actor.clone(), word.logged(), part);
                drop(self.agency.log.append(entry).await?);
            }
        }
        Ok(count)
    }

    fn sign(&self, release: &Release, word: &Word<'_>) -> Result<SignedCorrection, ActError> {
        let asked = release.query.lines().next().unwrap_or_default();
        let query = Envelope::parse(asked.as_bytes())?;
        // Verified when it was answered.
        let query: Query = serde_json::from_slice(query.unverified_payload())
            .map_err(|e| ActError::failed(format!("entry {}: {e}", release.entry)))?;
        let correction = Correction {
            from: self.agency.id.clone(),
            to: release.requester.clone(),
            query_id: query.id,
            read: word.was.id,
            version: word.version,
            was: word.was.plate.clone(),
            plate: word.plate.cloned(),
            plate_state: word.plate_state,
            reason: word.reason.clone(),
            at: word.at,
        };
        let signed = Envelope::sign_json(Kind::Correction, &correction, self.message_key)?;
        let message = OutboxMessage {
            peer: release.requester.clone(),
            kind: FrameKind::Document,
            body: signed.to_text(),
        };
        Ok((message, correction))
    }
}
