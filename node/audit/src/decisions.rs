//! Every decision again: an owner signs by which policy, rules and authority it answered or refused,
//! and its log holds all three, so whoever reads the log decides once more and compares.
//!
//! What cannot be decided again is counted by its cause and never taken for right.

use std::collections::{BTreeMap, HashMap, HashSet};

use agreements::decide::{Decision, Permit, RULES, Scope as _};
use registry::{State, Uses, decide_upon};
use schemas::agency::AgencyId;
use schemas::answer::{Answer, DecidedBy};
use schemas::authority::AuthorityId;
use schemas::bundle::Item;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};
use schemas::envelope::{Envelope, Kind};
use schemas::query::{Query, QueryId};
use schemas::refusal::{Reason, Refusal, RefusalCode};
use schemas::time::Timestamp;
use serde::de::DeserializeOwned;

use super::problem::{Problem, problem};

/// Why a decision was not made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotDecidedAgain {
    /// The registry of that instant is not known: only a whole log holds it.
    Registry,
    /// It was made by other rules than those of this program.
    Rules,
    /// It rests on a number of uses, and answers that count towards it are destroyed.
    Counts,
    /// The query or its reply is destroyed.
    Destroyed,
    /// It was refused before a decision, as too late, too much at once, or of a known id.
    Undecided,
}

impl NotDecidedAgain {
    /// In words, for people.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Registry => "only a whole log tells the policy and the authority of that instant",
            Self::Rules => "made by another version of the rules",
            Self::Counts => "answers that count towards a limit are destroyed",
            Self::Destroyed => "the query or its reply is destroyed",
            Self::Undecided => {
                "refused before a decision: too late, too much at once, or of a known id"
            }
        }
    }
}

/// Why a query is refused that does not come as far as a decision.
const UNDECIDED: [RefusalCode; 5] = [
    RefusalCode::Stale,
    RefusalCode::Overloaded,
    RefusalCode::IdReused,
    RefusalCode::ReceiptsOutstanding,
    RefusalCode::LogUnavailable,
];

/// What depends on how often an authority was used.
const COUNTED: [RefusalCode; 2] = [RefusalCode::UsesExhausted, RefusalCode::Quota];

/// Most queries of one requester that are decided at once.
const MOST_AT_ONCE: u32 = 128;

/// Longest between a decision and its entry, in milliseconds: a search with photographs, and a clock
/// that is behind the last entry.
const LONGEST_MS: u64 = 600_000;

/// Whether a decision rests on how often an authority was used.
fn counts(decision: &Decision) -> bool {
    match decision {
        Decision::Permit(permit) => permit.consumes.is_some() || permit.daily.is_some(),
        Decision::Refuse(refused) => {
            refused.reasons.as_slice().iter().any(|one| COUNTED.contains(&one.code))
        }
    }
}

/// What the entries have shown of an owner's decisions so far.
#[derive(Debug)]
pub(super) struct Decisions {
    me: AgencyId,
    uses: HashMap<AuthorityId, u32>,
    /// Answers of the last two days with any, by the day's start.
    today: BTreeMap<Timestamp, HashMap<(AuthorityId, AgencyId), u32>>,
    /// On what the queries that were answered rested.
    answered: HashMap<QueryId, AuthorityId>,
    /// Requesters of whose answers some are destroyed, with the time of the last one.
    destroyed: HashMap<AgencyId, Timestamp>,
    /// Queries whose answer is destroyed.
    destroyed_queries: HashSet<Digest>,
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

impl Decisions {
    /// Of the log of `me`.
    pub(super) fn new(me: AgencyId) -> Self {
        Self {
            me,
            uses: HashMap::new(),
            today: BTreeMap::new(),
            answered: HashMap::new(),
            destroyed: HashMap::new(),
            destroyed_queries: HashSet::new(),
            again: 0,
            not_again: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// Takes in the next entry; `state` is the registry of its instant, as far as it is known.
    pub(super) fn see(&mut self, header: &Header, item: &Item, state: Option<&State>) {
        if item.border || !matches!(header.kind, EntryKind::QueryAnswered | EntryKind::QueryRefused)
        {
            return;
        }
        // A refusal that is sent again decides nothing and keeps nothing beside its entry.
        if header.kind == EntryKind::QueryRefused && header.envelope.is_none() {
            return;
        }
        let lines = item.entry.envelope.iter().flat_map(|lines| lines.lines());
        let beside: Vec<Envelope> =
            lines.filter_map(|line| Envelope::parse(line.as_bytes()).ok()).collect();
        let query = said::<Query>(&beside, Kind::Query);
        let (decided, answer) = match (header.kind, query) {
            (EntryKind::QueryAnswered, Some(query)) => {
                let answer = said::<Answer>(&beside, Kind::Answer);
                (answer.as_ref().map(|answer| self.answer(header, &query, answer, state)), answer)
            }
            (_, Some(query)) => {
                let refusal = said::<Refusal>(&beside, Kind::Refusal);
                (refusal.map(|refusal| self.refusal(header, &query, &refusal, state)), None)
            }
            (_, None) => (None, None),
        };
        match decided.unwrap_or(Err(NotDecidedAgain::Destroyed)) {
            Ok(()) => self.again = self.again.saturating_add(1),
            Err(why) => {
                let count = self.not_again.entry(why).or_default();
                *count = count.saturating_add(1);
            }
        }
        match answer {
            Some(answer) => self.count(header, answer),
            None if header.kind == EntryKind::QueryAnswered => {
                self.destroyed.extend(header.peer.clone().map(|peer| (peer, header.at)));
                self.destroyed_queries.extend(header.query);
            }
            None => {}
        }
    }

    /// Counts an answer towards the limits of its authority.
    fn count(&mut self, header: &Header, answer: Answer) {
        let day = header.at.day_start();
        while self.today.len() > 1 && !self.today.contains_key(&day) {
            self.today.pop_first();
        }
        let authority = answer.basis.authority;
        let more = |count: &mut u32| *count = count.saturating_add(1);
        more(self.uses.entry(authority.clone()).or_default());
        let today = self.today.entry(day).or_default();
        more(today.entry((authority.clone(), answer.to)).or_default());
        self.answered.insert(answer.query_id, authority);
    }

    /// The same decision, of a query that was decided at `at`, when each authority had been used `since`
    /// times less.
    fn decide(
        &self,
        state: Option<&State>,
        query: &Query,
        (by, at): (&DecidedBy, Timestamp),
        since: u32,
    ) -> Result<Result<Decision, String>, NotDecidedAgain> {
        if by.rules != RULES {
            return Err(NotDecidedAgain::Rules);
        }
        let state = state.ok_or(NotDecidedAgain::Registry)?;
        if state.policy_digest != Some(by.policy) {
            return Ok(Err(format!(
                "it names the policy {}, which was not the one in force",
                by.policy
            )));
        }
        // An answer that was to be sent again does not count against itself, and no other authority
        // stands in for the one that it rested on.
        let before = self.answered.get(&query.id);
        let query = match before {
            Some(authority) => &Query { authority: Some(authority.clone()), ..query.clone() },
            None => query,
        };
        let of_today = self.today.get(&at.day_start());
        let uses = |id: &AuthorityId| {
            let without = |count: u32| {
                count.saturating_sub(u32::from(before == Some(id))).saturating_sub(since)
            };
            let today = of_today.and_then(|today| today.get(&(id.clone(), query.from.clone())));
            Uses {
                all: without(self.uses.get(id).copied().unwrap_or(0)),
                today: without(today.copied().unwrap_or(0)),
            }
        };
        let decided = decide_upon(state, &self.me, query, at, uses);
        Ok(decided.ok_or_else(|| "no policy or no card of the requester was in force".into()))
    }

    fn answer(
        &mut self,
        header: &Header,
        query: &Query,
        answer: &Answer,
        state: Option<&State>,
    ) -> Result<(), NotDecidedAgain> {
        let decided = self.decide(state, query, (&answer.decided_by, answer.at), 0)?;
        let permit = match decided {
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
        // Of a day's limit only answers of that day count.
        let since = match (&permit.consumes, &permit.daily) {
            (Some(_), _) => Some(Timestamp::MIN),
            (None, Some(_)) => Some(answer.at.day_start()),
            (None, None) => None,
        };
        if let Some(what) = opens_otherwise(answer, &permit) {
            return self.wrong(
                header,
                &format!("it was answered otherwise than it is decided again: {what}"),
            );
        }
        let last = self.destroyed.get(&query.from);
        if last.zip(since).is_some_and(|(last, since)| *last >= since) {
            return Err(NotDecidedAgain::Counts);
        }
        self.dated(header, answer.at)
    }

    fn refusal(
        &mut self,
        header: &Header,
        query: &Query,
        refusal: &Refusal,
        state: Option<&State>,
    ) -> Result<(), NotDecidedAgain> {
        // On what the answer rested that was to be sent again is not known any more.
        if header.query.is_some_and(|query| self.destroyed_queries.contains(&query)) {
            return Err(NotDecidedAgain::Destroyed);
        }
        let Some(by) = &refusal.decided_by else {
            return self.undecided(header, query, refusal, state);
        };
        let mut first = None;
        // Others may have used an authority between the decision and its entry: what was decided is
        // what one of those counts gives.
        for since in 0..=MOST_AT_ONCE {
            match self.decide(state, query, (by, refusal.at), since)? {
                Err(what) => return self.wrong(header, &what),
                Ok(Decision::Refuse(refused))
                    if Refusal::fitting(refused.reasons.as_slice().to_vec()) == refusal.reasons
                        && refused.closest == refusal.closest =>
                {
                    return self.dated(header, refusal.at);
                }
                Ok(other) => {
                    let counted = counts(&other) || first.as_ref().is_some_and(counts);
                    first.get_or_insert(other);
                    if !counted {
                        break;
                    }
                }
            }
        }
        let counted = refusal.reasons.iter().any(|one| COUNTED.contains(&one.code));
        if counted && self.destroyed.contains_key(&query.from) {
            return Err(NotDecidedAgain::Counts);
        }
        let otherwise = match first {
            Some(Decision::Permit(permit)) => {
                format!("it is permitted under `{}`", permit.basis.authority)
            }
            Some(Decision::Refuse(refused)) => {
                format!("the reasons are {}", codes(refused.reasons.as_slice()))
            }
            None => "nothing comes of it".into(),
        };
        let what =
            format!("it was refused ({}); decided again {otherwise}", codes(&refusal.reasons));
        self.wrong(header, &what)
    }

    /// That a reply was decided when its entry was made, as far as clocks and searches allow: else its
    /// own time would choose what it is decided by.
    fn dated(&mut self, header: &Header, at: Timestamp) -> Result<(), NotDecidedAgain> {
        if at.distance(header.at) > LONGEST_MS {
            let what =
                format!("it says that it was decided at {at}, and was logged at {}", header.at);
            return self.wrong(header, &what);
        }
        Ok(())
    }

    /// A refusal of what did not come as far as a decision may give no reason of one.
    fn undecided(
        &mut self,
        header: &Header,
        query: &Query,
        refusal: &Refusal,
        state: Option<&State>,
    ) -> Result<(), NotDecidedAgain> {
        // Its photographs are opened no longer.
        let again = self.answered.contains_key(&query.id);
        let fits = |reason: &Reason| {
            let without_policy = reason.code == RefusalCode::NoAuthority
                && state.is_some_and(|state| state.policy.is_none());
            UNDECIDED.contains(&reason.code)
                || without_policy
                || (again && reason.code == RefusalCode::QueryKind)
        };
        if refusal.reasons.iter().all(fits) {
            return Err(NotDecidedAgain::Undecided);
        }
        // What came before is not all at hand.
        if state.is_none() {
            return Err(NotDecidedAgain::Registry);
        }
        let what = format!(
            "it was refused ({}) without naming the policy by which",
            codes(&refusal.reasons)
        );
        self.wrong(header, &what)
    }

    fn wrong(&mut self, header: &Header, what: &str) -> Result<(), NotDecidedAgain> {
        self.problems.push(problem(Some(header.index), "decision", what));
        Ok(())
    }

    /// What was found since this was asked last.
    pub(super) fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
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
    let period = (opened.from, opened.until) == (scope.from(), scope.until());
    if !period || opened.limit != scope.limit() || opened.images != scope.images() {
        return Some(format!(
            "it opens {} until {}, at most {}; the decision {} until {}, at most {}",
            opened.from,
            opened.until,
            opened.limit,
            scope.from(),
            scope.until(),
            scope.limit()
        ));
    }
    if answer.notice != permit.notice {
        return Some("another notice than the policy's stands in it".into());
    }
    (answer.count > scope.limit()).then(|| format!("it releases {} reads", answer.count))
}
