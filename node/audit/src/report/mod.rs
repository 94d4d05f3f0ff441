//! Reports of the audit log: who looked for what, when and why, and how it ended.
//!
//! Rows stand in log order and hold what the log holds: nothing is rounded, shortened or left out. What
//! an entry repeats of a signed message is printed as the message says it; where an entry does not
//! verify, a word says so.
//! An entry whose body was destroyed at the end of its retention has a row that says so.

pub mod exceptions;
pub mod incident;
mod incident_page;
mod kind;
pub mod of_bundle;
pub mod render;
pub mod sharing;

use std::collections::BTreeMap;

use schemas::body::{Access, Actor, Body, Outcome};
use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::event::audit::FindingsExplained;
use schemas::query::{Elements, QueryId};
use schemas::read::Location;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::explained::Explanations;
use super::unproven::{Owed, Unproven};
use super::verify::Judged;

pub use kind::{Kind, UnknownReport};

/// The class under which Monrovia's 463.5(b) has an access documented.
pub const CLASSIFICATION: &str = "ALPR Request";

/// The log that a report was made from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MadeFrom {
    /// The entry that records the report, or the export that it was made of.
    pub entry: u64,
    /// Entries of the log that the signed head covers.
    pub size: u64,
    /// Its root.
    pub root: String,
    /// When the report was made and the head signed.
    pub signed_at: Timestamp,
    /// The signed log head, verbatim.
    pub checkpoint: String,
    /// Whether the entry records the export of a bundle, of which the report was made by somebody
    /// without a node.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exported: bool,
}

/// A report.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// What it is about.
    pub report: Kind,
    /// Whose log it was made of.
    pub agency: String,
    /// By whom.
    pub by: String,
    /// Accesses at or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Accesses before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The log.
    pub made_from: MadeFrom,
    /// The rows.
    pub rows: Vec<Map<String, Value>>,
}

/// Whether an entry of this kind is where an access to reads stands: one row each.
#[must_use]
pub const fn is_access(kind: EntryKind) -> bool {
    matches!(
        kind,
        EntryKind::QueryDeclined
            | EntryKind::QuerySent
            | EntryKind::QueryAnswered
            | EntryKind::QueryRefused
            | EntryKind::AnswerViewed
            | EntryKind::AnswerRedelivered
            | EntryKind::ReadsSearched
    )
}

/// An access as the log tells it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Where it stands.
    pub index: u64,
    /// When.
    pub at: Timestamp,
    /// What the entry records.
    pub kind: EntryKind,
    /// The body, until destroyed; what it repeats of a signed message as that message says it.
    pub body: Option<Body>,
    /// Why what it says is not proven, in words; none where it is.
    pub unproven: Option<String>,
}

/// How a query of one's own ended.
#[derive(Debug, Clone)]
struct End {
    index: u64,
    outcome: Outcome,
    count: Option<u32>,
    basis: Option<String>,
    codes: Vec<String>,
    unproven: Option<String>,
}

impl End {
    fn of(index: u64, access: &Access, unproven: Option<String>) -> Self {
        Self {
            index,
            outcome: access.outcome,
            count: access.count,
            basis: access.basis.as_ref().map(|basis| basis.authority.to_string()),
            codes: access.reasons.iter().map(|reason| reason.code.to_string()).collect(),
            unproven,
        }
    }
}

/// Findings that an auditor explained in the period.
#[derive(Debug)]
struct Explained {
    entry: u64,
    at: Timestamp,
    by: Actor,
    said: FindingsExplained,
}

/// Most accesses that are kept in case a clock stamped them too late. They stand before those that are
/// of a later period.
const MOST_LATE: usize = 10_000;

/// The accesses of a period, in log order, with how each ended.
#[derive(Debug, Default)]
pub struct Accesses {
    /// The accesses.
    pub seen: Vec<Seen>,
    ends: BTreeMap<QueryId, End>,
    unproven: Unproven,
    explained: Explanations,
    explanations: Vec<Explained>,
    /// Accesses that a clock which may have been ahead stamped after the period.
    late: Vec<Seen>,
}

impl Accesses {
    /// Takes in the next entry; it is an access of the period when it stands before `until`. Later
    /// entries tell how earlier ones ended.
    pub fn take(&mut self, entry: Judged, until: Option<Timestamp>) {
        self.unproven.see(&entry);
        let Judged { header, body, proven, holds, .. } = entry;
        if let Some((body, Event::FindingsExplained(said))) =
            body.as_ref().filter(|_| holds).map(|body| (body, &body.event))
        {
            self.explained.see(&body.actor.agency, &header, body);
            if until.is_none_or(|until| header.at < until) {
                let (entry, at, by) = (header.index, header.at, body.actor.clone());
                self.explanations.push(Explained { entry, at, by, said: said.clone() });
            }
            return;
        }
        let unproven = proven.word();
        let of_the_period = until.is_none_or(|until| header.at < until);
        if is_access(header.kind) {
            let (index, at, kind) = (header.index, header.at, header.kind);
            let seen = Seen { index, at, kind, body, unproven };
            if of_the_period {
                self.seen.push(seen);
            } else if self.late.len() < MOST_LATE {
                self.late.push(seen);
            }
            return;
        }
        // A clock that was set back into the period says that those before it were of it.
        if header.kind == EntryKind::ClockAccepted && of_the_period {
            self.seen.append(&mut self.late);
        }
        let ends = matches!(
            header.kind,
            EntryKind::AnswerReceived
                | EntryKind::RefusalReceived
                | EntryKind::AnswerRejected
                | EntryKind::QueryUnanswered
        );
        if let Some(access) = body.as_ref().and_then(|body| body.event.access()).filter(|_| ends) {
            self.ends.insert(access.query_id, End::of(header.index, access, unproven));
        }
    }

    /// How an access ended, and the entry that says so when it is another one.
    fn end(&self, seen: &Seen) -> Option<(End, bool)> {
        let access = seen.body.as_ref()?.event.access()?;
        if seen.kind == EntryKind::QuerySent
            && let Some(end) = self.ends.get(&access.query_id)
        {
            return Some((end.clone(), true));
        }
        Some((End::of(seen.index, access, None), false))
    }

    /// Whether an access was refused, by one's own rules or the owner's.
    #[must_use]
    pub fn refused(&self, seen: &Seen) -> bool {
        self.end(seen)
            .is_some_and(|(end, _)| matches!(end.outcome, Outcome::Refused | Outcome::Declined))
    }

    /// What the other side's log has not proven of the exchange of an access, in words.
    fn not_proven_by(&self, seen: &Seen) -> Option<String> {
        let access = seen.body.as_ref()?.event.access()?;
        let query = access.query_id.digest();
        let owed: Vec<String> = self.unproven.of(&query).map(Owed::in_words).collect();
        (!owed.is_empty()).then(|| owed.join("; "))
    }

    /// What auditors said of findings about the exchange of an access, in words.
    fn explained(&self, seen: &Seen) -> Option<String> {
        let access = seen.body.as_ref()?.event.access()?;
        let said = self.explained.of(access.query_id).map(|(class, one)| {
            let by = one.by.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{class}: {} ({by}, entry {})", one.reason, one.entry)
        });
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// How many reads an access found, where it was answered.
    pub(super) fn found(&self, seen: &Seen) -> Option<u32> {
        let (end, _) = self.end(seen)?;
        end.count.filter(|_| matches!(end.outcome, Outcome::Answered))
    }

    /// The row of an access with every value of the access report.
    #[must_use]
    pub fn row(&self, seen: &Seen) -> Map<String, Value> {
        let mut row = Map::new();
        row.insert("index".into(), json!(seen.index));
        row.insert("at".into(), json!(seen.at));
        row.insert("kind".into(), json!(seen.kind));
        row.insert("classification".into(), json!(CLASSIFICATION));
        let Some(body) = &seen.body else {
            row.insert("outcome".into(), json!("redacted"));
            // What is gone lawfully has no word.
            if let Some(why) = &seen.unproven {
                row.insert("unproven".into(), json!(why));
            }
            return row;
        };
        row.insert("user".into(), json!(body.actor.user));
        row.insert("full_name".into(), json!(body.actor.full_name));
        row.insert("agency".into(), json!(body.actor.agency));
        if let Some(access) = body.event.access() {
            let why = &access.why;
            row.insert("query_id".into(), json!(access.query_id));
            row.insert("owner".into(), json!(access.owner));
            row.insert("plate".into(), json!(access.elements.plate));
            row.insert("data_queried".into(), json!(described(&access.elements)));
            row.insert("purpose".into(), json!(why.purpose));
            row.insert("reason".into(), json!(why.reason));
            let case = if why.case.is_empty() { &why.cad } else { &why.case };
            row.insert("case".into(), json!(case));
        }
        let mut unproven: Vec<String> = seen.unproven.iter().cloned().collect();
        if let Some((end, other)) = self.end(seen) {
            row.insert("outcome".into(), json!(end.outcome));
            if other {
                row.insert("outcome_entry".into(), json!(end.index));
            }
            row.insert("count".into(), json!(end.count));
            row.insert("basis".into(), json!(end.basis));
            row.insert("refused_for".into(), json!(end.codes.join(" ")));
            unproven.extend(end.unproven.map(|why| format!("entry {}: {why}", end.index)));
        }
        unproven.extend(self.not_proven_by(seen));
        if !unproven.is_empty() {
            row.insert("unproven".into(), json!(unproven.join("; ")));
        }
        if let Some(explained) = self.explained(seen) {
            row.insert("explained".into(), json!(explained));
        }
        row
    }

    /// The rows of the access or statutory report: those columns and no others.
    #[must_use]
    pub fn rows(&self, kind: Kind) -> Vec<Map<String, Value>> {
        let columns = kind.columns();
        self.seen
            .iter()
            .map(|seen| {
                let row = self.row(seen);
                row.into_iter().filter(|(key, _)| columns.contains(&key.as_str())).collect()
            })
            .collect()
    }
}

/// The query elements in one line, none left out.
#[must_use]
pub fn described(elements: &Elements) -> String {
    let mut parts = vec![format!("{} search", elements.kind)];
    parts.extend(elements.plate.as_ref().map(|plate| format!("plate {plate}")));
    parts.extend(elements.pattern.as_ref().map(|pattern| format!("plate like {pattern}")));
    parts.extend(elements.plate_state.as_ref().map(|state| format!("of {state}")));
    parts.push(format!("reads from {} until {}", elements.from, elements.until));
    parts.extend(elements.near.as_ref().map(|near| {
        format!(
            "within {} metres of {}, {}",
            near.radius_m,
            near.center.latitude(),
            near.center.longitude()
        )
    }));
    parts.extend(elements.polygon.as_ref().map(|area| {
        let corner = |at: &Location| format!("{}, {}", at.latitude(), at.longitude());
        let corners: Vec<_> = area.corners().iter().map(corner).collect();
        format!("within the polygon {}", corners.join(" / "))
    }));
    parts.extend(elements.make.as_ref().map(|make| format!("make {make}")));
    parts.extend(elements.color.as_ref().map(|color| format!("colour {color}")));
    parts.extend(elements.body.as_ref().map(|body| format!("body {body}")));
    parts.extend(elements.camera.as_ref().map(|camera| format!("camera {camera}")));
    parts.join("; ")
}
