//! Entries of what is kept and what is destroyed. Reads and pages are destroyed in the transaction of
//! the entry that counts them; bodies of the log only after theirs is durable.

use std::path::PathBuf;

use registry::{Backup, Change, Hold, Release, State, UsesSum};
use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::event::Event;
use schemas::event::retention::{
    AnswersPurged, BackupFinished, BackupMade, BackupRestored, EntriesRedacted, HoldPlaced,
    HoldReleased, ReadsPurged,
};
use schemas::ranges::Ranges;
use schemas::read::ReadId;
use schemas::redaction::{HoldNotice, Redaction};
use schemas::time::Timestamp;
use store::StateChanges;

use crate::entry::{Entry, Precondition};

/// Reads past their retention are destroyed, as long as the registry, holds included, is `state`.
#[must_use]
pub fn reads_purged(
    state: &State,
    actor: Actor,
    purged: Vec<ReadId>,
    held: u64,
    cut_off: Timestamp,
    sections: Vec<String>,
) -> Entry {
    let ids: Vec<u8> = purged.iter().flat_map(|id| *id.as_bytes()).collect();
    let event = ReadsPurged {
        purged: purged.len() as u64,
        held,
        ids_digest: Digest::of(&ids),
        cut_off,
        sections,
    };
    Entry::new(actor, Event::ReadsPurged(event))
        .provided(Precondition::registry(state))
        .with(StateChanges { purged, ..StateChanges::default() })
}

/// Kept pages that have ended are destroyed, as long as the registry, holds included, is `state`.
/// `ended` are the entries that they came with.
#[must_use]
pub fn answers_purged(state: &State, actor: Actor, ended: Vec<u64>, held: u64) -> Entry {
    let places: Vec<u8> = ended.iter().flat_map(|entry| entry.to_be_bytes()).collect();
    let event =
        AnswersPurged { purged: ended.len() as u64, held, entries_digest: Digest::of(&places) };
    Entry::new(actor, Event::AnswersPurged(event))
        .provided(Precondition::registry(state))
        .with(StateChanges { ended, ..StateChanges::default() })
}

/// A hold is placed. `entries` are those present that it keeps, `more` how many beyond them.
///
/// # Errors
/// When its terms cannot be written as JSON.
pub fn hold_placed(
    state: &State,
    actor: Actor,
    hold: Hold,
    entries: Ranges,
    more: u64,
) -> Result<Entry, serde_json::Error> {
    let notice = HoldNotice { hold: hold.hold, terms: hold.terms()?, entries, more };
    let event = Event::HoldPlaced(HoldPlaced { hold: notice });
    Ok(Entry::new(actor, event).changing(state, Change::HoldPlaced { hold }))
}

/// A hold is released.
///
/// # Errors
/// When its terms cannot be written as JSON.
pub fn hold_released(
    state: &State,
    actor: Actor,
    hold: &Hold,
    release: Release,
) -> Result<Entry, serde_json::Error> {
    let event = HoldReleased { released: hold.hold, terms: hold.terms()? };
    let change = Change::HoldReleased { hold: hold.hold, release };
    Ok(Entry::new(actor, Event::HoldReleased(event)).changing(state, change))
}

/// Bodies and envelopes are destroyed from here on; `sums` are of the answers among them.
#[must_use]
pub fn entries_redacted(
    state: &State,
    actor: Actor,
    redaction: Redaction,
    sums: Vec<UsesSum>,
) -> Entry {
    let event = EntriesRedacted { redaction: redaction.clone() };
    let change = Change::Redacted { redaction, sums };
    Entry::new(actor, Event::EntriesRedacted(event)).changing(state, change)
}

/// A backup is begun; the folders `destroys` are destroyed now, and backups of the instants `forgotten`
/// are no longer where they were made.
#[must_use]
pub fn backup_made(
    state: &State,
    actor: Actor,
    backup: Backup,
    destroys: Vec<PathBuf>,
    forgotten: Vec<Timestamp>,
) -> Entry {
    let event =
        BackupMade { folder: backup.folder.clone(), destroy_by: backup.destroy_by, destroys };
    Entry::new(actor, Event::BackupMade(event))
        .changing(state, Change::Backup { backup, forgotten })
}

/// The backup that was begun at an instant is whole.
#[must_use]
pub fn backup_finished(state: &State, actor: Actor, begun: Timestamp, manifest: Digest) -> Entry {
    Entry::new(actor, Event::BackupFinished(BackupFinished { begun, manifest }))
        .changing(state, Change::BackupFinished { begun, manifest })
}

/// The node was put back from a backup.
#[must_use]
pub fn backup_restored(actor: Actor, restored: BackupRestored) -> Entry {
    Entry::new(actor, Event::BackupRestored(restored))
}
