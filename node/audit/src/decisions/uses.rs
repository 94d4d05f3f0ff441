//! How often authorities were used: by the answers whose bodies are there, and by the sums that stand for
//! those whose bodies are destroyed.
//!
//! Headers stay, and tell how many answers a peer was given on a day; the sums tell on which authority.
//! A sum stands in the log behind what it counts, so whatever rests on it is judged at the end.

use std::collections::{BTreeMap, HashMap, VecDeque};

use registry::{State, UsesSum};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::entry::{EntryKind, Header};
use schemas::redaction::Redaction;
use schemas::time::Timestamp;

/// Most queries of one requester that are decided at once.
pub(super) const MOST_AT_ONCE: u32 = 128;

/// Names that are kept once.
#[derive(Debug)]
struct Names<T> {
    numbers: HashMap<T, usize>,
}

impl<T: Clone + Eq + std::hash::Hash> Names<T> {
    fn number(&mut self, name: &T) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let next = self.numbers.len();
        self.numbers.insert(name.clone(), next);
        next
    }
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new() }
    }
}

/// An answer, as its header and, where that is there, its body tell.
#[derive(Debug)]
struct Exchanged {
    entry: u64,
    day: Timestamp,
    peer: usize,
    authority: Option<usize>,
    received: bool,
    /// Whether a redaction has counted it.
    summed: bool,
}

/// What a limit counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) authority: AuthorityId,
    pub(super) peer: AgencyId,
    /// The most that it allows.
    pub(super) most: u32,
    /// Whether it counts the answers of a day to the peer alone.
    pub(super) daily: bool,
}

/// A decision that rests on answers which are destroyed.
#[derive(Debug)]
struct Deferred {
    entry: u64,
    limit: Limit,
    day: Timestamp,
    /// How many answers with bodies counted towards the limit by then.
    used: u32,
    /// Whether the limit had to be reached.
    reached: bool,
}

/// How often authorities were used so far.
#[derive(Debug, Default)]
pub(super) struct UsesCount {
    peers: Names<AgencyId>,
    authorities: Names<AuthorityId>,
    exchanged: Vec<Exchanged>,
    /// Answers given whose bodies are there.
    all: HashMap<AuthorityId, u32>,
    of_day: BTreeMap<(Timestamp, AuthorityId, AgencyId), u32>,
    /// Answers given that are destroyed.
    destroyed: BTreeMap<(AuthorityId, Timestamp, AgencyId), u32>,
    /// Answers given whose bodies are missing.
    bare: u64,
    deferred: Vec<Deferred>,
    /// The latest answers given whose bodies are there, the last one at the end.
    latest: VecDeque<(AuthorityId, Timestamp, AgencyId)>,
}

fn more(count: &mut u32, by: u32) {
    *count = count.saturating_add(by);
}

/// Sums of answers, given and received.
type Pairs<K> = BTreeMap<K, (u32, u32)>;

fn add<K: Ord>(pairs: &mut Pairs<K>, of: K, received: bool, count: u32) {
    let (given, taken) = pairs.entry(of).or_default();
    more(if received { taken } else { given }, count);
}

impl UsesCount {
    /// Takes in an answer; `authority` is that on which it rests, where its body is there.
    pub(super) fn answer(&mut self, header: &Header, authority: Option<&AuthorityId>) {
        let Some(peer) = &header.peer else { return };
        let (day, received) = (header.at.day_start(), header.kind == EntryKind::AnswerReceived);
        match authority {
            Some(authority) if !received => {
                more(self.all.entry(authority.clone()).or_default(), 1);
                let of = (day, authority.clone(), peer.clone());
                more(self.of_day.entry(of).or_default(), 1);
                if self.latest.len() >= MOST_AT_ONCE as usize {
                    self.latest.pop_front();
                }
                self.latest.push_back((authority.clone(), day, peer.clone()));
            }
            None if !received => self.bare = self.bare.saturating_add(1),
            _ => {}
        }
        self.exchanged.push(Exchanged {
            entry: header.index,
            day,
            peer: self.peers.number(peer),
            authority: authority.map(|authority| self.authorities.number(authority)),
            received,
            summed: false,
        });
    }

    /// Answers with bodies that were given on an authority, and of them those of a day to a peer; before the
    /// last `since` answers were given on any.
    pub(super) fn used(
        &self,
        authority: &AuthorityId,
        day: Timestamp,
        peer: &AgencyId,
        since: u32,
    ) -> (u32, u32) {
        let all = self.all.get(authority).copied().unwrap_or(0);
        let of = (day, authority.clone(), peer.clone());
        let today = self.of_day.get(&of).copied().unwrap_or(0);
        let since = usize::try_from(since).unwrap_or(usize::MAX);
        let later = self.latest.iter().rev().take(since).filter(|(on, ..)| on == authority);
        later.fold((all, today), |(all, today), (_, of_day, to)| {
            let counts = *of_day == day && to == peer;
            (all.saturating_sub(1), today.saturating_sub(u32::from(counts)))
        })
    }

    /// Whether some answers that count are destroyed.
    pub(super) const fn is_partial(&self) -> bool {
        self.bare > 0
    }

    /// Leaves until the end whether a limit was `reached` at an entry, or was not.
    pub(super) fn defer(&mut self, entry: u64, limit: Limit, day: Timestamp, reached: bool) {
        let (all, today) = self.used(&limit.authority, day, &limit.peer, 0);
        let used = if limit.daily { today } else { all };
        self.deferred.push(Deferred { entry, limit, day, used, reached });
    }

    /// Takes in a redaction with its sums; what they say otherwise than the headers and the bodies that
    /// are there, in a sentence.
    pub(super) fn redacted(&mut self, redaction: &Redaction, sums: &[UsesSum]) -> Option<String> {
        let (mut counted, mut there) = (Pairs::new(), Pairs::new());
        for (first, last) in redaction.entries.parts() {
            let start = self.exchanged.partition_point(|one| one.entry < *first);
            let part = self.exchanged.iter_mut().skip(start).take_while(|one| one.entry <= *last);
            for one in part.filter(|one| !one.summed) {
                one.summed = true;
                add(&mut counted, (one.peer, one.day), one.received, 1);
                if let Some(authority) = one.authority {
                    add(&mut there, (authority, one.peer, one.day), one.received, 1);
                }
            }
        }
        let mut said = Pairs::new();
        for sum in sums {
            let (peer, authority) =
                (self.peers.number(&sum.peer), self.authorities.number(&sum.authority));
            let there = there.get(&(authority, peer, sum.day)).copied().unwrap_or_default();
            if there.0 > sum.given || there.1 > sum.received {
                return Some(format!(
                    "it counts {} and {} answers to and from `{}` under `{}` of {}; of those whose bodies are still there are {} and {}",
                    sum.given,
                    sum.received,
                    sum.peer,
                    sum.authority,
                    sum.day.day(),
                    there.0,
                    there.1
                ));
            }
            add(&mut said, (peer, sum.day), false, sum.given);
            add(&mut said, (peer, sum.day), true, sum.received);
            // One whose body is there is counted by that.
            let gone = sum.given.saturating_sub(there.0);
            let of = (sum.authority.clone(), sum.day, sum.peer.clone());
            more(self.destroyed.entry(of).or_default(), gone);
        }
        if said == counted {
            return None;
        }
        let total = |of: &Pairs<(usize, Timestamp)>| {
            of.values().fold(0u64, |sum, (given, received)| {
                sum.saturating_add(u64::from(*given)).saturating_add(u64::from(*received))
            })
        };
        Some(format!(
            "its sums of {} answers are not those of the {} answers that it destroys, by day and peer as their headers tell",
            total(&said),
            total(&counted)
        ))
    }

    /// Destroyed answers that count towards a limit: those that surely came before an entry of that day,
    /// and those that may have.
    fn gone(&self, limit: &Limit, day: Timestamp) -> (u32, u32) {
        let (mut surely, mut perhaps) = (0u32, 0u32);
        for ((authority, of, peer), count) in &self.destroyed {
            if *authority != limit.authority || (limit.daily && (*of != day || *peer != limit.peer))
            {
                continue;
            }
            if *of < day {
                more(&mut surely, *count);
            }
            if *of <= day {
                more(&mut perhaps, *count);
            }
        }
        (surely, perhaps)
    }

    /// What was decided otherwise than the sums leave possible, by entry, in sentences.
    pub(super) fn decided_otherwise(&self) -> Vec<(u64, String)> {
        let mut wrong = Vec::new();
        let mut known: HashMap<(AuthorityId, AgencyId, bool, Timestamp), (u32, u32)> =
            HashMap::new();
        for Deferred { entry, limit, day, used, reached } in &self.deferred {
            let of = (limit.authority.clone(), limit.peer.clone(), limit.daily, *day);
            let (surely, perhaps) = *known.entry(of).or_insert_with(|| self.gone(limit, *day));
            let most = limit.most;
            let (fewest, greatest) = (used.saturating_add(surely), used.saturating_add(perhaps));
            if !reached && fewest >= most {
                let what = format!(
                    "it was answered under `{}`, which allows {most}; {fewest} were given before it, by the bodies that are there and the sums of those that are not",
                    limit.authority
                );
                wrong.push((*entry, what));
            } else if *reached && greatest < most {
                let what = format!(
                    "it passes over `{}` as used up, which allows {most}; {greatest} were given before it, by the bodies that are there and the sums of those that are not",
                    limit.authority
                );
                wrong.push((*entry, what));
            }
        }
        wrong
    }

    /// Authorities that were used more often than they allow, in sentences.
    pub(super) fn beyond(&self, state: &State) -> Vec<String> {
        let mut all = self.all.clone();
        let mut of_day = self.of_day.clone();
        for ((authority, day, peer), count) in &self.destroyed {
            more(all.entry(authority.clone()).or_default(), *count);
            more(of_day.entry((*day, authority.clone(), peer.clone())).or_default(), *count);
        }
        let mut told = Vec::new();
        for (authority, used) in &all {
            let filed = state.requests.get(authority);
            let most = filed.and_then(|filed| filed.value.scope().uses);
            if let Some(most) = most.filter(|most| used > most) {
                told.push(format!(
                    "`{authority}` allows {most} answers, and {used} were given on it"
                ));
            }
        }
        told.sort();
        for ((day, authority, peer), used) in &of_day {
            let versions = state.agreements.get(authority).into_iter().flat_map(|all| all.values());
            let limits: Option<Vec<u32>> =
                versions.map(|version| version.recorded.agreement.daily_limit).collect();
            let most = limits.and_then(|limits| limits.into_iter().max());
            if let Some(most) = most.filter(|most| used > most) {
                told.push(format!(
                    "`{authority}` allows {most} answers a day, and {used} were given on it to `{peer}` on {}",
                    day.day()
                ));
            }
        }
        told
    }
}

#[cfg(test)]
mod tests;
