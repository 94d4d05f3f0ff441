//! Legal holds: placing one, releasing it, listing them.
//!
//! The entry of a hold names it by number and by a digest of its terms, and the entries of the log
//! that it keeps by index: it stands in exports for other agencies, which must be able to see that
//! nothing under hold was destroyed, and need not see whose plate is held.

use std::collections::BTreeSet;

use schemas::digest::{Digest, hex};
use schemas::entry::{EntryKind, SALT};
use schemas::plate::Plate;
use schemas::ranges::Ranges;
use schemas::read::ReadId;
use schemas::redaction::{HOLD, HoldNotice, RELEASED};
use schemas::text::Text;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::NodeContext;
use crate::permission::{ActError, Permission, Principal, authorize};
use audit::view::Viewed;
use audit_log::entry::Entry;
use registry::{Change, HeldRead, Hold, On, Release};
use store::EntryFilter;

/// Entries read at a time.
const STEP: u32 = 1_000;
/// Most parts of the ranges that one entry names: they fit its body.
pub(super) const MOST_PARTS: usize = 1_500;

/// What is to be held.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
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
pub struct Placement {
    /// What is to be held.
    pub on: Wanted,
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

impl NodeContext {
    /// Every hold, lasting and released.
    ///
    /// # Errors
    /// When the actor neither administers nor audits.
    pub fn holds(&self, by: &Principal) -> Result<Vec<Hold>, ActError> {
        let (state, now) = (self.agency.registry.state(), self.agency.clock.now());
        authorize(&state, by, Permission::Administer, now)
            .or_else(|_| authorize(&state, by, Permission::Audit, now))?;
        Ok(state.holds.values().cloned().collect())
    }

    /// Places a hold.
    ///
    /// # Errors
    /// When no reason is given, there is no such read, the actor may not, or it cannot be logged.
    pub async fn place_hold(
        &self,
        by: &Principal,
        placement: &Placement,
    ) -> Result<Hold, ActError> {
        if placement.reason.is_empty() {
            return Err(ActError::usage("say why with --reason".into()));
        }
        authorize(
            &self.agency.registry.state(),
            by,
            Permission::Administer,
            self.agency.clock.now(),
        )?;
        let _alone = self.retention.lock().await;
        self.finish_redaction(None).await?;
        let on = match &placement.on {
            Wanted::Plate(plate) => On::Plate(plate.clone()),
            Wanted::Case(case) if case.as_str().trim().is_empty() => {
                return Err(ActError::usage("a case number cannot be empty".into()));
            }
            Wanted::Case(case) => On::Case(case.clone()),
            Wanted::Read(id) => {
                let read = self.store.read(*id).await?.ok_or_else(|| {
                    ActError::usage(format!(
                        "no read `{id}` is stored here, nor in an answer that is kept"
                    ))
                })?;
                On::Read(HeldRead { id: *id, plate: read.plate, at: read.at })
            }
        };
        let (entries, more) = self.kept_by(&on).await?;
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt)
            .map_err(|e| ActError::failed(format!("the system gives no randomness ({e})")))?;
        let (_, hold) = self
            .agency
            .act(|state, now| {
                let user = authorize(state, by, Permission::Administer, now)?;
                let hold = Hold {
                    hold: state.holds.keys().next_back().map_or(1, |last| last.saturating_add(1)),
                    on: on.clone(),
                    reason: placement.reason.clone(),
                    by: user.name.clone(),
                    at: now,
                    salt: hex(&salt),
                    released: None,
                };
                let unwritable = |e: serde_json::Error| ActError::failed(e.to_string());
                let terms = hold.terms().map_err(unwritable)?;
                let notice = HoldNotice { hold: hold.hold, terms, entries: entries.clone(), more };
                let entry = Entry::new(EntryKind::HoldPlaced, self.agency.actor(user, by))
                    .with_detail(HOLD, serde_json::to_value(notice).map_err(unwritable)?)
                    .untyped_changing(Change::HoldPlaced { hold: hold.clone() });
                Ok((entry, hold))
            })
            .await?;
        Ok(hold)
    }

    /// Releases a hold: what it kept and is past its retention is destroyed at the next run.
    ///
    /// # Errors
    /// When no reason is given, there is no such hold, it is released, or the actor may not.
    pub async fn release_hold(
        &self,
        by: &Principal,
        number: u64,
        reason: &Text,
    ) -> Result<Hold, ActError> {
        if reason.is_empty() {
            return Err(ActError::usage("say why with --reason".into()));
        }
        let (_, hold) = self
            .agency
            .act(|state, now| {
                let user = authorize(state, by, Permission::Administer, now)?;
                let hold = state.holds.get(&number).ok_or_else(|| {
                    ActError::usage(format!("there is no hold {number}; see `accord hold list`"))
                })?;
                if !hold.lasts() {
                    return Err(ActError::usage(format!("hold {number} is released already")));
                }
                let release = Release { reason: reason.clone(), by: user.name.clone(), at: now };
                let entry = Entry::new(EntryKind::HoldReleased, self.agency.actor(user, by))
                    .with_detail(RELEASED, number)
                    .with_detail(
                        "terms",
                        hold.terms().map(|terms| terms.to_string()).unwrap_or_default(),
                    )
                    .untyped_changing(Change::HoldReleased {
                        hold: number,
                        release: release.clone(),
                    });
                Ok((entry, Hold { released: Some(release), ..hold.clone() }))
            })
            .await?;
        Ok(hold)
    }

    /// The entries present whose body a hold keeps: the oldest by index, and how many more.
    async fn kept_by(&self, on: &On) -> Result<(Ranges, u64), ActError> {
        let mut filter = EntryFilter { ending: true, ..EntryFilter::default() };
        match on {
            On::Plate(plate) => filter.plate = Some(plate.to_string()),
            On::Read(read) => filter.plate = Some(read.plate.to_string()),
            On::Case(case) => filter.case = Some(case.to_string()),
        }
        let (mut kept, mut exchanges, mut start) = (BTreeSet::new(), BTreeSet::new(), 0);
        loop {
            let step = self.store.entries(&filter, start, STEP).await?;
            for entry in &step {
                let viewed = Viewed::of(entry)?;
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
            kept.extend(self.ending_of(exchange).await?);
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
    async fn ending_of(&self, exchange: Digest) -> Result<Vec<u64>, ActError> {
        let filter = EntryFilter { query: Some(exchange), ending: true, ..EntryFilter::default() };
        let entries = self.store.entries(&filter, 0, STEP).await?;
        let places = entries.iter().map(|entry| Ok(Viewed::of(entry)?.header.index));
        places.collect()
    }
}
