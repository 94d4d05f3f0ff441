//! Correcting a read that is wrong: a new version, and word to every agency that received it.
//!
//! The earlier version stays for who audits; searches find the current one alone. The letters are
//! durable with the correction and are sent until each is acknowledged. An answer that is under way
//! meanwhile is decided and searched again; one that was just given is found after the correction.

use std::collections::HashSet;

use schemas::agency::State;
use schemas::body::Actor;
use schemas::correction::Correction;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::plate::Plate;
use schemas::query::Query;
use schemas::read::{Read, ReadId};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::context::NodeContext;
use crate::permission::{ActError, Permission, Principal, TRIES, authorize};
use audit_log::append::{AppendError, Moved};
use audit_log::entry::{Entry, Guard};
use registry::Change;
use store::{Corrected, OutboxMessage, Release, StateChanges};

/// Recipients told by one entry: what is said of each must fit its body.
const TOLD: usize = 150;

/// What a person corrects.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// The plate as it is.
    pub plate: Plate,
    /// The plate's state, where it was wrong too.
    pub plate_state: Option<State>,
    /// Why.
    pub reason: Text,
}

/// What became of a correction.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
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
pub struct Version {
    /// Which; 1 is the read as it was made.
    pub version: u32,
    /// The entry of the correction that replaced it; absent for the one that holds.
    pub corrected_by: Option<u64>,
    /// The read as it was.
    pub read: Read,
}

/// The version that a correction makes.
struct Next<'a> {
    was: Read,
    now_is: Read,
    wrong: &'a Wrong,
    version: u32,
    at: Timestamp,
}

impl NodeContext {
    /// Corrects one's own read.
    ///
    /// # Errors
    /// When the actor may not, there is no such read, or nothing would change.
    pub async fn correct_read(
        &self,
        by: &Principal,
        id: ReadId,
        wrong: &Wrong,
    ) -> Result<Done, ActError> {
        if wrong.reason.is_empty() {
            return Err(ActError::usage("say why with --reason".into()));
        }
        for _ in 0..TRIES {
            // Corrections move the registry: two of one read do not both come first.
            let state = self.agency.registry.state();
            let user = authorize(&state, by, Permission::Administer, self.agency.clock.now())?;
            let next = self.next_version(id, wrong).await?;
            let releases = self.store.released(id).await?;
            let letters = self.letters(&releases, &next)?;
            let mut chunks = letters.chunks(TOLD);
            let first = chunks.next().unwrap_or_default();
            let actor = self.agency.actor(user, by);
            let entry = saying(&actor, &next, first)
                .untyped_changing(Change::ReadCorrected { read: id, version: next.version })
                .effecting(StateChanges {
                    corrected: Some(Corrected {
                        read: next.now_is.clone(),
                        replaces: next.version.saturating_sub(1),
                    }),
                    outbox: outbox(first),
                    ..StateChanges::default()
                })
                .guarded(Guard { generation: Some(state.generation()), ..Guard::default() });
            match self.agency.log.append(entry).await {
                Err(AppendError::Moved(Moved::Registry)) => continue,
                appended => drop(appended?),
            }
            for rest in chunks {
                self.tell(&actor, &next, rest).await?;
            }
            // Whoever was answered between the look and the correction.
            let mut known: HashSet<u64> = releases.iter().map(|one| one.entry).collect();
            let mut missed = self.store.released(id).await?;
            missed.retain(|one| known.insert(one.entry));
            let missed = self.letters(&missed, &next)?;
            for some in missed.chunks(TOLD) {
                self.tell(&actor, &next, some).await?;
            }
            let told = letters.len().saturating_add(missed.len());
            let (was, plate) = (next.was.plate, next.now_is.plate);
            return Ok(Done { read: id, version: next.version, was, plate, told });
        }
        Err(ActError::failed("reads or the registry are being changed by others; try again".into()))
    }

    /// What a correction makes of a read.
    async fn next_version<'a>(&self, id: ReadId, wrong: &'a Wrong) -> Result<Next<'a>, ActError> {
        let found = self.store.own_read(id).await?;
        let (was, version) = found
            .ok_or_else(|| ActError::usage(format!("read `{id}` is none of this agency's")))?;
        let now_is = Read {
            plate: wrong.plate.clone(),
            plate_state: wrong.plate_state.or(was.plate_state),
            ..was.clone()
        };
        if now_is == was {
            return Err(ActError::usage(format!(
                "read `{id}` is of `{}` already; nothing was corrected",
                was.plate
            )));
        }
        let version = version.saturating_add(1);
        Ok(Next { was, now_is, wrong, version, at: self.agency.clock.now() })
    }

    fn letters(
        &self,
        releases: &[Release],
        next: &Next<'_>,
    ) -> Result<Vec<(OutboxMessage, Correction)>, ActError> {
        releases.iter().map(|release| self.letter(release, next)).collect()
    }

    async fn tell(
        &self,
        actor: &Actor,
        next: &Next<'_>,
        letters: &[(OutboxMessage, Correction)],
    ) -> Result<(), ActError> {
        let entry = saying(actor, next, letters)
            .effecting(StateChanges { outbox: outbox(letters), ..StateChanges::default() });
        drop(self.agency.log.append(entry).await?);
        Ok(())
    }

    fn letter(
        &self,
        release: &Release,
        next: &Next<'_>,
    ) -> Result<(OutboxMessage, Correction), ActError> {
        let asked = release.query.lines().next().unwrap_or_default();
        let query = Envelope::parse(asked.as_bytes())?;
        // Verified when it was answered.
        let query: Query = serde_json::from_slice(query.unverified_payload())
            .map_err(|e| ActError::failed(format!("entry {}: {e}", release.entry)))?;
        let correction = Correction {
            from: self.agency.id.clone(),
            to: release.requester.clone(),
            query_id: query.id,
            read: next.was.id,
            version: next.version,
            was: next.was.plate.clone(),
            plate: next.now_is.plate.clone(),
            plate_state: next.wrong.plate_state,
            reason: next.wrong.reason.clone(),
            at: next.at,
        };
        let signed = Envelope::sign_json(Kind::Correction, &correction, &self.message_key())?;
        let letter = OutboxMessage {
            peer: release.requester.clone(),
            kind: FrameKind::Document,
            body: signed.to_text(),
        };
        Ok((letter, correction))
    }

    /// Every version of one's own read, for who audits. Looking is an entry, and comes first.
    ///
    /// # Errors
    /// When the actor may not, or there is no such read.
    pub async fn read_versions(
        &self,
        by: &Principal,
        id: ReadId,
    ) -> Result<Vec<Version>, ActError> {
        let state = self.agency.registry.state();
        let actor = self
            .agency
            .actor(authorize(&state, by, Permission::Audit, self.agency.clock.now())?, by);
        let entry = Entry::new(EntryKind::AuditViewed, actor)
            .with_detail("versions_of_read", id.to_string());
        drop(self.agency.log.append(entry).await?);
        let Some((read, version)) = self.store.own_read(id).await? else {
            return Err(ActError::usage(format!("read `{id}` is none of this agency's")));
        };
        let mut versions: Vec<_> = self
            .store
            .read_versions(id)
            .await?
            .into_iter()
            .map(|(version, read, entry)| Version { version, corrected_by: Some(entry), read })
            .collect();
        versions.push(Version { version, corrected_by: None, read });
        Ok(versions)
    }
}

fn outbox(letters: &[(OutboxMessage, Correction)]) -> Vec<OutboxMessage> {
    letters.iter().map(|(letter, _)| letter.clone()).collect()
}

/// The entry of a correction, with whom it tells: the digests are those of the signed letters.
fn saying(actor: &Actor, next: &Next<'_>, letters: &[(OutboxMessage, Correction)]) -> Entry {
    let told: Vec<_> = letters
        .iter()
        .map(|(letter, correction)| {
            serde_json::json!([letter.peer, correction.query_id, letter.digest()])
        })
        .collect();
    Entry::new(EntryKind::ReadsCorrected, actor.clone())
        .with_detail("read", next.was.id.to_string())
        .with_detail("version", next.version)
        .with_detail("was", next.was.plate.as_str())
        .with_detail("plate", next.now_is.plate.as_str())
        .with_detail("reason", next.wrong.reason.as_str())
        .with_detail("told", told)
}
