//! The entries of this log as an auditor may believe them: held against the messages that were signed,
//! by the keys that people at this node confirmed.

use audit::key_times::KeyTimes;
use audit::keys::Keys;
use audit::verify::{Judged, Verifier};
use registry::Change;
use schemas::bundle::Item;
use schemas::card::Card;
use schemas::entry::StoredEntry;
use schemas::envelope::Envelope;

use crate::permission::{ActError, OwnAgency};
use host::off_thread::off_thread;

/// Judges entries of this log.
pub(crate) struct Judge(Option<Verifier>);

impl Judge {
    /// A judge of the log of `agency`. `complete`: no entry before those that it is shown is left out.
    ///
    /// # Errors
    /// When the store does not answer, or tells another registry than the log.
    pub(crate) async fn of(agency: &OwnAgency, complete: bool) -> Result<Self, ActError> {
        Ok(Self::with(agency, &confirmed_keys(agency).await?, complete))
    }

    /// As [`Self::of`], by these keys.
    pub(crate) fn with(
        agency: &OwnAgency,
        (keys, key_times): &(Keys, KeyTimes),
        complete: bool,
    ) -> Self {
        let verifier = Verifier::new(agency.id.clone(), keys.clone(), false, complete);
        Self(Some(verifier.knowing(key_times.clone())))
    }

    /// Judges the next entries, in the order of the log.
    ///
    /// # Errors
    /// When one of them has no header that can be read.
    pub(crate) async fn judge(
        &mut self,
        entries: Vec<StoredEntry>,
    ) -> Result<Vec<Judged>, ActError> {
        let broke_off = || ActError::failed("the check of the log broke off".into());
        let mut verifier = self.0.take().ok_or_else(broke_off)?;
        // Signatures take longer than a thread may be kept that serves others.
        let judged = off_thread(move || {
            let items: Vec<Item> = entries.into_iter().map(Item::of).collect();
            let judged = verifier.check(&items);
            drop(verifier.problems());
            (verifier, judged)
        });
        let (verifier, judged) = judged.await.map_err(|_| broke_off())?;
        self.0 = Some(verifier);
        let unread = || {
            ActError::failed(
                "the database holds an entry without a header that can be read; see `accord audit verify`"
                    .into(),
            )
        };
        judged.into_iter().map(|one| one.ok_or_else(unread)).collect()
    }
}

/// The keys of this agency's own cards and of those of peers that a person confirmed, with the later
/// versions that came under the same agency key; and from when on each was known here, and ended.
///
/// # Errors
/// When the store does not answer, or tells another registry than the log.
pub(crate) async fn confirmed_keys(agency: &OwnAgency) -> Result<(Keys, KeyTimes), ActError> {
    let (mut keys, mut key_times) = (Keys::default(), KeyTimes::default());
    for made in agency.log.proven_changes().await? {
        let change: Change = serde_json::from_str(&made.text)
            .map_err(|e| ActError::failed(format!("a change cannot be read: {e}")))?;
        let signed = change.card().and_then(|card| Envelope::parse(card.as_bytes()).ok());
        if let Some(card) = signed.and_then(|signed| Card::open(&signed).ok()) {
            keys.add(&card);
            let recorded = match &change {
                Change::Card { verified, .. } => Some(verified.at),
                Change::CardUpdate { at, .. } => Some(*at),
                _ => None,
            };
            if let Some(recorded) = recorded.filter(|_| card.id != agency.id) {
                key_times.note(&card, made.entry, recorded);
            }
        }
    }
    Ok((keys, key_times))
}
