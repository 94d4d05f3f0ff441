//! Periodic audits: accesses or looks of others drawn, what was found, and when the next one is due
//! (Indio 461.5(c), Port 462.5(c), West Covina 462.5(e), Monrovia 463.5(c)).

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::event::audit::{AuditRecorded, AuditSampled};
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::looks;
use super::reconcile_schedule::{days_after, schedules};
use super::reports::accesses;
use super::walking::each;
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authorize, policy_in_force, sections,
};
use audit::report::Seen;
use audit::view::LogEntry;
use audit_log::entries::audit::{audit_recorded, audit_sampled};
use store::{EntryFilter, ReadStore};

/// Most accesses of one sample.
const LARGEST_SAMPLE: u32 = 1_000;

/// Draws `count` of the accesses or looks at these indices.
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
    /// Looks that others took at the log, in the place of accesses.
    #[serde(default)]
    pub looks: bool,
    /// Accesses at or after.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Accesses before.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// Accesses or looks that were drawn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    /// The entry that records the drawing.
    pub sample: u64,
    /// Of how many.
    pub among: usize,
    /// Those that were drawn, in log order.
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

/// Draws accesses, or looks of others, for an audit. What was drawn is an entry before anybody sees it.
///
/// # Errors
/// When the actor may not, nothing can be drawn, or log or store do not answer.
pub async fn sample(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    wanted: &Sampling,
) -> Result<Sample, ActError> {
    let Sampling { count, seed, looks, from, until } = wanted;
    if !(1..=LARGEST_SAMPLE).contains(count) {
        return Err(ActError::usage(format!(
            "--count {count} cannot be drawn; expected 1 to {LARGEST_SAMPLE}"
        )));
    }
    let state = agency.registry.state();
    let now = agency.clock.now();
    let user = authorize(&state, by, Permission::Audit, now)?;
    // Before anything is read: without an occasion that is demanded, nothing is.
    let auditor = agency.looking(&state, &user, by, now)?;
    let below = agency.log.counters().size;
    let (indices, accesses) = if *looks {
        (looks::of_others(store, &user.name, (*from, *until), below).await?, None)
    } else {
        let accesses = accesses(agency, store, *from, *until, below).await?;
        (accesses.seen.iter().map(|seen| seen.index).collect::<Vec<u64>>(), Some(accesses))
    };
    let drawn = draw(seed.as_str(), &indices, *count as usize);
    let sampled = AuditSampled {
        looks: *looks,
        count: *count,
        seed: seed.as_str().into(),
        from: *from,
        until: *until,
        below,
        among: indices.len() as u64,
        drawn: drawn.clone(),
    };
    let appended = agency.log.append(audit_sampled(auditor, sampled)).await?;
    let mut rows = Vec::with_capacity(drawn.len());
    if let Some(accesses) = accesses {
        let shown = accesses.seen.iter().filter(|Seen { index, .. }| drawn.contains(index));
        rows.extend(shown.map(|seen| accesses.row(seen)));
    } else {
        for index in drawn {
            rows.push(looks::row(store, &state, index).await?);
        }
    }
    Ok(Sample { sample: appended.position().index, among: indices.len(), rows })
}

/// Records an audit with its findings.
///
/// # Errors
/// When the actor may not, the finding is empty, what it is about was not drawn or is not there, or a look is the
/// actor's own.
pub async fn record(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    audited: &Audited,
) -> Result<Value, ActError> {
    let state = agency.registry.state();
    let now = agency.clock.now();
    let user = authorize(&state, by, Permission::Audit, now)?;
    let auditor = agency.auditing(&state, &user, by, now)?;
    if audited.finding.is_empty() {
        return Err(ActError::usage("say what was found with --finding".into()));
    }
    let size = agency.log.counters().size;
    if let Some(missing) = audited.entries.iter().find(|index| **index >= size) {
        return Err(ActError::usage(format!("there is no entry {missing}")));
    }
    not_own(store, &user.name, &audited.entries).await?;
    if let Some(sample) = audited.sample {
        let AuditSampled { looks, drawn, .. } = drawn(store, sample).await?;
        if looks {
            not_own(store, &user.name, &drawn).await?;
        }
        if let Some(other) = audited.entries.iter().find(|index| !drawn.contains(index)) {
            return Err(ActError::usage(format!(
                "entry {other} is not among those that sample {sample} drew"
            )));
        }
    }
    let recorded = AuditRecorded {
        sample: audited.sample,
        finding: audited.finding.clone(),
        entries: audited.entries.clone(),
        ok: audited.ok,
    };
    let appended = agency.log.append(audit_recorded(auditor, recorded)).await?;
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

/// That none of these entries is a look of `user` herself, whom another person audits.
async fn not_own(store: &dyn ReadStore, user: &UserName, entries: &[u64]) -> Result<(), ActError> {
    let Some((index, own)) = looks::own_among(store, user, entries).await? else { return Ok(()) };
    if own {
        let why = format!(
            "entry {index} is a look of `{user}`, and nobody records her own looks as audited: another auditor does, with a sample of her own (`accord audit sample --looks`)"
        );
        return Err(ActError::refused_as("own_looks", Vec::new(), why));
    }
    Err(ActError::usage(format!(
        "the body of entry {index} is destroyed, so nobody can tell who looked there; draw a sample of later looks, with --from"
    )))
}

/// What the entry at `index` says was drawn.
async fn drawn(store: &dyn ReadStore, index: u64) -> Result<AuditSampled, ActError> {
    let found = store.entry(index).await?;
    let sampled = found.as_ref().map(LogEntry::of).transpose()?;
    let drawn = sampled.and_then(|entry| entry.body).and_then(|body| match body.event {
        Event::AuditSampled(sampled) => Some(sampled),
        _ => None,
    });
    drawn.ok_or_else(|| {
        ActError::usage(format!("entry {index} is no sample; draw one with `accord audit sample`"))
    })
}

/// Which audits are due, each in a sentence; none when all is done in time.
///
/// # Errors
/// When there is no policy, or the store does not answer.
pub async fn due(agency: &OwnAgency, store: &dyn ReadStore) -> Result<Vec<String>, ActError> {
    let state = agency.registry.state();
    let now = agency.clock.now();
    let mut due = Vec::new();
    let policy = policy_in_force(&state)?;
    let days = policy.audits.period().longest_days();
    let since = match last_of(store, EntryKind::AuditRecorded).await?.remove(&None) {
        Some(last) => Some(last),
        // A node that never was audited is to be after its first period.
        None => first_entry(store).await?,
    };
    if let Some(end) = since.map(|since| days_after(since, days)).filter(|end| now >= *end) {
        due.push(format!(
            "an audit is due every {days} days, since {} [{}]; see `accord audit sample` and `accord audit record`",
            end.day(),
            sections(&policy.cites(&policy.audits))
        ));
    }
    due.extend(super::danger::unreviewed(store, now).await?);
    let reconciled = last_of(store, EntryKind::AuditReconciled).await?;
    for (peer, schedule) in schedules(&state, &agency.id, now) {
        let end = schedule.due_at(reconciled.get(&Some(peer.clone())).copied());
        if now >= end {
            due.push(format!(
                "{peer} is to be reconciled with every {} days under {}, due since {}",
                schedule.days,
                schedule.under,
                end.day()
            ));
        }
    }
    Ok(due)
}

async fn first_entry(store: &dyn ReadStore) -> Result<Option<Timestamp>, ActError> {
    let first = store.entries(&EntryFilter::default(), 0, 1).await?;
    Ok(first.first().map(LogEntry::of).transpose()?.map(|entry| entry.header.at))
}

/// When an entry of `kind` was last appended, by the peer that it concerns.
pub(crate) async fn last_of(
    store: &dyn ReadStore,
    kind: EntryKind,
) -> Result<BTreeMap<Option<AgencyId>, Timestamp>, ActError> {
    let filter = EntryFilter { kind: Some(kind), ..EntryFilter::default() };
    let mut last = BTreeMap::new();
    each(store, &filter, |LogEntry { header, .. }| {
        last.insert(header.peer, header.at);
    })
    .await?;
    Ok(last)
}
