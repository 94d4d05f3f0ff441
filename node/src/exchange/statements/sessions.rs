//! What a peer's queries say of how its people had signed in, held against what its log tells of those
//! sessions; and the same for a peer that asks.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ::agreements::policy::LEAST_AUDIT_DAYS;
use audit::reconcile::{Class, Finding};
use audit::view::LogEntry;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, StoredEntry};
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::query::{Query, QueryId};
use schemas::session::{SessionId, SignInWay};
use schemas::statement::session_word::{
    MOST_SESSIONS, SessionSaid, SessionTold, SessionWord, person,
};
use schemas::time::{CLOCK_BEHIND_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use store::{EntryFilter, StoreError};

use super::reconcile_source::ReconcileSource;

/// Entries read at a time.
const EACH: u32 = 500;
/// How long a session lasts at the most, with an hour for clocks, in milliseconds.
const LONGEST_MS: i64 = 13 * HOUR_MS;
/// How long after a session has ended a query of it may be signed, in milliseconds: one that is under way when
/// it ends is sent all the same.
const UNDER_WAY_MS: i64 = MINUTE_MS;

/// What queries said of sessions, with the query that is told of each.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What is asked about: whatever was said, so that no word about a session hides behind another.
    pub(super) asked: Vec<SessionSaid>,
    /// A query that said it, for each of `asked` in its order.
    queries: Vec<QueryId>,
    /// Words on sessions that one request has no room for.
    pub(super) further: u64,
}

/// What queries of this agency to a peer said of one session.
struct Named {
    /// When its person first proved who she is, of what was said.
    proved_at: Timestamp,
    /// When the last of those queries was signed.
    last: Timestamp,
}

/// The sessions that queries of this agency to a peer named.
#[derive(Default)]
struct NamedSessions {
    sessions: BTreeMap<SessionId, Named>,
    /// Some of those queries are destroyed at the end of their retention: which sessions they named cannot be
    /// told any more.
    destroyed: bool,
}

/// The query that stands beside an entry, where that is what its header commits to.
fn query_beside(stored: &StoredEntry) -> Option<Query> {
    let header = Header::from_bytes(stored.header.as_bytes()).ok()?;
    let lines = stored.envelope.as_deref()?;
    if header.envelope != Some(Digest::of(lines.as_bytes())) {
        return None;
    }
    let envelope = Envelope::parse(lines.lines().next()?.as_bytes()).ok()?;
    serde_json::from_slice(envelope.unverified_payload()).ok()
}

impl ReconcileSource {
    /// The sessions that queries of `peer` named which were signed in `signed`. Of more than one request
    /// has room for, those that no peer can foresee.
    pub(super) async fn sessions_said(
        &self,
        peer: &AgencyId,
        signed: Range<Timestamp>,
    ) -> Result<Said, StoreError> {
        let requests = self.agency.registry.state();
        let allowed = i64::from(self.bounds.freshness_seconds).saturating_mul(SECOND_MS);
        let allowed = allowed.saturating_add(CLOCK_BEHIND_MS);
        let mut sessions: BTreeMap<_, (SessionSaid, QueryId)> = BTreeMap::new();
        for kind in [EntryKind::QueryAnswered, EntryKind::QueryRefused] {
            let filter = EntryFilter {
                peer: Some(peer.clone()),
                kind: Some(kind),
                from: Some(signed.start.plus_millis(-allowed)),
                until: Some(signed.end.plus_millis(allowed)),
                ..EntryFilter::default()
            };
            self.each(&filter, |stored| {
                let Some(query) = query_beside(stored) else { return };
                let Some(said) = &query.requester.session else { return };
                if query.from != *peer || !signed.contains(&query.at) {
                    return;
                }
                let runs_again =
                    query.authority.as_ref().is_some_and(|id| requests.requests.contains_key(id));
                let until = (!runs_again).then_some(query.at);
                let new = SessionSaid {
                    id: said.id,
                    person: person(said.id, &query.requester.user),
                    way: said.way,
                    proved_at: said.proved_at,
                    until,
                };
                let key = (new.id, new.person, new.way);
                let (known, _) = sessions.entry(key).or_insert_with(|| (new.clone(), query.id));
                known.proved_at = known.proved_at.min(new.proved_at);
                known.until = known.until.max(new.until);
            })
            .await?;
        }
        let salt = self.agency.clock.now().to_string();
        let mut all: Vec<(SessionSaid, QueryId)> = sessions.into_values().collect();
        // Two words about one session are found side by side: whichever of them is false, it is asked about.
        all.sort_by_key(|(said, _)| {
            Digest::of_two(salt.as_bytes(), said.id.to_string().as_bytes())
        });
        let further = all.len().saturating_sub(MOST_SESSIONS) as u64;
        all.truncate(MOST_SESSIONS);
        let (asked, queries) = all.into_iter().unzip();
        Ok(Said { asked, queries, further })
    }

    /// The sessions that this agency's queries to `peer` named which were signed in `signed`.
    async fn sessions_named(
        &self,
        peer: &AgencyId,
        signed: &Range<Timestamp>,
    ) -> Result<NamedSessions, StoreError> {
        let mut named = NamedSessions::default();
        let filter = EntryFilter {
            peer: Some(peer.clone()),
            kind: Some(EntryKind::QuerySent),
            from: Some(signed.start.plus_millis(-MINUTE_MS)),
            until: Some(signed.end.plus_millis(MINUTE_MS)),
            ..EntryFilter::default()
        };
        self.each(&filter, |stored| {
            let Some(query) = query_beside(stored) else {
                named.destroyed = true;
                return;
            };
            let Some(said) = &query.requester.session else { return };
            if query.to != *peer || !signed.contains(&query.at) {
                return;
            }
            let new = Named { proved_at: said.proved_at, last: query.at };
            let known = named.sessions.entry(said.id).or_insert(new);
            known.proved_at = known.proved_at.min(said.proved_at);
            known.last = known.last.max(query.at);
        })
        .await?;
        Ok(named)
    }

    /// What this log tells `peer` of sessions that its own queries to it, signed in `signed`, named; of others
    /// nothing, and nothing of what came after the last of those queries: when people come and go is no peer's
    /// business.
    pub(super) async fn sessions_told(
        &self,
        peer: &AgencyId,
        signed: &Range<Timestamp>,
        asked: &[SessionSaid],
    ) -> Result<Vec<SessionTold>, StoreError> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let named = self.sessions_named(peer, signed).await?;
        let wanted: BTreeSet<SessionId> =
            asked.iter().map(|said| said.id).filter(|id| named.sessions.contains_key(id)).collect();
        let held = self.sessions_held(&named, &wanted).await?;
        let told = asked.iter().map(|said| match named.sessions.get(&said.id) {
            None if named.destroyed => {
                SessionTold { id: said.id, word: SessionWord::Destroyed, entry: None }
            }
            None => SessionTold { id: said.id, word: SessionWord::Unknown, entry: None },
            Some(named) => held.told(said, said.until.map(|until| until.min(named.last))),
        });
        Ok(told.collect())
    }

    /// What this log holds of how the sessions that are `wanted` began and ended.
    async fn sessions_held(
        &self,
        named: &NamedSessions,
        wanted: &BTreeSet<SessionId>,
    ) -> Result<HeldSessions, StoreError> {
        let mut held = HeldSessions::default();
        let period = |kind| {
            let of = || wanted.iter().filter_map(|id| named.sessions.get(id));
            let first = of().map(|named| named.proved_at).min()?;
            let last = of().map(|named| named.last).max()?;
            Some(EntryFilter {
                kind: Some(kind),
                from: Some(first.plus_millis(-LONGEST_MS)),
                until: Some(last.plus_millis(LONGEST_MS)),
                ..EntryFilter::default()
            })
        };
        let (Some(begun), Some(over)) =
            (period(EntryKind::SignInSucceeded), period(EntryKind::SessionEnded))
        else {
            return Ok(held);
        };
        self.each(&begun, |stored| match LogEntry::of(stored) {
            Ok(LogEntry { header, body: Some(body), .. }) => {
                if let Event::SignInSucceeded(told) = &body.event
                    && !told.again
                    && wanted.contains(&told.session)
                    && let Some(user) = &body.actor.user
                {
                    let whose = person(told.session, user);
                    held.began.insert(told.session, (whose, told.way, header.index));
                }
            }
            Ok(_) => held.destroyed = true,
            // What does not fit its header tells nothing.
            Err(_) => {}
        })
        .await?;
        self.each(&over, |stored| {
            if let Ok(LogEntry { header, body: Some(body), .. }) = LogEntry::of(stored)
                && let Event::SessionEnded(told) = &body.event
            {
                held.ended.insert(told.session, header.at);
            }
        })
        .await?;
        Ok(held)
    }

    /// Hands over every entry that fits, in order.
    async fn each(
        &self,
        filter: &EntryFilter,
        mut take: impl FnMut(&StoredEntry),
    ) -> Result<(), StoreError> {
        let mut start = 0;
        loop {
            let step = self.store.entries(filter, start, EACH).await?;
            step.iter().for_each(&mut take);
            let last = step.last().and_then(|last| Header::from_bytes(last.header.as_bytes()).ok());
            match last.filter(|_| step.len() == EACH as usize) {
                Some(last) => start = last.index.saturating_add(1),
                None => return Ok(()),
            }
        }
    }
}

/// What a log holds of how sessions began and ended.
#[derive(Default)]
struct HeldSessions {
    /// Whose, in which way, and the entry that says so.
    began: BTreeMap<SessionId, (Digest, SignInWay, u64)>,
    ended: BTreeMap<SessionId, Timestamp>,
    /// Some beginnings are destroyed at the end of their retention.
    destroyed: bool,
}

impl HeldSessions {
    /// What it tells of what was `said`, the last query of which was signed at `until`.
    fn told(&self, said: &SessionSaid, until: Option<Timestamp>) -> SessionTold {
        let found = self.began.get(&said.id).filter(|(whose, _, _)| *whose == said.person);
        let over = self.ended.get(&said.id).zip(until);
        let word = match found {
            None if self.destroyed && !self.began.contains_key(&said.id) => SessionWord::Destroyed,
            None => SessionWord::Unknown,
            Some((_, way, _)) if *way != said.way => SessionWord::AnotherWay,
            Some(_) if over.is_some_and(|(end, at)| end.plus_millis(UNDER_WAY_MS) < at) => {
                SessionWord::HadEnded
            }
            Some(_) => SessionWord::BorneOut,
        };
        SessionTold { id: said.id, word, entry: found.map(|(_, _, entry)| *entry) }
    }
}

impl Said {
    /// What of it the peer's log does not bear out, by what the peer has `told` until `now`.
    pub(super) fn findings(
        &self,
        peer: &AgencyId,
        told: &[SessionTold],
        now: Timestamp,
    ) -> Vec<Finding> {
        let words = self.asked.iter().zip(&self.queries).enumerate();
        words
            .filter_map(|(place, (said, query))| {
                let id = said.id;
                let word = told.get(place).filter(|told| told.id == id).map(|told| told.word);
                // When a query was signed is known here; when its person had signed in is the peer's word,
                // and counts only of what ran again under a request, long after she did.
                let lasted = said.until.unwrap_or(said.proved_at);
                let tells = match word {
                    Some(SessionWord::BorneOut) => return None,
                    Some(SessionWord::Destroyed) if lasted.plus_days(LEAST_AUDIT_DAYS) > now => {
                        "tells that it is destroyed already, sooner than any policy may have it"
                    }
                    Some(SessionWord::Destroyed) => return None,
                    Some(SessionWord::Unknown) => "tells of no such session of that person",
                    Some(SessionWord::AnotherWay) => "tells that it began in another way",
                    Some(SessionWord::HadEnded) => "tells that it had ended before",
                    None => "is not said to tell anything of it",
                };
                let message = format!(
                    "its queries say that their person had signed in by {} in session {id}; its log {tells}",
                    said.way.words()
                );
                let mut finding = Finding::about(Class::Session, peer, message);
                finding.query_id = Some(*query);
                Some(finding)
            })
            .collect()
    }
}
