//! How often somebody may fail. CJISSECPOL, AC-7: five failures within fifteen minutes; IA-5(1)(a):
//! never more than five.
//!
//! Failures are counted apart for those who come from where the person has signed in before, and for
//! strangers: whoever reaches the page locks strangers out, and not the person. A source that fails
//! under many names has to wait.

use std::collections::{HashMap, VecDeque};

use schemas::authenticator::LockScope;
use schemas::query::UserName;
use schemas::time::{MINUTE_MS, Timestamp};

/// Failures of a person that lock.
const MOST: usize = 5;
/// Failures of one source, under whatever names, after which it waits.
const MOST_OF_SOURCE: usize = 20;
/// Within which time they count, in milliseconds.
const WITHIN_MS: i64 = 15 * MINUTE_MS;
/// Most persons, and most sources, that are counted apart.
const APART: usize = 4_096;

/// Failures lately. In memory: what locks is in the log.
#[derive(Debug, Default)]
pub struct Throttle {
    persons: HashMap<(UserName, LockScope), VecDeque<Timestamp>>,
    sources: HashMap<String, VecDeque<Timestamp>>,
}

fn count<K: std::hash::Hash + Eq>(
    all: &mut HashMap<K, VecDeque<Timestamp>>,
    key: K,
    now: Timestamp,
) -> usize {
    let since = now.plus_millis(-WITHIN_MS);
    if all.len() >= APART && !all.contains_key(&key) {
        all.retain(|_, times| times.back().is_some_and(|last| *last > since));
        if all.len() >= APART {
            // So many fail at once that this one is not told apart: it counts as one of too many.
            return usize::MAX;
        }
    }
    let times = all.entry(key).or_default();
    while times.front().is_some_and(|first| *first <= since) {
        times.pop_front();
    }
    times.push_back(now);
    if times.len() > MOST_OF_SOURCE {
        times.pop_front();
    }
    times.len()
}

impl Throttle {
    /// Whether this source has to wait before it is looked at.
    #[must_use]
    pub fn waits(&self, source: &str, now: Timestamp) -> bool {
        let since = now.plus_millis(-WITHIN_MS);
        let late = self
            .sources
            .get(source)
            .map_or(0, |times| times.iter().filter(|at| **at > since).count());
        late >= MOST_OF_SOURCE
    }

    /// Counts a failure of a person who exists, from a source that she is known to use or not; the
    /// scope that is to be locked now.
    pub fn failed(
        &mut self,
        user: Option<&UserName>,
        source: &str,
        known: bool,
        now: Timestamp,
    ) -> Option<LockScope> {
        count(&mut self.sources, source.to_owned(), now);
        let scope = if known { LockScope::Everywhere } else { LockScope::Strangers };
        let user = user?.clone();
        let failures = count(&mut self.persons, (user, scope), now);
        (failures >= MOST).then_some(scope)
    }

    /// The person signed in, or was released: her failures are over.
    pub fn forget(&mut self, user: &UserName) {
        for scope in LockScope::ALL {
            self.persons.remove(&(user.clone(), *scope));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + minutes * MINUTE_MS).unwrap()
    }

    #[test]
    fn five_failures_in_fifteen_minutes_lock_strangers_and_not_the_person() {
        let mut throttle = Throttle::default();
        let (reyes, doe) = ("m.reyes".parse().unwrap(), "c.doe".parse().unwrap());
        for n in 0..4 {
            assert_eq!(throttle.failed(Some(&reyes), "evil", false, at(n)), None);
        }
        assert_eq!(throttle.failed(Some(&reyes), "desk", true, at(4)), None, "counted apart");
        assert_eq!(throttle.failed(Some(&doe), "evil", false, at(4)), None, "another person");
        assert_eq!(throttle.failed(Some(&reyes), "evil", false, at(5)), Some(LockScope::Strangers));
        for n in 5..8 {
            assert_eq!(throttle.failed(Some(&reyes), "desk", true, at(n)), None);
        }
        assert_eq!(throttle.failed(Some(&reyes), "desk", true, at(8)), Some(LockScope::Everywhere));
        throttle.forget(&reyes);
        assert_eq!(throttle.failed(Some(&reyes), "desk", true, at(9)), None);
    }

    #[test]
    fn failures_are_over_after_fifteen_minutes() {
        let mut throttle = Throttle::default();
        let reyes = "m.reyes".parse().unwrap();
        for n in 0..40 {
            assert_eq!(throttle.failed(Some(&reyes), "desk", true, at(n * 4)), None, "{n}");
        }
    }

    #[test]
    fn a_source_that_fails_under_many_names_waits_and_others_do_not() {
        let mut throttle = Throttle::default();
        for n in 0..20 {
            assert!(!throttle.waits("evil", at(0)), "{n}");
            throttle.failed(None, "evil", false, at(0));
        }
        assert!(throttle.waits("evil", at(14)) && !throttle.waits("desk", at(14)));
        assert!(!throttle.waits("evil", at(15)));
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let mut throttle = Throttle::default();
        for n in 0..10_000 {
            throttle.failed(None, &n.to_string(), false, at(0));
        }
        assert!(throttle.sources.len() <= APART);
        throttle.failed(None, "later", false, at(20));
        assert_eq!(throttle.sources.len(), 1);
    }
}
