//! Which alarms are open, and what was found of those that are not: one fact is one alarm, however
//! often it is shown.

use schemas::agency::AgencyId;
use schemas::alarm::AlarmKind;
use schemas::checkpoint::{Checkpoint, SignedCheckpoint};
use schemas::note::KeyName;

use super::state::State;

impl State {
    /// The signed heads of the log of `origin` on which each alarm about `agency` rests that an auditor
    /// resolved.
    fn resolved_heads<'s>(
        &'s self,
        agency: &'s AgencyId,
        origin: &'s KeyName,
    ) -> impl Iterator<Item = Vec<Checkpoint>> + 's {
        let resolved = self.alarms.values().filter(|raised| raised.resolved.is_some());
        let about = resolved.map(|raised| &raised.what).filter(|what| what.peer == *agency);
        about.map(move |what| {
            let heads = what.evidence.iter().filter_map(|evidence| {
                // What is no head is other evidence.
                let head = SignedCheckpoint::parse(evidence.as_bytes()).ok()?;
                Some(head.unverified().clone())
            });
            heads.filter(|head| head.origin == *origin).collect()
        })
    }

    /// Whether an auditor resolved an alarm about `agency` that rests on this head, whoever's lines
    /// stand below it: it is known to lead nowhere, and the next one is taken as the first.
    #[must_use]
    pub fn given_up(&self, agency: &AgencyId, head: &Checkpoint) -> bool {
        self.resolved_heads(agency, &head.origin).flatten().any(|given_up| given_up == *head)
    }

    /// Whether a head shows nothing that an auditor did not resolve: it is one of those on which such an
    /// alarm about `agency` rests, or no larger than the smallest of them. Between that one and the
    /// largest the log may have yet another face.
    #[must_use]
    pub fn is_told(&self, agency: &AgencyId, head: &Checkpoint) -> bool {
        self.resolved_heads(agency, &head.origin).any(|told| {
            let smallest = told.iter().map(|told| told.size).min();
            told.contains(head) || smallest.is_some_and(|size| head.size <= size)
        })
    }

    /// Whether an alarm of this kind about `agency` is open: what shows the same again is no other.
    #[must_use]
    pub fn is_alarmed(&self, agency: &AgencyId, kind: AlarmKind) -> bool {
        let mut open = self.alarms.values().filter(|raised| raised.resolved.is_none());
        open.any(|raised| raised.what.peer == *agency && raised.what.kind == kind)
    }

    /// Whether an auditor resolved an alarm about `agency` that rests on exactly this.
    #[must_use]
    pub fn is_resolved(&self, agency: &AgencyId, kind: AlarmKind, evidence: &[String]) -> bool {
        let mut resolved = self.alarms.values().filter(|raised| raised.resolved.is_some());
        resolved.any(|raised| {
            let what = &raised.what;
            what.peer == *agency && what.kind == kind && what.evidence == evidence
        })
    }
}

#[cfg(test)]
mod tests {
    use schemas::checkpoint::origin;
    use schemas::digest::Digest;
    use schemas::key::SecretKey;
    use schemas::note::Signer;
    use schemas::time::Timestamp;

    use super::*;
    use crate::{Alarm, Raised, Resolution};

    fn head(size: u64, of: &str) -> SignedCheckpoint {
        let origin = origin(&"subject-ca-pd".parse().unwrap());
        let signer = Signer::new(origin.clone(), SecretKey::from_seed(&[7; 32]));
        let root = Digest::of(of.as_bytes());
        SignedCheckpoint::sign(Checkpoint { origin, size, root }, &signer).unwrap()
    }

    /// Two faces of a log, one of three entries and one of six, that an auditor has seen.
    fn resolved() -> State {
        let at = Timestamp::from_millis(1_700_000_000_000).unwrap();
        let what = Alarm {
            peer: "subject-ca-pd".parse().unwrap(),
            kind: AlarmKind::Fork,
            evidence: [head(3, "one"), head(6, "two")].map(|head| head.to_string()).to_vec(),
            at,
        };
        let (reason, by) = ("seen".parse().unwrap(), "auditor".parse().unwrap());
        let resolved = Some(Resolution { reason, by, at });
        let mut state = State::default();
        state.alarms.insert(1, Raised { alarm: 1, what, resolved });
        state
    }

    #[test]
    fn only_what_an_auditor_saw_is_told() {
        let (state, subject) = (resolved(), "subject-ca-pd".parse().unwrap());
        for (size, of, told, why) in [
            (2, "another", true, "smaller than both: they part there already"),
            (3, "one", true, "one of them"),
            (3, "another", true, "of that size they differ already"),
            (6, "two", true, "the other"),
            (4, "another", false, "a third face between them"),
            (6, "another", false, "a third face of the size of the larger"),
            (7, "two", false, "beyond"),
        ] {
            let head = head(size, of);
            assert_eq!(state.is_told(&subject, head.unverified()), told, "{why}");
        }
        let other = "other-ca-pd".parse().unwrap();
        assert!(!state.is_told(&other, head(2, "one").unverified()), "of nobody else");
        assert!(state.given_up(&subject, head(6, "two").unverified()));
        assert!(!state.given_up(&subject, head(6, "another").unverified()));
    }
}
