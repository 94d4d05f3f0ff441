//! Withdrawing what a source brought: what came by a token that somebody else had, or from a reader that
//! was set wrong.
//!
//! The entry of each delivery says which source it came from, and each read which entry brought it. From
//! the entry of the withdrawal on no search finds such a read, and sending it again brings it not back; it
//! is kept for who audits until the end of its retention. What the source told otherwise of others' reads
//! is what it was before. Whoever had received one of these reads gets a signed word, sent until it is
//! acknowledged.

use std::collections::HashSet;
use std::sync::Arc;

use schemas::body::{Actor, Body};
use schemas::entry::{EntryKind, Header};
use schemas::event::Event;
use schemas::key::SecretKey;
use schemas::read::ReadId;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::telling::{Letter, TOLD, Telling, Word, first};
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::reads::{Withdrawal, reads_withdrawn};
use audit_log::entry::Entry;
use registry::{SourceName, State};
use store::{BroughtRead, Corrected, EntryFilter, ReadStore, StoreError};

/// Most reads that one entry withdraws.
const AT_ONCE: u32 = 2_000;
/// Most deliveries whose reads are withdrawn in one act.
const MOST_DELIVERIES: usize = 100_000;
/// Entries that are looked at in one go.
const LOOK: u32 = 1_000;

/// What is to be withdrawn.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalRequest {
    /// From when on it was brought; without it, everything until then.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Until when; without it, until now.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Why. Those who received the reads are told.
    #[serde(default)]
    pub reason: Text,
    /// Only say how much it would be.
    #[serde(default)]
    pub preview: bool,
}

/// What became of it.
#[derive(Debug, Clone, Serialize)]
pub struct WithdrawalOutcome {
    /// The source.
    pub source: SourceName,
    /// Whether nothing was changed.
    pub preview: bool,
    /// Entries by which it brought something.
    pub deliveries: usize,
    /// Reads that it brought, as those entries say.
    pub brought: u64,
    /// Records by which it told reads otherwise, as those entries say.
    pub retold: u64,
    /// Reads that are found no longer.
    pub withdrawn: u64,
    /// Reads that are what they were before.
    pub restored: u64,
    /// Answers whose requesters are told.
    pub told: u64,
}

/// What a source brought by which entries.
#[derive(Default)]
struct Deliveries {
    entries: Vec<u64>,
    brought: u64,
    retold: u64,
}

/// Withdraws what a source brought, and tells every agency that received some of it, signed with
/// `message_key`.
///
/// # Errors
/// When the actor may not, there is no such source, it brought nothing then, or no reason is given.
pub async fn withdraw(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    message_key: &SecretKey,
    by: &Principal,
    source: &SourceName,
    wanted: &WithdrawalRequest,
) -> Result<WithdrawalOutcome, ActError> {
    let (state, now) = (agency.registry.state(), agency.clock.now());
    authorize(&state, by, Permission::Administer, now)?;
    if !state.sources.contains_key(source) {
        return Err(ActError::usage(format!(
            "there is no source `{source}`; see `accord source list`"
        )));
    }
    if wanted.reason.is_empty() && !wanted.preview {
        return Err(ActError::usage("say why with --reason".into()));
    }
    let until = wanted.until.unwrap_or(now).min(now);
    let deliveries = deliveries(agency, store, source, wanted.from, until).await?;
    if deliveries.entries.is_empty() {
        let since = wanted.from.map(|from| format!(" from {from}")).unwrap_or_default();
        return Err(ActError::usage(format!(
            "source `{source}` brought nothing{since} until {until}; see `accord audit log --kind reads.imported`"
        )));
    }
    let mut outcome = WithdrawalOutcome {
        source: source.clone(),
        preview: wanted.preview,
        deliveries: deliveries.entries.len(),
        brought: deliveries.brought,
        retold: deliveries.retold,
        withdrawn: 0,
        restored: 0,
        told: 0,
    };
    if wanted.preview {
        return Ok(outcome);
    }
    let what = Withdrawal {
        source: source.to_string(),
        from: wanted.from,
        until,
        reason: wanted.reason.clone(),
    };
    let telling = Telling { agency, store, message_key };
    let act = Act { telling, by, what, entries: &deliveries.entries };
    while act.some(&mut outcome).await? {}
    Ok(outcome)
}

/// By which entries a source brought what, in a period.
async fn deliveries(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    source: &SourceName,
    from: Option<Timestamp>,
    until: Timestamp,
) -> Result<Deliveries, ActError> {
    let filter = EntryFilter {
        kind: Some(EntryKind::ReadsImported),
        from,
        until: Some(until.plus_millis(1)),
        ..EntryFilter::default()
    };
    let corrupt = |e: serde_json::Error| ActError::from(StoreError::Corrupt(e.to_string()));
    let sender = agency.source_actor(source).auth;
    let (mut found, mut start) = (Deliveries::default(), 0);
    loop {
        let entries = store.entries(&filter, start, LOOK).await?;
        for entry in &entries {
            let header: Header = serde_json::from_str(&entry.header).map_err(corrupt)?;
            start = header.index.saturating_add(1);
            let Some(body) = &entry.body else { continue };
            let body: Body = serde_json::from_str(body).map_err(corrupt)?;
            let Event::ReadsImported(imported) = &body.event else { continue };
            if body.actor.auth == sender {
                found.entries.push(header.index);
                found.brought = found.brought.saturating_add(imported.stored);
                found.retold = found.retold.saturating_add(imported.merged);
            }
        }
        if found.entries.len() > MOST_DELIVERIES {
            return Err(ActError::usage(format!(
                "source `{source}` sent more than {MOST_DELIVERIES} times in that period; narrow it with --from and --until"
            )));
        }
        if entries.len() < LOOK as usize {
            return Ok(found);
        }
    }
}

/// A withdrawal under way.
struct Act<'a> {
    telling: Telling<'a>,
    by: &'a Principal,
    what: Withdrawal,
    /// The entries that brought what is withdrawn.
    entries: &'a [u64],
}

/// Some reads, judged.
struct Judged {
    actor: Actor,
    some: Vec<BroughtRead>,
    at: Timestamp,
    letters: Vec<Letter>,
}

impl Act<'_> {
    /// Withdraws some reads; whether there were any.
    async fn some(&self, outcome: &mut WithdrawalOutcome) -> Result<bool, ActError> {
        let (appended, judged) =
            self.telling.agency.act_if(|state, now| self.judge(state, now)).await?;
        let Judged { actor, some, at, letters } = judged;
        if appended.is_none() {
            return Ok(false);
        }
        let restored = some.iter().filter(|one| one.before.is_some()).count() as u64;
        outcome.restored = outcome.restored.saturating_add(restored);
        outcome.withdrawn =
            outcome.withdrawn.saturating_add((some.len() as u64).saturating_sub(restored));
        let told = self.telling.others(&actor, &self.words(&some, at), &letters).await?;
        outcome.told = outcome.told.saturating_add(told as u64);
        Ok(true)
    }

    async fn judge(
        &self,
        state: Arc<State>,
        now: Timestamp,
    ) -> Result<(Option<Entry>, Judged), ActError> {
        let Telling { agency, store, .. } = self.telling;
        let seen = agency.log.counters().size;
        let user = authorize(&state, self.by, Permission::Administer, now)?;
        let actor = agency.actor(&user, self.by);
        let mut some = store.brought_by(self.entries, AT_ONCE).await?;
        let mut letters = self.telling.letters(&self.words(&some, now)).await?;
        if letters.len() > TOLD {
            let kept = fitting(&some, &letters);
            some.truncate(kept.len());
            letters.retain(|letter| kept.contains(&letter.of.0));
        }
        let entry = (!some.is_empty()).then(|| {
            let changed = some.iter().map(changed).collect();
            let (what, told) = (self.what.clone(), first(&letters));
            reads_withdrawn(&state, seen, actor.clone(), what, changed, &told)
        });
        Ok((entry, Judged { actor, some, at: now, letters }))
    }

    /// What those are told who received some of these reads; of one whose plate stays, nothing.
    fn words<'a>(&'a self, some: &'a [BroughtRead], at: Timestamp) -> Vec<Word<'a>> {
        let other = |one: &&BroughtRead| {
            one.before.as_ref().is_none_or(|before| before.plate != one.read.plate)
        };
        let word = |one: &'a BroughtRead| Word {
            was: &one.read,
            plate: one.before.as_ref().map(|before| &before.plate),
            plate_state: one.before.as_ref().and_then(|before| before.plate_state),
            version: one.version.saturating_add(1),
            reason: &self.what.reason,
            at,
        };
        some.iter().filter(other).map(word).collect()
    }
}

/// The first reads, as many as all who received them are told of by one entry, and at least one.
fn fitting(some: &[BroughtRead], letters: &[Letter]) -> HashSet<ReadId> {
    let mut left = TOLD;
    let fits = |one: &&BroughtRead| {
        let count = letters.iter().filter(|letter| letter.of.0 == one.read.id).count();
        left.checked_sub(count).map(|rest| left = rest).is_some()
    };
    let fit = some.iter().take_while(fits).count().max(1);
    some.iter().take(fit).map(|one| one.read.id).collect()
}

/// What becomes of a read.
fn changed(one: &BroughtRead) -> Corrected {
    Corrected {
        read: one.before.as_ref().unwrap_or(&one.read).clone(),
        was: vec![(one.version, one.read.clone())],
        withdrawn: one.before.is_none(),
    }
}
