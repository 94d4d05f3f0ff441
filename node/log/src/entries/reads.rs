//! Entries of one's own reads, and of what sends them.

use std::collections::BTreeSet;

use registry::{Change, Grounds, Source, State};
use schemas::body::{Access, Actor};
use schemas::correction::Correction;
use schemas::digest::Digest;
use schemas::event::Event;
use schemas::event::reads::{
    CorrectedAnswer, CorrectionSent, ReadsCorrected, ReadsImported, ReadsSearched, ReadsWithdrawn,
    SourceChanged,
};
use schemas::frame::FrameKind;
use schemas::plate::Plate;
use schemas::read::Read;
use schemas::text::Text;
use schemas::time::Timestamp;
use store::{Corrected, OutboxMessage, StateChanges};

use crate::arrived::Arrived;
use crate::entry::{Entry, Precondition};

/// The plates of reads, each once.
pub(super) fn plates(reads: &[Read]) -> Vec<Plate> {
    each_once(reads.iter().map(|read| read.plate.clone()))
}

/// Each plate once.
pub(super) fn each_once(plates: impl IntoIterator<Item = Plate>) -> Vec<Plate> {
    plates.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

/// What a search of one's own reads shows.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The reads.
    pub reads: &'a [Read],
    /// Whether their photographs are opened too.
    pub photographs: bool,
}

/// One's own reads are searched and `found` are shown, as long as the policy and the person who searches
/// are those of `state`.
#[must_use]
pub fn reads_searched(state: &State, actor: Actor, access: Access, found: Found<'_>) -> Entry {
    let precondition = match &actor.user {
        Some(user) => Precondition::grounds(Grounds::of_person(state, user)),
        None => Precondition::registry(state),
    };
    Entry::new(
        actor,
        Event::ReadsSearched(ReadsSearched { access, photographs: found.photographs }),
    )
    .provided(precondition)
    .with(StateChanges { shown: plates(found.reads), ..StateChanges::default() })
}

/// What of a source changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceChange {
    /// It may send from here on.
    Added,
    /// It has a new token.
    Renewed,
    /// It may send no longer.
    Disabled,
}

/// A source is as given from now on.
#[must_use]
pub fn source_changed(state: &State, actor: Actor, what: SourceChange, source: Source) -> Entry {
    let event = SourceChanged {
        source: source.name.to_string(),
        format: source.format.clone(),
        camera: source.camera.clone(),
        cameras: source.cameras.clone(),
        zone: source.zone.clone(),
        folder: source.folder.clone(),
        writers: source.writers.clone(),
        reason: source.disabled.clone(),
    };
    let event = match what {
        SourceChange::Added => Event::SourceAdded(event),
        SourceChange::Renewed => Event::SourceRenewed(event),
        SourceChange::Disabled => Event::SourceDisabled(event),
    };
    Entry::new(actor, event).changing(state, Change::Source { source })
}

/// What reads came in.
#[derive(Debug)]
pub struct Import {
    /// The name of the file or the source.
    pub file: Text,
    /// Its format.
    pub format: String,
    /// Reads in it.
    pub offered: u64,
    /// Those of them that are new reads, and no earlier readings of a sighting.
    pub stored: u64,
    /// Photographs stored with them; their bytes are durable already.
    pub photographs: u64,
    /// Records that tell a sighting better, or otherwise, that an earlier one told.
    pub merged: u64,
    /// Records that have an id of another read and are reads of their own.
    pub differing: u64,
    /// Records whose reader's clock is ahead.
    pub ahead: u64,
    /// Records past the retention of reads, which are not taken.
    pub past: u64,
}

/// What an import makes of the database.
#[derive(Debug, Default)]
pub struct ImportedReads {
    /// Reads to store; their ids are known to be new. Earlier readings of a sighting are among them.
    pub new: Vec<Read>,
    /// Reads that are told better, each with what it was.
    pub better: Vec<Corrected>,
}

/// Reads are stored, and others told better, of which the first recipients are `told`: as long as nobody
/// corrected one of those since the log had `seen` entries.
#[must_use]
pub fn reads_imported(
    seen: u64,
    actor: Actor,
    import: Import,
    reads: ImportedReads,
    told: &[SignedCorrection],
) -> Entry {
    let ImportedReads { new, better } = reads;
    let ids: Vec<u8> = new.iter().flat_map(|read| *read.id.as_bytes()).collect();
    let event = ReadsImported {
        file: import.file,
        format: import.format,
        offered: import.offered,
        stored: import.stored,
        ids_digest: Digest::of(&ids),
        photographs: import.photographs,
        merged: import.merged,
        differing: import.differing,
        better_digest: (!better.is_empty()).then(|| digest_of(&better)),
        ahead: import.ahead,
        past: import.past,
        told: sent(told),
    };
    let changed: Vec<_> = better.iter().map(|one| one.read.id).collect();
    let entry = Entry::new(actor, Event::ReadsImported(event)).with(StateChanges {
        reads: new,
        corrected: better,
        outbox: letters(told),
        ..StateChanges::default()
    });
    if changed.is_empty() {
        return entry;
    }
    entry.provided(Precondition { uncorrected: Some((seen, changed)), ..Precondition::default() })
}

/// What binds reads that change, as they are from then on.
fn digest_of(changed: &[Corrected]) -> Digest {
    let mut bytes = Vec::new();
    for Corrected { read, .. } in changed {
        // One that cannot be written is not stored either, and so has no entry.
        let line = serde_json::to_vec(read).unwrap_or_default();
        bytes.extend_from_slice(read.id.as_bytes());
        bytes.extend_from_slice(Digest::of(&line).as_bytes());
    }
    Digest::of(&bytes)
}

/// What of a source is withdrawn, and why.
#[derive(Debug, Clone)]
pub struct Withdrawal {
    /// The source.
    pub source: String,
    /// From when on it brought the reads.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: Text,
}

/// Reads that a source brought are found no longer, those of others that it told otherwise are what they
/// were before, and the first recipients are `told`: as long as nothing else changed one of them since the
/// log had `seen` entries.
#[must_use]
pub fn reads_withdrawn(
    state: &State,
    seen: u64,
    actor: Actor,
    what: Withdrawal,
    mut changed: Vec<Corrected>,
    told: &[SignedCorrection],
) -> Entry {
    changed.sort_unstable_by_key(|one| one.read.id);
    let withdrawn = changed.iter().filter(|one| one.withdrawn).count();
    let event = ReadsWithdrawn {
        source: what.source,
        from: what.from,
        until: what.until,
        reason: what.reason,
        withdrawn: withdrawn as u64,
        restored: changed.len().saturating_sub(withdrawn) as u64,
        reads_digest: digest_of(&changed),
        told: sent(told),
    };
    let ids = changed.iter().map(|one| one.read.id).collect();
    Entry::new(actor, Event::ReadsWithdrawn(event))
        .with(StateChanges { corrected: changed, outbox: letters(told), ..StateChanges::default() })
        .provided(Precondition { uncorrected: Some((seen, ids)), ..Precondition::registry(state) })
}

/// A correction of one's own read.
#[derive(Debug, Clone, Copy)]
pub struct OwnCorrection<'a> {
    /// The read as it was.
    pub was: &'a Read,
    /// The plate as it is now; nothing where the read is withdrawn.
    pub plate: Option<&'a Plate>,
    /// The version that now holds.
    pub version: u32,
    /// Why.
    pub reason: &'a Text,
}

/// A signed correction, as it leaves for one recipient of the read.
pub type SignedCorrection = (OutboxMessage, Correction);

/// To whom letters go, as an entry says it.
fn sent(told: &[SignedCorrection]) -> Vec<CorrectionSent> {
    let one = |(message, correction): &SignedCorrection| CorrectionSent {
        to: message.peer.clone(),
        query_id: correction.query_id,
        digest: message.digest(),
    };
    told.iter().map(one).collect()
}

/// Letters as they leave: as documents, whatever else they were to be.
fn letters(told: &[SignedCorrection]) -> Vec<OutboxMessage> {
    let document = |(message, _): &SignedCorrection| OutboxMessage {
        kind: FrameKind::Document,
        ..message.clone()
    };
    told.iter().map(document).collect()
}

fn corrected(actor: Actor, what: OwnCorrection<'_>, told: &[SignedCorrection]) -> Entry {
    let event = ReadsCorrected {
        read: what.was.id,
        version: what.version,
        was: what.was.plate.clone(),
        plate: what.plate.cloned(),
        reason: what.reason.clone(),
        told: sent(told),
        answer: None,
    };
    let outbox = letters(told);
    // Whoever is told learns the right plate by it.
    let shown = what.plate.filter(|_| !told.is_empty()).cloned().into_iter().collect();
    Entry::new(actor, Event::ReadsCorrected(event)).with(StateChanges {
        outbox,
        shown,
        ..StateChanges::default()
    })
}

/// One's own read gets another version, `now_is`, and the first of its recipients are told: as long as nobody
/// corrected it since the log had `seen` entries.
#[must_use]
pub fn read_corrected(
    state: &State,
    seen: u64,
    actor: Actor,
    what: OwnCorrection<'_>,
    now_is: &Read,
    told: &[SignedCorrection],
) -> Entry {
    let mut entry = corrected(actor, what, told);
    let was = vec![(what.version.saturating_sub(1), what.was.clone())];
    entry.changes.corrected = vec![Corrected { read: now_is.clone(), was, withdrawn: false }];
    entry.provided(Precondition {
        uncorrected: Some((seen, vec![what.was.id])),
        ..Precondition::registry(state)
    })
}

/// Further recipients of a corrected read are told.
#[must_use]
pub fn correction_told(actor: Actor, what: OwnCorrection<'_>, told: &[SignedCorrection]) -> Entry {
    corrected(actor, what, told)
}

/// A peer corrects a read that it had released: as long as nothing was said of that read since the log
/// had `seen` entries.
#[must_use]
pub fn correction_received(
    arrived: Arrived<'_>,
    seen: u64,
    correction: &Correction,
    answer: CorrectedAnswer,
) -> Entry {
    let event = Event::ReadsCorrected(ReadsCorrected::of(correction, answer));
    let mut entry = arrived.entry(event).of_query(correction.query_id);
    entry.precondition.grounds = Some(Grounds::of_peer(arrived.state, arrived.from));
    entry.precondition.uncorrected = Some((seen, vec![correction.read]));
    entry
}
