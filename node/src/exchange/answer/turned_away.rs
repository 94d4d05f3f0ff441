//! Refusals that are not kept under a query's id: it may be answered once what stands in its way has
//! gone. As long as that lasts, the same query gets the same refusal.
//!
//! Replies may be under way twice at once, and which of them a requester keeps its owner cannot know. So
//! it makes a new one only where it has something new to say, and all that it made are told in
//! reconciliations.

use schemas::entry::{EntryKind, StoredEntry};
use schemas::envelope::{Envelope, Kind};
use schemas::refusal::{Reason, Refusal, RefusalCode};
use schemas::statement::MOST_REFUSALS;

use super::{Answering, Asked, Reply, Unserved};
use audit_log::entries::exchange::answering::refusal_redelivered;
use store::EntryFilter;

/// Most ways in which one query is turned away; one refusal for good may follow them.
const MOST_TURNED_AWAY: usize = MOST_REFUSALS - 1;
/// Entries of refusals that are looked at, of one query.
const LOOKED_AT: u32 = 64;

fn codes(reasons: &[Reason]) -> impl Iterator<Item = RefusalCode> {
    reasons.iter().map(|reason| reason.code)
}

impl Answering {
    /// Refuses a query that may be answered later: again as before, while nothing but that would be said,
    /// and once it was refused in as many ways as may be.
    pub(super) async fn turn_away(
        &self,
        asked: &Asked,
        reasons: Vec<Reason>,
    ) -> Result<Reply, Unserved> {
        match self.turned_away_before(asked, &reasons).await? {
            Some(again) => Ok(again),
            None => self.refuse(asked, reasons, false).await,
        }
    }

    /// The refusal that this query got before for these reasons, or the last one where it got as many as may
    /// be: sent again.
    pub(super) async fn turned_away_before(
        &self,
        asked: &Asked,
        reasons: &[Reason],
    ) -> Result<Option<Reply>, Unserved> {
        let (mut before, whole) = self.refusals_of(asked).await?;
        let same = before.iter().position(|(_, one)| codes(&one.reasons).eq(codes(reasons)));
        let again = match same {
            Some(at) => Some(before.swap_remove(at)),
            None if !whole || before.len() >= MOST_TURNED_AWAY => before.pop(),
            None => None,
        };
        let Some((envelope, refusal)) = again else { return Ok(None) };
        let entry = refusal_redelivered(asked.signed(), &refusal, &envelope, asked.theirs.clone());
        let appended = self.agency.log.append(entry).await?;
        Ok(Some(Reply { appended, awaits_receipt: None, underway: None, again: true }))
    }

    /// The refusals of this very query, in order, with the key that is in force: others prove nothing to
    /// who gets them. And whether these are all.
    async fn refusals_of(
        &self,
        asked: &Asked,
    ) -> Result<(Vec<(Envelope, Refusal)>, bool), Unserved> {
        let filter = EntryFilter {
            query: Some(asked.query.id.digest()),
            kind: Some(EntryKind::QueryRefused),
            ..EntryFilter::default()
        };
        let entries = self.store.entries(&filter, 0, LOOKED_AT).await?;
        let key = self.keys.message_key(&self.agency).public();
        let query = asked.envelope.digest();
        let refusal = |entry: &StoredEntry| {
            // The query's envelope, then that of the refusal; none where it was sent again.
            let line = entry.envelope.as_deref()?.lines().nth(1)?;
            let envelope = Envelope::parse(line.as_bytes()).ok()?;
            let refusal: Refusal = envelope.verified_json(Kind::Refusal, &key).ok()?;
            (refusal.query_digest == query).then_some((envelope, refusal))
        };
        let whole = entries.len() < LOOKED_AT as usize;
        Ok((entries.iter().filter_map(refusal).collect(), whole))
    }
}
