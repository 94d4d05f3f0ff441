//! The memory of what peers have shown of their logs since the node started: signed checkpoints, and
//! which of them are proven to be of one log. What follows from them is decided elsewhere.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemas::agency::AgencyId;
use schemas::checkpoint::SignedCheckpoint;
use schemas::note::Vkey;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::reached::{Asked, Reached};

/// Most checkpoints of one peer that wait to be proven; what is shown beyond them stands in the log
/// alone, where reconciling looks at it.
const MOST_WAITING: usize = 1_024;

/// Most heads of one peer that are known by their bytes: more than are under way at once.
const MOST_VERIFIED: usize = 8;

/// The checkpoints that peers have shown.
#[derive(Debug, Default)]
pub struct ObservedCheckpoints {
    by_peer: Mutex<HashMap<AgencyId, OfPeer>>,
    /// A checkpoint was shown that nothing proves yet.
    unproven: Notify,
}

/// A head whose signatures were verified.
#[derive(Debug)]
struct VerifiedHead {
    /// Its exact bytes, as they were shown.
    exact: String,
    /// The keys of its log that counted.
    keys: Vec<Vkey>,
    /// The head, signed by those of them alone that did.
    head: SignedCheckpoint,
}

/// What one peer has shown.
#[derive(Debug, Default)]
struct OfPeer {
    /// Heads whose signatures were verified lately, the newest last. One group of entries is one head,
    /// and each message of the group shows it.
    verified: VecDeque<VerifiedHead>,
    /// The largest one that is proven to be of one log with all before it.
    proven: Option<SignedCheckpoint>,
    /// Those, by their size, that are not proven yet to be of one log with it.
    waiting: BTreeMap<u64, SignedCheckpoint>,
    /// A proof is being asked for.
    asked: bool,
    /// Until when it was counted that it was there and proved nothing.
    reached: Reached,
    /// How long that was, in seconds.
    unproven_seconds: u64,
}

impl ObservedCheckpoints {
    fn by_peer(&self) -> MutexGuard<'_, HashMap<AgencyId, OfPeer>> {
        self.by_peer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of a peer that wait to be proven, smallest first.
    #[must_use]
    pub fn waiting(&self, peer: &AgencyId) -> Vec<SignedCheckpoint> {
        let by_peer = self.by_peer();
        by_peer.get(peer).map_or_else(Vec::new, |of| of.waiting.values().cloned().collect())
    }

    /// These of a peer, smallest first, are proven to be of one log.
    pub fn proven(&self, peer: &AgencyId, checkpoints: &[SignedCheckpoint]) {
        let mut by_peer = self.by_peer();
        let of = by_peer.entry(peer.clone()).or_default();
        for checkpoint in checkpoints {
            of.waiting.remove(&checkpoint.unverified().size);
        }
        let size = |checkpoint: &SignedCheckpoint| checkpoint.unverified().size;
        (of.reached, of.unproven_seconds) = (Reached::default(), 0);
        of.proven =
            of.proven.take().into_iter().chain(checkpoints.last().cloned()).max_by_key(size);
    }

    /// A peer was asked to prove what it has shown, and did not: time counts while it is there.
    pub fn left_unproven(&self, peer: &AgencyId, asked: Asked) {
        if let Some(of) = self.by_peer().get_mut(peer) {
            of.unproven_seconds += of.reached.asked(asked, Instant::now());
        }
    }

    /// For how many seconds a peer was there and did not prove the heads that it had shown to be of one
    /// log.
    #[must_use]
    pub fn unproven_seconds(&self, peer: &AgencyId) -> u64 {
        self.by_peer().get(peer).map_or(0, |of| of.unproven_seconds)
    }

    /// The peers that were there and did not prove what they had shown.
    #[must_use]
    pub fn proving_nothing(&self) -> Vec<AgencyId> {
        let by_peer = self.by_peer();
        let those = by_peer.iter().filter(|(_, of)| of.unproven_seconds > 0);
        those.map(|(peer, _)| peer.clone()).collect()
    }

    /// Forgets what a peer has shown: an auditor resolved what it showed.
    pub fn forget(&self, peer: &AgencyId) {
        drop(self.by_peer().remove(peer));
    }

    /// Takes note of a checkpoint whose signature was verified: one that is new waits to be proven.
    /// For one size there is one root: the two notes that say otherwise come back.
    #[must_use]
    pub fn observe(
        &self,
        peer: &AgencyId,
        checkpoint: &SignedCheckpoint,
    ) -> Option<[SignedCheckpoint; 2]> {
        let mut by_peer = self.by_peer();
        let of = by_peer.entry(peer.clone()).or_default();
        let shown = checkpoint.unverified();
        let proven = of.proven.as_ref().filter(|known| known.unverified().size == shown.size);
        match of.waiting.get(&shown.size).or(proven) {
            Some(known) if known.unverified().root == shown.root => None,
            Some(known) => Some([known.clone(), checkpoint.clone()]),
            None => {
                if of.waiting.len() < MOST_WAITING {
                    of.waiting.insert(shown.size, checkpoint.clone());
                    self.unproven.notify_one();
                }
                None
            }
        }
    }

    /// A head that a peer shows of its log, in its exact bytes, signed by those alone of `keys` that did;
    /// `None` when no signature of theirs holds. The signatures of one head are verified once.
    #[must_use]
    pub fn verified(
        &self,
        peer: &AgencyId,
        exact: &str,
        keys: &[Vkey],
    ) -> Option<SignedCheckpoint> {
        let is_it = |known: &&VerifiedHead| known.exact == exact && known.keys == keys;
        let known = self
            .by_peer()
            .get(peer)
            .and_then(|of| of.verified.iter().rev().find(is_it).map(|known| known.head.clone()));
        if known.is_some() {
            return known;
        }
        let head = SignedCheckpoint::parse_head(exact).ok()?.signed_by_only(keys).ok()?;
        let verified =
            VerifiedHead { exact: exact.to_owned(), keys: keys.to_vec(), head: head.clone() };
        let mut by_peer = self.by_peer();
        let of = by_peer.entry(peer.clone()).or_default();
        if of.verified.len() >= MOST_VERIFIED {
            of.verified.pop_front();
        }
        of.verified.push_back(verified);
        Some(head)
    }

    /// Waits until a checkpoint was shown that nothing proves yet.
    pub async fn some_unproven(&self) {
        self.unproven.notified().await;
    }

    /// Peers that have such checkpoints and are not asked for a proof yet; they are from now on, until
    /// [`Self::asked`].
    #[must_use]
    pub fn begin_asking(&self) -> Vec<AgencyId> {
        let mut by_peer = self.by_peer();
        let due = by_peer.iter_mut().filter(|(_, of)| !of.asked && !of.waiting.is_empty());
        due.map(|(peer, of)| {
            of.asked = true;
            peer.clone()
        })
        .collect()
    }

    /// A peer was asked. With `again`, what it showed meanwhile is asked for next.
    pub fn asked(&self, peer: &AgencyId, again: bool) {
        let mut by_peer = self.by_peer();
        let Some(of) = by_peer.get_mut(peer) else { return };
        of.asked = false;
        if again && !of.waiting.is_empty() {
            self.unproven.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::checkpoint::{Checkpoint, origin};
    use schemas::digest::Digest;
    use schemas::key::SecretKey;
    use schemas::note::Signer;
    use schemas::work::Work;

    use super::*;

    fn peer() -> AgencyId {
        "monrovia-ca-pd".parse().unwrap()
    }

    fn log(seed: u8) -> Signer {
        Signer::new(origin(&peer()), SecretKey::from_seed(&[seed; 32]))
    }

    fn head(size: u64) -> String {
        let root = Digest::of(&size.to_be_bytes());
        let head = Checkpoint { origin: origin(&peer()), size, root };
        SignedCheckpoint::sign(head, &log(7)).unwrap().to_string()
    }

    /// Whether a head is taken as verified, and how many signatures were verified for it.
    fn look(of: &ObservedCheckpoints, head: &str, keys: &[Vkey]) -> (bool, u64) {
        let before = Work::of_this_thread().verified;
        let verified = of.verified(&peer(), head, keys).is_some();
        (verified, Work::of_this_thread().verified - before)
    }

    #[test]
    fn a_head_is_verified_once_by_its_exact_bytes_and_the_keys_that_count() {
        let (of, keys) = (ObservedCheckpoints::default(), [log(7).vkey()]);
        assert_eq!(look(&of, &head(1), &keys), (true, 1));
        assert_eq!(look(&of, &head(1), &keys), (true, 0));
        assert_eq!(look(&of, &head(2), &keys), (true, 1));
        // Once its key counts no more, it is worth nothing, whatever was known of it.
        assert_eq!(look(&of, &head(1), &[log(8).vkey()]), (false, 0));
        assert_eq!(look(&of, &head(1), &[]), (false, 0));
        // Another text under its signature is another head.
        let forged = head(1).replacen("\n1\n", "\n3\n", 1);
        assert_eq!(look(&of, &forged, &keys), (false, 1));
        assert_eq!(look(&of, &forged, &keys), (false, 1));
    }

    #[test]
    fn as_many_heads_of_a_peer_are_known_as_are_under_way_and_no_more() {
        let (of, keys) = (ObservedCheckpoints::default(), [log(7).vkey()]);
        for size in 1..=MOST_VERIFIED as u64 + 1 {
            assert_eq!(look(&of, &head(size), &keys), (true, 1));
        }
        assert_eq!(look(&of, &head(2), &keys), (true, 0));
        assert_eq!(look(&of, &head(1), &keys), (true, 1));
    }
}
