//! What one peer may leave behind here: documents, corrections and bytes of a day, requests that wait
//! for a decision, proposals that nobody here has signed. Beyond a bound its peer is told of which one
//! and until when; nobody else notices.
//!
//! All of it is counted from the log and from the registry that it makes, so a restart forgets nothing.

use agreements::request::RequestState;
use schemas::agency::AgencyId;
use schemas::envelope::{Envelope, Kind};
use schemas::time::Timestamp;

use super::super::not_served::NotServed;
use crate::config::Bounds;
use audit_log::arrived::{DayBounds, Full};
use registry::State;
use store::LogState;

/// Where a bound has no end of its own, it may be tried again after so long.
const AGAIN_HOURS: u32 = 1;

/// What one peer may leave behind.
#[derive(Debug, Clone, Copy)]
pub(in crate::exchange) struct PeerBounds {
    pub(in crate::exchange) day: DayBounds,
    undecided_requests: u32,
    open_proposals: u32,
}

impl PeerBounds {
    /// What the configuration says.
    pub(in crate::exchange) fn of(bounds: &Bounds) -> Self {
        Self {
            day: DayBounds {
                documents: bounds.documents_per_day,
                corrections: bounds.corrections_per_day,
                bytes: u64::from(bounds.document_kib_per_day) << 10,
            },
            undecided_requests: bounds.undecided_requests,
            open_proposals: bounds.open_proposals,
        }
    }

    /// No bound: a person of this agency takes the document in.
    pub(super) const NONE: Self =
        Self { day: DayBounds::NONE, undecided_requests: u32::MAX, open_proposals: u32::MAX };

    /// Whether `peer` may leave one more document behind today.
    pub(super) fn document(
        &self,
        counters: &LogState,
        peer: &AgencyId,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<(), NotServed> {
        let correction = envelope.kind() == Kind::Correction;
        self.room(counters, peer, (envelope.as_bytes().len(), correction), now)
    }

    /// Whether `peer` may leave as many bytes behind today, of a correction or of anything else.
    pub(in crate::exchange) fn room(
        &self,
        counters: &LogState,
        peer: &AgencyId,
        (bytes, correction): (usize, bool),
        now: Timestamp,
    ) -> Result<(), NotServed> {
        // Counters are as of the last append, which may have been yesterday's.
        let today = counters.day_start == Some(now.day_start());
        let taken = counters.taken_in.get(peer).copied().filter(|_| today).unwrap_or_default();
        let Some(full) = self.day.full(&taken, bytes, correction) else {
            return Ok(());
        };
        let until = now.day_start().plus_days(1);
        let what = match full {
            Full::Documents => format!("{} documents", self.day.documents),
            Full::Corrections => format!("{} corrections", self.day.corrections),
            Full::Bytes => format!("{} bytes of documents", self.day.bytes),
        };
        let why = format!(
            "{what} of `{peer}` a day are taken in, and this is beyond; send it again from {until} on"
        );
        Err(NotServed::TooMany(why, until))
    }

    /// Whether `peer` may have one more request waiting for a decision.
    pub(super) fn request(
        &self,
        state: &State,
        peer: &AgencyId,
        now: Timestamp,
    ) -> Result<(), NotServed> {
        let waits = |id| {
            let filed = state.requests.get(id).map(|filed| &filed.value);
            filed.is_some_and(|filed| {
                filed.request.from == *peer && filed.state(0, now) == RequestState::Submitted
            })
        };
        let waiting = state.concerning.of(peer).filter(|id| waits(*id)).count();
        let most = self.undecided_requests;
        at_most(most, waiting, now, |until| {
            format!(
                "{most} written requests of `{peer}` wait for a decision, the most that may; withdraw one, or send this again from {until} on"
            )
        })
    }

    /// Whether `peer` may have one more proposal that `me` has not signed.
    pub(super) fn proposal(
        &self,
        state: &State,
        me: &AgencyId,
        peer: &AgencyId,
        now: Timestamp,
    ) -> Result<(), NotServed> {
        let texts = state.concerning.of(peer).filter_map(|id| state.agreements.get(id));
        let open = texts.flat_map(|texts| texts.values()).filter(|text| {
            text.proposer == *peer
                && now < text.recorded.agreement.expires
                && !text.recorded.adherences.contains_key(me)
                && !text.recorded.declined(me)
        });
        let most = self.open_proposals;
        at_most(most, open.count(), now, |until| {
            format!(
                "{most} agreements that `{peer}` proposed are not signed here, the most that may be; send this again from {until} on"
            )
        })
    }
}

fn at_most(
    most: u32,
    are: usize,
    now: Timestamp,
    why: impl FnOnce(Timestamp) -> String,
) -> Result<(), NotServed> {
    if u32::try_from(are).is_ok_and(|are| are < most) {
        return Ok(());
    }
    let until = now.plus_hours(AGAIN_HOURS);
    Err(NotServed::TooMany(why(until), until))
}
