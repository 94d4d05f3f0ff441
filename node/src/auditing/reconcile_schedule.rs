//! With whom and how often this agency is to reconcile, as the agreements in force with each peer
//! demand.

use std::collections::BTreeMap;

use ::agreements::lifecycle::AgreementStatus;
use schemas::agency::AgencyId;
use schemas::time::{DAY_MS, Timestamp};

use registry::State;

/// How often two agencies are to reconcile.
#[derive(Debug, Clone)]
pub(crate) struct ReconcileSchedule {
    /// The least of the agreements in force between them.
    pub days: u32,
    /// The agreement that says so.
    pub under: String,
    /// Since when the first of them is in force.
    pub since: Timestamp,
}

impl ReconcileSchedule {
    /// When it is due next, after it was done `last`; the first time counts from when the agreement
    /// came into force.
    pub(crate) fn due_at(&self, last: Option<Timestamp>) -> Timestamp {
        days_after(last.unwrap_or(self.since), self.days)
    }
}

/// `days` after `since`.
pub(super) fn days_after(since: Timestamp, days: u32) -> Timestamp {
    since.plus_millis(i64::from(days).saturating_mul(DAY_MS))
}

/// The schedule with every peer with whom an agreement is in force at `now`.
pub(crate) fn schedules(
    state: &State,
    me: &AgencyId,
    now: Timestamp,
) -> BTreeMap<AgencyId, ReconcileSchedule> {
    let mut schedules: BTreeMap<AgencyId, ReconcileSchedule> = BTreeMap::new();
    for version in state.agreements.values().flat_map(|texts| texts.values()) {
        let recorded = &version.recorded;
        let agreement = &recorded.agreement;
        for other in agreement.parties.iter().filter(|party| *party != me) {
            let in_force = recorded.between(me, other, now) == AgreementStatus::InForce;
            if !in_force || !state.peers.contains_key(other) {
                continue;
            }
            let adhered = [me, other].into_iter().filter_map(|a| recorded.adherences.get(a));
            let since = adhered.map(|a| a.at).chain([agreement.effective]).max().unwrap_or(now);
            let this = ReconcileSchedule {
                days: agreement.audit_every_days,
                under: format!("{} v{}", agreement.id, agreement.version),
                since,
            };
            schedules
                .entry(other.clone())
                .and_modify(|known| {
                    let since = known.since.min(this.since);
                    if this.days < known.days {
                        *known = this.clone();
                    }
                    known.since = since;
                })
                .or_insert(this);
        }
    }
    schedules
}
