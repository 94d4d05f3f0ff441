//! A peer's word that a read it released was wrong.
//!
//! Taken in only from the agency that was asked and only about a read that its answer held, as far
//! as that answer is still kept; acknowledged once its entry is durable. The kept answer itself
//! stays as it came: who sees it again is shown the corrections with it.

use schemas::correction::Correction;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::query::{Query, QueryId, UserName};
use schemas::read::{Read, ReadId};

use super::answer::Unserved;
use super::documents::{TRIES, Unfit};
use crate::context::NodeContext;
use audit_log::append::{AppendError, Appended, Moved};
use audit_log::entry::{Entry, Guard};
use registry::{Change, Peer};
use store::{EntryFilter, ReadStore, Side, StoreError};

/// Entries of one query that are looked at.
const MOST: u32 = 1_000;

impl NodeContext {
    /// Records a peer's correction; `None` when it is recorded already.
    pub(super) async fn take_in_correction(
        &self,
        peer: &Peer,
        envelope: &Envelope,
    ) -> Result<Option<Appended>, Result<Unfit, Unserved>> {
        let misfit = |why: &str| Ok(Unfit::Unverifiable(why.to_owned()));
        let store = |error: StoreError| Err(Unserved::Store(error));
        let card = &peer.card.value;
        let Some(key) = peer.key_of(envelope, self.agency.clock.now()) else {
            return Err(misfit("it is signed with a revoked key"));
        };
        let correction: Correction =
            envelope.verified_json(Kind::Correction, key).map_err(|e| misfit(&e.to_string()))?;
        if correction.from != card.id || correction.to != self.agency.id {
            return Err(misfit("a correction between others"));
        }
        let asked = self.store.asked(correction.query_id).await.map_err(store)?;
        let Some(asked) = asked.filter(|asked| asked.owner == card.id) else {
            return Err(misfit("a correction of what was not asked of its sender"));
        };
        if let Some("refused") = asked.outcome.as_deref() {
            return Err(misfit("a correction of a query that was refused"));
        }
        let pages = self
            .store
            .pages(Side::Asked, correction.query_id, self.agency.clock.now())
            .await
            .map_err(store)?;
        let kept = !pages.is_empty();
        if kept && !pages.iter().any(|page| holds(page, correction.read)) {
            return Err(misfit("a correction of a read that the answer did not hold"));
        }
        let asked = asked.envelope.and_then(|query| Envelope::parse(query.as_bytes()).ok());
        let user = asked.and_then(|query| {
            let query: Query = serde_json::from_slice(query.unverified_payload()).ok()?;
            Some(query.requester.user)
        });
        // The same letter may come by two conversations at once: it is looked for on what is known
        // at the instant of its entry.
        for _ in 0..TRIES {
            let state = self.agency.registry.state();
            let before =
                corrections_of(self.store.as_ref(), correction.query_id).await.map_err(store)?;
            for (known, earlier) in &before {
                if known == envelope {
                    return Ok(None);
                }
                if earlier.read == correction.read && earlier.version == correction.version {
                    return Err(misfit(
                        "another correction under the version of one recorded here",
                    ));
                }
            }
            let guard = Guard { generation: Some(state.generation()), ..Guard::default() };
            let entry = self.received(peer, envelope, &correction, user.as_ref(), kept);
            match self.agency.log.append(entry.guarded(guard)).await {
                Err(AppendError::Moved(Moved::Registry)) => {}
                appended => return appended.map(Some).map_err(|e| Err(Unserved::Log(e))),
            }
        }
        Err(Ok(Unfit::NotNow("the registry is being changed; send this again".into())))
    }

    fn received(
        &self,
        peer: &Peer,
        envelope: &Envelope,
        correction: &Correction,
        user: Option<&UserName>,
        kept: bool,
    ) -> Entry {
        let card = &peer.card.value;
        let (read, version) = (correction.read, correction.version);
        let mut entry = Entry::new(EntryKind::ReadsCorrected, self.agency.peer_actor(&card.id))
            .with_peer(&card.id)
            .with_query(correction.query_id)
            .with_envelope(envelope)
            .with_detail("read", correction.read.to_string())
            .with_detail("version", correction.version)
            .with_detail("was", correction.was.as_str())
            .with_detail("plate", correction.plate.as_str())
            .with_detail("reason", correction.reason.as_str())
            .with_detail("query_id", correction.query_id.to_string())
            .with_detail("answer_kept", kept)
            .untyped_changing(Change::ReadCorrected { read, version });
        if let Some(user) = user {
            entry = entry.with_detail("asked_by", user.as_str());
        }
        entry
    }
}

fn holds(page: &[u8], id: ReadId) -> bool {
    page.split(|b| *b == b'\n')
        .filter_map(|line| serde_json::from_slice::<Read>(line).ok())
        .any(|read| read.id == id)
}

/// The corrections that came for the answer to a query of ours, in the order they came.
pub(crate) async fn corrections_of(
    store: &dyn ReadStore,
    query: QueryId,
) -> Result<Vec<(Envelope, Correction)>, StoreError> {
    let filter = EntryFilter {
        query: Some(query.digest()),
        kind: Some(EntryKind::ReadsCorrected),
        ..EntryFilter::default()
    };
    let entries = store.entries(&filter, 0, MOST).await?;
    // One whose retention is over says nothing any more.
    let envelopes = entries.iter().filter_map(|entry| entry.envelope.as_ref());
    let corrupt = |e: String| StoreError::Corrupt(e);
    envelopes
        .map(|text| {
            let envelope = Envelope::parse(text.as_bytes()).map_err(|e| corrupt(e.to_string()))?;
            // Verified when it came, with the key in force then.
            let correction = serde_json::from_slice(envelope.unverified_payload())
                .map_err(|e| corrupt(e.to_string()))?;
            Ok((envelope, correction))
        })
        .collect()
}
