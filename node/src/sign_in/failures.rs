//! Counting those who did not sign in. The first of a minute, of a person and a source, is an entry
//! at once; the further ones are one more entry when that minute is over. So a flood cannot fill the
//! log, and a name that nobody bears never stands in it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use schemas::event::sign_in::SignInFailed;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::{MINUTE_MS, Timestamp};

use super::SignIn;
use audit_log::entries::sign_in::sign_in_failed;

/// Most persons and sources that are told apart in a minute.
const APART: usize = 256;

/// Who failed, from where; nobody and nowhere once too many are told apart.
type Key = (Option<UserName>, Option<String>);

/// Counts of the present minute.
#[derive(Debug, Default)]
pub(super) struct Failures {
    counts: Mutex<(i64, HashMap<Key, u64>)>,
    /// Failures of each person since she last signed in.
    since: Mutex<HashMap<UserName, u64>>,
}

impl Failures {
    /// Counts one; whether it is the first of its minute, and those of the minute before.
    fn count(&self, mut key: Key, now: Timestamp) -> (Option<Key>, Vec<(Key, u64)>) {
        let minute = now.millis().div_euclid(MINUTE_MS);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let over = if counts.0 == minute { Vec::new() } else { counts.1.drain().collect() };
        counts.0 = minute;
        if counts.1.len() >= APART && !counts.1.contains_key(&key) {
            key = (None, None);
        }
        let first = match counts.1.get_mut(&key) {
            Some(further) => {
                *further = further.saturating_add(1);
                None
            }
            None => {
                counts.1.insert(key.clone(), 0);
                Some(key)
            }
        };
        (first, over)
    }

    /// Takes what was counted in minutes that are over, or all of it.
    fn take(&self, now: Timestamp, all: bool) -> Vec<(Key, u64)> {
        let minute = now.millis().div_euclid(MINUTE_MS);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.0 == minute && !all { Vec::new() } else { counts.1.drain().collect() }
    }

    /// How often somebody failed as this person since she last signed in; it is told once.
    pub(super) fn take_since(&self, user: &UserName) -> u64 {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.remove(user).unwrap_or(0)
    }
}

/// Counts and records one more failure.
pub(super) async fn failed(
    sign_in: &SignIn,
    user: Option<&UserName>,
    source: &str,
    now: Timestamp,
) {
    if let Some(user) = user {
        let mut since = sign_in.failures.since.lock().unwrap_or_else(PoisonError::into_inner);
        let count = since.entry(user.clone()).or_default();
        *count = count.saturating_add(1);
    }
    let key = (user.cloned(), Some(source.to_owned()));
    let (first, over) = sign_in.failures.count(key, now);
    for (key, count) in over {
        record(sign_in, key, count).await;
    }
    if let Some(key) = first {
        record(sign_in, key, 1).await;
    }
}

/// Records what was counted and not recorded yet.
pub(super) async fn record_counted(sign_in: &SignIn, now: Timestamp, all: bool) {
    for (key, count) in sign_in.failures.take(now, all) {
        record(sign_in, key, count).await;
    }
}

async fn record(sign_in: &SignIn, (user, source): Key, count: u64) {
    if count == 0 {
        return;
    }
    let client: Option<Text> = source.and_then(|source| source.parse().ok());
    let event = SignInFailed { user, client, count };
    let entry = sign_in_failed(sign_in.agency.node_actor(), event);
    if let Err(error) = sign_in.agency.log.append(entry).await {
        tracing::error!(%error, sign_in.failures = count, "failures to sign in could not be logged");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_040_000 + seconds * 1_000).unwrap()
    }

    #[test]
    fn the_first_of_a_minute_is_told_at_once_and_the_further_ones_as_a_count() {
        let failures = Failures::default();
        let key = |source: &str| (None, Some(source.to_owned()));
        assert_eq!(failures.count(key("a"), at(0)), (Some(key("a")), vec![]));
        assert_eq!(failures.count(key("a"), at(1)), (None, vec![]));
        assert_eq!(failures.count(key("b"), at(2)), (Some(key("b")), vec![]));
        assert_eq!(failures.count(key("a"), at(3)), (None, vec![]));
        assert_eq!(failures.take(at(4), false), []);
        let mut over = failures.take(at(60), false);
        over.sort();
        assert_eq!(over, [(key("a"), 2), (key("b"), 0)]);
    }

    #[test]
    fn a_flood_from_everywhere_leaves_few_entries_behind() {
        let failures = Failures::default();
        let mut told = 0;
        for n in 0..100_000 {
            let (first, over) = failures.count((None, Some(n.to_string())), at(0));
            told += usize::from(first.is_some()) + over.len();
        }
        assert!(told <= APART + 1, "{told}");
        let rest = failures.take(at(0), true);
        let counted: u64 = rest.iter().map(|(_, count)| count).sum();
        assert_eq!(counted + told as u64, 100_000);
    }
}
