//! Who received a read and what they are told of it: a signed word for each answer that held it.

use std::collections::HashMap;

use schemas::agency::State as UsState;
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
use audit_log::entries::reads::SignedCorrection;
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

/// What everybody who received one of these reads is sent, signed with `key`, and by which answers they
/// had received it.
///
/// # Errors
/// When the store does not answer, or holds what the log never wrote.
pub(super) async fn letters(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    key: &SecretKey,
    words: &[Word<'_>],
) -> Result<Vec<(Release, SignedCorrection)>, ActError> {
    let by_read: HashMap<ReadId, &Word<'_>> =
        words.iter().map(|word| (word.was.id, word)).collect();
    let ids: Vec<ReadId> = by_read.keys().copied().collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut letters = Vec::new();
    for release in store.released(&ids).await? {
        let Some(word) = by_read.get(&release.read) else { continue };
        let signed = sign(agency, key, &release, word)?;
        letters.push((release, signed));
    }
    Ok(letters)
}

fn sign(
    agency: &OwnAgency,
    key: &SecretKey,
    release: &Release,
    word: &Word<'_>,
) -> Result<SignedCorrection, ActError> {
    let asked = release.query.lines().next().unwrap_or_default();
    let query = Envelope::parse(asked.as_bytes())?;
    // Verified when it was answered.
    let query: Query = serde_json::from_slice(query.unverified_payload())
        .map_err(|e| ActError::failed(format!("entry {}: {e}", release.entry)))?;
    let correction = Correction {
        from: agency.id.clone(),
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
    let signed = Envelope::sign_json(Kind::Correction, &correction, key)?;
    let message = OutboxMessage {
        peer: release.requester.clone(),
        kind: FrameKind::Document,
        body: signed.to_text(),
    };
    Ok((message, correction))
}
