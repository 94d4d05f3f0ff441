//! Proposals of peers that were refused, as they are listed until others take their place.

use std::collections::VecDeque;

use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::text::Text;
use schemas::time::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};

use super::persistent::Map;

/// Most refused proposals of one peer that are listed, and most of a day that are recorded.
const MOST_REFUSED: usize = 8;

/// A proposal that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedProposal {
    /// Whose it was.
    pub from: AgencyId,
    /// Its id, where it could be read.
    pub agreement: Option<AuthorityId>,
    /// Its version, where it could be read.
    pub version: Option<u32>,
    /// Digest of its text.
    pub text: Digest,
    /// Why it was refused.
    pub why: Text,
    /// When.
    pub at: Timestamp,
}

/// The last refused proposals of each peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusedProposals(Map<AgencyId, VecDeque<RefusedProposal>>);

impl RefusedProposals {
    /// Those that are listed: by peer, and of each in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = &RefusedProposal> {
        self.0.values().flatten()
    }

    /// Whether one more of `from`, with this text, is recorded at `now`: not if it is listed, and not
    /// beyond what a day may leave behind.
    #[must_use]
    pub fn room_for(&self, from: &AgencyId, text: &Digest, now: Timestamp) -> bool {
        let Some(listed) = self.0.get(from) else { return true };
        let since = now.plus_millis(-DAY_MS);
        let of_today = listed.iter().filter(|refused| refused.at > since).count();
        of_today < MOST_REFUSED && !listed.iter().any(|refused| refused.text == *text)
    }

    /// Lists one more; the oldest of its peer makes room.
    pub(crate) fn note(&mut self, refused: RefusedProposal) {
        let from = refused.from.clone();
        let mut listed = self.0.get(&from).cloned().unwrap_or_default();
        if listed.len() >= MOST_REFUSED {
            listed.pop_front();
        }
        listed.push_back(refused);
        self.0.insert(from, listed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(n: u32, at: Timestamp) -> RefusedProposal {
        RefusedProposal {
            from: "mallory-ca-pd".parse().unwrap(),
            agreement: None,
            version: None,
            text: Digest::of(&n.to_be_bytes()),
            why: "no party".parse().unwrap(),
            at,
        }
    }

    #[test]
    fn a_peer_leaves_no_more_behind_than_is_listed() {
        let at: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let (mut all, from) = (RefusedProposals::default(), refused(0, at).from);
        for n in 0..8 {
            let one = refused(n, at);
            assert!(all.room_for(&from, &one.text, at), "{n}");
            all.note(one.clone());
            assert!(!all.room_for(&from, &one.text, at), "it is listed");
        }
        let next = refused(8, at);
        assert!(!all.room_for(&from, &next.text, at), "as many as a day may leave");
        assert!(all.room_for(&"other-ca-pd".parse().unwrap(), &next.text, at));
        let later = at.plus_millis(DAY_MS);
        assert!(all.room_for(&from, &next.text, later));
        all.note(next.clone());
        assert_eq!(all.iter().count(), 8);
        assert_eq!(all.iter().last(), Some(&next));
        assert_eq!(all.iter().next(), Some(&refused(1, at)), "the oldest made room");
    }
}
