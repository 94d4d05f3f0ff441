//! Legal holds: placing one, releasing it, listing them.
//!
//! The entry of a hold names it by number and by a digest of its terms, and the entries of the log
//! that it keeps by index: it stands in exports for other agencies, which must be able to see that
//! nothing under hold was destroyed, and need not see whose plate is held.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemas::digest::{Digest, hex};
use schemas::entry::SALT;
use schemas::plate::Plate;
use schemas::purpose::Role;
use schemas::ranges::Ranges;
use schemas::read::ReadId;
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::User;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{DESTROY, Retention};
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authorize, authorize_overseer, with_access,
};
use audit::view::LogEntry;
use audit_log::entries::retention::{hold_placed, hold_released};
use registry::{HeldRead, Hold, On, Release, State};
use store::{EntryFilter, ReadStore};

/// Entries read at a time.
const STEP: u32 = 1_000;
/// Most parts of the ranges that one entry names: they fit its body.
pub(super) const MOST_PARTS: usize = 1_500;

/// What is to be held.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldTarget {
    /// A plate.
    Plate(Plate),
    /// A read, one's own or of a kept answer.
    Read(ReadId),
    /// A case.
    Case(Text),
}

/// A hold as it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// What is to be held.
    pub on: HoldTarget,
    /// Why.
    pub reason: Text,
}

/// The JSON of a hold, as `accord hold list` prints it.
#[must_use]
pub fn to_json(hold: &Hold) -> Value {
    let (key, on) = match &hold.on {
        On::Plate(plate) => ("plate", json!(plate)),
        On::Read(read) => ("read", json!(read.id)),
        On::Case(case) => ("case", json!(case)),
    };
    json!({
        "hold": hold.hold, key: on, "reason": hold.reason, "by": hold.by, "at": hold.at,
        "released": hold.released,
    })
}

/// Every hold, lasting and released.
///
/// # Errors
/// When the actor neither administers nor audits.
pub fn list(agency: &OwnAgency, by: &Principal) -> Result<Vec<Hold>, ActError> {
    let (state, now) = (agency.registry.state(), agency.clock.now());
    authorize_overseer(&state, by, now)?;
    Ok(state.holds.values().cloned().collect())
}

/// The user who acts, if they administer or are the records custodian, whose subpoenas keep what they are
/// about: a hold destroys nothing, and who administers releases it.
fn may_place<'a>(
    state: &'a State,
    by: &Principal,
    now: Timestamp,
) -> Result<Cow<'a, User>, ActError> {
    let administers = authorize(state, by, Permission::Administer, now);
    administers.or_else(|refused| match with_access(state, by, now) {
        Ok(user) if user.roles.contains(&Role::RecordsCustodian) => Ok(user),
        _ => Err(refused),
    })
}

/// Places a hold.
///
/// # Errors
/// When no reason is given, there is no such read, the actor may not, or it cannot be logged.
pub async fn place(
    retention: &Retention,
    by: &Principal,
    wanted: &HoldRequest,
) -> Result<Hold, ActError> {
    if wanted.reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    let agency = &retention.agency;
    may_place(&agency.registry.state(), by, agency.clock.now())?;
    let _alone = retention.alone.lock().await;
    retention.finish_redaction(DESTROY).await?;
    let on = found(retention.store.as_ref(), &wanted.on).await?;
    let (entries, more) = kept_by(retention.store.as_ref(), &on).await?;
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt)
        .map_err(|e| ActError::failed(format!("the system gives no randomness ({e})")))?;
    let (_, hold) = agency
        .act(|state, now| {
            let user = may_place(state, by, now)?;
            let hold = Hold {
                hold: state.holds.keys().next_back().map_or(1, |last| last.saturating_add(1)),
                on: on.clone(),
                reason: wanted.reason.clone(),
                by: user.name.clone(),
                at: now,
                salt: hex(&salt),
                released: None,
            };
            let actor = agency.actor(&user, by);
            let entry = hold_placed(state, actor, hold.clone(), entries.clone(), more)
                .map_err(|e| unwritable(&e))?;
            Ok((entry, hold))
        })
        .await?;
    Ok(hold)
}

/// Releases a hold: what it kept and is past its retention is destroyed at the next run.
///
/// # Errors
/// When no reason is given, there is no such hold, it is released, or the actor may not.
pub async fn release(
    agency: &OwnAgency,
    by: &Principal,
    number: u64,
    reason: &Text,
) -> Result<Hold, ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    let (_, hold) = agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Administer, now)?;
            let hold = state.holds.get(&number).ok_or_else(|| {
                ActError::usage(format!("there is no hold {number}; see `accord hold list`"))
            })?;
            if !hold.lasts() {
                return Err(ActError::usage(format!("hold {number} is released already")));
            }
            let release = Release { reason: reason.clone(), by: user.name.clone(), at: now };
            let entry = hold_released(state, agency.actor(&user, by), hold, release.clone())
                .map_err(|e| unwritable(&e))?;
            Ok((entry, Hold { released: Some(release), ..hold.clone() }))
        })
        .await?;
    Ok(hold)
}

fn unwritable(error: &serde_json::Error) -> ActError {
    ActError::failed(error.to_string())
}

/// What is to be held, with what is known of it here.
async fn found(store: &dyn ReadStore, target: &HoldTarget) -> Result<On, ActError> {
    match target {
        HoldTarget::Plate(plate) => Ok(On::Plate(plate.clone())),
        HoldTarget::Case(case) if case.as_str().trim().is_empty() => {
            Err(ActError::usage("a case number cannot be empty".into()))
        }
        HoldTarget::Case(case) => Ok(On::Case(case.clone())),
        HoldTarget::Read(id) => {
            let read = store.read(*id).await?.ok_or_else(|| {
                ActError::usage(format!(
                    "no read `{id}` is stored here, nor in an answer that is kept"
                ))
            })?;
            Ok(On::Read(HeldRead { id: *id, plate: read.plate, at: read.at }))
        }
    }
}

/// The entries present whose body a hold keeps: the oldest by index, and how many more.
async fn kept_by(store: &dyn ReadStore, on: &On) -> Result<(Ranges, u64), ActError> {
    // Patterns, corrections and readings of the log name a plate as well as queries do: no statement of
    // the store finds them all, and an auditor holds what is listed against every body.
    let filter = EntryFilter { ending: true, ..EntryFilter::default() };
    let (mut kept, mut exchanges, mut start) = (BTreeSet::new(), BTreeSet::new(), 0);
    loop {
        let step = store.entries(&filter, start, STEP).await?;
        for entry in &step {
            let viewed = LogEntry::of(entry)?;
            start = viewed.header.index.saturating_add(1);
            if viewed.body.as_ref().is_some_and(|body| on.holds_body(body)) {
                kept.insert(viewed.header.index);
                exchanges.extend(viewed.header.query);
            }
        }
        if step.len() < STEP as usize {
            break;
        }
    }
    for exchange in exchanges {
        kept.extend(ending_of(store, exchange).await?);
    }
    let all = u64::try_from(kept.len()).unwrap_or(u64::MAX);
    let named: Ranges = kept.into_iter().collect();
    let parts = named.parts().iter().take(MOST_PARTS);
    let named = parts.map(|(first, last)| Ranges::span(*first, *last));
    let named = named.fold(Ranges::default(), |all, part| all.with(&part));
    let more = all.saturating_sub(named.count());
    Ok((named, more))
}

/// The entries of an exchange that end, by index.
async fn ending_of(store: &dyn ReadStore, exchange: Digest) -> Result<Vec<u64>, ActError> {
    let filter = EntryFilter { query: Some(exchange), ending: true, ..EntryFilter::default() };
    let entries = store.entries(&filter, 0, STEP).await?;
    let places = entries.iter().map(|entry| Ok(LogEntry::of(entry)?.header.index));
    places.collect()
}
