//! What became of what was sent, counted by kind and by cause with a few examples of each: a report of a
//! million rows is as long as one of ten.

use std::collections::BTreeMap;

use ingest::{Item, Note, NoteKind};
use schemas::read::Read;
use schemas::text::Text;
use schemas::time::{CLOCK_BEHIND_MS, Timestamp};
use serde::{Deserialize, Serialize};

use crate::reads::importer::StoredBatch;

/// Most rejected records that are named; the rest are counted.
const MOST_NAMED: usize = 1_000;
/// Most causes that are told apart; further ones are counted as others.
const MOST_CAUSES: usize = 40;
/// Examples of each kind and cause.
const EXAMPLES: usize = 3;
/// What causes beyond the bound are counted as.
const OTHERS: &str = "for other causes";

/// What became of what was sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ImportSummary {
    /// The name of the file, or of the source.
    pub file: Text,
    /// Records seen.
    pub records: u64,
    /// Reads that were new and are stored.
    pub stored: u64,
    /// Records that tell a sighting better, or otherwise, that an earlier one told.
    #[serde(default)]
    pub merged: u64,
    /// Records that have an id of another read and are stored as reads of their own; counted in
    /// `stored`.
    #[serde(default)]
    pub differing: u64,
    /// Reads that were stored already.
    pub duplicates: u64,
    /// Records without a read, such as a heartbeat.
    pub empty: u64,
    /// Records that cannot be used.
    pub rejected: u64,
    /// Reads past the retention of reads, which are not taken.
    #[serde(default)]
    pub past_retention: u64,
    /// Reads of a reader whose clock is ahead: they are stored as of when they came in.
    #[serde(default)]
    pub ahead: u64,
    /// Photographs kept.
    pub photographs: u64,
    /// Photographs left out of reads that are stored all the same.
    pub photographs_left_out: u64,
    /// What records without a read were.
    #[serde(default)]
    pub without_a_read: Vec<Counted>,
    /// What was left out of reads, or is unusual about them.
    #[serde(default)]
    pub notes: Vec<Counted>,
    /// Why records were rejected.
    #[serde(default)]
    pub causes: Vec<Counted>,
    /// The first of what was rejected.
    pub errors: Vec<RecordError>,
}

/// So many of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counted {
    /// The kind, as a word or a sentence.
    pub what: String,
    /// How many.
    pub count: u64,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}

/// What is wrong with one record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecordError {
    /// Where it stands, such as `line 3`.
    pub at: String,
    /// What is wrong there.
    pub error: String,
}

impl ImportSummary {
    /// Rejected records.
    pub(super) fn reject(&mut self, rejected: impl Iterator<Item = ingest::Rejected>) {
        for one in rejected {
            self.rejected = self.rejected.saturating_add(1);
            let cause = one.cause();
            let known = self.causes.len() < MOST_CAUSES
                || self.causes.iter().any(|counted| counted.what == cause);
            let cause = if known { cause } else { OTHERS.to_owned() };
            count(&mut self.causes, &cause, 1, || one.to_string());
            if self.errors.len() < MOST_NAMED {
                self.errors.push(RecordError { at: one.at, error: one.error });
            }
        }
    }

    /// Records without a read.
    pub(super) fn without(&mut self, empty: &BTreeMap<&'static str, u64>) {
        for (what, times) in empty {
            self.empty = self.empty.saturating_add(*times);
            count(&mut self.without_a_read, what, *times, String::new);
        }
    }

    /// Something about a read, or about all that was sent.
    pub(super) fn note(&mut self, note: &Note) {
        if note.kind == NoteKind::Photograph {
            self.photographs_left_out = self.photographs_left_out.saturating_add(1);
        }
        count(&mut self.notes, note.kind.code(), 1, || note.to_string());
    }

    /// A batch of so many reads is durable.
    pub(super) fn stored(&mut self, offered: u64, batch: &StoredBatch) {
        let counted = batch.counted;
        let [new, merged, differing, ahead, past] =
            [counted.new, counted.merged, counted.differing, counted.ahead, counted.past]
                .map(|count| count as u64);
        self.stored = self.stored.saturating_add(new);
        self.merged = self.merged.saturating_add(merged);
        self.differing = self.differing.saturating_add(differing);
        self.ahead = self.ahead.saturating_add(ahead);
        self.past_retention = self.past_retention.saturating_add(past);
        let known = offered.saturating_sub(new.saturating_add(merged).saturating_add(past));
        self.duplicates = self.duplicates.saturating_add(known);
        self.photographs = self.photographs.saturating_add(batch.photographs as u64);
        for said in &batch.far {
            self.note(&Note::new(NoteKind::Far, said.clone()));
        }
        for (read, image) in &batch.absent {
            let said = format!("photograph `{image}` is not here; the read is stored without it");
            self.note(&Note { kind: NoteKind::Photograph, at: read.to_string(), said });
        }
    }

    /// Whether any record gave a read, stored now or before.
    #[must_use]
    pub const fn took_any(&self) -> bool {
        self.stored > 0 || self.duplicates > 0 || self.merged > 0
    }

    /// What a person should hear though no record was rejected: clocks.
    #[must_use]
    pub fn clock_trouble(&self) -> Option<String> {
        let ahead = (self.ahead > 0).then(|| {
            let reads = if self.ahead == 1 { "read" } else { "reads" };
            format!(
                "{} {reads} by a reader's clock that is ahead; set the reader's clock",
                self.ahead
            )
        });
        let past = (self.past_retention > 0).then(|| {
            let (reads, were) =
                if self.past_retention == 1 { ("read", "was") } else { ("reads", "were") };
            format!(
                "{} {reads} past the retention of reads, which {were} not taken; if not old, set the reader's clock",
                self.past_retention
            )
        });
        match (ahead, past) {
            (Some(ahead), Some(past)) => Some(format!("{ahead}; {past}")),
            (ahead, past) => ahead.or(past),
        }
    }

    /// What a person reads of it, in few lines: what was taken, merged, left out and refused.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.differing > 0 {
            lines.push(match self.differing {
                1 => "1 record shares an id with another read and differs: it is a read of its own".into(),
                many => format!(
                    "{many} records share an id with another read and differ: each is a read of its own"
                ),
            });
        }
        lines.extend(self.clock_trouble());
        if !self.without_a_read.is_empty() {
            let said = |one: &Counted| format!("{} {}", one.count, one.what);
            let list: Vec<String> = self.without_a_read.iter().take(5).map(said).collect();
            lines.push(format!("without a read: {}", list.join("; ")));
        }
        let mut notes: Vec<&Counted> = self.notes.iter().collect();
        notes.sort_by_key(|one| std::cmp::Reverse(one.count));
        let (shown, rest) = notes.split_at(notes.len().min(NOTES_SHOWN));
        lines.extend(shown.iter().map(|one| {
            let examples = one.examples.join("; ");
            format!("{} {}: {examples}", one.count, words(&one.what, one.count))
        }));
        if !rest.is_empty() {
            let said = |one: &&Counted| format!("{} {}", one.count, words(&one.what, one.count));
            lines.push(rest.iter().map(said).collect::<Vec<_>>().join("; "));
        }
        let mut causes: Vec<&Counted> = self.causes.iter().collect();
        causes.sort_by_key(|one| std::cmp::Reverse(one.count));
        let (shown, rest) = causes.split_at(causes.len().min(CAUSES_SHOWN));
        lines.extend(shown.iter().map(|one| {
            let mut examples = one.examples.iter();
            let first = examples.next().map(String::as_str).unwrap_or_default();
            match one.count {
                1 => format!("rejected: {first}"),
                count => format!("rejected {count}, such as {first}"),
            }
        }));
        if !rest.is_empty() {
            let sum = rest.iter().fold(0u64, |sum, one| sum.saturating_add(one.count));
            lines
                .push(format!("rejected {sum} for {} other causes; --json names them", rest.len()));
        }
        lines
    }
}

/// What an import would find; nothing is stored, so nothing is known already.
#[derive(Debug)]
pub struct DryRun {
    /// When.
    now: Timestamp,
    /// What it would tell.
    pub summary: ImportSummary,
    /// The first reads.
    pub reads: Vec<Read>,
}

impl DryRun {
    /// One at this time.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now, summary: ImportSummary::default(), reads: Vec::new() }
    }

    /// Takes the next item; at most `shown` reads are kept.
    pub fn take(&mut self, item: Item, shown: usize) {
        let summary = &mut self.summary;
        match item {
            Item::Read(one) => {
                summary.stored = summary.stored.saturating_add(1);
                let ahead = one.read.clock() > self.now.plus_millis(CLOCK_BEHIND_MS);
                summary.ahead = summary.ahead.saturating_add(u64::from(ahead));
                one.notes.iter().for_each(|note| summary.note(note));
                if self.reads.len() < shown {
                    self.reads.push(one.read);
                }
            }
            Item::Empty(empty) => summary.without(&BTreeMap::from([(empty.what, 1)])),
            Item::Rejected(rejected) => summary.reject(std::iter::once(rejected)),
            Item::Said(note) => summary.note(&note),
        }
    }
}

/// Kinds of notes that have a line of their own.
const NOTES_SHOWN: usize = 3;
/// Causes that have a line of their own.
const CAUSES_SHOWN: usize = 2;

fn words(code: &str, count: u64) -> &'static str {
    let kind = NoteKind::ALL.into_iter().find(|kind| kind.code() == code);
    kind.map_or("", |kind| if count == 1 { kind.words().0 } else { kind.words().1 })
}

fn count(all: &mut Vec<Counted>, what: &str, times: u64, example: impl FnOnce() -> String) {
    let at = all.iter().position(|one| one.what == what).unwrap_or_else(|| {
        all.push(Counted { what: what.to_owned(), ..Counted::default() });
        all.len().saturating_sub(1)
    });
    let Some(one) = all.get_mut(at) else { return };
    one.count = one.count.saturating_add(times);
    if one.examples.len() < EXAMPLES {
        let example = example();
        if !example.is_empty() {
            one.examples.push(example);
        }
    }
}
