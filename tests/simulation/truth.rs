//! What really happened, as nobody in the federation sees it: every row that became durable anywhere,
//! and what was broken.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemas::agency::AgencyId;
use schemas::authenticator::SessionId;
use schemas::authority::AuthorityId;
use schemas::body::Body;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::frame::{Frame, FrameKind};
use schemas::outcome::OutcomeCode;
use schemas::query::QueryId;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use store::Row;

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Violation {
    /// Which rule.
    pub(crate) rule: String,
    /// Where, and how.
    pub(crate) what: String,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) steps: u64,
    pub(crate) faults: u64,
    /// Queries that were logged, and so could leave.
    pub(crate) exchanges: u64,
    /// Outcomes that officers were told.
    pub(crate) told: u64,
    pub(crate) answered: u64,
    pub(crate) refused: u64,
    pub(crate) unanswered: u64,
    pub(crate) entries: u64,
    pub(crate) crashes: u64,
    pub(crate) virtual_ms: u64,
}

/// What is durable at one agency.
#[derive(Debug, Default)]
struct OfAgency {
    /// Entries of its log.
    size: u64,
    /// Envelopes that an entry lets out, by kind of frame.
    released: HashSet<(u8, Digest)>,
    /// How often each reply may leave: once for each entry that says so.
    may_leave: HashMap<Digest, u32>,
    /// The reply to each query, by the digest of its id.
    replies: HashMap<Digest, Digest>,
    /// Queries whose answer or refusal it has logged.
    heard: BTreeMap<QueryId, OutcomeCode>,
    /// Answers that it gave on each authority, and on it to each requester a day.
    uses: BTreeMap<AuthorityId, u32>,
    today: BTreeMap<(AuthorityId, AgencyId, Timestamp), u32>,
    /// Authorities of which its own side is suspended or ended.
    ended: BTreeSet<AuthorityId>,
    /// Sessions that its log tells of, and when those of them ended that did.
    sessions: BTreeMap<SessionId, Option<Timestamp>>,
    /// Whom it rejected something of, as its log says.
    rejected: BTreeSet<AgencyId>,
    /// What each peer caused to be logged without a result, in the present minute of its clock.
    fruitless: BTreeMap<AgencyId, (i64, u32)>,
}

/// What an authority bounds.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// Most answers, ever.
    pub(crate) uses: Option<u32>,
    /// Most answers to one requester a day.
    pub(crate) daily: Option<u32>,
    /// No answer at or after.
    pub(crate) end: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Inner {
    agencies: Vec<OfAgency>,
    bounds: BTreeMap<AuthorityId, Bound>,
    violations: Vec<Violation>,
    figures: Figures,
    trace: bool,
    /// Frames that left each agency, by kind.
    frames: BTreeMap<(usize, u8), u64>,
    /// Whose own words and acts are not judged.
    dishonest: Option<usize>,
}

/// What really happened. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Truth(Arc<Mutex<Inner>>);

impl Truth {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of so many agencies.
    pub(crate) fn of(agencies: usize, dishonest: Option<usize>, trace: bool) -> Self {
        let this = Self::default();
        this.inner().dishonest = dishonest;
        this.inner().agencies.resize_with(agencies, OfAgency::default);
        this.inner().trace = trace;
        this
    }

    /// A rule is broken.
    pub(crate) fn broken(&self, rule: &'static str, what: String) {
        let mut inner = self.inner();
        if inner.violations.len() < 50 {
            inner.violations.push(Violation { rule: rule.to_owned(), what });
        }
    }

    /// What was broken.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.inner().violations.clone()
    }

    /// Counts.
    pub(crate) fn count(&self, more: impl FnOnce(&mut Figures)) {
        more(&mut self.inner().figures);
    }

    /// What was counted.
    pub(crate) fn figures(&self) -> Figures {
        self.inner().figures
    }

    /// Says what happens, where somebody reads it.
    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        if self.inner().trace {
            println!("{}", line());
        }
    }

    /// How many frames of a kind have left an agency.
    pub(crate) fn sent(&self, agency: usize, kind: FrameKind) -> u64 {
        self.inner().frames.get(&(agency, kind as u8)).copied().unwrap_or_default()
    }

    /// Says how many frames of which kind left each agency.
    pub(crate) fn tell_frames(&self) {
        let frames = self.inner().frames.clone();
        for ((agency, kind), count) in frames {
            let kind = FrameKind::from_byte(kind);
            self.tell(|| format!("agency {agency} sent {count} frames {kind:?}"));
        }
    }

    /// What an authority bounds, as its parties agreed.
    pub(crate) fn bound(&self, authority: AuthorityId, bound: Bound) {
        self.inner().bounds.insert(authority, bound);
    }

    /// An agency's own side of an authority ends, or goes on again.
    pub(crate) fn ended(&self, agency: usize, authority: &AuthorityId, ended: bool) {
        let of = &mut self.inner().agencies[agency].ended;
        if ended {
            of.insert(authority.clone());
        } else {
            of.remove(authority);
        }
    }

    /// Whether the log of an agency says that something of a peer was rejected.
    pub(crate) fn has_rejected(&self, agency: usize, peer: &AgencyId) -> bool {
        self.inner().agencies[agency].rejected.contains(peer)
    }

    /// These rows are durable at an agency.
    pub(crate) fn durable(&self, agency: usize, rows: &[Row]) {
        let mut broken = Vec::new();
        {
            let mut inner = self.inner();
            let inner = &mut *inner;
            let sent = rows.iter().filter(|row| row.header.kind == EntryKind::QuerySent).count();
            inner.figures.entries += rows.len() as u64;
            inner.figures.exchanges += sent as u64;
            if inner.dishonest == Some(agency) {
                return;
            }
            let bounds = &inner.bounds;
            let of = &mut inner.agencies[agency];
            for row in rows {
                if row.header.index != of.size {
                    let (index, size) = (row.header.index, of.size);
                    broken.push(("index", format!("entry {index} where {size} is next")));
                }
                of.size = row.header.index + 1;
                of.take(row, bounds, &mut broken);
            }
        }
        for (rule, what) in broken {
            self.broken(rule, format!("agency {agency}: {what}"));
        }
    }

    /// An agency's log begins with so many entries.
    pub(crate) fn begins_with(&self, agency: usize, size: u64) {
        self.inner().agencies[agency].size = size;
    }

    /// A frame leaves an agency: whatever tells of a query must stand in its log.
    pub(crate) fn leaves(&self, agency: usize, frame: &Frame) {
        *self.inner().frames.entry((agency, frame.kind as u8)).or_default() += 1;
        if self.inner().dishonest == Some(agency) {
            return;
        }
        let digest = Digest::of(&frame.body);
        let logged = match frame.kind {
            FrameKind::Query | FrameKind::Receipt => {
                self.inner().agencies[agency].released.contains(&(frame.kind as u8, digest))
            }
            FrameKind::Answer | FrameKind::Refusal => {
                match self.inner().agencies[agency].may_leave.get_mut(&digest) {
                    Some(times) if *times > 0 => {
                        *times -= 1;
                        true
                    }
                    _ => false,
                }
            }
            _ => return,
        };
        if !logged {
            let what = format!("agency {agency}: a {:?} leaves without its entry", frame.kind);
            self.broken("released", what);
        }
    }

    /// Somebody of an agency is signed in: her session stands in its log.
    pub(crate) fn opened(&self, agency: usize, session: SessionId) {
        let judged = self.inner().dishonest != Some(agency);
        if judged && !self.inner().agencies[agency].sessions.contains_key(&session) {
            let what = format!("agency {agency}: session {session} opens without its entry");
            self.broken("session", what);
        }
    }

    /// An officer of an agency is shown how a query ended.
    pub(crate) fn shown(
        &self,
        agency: usize,
        query: Option<QueryId>,
        outcome: OutcomeCode,
        reads: usize,
    ) {
        let judged = self.inner().dishonest != Some(agency);
        if !judged || (outcome != OutcomeCode::Answered && reads == 0) {
            return;
        }
        let heard = query.and_then(|id| self.inner().agencies[agency].heard.get(&id).copied());
        if heard != Some(OutcomeCode::Answered) {
            let what = format!(
                "agency {agency}: {reads} reads of {query:?} are shown; logged is {heard:?}"
            );
            self.broken("shown", what);
        }
    }
}

/// Most that a peer may cause to be logged without a result in a minute: what is allowed of one, which may
/// have been caused at the end of the one before as well, and what was under way.
const MOST_FRUITLESS: u32 = 2 * 300 + 64;

/// How much later than the end of a session a query may be logged that was asked in it: a disk stalls and a
/// clock is set meanwhile.
const UNDER_WAY_MS: i64 = 300_000;

impl OfAgency {
    /// What a peer causes without a result is bounded, and what proves nothing stands in the log.
    fn bear(&mut self, row: &Row, broken: &mut Vec<(&'static str, String)>) {
        let Some(peer) = &row.header.peer else { return };
        match row.header.kind {
            EntryKind::PeerRejected => {
                self.rejected.insert(peer.clone());
            }
            EntryKind::QueryRefused | EntryKind::AnswerRedelivered => {}
            _ => return,
        }
        let minute = row.header.at.millis().div_euclid(60_000);
        let (of, count) = self.fruitless.entry(peer.clone()).or_default();
        if *of != minute {
            (*of, *count) = (minute, 0);
        }
        *count += 1;
        if *count == MOST_FRUITLESS {
            broken.push(("flooded", format!("{count} entries without a result about {peer}")));
        }
    }

    /// Sessions begin and end with their entries, and nobody asks in one that is not there.
    fn follow_sessions(&mut self, row: &Row, broken: &mut Vec<(&'static str, String)>) {
        let kinds = [EntryKind::SignInSucceeded, EntryKind::SessionEnded, EntryKind::QuerySent];
        if !kinds.contains(&row.header.kind) {
            return;
        }
        let Ok(body) = serde_json::from_str::<Body>(&row.body) else { return };
        match &body.event {
            Event::SignInSucceeded(signed_in) => {
                self.sessions.insert(signed_in.session, None);
            }
            Event::SessionEnded(ended) => {
                self.sessions.insert(ended.session, Some(row.header.at));
            }
            _ => {
                let said = body.actor.auth.strip_prefix("session ");
                let said = said.and_then(|said| said.split(',').next());
                let Some(Ok(session)) = said.map(str::parse::<SessionId>) else { return };
                let of = self.sessions.get(&session);
                // What was asked while it lasted may be logged somewhat later.
                let over = |ended: &Timestamp| ended.plus_millis(UNDER_WAY_MS) < row.header.at;
                if of.is_none_or(|of| of.as_ref().is_some_and(over)) {
                    let what =
                        format!("a query of the session {session}, of which the log says {of:?}");
                    broken.push(("session", what));
                }
            }
        }
    }

    fn take(
        &mut self,
        row: &Row,
        bounds: &BTreeMap<AuthorityId, Bound>,
        broken: &mut Vec<(&'static str, String)>,
    ) {
        let (changes, at) = (&row.changes, row.header.at);
        self.bear(row, broken);
        self.follow_sessions(row, broken);
        let beside = row.envelopes.as_deref().unwrap_or_default();
        let last = beside.lines().last().map(|line| Digest::of(line.as_bytes()));
        match row.header.kind {
            EntryKind::QuerySent => {
                self.released.extend(last.map(|digest| (FrameKind::Query as u8, digest)));
            }
            EntryKind::QueryAnswered | EntryKind::QueryRefused | EntryKind::AnswerRedelivered => {
                let reply = changes.served.as_ref().map(|served| served.reply_digest);
                let known = row.header.query.and_then(|query| self.replies.get(&query).copied());
                if let Some(reply) = reply.or(last).or(known) {
                    *self.may_leave.entry(reply).or_default() += 1;
                    if let Some(query) = row.header.query {
                        self.replies.insert(query, reply);
                    }
                }
            }
            _ => {}
        }
        if let Some(asked) = &changes.asked {
            self.released.insert((FrameKind::Query as u8, asked.query));
        }
        for message in &changes.outbox {
            self.released.insert((message.kind as u8, message.digest()));
        }
        if let Some(settled) = &changes.settled {
            self.heard.insert(settled.query_id, settled.outcome);
        }
        let Some(served) = &changes.served else { return };
        let Some(authority) = served.authority.as_ref().filter(|_| served.answered) else { return };
        let uses = self.uses.entry(authority.clone()).or_default();
        *uses += 1;
        let today = self.today.entry((authority.clone(), served.requester.clone(), at.day_start()));
        let today = today.or_default();
        *today += 1;
        if self.ended.contains(authority) {
            broken.push(("ended", format!("an answer on `{authority}`, whose own side has ended")));
        }
        let Some(bound) = bounds.get(authority) else { return };
        if bound.uses.is_some_and(|most| *uses > most) {
            broken.push(("uses", format!("{uses} answers on `{authority}` of {:?}", bound.uses)));
        }
        if bound.daily.is_some_and(|most| *today > most) {
            broken.push((
                "quota",
                format!("{today} answers a day on `{authority}` of {:?}", bound.daily),
            ));
        }
        if bound.end.is_some_and(|end| at >= end) {
            broken.push((
                "lapsed",
                format!("an answer of {at} on `{authority}`, until {:?}", bound.end),
            ));
        }
    }
}
