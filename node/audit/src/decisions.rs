//! Every decision again: an owner signs by which policy, rules and authority it answered or refused,
//! and its log holds all three, so whoever reads the log decides once more and compares. So is the
//! decision that an answer may be delivered again.
//!
//! What cannot be decided again is counted by its cause and never taken for right.

mod not_again;
mod recent;
mod redelivered;
mod refused;
mod released;
mod served;
mod undecided;
mod uses;

use std::collections::{BTreeMap, HashMap};

use agreements::decide::{Decision, Permit, RULES, Scope as _};
use registry::{Change, State, Uses, decide_upon};
use schemas::agency::AgencyId;
use schemas::answer::{Answer, DecidedBy};
use schemas::authority::AuthorityId;
use schemas::body::Body;
use schemas::bundle::Item;
use schemas::entry::{EntryKind, Header};
use schemas::envelope::{Envelope, Kind};
use schemas::query::{Query, QueryId};
use schemas::refusal::{Reason, Refusal};
use schemas::time::Timestamp;
use serde::de::DeserializeOwned;

use super::problem::{Problem, problem};
use recent::Recent;
use redelivered::refused_again;
use served::Served;
use uses::{Limit, MOST_AT_ONCE, UsesCount};

pub use not_again::NotDecidedAgain;

/// Most authorities of one pair that are taken for used up, one after the other.
const MOST_USED_UP: usize = 32;

/// Longest between a decision and its entry, in milliseconds: a search with photographs, and a clock
/// that is behind the last entry.
const LONGEST_MS: i64 = 600_000;

/// The limit that a permission counts towards.
fn limit(permit: &Permit, peer: &AgencyId) -> Option<Limit> {
    let of = |(authority, most): &(AuthorityId, u32), daily| Limit {
        authority: authority.clone(),
        peer: peer.clone(),
        most: *most,
        daily,
    };
    let consumes = permit.consumes.as_ref().map(|of_all| of(of_all, false));
    consumes.or_else(|| permit.daily.as_ref().map(|of_day| of(of_day, true)))
}

/// What the entries have shown of an owner's decisions so far.
#[derive(Debug)]
pub(super) struct Decisions {
    me: AgencyId,
    uses: UsesCount,
    /// On what the queries that were answered rested.
    answered: HashMap<QueryId, AuthorityId>,
    /// The latest answers, which may be delivered again.
    recent: Recent,
    /// What was served, by what headers and envelopes tell.
    served: Served,
    pub(super) again: u64,
    pub(super) not_again: BTreeMap<NotDecidedAgain, u64>,
    problems: Vec<Problem>,
}

/// What the envelope of a kind says that stands beside an entry. Signatures are checked elsewhere.
fn said<T: DeserializeOwned>(beside: &[Envelope], kind: Kind) -> Option<T> {
    let envelope = beside.iter().find(|one| one.kind() == kind)?;
    serde_json::from_slice(envelope.unverified_payload()).ok()
}

fn codes(reasons: &[Reason]) -> String {
    let codes: Vec<&str> = reasons.iter().map(|reason| reason.code.code()).collect();
    codes.join(", ")
}

/// Authorities that are taken for used up.
type UsedUp = Vec<Limit>;

impl Decisions {
    /// Of the log of `me`.
    pub(super) fn new(me: AgencyId) -> Self {
        Self {
            me,
            uses: UsesCount::default(),
            answered: HashMap::new(),
            recent: Recent::default(),
            served: Served::default(),
            again: 0,
            not_again: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// Takes in the next entry, with its body as far as that was read; `state` is the registry of its
    /// instant, as far as it is known.
    pub(super) fn see(
        &mut self,
        header: &Header,
        item: &Item,
        body: Option<&Body>,
        state: Option<&State>,
    ) {
        if item.border {
            return;
        }
        match header.kind {
            EntryKind::QueryAnswered | EntryKind::QueryRefused => self.reply(header, item, state),
            EntryKind::AnswerRedelivered => {
                let decided = self.delivered(header, body, state);
                self.tally(decided);
            }
            EntryKind::AnswerReceived => {
                let basis = body.and_then(|body| body.event.access()?.basis.as_ref());
                self.uses.answer(header, basis.map(|basis| &basis.authority));
            }
            EntryKind::QuerySent => self.served.sent(header),
            EntryKind::ReceiptRecorded => self.served.receipted(header),
            EntryKind::EntriesRedacted if state.is_some() => self.redacted(header, item),
            _ => {}
        }
    }

    fn tally(&mut self, decided: Result<(), NotDecidedAgain>) {
        match decided {
            Ok(()) => self.again = self.again.saturating_add(1),
            Err(why) => {
                let count = self.not_again.entry(why).or_default();
                *count = count.saturating_add(1);
            }
        }
    }

    /// A peer's query was answered or refused.
    fn reply(&mut self, header: &Header, item: &Item, state: Option<&State>) {
        // A refusal that is sent again decides nothing and keeps nothing beside its entry.
        if header.kind == EntryKind::QueryRefused && header.envelope.is_none() {
            return;
        }
        let lines = item.entry.envelope.iter().flat_map(|lines| lines.lines());
        let beside: Vec<Envelope> =
            lines.filter_map(|line| Envelope::parse(line.as_bytes()).ok()).collect();
        let query = said::<Query>(&beside, Kind::Query);
        let asked = beside.iter().find(|one| one.kind() == Kind::Query).map(Envelope::digest);
        let answer = (header.kind == EntryKind::QueryAnswered && query.is_some())
            .then(|| said::<Answer>(&beside, Kind::Answer))
            .flatten();
        let decided = match (header.kind, &query) {
            (EntryKind::QueryAnswered, Some(query)) => {
                answer.as_ref().map(|answer| self.answer(header, query, answer, state))
            }
            (_, Some(query)) => {
                let refusal = said::<Refusal>(&beside, Kind::Refusal);
                refusal.map(|refusal| self.refusal(header, query, &refusal, state))
            }
            (_, None) => None,
        };
        self.tally(decided.unwrap_or(Err(NotDecidedAgain::Destroyed)));
        self.served.note(header, asked);
        if header.kind == EntryKind::QueryAnswered {
            self.uses.answer(header, answer.as_ref().map(|answer| &answer.basis.authority));
            if let Some((query, answer)) = query.zip(answer) {
                self.answered.insert(answer.query_id, answer.basis.authority.clone());
                self.recent.keep(header, query, answer);
            }
        }
    }

    /// Decides again whether an answer could be delivered again.
    fn delivered(
        &mut self,
        header: &Header,
        body: Option<&Body>,
        state: Option<&State>,
    ) -> Result<(), NotDecidedAgain> {
        if body.is_none() {
            return Err(NotDecidedAgain::Destroyed);
        }
        let state = state.ok_or(NotDecidedAgain::Registry)?;
        let known = header.query.and_then(|id| self.recent.get(&id));
        let known = known.ok_or(NotDecidedAgain::NotAtHand)?;
        if known.rules != RULES {
            return Err(NotDecidedAgain::Rules);
        }
        // Others may have used the authority between the decision and this entry.
        let decide = |query: &Query, at| {
            let now = self.decide(state, query, at, 0, &UsedUp::new());
            match now {
                Ok(Decision::Refuse(_)) => {
                    self.decide(state, query, at, MOST_AT_ONCE, &UsedUp::new())
                }
                decided => decided,
            }
        };
        match refused_again(known, header.at, LONGEST_MS, decide) {
            Some(what) => self.wrong(header, &what),
            None => Ok(()),
        }
    }

    /// Holds the sums of a redaction against what it destroys.
    fn redacted(&mut self, header: &Header, item: &Item) {
        // A change that is none is told where changes are checked.
        let change = item.change.as_ref().and_then(|text| serde_json::from_str(text).ok());
        let Some(Change::Redacted { redaction, sums }) = change else { return };
        if let Some(what) = self.uses.redacted(&redaction, &sums) {
            self.problems.push(problem(Some(header.index), "sums", what));
        }
    }

    /// The same decision, of a query that was decided at `at`, before the last `since` answers were given, and
    /// with some authorities used up.
    fn decide(
        &self,
        state: &State,
        query: &Query,
        at: Timestamp,
        since: u32,
        used_up: &UsedUp,
    ) -> Result<Decision, String> {
        // An answer that was to be sent again does not count against itself, and no other authority
        // stands in for the one that it rested on.
        let before = self.answered.get(&query.id);
        let query = match before {
            Some(authority) => &Query { authority: Some(authority.clone()), ..query.clone() },
            None => query,
        };
        let uses = |id: &AuthorityId| {
            if used_up.iter().any(|limit| limit.authority == *id) {
                return Uses { all: u32::MAX, today: u32::MAX };
            }
            let without = |count: u32| count.saturating_sub(u32::from(before == Some(id)));
            let (all, today) = self.uses.used(id, at.day_start(), &query.from, since);
            Uses { all: without(all), today: without(today) }
        };
        decide_upon(state, &self.me, query, at, uses)
            .ok_or_else(|| "no policy or no card of the requester was in force".into())
    }

    /// The registry by which it was decided, if it can be decided again by it, or what is wrong with that.
    fn grounds<'s>(
        by: &DecidedBy,
        state: Option<&'s State>,
    ) -> Result<Result<&'s State, String>, NotDecidedAgain> {
        if by.rules != RULES {
            return Err(NotDecidedAgain::Rules);
        }
        let state = state.ok_or(NotDecidedAgain::Registry)?;
        if state.policy_digest == Some(by.policy) {
            return Ok(Ok(state));
        }
        Ok(Err(format!("it names the policy {}, which was not the one in force", by.policy)))
    }

    fn answer(
        &mut self,
        header: &Header,
        query: &Query,
        answer: &Answer,
        state: Option<&State>,
    ) -> Result<(), NotDecidedAgain> {
        let state = match Self::grounds(&answer.decided_by, state)? {
            Ok(state) => state,
            Err(what) => return self.wrong(header, &what),
        };
        let mut used_up = UsedUp::new();
        let permit = loop {
            let permit = match self.decide(state, query, answer.at, 0, &used_up) {
                Err(what) => return self.wrong(header, &what),
                Ok(Decision::Refuse(refused)) => {
                    let what = format!(
                        "it was answered; decided again it is refused: {}",
                        codes(refused.reasons.as_slice())
                    );
                    return self.wrong(header, &what);
                }
                Ok(Decision::Permit(permit)) => permit,
            };
            // What is destroyed may have used up the one that permits now.
            let passed_over = permit.basis.authority != answer.basis.authority;
            match limit(&permit, &query.from) {
                Some(limit) if passed_over && self.may_be_used_up(&used_up) => used_up.push(limit),
                _ => break permit,
            }
        };
        if let Some(what) = opens_otherwise(answer, &permit) {
            return self.wrong(
                header,
                &format!("it was answered otherwise than it is decided again: {what}"),
            );
        }
        let day = answer.at.day_start();
        used_up.into_iter().for_each(|limit| self.uses.defer(header.index, limit, day, true));
        // Whether destroyed answers of the same day came before is open: they disprove no permission.
        if self.uses.is_partial()
            && let Some(limit) = limit(&permit, &query.from).filter(|limit| !limit.daily)
        {
            self.uses.defer(header.index, limit, day, false);
        }
        self.dated(header, answer.at)
    }

    /// Whether another authority may be taken for used up by answers that are destroyed.
    const fn may_be_used_up(&self, used_up: &UsedUp) -> bool {
        self.uses.is_partial() && used_up.len() < MOST_USED_UP
    }

    /// That a reply was decided when its entry was made, as far as clocks and searches allow: else its
    /// own time would choose what it is decided by.
    fn dated(&mut self, header: &Header, at: Timestamp) -> Result<(), NotDecidedAgain> {
        if at.distance(header.at) > LONGEST_MS.unsigned_abs() {
            let what =
                format!("it says that it was decided at {at}, and was logged at {}", header.at);
            return self.wrong(header, &what);
        }
        Ok(())
    }

    fn wrong(&mut self, header: &Header, what: &str) -> Result<(), NotDecidedAgain> {
        self.problems.push(problem(Some(header.index), "decision", what));
        Ok(())
    }

    /// What was found since this was asked last.
    pub(super) fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// What only the end shows: which decisions the sums disprove, and which authorities were used more
    /// often than they allow.
    pub(super) fn finish(&self, state: Option<&State>) -> Vec<Problem> {
        let otherwise = self.uses.decided_otherwise().into_iter();
        let otherwise = otherwise.map(|(entry, what)| problem(Some(entry), "decision", what));
        let beyond = state.map(|state| self.uses.beyond(state)).unwrap_or_default();
        otherwise.chain(beyond.into_iter().map(|what| problem(None, "uses", what))).collect()
    }
}

/// What an answer opens otherwise than the decision.
fn opens_otherwise(answer: &Answer, permit: &Permit) -> Option<String> {
    let (basis, opened, scope) = (&answer.basis, &answer.released, &permit.scope);
    if *basis != permit.basis {
        return Some(format!(
            "it rests on `{}` version {}, the decision on `{}` version {}, or on another text",
            basis.authority, basis.version, permit.basis.authority, permit.basis.version
        ));
    }
    if let Some(what) = released::otherwise(opened, &permit.released()) {
        return Some(what);
    }
    if answer.notice != permit.notice {
        return Some("another notice than the policy's stands in it".into());
    }
    (answer.count > scope.limit()).then(|| format!("it releases {} reads", answer.count))
}
