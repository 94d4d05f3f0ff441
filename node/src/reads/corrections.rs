//! Correcting a read that is wrong: a new version, and word to every agency that received it.
//!
//! The earlier version stays for who audits; searches find the current one alone. The corrections that
//! leave are durable with the entry and are sent until each is acknowledged. An answer that is under way
//! meanwhile is decided and searched again; one that was just given is found after the correction.

use std::sync::Arc;

use schemas::agency::State as UsState;
use schemas::body::Actor;
use schemas::key::SecretKey;
use schemas::plate::Plate;
use schemas::read::{Read, ReadId};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::telling::{Letter, Telling, Word, first};
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::audit::versions_viewed;
use audit_log::entries::reads::read_corrected;
use registry::State;
use store::{OwnRead, ReadStore};

/// A correction as it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionRequest {
    /// The plate as it is.
    pub plate: Plate,
    /// The plate's state, where it was wrong too.
    pub plate_state: Option<UsState>,
    /// Why.
    pub reason: Text,
}

/// What became of a correction.
#[derive(Debug, Clone, Serialize)]
pub struct CorrectionOutcome {
    /// The read.
    pub read: ReadId,
    /// The version that now holds.
    pub version: u32,
    /// The plate as it was.
    pub was: Plate,
    /// The plate as it is.
    pub plate: Plate,
    /// Answers whose requesters are told.
    pub told: usize,
}

/// A version of a read.
#[derive(Debug, Clone, Serialize)]
pub struct ReadVersion {
    /// Which; 1 is the read as it was made.
    pub version: u32,
    /// The entry of the correction that replaced it; absent for the one that holds.
    pub corrected_by: Option<u64>,
    /// The entry that brought the read; absent but for the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brought_by: Option<u64>,
    /// The entry that withdrew it: nothing finds it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_by: Option<u64>,
    /// The read as it was.
    pub read: Read,
}

/// The version that a correction makes.
struct NextVersion<'a> {
    was: Read,
    now_is: Read,
    wanted: &'a CorrectionRequest,
    version: u32,
    at: Timestamp,
}

impl NextVersion<'_> {
    fn word(&self) -> Word<'_> {
        Word {
            was: &self.was,
            plate: Some(&self.now_is.plate),
            plate_state: self.wanted.plate_state,
            version: self.version,
            reason: &self.wanted.reason,
            at: self.at,
        }
    }
}

/// A correction that is judged: what it makes, and what those are sent who received the read.
struct Judged<'a> {
    actor: Actor,
    next: NextVersion<'a>,
    letters: Vec<Letter>,
}

/// Corrects one's own read, and tells every agency that received it, signed with `message_key`.
///
/// # Errors
/// When the actor may not, there is no such read, or nothing would change.
pub async fn correct(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    message_key: &SecretKey,
    by: &Principal,
    id: ReadId,
    wanted: &CorrectionRequest,
) -> Result<CorrectionOutcome, ActError> {
    if wanted.reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    let telling = &Telling { agency, store, message_key };
    // Two of one read do not both come first.
    let judge = |state: Arc<State>, now| async move {
        let seen = agency.log.counters().size;
        let user = authorize(&state, by, Permission::Administer, now)?;
        let actor = agency.actor(&user, by);
        let next = next_version(store, id, wanted, now).await?;
        let letters = telling.letters(&[next.word()]).await?;
        let (word, told) = (next.word(), first(&letters));
        let (what, now_is) = (word.logged(), &next.now_is);
        let entry = read_corrected(&state, seen, actor.clone(), what, now_is, &told);
        Ok::<_, ActError>((entry, Judged { actor, next, letters }))
    };
    let (_, Judged { actor, next, letters }) = agency.act_async(judge).await?;
    let told = telling.others(&actor, &[next.word()], &letters).await?;
    let (was, plate) = (next.was.plate, next.now_is.plate);
    Ok(CorrectionOutcome { read: id, version: next.version, was, plate, told })
}

/// What a correction makes of a read.
async fn next_version<'a>(
    store: &dyn ReadStore,
    id: ReadId,
    wanted: &'a CorrectionRequest,
    at: Timestamp,
) -> Result<NextVersion<'a>, ActError> {
    let found = store.own_read(id).await?;
    let OwnRead { read: was, version, withdrawn, .. } =
        found.ok_or_else(|| ActError::usage(format!("read `{id}` is none of this agency's")))?;
    if let Some(entry) = withdrawn {
        return Err(ActError::usage(format!(
            "read `{id}` was withdrawn by entry {entry}; nothing finds it, and there is nothing to correct"
        )));
    }
    let now_is = Read {
        plate: wanted.plate.clone(),
        plate_state: wanted.plate_state.or(was.plate_state),
        ..was.clone()
    };
    if now_is == was {
        return Err(ActError::usage(format!(
            "read `{id}` is of `{}` already; nothing was corrected",
            was.plate
        )));
    }
    Ok(NextVersion { was, now_is, wanted, version: version.saturating_add(1), at })
}

/// Every version of one's own read, for who audits. Looking is an entry, and comes first.
///
/// # Errors
/// When the actor may not, or there is no such read.
pub async fn versions(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    id: ReadId,
) -> Result<Vec<ReadVersion>, ActError> {
    let (state, now) = (agency.registry.state(), agency.clock.now());
    let user = authorize(&state, by, Permission::Audit, now)?;
    let auditor = agency.looking(&state, &user, by, now)?;
    let own = store.own_read(id).await?;
    let earlier = store.read_versions(id).await?;
    let plates = own.iter().map(|own| &own.read).chain(earlier.iter().map(|(_, read, _)| read));
    let viewed = versions_viewed(auditor, id, plates.map(|read| read.plate.clone()));
    drop(agency.log.append(viewed).await?);
    let Some(own) = own else {
        return Err(ActError::usage(format!("read `{id}` is none of this agency's")));
    };
    let earlier = earlier.into_iter();
    let mut versions: Vec<_> = earlier
        .map(|(version, read, entry)| ReadVersion {
            version,
            corrected_by: Some(entry),
            brought_by: None,
            withdrawn_by: None,
            read,
        })
        .collect();
    let OwnRead { read, version, brought_by, withdrawn, .. } = own;
    versions.push(ReadVersion {
        version,
        corrected_by: None,
        brought_by: None,
        withdrawn_by: withdrawn,
        read,
    });
    if let Some(first) = versions.first_mut() {
        first.brought_by = Some(brought_by);
    }
    Ok(versions)
}
