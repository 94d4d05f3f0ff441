//! Periodic audits: accesses drawn for a look, what was found, and when the next one is due
//! (Indio 461.5(c), Port 462.5(c), West Covina 462.5(e), Monrovia 463.5(c)).

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::text::Text;
use schemas::time::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::context::NodeContext;
use crate::permission::{ActError, Permission, Principal, authorize, policy_in_force, sections};
use audit::report::Seen;
use audit::view::Viewed;
use audit_log::entry::Entry;
use registry::State;
use store::EntryFilter;

/// Most accesses of one sample.
const LARGEST_SAMPLE: u32 = 1_000;

/// Entries read at a time.
const STEP: u32 = 500;

/// Draws `count` of the accesses at these indices.
///
/// The accesses are put in the order of SHA-256(seed ‖ index), with the seed's UTF-8 bytes and the
/// entry's index as eight bytes, most significant first; the first `count` are drawn. So anyone who
/// holds the log and the seed draws the same ones, and nobody who chose the seed before looking can
/// choose what is drawn. Returned in log order.
#[must_use]
pub fn draw(seed: &str, accesses: &[u64], count: usize) -> Vec<u64> {
    let mut ordered: Vec<(Digest, u64)> = accesses
        .iter()
        .map(|index| (Digest::of_two(seed.as_bytes(), &index.to_be_bytes()), *index))
        .collect();
    ordered.sort_unstable();
    let mut drawn: Vec<u64> = ordered.into_iter().take(count).map(|(_, index)| index).collect();
    drawn.sort_unstable();
    drawn
}

/// What to draw.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// How many.
    pub count: u32,
    /// The seed.
    pub seed: Text,
    /// Accesses at or after.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Accesses before.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// Accesses that were drawn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    /// The entry that records the drawing.
    pub sample: u64,
    /// Of how many accesses.
    pub among: usize,
    /// The accesses, in log order.
    pub rows: Vec<Map<String, Value>>,
}

/// An audit as it is recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audited {
    /// The entry that records which accesses were drawn.
    #[serde(default)]
    pub sample: Option<u64>,
    /// What was found, in words.
    pub finding: Text,
    /// The entries that it is about.
    #[serde(default)]
    pub entries: Vec<u64>,
    /// Whether everything was in order.
    #[serde(default)]
    pub ok: bool,
}

impl NodeContext {
    /// Draws accesses for an audit. What was drawn is an entry before anybody sees it.
    ///
    /// # Errors
    /// When the actor may not, nothing can be drawn, or log or store do not answer.
    pub async fn sample(&self, by: &Principal, wanted: &Sampling) -> Result<Sample, ActError> {
        let Sampling { count, seed, from, until } = wanted;
        if !(1..=LARGEST_SAMPLE).contains(count) {
            return Err(ActError::usage(format!(
                "--count {count} cannot be drawn; expected 1 to {LARGEST_SAMPLE}"
            )));
        }
        let state = self.agency.registry.state();
        let user = authorize(&state, by, Permission::Audit, self.agency.clock.now())?;
        let below = self.agency.log.counters().size;
        let accesses = self.accesses(*from, *until, below).await?;
        let indices: Vec<u64> = accesses.seen.iter().map(|seen| seen.index).collect();
        let drawn = draw(seed.as_str(), &indices, *count as usize);
        let entry = Entry::new(EntryKind::AuditSampled, self.agency.actor(user, by))
            .with_detail("count", *count)
            .with_detail("seed", seed.as_str())
            .with_detail("from", json!(from))
            .with_detail("until", json!(until))
            .with_detail("below", below)
            .with_detail("among", indices.len())
            .with_detail("drawn", drawn.clone());
        let sample = self.agency.log.append(entry).await?.position().index;
        let shown = accesses.seen.iter().filter(|Seen { index, .. }| drawn.contains(index));
        let rows = shown.map(|seen| accesses.row(seen)).collect();
        Ok(Sample { sample, among: indices.len(), rows })
    }

    /// Records an audit with its findings.
    ///
    /// # Errors
    /// When the actor may not, the finding is empty, or what it is about was not drawn or is not
    /// there.
    pub async fn record_audit(&self, by: &Principal, audited: &Audited) -> Result<Value, ActError> {
        let state = self.agency.registry.state();
        let user = authorize(&state, by, Permission::Audit, self.agency.clock.now())?;
        if audited.finding.is_empty() {
            return Err(ActError::usage("say what was found with --finding".into()));
        }
        let size = self.agency.log.counters().size;
        if let Some(missing) = audited.entries.iter().find(|index| **index >= size) {
            return Err(ActError::usage(format!("there is no entry {missing}")));
        }
        if let Some(sample) = audited.sample {
            let drawn = self.drawn(sample).await?;
            if let Some(other) = audited.entries.iter().find(|index| !drawn.contains(index)) {
                return Err(ActError::usage(format!(
                    "entry {other} is not among those that sample {sample} drew"
                )));
            }
        }
        let entry = Entry::new(EntryKind::AuditRecorded, self.agency.actor(user, by))
            .with_detail("sample", json!(audited.sample))
            .with_detail("finding", audited.finding.as_str())
            .with_detail("entries", audited.entries.clone())
            .with_detail("ok", audited.ok);
        let appended = self.agency.log.append(entry).await?;
        Ok(json!({
            "index": appended.position().index,
            "at": appended.at(),
            "by": user.name,
            "sample": audited.sample,
            "finding": audited.finding,
            "entries": audited.entries,
            "ok": audited.ok,
        }))
    }

    /// The accesses that the entry at `index` says were drawn.
    async fn drawn(&self, index: u64) -> Result<Vec<u64>, ActError> {
        let found = self.store.entries(&EntryFilter::default(), index, 1).await?;
        let sampled = found.first().map(Viewed::of).transpose()?;
        let drawn = sampled
            .filter(|v| v.header.index == index && v.header.kind == EntryKind::AuditSampled)
            .and_then(|v| v.body)
            .and_then(|body| match body.event {
                Event::AuditSampled(sampled) => Some(sampled.drawn),
                _ => None,
            });
        drawn.ok_or_else(|| {
            ActError::usage(format!(
                "entry {index} is no sample; draw one with `accord audit sample`"
            ))
        })
    }

    /// Which audits are due, each in a sentence; none when all is done in time.
    ///
    /// # Errors
    /// When there is no policy, or the store does not answer.
    pub async fn audits_due(&self) -> Result<Vec<String>, ActError> {
        let state = self.agency.registry.state();
        let now = self.agency.clock.now();
        let mut due = Vec::new();
        let policy = policy_in_force(&state)?;
        let days = policy.audits.days;
        let last = self.last(EntryKind::AuditRecorded).await?.remove(&None);
        let since = match last {
            Some(last) => Some(last),
            // A node that never was audited is to be after its first period.
            None => self.first_entry().await?,
        };
        if let Some(end) = since.map(|since| after(since, days)).filter(|end| now >= *end) {
            due.push(format!(
                "an audit is due every {days} days, since {} [{}]; see `accord audit sample` and `accord audit record`",
                end.day(),
                sections(&policy.cites(&policy.audits))
            ));
        }
        let reconciled = self.last(EntryKind::AuditReconciled).await?;
        for (peer, cadence) in cadences(&state, &self.agency.id, now) {
            let since = reconciled.get(&Some(peer.clone())).copied().unwrap_or(cadence.since);
            let end = after(since, cadence.days);
            if now >= end {
                due.push(format!(
                    "{peer} is to be reconciled with every {} days under {}, due since {}",
                    cadence.days,
                    cadence.under,
                    end.day()
                ));
            }
        }
        Ok(due)
    }

    async fn first_entry(&self) -> Result<Option<Timestamp>, ActError> {
        let first = self.store.entries(&EntryFilter::default(), 0, 1).await?;
        Ok(first.first().map(Viewed::of).transpose()?.map(|viewed| viewed.header.at))
    }

    /// When an entry of `kind` was last appended, by the peer that it concerns.
    pub(crate) async fn last(
        &self,
        kind: EntryKind,
    ) -> Result<BTreeMap<Option<AgencyId>, Timestamp>, ActError> {
        let filter = EntryFilter { kind: Some(kind), ..EntryFilter::default() };
        let (mut last, mut start) = (BTreeMap::new(), 0);
        loop {
            let step = self.store.entries(&filter, start, STEP).await?;
            for entry in &step {
                let header = Viewed::of(entry)?.header;
                start = header.index.saturating_add(1);
                last.insert(header.peer, header.at);
            }
            if step.len() < STEP as usize {
                return Ok(last);
            }
        }
    }
}

/// `days` after `since`.
pub(crate) fn after(since: Timestamp, days: u32) -> Timestamp {
    since.plus_millis(i64::from(days).saturating_mul(DAY_MS))
}

/// How often two agencies are to reconcile.
#[derive(Debug, Clone)]
pub(crate) struct Cadence {
    /// The least of the agreements in force between them.
    pub days: u32,
    /// The agreement that says so.
    pub under: String,
    /// Since when the first of them is in force.
    pub since: Timestamp,
}

/// With whom and how often this agency is to reconcile, from the agreements in force.
pub(crate) fn cadences(
    state: &State,
    me: &AgencyId,
    now: Timestamp,
) -> BTreeMap<AgencyId, Cadence> {
    let mut cadences: BTreeMap<AgencyId, Cadence> = BTreeMap::new();
    for version in state.agreements.values().flat_map(BTreeMap::values) {
        let recorded = &version.recorded;
        let agreement = &recorded.agreement;
        for other in agreement.parties.iter().filter(|party| *party != me) {
            let in_force = recorded.status(me, other, now)
                == ::agreements::lifecycle::AgreementStatus::InForce;
            if !in_force || !state.peers.contains_key(other) {
                continue;
            }
            let adhered = [me, other].into_iter().filter_map(|a| recorded.adherences.get(a));
            let since = adhered.map(|a| a.at).chain([agreement.effective]).max().unwrap_or(now);
            let this = Cadence {
                days: agreement.audit_every_days,
                under: format!("{} v{}", agreement.id, agreement.version),
                since,
            };
            cadences
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
    cadences
}
