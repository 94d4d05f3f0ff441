//! Between which instants an entry was made, whatever its own time says: not before what it keeps of a
//! peer's log, and not after the first cosignature over it of another agency that is pinned. And whose
//! signature still counts there: that of a key whose end the log had not recorded.

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::entry::Header;
use schemas::time::{CLOCK_SKEW_MS, Timestamp};

use super::cosigned_heads::CosignedHeads;
use super::kept::Kept;
use super::key_times::{KeyEnd, KeyTimes};
use super::messages::{Message, Opened};
use super::problem::{Problem, problem};
use super::signed_by::SignedBy;

/// The code of a signature with a key whose end the log had recorded: it accuses nobody.
const ENDED: &str = "signed_with_ended_key";
/// The code of an entry that was not made when it says.
pub(super) const DISPROVED: &str = "time_disproved";

/// What bounds the times of one log.
#[derive(Debug, Clone, Default)]
pub struct Brackets {
    /// What it knew of the keys of others, and when.
    pub key_times: KeyTimes,
    /// Its heads that others cosigned, and when.
    pub cosigned: CosignedHeads,
}

/// What an entry shows of when it was made.
#[derive(Debug, Default)]
pub(super) struct Bracketed {
    pub(super) problems: Vec<Problem>,
    /// Whether what stands beside it is signed with a key whose end had been recorded.
    pub(super) discounted: bool,
    /// What it keeps of the peer's log under heads whose signatures count.
    pub(super) theirs: Vec<Kept>,
}

/// Who signed what was opened, where that was checked.
pub(super) fn signer(opened: &Opened) -> Option<SignedBy> {
    Some(SignedBy::new(opened.by.clone(), opened.key?))
}

impl Brackets {
    /// Takes in the next entry of the log of `me`; `body` is given where what stands beside it is signed
    /// by whom it has to be.
    pub(super) fn take(
        &mut self,
        header: &Header,
        body: Option<&Body>,
        me: &AgencyId,
        messages: &[Opened],
        theirs: Vec<Kept>,
    ) -> Bracketed {
        let mut found = Bracketed::default();
        let mut wrong =
            |code, what: String| found.problems.push(problem(Some(header.index), code, what));
        let over = |by: &SignedBy| self.key_times.over(by, header.index, header.at);
        let others = messages
            .iter()
            .filter(|opened| opened.by != *me && !matches!(opened.message, Message::Card(_)));
        let ended = others.filter_map(signer).find_map(|by| Some((over(&by)?, by)));
        if let Some((end, by)) = ended.filter(|_| body.is_some()) {
            found.discounted = true;
            wrong(ENDED, after_its_end("what stands beside it", &by, end));
        }
        for kept in theirs {
            if let Some(end) = over(&kept.by) {
                let what = "the head above what it keeps of the peer's log";
                wrong(ENDED, after_its_end(what, &kept.by, end));
                continue;
            }
            let their = kept.header.at;
            if their > header.at.plus_millis(CLOCK_SKEW_MS) {
                let what = format!(
                    "it says that it was made at {}, and keeps an entry of the log of `{}` that was made at {their}, as that says: it was not made before that one",
                    header.at, kept.by.agency
                );
                wrong(DISPROVED, what);
            }
            found.theirs.push(kept);
        }
        if let Some(first) = self.cosigned.not_after(header.index)
            && header.at > first.plus_millis(CLOCK_SKEW_MS)
        {
            let what = format!(
                "it says that it was made at {}, and a head over it was cosigned at {first}: it was not made after that",
                header.at
            );
            wrong(DISPROVED, what);
        }
        if let Some(body) = body.filter(|_| !found.discounted) {
            self.key_times.take(header, body, me, messages);
        }
        found
    }

    /// Whether a reply that an entry rejected was signed with a key that the log knew by then, and whose
    /// end it had not recorded: else nobody could accept it.
    pub(super) fn could_accept(&self, header: &Header, reply: &Opened) -> bool {
        signer(reply).is_some_and(|by| {
            self.key_times.knew(&by, header.index)
                && self.key_times.over(&by, header.index, header.at).is_none()
        })
    }

    /// The end of the key because of which the signature beside an entry of this log does not count
    /// against who has made it. `shown` is when the agency itself kept a head over the entry.
    #[must_use]
    pub fn discounted(
        &self,
        by: &SignedBy,
        entry: u64,
        shown: Option<Timestamp>,
    ) -> Option<KeyEnd> {
        let not_after = self.cosigned.not_after(entry).into_iter().chain(shown).min();
        self.key_times.discounted(by, not_after)
    }
}

/// That a signature comes after the recorded end of its key, in a sentence.
fn after_its_end(what: &str, by: &SignedBy, end: KeyEnd) -> String {
    let SignedBy { agency, key, .. } = by;
    format!(
        "{what} is signed with the key {key} of `{agency}`, whose end at {} entry {} of this log had recorded; it proves nothing of `{agency}`",
        end.at, end.entry
    )
}

#[cfg(test)]
mod tests {
    use schemas::checkpoint::{Checkpoint, origin};
    use schemas::digest::Digest;
    use schemas::entry::{EntryKind, VERSION};
    use schemas::key::SecretKey;
    use schemas::time::HOUR_MS;

    use super::*;

    fn header(index: u64, at: Timestamp, kind: EntryKind) -> Header {
        Header {
            v: VERSION,
            index,
            at,
            kind,
            peer: "other-ca-pd".parse().ok(),
            peer_seq: Some(1),
            query: Some(Digest::of(b"query")),
            body: Digest::of(b"body"),
            envelope: None,
        }
    }

    #[test]
    fn of_several_proofs_the_one_under_an_ended_key_counts_for_nothing_whichever_is_later() {
        let agency: AgencyId = "other-ca-pd".parse().unwrap();
        let by = |seed: u8| {
            let key = SecretKey::from_seed(&[seed; 32]).public().fingerprint();
            SignedBy::new(agency.clone(), key)
        };
        let start = Timestamp::from_millis(1_700_000_000_000).unwrap();
        let end = KeyEnd { entry: 3, recorded: start, at: start };
        let kept = |nth: usize, by: SignedBy, at: i64| Kept {
            nth,
            by,
            header: header(7, start.plus_millis(at), EntryKind::QuerySent),
            leaf: Digest::of(b"leaf"),
            head: Checkpoint { origin: origin(&agency), size: 9, root: Digest::of(b"root") },
        };
        for (ended, good) in [(0, HOUR_MS), (HOUR_MS, 0)] {
            let mut brackets =
                Brackets { key_times: KeyTimes::ended(&by(1), end), ..Brackets::default() };
            let proofs = vec![kept(0, by(1), ended), kept(1, by(2), good)];
            let entry = header(9, start.plus_millis(2 * HOUR_MS), EntryKind::PeerProved);
            let me = "own-ca-pd".parse().unwrap();
            let found = brackets.take(&entry, None, &me, &[], proofs);
            let codes: Vec<&str> = found.problems.iter().map(|one| one.code).collect();
            assert_eq!(codes, [ENDED], "{:?}", found.problems);
            assert_eq!(found.theirs.iter().map(|kept| kept.nth).collect::<Vec<_>>(), [1]);
        }
    }
}
