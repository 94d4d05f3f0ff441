//! A peer's word that a read it released was wrong.
//!
//! Taken in only from the agency that was asked and only about a read that its answer held, as far
//! as that answer is still kept; acknowledged once its entry is durable. The kept answer itself
//! stays as it came: who sees it again is shown the corrections with it.

use std::sync::Arc;

use schemas::correction::Correction;
use schemas::envelope::{Envelope, Kind};
use schemas::event::reads::CorrectedAnswer;
use schemas::outcome::OutcomeCode;
use schemas::query::Query;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;

use super::super::not_served::NotServed;
use super::bounds::PeerBounds;
use super::{NoEntry, recorded};
use crate::permission::OwnAgency;
use audit_log::append::Appended;
use audit_log::arrived::Arrived;
use audit_log::corrections::corrections_of;
use audit_log::entries::reads::correction_received;
use registry::{Peer, State};
use store::{AskedBefore, ReadStore, Side};

/// Records a peer's correction; `None` when it is recorded already.
pub(super) async fn record(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    bounds: PeerBounds,
    peer: &Peer,
    envelope: &Envelope,
) -> Result<Option<Appended>, NotServed> {
    let (now, from) = (agency.clock.now(), &peer.card.value.id);
    let key = peer
        .key_of(envelope, now)
        .ok_or_else(|| NotServed::unverifiable("it is signed with a revoked key"))?;
    let correction: Correction = envelope.verified_json(Kind::Correction, key)?;
    let answer = &corrected_answer(agency, store, peer, &correction).await?;
    let correction = &correction;
    // The same message may come by two conversations at once: it is looked for on what is known at
    // the instant of its entry.
    let judge = |state: Arc<State>, now: Timestamp| async move {
        let counters = agency.log.counters();
        let before = corrections_of(store, correction.query_id).await;
        for (known, earlier) in &before.map_err(|e| NoEntry::Unfit(e.into()))? {
            if known == envelope {
                return Err(NoEntry::Known);
            }
            if earlier.read == correction.read && earlier.version == correction.version {
                return Err(NoEntry::misfit(
                    "another correction under the version of one recorded here",
                ));
            }
        }
        bounds.document(&counters, from, envelope, now).map_err(NoEntry::Unfit)?;
        let arrived = Arrived { state: &state, from, envelope, most: bounds.day };
        Ok((correction_received(arrived, counters.size, correction, answer.clone()), ()))
    };
    recorded(agency.act_async(judge).await)
}

/// The answer that a correction is of: it must be one of its sender's, and hold the read.
async fn corrected_answer(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    peer: &Peer,
    correction: &Correction,
) -> Result<CorrectedAnswer, NotServed> {
    let owner = &peer.card.value.id;
    if correction.from != *owner || correction.to != agency.id {
        return Err(NotServed::unverifiable("a correction between others"));
    }
    let asked = store.asked(correction.query_id).await?;
    let Some(asked) = asked.filter(|asked| asked.owner == *owner) else {
        return Err(NotServed::unverifiable("a correction of what was not asked of its sender"));
    };
    if asked.outcome == Some(OutcomeCode::Refused) {
        return Err(NotServed::unverifiable("a correction of a query that was refused"));
    }
    let pages = store.pages(Side::Asked, correction.query_id, agency.clock.now()).await?;
    let kept = !pages.is_empty();
    if kept && !pages.iter().any(|page| holds(page, correction.read)) {
        return Err(NotServed::unverifiable("a correction of a read that the answer did not hold"));
    }
    let asked_by = query_of(&asked).map(|query| query.requester.user);
    Ok(CorrectedAnswer { query_id: correction.query_id, kept, asked_by })
}

/// The query as it was signed, as long as it is kept.
fn query_of(asked: &AskedBefore) -> Option<Query> {
    let envelope = Envelope::parse(asked.envelope.as_ref()?.as_bytes()).ok()?;
    serde_json::from_slice(envelope.unverified_payload()).ok()
}

fn holds(page: &[u8], id: ReadId) -> bool {
    page.split(|b| *b == b'\n')
        .filter_map(|line| serde_json::from_slice::<Read>(line).ok())
        .any(|read| read.id == id)
}
