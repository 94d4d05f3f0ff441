//! Looks at the log: who looked at what, when and under which audit, so that another person audits the auditors.

use schemas::agency::AgencyId;
use schemas::event::Event;
use schemas::event::audit::{EntriesViewed, Viewed};
use schemas::event::occasion::LOOKS;
use schemas::query::UserName;
use schemas::time::Timestamp;
use serde_json::{Map, Value, json};

use super::walking::each;
use crate::permission::ActError;
use audit::view::LogEntry;
use registry::State;
use store::{EntryFilter, ReadStore};

/// The looks of a period below an entry that others than `except` took, by index, in order. One whose body is
/// destroyed tells nobody any more who looked, and is none.
pub(super) async fn of_others(
    store: &dyn ReadStore,
    except: &UserName,
    (from, until): (Option<Timestamp>, Option<Timestamp>),
    below: u64,
) -> Result<Vec<u64>, ActError> {
    let mut found = Vec::new();
    for kind in LOOKS {
        let filter = EntryFilter { kind: Some(kind), from, until, ..EntryFilter::default() };
        each(store, &filter, |entry| {
            let looked = who(&entry).is_some_and(|user| user != except);
            if looked && entry.header.index < below {
                found.push(entry.header.index);
            }
        })
        .await?;
    }
    found.sort_unstable();
    Ok(found)
}

/// Whose look an entry is; `None` where it is none, nobody's, or destroyed.
pub(super) fn who(entry: &LogEntry) -> Option<&UserName> {
    let body = entry.body.as_ref().filter(|_| LOOKS.contains(&entry.header.kind))?;
    body.actor.user.as_ref()
}

/// The first of these entries that is a look of `user` or whose person nobody can tell any more; with whether it is
/// hers.
pub(super) async fn own_among(
    store: &dyn ReadStore,
    user: &UserName,
    entries: &[u64],
) -> Result<Option<(u64, bool)>, ActError> {
    for index in entries {
        let Some(stored) = store.entry(*index).await? else { continue };
        let entry = LogEntry::of(&stored)?;
        if !LOOKS.contains(&entry.header.kind) {
            continue;
        }
        if entry.body.is_none() {
            return Ok(Some((*index, false)));
        }
        if who(&entry) == Some(user) {
            return Ok(Some((*index, true)));
        }
    }
    Ok(None)
}

/// A look as a sample shows it: who looked at what, when, and under which occasion, or none.
pub(super) async fn row(
    store: &dyn ReadStore,
    state: &State,
    index: u64,
) -> Result<Map<String, Value>, ActError> {
    let missing = || ActError::failed(format!("entry {index} is missing; see `accord doctor`"));
    let entry = LogEntry::of(&store.entry(index).await?.ok_or_else(missing)?)?;
    let mut row = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            row.insert(key.to_owned(), value);
        }
    };
    put("index", json!(index));
    put("at", json!(entry.header.at));
    put("kind", json!(entry.header.kind));
    let Some(body) = &entry.body else { return Ok(row) };
    put("user", json!(body.actor.user));
    put("full_name", json!(body.actor.full_name));
    put("looked_at", json!(looked_at(&body.event, entry.header.peer.as_ref())));
    put("audit", json!(body.audit));
    if let Some(audit) = body.audit.and_then(|opened| state.audits.get(opened)) {
        put("occasion", json!(audit.occasion));
        put("occasion_kind", json!(audit.occasion_kind));
        if !audit.case.is_empty() {
            put("case", json!(audit.case));
        }
    }
    Ok(row)
}

/// What was looked at, in words.
fn looked_at(event: &Event, peer: Option<&AgencyId>) -> String {
    let period = |from: &Option<Timestamp>, until: &Option<Timestamp>| {
        let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
        let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
        format!("{from}{until}")
    };
    match event {
        Event::AuditViewed(viewed) => match &viewed.viewed {
            Viewed::Entries(EntriesViewed { peer, from, until, user, plate, entry_kind }) => {
                let kind =
                    entry_kind.map(|kind| format!(" of the kind {kind}")).unwrap_or_default();
                let user = user.as_ref().map(|user| format!(" by {user}")).unwrap_or_default();
                let peer = peer.as_ref().map(|peer| format!(" about {peer}")).unwrap_or_default();
                let plate = plate.as_ref().map(|plate| format!(" naming plate {plate}"));
                format!(
                    "entries{kind}{user}{peer}{}{}",
                    plate.unwrap_or_default(),
                    period(from, until)
                )
            }
            Viewed::EnvelopesOf(entry) => format!("the envelopes of entry {entry}"),
            Viewed::ProofOf(entry) => format!("the proof of entry {entry}"),
            Viewed::SheetOf(request) => format!("the sheet of request {request}"),
            Viewed::VersionsOf(read) => format!("every version of read {read}"),
            Viewed::PublicReportOf(entry) => format!("the public report of entry {entry}"),
            Viewed::WhoSaw(plate) => format!("who saw plate {plate}"),
            Viewed::Entry(entry) => format!("entry {entry}, whole"),
        },
        Event::AuditExported(exported) => {
            let scope = &exported.scope;
            let of = match &scope.peer {
                Some(peer) => format!("what concerns {peer}"),
                None => "the log".into(),
            };
            format!("an export of {of}{}", period(&scope.from, &scope.until))
        }
        Event::AuditReported(reported) => {
            format!("a report, {}{}", reported.report, period(&reported.from, &reported.until))
        }
        Event::IncidentReported(said) => {
            format!("what {} reached{}", said.subject, period(&said.from, &said.until))
        }
        Event::AuditSampled(sampled) => {
            let what = if sampled.looks { "looks" } else { "accesses" };
            format!("a sample of {} {what}", sampled.drawn.len())
        }
        Event::AuditReconciled(_) => {
            let peer = peer.map_or("a peer", AgencyId::as_str);
            format!("both logs of the exchanges with {peer}, compared")
        }
        other => other.kind().to_string(),
    }
}
