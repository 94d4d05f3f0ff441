//! Which alarms are open, and what was found of those that are not: one fact is one alarm, however
//! often it is shown.

use schemas::agency::AgencyId;
use schemas::alarm::AlarmKind;
use schemas::checkpoint::{Checkpoint, SignedCheckpoint};
use schemas::note::KeyName;

use super::state::State;

impl State {
    /// The signed heads of the log of `origin` on which alarms about `agency` rest that an auditor
    /// resolved.
    fn resolved_heads<'s>(
        &'s self,
        agency: &'s AgencyId,
        origin: &'s KeyName,
    ) -> impl Iterator<Item = Checkpoint> + 's {
        let resolved = self.alarms.values().filter(|raised| raised.resolved.is_some());
        let about = resolved.map(|raised| &raised.what).filter(|what| what.peer == *agency);
        let heads = about.flat_map(|what| &what.evidence).filter_map(|evidence| {
            // What is no head is other evidence.
            let head = SignedCheckpoint::parse(evidence.as_bytes()).ok()?;
            Some(head.unverified().clone())
        });
        heads.filter(move |head| head.origin == *origin)
    }

    /// Whether an auditor resolved an alarm about `agency` that rests on this head, whoever's lines
    /// stand below it: it is known to lead nowhere, and the next one is taken as the first.
    #[must_use]
    pub fn given_up(&self, agency: &AgencyId, head: &Checkpoint) -> bool {
        self.resolved_heads(agency, &head.origin).any(|given_up| given_up == *head)
    }

    /// Whether a head is no larger than one on which an alarm about `agency` rests that an auditor
    /// resolved: what others kept of the log up to there shows nothing that is not known.
    #[must_use]
    pub fn is_told(&self, agency: &AgencyId, head: &Checkpoint) -> bool {
        self.resolved_heads(agency, &head.origin).any(|told| head.size <= told.size)
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
