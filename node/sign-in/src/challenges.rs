//! What security keys were asked to sign, until they have: each counts once, for a few minutes, where it
//! was asked for, and there are few.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use schemas::time::{MINUTE_MS, Timestamp};

use crate::token::{NoRandomness, Token};

/// How long a key may take, in milliseconds.
const LONGEST_MS: i64 = 5 * MINUTE_MS;
/// Most that wait.
const MOST: usize = 1_024;
/// Most that wait from one source: who asks again and again takes the place of her own.
const MOST_OF_SOURCE: usize = 8;

struct Waiting<T> {
    id: String,
    source: String,
    asked: Timestamp,
    state: T,
}

/// Those that wait, the oldest first.
pub struct Challenges<T>(Mutex<VecDeque<Waiting<T>>>);

impl<T> Default for Challenges<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Challenges<T> {
    /// Keeps what belongs to one that `source` is shown; the id by which it comes back.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn put(&self, state: T, source: &str, now: Timestamp) -> Result<String, NoRandomness> {
        let id = Token::new()?.expose().to_owned();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| counts(one.asked, now));
        let of_source = |one: &Waiting<T>| one.source == source;
        if waiting.iter().filter(|one| of_source(one)).count() >= MOST_OF_SOURCE
            && let Some(oldest) = waiting.iter().position(of_source)
        {
            waiting.remove(oldest);
        }
        if waiting.len() >= MOST {
            waiting.pop_front();
        }
        let source = source.to_owned();
        waiting.push_back(Waiting { id: id.clone(), source, asked: now, state });
        Ok(id)
    }

    /// Takes what belongs to one, once.
    pub fn take(&self, id: &str, source: &str, now: Timestamp) -> Option<T> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = waiting.iter().position(|one| one.id == id && one.source == source)?;
        let one = waiting.remove(at)?;
        counts(one.asked, now).then_some(one.state)
    }
}

fn counts(asked: Timestamp, now: Timestamp) -> bool {
    asked <= now && now < asked.plus_millis(LONGEST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + minutes * MINUTE_MS).unwrap()
    }

    #[test]
    fn one_counts_once_in_time_and_where_it_was_asked_for() {
        let all = Challenges::default();
        let id = all.put("a", "here", at(0)).unwrap();
        assert_eq!(all.take(&id, "elsewhere", at(1)), None);
        assert_eq!(all.take(&id, "here", at(1)), Some("a"));
        assert_eq!(all.take(&id, "here", at(1)), None, "once");
        let late = all.put("b", "here", at(0)).unwrap();
        assert_eq!(all.take(&late, "here", at(5)), None, "too late");
        let early = all.put("c", "here", at(10)).unwrap();
        assert_eq!(all.take(&early, "here", at(9)), None, "before it was asked for");
    }

    #[test]
    fn who_asks_again_and_again_takes_no_place_of_others() {
        let all = Challenges::default();
        let mine = all.put(0, "mine", at(0)).unwrap();
        for n in 0..5_000 {
            all.put(n, "flood", at(0)).unwrap();
        }
        assert_eq!(all.take(&mine, "mine", at(1)), Some(0));
        for n in 0..5_000 {
            all.put(n, &n.to_string(), at(0)).unwrap();
        }
        assert_eq!(all.0.lock().unwrap().len(), MOST, "bounded from many sources too");
    }
}
