//! Which alarms are open, and what was found of those that are not: one fact is one alarm, however
//! often it is shown.

use schemas::agency::AgencyId;
use schemas::alarm::AlarmKind;

use super::state::State;

impl State {
    /// Whether an auditor resolved an alarm about `agency` that rests on this signed head: it is
    /// known to lead nowhere, and the next one is taken as the first.
    #[must_use]
    pub fn given_up(&self, agency: &AgencyId, head: &str) -> bool {
        self.alarms.values().any(|raised| {
            let what = &raised.what;
            raised.resolved.is_some()
                && what.peer == *agency
                && what.evidence.iter().any(|evidence| evidence == head)
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
