//! What was said lately, and where: so an entry that rests on a look into the store, made some time
//! before it, can be held against what came between. Bounded: what rests on an older look is looked up
//! again.

use std::collections::VecDeque;

/// How many are known; whoever looked before the oldest of them looks again.
const MOST: usize = 1_024;

/// The last ones that were named, by entry.
#[derive(Debug, Clone)]
pub(super) struct Recent<T> {
    /// Entries from this one on are known.
    since: u64,
    last: VecDeque<(u64, T)>,
}

impl<T: PartialEq> Recent<T> {
    /// Knows nothing of the entries before `since`.
    pub(super) const fn new(since: u64) -> Self {
        Self { since, last: VecDeque::new() }
    }

    /// Entry `index` names `what`.
    pub(super) fn note(&mut self, index: u64, what: T) {
        if self.last.len() >= MOST
            && let Some((oldest, _)) = self.last.pop_front()
        {
            self.since = oldest.saturating_add(1);
        }
        self.last.push_back((index, what));
    }

    /// Whether it is known that no entry from `seen` on names one of `what`.
    pub(super) fn none_since(&self, seen: u64, what: &[T]) -> bool {
        let mut later = self.last.iter().rev().take_while(|(index, _)| *index >= seen);
        seen >= self.since && !later.any(|(_, named)| what.contains(named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_named_since_a_look_is_known_and_what_is_too_old_is_not_known() {
        let mut recent = Recent::new(10);
        recent.note(12, 'a');
        recent.note(15, 'b');
        assert!(recent.none_since(13, &['a']));
        assert!(!recent.none_since(12, &['a']));
        assert!(!recent.none_since(11, &['b', 'c']));
        assert!(recent.none_since(16, &['a', 'b']));
        assert!(!recent.none_since(9, &['c']), "nobody knows what entry 9 said");
        for index in 16..16 + MOST as u64 {
            recent.note(index, 'z');
        }
        assert!(!recent.none_since(13, &['a']), "too long ago");
        assert!(recent.none_since(16, &['a']));
    }
}
