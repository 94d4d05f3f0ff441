//! What the next append continues: index, time, counters.
//!
//! Held by the one writer. A group is tried on a copy; the copy becomes the ledger when the group
//! is durable.

use registry::{ClockAcceptance, first_stamp_from, restamp};
use schemas::body::Body;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, LARGEST_BODY, SALT, VERSION};
use schemas::event::Event;
use schemas::merkle;
use schemas::time::Timestamp;

use super::append::{AppendError, Conflict};
use super::clock::Clock;
use super::clock_guard::ClockGuard;
use super::entry::{Entry, Precondition};
use super::recent::Recent;
use registry::State;
use schemas::query::QueryId;
use schemas::read::ReadId;
use store::{LogState, Mention, Row, Store, TakenIn};

/// Largest change of the registry, in bytes: quoted once more it fits a line of a bundle.
const LARGEST_CHANGE: usize = 400 << 10;

/// How old the word may be that the clock is right, in milliseconds.
const ACCEPTING_MS: u64 = 10_000;

#[derive(Debug, Clone)]
pub(super) struct Ledger {
    pub(super) state: LogState,
    /// Reads that were corrected, or told better by their reader, lately.
    corrected: Recent<ReadId>,
    /// Queries whose answers lately had their receipt.
    receipted: Recent<QueryId>,
}

impl Ledger {
    pub(super) fn new(state: LogState) -> Self {
        let (corrected, receipted) = (Recent::new(state.size), Recent::new(state.size));
        Self { state, corrected, receipted }
    }

    /// Nothing shares what it knows of recent entries at this moment: what the last group added is put
    /// with the rest, and nothing is copied.
    pub(super) fn gather(&mut self) {
        self.corrected.gather();
        self.receipted.gather();
    }

    /// The time of the next entry: never before its predecessor, never far from the clock, and by no
    /// clock that cannot be right.
    pub(super) fn time(
        &mut self,
        clock: &Clock,
        guard: &ClockGuard,
    ) -> Result<Timestamp, AppendError> {
        let now = clock.now();
        guard.check(clock).map_err(|known| AppendError::ClockAhead { now, known })?;
        let at = match self.state.last_at {
            Some(last) if now.is_too_far_behind(last) => {
                return Err(AppendError::Clock { now, last });
            }
            Some(last) => now.max(last),
            None => now,
        };
        if self.state.day_start != Some(at.day_start()) {
            self.state.day_start = Some(at.day_start());
            self.state.today.clear();
            self.state.taken_in.clear();
        }
        Ok(at)
    }

    /// The time of an entry that accepts the clock: what was accepted, whatever was logged before. Earlier
    /// entries count by other times from then on, so what is counted by days is counted again, and since
    /// when a receipt is owed is told by them.
    pub(super) async fn accepted_time(
        &mut self,
        accepted: &ClockAcceptance,
        behind_since: Option<Timestamp>,
        clock: &Clock,
        store: &dyn Store,
    ) -> Result<Timestamp, AppendError> {
        let ClockAcceptance { at, last, .. } = *accepted;
        if at.distance(clock.now()) > ACCEPTING_MS || self.state.last_at != Some(last) {
            return Err(AppendError::Conflict(Conflict::Registry));
        }
        let day = at.day_start();
        let counted = store
            .log_state(first_stamp_from(day, (at, last), behind_since))
            .await
            .map_err(|e| AppendError::Unavailable(e.to_string()))?;
        self.state.day_start = Some(day);
        self.state.today = counted.today;
        self.state.taken_in = counted.taken_in;
        let owed = self.state.unreceipted_since.values_mut();
        restamp(owed, (at, last), behind_since);
        Ok(at)
    }

    pub(super) fn check(
        &self,
        precondition: &Precondition,
        registry: &State,
        at: Timestamp,
    ) -> Result<(), Conflict> {
        if precondition.generation.is_some_and(|seen| seen != registry.generation())
            || precondition.grounds.as_ref().is_some_and(|grounds| !grounds.hold_in(registry))
        {
            return Err(Conflict::Registry);
        }
        if let Some((user, audit)) = &precondition.bears
            && registry.audits.bears(user, *audit, at).is_err()
        {
            return Err(Conflict::Audit);
        }
        if let Some((seen, reads)) = &precondition.uncorrected
            && !self.corrected.none_since(*seen, reads)
        {
            return Err(Conflict::ReadCorrected);
        }
        if let Some((seen, query)) = &precondition.without_receipt
            && !self.receipted.none_since(*seen, &[*query])
        {
            return Err(Conflict::Receipted);
        }
        if precondition.before.is_some_and(|end| at >= end) {
            return Err(Conflict::Lapsed);
        }
        if let Some((authority, most)) = &precondition.uses
            && self.state.uses.get(authority).copied().unwrap_or(0) >= *most
        {
            return Err(Conflict::UsesExhausted);
        }
        if let Some((of, most)) = &precondition.daily
            && self.state.today.get(of).copied().unwrap_or(0) >= *most
        {
            return Err(Conflict::Quota);
        }
        if let Some((peer, most)) = &precondition.unreceipted
            && self.state.unreceipted.get(peer).is_some_and(|n| n >= most)
        {
            return Err(Conflict::ReceiptsOutstanding);
        }
        Ok(())
    }

    /// Whether a peer may leave one more document behind today.
    pub(super) fn check_arriving(&self, entry: &Entry) -> Result<(), Conflict> {
        let Some((peer, most)) = &entry.precondition.arriving else { return Ok(()) };
        let none = TakenIn::default();
        let taken = self.state.taken_in.get(peer).unwrap_or(&none);
        let correction = entry.event.kind() == EntryKind::ReadsCorrected;
        match most.full(taken, bytes_beside(entry), correction) {
            Some(_) => Err(Conflict::DayFull),
            None => Ok(()),
        }
    }

    /// The row of the next entry; the counters move on.
    pub(super) fn row(
        &mut self,
        entry: Entry,
        at: Timestamp,
        salt: [u8; SALT],
    ) -> Result<Row, AppendError> {
        let Entry { actor, event, peer, query, envelopes, audit, change, mut changes, .. } = entry;
        let kind = event.kind();
        changes.change = change
            .map(|change| serde_json::to_string(&change))
            .transpose()
            .map_err(|e| AppendError::Unwritable(e.to_string()))?;
        // The body that binds a change must stand for as long as the change.
        if changes.change.is_some() && kind.ends() {
            return Err(AppendError::Unwritable(format!("`{kind}` may not change the registry")));
        }
        if changes.change.as_ref().is_some_and(|text| text.len() > LARGEST_CHANGE) {
            return Err(AppendError::Unwritable("its change of the registry is too large".into()));
        }
        let change = changes.change.as_ref().map(|text| Digest::of(text.as_bytes()));
        // Telling further recipients corrects nothing once more.
        let mut corrects: Vec<ReadId> = changes.corrected.iter().map(|one| one.read.id).collect();
        if let Event::ReadsCorrected(one) = &event
            && one.answer.is_some()
        {
            corrects.push(one.read);
        }
        let taken_in = peer.clone().filter(|peer| *peer == actor.agency && kind.takes_in());
        let registry = self.state.last_change;
        let body = Body { at, actor, registry, change, audit, event };
        let mentions = Mention::of(&body);
        let body =
            serde_json::to_string(&body).map_err(|e| AppendError::Unwritable(e.to_string()))?;
        if body.len() > LARGEST_BODY {
            return Err(AppendError::Unwritable(format!(
                "its body of {} bytes is too large",
                body.len()
            )));
        }
        let envelopes = (!envelopes.is_empty()).then(|| {
            let lines: Vec<_> =
                envelopes.iter().map(|e| String::from_utf8_lossy(e.as_bytes())).collect();
            lines.join("\n")
        });
        let peer_seq = peer
            .as_ref()
            .map(|peer| self.state.peer_seq.get(peer).map_or(1, |last| last.saturating_add(1)));
        let header = Header {
            v: VERSION,
            index: self.state.size,
            at,
            kind,
            peer,
            peer_seq,
            query: query.map(|id| id.digest()),
            body: Digest::of_two(&salt, body.as_bytes()),
            envelope: envelopes.as_ref().map(|text| Digest::of(text.as_bytes())),
        };
        let header_bytes =
            header
                .to_bytes()
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| AppendError::Unwritable("its header cannot be written".into()))?;
        // Nothing fails from here on: the counters move only with the entry.
        if let (Some(peer), Some(seq)) = (&header.peer, header.peer_seq) {
            self.state.peer_seq.insert(peer.clone(), seq);
        }
        let completed = self.state.tree.push(merkle::leaf(header_bytes.as_bytes()));
        let nodes = completed.into_iter().skip(1).map(|(_, hash)| hash).collect();
        self.state.size = self.state.tree.size();
        self.state.last_at = Some(at);
        if changes.change.is_some() {
            self.state.last_change = Some(header.index);
        }
        self.corrected.note(header.index, corrects);
        if let Some(receipted) = &changes.receipted {
            self.receipted.note(header.index, vec![receipted.query_id]);
        }
        if let Some(peer) = taken_in {
            let bytes = envelopes.as_ref().map_or(0, String::len);
            self.state.taken_in.entry(peer).or_default().add(kind, bytes as u64);
        }
        self.count(&changes, at);
        Ok(Row { header, header_bytes, salt, body, envelopes, nodes, mentions, changes })
    }

    fn count(&mut self, changes: &store::StateChanges, at: Timestamp) {
        if let Some(served) = changes.served.as_ref().filter(|served| served.answered) {
            if let Some(authority) = &served.authority {
                let n = self.state.uses.entry(authority.clone()).or_insert(0);
                *n = n.saturating_add(1);
                let of = (authority.clone(), served.requester.clone());
                let n = self.state.today.entry(of).or_insert(0);
                *n = n.saturating_add(1);
            }
            let n = self.state.unreceipted.entry(served.requester.clone()).or_insert(0);
            *n = n.saturating_add(1);
            self.state.unreceipted_since.entry(served.requester.clone()).or_insert(at);
        }
        if let Some(authority) = changes.settled.as_ref().and_then(|s| s.authority.as_ref()) {
            let n = self.state.uses.entry(authority.clone()).or_insert(0);
            *n = n.saturating_add(1);
        }
        if let Some(owed) = &changes.owed {
            let n = self.state.unproven.entry(owed.peer.clone()).or_insert(0);
            *n = n.saturating_add(1);
        }
        if let Some(proved) = &changes.proved
            && let Some(n) = self.state.unproven.get_mut(&proved.peer)
        {
            *n = n.saturating_sub(proved.counted);
        }
        if let Some(peer) = &changes.waived {
            self.state.unproven.remove(peer);
        }
        if let Some(receipted) = &changes.receipted
            && let Some(n) = self.state.unreceipted.get_mut(&receipted.requester)
        {
            *n = n.saturating_sub(1);
            if *n == 0 {
                self.state.unreceipted_since.remove(&receipted.requester);
            }
        }
    }
}

/// Bytes of the envelopes beside an entry.
fn bytes_beside(entry: &Entry) -> usize {
    entry.envelopes.iter().map(|envelope| envelope.as_bytes().len()).sum()
}
